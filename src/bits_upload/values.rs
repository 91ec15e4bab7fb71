//! What the settings can be set to: one small type per choice, with the words of `--set`.
//!
//! In: a word as typed. Out: a typed value, or nothing where the word is unknown.

/// A type that a setting can have.
pub(crate) trait Value: Sized {
    /// The value that a word stands for.
    fn parse(word: &str) -> Option<Self>;
    /// The word for this value.
    fn word(&self) -> String;
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_word:literal $(, $(#[$next_doc:meta])* $next:ident = $next_word:literal)+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[$first_doc])* $first,
            $($(#[$next_doc])* $next),+
        }

        impl $name {
            pub(crate) const VALUES: &'static str = concat!($first_word $(, " | ", $next_word)+);
        }

        impl Value for $name {
            fn parse(word: &str) -> Option<Self> {
                match word {
                    $first_word => Some(Self::$first),
                    $($next_word => Some(Self::$next),)+
                    _ => None,
                }
            }

            fn word(&self) -> String {
                match self {
                    Self::$first => $first_word,
                    $(Self::$next => $next_word),+
                }
                .to_owned()
            }
        }
    };
}

choice! {
    /// Under which names an ack tells its error code.
    ErrorHeader {
        /// `BITS-Error` and `BITS-Error-Code`, with the same value.
        Both = "both",
        /// `BITS-Error`, as in MC-BUP.
        BitsError = "bits-error",
        /// `BITS-Error-Code`, as on the win32 pages.
        BitsErrorCode = "bits-error-code",
    }
}
choice! {
    /// The stance on a fragment that starts before the offset expected.
    Overlap {
        /// 416, nothing is stored (MC-BUP).
        Reject = "reject",
        /// 200, only the new bytes are stored (win32).
        Trim = "trim",
    }
}
choice! {
    /// The answer to Close-Session before all bytes have arrived.
    EarlyClose {
        /// The upload is deleted, the answer is 200.
        Delete = "delete-200",
        /// 400, and the session goes on.
        Error = "error-400",
    }
}
choice! {
    /// When the file appears at its destination.
    Publish {
        /// At Close-Session (MC-BUP).
        OnClose = "on-close",
        /// With the last fragment (win32).
        OnLastFragment = "on-last-fragment",
    }
}
choice! {
    /// The answer to a Close-Session that was answered before.
    CloseReplay {
        /// 500 with `0x8020001F`: the session is gone.
        NotFound = "not-found",
        /// 200 once more.
        Ok = "ok",
    }
}
choice! {
    /// The status of a successful Create-Session.
    CreateStatus {
        /// 200.
        Ok = "200",
        /// 201, as the win32 pages also allow.
        Created = "201",
    }
}
choice! {
    /// The status where `Content-Length` is missing.
    MissingLength {
        /// 411 (MC-BUP 3.2.5.2.3).
        LengthRequired = "411",
        /// 400 (the error table, and IIS).
        BadRequest = "400",
    }
}
choice! {
    /// The stance on a destination whose folder does not exist.
    MissingFolder {
        /// The folder is made.
        Create = "create",
        /// 404 to Create-Session.
        NotFound = "404",
    }
}
choice! {
    /// The status where the destination exists and may not be overwritten.
    ExistsStatus {
        /// 403 (MC-BUP).
        Forbidden = "403",
        /// 409 (win32).
        Conflict = "409",
    }
}
choice! {
    /// When the server looks whether the destination exists.
    CheckAt {
        /// At Create-Session, and again when the file is published.
        Create = "create",
        /// At the last fragment, and again when the file is published.
        LastFragment = "last-fragment",
        /// Only when the file is published.
        Close = "close",
    }
}
choice! {
    /// The stance on an upload of no bytes, which no document describes.
    EmptyUpload {
        /// Closing without a fragment is an early close; an empty range is malformed.
        Refuse = "refuse",
        /// Closing without a fragment, or after an empty one, publishes a file of no bytes.
        Accept = "accept",
    }
}
choice! {
    /// The error header on a 416.
    ErrorOn416 {
        /// None: the status says it.
        Omit = "omit",
        /// The value `0x0`.
        Zero = "0x0",
    }
}
choice! {
    /// The answer to the last fragment once it was answered with success.
    LastFragmentAgain {
        /// The same success ack again.
        Ack = "ack",
        /// 416 with the total as offset.
        OutOfStep = "416",
    }
}
choice! {
    /// The status where the whole upload is larger than the server takes.
    TooLarge {
        /// 500 with `0x80200020` (MC-BUP).
        Error = "500",
        /// 413 with `0x80200020`.
        TooLarge = "413",
        /// 404 without a code (IIS 7).
        NotFound = "404",
    }
}
choice! {
    /// The status where one fragment is larger than the server takes.
    FragmentTooLarge {
        /// 413: the client sends smaller ones.
        TooLarge = "413",
        /// 500 with `0x80200020` (the error table).
        Error = "500",
    }
}
choice! {
    /// Whether a session is bound to the URL that it was created for.
    SessionPath {
        /// Another path is answered 400.
        Check = "check",
        /// Any path will do.
        Ignore = "ignore",
    }
}
choice! {
    /// Whether the server takes uploads at all.
    Uploads {
        /// It does.
        Enabled = "enabled",
        /// 501 with `0x80070005` to everything but Ping.
        Disabled = "disabled",
        /// 404 to everything but Ping, as IIS 7 does.
        NotFound = "disabled-404",
    }
}
choice! {
    /// Whether bodies with `Transfer-Encoding: chunked` are taken.
    Chunked {
        /// 411.
        Reject = "reject",
        /// They are.
        Accept = "accept",
    }
}
choice! {
    /// What a 200 to a fragment stands for.
    Durability {
        /// The bytes survive the end of the process.
        None = "none",
        /// The bytes survive the end of the machine: fsync before each ack.
        Fsync = "fsync",
    }
}
choice! {
    /// Whether an application is told of a complete upload, and how it gets the bytes.
    Notification {
        /// Plain uploads.
        None = "none",
        /// It is told the name of a file on this machine.
        ByReference = "by-reference",
        /// The bytes are the body of the request.
        ByValue = "by-value",
    }
}
choice! {
    /// The names of the two headers of a notification by reference.
    NotificationHeaders {
        /// `BITS-Request-DataFile-Name`, as on the wire and on the win32 pages.
        DataFile = "data-file",
        /// `BITS-Request-DataEntity-Name`, as in MC-BUP 2.2.12.2.
        DataEntity = "data-entity",
        /// Both.
        Both = "both",
    }
}
choice! {
    /// The stance on a body in the application's answer where none belongs.
    ApplicationBody {
        /// 411 to the client: the answer breaks MC-BUP 2.2.13.
        Refuse = "refuse",
        /// It is dropped.
        Ignore = "ignore",
    }
}
choice! {
    /// How `BITS-Reply-URL` is written.
    ReplyUrl {
        /// A whole URL.
        Absolute = "absolute",
        /// Relative to the folder of the destination, with backslashes, as IIS 6 wrote it.
        RelativeBackslash = "relative-backslash",
    }
}

impl Value for bool {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "on" | "true" => Some(true),
            "off" | "false" => Some(false),
            _ => None,
        }
    }

