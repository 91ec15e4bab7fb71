/// Why the broker does not do what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no session of that id.
    UnknownSession,
    /// The session has ended, by itself or because it was closed.
    SessionFinished,
    /// The session ran longer than its start information allows.
    SessionCanceled,
    /// There is no service of that name.
    UnknownService(String),
    /// The service has no such version.
    UnknownServiceVersion,
    /// Durable sessions cannot be had.
    NoDurableSessions,
    /// The session is durable, and was attached to as an interactive one.
    SessionIsDurable,
    /// The session is interactive, and was attached to as a durable one.
    SessionIsInteractive,
    /// As many sessions are open as may be.
    TooManySessions,
    /// The broker of the session is not there: the session has ended.
    BrokerNotActive,
    /// As many batches are open in the session as may be.
    TooManyBatches,
    /// The batch holds as much as it may.
    BatchTooLarge,
    /// The name of the batch has other characters than the broker takes, or too many.
    InvalidBatchName,
    /// There is no batch of that name.
    UnknownBatch,
    /// The batch was purged.
    BatchPurged,
    /// The end of the requests was told before.
    AlreadyCommitted,
    /// There is no request to commit.
    NothingToCommit,
    /// The user data of a request is too long.
    UserDataTooLong,
}
