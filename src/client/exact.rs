//! Writes the bytes of a request as they are asked for, and reads the reply from the bytes that come.

use super::{
    CutAt, Limits,
    dial::Stream,
    head::{self, Chunks, shown},
};
use crate::message::{Broken, Framing, How, Reply, Request};
use bytes::{Bytes, BytesMut};
use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    time::{Instant, timeout_at},
};

/// A connection with what is known of it.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) id: u64,
    /// When it was made, or the last reply had been read.
    pub(super) idle_since: Instant,
    /// Whether NTLM has authenticated it.
    pub(super) authenticated: bool,
}

/// What became of one request on a [`Wire`].
pub(super) struct Sent {
    pub(super) outcome: Result<Reply, Broken>,
    /// Whether the connection can carry another request.
    pub(super) reusable: bool,
    /// Whether a byte of a reply had come.
    pub(super) answered: bool,
    pub(super) excess: Excess,
}

/// Bytes that belong to no reply, at most [`EXCESS`] of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excess {
    pub(crate) bytes: Bytes,
    /// How many of them stood before the status line.
    pub(crate) lead: usize,
}

/// How many bytes that belong to no reply an exchange keeps.
const EXCESS: usize = 4096;

/// The bytes of a request, up to where it is cut.
pub(super) fn encode(request: &Request, form: &str, cut: Option<CutAt>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 + request.body.len());
    for part in [
        &request.method,
        " ",
        form,
        " ",
        request.version.as_str(),
        "\r\n",
    ] {
        bytes.extend_from_slice(part.as_bytes());
    }
    for (name, value) in request.headers.iter() {
        for part in [name, ": ", value, "\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\n");
    let chunked = request
        .headers
        .get("Transfer-Encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let upto = cut.map_or(request.body.len(), |cut| cut.after.min(request.body.len()));
    let body = &request.body[..upto];
    if chunked {
        if !request.body.is_empty() {
            bytes.extend_from_slice(format!("{:x}\r\n", request.body.len()).as_bytes());
            bytes.extend_from_slice(body);
        }
        if cut.is_none() {
            bytes.extend_from_slice(if body.is_empty() { b"" } else { b"\r\n" });
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
    } else {
        bytes.extend_from_slice(body);
    }
    bytes
}

/// What has been read of a reply; outlives the reading, so that a time-out can tell how far it came.
#[derive(Default)]
struct Progress {
    /// The empty lines before a status line, of which at most [`EXCESS`] bytes are kept.
    lead: Vec<u8>,
    /// How many bytes they were.
    passed: usize,
    arrived: BytesMut,
    total: usize,
    head: Option<Reply>,
    length: Option<u64>,
    body: Vec<u8>,
}

impl Wire {
    /// Sends those bytes and reads one reply to a request of that method.
    pub(super) async fn exchange(
        &mut self,
        bytes: &[u8],
        method: &str,
        cut: Option<CutAt>,
        limits: Limits,
        within: Duration,
    ) -> Sent {
        let deadline = Instant::now() + within;
        let mut progress = Progress::default();
        let mut written = false;
        let outcome = {
            let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
            let writing = async {
                writer.write_all(bytes).await?;
                writer.flush().await?;
                match cut {
                    Some(cut) if cut.then == How::Closed => writer.shutdown().await,
                    _ => Ok(()),
                }
            };
            // The reply may come before the request is written; a peer may also stop reading and still answer.
            let both = async {
                let reading = progress.read(&mut reader, method, limits);
                tokio::pin!(reading);
                tokio::select! {
                    biased;
                    done = writing => {
                        match done {
                            Ok(()) if cut.is_some_and(|cut| cut.then == How::Reset) => {
                                return Err(Stop::Ours);
                            }
                            Ok(()) => written = true,
                            Err(_) => {}
                        }
                        reading.await
                    }
                    read = &mut reading => read,
                }
            };
            match timeout_at(deadline, both).await {
                Err(_) => Err(Stop::Stalled),
                Ok(read) => read,
            }
        };
        let answered = progress.total > 0;
        match outcome {
            Ok(()) => {
                let (reply, excess) = progress.whole();
                // Behind empty lines before it, the reply ends where it says.
                let clean = excess.bytes.len() == excess.lead;
                Sent {
                    reusable: written && cut.is_none() && clean && head::keeps(&reply),
                    outcome: Ok(reply),
                    answered,
                    excess,
                }
            }
            Err(stop) => {
                if matches!(stop, Stop::Ours) {
                    // Where the option cannot be set the peer sees an ordinary end, and the finding tells what it made of it.
                    let _ = self.stream.arm_reset();
                }
                Sent {
                    outcome: Err(progress.tell(stop, within)),
                    reusable: false,
                    answered,
                    excess: Excess::default(),
                }
            }
        }
    }
}

/// Reads one reply to a request of that method from bytes, as from a connection. Behind them the connection ends; one that is
/// kept says nothing more. Gives the outcome with the bytes that belong to no reply.
pub(crate) fn read_reply(
    bytes: &[u8],
    kept: bool,
    method: &str,
) -> (Result<Reply, Broken>, Excess) {
    let mut progress = Progress::default();
    let mut reader = Recorded { left: bytes, kept };
    let read = {
        let reading = pin!(progress.read(&mut reader, method, Limits::default()));
        reading.poll(&mut Context::from_waker(Waker::noop()))
    };
    match read {
        Poll::Ready(Ok(())) => {
            let (reply, excess) = progress.whole();
            (Ok(reply), excess)
        }
        Poll::Ready(Err(stop)) => {
            let broken = progress.tell(stop, Duration::ZERO);
            (Err(broken), Excess::default())
        }
        Poll::Pending => {
            let broken = progress.tell(Stop::Stalled, Duration::ZERO);
            (Err(broken), Excess::default())
        }
    }
}

/// Bytes as a connection gives them.
struct Recorded<'b> {
    left: &'b [u8],
    kept: bool,
}

impl AsyncRead for Recorded<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() && self.kept {
            return Poll::Pending;
        }
        Pin::new(&mut self.left).poll_read(context, into)
    }
}

