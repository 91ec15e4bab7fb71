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
    /// When its last byte passed, counted from the start of the proxy. It began `exchange.elapsed` earlier.
    pub at: Duration,
    /// How long the body of the request was.
    pub request_body: Extent,
    /// How long the body of the reply was, as far as it came.
    pub reply_body: Extent,
}

/// How long a body was, without its framing, and whether the exchange holds all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// All bytes that passed.
    pub bytes: u64,
    /// Whether the exchange holds fewer.
    pub cut: bool,
}

impl Observed {
    /// How many bytes of each body are kept.
    pub const KEPT: usize = 1 << 20;
}
