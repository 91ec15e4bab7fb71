//! Reads along with the two directions of one connection.
//!
//! In: the bytes of both sides in the order in which they passed. Out: exchanges as they end, and flaws. It must not hold up
//! what it reads: nothing here waits, and what cannot be read is told once and then left alone.

use super::{
    End, Observed, Side,
    kept::Kept,
    open::Open,
    shared::{Held, Shared},
};
use crate::{
    client::{empty_lines, framing, keeps, parse_reply, shown},
    contract::Level,
    message::{Framing, How},
    mock::{BodyLength, Parsed, Step, Unframed, looks_like_request, parse_request},
};
use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::SyncSender},
    time::{Duration, Instant},
};

/// The largest head that is read.
const HEAD: usize = 128 << 10;
/// How many requests of one connection may wait for their replies.
const PIPELINED: usize = 1000;

/// What is expected where the server sends what no request asked for.
const UNASKED: &str = "no bytes that belong to no reply";

/// What waits to be judged, with the room it takes.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) observed: Observed,
    pub(super) held: Held,
}

/// How one side of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// Orderly (FIN).
    Closed,
    /// With a reset (RST).
    Reset,
}

/// The reader of one connection.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: SyncSender<Queued>,
    pub(super) number: u64,
    /// Nothing more can be read.
    pub(super) off: bool,
    /// Requests that have begun and whose exchange has not ended, in order.
    pub(super) open: VecDeque<Open>,
    /// The body of the last of them, where it has not ended.
    pub(super) sending: Option<Unframed>,
    /// The body of the reply to the first of them, where its head was read.
    pub(super) replying: Option<Unframed>,
    /// What was not yet enough to go on, of each side.
    pub(super) sent: Vec<u8>,
    pub(super) received: Vec<u8>,
    /// When the first byte of the head came that is being read, and how long the connection had carried nothing then.
    pub(super) head_began: Option<(Instant, Duration)>,
    /// When the last exchange ended.
    pub(super) rests: Instant,
    /// The shortest time from a request to its reply so far: the way to the server and back is no longer than that.
    pub(super) round: Duration,
    /// How many exchanges the connection has carried.
    pub(super) carried: u64,
    /// The last reply said that the connection ends.
    pub(super) closing: bool,
    pub(super) server_gone: bool,
    /// The body of a reply 408 that no request asked for.
    late: Option<Unframed>,
    /// There was such a reply, and nothing behind it so far.
    told_late: bool,
    /// The server sent what cannot be read, and the client nothing since.
    astray: bool,
}

/// How to go on with the bytes at hand.
enum Next {
    /// So many bytes are done with.
    Go(usize),
    /// So many bytes are done with, and more are needed.
    Wait(usize),
}

