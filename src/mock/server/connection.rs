use super::{
    Auth, Limits,
    accept::LAST_CALL,
    body::Unframed,
    guard::Guard,
    head::{Parsed, WireHead, check_host, check_lines, looks_like_request, parse},
    lives::Lives,
    room::Room,
    send::Payload,
    wire::Wire,
};
use crate::{
    message::{Reply, Request},
    mock::{Admin, Clock, Cues, Head, Journal, Model, Refusal, journal::Record},
};
use bytes::BytesMut;
use std::{
    future::{pending, poll_fn},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep},
};

/// How much is read at once where a head is expected.
pub(super) const READ_HEAD: usize = 8 * 1024;
/// How much is read at once where a body is.
pub(super) const READ_BODY: usize = 64 * 1024;

/// How often it is looked whether a connection that nothing comes from has broken.
pub(super) const GLANCE: Duration = Duration::from_millis(100);

/// What all connections of one server share.
pub(super) struct Door {
    pub(super) model: Arc<dyn Model>,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) auth: Auth,
    pub(super) journal: Journal,
    pub(super) cues: Option<Arc<dyn Cues>>,
    pub(super) admin: Option<Arc<Admin>>,
    /// Where it listens.
    pub(super) addr: SocketAddr,
    pub(super) lives: Lives,
    /// How many bytes of replies are on their way.
    pub(super) replies: Arc<AtomicUsize>,
}

impl Door {
    /// Notes that a reply of that size is on its way; none where there is no room.
    pub(super) fn room_for_reply(&self, bytes: usize) -> Option<ReplyRoom> {
        let others = self.replies.fetch_add(bytes, Ordering::Relaxed);
        let room = ReplyRoom {
            all: Arc::clone(&self.replies),
            bytes,
        };
        (others == 0 || others.saturating_add(bytes) <= self.limits.reply_memory).then_some(room)
    }

    /// What a new start of the process would do to model and connections; the door listens on.
    pub(super) fn restart(&self) {
        self.lives.end_all();
        self.model.restart(self.clock.now());
    }
}

/// What one reply takes of the room of all; given back with it.
pub(super) struct ReplyRoom {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for ReplyRoom {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// One connection: reads a request, answers it, and starts again.
pub(super) struct Connection {
    pub(super) door: Arc<Door>,
    pub(super) wire: Wire,
    /// What was read and is not used yet.
    pub(super) buf: BytesMut,
    /// Whose room that is.
    room: Room,
    /// Room for what is written, kept between replies.
    pub(super) out: Vec<u8>,
    /// The second that the text beside it is the `Date` of.
    pub(super) date: (u64, String),
    pub(super) stop: watch::Receiver<bool>,
    /// Comes back once, when the server stops.
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// One timer for all waits for bytes.
    timer: Pin<Box<Sleep>>,
    pub(super) peer: SocketAddr,
    pub(super) number: u64,
    pub(super) secure: bool,
    pub(super) guard: Guard,
    /// A body that the client announced, was told not to send, and may send all the same.
    unwanted: Option<Unframed>,
    /// The client has closed its half of the connection while it waited for a reply.
    pub(super) ended: bool,
    /// What the reply that goes out has cost.
    pub(super) spent: Spent,
}

/// One request under way.
pub(super) struct Turn {
    /// The method was HEAD.
    pub(super) head: bool,
    /// The request was HTTP/1.0.
    pub(super) old: bool,
    /// The connection ends after this reply.
    pub(super) closes: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
    /// The framing of the body, as far as it was taken off.
    pub(super) body: Unframed,
    /// How many bytes of the body have come.
    pub(super) read: u64,
    /// Whether the body was taken to its end, or will be.
    pub(super) drained: bool,
    pub(super) record: Record,
}

/// What one body or reply has cost so far in waiting for its client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Only while nothing but the client was waited for: what takes the server long is no fault of the client.
    pub(super) waited: Duration,
    /// What has come or gone.
    pub(super) bytes: u64,
}

impl Spent {
    /// How long the client may be waited for now, if it may stand still for that long.
    pub(super) fn left(&self, limits: &Limits, still: Duration) -> Duration {
        let all = limits.patience(still, self.bytes);
        still.min(all.saturating_sub(self.waited))
    }
}

/// How a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// With the next request.
    Keep,
    /// It ends in order.
    Close,
    /// It ends in order, and the client may still be sending: closing at once would reset the
    /// connection and take the reply with it.
    Linger,
    /// It ends at once.
    Drop,
}

/// What came of waiting for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// Bytes.
    More,
    /// The client sends no more: it has closed its half of the connection, or all of it.
    End,
    /// The connection broke.
    Broken,
    /// Nothing in time.
    Late,
    /// The server stops.
    Stopped,
}

