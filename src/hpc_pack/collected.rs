//! The body of a request as it comes in: never more of it than its limit, and never more of all than theirs.

use crate::{
    message::Reply,
    mock::{Answer, Head, Sink},
};
use std::{
    any::Any,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How much room a body gets before any of it has come.
const FIRST_ROOM: usize = 64 * 1024;

/// A body as it comes in, with the head that it belongs to.
pub(super) struct Collected {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    limit: usize,
    too_large: Option<Reply>,
    pub(super) share: Share,
    no_room: Option<Reply>,
}

impl Collected {
    /// Nothing yet, and never more than so many bytes.
    pub(super) fn new(head: Head, limit: usize, share: Share) -> Self {
        Self {
            head,
            body: Vec::new(),
            limit,
            too_large: None,
            share,
            no_room: None,
        }
    }

    /// The same, with room for what is announced, as far as it is not made up.
    pub(super) fn room_for(mut self, announced: usize) -> Self {
        self.body.reserve_exact(announced.min(FIRST_ROOM));
        self
    }

    /// The same, and what is answered to more than the limit.
    pub(super) fn too_large(mut self, reply: Reply) -> Self {
        self.too_large = Some(reply);
        self
    }

    /// The same, and what is answered where there is no room for more.
    pub(super) fn no_room(mut self, reply: Reply) -> Self {
        self.no_room = Some(reply);
        self
    }
}

/// What one body holds of the room that all have together; given back with it.
#[derive(Debug)]
pub(super) struct Share {
    all: Arc<AtomicUsize>,
    limit: usize,
    bytes: usize,
}

impl Share {
    /// Of what there is in all, which is so much; nothing yet.
    pub(super) fn of(all: &Arc<AtomicUsize>, limit: usize) -> Self {
        Self {
            all: Arc::clone(all),
            limit,
            bytes: 0,
        }
    }

    /// Takes more; tells whether there was room.
    fn take(&mut self, bytes: usize) -> bool {
        let room = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.limit;
        if room {
            self.bytes += bytes;
        } else {
            self.all.fetch_sub(bytes, Ordering::Relaxed);
        }
        room
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Sink for Collected {
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer> {
        if bytes.len() > self.limit - self.body.len() {
            self.body = Vec::new();
            let reply = self.too_large.take().unwrap_or_else(|| Reply::new(413));
            return ControlFlow::Break(Answer::Reply(reply));
        }
        if !self.share.take(bytes.len()) {
            self.body = Vec::new();
            let reply = self.no_room.take().unwrap_or_else(|| Reply::new(503));
            return ControlFlow::Break(Answer::Reply(reply));
        }
        self.body.extend_from_slice(bytes);
        ControlFlow::Continue(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
