use crate::message::Exchange;
use std::{sync::Arc, time::Duration};

/// One exchange that passed through the proxy, as it stood on the wire. They come in the order of their ends.
///
/// Interim replies (1xx) are not part of it. Where a body was longer than [`KEPT`](Self::KEPT), the exchange holds only its
/// beginning, so no promise about its content or length can be judged by `body` alone: [`Extent`] tells how long it was.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Request and reply. Its `origin` is that of the upstream, its `connection` the number of the client's connection, from 1
    /// in the order they were accepted: requests on one connection went to the server on one connection too. Its request
    /// stands as the client sent it, with the client's own `Host`. Where no whole reply came, the outcome tells how it broke.
    pub exchange: Arc<Exchange>,
    /// How it ended: who is to be judged by it.
    pub end: End,
    /// When its last byte passed, counted from the start of the proxy. It began `exchange.elapsed` earlier.
    pub at: Duration,
    /// How long the body of the request was.
    pub request_body: Extent,
    /// How long the body of the reply was, as far as it came.
    pub reply_body: Extent,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a whole reply. The request may have ended within its body all the same, where the server answered before it had all
    /// of it: see [`Extent::ended`].
    Replied,
    /// The server broke off: it closed or reset the connection, or what it sent is no HTTP. The outcome is an `Err`.
    Server,
    /// The client went away before the reply was whole. The outcome is an `Err` that says nothing about the server.
    Client,
    /// A kept connection at rest was closed just as the request came or before it, or the request was sent behind one whose reply
    /// closed the connection. RFC 9112 9.3 and 9.5 allow it, and clients send again: the outcome is an `Err` that says nothing
    /// about anybody. A [`Flaw`](super::Flaw) that is only a note counts such requests.
    Nobody,
}

/// How long a body was, without its framing, and whether the exchange holds all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// All bytes that passed.
    pub bytes: u64,
    /// Whether the exchange holds fewer.
    pub cut: bool,
    /// Whether the body came to its end.
    pub ended: bool,
}

impl Observed {
    /// How many bytes of each body are kept.
    pub const KEPT: usize = 1 << 20;
}
