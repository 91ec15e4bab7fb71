use super::{
    connection::{Connection, Fed, Flow, GLANCE, READ_HEAD, Turn, stopped},
    reply::{Asked, Framed, encode},
    wire::Wire,
};
use crate::{
    message::{Framing, Reply},
    mock::{At, Defect, Ending, Moment, Then},
};
use std::{
    fs::File,
    future::pending,
    io::{self, SeekFrom, Write as _},
    mem,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, Interest},
    time::{Instant, sleep, timeout},
};

/// Bodies up to this size go out together with their head.
const SMALL: usize = 32 * 1024;
/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;
/// How long, and how much, is read behind a reply that ended its connection early.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 64 * 1024 * 1024);

/// How long it is waited whether a reply is refused by the system of a client that may be gone.
const REFUSED: Duration = Duration::from_millis(20);

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Payload {
    /// From memory.
    Reply(Reply),
    /// From a file.
    File {
        head: Reply,
        file: File,
        start: u64,
        length: u64,
    },
}

/// A byte range of a file.
struct Source {
    file: File,
    start: u64,
    length: u64,
}

/// Why a reply stopped before its end.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// The client went away or took nothing more, or a file became shorter than it was.
    Lost,
    /// A defect on cue.
    Struck(Broke),
}

/// How a defect ends a reply.
#[derive(Clone, Copy, Debug)]
enum Broke {
    Close,
    Reset,
    Stall,
}

/// When, and how fast, the bytes of a reply go out.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// At once.
    Free,
    /// So many, then the end.
    Break(u64, Broke),
    /// So many, then a pause.
    Pause(u64, Duration),
    /// So many at once, then as many in a second, from that moment on.
    Rate(u64, u32, Moment),
}

impl Connection {
    /// Sends a reply, and says how the connection goes on.
    pub(super) async fn send(
        &mut self,
        mut turn: Turn,
        payload: Payload,
        defect: Option<Defect>,
    ) -> Flow {
        let (mut reply, source) = match payload {
            Payload::Reply(reply) => (reply, None),
            Payload::File {
                head,
                file,
                start,
                length,
            } => (
                head,
                Some(Source {
                    file,
                    start,
                    length,
                }),
            ),
        };
        let mut room = None;
        if reply.body.len() > SMALL {
            room = self.door.room_for_reply(reply.body.len());
            if room.is_none() {
                reply = Reply::new(503);
            }
        }
        if let Some(Defect::ContentLength(bytes)) = defect {
            reply.framing = Framing::Length;
            reply.headers.remove("Transfer-Encoding");
            reply.headers.set("Content-Length", bytes.to_string());
            turn.closes = true;
        }
        // What the client still sends is read behind the reply where it is little; else the connection ends.
        let rest = turn.body.left();
        let little = rest.is_some_and(|left| left <= self.door.limits.drain_bytes);
        if !(turn.drained || turn.expects || little) {
            turn.closes = true;
        }
        let length = source
            .as_ref()
            .map_or(reply.body.len() as u64, |source| source.length);

        self.refresh_date();
        let mut out = mem::take(&mut self.out);
        out.clear();
        let asked = Asked {
            head: turn.head,
            old: turn.old,
            closes: turn.closes || self.is_stopping(),
            body: length,
            date: &self.date.1,
        };
        let mut framed = encode(&mut out, &reply, asked);
        let mut body = if framed.body { &reply.body[..] } else { &[] };
        if let Some(Defect::Garbage(bytes)) = &defect {
            out.clear();
            out.extend_from_slice(bytes);
            (framed, body) = (Framed::GARBAGE, &[]);
        }
        turn.record
            .reply(&out, body, if framed.body { length } else { 0 });
        let mut pace = self.pace(defect.as_ref(), out.len());
        let struck = !matches!(defect, None | Some(Defect::Throttle(..)));
        let ending = if struck {
            Ending::Struck
        } else {
            Ending::Replied
        };
        // Kept before the first byte goes out, so that whoever has the reply finds it in the journal.
        let number = self.door.journal.keep(turn.record, ending);

        let ended = self.ended;
        let source = source.filter(|_| framed.body);
        let sent = self
            .put_all(&mut out, body, source, framed, &mut pace)
            .await;
        self.out = out;
        drop(room);
        match (sent, pace) {
            (Ok(()), Pace::Break(_, broke)) | (Err(Stop::Struck(broke)), _) => {
                return self.break_off(broke).await;
            }
            (Err(Stop::Lost), _) => {
                self.door.journal.amend(number, Ending::ReplyCut);
                return Flow::Drop;
            }
            (Ok(()), _) if self.ended && self.was_refused().await => {
                let ending = if ended {
                    Ending::Gone
                } else {
                    Ending::ReplyCut
                };
                self.door.journal.amend(number, ending);
                return Flow::Drop;
            }
            (Ok(()), _) => {}
        }
        if framed.closes {
            return if turn.drained {
                Flow::Close
            } else {
                Flow::Linger
            };
        }
        if turn.expects && !turn.drained {
            self.may_still_come(turn.body);
        } else if !turn.drained && !self.skip(&mut turn.body).await {
            return Flow::Drop;
        }
        Flow::Keep
    }

