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
    time::Duration,
};

/// How soon after a request a kept connection may end without anybody to blame: the two ends may have crossed.
const CROSSING: Duration = Duration::from_secs(1);

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
            let detail = "the connection ended with the reply to the request before".to_owned();
            self.broken(next, How::Closed, detail, End::Nobody);
        }
        self.sending = None;
    }

    fn broken_off(&mut self, first: Open, gone: Gone) {
        let begun = first.reply.is_some() || !self.received.is_empty();
        let crossed = self.carried > 0 && (self.closing || first.sent.elapsed() < CROSSING);
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
        self.broken(first, how, detail, end);
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
        exchange.excess = open.excess;
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
