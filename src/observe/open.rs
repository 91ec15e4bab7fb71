use super::{kept::Kept, shared::Held};
use crate::message::{Reply, Request};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// An exchange that has not ended.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) request: Request,
    pub(super) body: Kept,
    pub(super) expects: bool,
    pub(super) began: Instant,
    /// How long the connection had carried nothing when it began.
    pub(super) rested: Duration,
    /// When its last byte passed.
    pub(super) sent: Instant,
    /// Whether the request was read to its end.
    pub(super) done: bool,
    pub(super) reply: Option<Reply>,
    pub(super) reply_body: Kept,
    pub(super) replied: bool,
    pub(super) excess: Bytes,
    /// The room it takes; none where there was not enough.
    pub(super) held: Option<Held>,
}

impl Open {
    /// Keeps bytes of one of the bodies, where there is room.
    pub(super) fn keep(&mut self, body: fn(&mut Self) -> &mut Kept, bytes: &[u8]) {
        let mut held = self.held.take();
        if body(self).push(bytes, held.as_mut()) {
            self.held = held;
        }
    }

    /// Takes room for so many bytes more, or does without any.
    pub(super) fn grow(&mut self, bytes: usize) {
        if self.held.as_mut().is_some_and(|held| !held.grow(bytes)) {
            self.held = None;
        }
    }
}
