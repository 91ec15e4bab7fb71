use super::{Fault, code};
use crate::hpc_pack::{Settings, soa::Refused};

/// What the broker's refusal is on the wire. Statuses are this mock's policy (A20), codes those of section 7.
pub(crate) fn fault(refused: Refused, settings: &Settings) -> Fault {
    let unknown = settings.unknown_id_status;
    match refused {
        Refused::UnknownSession => Fault::new(
            unknown,
            code::INVALID_SESSION,
            "There is no session of that id.",
        ),
        Refused::SessionFinished => Fault::new(
            400,
            code::SESSION_FINISHED,
            "The session has finished; nobody can attach to it any more.",
        ),
        Refused::SessionCanceled => Fault::new(
            400,
            code::SESSION_CANCELED,
            "The service job of the session was canceled; nobody can attach to it any more.",
        ),
        Refused::UnknownService(name) => Fault::new(
            400,
            code::SERVICE_NOT_FOUND,
            format!("No service is registered under the name {name}."),
        ),
        Refused::UnknownServiceVersion => Fault::new(
            400,
            code::SERVICE_VERSION_NOT_FOUND,
            "The service is not registered in that version.",
        ),
        Refused::NoDurableSessions => Fault::new(
            400,
            code::NO_DURABLE_IN_AZURE,
            "Durable sessions are not to be had where the scheduler is in Azure.",
        ),
        Refused::SessionIsDurable => Fault::new(
            400,
            code::ATTACH_DURABLE,
            "The session is durable and cannot be attached to as an interactive one.",
        ),
        Refused::SessionIsInteractive => Fault::new(
            400,
            code::ATTACH_INTERACTIVE,
            "The session is interactive and cannot be attached to as a durable one.",
        ),
        Refused::TooManySessions => Fault::new(
            400,
            code::NO_BROKER,
            "No broker node has room for another session.",
        ),
        Refused::BrokerNotActive => Fault::new(
            400,
            code::BROKER_NOT_ACTIVE,
            "The broker of the session is not active; the session was closed or has ended by itself.",
        ),
        Refused::TooManyBatches => Fault::new(
            400,
            code::FAILED_TO_SEND,
            "The session has as many batches as it may have.",
        ),
        Refused::BatchTooLarge => Fault::new(
            400,
            code::FAILED_TO_SEND,
            "The batch, or all batches together, hold as much as they may hold.",
        ),
        Refused::InvalidBatchName => Fault::new(
            400,
            code::INVALID_BATCH_NAME,
            "A batch name has at most 128 characters: digits, letters of ASCII, _ - { } and blanks.",
        ),
        Refused::UnknownBatch => Fault::new(
            unknown,
            code::INVALID_ARGUMENT,
            "The session has no batch of that name.",
        ),
        Refused::BatchPurged => Fault::new(400, code::CLIENT_PURGED, "The batch has been purged."),
        Refused::AlreadyCommitted => Fault::new(
            400,
            code::END_ALREADY_CALLED,
            "The end of the requests of this batch was indicated before.",
        ),
        Refused::NothingToCommit => {
            Fault::new(400, code::NO_REQUEST, "The batch has no request to commit.")
        }
        Refused::UserDataTooLong => Fault::new(
            400,
            code::INVALID_ARGUMENT,
            "The user data of a request has at most 1024 characters.",
        ),
    }
}
