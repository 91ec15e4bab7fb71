use super::{
    body::{Step, Unframed},
    connection::{Connection, Fed, Flow, Spent, Turn, malformed},
    send::Payload,
};
use crate::mock::{Answer, BodyEnd, Ending, Head, Refusal, Sink, Then};
use bytes::Buf as _;
use std::{ops::ControlFlow, sync::Arc};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

/// Why a body was not taken to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Halt {
    /// The connection broke.
    Cut,
    /// Nothing more came in time.
    Late,
    /// It is larger than allowed.
    TooLarge,
    /// Its framing is broken.
    Malformed(&'static str),
    /// A cue struck.
    Struck(Then),
}

impl Connection {
    /// Lets the model have the body, chunk by chunk, and gives its answer.
    pub(super) async fn feed(
        &mut self,
        turn: &mut Turn,
        mut sink: Box<dyn Sink>,
        upload: Option<(u64, Then)>,
    ) -> Result<Answer, Halt> {
        let door = Arc::clone(&self.door);
        match self.intake(turn, Some(sink.as_mut()), upload).await {
            Ok(Some(early)) => Ok(early),
            Ok(None) => {
                let end = || door.model.end(sink, BodyEnd::Complete, door.clock.now());
                Ok(apart(turn.read, end))
            }
            Err(halt) => {
                let answer = door
                    .model
                    .end(sink, BodyEnd::Cut(turn.read), door.clock.now());
                self.abandon(&answer);
                Err(halt)
            }
        }
    }

    /// Reads and drops a body that nobody wants; one that the client has not begun to send is not asked for.
    pub(super) async fn pass_over(&mut self, turn: &mut Turn) -> Result<(), Halt> {
        if turn.expects && self.buf.is_empty() {
            return Ok(());
        }
        self.intake(turn, None, None).await.map(|_| ())
    }

    /// Takes a body to its end, or until the sink or a cue breaks it off. Gives the answer of a sink that broke off. Where
    /// the body ends before a cue strikes, or with the very byte, it is whole; the cue is left to who called.
    pub(super) async fn intake(
        &mut self,
        turn: &mut Turn,
        mut sink: Option<&mut dyn Sink>,
        upload: Option<(u64, Then)>,
    ) -> Result<Option<Answer>, Halt> {
        let mut spent = Spent::default();
        loop {
            if let Some((bytes, then)) = upload
                && turn.read >= bytes
                && turn.body.left() != Some(0)
            {
                return Err(Halt::Struck(then));
            }
            match turn.body.step(&self.buf) {
                Step::Body(range) => {
                    turn.expects = false;
                    let mut bytes = &self.buf[range.clone()];
                    let mut broke = None;
                    if let Some((most, then)) = upload {
                        let left = usize::try_from(most - turn.read).unwrap_or(usize::MAX);
                        broke = (left < bytes.len()).then_some(then);
                        bytes = &bytes[..bytes.len().min(left)];
                    }
                    if turn.read + bytes.len() as u64 > self.door.limits.body_bytes {
                        return Err(Halt::TooLarge);
                    }
                    turn.read += bytes.len() as u64;
                    spent.bytes = turn.read;
                    turn.record.body(bytes);
                    let flow = match &mut sink {
                        Some(sink) => sink.chunk(bytes),
                        None => ControlFlow::Continue(()),
                    };
                    self.buf.advance(range.end);
                    if let ControlFlow::Break(answer) = flow {
                        return Ok(Some(answer));
                    }
                    if let Some(then) = broke {
                        return Err(Halt::Struck(then));
                    }
                }
                Step::More(done) => {
                    self.buf.advance(done);
                    if turn.expects && self.buf.is_empty() {
                        self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                            .await
                            .map_err(|_| Halt::Cut)?;
                        self.flush().await.map_err(|_| Halt::Cut)?;
                    }
                    turn.expects = false;
                    match self.fill_body(turn.body.left(), &mut spent).await {
                        Fed::More => {}
                        Fed::Late => return Err(Halt::Late),
                        Fed::End | Fed::Broken | Fed::Stopped => return Err(Halt::Cut),
                    }
                }
                Step::Done(done) => {
                    self.buf.advance(done);
                    turn.drained = true;
                    return Ok(None);
                }
                Step::Malformed(why) => return Err(Halt::Malformed(why)),
            }
        }
    }

    /// Reads a body behind an answer that was given already; false where the connection cannot go on.
    pub(super) async fn skip(&mut self, body: &mut Unframed) -> bool {
        let mut room = self.door.limits.body_bytes;
        let mut spent = Spent::default();
        loop {
            match body.step(&self.buf) {
                Step::Body(range) => {
                    let Some(left) = room.checked_sub(range.len() as u64) else {
                        return false;
                    };
                    room = left;
                    spent.bytes += range.len() as u64;
                    self.buf.advance(range.end);
                }
                Step::More(done) => {
                    self.buf.advance(done);
                    if self.fill_body(body.left(), &mut spent).await != Fed::More {
                        return false;
                    }
                }
                Step::Done(done) => {
                    self.buf.advance(done);
                    return true;
                }
                Step::Malformed(_) => return false,
            }
        }
    }

    /// Says to the client what can be said of a body that was not taken to its end.
    pub(super) async fn halted(&mut self, head: &Head, mut turn: Turn, halt: Halt) -> Flow {
        let model = Arc::clone(&self.door.model);
        turn.closes = true;
        let reply = match halt {
            Halt::Late => model.refuse(head, Refusal::Timeout),
            Halt::TooLarge => model.refuse(head, Refusal::BodyTooLarge),
            Halt::Malformed(why) => malformed(why),
            Halt::Cut => {
                self.door.journal.keep(turn.record, Ending::RequestCut);
                return Flow::Drop;
            }
            Halt::Struck(then) => {
                self.door.journal.keep(turn.record, Ending::Struck);
                return self.struck_upload(then).await;
            }
        };
        self.send(turn, Payload::Reply(reply), None).await
    }
}

/// A body of more bytes than that may take a model long.
const LARGE: u64 = 256 * 1024;

/// Does the work that a body makes, apart from the other connections where it is large.
///
/// # Why
/// To read a job of 100,000 tasks takes a second, and what waits behind it in the queue of the same thread would wait as long.
fn apart<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    let threads = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if threads && bytes > LARGE {
        block_in_place(work)
    } else {
        work()
    }
}
