use super::{Fault, Refusal};
use bytes::Bytes;

/// What an application answered to a notification, read from the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApplicationReply {
    /// The URL of a reply that it keeps itself.
    pub(crate) static_url: Option<String>,
    /// Whether the upload is to be published at its destination.
    pub(crate) copy: bool,
    /// The body.
    pub(crate) body: Bytes,
}

/// Why a notification did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationFailure {
    /// It took too long.
    Late,
    /// It cannot be reached.
    Unreachable,
    /// Its answer breaks the protocol.
    Malformed,
    /// It answered with an error.
    Error {
        /// Its status.
        status: u16,
        /// Its own error code, where it told one.
        code: Option<u32>,
    },
}

impl ApplicationFailure {
    /// What the client is told.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Late => Fault::ApplicationLate.into(),
            Self::Unreachable => Fault::ApplicationUnreachable.into(),
            Self::Malformed => Fault::ApplicationMalformed.into(),
            Self::Error { status, code } => Refusal {
                application: Some((status, code)),
                ..Fault::ApplicationError.into()
            },
        }
    }
}
