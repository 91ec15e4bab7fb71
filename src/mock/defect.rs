use super::{Head, Moment};
use crate::message::Reply;
use std::time::Duration;

/// Says which requests are struck, and how. Asked once for each request that was let in, before the model is.
///
/// An implementation may also do things on its own when it is asked: move the clock, restart the model.
pub trait Cues: Send + Sync + 'static {
    /// What strikes this request, if anything.
    fn strike(&self, head: &Head, now: Moment) -> Option<Strike>;
}

/// What happens to one request instead of, or before, its ordinary reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strike {
    /// Sent in place of the model's reply.
    pub reply: Option<Reply>,
    /// The id of a documented fault of the model, sent in place of its reply; see [`Model::faults`](super::Model::faults).
    pub fault: Option<String>,
    /// Done to the server itself: before the model sees the request, or once it has taken it.
    pub acts: Vec<Act>,
    /// Waited on the mock's clock, before the reply starts.
    pub delay: Duration,
    /// Breaks the connection.
    pub defect: Option<Defect>,
    /// Whether the model has seen the request when it is struck.
    pub commit: Commit,
    /// Which cue it is of; none of a user's own [`Cues`].
    pub cue: Option<StruckBy>,
}

/// A cue that struck a request, as the journal tells it: it may be gone by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StruckBy {
    /// Its number.
    pub id: u64,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it did, as a cue says it, without the bodies of replies: `reset: before-head, commit: before`.
    pub did: String,
}

/// Whether the state of the mock changes before or after the strike. Clients that resume depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commit {
    /// The model has taken the whole request; only its reply is struck.
    #[default]
    Before,
    /// The strike comes first. Where it leaves nothing of the exchange, the model never sees the request.
    After,
}

/// Something that befalls the server, whatever the client sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The session that the request names is gone.
    DropSession,
    /// The server starts again: what only memory held is lost, and every connection ends.
    Restart,
    /// The clock jumps ahead by that much.
    Advance(Duration),
}

/// One break below HTTP.
///
/// Waits are on the mock's clock: a clock that skips passes a stall with an end, and a throttle, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The connection is closed in order (FIN) there. Behind the end of the reply where that is shorter.
    Close(At),
    /// The connection is reset (RST) there.
    Reset(At),
    /// Nothing more is sent from there on, for that long, or until the client leaves.
    Stall(At, Option<Duration>),
    /// These bytes in place of the reply; then the connection is closed.
    Garbage(Vec<u8>),
    /// From there on not more than that many bytes of the reply in a second, at least one.
    Throttle(At, u32),
    /// The reply with that `Content-Length`, right or wrong; then the connection is closed.
    ContentLength(u64),
    /// So many bytes of the request's body are read, no more; the model is told the body was cut.
    Upload(u64, Then),
}

/// A place in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// After that many bytes of it, status line and header fields included; 0 is before the first.
    Byte(u64),
    /// After the head and that many bytes behind it, chunk sizes included; 0 is right behind the head.
    Body(u64),
}

/// What follows once enough of an upload was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The connection is closed in order (FIN).
    Close,
    /// The connection is reset (RST).
    Reset,
    /// Nothing is read or sent for that long, then the connection is closed; or until the client leaves.
    Stall(Option<Duration>),
}

impl At {
    /// Before the first byte of the reply.
    pub const BEFORE_HEAD: Self = Self::Byte(0);
    /// Right behind the head, before the first byte of the body.
    pub const AFTER_HEAD: Self = Self::Body(0);
}

impl Strike {
    /// Nothing but that defect, after the model has taken the request.
    #[must_use]
    pub fn with(defect: Defect) -> Self {
        Self {
            defect: Some(defect),
            ..Self::default()
        }
    }

    /// Whether the model's own reply has no part in what the client sees.
    pub(super) fn replaces_reply(&self) -> bool {
        self.reply.is_some()
            || self.fault.is_some()
            || match &self.defect {
                Some(Defect::Close(_) | Defect::Reset(_) | Defect::Garbage(_)) => true,
                Some(Defect::Stall(_, length)) => length.is_none(),
                _ => false,
            }
    }
}
