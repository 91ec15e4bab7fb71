use super::Moment;
use crate::message::{Broken, Reply, Request};
use std::{any::Any, fmt, fs::File, net::SocketAddr, ops::ControlFlow, time::Duration};

/// A mock without its socket: synchronous functions of (state, input, now).
///
/// A door calls [`begin`](Model::begin) once for each request, when its head is complete. A model guards
/// its own state and never holds a lock while it waits, because it never waits: it answers
/// [`Answer::Wait`] or [`Answer::Ask`] and is called back with [`resume`](Model::resume).
///
/// # Why
/// Nothing large is held in memory, a connection that breaks within a body is a case of the model
/// instead of an accident, and everything is testable without a socket.
pub trait Model: Send + Sync + 'static {
    /// The head of a request has arrived: an answer at once, or where its body is to go.
    fn begin(&self, head: &Head, now: Moment) -> Begin;

    /// The body has ended, whole or not. The answer to a body that was cut is never sent.
    fn end(&self, sink: Box<dyn Sink>, end: BodyEnd, now: Moment) -> Answer;

    /// What [`Answer::Wait`] or [`Answer::Ask`] waited for has happened.
    fn resume(&self, token: Token, outcome: Outcome, now: Moment) -> Answer;

    /// What a door sends when it must refuse a request by itself.
    fn refuse(&self, _head: &Head, refusal: Refusal) -> Reply {
        Reply::new(refusal.status())
    }

    /// The names of all header fields that this mock sends, in their documented case.
    fn header_names(&self) -> &'static [&'static str];

    /// Masks what is secret in a request that the journal shows: passwords in its body or target.
    ///
    /// The body may be cut after its first KiB, within a secret too. `Authorization` is masked by the door.
    fn mask(&self, _request: &mut Request) {}

    /// Masks what is secret in a reply that the journal shows: a quirk may give back what was never to come back.
    ///
    /// The body may be cut as in [`mask`](Model::mask).
    fn mask_reply(&self, _reply: &mut Reply) {}

    /// Forgets what only memory holds, as a restart of the process would. Nothing by default.
    fn restart(&self, _now: Moment) {}

    /// Forgets everything that clients brought, as far as it is not kept in a folder of the user's. Nothing by default.
    fn reset(&self, now: Moment) {
        self.restart(now);
    }

    /// Drops sessions, as a server does that has lost them; tells how many there were. None by default.
    fn drop_sessions(&self, _which: Sessions<'_>, _now: Moment) -> usize {
        0
    }

    /// The documented faults that [`fault`](Model::fault) can tell. None by default.
    fn faults(&self) -> &'static [Fault] {
        &[]
    }

    /// A documented fault as the reply to a request, whatever its reason would be; none where there is no such fault.
    fn fault(&self, _id: &str, _head: &Head, _now: Moment) -> Option<Reply> {
        None
    }

    /// For tests and cues that know the type behind the trait.
    fn as_any(&self) -> &dyn Any;
}

/// A documented error reply that a mock can give on cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `kebab-case`.
    pub id: &'static str,
    /// What it tells a client, one line.
    pub says: &'static str,
}

/// Which sessions of a mock are meant.
#[derive(Clone, Copy, Debug)]
pub enum Sessions<'a> {
    /// Every one.
    All,
    /// The one of that id.
    Named(&'a str),
    /// The one that a request names.
    Of(&'a Head),
}

/// The head of a request, and what the door knows about how it came.
#[derive(Clone, Debug)]
pub struct Head {
    /// Method, target, version and header fields; the body is empty.
    pub request: Request,
    /// Whether a body follows, and what was said of its length.
    pub length: BodyLength,
    /// The other end of the connection; none without a socket.
    pub peer: Option<SocketAddr>,
    /// A number for the connection, unique within the door.
    pub connection: u64,
    /// Whether the connection is TLS.
    pub tls: bool,
    /// The user that the door authenticated, or the name in unverified `Authorization: Basic`.
    pub user: Option<String>,
}

impl Head {
    /// A head without a socket, for tests: the length is read from the header fields.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let length = if request.headers.contains("Transfer-Encoding") {
            BodyLength::Chunked
        } else {
            request
                .headers
                .get("Content-Length")
                .and_then(|value| value.parse().ok())
                .map_or(BodyLength::Unstated, BodyLength::Bytes)
        };
        Self {
            request: Request {
                body: bytes::Bytes::new(),
                ..request.clone()
            },
            length,
            peer: None,
            connection: 0,
            tls: false,
            user: None,
        }
    }
}

/// What the head says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// Neither `Content-Length` nor `Transfer-Encoding`: no body.
    Unstated,
    /// `Content-Length`.
    Bytes(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// The first word of a model on a request.
pub enum Begin {
    /// The body, if any, does not matter: the door reads and drops it within its limits.
    Answer(Answer),
    /// The body is to go here.
    Body(Box<dyn Sink>),
}

impl fmt::Debug for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => f.debug_tuple("Answer").field(answer).finish(),
            Self::Body(_) => f.write_str("Body(..)"),
        }
    }
}

/// Where the body of one request goes, chunk by chunk.
pub trait Sink: Any + Send {
    /// Takes the next bytes. `Break` ends the request early with that answer.
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer>;

    /// The concrete type back, for [`Model::end`].
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// As its framing promised.
    Complete,
    /// The connection broke after that many bytes of it.
    Cut(u64),
}

/// What a model answers.
#[derive(Debug)]
pub enum Answer {
    /// A reply; the door adds the framing that [`Reply::framing`] asks for.
    Reply(Reply),
    /// A reply whose body is a byte range of a file.
    File {
        /// Status and header fields, `Content-Length` too.
        head: Reply,
        /// The file, open for reading.
        file: File,
        /// The first byte.
        start: u64,
        /// How many bytes.
        length: u64,
    },
    /// Nothing yet: [`Model::resume`] is called once the clock has reached that moment.
    Wait {
        /// When.
        until: Moment,
        /// Given back to `resume`.
        token: Token,
    },
    /// Nothing yet: the door sends a request of the model's own, then calls [`Model::resume`].
    Ask {
        /// `http://host:port`.
        origin: String,
        /// What to send there.
        request: Box<Request>,
        /// How long its answer may take.
        timeout: Duration,
        /// Given back to `resume`.
        token: Token,
    },
}

/// Names what a model was waiting for. Its meaning is the model's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// What became of a wait.
#[derive(Debug)]
pub enum Outcome {
    /// The moment has come.
    Woke,
    /// The request was answered, or broke.
    Answered(Result<Reply, Broken>),
    /// The client went away meanwhile; the answer is never sent.
    Gone,
}

/// Why a door refuses a request without asking the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Credentials are demanded and none came: 401. The door adds the challenge.
    Unauthenticated,
    /// The credentials were wrong: 403 where the mock separates it from 401.
    Rejected,
    /// The body is larger than the limit: 413.
    BodyTooLarge,
    /// The head is larger than the limit: 431.
    HeadTooLarge,
    /// Head or body did not come in time: 408.
    Timeout,
}

impl Refusal {
    /// The status of plain HTTP for it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Rejected => 403,
            Self::BodyTooLarge => 413,
            Self::HeadTooLarge => 431,
            Self::Timeout => 408,
        }
    }
}