impl Tap {
    pub(super) fn new(shared: &Arc<Shared>, queue: SyncSender<Queued>, number: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            queue,
            number,
            off: false,
            open: VecDeque::new(),
            sending: None,
            replying: None,
            sent: Vec::new(),
            received: Vec::new(),
            head_began: None,
            carried: 0,
            closing: false,
            server_gone: false,
            late: None,
            told_late: false,
            astray: false,
            rests: Instant::now(),
            round: Duration::MAX,
        }
    }

    /// Whether no exchange is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.off || (self.open.is_empty() && self.sent.is_empty())
    }

    /// Bytes that the client sent.
    pub(super) fn client(&mut self, bytes: &[u8]) {
        if mem::take(&mut self.astray) {
            // The client goes on, behind what cannot be read.
            self.shared.unread.fetch_add(1, Relaxed);
        }
        let held = mem::take(&mut self.sent);
        self.sent = self.along(held, bytes, Self::request);
    }

    /// Bytes that the server sent.
    pub(super) fn server(&mut self, bytes: &[u8]) {
        let held = mem::take(&mut self.received);
        self.received = self.along(held, bytes, Self::reply);
    }

    /// Takes steps as long as they lead on; gives back what is left for later.
    fn along(
        &mut self,
        mut held: Vec<u8>,
        bytes: &[u8],
        step: fn(&mut Self, &[u8]) -> Next,
    ) -> Vec<u8> {
        let mut rest = if held.is_empty() {
            bytes
        } else {
            held.extend_from_slice(bytes);
            &held
        };
        while !self.off {
            match step(self, rest) {
                Next::Go(used) => rest = &rest[used..],
                Next::Wait(used) => return rest[used..].to_vec(),
            }
        }
        Vec::new()
    }

    fn request(&mut self, bytes: &[u8]) -> Next {
        if self.sending.is_some() {
            return self.request_body(bytes);
        }
        if bytes.is_empty() {
            return Next::Wait(0);
        }
        let now = Instant::now();
        let rested = match self.open.is_empty() {
            true => now.saturating_duration_since(self.rests),
            false => Duration::ZERO,
        };
        let (began, rested) = *self.head_began.get_or_insert((now, rested));
        let head = match parse_request(bytes) {
            Parsed::Head(head) => head,
            Parsed::Partial if bytes.len() <= HEAD => return Next::Wait(0),
            _ if self.server_gone => {
                // Nobody receives it any more.
                self.off = true;
                return Next::Wait(0);
            }
            Parsed::Partial => {
                let expected = "a head of at most 128 KiB, the most that is read here";
                return self.lost(Side::Client, expected, "a longer one".to_owned());
            }
            Parsed::TooManyFields => {
                let expected = "at most 128 header fields, the most that are read here";
                return self.lost(Side::Client, expected, "more of them".to_owned());
            }
            Parsed::Malformed(why) => {
                let actual = format!("{why}: `{}`", shown(bytes));
                return self.lost(Side::Client, "a request of HTTP/1.0 or HTTP/1.1", actual);
            }
        };
        if self.open.len() == PIPELINED {
            let expected = "at most 1000 requests that wait for their replies on one connection";
            return self.lost(Side::Client, expected, "more of them".to_owned());
        }
        self.head_began = None;
        let announced = match head.length {
            BodyLength::Bytes(length) => Some(length),
            BodyLength::Unstated | BodyLength::Chunked => None,
        };
        let mut held = Held::new(&self.shared);
        let fits = held.grow(head.size * 2);
        self.open.push_back(Open {
            request: head.request,
            body: Kept::new(announced),
            expects: head.expects,
            began,
            rested,
            sent: Instant::now(),
            done: false,
            reply: None,
            reply_body: Kept::default(),
            replied: false,
            excess: Vec::new(),
            lead: 0,
            held: fits.then_some(held),
        });
        self.sending = Some(Unframed::new(head.length));
        Next::Go(head.size)
    }

    fn request_body(&mut self, bytes: &[u8]) -> Next {
        let (Some(unframed), Some(last)) = (&mut self.sending, self.open.back_mut()) else {
            return Next::Wait(0);
        };
        if last.replied && last.expects && last.body.extent.bytes == 0 && !bytes.is_empty() {
            // Answered instead of told to continue: the body may follow, or the next request (RFC 9110 10.1.1).
            match begins_request(bytes) {
                None => return Next::Wait(0),
                Some(true) => {
                    self.sending = None;
                    self.request_ended(false);
                    return Next::Go(0);
                }
                Some(false) => last.expects = false,
            }
        }
        match unframed.step(bytes) {
            Step::Body(range) => {
                let used = range.end;
                last.keep(|open| &mut open.body, &bytes[range]);
                Next::Go(used)
            }
            Step::More(used) => Next::Wait(used),
            Step::Done(used) => {
                self.sending = None;
                self.request_ended(true);
                Next::Go(used)
            }
            Step::Malformed(why) => {
                let actual = format!("{why}: `{}`", shown(bytes));
                self.lost(Side::Client, "a body in chunks that can be read", actual)
            }
        }
    }

    pub(super) fn request_ended(&mut self, whole: bool) {
        let Some(last) = self.open.back_mut() else {
            return;
        };
        last.done = true;
        last.sent = Instant::now();
        last.body.extent.ended = whole;
        if last.replied {
            self.replied();
        } else if self.server_gone {
            self.unreceived();
        }
    }

    fn reply(&mut self, bytes: &[u8]) -> Next {
        if self.replying.is_some() {
            return self.reply_body(bytes);
        }
        if self.late.is_some() {
            return self.late_body(bytes);
        }
        if bytes.is_empty() {
            return Next::Wait(0);
        }
        let Some(first) = self.open.front_mut().filter(|first| !first.replied) else {
            return self.unasked(bytes);
        };
        let lines = empty_lines(bytes);
        if lines > 0 {
            // They belong to no reply, and this one is read behind them.
            first.keep_excess(&bytes[..lines]);
            first.lead = first.excess.len();
            return Next::Go(lines);
        }
        let (mut reply, used) = match parse_reply(bytes) {
            Ok(Some(read)) => {
                self.round = self.round.min(first.sent.elapsed());
                read
            }
            Ok(None) if bytes.len() <= HEAD => return Next::Wait(0),
            Ok(None) => {
                let why = "the head of the reply is larger than 128 KiB, the most that is read"
                    .to_owned();
                return self.garbled(How::TooLarge, why);
            }
            Err(why) => return self.garbled(How::Garbled, why),
        };
        if (100..=199).contains(&reply.status) && reply.status != 101 {
            return Next::Go(used);
        }
        if mem::take(&mut self.told_late) {
            let actual = "a reply 408, and the connection went on".to_owned();
            let kind = (Side::Server, Level::Must);
            self.shared.flaw(kind, self.number, UNASKED, actual);
        }
        first.grow(used * 2);
        let tunnel = first.request.method == "CONNECT" && (200..300).contains(&reply.status);
        if reply.status == 101 || tunnel {
            self.shared.unread.fetch_add(1, Relaxed);
            first.reply = Some(reply);
            first.done = true;
            self.replied();
            self.off = true;
            return Next::Wait(0);
        }
        let (framing, length) = match framing(&first.request.method, &reply) {
            Ok(framing) => framing,
            Err(why) => {
                first.reply = Some(reply);
                return self.garbled(How::Garbled, why);
            }
        };
        reply.framing = framing;
        self.replying = Some(unframed(framing, length));
        first.reply_body = Kept::new(length);
        first.reply = Some(reply);
        Next::Go(used)
    }

    fn reply_body(&mut self, bytes: &[u8]) -> Next {
        let (Some(unframed), Some(first)) = (&mut self.replying, self.open.front_mut()) else {
            return Next::Wait(0);
        };
        match unframed.step(bytes) {
            Step::Body(range) => {
                let used = range.end;
                first.keep(|open| &mut open.reply_body, &bytes[range]);
                Next::Go(used)
            }
            Step::More(used) => Next::Wait(used),
            Step::Done(used) => {
                let behind = &bytes[used..];
                if self.open.len() == 1 && !behind.is_empty() {
                    self.open[0].keep_excess(behind);
                    self.astray();
                    self.reply_ended();
                    self.abandon();
                    return Next::Wait(0);
                }
                self.reply_ended();
                Next::Go(used)
            }
            Step::Malformed(why) => {
                let why = format!("{why}: `{}`", shown(bytes));
                self.garbled(How::Garbled, why)
            }
        }
    }

    pub(super) fn reply_ended(&mut self) {
        self.replying = None;
        if let Some(first) = self.open.front_mut() {
            first.replied = true;
            first.reply_body.extent.ended = true;
            if first.done {
                self.replied();
            }
        }
    }

    /// The first exchange is complete.
    pub(super) fn replied(&mut self) {
        if let Some(mut first) = self.open.pop_front() {
            let mut reply = first.reply.take().unwrap_or_default();
            reply.body = mem::take(&mut first.reply_body.bytes).into();
            self.closing = !keeps(&reply);
            self.ended(first, Ok(reply), End::Replied);
        }
    }

    /// Bytes of the server that no request asked for.
    fn unasked(&mut self, bytes: &[u8]) -> Next {
        // A server may say that it has waited long enough (RFC 9110 15.5.9). Where the connection goes on, so does the reading.
        match parse_reply(bytes) {
            Ok(Some((reply, used))) if reply.status == 408 => {
                if let Ok((kind, length)) = framing("GET", &reply) {
                    self.late = Some(unframed(kind, length));
                    self.told_late = true;
                    self.closing = !keeps(&reply);
                    return Next::Go(used);
                }
            }
            Ok(None) if bytes.len() <= HEAD && may_be_late(bytes) => return Next::Wait(0),
            _ => {}
        }
        self.astray();
        self.lost(Side::Server, UNASKED, format!("`{}`", shown(bytes)))
    }

    /// The body of a reply 408 that no request asked for.
    fn late_body(&mut self, bytes: &[u8]) -> Next {
        let Some(unframed) = &mut self.late else {
            return Next::Wait(0);
        };
        match unframed.step(bytes) {
            Step::Body(range) => Next::Go(range.end),
            Step::More(used) => Next::Wait(used),
            Step::Done(used) => {
                self.late = None;
                Next::Go(used)
            }
            Step::Malformed(why) => {
                self.astray();
                let actual = format!("{why}: `{}`", shown(bytes));
                self.lost(Side::Server, UNASKED, actual)
            }
        }
    }

    /// What the server sends cannot be read, so the first exchange is broken.
    fn garbled(&mut self, how: How, detail: String) -> Next {
        self.replying = None;
        self.astray();
        if let Some(first) = self.open.pop_front() {
            self.broken(first, how, detail, End::Server);
        }
        self.abandon();
        Next::Wait(0)
    }

    /// What the server sends cannot be read, so whatever the client asks from now on is not judged. What is left of a request that
    /// has begun is none.
    fn astray(&mut self) {
        self.astray = self.sending.is_none() && self.sent.is_empty();
    }

    /// What comes from that side cannot be read, so neither can anything behind it.
    fn lost(&mut self, side: Side, expected: &str, actual: String) -> Next {
        let kind = (side, Level::Must);
        self.shared.flaw(kind, self.number, expected, actual);
        self.abandon();
        Next::Wait(0)
    }

    /// Reads no further; what is open stays unjudged.
    pub(super) fn abandon(&mut self) {
        let left = self.open.len() as u64;
        self.shared.unfinished.fetch_add(left, Relaxed);
        self.open.clear();
        self.off = true;
    }
}

fn unframed(framing: Framing, length: Option<u64>) -> Unframed {
    match framing {
        Framing::Bodiless => Unframed::new(BodyLength::Unstated),
        Framing::Length => Unframed::new(BodyLength::Bytes(length.unwrap_or_default())),
        Framing::Chunked => Unframed::new(BodyLength::Chunked),
        Framing::Close => Unframed::endless(),
    }
}

/// Whether a head that is not there yet may be that of a reply 408.
fn may_be_late(bytes: &[u8]) -> bool {
    [b"HTTP/1.1 408", b"HTTP/1.0 408"].iter().any(|line| {
        let known = bytes.len().min(line.len());
        bytes[..known] == line[..known]
    })
}

/// Whether bytes that may be a body are a request; none while that is open. Methods are words in capitals, so most bodies are
/// told from them by their first byte.
fn begins_request(bytes: &[u8]) -> Option<bool> {
    let word = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    let method = word
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || b"_-".contains(byte));
    if method && !word.is_empty() {
        looks_like_request(bytes)
    } else {
        Some(false)
    }
}

impl Queued {
    /// What is to be judged, and the room it takes until it is dropped.
    pub(super) fn apart(self) -> (Observed, Held) {
        (self.observed, self.held)
    }
}