    /// Whether what was just sent to a client that sends no more itself has come back as a reset, since nobody is there;
    /// on the same machine that shows at once.
    async fn was_refused(&mut self) -> bool {
        let soon = self.wire.broken(Duration::from_millis(2));
        timeout(REFUSED, soon).await.is_ok()
    }

    /// Writes bytes as they are, unless the client takes none for too long, or too few.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let limits = &self.door.limits;
            let patience = self.spent.left(limits, limits.write_idle);
            let since = Instant::now();
            let Ok(written) = timeout(patience, self.wire.write(bytes)).await else {
                return Err(self.given_up());
            };
            self.spent.waited += since.elapsed();
            match written? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => {
                    self.spent.bytes += written as u64;
                    bytes = &bytes[written..];
                }
            }
        }
        Ok(())
    }

    /// Brings what TLS still holds onto the wire.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if matches!(self.wire, Wire::Tls(_)) {
            let patience = self.door.limits.write_idle;
            let Ok(flushed) = timeout(patience, self.wire.flush()).await else {
                return Err(self.given_up());
            };
            flushed?;
        }
        Ok(())
    }

    /// Nobody takes what is sent: what the system still holds of it must not outlive the connection.
    fn given_up(&self) -> io::Error {
        self.wire.reset_when_dropped();
        io::ErrorKind::TimedOut.into()
    }

    /// Ends the connection in order.
    pub(super) async fn close(mut self, linger: bool) {
        let (time, mut most) = LINGER;
        let _ = timeout(time, self.wire.shutdown()).await;
        if !linger {
            return;
        }
        let rest = async {
            loop {
                self.buf.clear();
                self.buf.reserve(PIECE);
                match self.wire.read_buf(&mut self.buf).await {
                    Ok(read) if read > 0 && read < most => most -= read,
                    _ => return,
                }
            }
        };
        let _ = timeout(time, rest).await;
    }

    /// Does what a cue says once enough of the request's body was read.
    pub(super) async fn struck_upload(&mut self, then: Then) -> Flow {
        match then {
            Then::Close => Flow::Linger,
            Then::Reset => self.break_off(Broke::Reset).await,
            Then::Stall(length) => {
                let clock = self.door.clock.clone();
                let over = async {
                    match length {
                        Some(length) => clock.reach(clock.now().after(length)).await,
                        None => pending().await,
                    }
                };
                let mut stop = self.stop.clone();
                // Reading would let the client go on, so its leaving is looked for without. Nobody is waited for for
                // ever who has closed the half that could still go on.
                let left = async {
                    if length.is_some() {
                        return self.wire.broken(GLANCE).await;
                    }
                    loop {
                        match self.wire.tcp().ready(Interest::READABLE).await {
                            Ok(ready) if !ready.is_read_closed() => sleep(GLANCE).await,
                            _ => return,
                        }
                    }
                };
                tokio::select! {
                    () = over => Flow::Linger,
                    () = left => Flow::Drop,
                    () = stopped(&mut stop) => Flow::Drop,
                }
            }
        }
    }

    async fn put_all(
        &mut self,
        out: &mut Vec<u8>,
        body: &[u8],
        source: Option<Source>,
        framed: Framed,
        pace: &mut Pace,
    ) -> Result<(), Stop> {
        if let Some(source) = source {
            self.put(out, pace).await?;
            self.put_file(out, source, framed.chunked, pace).await?;
        } else {
            let tail: &[u8] = match (framed.chunked, body.is_empty()) {
                (false, _) => b"",
                (true, true) => b"0\r\n\r\n",
                (true, false) => {
                    chunk_size(out, body.len());
                    b"\r\n0\r\n\r\n"
                }
            };
            if body.len() <= SMALL {
                out.extend_from_slice(body);
                out.extend_from_slice(tail);
                self.put(out, pace).await?;
            } else {
                self.put(out, pace).await?;
                self.put(body, pace).await?;
                self.put(tail, pace).await?;
            }
        }
        self.flush().await.map_err(|_| Stop::Lost)
    }

    async fn put_file(
        &mut self,
        out: &mut Vec<u8>,
        source: Source,
        chunked: bool,
        pace: &mut Pace,
    ) -> Result<(), Stop> {
        let mut file = tokio::fs::File::from_std(source.file);
        if source.start > 0 {
            file.seek(SeekFrom::Start(source.start))
                .await
                .map_err(|_| Stop::Lost)?;
        }
        let mut left = source.length;
        let mut piece = vec![0; usize::try_from(left).map_or(PIECE, |left| left.min(PIECE))];
        while left > 0 {
            let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let read = match file.read(&mut piece[..most]).await {
                Ok(0) | Err(_) => return Err(Stop::Lost),
                Ok(read) => read,
            };
            left -= read as u64;
            if chunked {
                out.clear();
                chunk_size(out, read);
                self.put(out, pace).await?;
                self.put(&piece[..read], pace).await?;
                self.put(b"\r\n", pace).await?;
            } else {
                self.put(&piece[..read], pace).await?;
            }
        }
        if chunked {
            self.put(b"0\r\n\r\n", pace).await?;
        }
        Ok(())
    }

    /// Writes bytes at their pace. What is counted in `pace` is counted down.
    async fn put(&mut self, mut bytes: &[u8], pace: &mut Pace) -> Result<(), Stop> {
        while !bytes.is_empty() {
            let most = match pace {
                Pace::Free => bytes.len(),
                Pace::Break(0, broke) => return Err(Stop::Struck(*broke)),
                Pace::Pause(0, length) => {
                    let length = *length;
                    *pace = Pace::Free;
                    self.flush().await.map_err(|_| Stop::Lost)?;
                    if !self.delayed(length).await {
                        return Err(Stop::Lost);
                    }
                    bytes.len()
                }
                Pace::Break(left, _) | Pace::Pause(left, _) => {
                    usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()))
                }
                // Ten times a second, or a byte at a time where that is too much.
                Pace::Rate(0, rate, _) => (*rate as usize / 10).clamp(1, bytes.len()),
                Pace::Rate(free, ..) => {
                    usize::try_from(*free).map_or(bytes.len(), |free| free.min(bytes.len()))
                }
            };
            self.write(&bytes[..most]).await.map_err(|_| Stop::Lost)?;
            bytes = &bytes[most..];
            match pace {
                Pace::Free => {}
                Pace::Break(left, _) | Pace::Pause(left, _) => *left -= most as u64,
                Pace::Rate(free @ 1.., _, since) => {
                    *free -= most as u64;
                    *since = self.door.clock.now();
                }
                Pace::Rate(0, rate, since) => {
                    let micros = most as u64 * 1_000_000 / u64::from(*rate);
                    *since = since.after(Duration::from_micros(micros));
                    let until = *since;
                    let now = self.door.clock.now();
                    self.flush().await.map_err(|_| Stop::Lost)?;
                    if !self.delayed(until.since(now)).await {
                        return Err(Stop::Lost);
                    }
                }
            }
        }
        Ok(())
    }

    fn pace(&self, defect: Option<&Defect>, head: usize) -> Pace {
        let place = |at: &At| match at {
            At::Byte(bytes) => *bytes,
            At::Body(bytes) => bytes.saturating_add(head as u64),
        };
        match defect {
            Some(Defect::Close(at)) => Pace::Break(place(at), Broke::Close),
            Some(Defect::Reset(at)) => Pace::Break(place(at), Broke::Reset),
            Some(Defect::Stall(at, None)) => Pace::Break(place(at), Broke::Stall),
            Some(Defect::Stall(at, Some(length))) => Pace::Pause(place(at), *length),
            Some(Defect::Throttle(at, rate)) => {
                Pace::Rate(place(at), (*rate).max(1), self.door.clock.now())
            }
            Some(Defect::Garbage(_) | Defect::ContentLength(_) | Defect::Upload(..)) | None => {
                Pace::Free
            }
        }
    }

    async fn break_off(&mut self, broke: Broke) -> Flow {
        // What goes out before the break must not stay behind in TLS.
        let _ = self.flush().await;
        match broke {
            Broke::Close => Flow::Linger,
            Broke::Reset => {
                self.wire.reset_when_dropped();
                Flow::Drop
            }
            Broke::Stall => loop {
                self.buf.clear();
                match self.fill(READ_HEAD, Duration::MAX, true).await {
                    Fed::More | Fed::Late => {}
                    Fed::End | Fed::Broken | Fed::Stopped => return Flow::Drop,
                }
            },
        }
    }

    fn refresh_date(&mut self) {
        let now = self.door.clock.now().told();
        if self.date.0 != now.0 / 1000 {
            self.date = (now.0 / 1000, httpdate::fmt_http_date(now.system()));
        }
    }
}

fn chunk_size(out: &mut Vec<u8>, bytes: usize) {
    write!(out, "{bytes:x}\r\n").expect("a vector takes every byte");
}