/// Why reading stopped before the end of a reply.
enum Stop {
    End,
    Io(io::Error),
    Stalled,
    Garbled(String),
    TooLarge(String),
    /// We reset the connection, as the step asks.
    Ours,
}

impl Progress {
    /// Reads until the reply is whole; what stands behind it stays in `arrived`.
    async fn read(
        &mut self,
        reader: &mut (impl AsyncRead + Unpin),
        method: &str,
        limits: Limits,
    ) -> Result<(), Stop> {
        let mut reply = loop {
            self.pass_over_empty_lines();
            if self.passed > limits.head {
                return Err(large("head", limits.head));
            }
            match head::parse(&self.arrived).map_err(Stop::Garbled)? {
                Some((_, length)) if length > limits.head => {
                    return Err(large("head", limits.head));
                }
                Some((reply, length)) => {
                    let _ = self.arrived.split_to(length);
                    // 1xx but 101 only announce the reply (RFC 9110 15.2).
                    if !(100..200).contains(&reply.status) || reply.status == 101 {
                        break reply;
                    }
                }
                None if self.arrived.len() > limits.head => {
                    return Err(large("head", limits.head));
                }
                None => self.more(reader).await?,
            }
        };
        let framing = head::framing(method, &reply);
        if let Ok((framing, length)) = &framing {
            reply.framing = *framing;
            self.length = *length;
        }
        self.head = Some(reply);
        let (framing, length) = framing.map_err(Stop::Garbled)?;
        match framing {
            Framing::Bodiless => Ok(()),
            Framing::Length => {
                let length = length.unwrap_or_default();
                if length > limits.body as u64 {
                    return Err(large("body", limits.body));
                }
                loop {
                    let due = usize::try_from(length).unwrap_or(usize::MAX) - self.body.len();
                    let take = due.min(self.arrived.len());
                    self.body.extend_from_slice(&self.arrived.split_to(take));
                    if take == due {
                        return Ok(());
                    }
                    self.more(reader).await?;
                }
            }
            Framing::Chunked => {
                let mut chunks = Chunks::default();
                loop {
                    let done = chunks
                        .feed(&mut self.arrived, &mut self.body)
                        .map_err(Stop::Garbled)?;
                    if self.body.len() > limits.body {
                        return Err(large("body", limits.body));
                    }
                    if done {
                        return Ok(());
                    }
                    self.more(reader).await?;
                }
            }
            Framing::Close => loop {
                self.body.extend_from_slice(&self.arrived.split());
                if self.body.len() > limits.body {
                    return Err(large("body", limits.body));
                }
                match self.more(reader).await {
                    Err(Stop::End) => return Ok(()),
                    other => other?,
                }
            },
        }
    }