enum Next {
    Head(WireHead),
    Refused(Refusal),
    Malformed(&'static str),
    End,
}

impl Connection {
    pub(super) fn new(
        door: Arc<Door>,
        wire: Wire,
        stop: watch::Receiver<bool>,
        peer: SocketAddr,
        number: u64,
        secure: bool,
    ) -> Self {
        let patience = door.limits.head_time;
        Self {
            door,
            wire,
            buf: BytesMut::new(),
            room: Room::default(),
            out: Vec::new(),
            date: (u64::MAX, String::new()),
            stopping: Box::pin({
                let mut stop = stop.clone();
                async move { stopped(&mut stop).await }
            }),
            timer: Box::pin(sleep(patience)),
            stop,
            peer,
            number,
            secure,
            guard: Guard::default(),
            unwanted: None,
            ended: false,
            spent: Spent::default(),
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(mut self) {
        let mut patience = self.door.limits.head_time;
        loop {
            self.spent = Spent::default();
            let flow = match self.next_head(patience).await {
                Next::Head(head) => self.exchange(head).await,
                Next::Refused(refusal) => {
                    let head = self.head_as_far_as_read();
                    let reply = self.door.model.refuse(&head, refusal);
                    self.last_words(reply).await
                }
                Next::Malformed(why) => self.last_words(malformed(why)).await,
                Next::End => Flow::Close,
            };
            match flow {
                Flow::Keep => patience = self.door.limits.idle_time,
                Flow::Close => return self.close(false).await,
                Flow::Linger => return self.close(true).await,
                Flow::Drop => return,
            }
        }
    }

    /// Whether the server is going down, so that a connection must end with the reply it is at.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits for more bytes.
    pub(super) async fn fill(&mut self, room: usize, within: Duration, stoppable: bool) -> Fed {
        let deadline = Instant::now().checked_add(within);
        if stoppable && self.is_stopping() {
            return Fed::Stopped;
        }
        tokio::select! {
            biased;
            read = poll_fn(|cx| self.room.poll_read(&mut self.wire, &mut self.buf, room, cx)) => match read {
                Ok(0) => Fed::End,
                Ok(_) => Fed::More,
                Err(_) => Fed::Broken,
            },
            () = &mut self.stopping, if stoppable => Fed::Stopped,
            () = rings(self.timer.as_mut(), deadline) => Fed::Late,
        }
    }

    /// Waits for more bytes of a body, as long as its client is not too slow.
    pub(super) async fn fill_body(&mut self, left: Option<u64>, spent: &mut Spent) -> Fed {
        let room = match left {
            Some(left) if left < READ_HEAD as u64 => READ_HEAD,
            _ => READ_BODY,
        };
        let limits = &self.door.limits;
        let within = spent.left(limits, limits.body_idle);
        let since = Instant::now();
        let fed = self.fill(room, within, false).await;
        spent.waited += since.elapsed();
        fed
    }

    /// Comes back when the connection has broken. What the client sends meanwhile is kept, up to a limit.
    ///
    /// # Why
    /// Who sends no more may well read: many a small client closes its half behind its request. One that has gone away
    /// for good looks the same until something is sent to it.
    pub(super) async fn gone(&mut self) {
        while !self.ended && self.buf.len() <= self.door.limits.head_bytes {
            match self.fill(READ_HEAD, Duration::MAX, false).await {
                Fed::Broken => return,
                Fed::End => self.ended = true,
                Fed::More | Fed::Late | Fed::Stopped => {}
            }
        }
        self.wire.broken(GLANCE).await;
    }

    async fn next_head(&mut self, patience: Duration) -> Next {
        if let Some(body) = self.unwanted.take()
            && !self.resynchronise(body).await
        {
            return Next::End;
        }
        let (limit, head_time) = (self.door.limits.head_bytes, self.door.limits.head_time);
        let mut seen = 0;
        let mut begun = None;
        loop {
            // Parsed at once, and then only when an empty line has come: a head that trickles in must not
            // be parsed for each byte.
            if !self.buf.is_empty() && (seen == 0 || ends_a_head(&self.buf, seen)) {
                match parse(&self.buf) {
                    Parsed::Head(head) if head.size > limit => {
                        return Next::Refused(Refusal::HeadTooLarge);
                    }
                    Parsed::Head(head) => {
                        let lines = check_lines(&self.buf[..head.size]);
                        return match lines.and_then(|()| check_host(&head.request)) {
                            Ok(()) => Next::Head(head),
                            Err(why) => Next::Malformed(why),
                        };
                    }
                    Parsed::TooManyFields => return Next::Refused(Refusal::HeadTooLarge),
                    Parsed::Malformed(why) => return Next::Malformed(why),
                    Parsed::Partial => {}
                }
            }
            seen = self.buf.len();
            if seen > limit {
                return Next::Refused(Refusal::HeadTooLarge);
            }
            let fed = if seen == 0 {
                self.idle(patience).await
            } else {
                let begun = *begun.get_or_insert_with(Instant::now);
                let left = head_time.saturating_sub(begun.elapsed());
                self.fill(READ_HEAD, left, false).await
            };
            match fed {
                Fed::More => {}
                Fed::Late if seen > 0 => return Next::Refused(Refusal::Timeout),
                Fed::End | Fed::Broken | Fed::Late | Fed::Stopped => return Next::End,
            }
        }
    }

    /// Waits for the next request; when the server stops, only for one that is on its way already.
    async fn idle(&mut self, patience: Duration) -> Fed {
        match self.fill(READ_HEAD, patience, true).await {
            Fed::Stopped => self.fill(READ_HEAD, LAST_CALL, false).await,
            fed => fed,
        }
    }

    /// Finds the next request behind a body that the client was told not to send.
    ///
    /// # Why
    /// RFC 9110 10.1.1 leaves it to the client to send the body all the same or to close the connection. Some
    /// clients do neither and repeat the request at once, with credentials, on the same connection. A line that
    /// only a request begins with tells the two apart.
    async fn resynchronise(&mut self, mut body: Unframed) -> bool {
        let idle = self.door.limits.idle_time;
        let since = Instant::now();
        loop {
            match looks_like_request(&self.buf) {
                Some(true) => return true,
                Some(false) => break,
                None if body
                    .left()
                    .is_some_and(|left| left <= self.buf.len() as u64) =>
                {
                    break;
                }
                None => {
                    let left = idle.saturating_sub(since.elapsed());
                    if self.fill(READ_HEAD, left, true).await != Fed::More {
                        return false;
                    }
                }
            }
        }
        self.skip(&mut body).await
    }

    /// A head for the words of the model where there is none yet: the request line, where it has come.
    fn head_as_far_as_read(&self) -> Head {
        let line = self.buf[..].split(|byte| *byte == b'\n').next();
        let line = super::text(line.unwrap_or_default());
        let mut words = line.split_ascii_whitespace();
        let method = words.next().unwrap_or_default();
        Head {
            peer: Some(self.peer),
            connection: self.number,
            tls: self.secure,
            ..Head::of(&Request::new(method, words.next().unwrap_or("/")))
        }
    }

    /// Answers what is no request that could be read, and ends the connection.
    async fn last_words(&mut self, reply: Reply) -> Flow {
        let now = self.door.clock.now();
        // The first line alone: nothing further down could be told from a secret and masked.
        let shown = &self.buf[..self.buf.len().min(1024)];
        let shown = shown.split(|byte| *byte == b'\n').next().unwrap_or(shown);
        let turn = Turn {
            head: false,
            old: false,
            closes: true,
            expects: false,
            body: Unframed::endless(),
            read: 0,
            drained: false,
            record: self.door.journal.record(self.number, now, shown),
        };
        self.send(turn, Payload::Reply(reply), None).await
    }

    /// Remembers a body that may come although nobody wants it.
    pub(super) fn may_still_come(&mut self, body: Unframed) {
        self.unwanted = Some(body);
    }
}

/// Comes back at the deadline, where there is one.
///
/// # Why
/// The timer is left as it stands where it rings too early, and set anew only when it does: setting and clearing
/// one for each request is the dearest thing that a small request would cost.
async fn rings(mut timer: Pin<&mut Sleep>, deadline: Option<Instant>) {
    let Some(deadline) = deadline else {
        return pending().await;
    };
    if timer.deadline() > deadline {
        timer.as_mut().reset(deadline);
    }
    loop {
        timer.as_mut().await;
        if Instant::now() >= deadline {
            return;
        }
        timer.as_mut().reset(deadline);
    }
}

/// Comes back when the server stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The reply to what is no HTTP.
pub(super) fn malformed(why: &str) -> Reply {
    Reply::new(400)
        .header("Content-Type", "text/plain; charset=utf-8")
        .body(format!("The request is malformed: {why}.\n"))
}

fn ends_a_head(buf: &[u8], seen: usize) -> bool {
    let fresh = &buf[seen.saturating_sub(3)..];
    fresh
        .windows(2)
        .enumerate()
        .any(|(at, pair)| pair == b"\n\n" || (pair == b"\n\r" && fresh.get(at + 2) == Some(&b'\n')))
}
