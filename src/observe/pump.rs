//! Carries bytes between two connections, both ways, as they come.
//!
//! In: two streams and a tap. Out: the same bytes on the other side, and how it ended. It must not know what the bytes mean.

use super::tap::{Gone, Tap};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The buffer of one direction, at first and at most.
const BUFFER: (usize, usize) = (8 << 10, 128 << 10);

/// How a connection ended, as far as it matters to how both ends are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Both sides closed in order, and so was passed on.
    Closed,
    /// The client is gone: the server has to be told by a reset.
    Client,
    /// The server is gone: the client has to be told by a reset.
    Server,
    /// We were asked to end, and nothing was under way.
    Stopped,
}

/// One direction.
#[derive(Debug)]
struct Way {
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// From, to.
    Writing(usize, usize),
    Flushing,
    Closing,
    Done,
}

/// Which end of a direction failed.
enum Failed {
    Reading(io::Error),
    Writing,
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Pump {
    up: Way,
    down: Way,
    /// The server takes nothing more.
    refused: bool,
}

impl Pump {
    pub(super) fn new() -> Self {
        let way = || Way {
            buffer: vec![0; BUFFER.0],
            state: State::Reading,
        };
        Self {
            up: way(),
            down: way(),
            refused: false,
        }
    }

    /// Carries until the connection is over or, where `stopping`, until nothing is under way. It can be dropped and called again.
    pub(super) async fn run<C, S>(
        &mut self,
        client: &mut C,
        server: &mut S,
        tap: &mut Tap,
        stopping: bool,
    ) -> Over
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        poll_fn(|cx| {
            let over = self.poll(cx, client, server, tap);
            if over.is_pending() && stopping && tap.is_idle() && self.is_empty() {
                return Poll::Ready(Over::Stopped);
            }
            over
        })
        .await
    }

    fn is_empty(&self) -> bool {
        !matches!(self.down.state, State::Writing(..) | State::Flushing)
    }

    fn poll<C, S>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut C,
        server: &mut S,
        tap: &mut Tap,
    ) -> Poll<Over>
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.up.state != State::Done {
            match self.up.poll(cx, client, server, |bytes| tap.client(bytes)) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => tap.client_ended(),
                Poll::Ready(Err(Failed::Reading(_))) => {
                    tap.client_gone();
                    return Poll::Ready(Over::Client);
                }
                // What it has still said can be read.
                Poll::Ready(Err(Failed::Writing)) => {
                    self.refused = true;
                    self.up.state = State::Done;
                }
            }
        }
        if self.down.state != State::Done {
            match self
                .down
                .poll(cx, server, client, |bytes| tap.server(bytes))
            {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => tap.server_ended(Gone::Closed),
                // Many servers end TLS without a word.
                Poll::Ready(Err(Failed::Reading(error)))
                    if error.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    tap.server_ended(Gone::Closed);
                    self.down.state = State::Closing;
                    cx.waker().wake_by_ref();
                }
                Poll::Ready(Err(Failed::Reading(_))) => {
                    tap.server_ended(Gone::Reset);
                    return Poll::Ready(Over::Server);
                }
                Poll::Ready(Err(Failed::Writing)) => {
                    tap.client_gone();
                    return Poll::Ready(Over::Client);
                }
            }
        }
        if self.up.state == State::Done && self.down.state == State::Done {
            return Poll::Ready(if self.refused {
                Over::Server
            } else {
                Over::Closed
            });
        }
        Poll::Pending
    }
}

impl Way {
    /// Carries on; ready when the end of what comes was passed on, or one of the two failed.
    fn poll<F, T>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut F,
        to: &mut T,
        mut see: impl FnMut(&[u8]),
    ) -> Poll<Result<(), Failed>>
    where
        F: AsyncRead + Unpin,
        T: AsyncWrite + Unpin,
    {
        loop {
            match self.state {
                State::Reading => {
                    let mut buffer = ReadBuf::new(&mut self.buffer);
                    let read = ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer));
                    read.map_err(Failed::Reading)?;
                    self.state = match buffer.filled().len() {
                        0 => State::Closing,
                        length => State::Writing(0, length),
                    };
                }
                State::Writing(start, end) => {
                    let written =
                        ready!(Pin::new(&mut *to).poll_write(cx, &self.buffer[start..end]));
                    if start == 0 {
                        // On its way, at least in part: whoever answers it will be heard after this.
                        see(&self.buffer[..end]);
                    }
                    match written {
                        Ok(0) | Err(_) => return Poll::Ready(Err(Failed::Writing)),
                        Ok(length) if start + length < end => {
                            self.state = State::Writing(start + length, end);
                        }
                        Ok(_) => {
                            self.state = State::Flushing;
                            if end == self.buffer.len() && end < BUFFER.1 {
                                self.buffer = vec![0; end * 4];
                            }
                        }
                    }
                }
                State::Flushing => {
                    let flushed = ready!(Pin::new(&mut *to).poll_flush(cx));
                    flushed.map_err(|_| Failed::Writing)?;
                    self.state = State::Reading;
                }
                State::Closing => {
                    // Where it cannot be closed, it is closed.
                    let _ = ready!(Pin::new(&mut *to).poll_shutdown(cx));
                    self.state = State::Done;
                }
                State::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}
