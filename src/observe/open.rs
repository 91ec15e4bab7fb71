use super::{kept::Kept, shared::Held};
use crate::message::{Reply, Request};
use std::time::{Duration, Instant};

/// How many bytes that belong to no reply are kept for a person to see.
const EXCESS: usize = 4096;

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
    /// Bytes that belong to no reply; the first `lead` of them stood before the status line.
    pub(super) excess: Vec<u8>,
    pub(super) lead: usize,
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

    /// Keeps the beginning of what belongs to no reply.
    pub(super) fn keep_excess(&mut self, bytes: &[u8]) {
        let take = bytes.len().min(EXCESS - self.excess.len());
        self.excess.extend_from_slice(&bytes[..take]);
    }

    /// Takes room for so many bytes more, or does without any.
    pub(super) fn grow(&mut self, bytes: usize) {
        if self.held.as_mut().is_some_and(|held| !held.grow(bytes)) {
            self.held = None;
        }
    }
}