    fn word(&self) -> String {
        if *self { "true" } else { "false" }.to_owned()
    }
}

impl Value for u64 {
    fn parse(word: &str) -> Option<Self> {
        (!word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()))
            .then(|| word.parse().ok())
            .flatten()
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

/// A number that may be left open; none is `unlimited`.
impl Value for Option<u64> {
    fn parse(word: &str) -> Option<Self> {
        if word == "unlimited" {
            return Some(None);
        }
        u64::parse(word).map(Some)
    }

    fn word(&self) -> String {
        self.map_or_else(|| "unlimited".to_owned(), |n| n.to_string())
    }
}

/// Text; none is the empty word.
impl Value for Option<String> {
    fn parse(word: &str) -> Option<Self> {
        let fit = word.len() <= 2_200 && !word.contains(|c: char| c.is_control());
        fit.then(|| (!word.is_empty()).then(|| word.to_owned()))
    }

    fn word(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

/// The final status of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Value for Status {
    fn parse(word: &str) -> Option<Self> {
        let status = word.parse().ok()?;
        (200..600).contains(&status).then_some(Self(status))
    }

    fn word(&self) -> String {
        self.0.to_string()
    }
}

/// An HRESULT as it stands in an error header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

impl Value for Code {
    fn parse(word: &str) -> Option<Self> {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix('x'))?;
        u32::from_str_radix(digits, 16).ok().map(Self)
    }

    fn word(&self) -> String {
        format!("0x{:08X}", self.0)
    }
}
