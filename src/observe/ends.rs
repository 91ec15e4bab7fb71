//! How the exchanges of a connection end, and how they do where the connection ends before them.

use super::{
    End, Extent, Observed, Side,
    open::Open,
    tap::{Gone, Queued, Tap},
};
use crate::{
    contract::Level,
    message::{Broken, Exchange, How, Lengths, Reply},
    mock::Unframed,
};
use std::{
    mem,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

/// How long a kept connection must have carried nothing before a server may end it because nothing came.
const IDLE: Duration = Duration::from_millis(500);
/// How soon after the first byte of a request such an end must come to have crossed it, over the way to the server and back.
const CROSSING: Duration = Duration::from_millis(10);
/// The longest that this way is taken to be.
const ROUND: Duration = Duration::from_millis(250);
/// Why there is none behind a reply that closes.
const BEHIND: &str = "the connection ended with the reply to the request before";
/// What is expected where nobody is to blame that a request has no reply.
const UNANSWERED: &str = "a reply to every request";

impl Tap {
    /// The server sends nothing more.
    pub(super) fn server_ended(&mut self, gone: Gone) {
        self.server_gone = true;
        if self.off {
            return;
        }
        let endless = self.replying.as_ref().is_some_and(Unframed::is_endless);
        if endless && gone == Gone::Closed {
            self.reply_ended();
        }
        if let Some(first) = self.open.pop_front() {
            if first.replied {
                // It wanted no more of the request.
                self.open.push_front(first);
                self.replied();
            } else {
                self.broken_off(first, gone);
            }
        }
        while let Some(next) = self.open.pop_front() {
            self.unanswered(next, How::Closed, BEHIND.to_owned());
        }
        // What is left of a body that nobody receives any more is no request.
        self.off = self.sending.take().is_some();
    }

    /// The last request was sent to a server that had ended the connection before.
    pub(super) fn unreceived(&mut self) {
        self.sending = None;
        if let Some(last) = self.open.pop_back() {
            let detail = "the connection had been closed before the request came".to_owned();
            self.unanswered(last, How::Closed, detail);
        }
    }

    /// Nobody is to blame that there was no reply, as far as can be seen; that a request was lost is told all the same.
    fn unanswered(&mut self, open: Open, how: How, detail: String) {
        let kind = (Side::Server, Level::May);
        self.shared
            .flaw(kind, self.number, UNANSWERED, detail.clone());
        self.broken(open, how, detail, End::Nobody);
    }

    fn broken_off(&mut self, first: Open, gone: Gone) {
        let begun = first.reply.is_some() || !self.received.is_empty();
        let crossing = CROSSING + self.round.min(ROUND);
        let idle = first.rested >= IDLE && first.began.elapsed() < crossing;
        let crossed = self.carried > 0 && (self.closing || idle);
        let end = if first.done && !first.body.extent.ended {
            End::Client
        } else if !begun && crossed {
            End::Nobody
        } else {
            End::Server
        };
        let how = match (gone, begun) {
            (Gone::Reset, _) => How::Reset,
            (Gone::Closed, false) => How::Closed,
            (Gone::Closed, true) => How::Cut,
        };
        let verb = match gone {
            Gone::Reset => "reset",
            Gone::Closed => "closed",
        };
        let (came, announced) = (
            first.reply_body.extent.bytes,
            first
                .reply
                .as_ref()
                .and_then(|reply| reply.headers.get("Content-Length")),
        );
        let detail = match (&first.reply, announced) {
            (None, _) if begun => format!("connection {verb} within the head of the reply"),
            (None, _) => format!("connection {verb} before the first byte of a reply"),
            (Some(_), Some(length)) => {
                format!("connection {verb} after {came} of {length} bytes of the body")
            }
            (Some(_), None) => format!("connection {verb} after {came} bytes of the body"),
        };
        if end != End::Nobody {
            return self.broken(first, how, detail, end);
        }
        let detail = match self.closing {
            true => BEHIND.to_owned(),
            false => {
                format!("{detail}, as the request came to it at rest: the two may have crossed")
            }
        };
        self.unanswered(first, how, detail);
    }

    /// The client sends nothing more; it may still read.
    pub(super) fn client_ended(&mut self) {
        if self.off {
            return;
        }
        let within = match &self.sending {
            Some(_) => Some("a body"),
            None if self.sent.iter().any(|byte| !b"\r\n".contains(byte)) => Some("a head"),
            None => None,
        };
        self.sent.clear();
        if self.server_gone {
            while !self.open.is_empty() {
                self.unreceived();
            }
            return;
        }
        let Some(within) = within else { return };
        let answered = self.open.back().is_some_and(|last| last.replied);
        if self.sending.take().is_some() && answered {
            self.request_ended(false);
            return;
        }
        let kind = (Side::Client, Level::May);
        let actual = format!("the client ended the connection within {within}");
        let expected = "requests that are sent to their end";
        self.shared.flaw(kind, self.number, expected, actual);
        if let Some(last) = self.open.back_mut() {
            last.done = true;
        }
    }

    /// The client is gone, both ways.
    pub(super) fn client_gone(&mut self) {
        self.client_ended();
        while let Some(mut first) = self.open.pop_front() {
            if first.replied {
                first.done = true;
                self.open.push_front(first);
                self.replied();
                continue;
            }
            let detail = "the client ended the connection before the reply was whole".to_owned();
            self.broken(first, How::Closed, detail, End::Client);
        }
        self.off = true;
    }

    /// Nobody looks any longer.
    pub(super) fn stopped(&mut self) {
        let begun = u64::from(!self.off && !self.sent.is_empty() && self.sending.is_none());
        self.shared.unfinished.fetch_add(begun, Relaxed);
        self.abandon();
    }

    pub(super) fn broken(&mut self, mut open: Open, how: How, detail: String, end: End) {
        let partial = open.reply.take().map(|mut reply| {
            reply.body = mem::take(&mut open.reply_body.bytes).into();
            Box::new(reply)
        });
        let broken = Broken {
            how,
            detail,
            partial,
        };
        self.ended(open, Err(broken), end);
    }

    pub(super) fn ended(&mut self, open: Open, outcome: Result<Reply, Broken>, end: End) {
        self.carried += 1;
        self.rests = Instant::now();
        self.shared.exchanges.fetch_add(1, Relaxed);
        self.shared
            .replied
            .fetch_add(u64::from(outcome.is_ok()), Relaxed);
        let Some(held) = open.held else {
            self.shared.overflowed.fetch_add(1, Relaxed);
            return;
        };
        let mut request = open.request;
        request.body = open.body.bytes.into();
        let mut exchange = Exchange::new(request, self.shared.origin.clone(), outcome);
        exchange.connection = self.number;
        exchange.elapsed = open.began.elapsed();
        exchange.excess = open.excess.into();
        exchange.lead = open.lead;
        let cut = |extent: Extent| extent.cut.then_some(extent.bytes);
        exchange.lengths = Lengths {
            request: cut(open.body.extent),
            reply: cut(open.reply_body.extent),
        };
        let observed = Observed {
            exchange: Arc::new(exchange),
            end,
            at: self.shared.began.elapsed(),
            request_body: open.body.extent,
            reply_body: open.reply_body.extent,
        };
        let queued = Queued { observed, held };
        if self.queue.try_send(queued).is_err() {
            self.shared.overflowed.fetch_add(1, Relaxed);
        }
    }
}
