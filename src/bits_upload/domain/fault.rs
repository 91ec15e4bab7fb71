/// Why the server refuses something. What each means on the wire stands in one table there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The request breaks the form of its packet.
    Malformed,
    /// There is no such packet.
    UnknownPacket,
    /// The packet names no session.
    NoSessionId,
    /// A header value is too long.
    HeaderTooLong,
    /// The request target is too long.
    UrlTooLong,
    /// A body where none belongs.
    UnwantedBody,
    /// The length of the body is not told.
    NoLength,
    /// None of the protocols offered is known.
    NoProtocol,
    /// The range is missing, malformed, or does not fit total or body.
    BadRange,
    /// The total is not that of earlier fragments.
    TotalChanged,
    /// The session belongs to another URL.
    OtherUrl,
    /// The upload is closed before its end.
    Incomplete,
    /// The destination is a folder.
    IsFolder,
    /// The folder of the destination does not exist.
    NoFolder,
    /// The destination exists and may not be replaced.
    Exists,
    /// Nobody may upload there.
    Denied,
    /// Scripts may run there.
    Executable,
    /// The server takes no uploads.
    Disabled,
    /// There is no such session.
    NoSession,
    /// The fragment does not start at the expected offset.
    OutOfStep,
    /// The whole upload is too large.
    UploadTooLarge,
    /// The fragment is too large.
    FragmentTooLarge,
    /// There is no room left.
    DiskFull,
    /// The bytes of the upload have been deleted.
    Gone,
    /// The bytes come in an encoding that the server does not know.
    Encoded,
    /// There are too many sessions.
    TooManySessions,
    /// The application's reply URL is too long.
    ReplyUrlTooLong,
    /// The application took too long.
    ApplicationLate,
    /// The application's answer breaks the protocol.
    ApplicationMalformed,
    /// The application cannot be reached.
    ApplicationUnreachable,
    /// The application answered with an error of its own.
    ApplicationError,
    /// Storage failed.
    Storage,
}

/// A fault with what the client is told besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Why.
    pub(crate) fault: Fault,
    /// The offset that the session expects next, where there is a session.
    pub(crate) offset: Option<u64>,
    /// Status and code of an application's own error.
    pub(crate) application: Option<(u16, Option<u32>)>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            offset: None,
            application: None,
        }
    }
}

impl Fault {
    /// This fault, told with an offset.
    pub(crate) fn at(self, offset: u64) -> Refusal {
        Refusal {
            offset: Some(offset),
            ..self.into()
        }
    }
}

impl From<&std::io::Error> for Fault {
    fn from(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::FileTooLarge => Self::UploadTooLarge,
            _ => Self::Storage,
        }
    }
}