    /// They are of no reply, and are told as such; the reply is read all the same.
    fn pass_over_empty_lines(&mut self) {
        let lines = self.arrived.split_to(head::empty_lines(&self.arrived));
        let keep = lines.len().min(EXCESS - self.lead.len());
        self.lead.extend_from_slice(&lines[..keep]);
        self.passed += lines.len();
    }

    async fn more(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> Result<(), Stop> {
        self.arrived.reserve(8 << 10);
        match reader.read_buf(&mut self.arrived).await {
            Ok(0) => Err(Stop::End),
            Ok(count) => {
                self.total += count;
                Ok(())
            }
            // TLS without its closing message is an end all the same: what is missing shows by the framing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Stop::End),
            Err(error) => Err(Stop::Io(error)),
        }
    }

    /// The reply that was read, and of what stands behind it as much as an exchange keeps.
    fn whole(&mut self) -> (Reply, Excess) {
        let lead = self.lead.len();
        let behind = self.arrived.len().min(EXCESS - lead);
        let excess = Excess {
            bytes: [&self.lead, &self.arrived[..behind]].concat().into(),
            lead,
        };
        (self.take().unwrap_or_default(), excess)
    }

    fn take(&mut self) -> Option<Reply> {
        let body = std::mem::take(&mut self.body);
        self.head.take().map(|head| head.body(body))
    }

    /// How far the reply had come, for a person.
    fn reached(&self) -> String {
        match (&self.head, self.length) {
            (None, _) if self.total == 0 => "before the first byte of a reply".to_owned(),
            (None, _) => {
                let bytes = self.passed + self.arrived.len();
                format!("after {bytes} bytes of the reply's head")
            }
            (Some(_), Some(length)) => {
                format!("after {} of {length} bytes of the body", self.body.len())
            }
            (Some(_), None) => format!("after {} bytes of the body", self.body.len()),
        }
    }

    fn tell(mut self, stop: Stop, within: Duration) -> Broken {
        let reached = self.reached();
        let (how, detail) = match stop {
            Stop::End if self.total == 0 => (How::Closed, format!("connection closed {reached}")),
            Stop::End => (How::Cut, format!("connection closed {reached}")),
            Stop::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    (How::Reset, format!("connection reset {reached}"))
                }
                _ => (How::Garbled, format!("{error} {reached}")),
            },
            Stop::Stalled if self.total == 0 => (
                How::Stalled,
                format!("nothing within {within:?}, {reached}"),
            ),
            // Whether bytes still came does not matter: the time is for the whole exchange.
            Stop::Stalled => (
                How::Stalled,
                format!("not whole within {within:?}: stopped {reached}"),
            ),
            Stop::Garbled(why) => (How::Garbled, why),
            Stop::TooLarge(why) => (How::TooLarge, why),
            Stop::Ours => (
                How::Reset,
                "the request was cut and the connection reset, as the step asks".to_owned(),
            ),
        };
        if self.head.is_none() && how == How::Cut {
            let seen = shown(&[&self.lead, &self.arrived[..]].concat());
            return Broken {
                how,
                detail: format!("{detail}: `{seen}`"),
                partial: None,
            };
        }
        Broken {
            how,
            detail,
            partial: self.take().map(Box::new),
        }
    }
}

fn large(what: &str, limit: usize) -> Stop {
    Stop::TooLarge(head::too_large(what, limit))
}
