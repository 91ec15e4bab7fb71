use super::{Field, Which};
use crate::{
    message::Reply,
    mock::{Act, At, Commit, Defect, Moment, Strike, Then},
};
use bytes::Bytes;
use std::time::Duration;

/// What is to go wrong, and for which requests.
///
/// A cue is about every request that fits what it says of the head. Of these it counts each; which of them it strikes
/// is narrowed by [`nth`](Cue::nth), [`times`](Cue::times), [`probability`](Cue::probability) and [`until`](Cue::until).
/// Where several cues would strike one request, the one placed first does.
///
/// ```
/// use wireproof::mock::{At, Commit, Cue};
/// // The second fragment is stored, but its ack never arrives.
/// let lost = Cue::on("fragment").nth(2).reset(At::BEFORE_HEAD);
/// // One create-session in four is refused; the same ones in every run.
/// let full = Cue::on("create-session").probability(0.25, 7).fault("too-many-sessions");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a cue does nothing before it is placed"]
pub struct Cue {
    /// A name for people, shown in lists.
    pub name: Option<String>,
    /// Which requests it is about.
    pub which: Which,
    /// Strikes only these of the requests it is about, counted from 1; empty: all.
    pub nth: Vec<u64>,
    /// Strikes at most so often.
    pub times: Option<u64>,
    /// Strikes with that probability (0 to 1), drawn with that seed.
    pub odds: Option<(f64, u64)>,
    /// Strikes no longer than that.
    pub until: Option<Until>,
    /// What befalls the request.
    pub strike: Strike,
    /// Whether the state changes before or after it strikes; where nothing is said, it stays as it is behind a reply of the
    /// cue's own ([`Commit::After`]), and changes before all else ([`Commit::Before`]).
    pub commit: Option<Commit>,
}

/// Until when a cue strikes, on the mock's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// That moment.
    Moment(Moment),
    /// That long after the cue was placed.
    For(Duration),
}

impl Cue {
    /// About every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// About the requests of an operation of the contract.
    pub fn on(operation: impl Into<String>) -> Self {
        Self {
            which: Which {
                operation: Some(operation.into()),
                ..Which::default()
            },
            ..Self::default()
        }
    }

    /// Names it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only requests with that method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.which.method = Some(method.into());
        self
    }

    /// Only requests whose path fits a pattern such as `/WindowsHPC/Job/{id}` or `/files/{*rest}`.
    pub fn path(mut self, pattern: impl Into<String>) -> Self {
        self.which.path = Some(pattern.into());
        self
    }

    /// Only requests with such a header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Field>) -> Self {
        self.which.header.push((name.into(), value.into()));
        self
    }

    /// Strikes only the nth of the requests that fit, counted from 1; said again, also that one.
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth.push(nth);
        self
    }

    /// Strikes at most so often.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes with a probability, 0 to 1. The same seed strikes the same of the requests that fit, in every run.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.odds = Some((probability, seed));
        self
    }

    /// Strikes until the mock's clock shows that moment.
    pub fn until(mut self, moment: Moment) -> Self {
        self.until = Some(Until::Moment(moment));
        self
    }

    /// Strikes for that long from when it is placed, on the mock's clock.
    pub fn lasting(mut self, time: Duration) -> Self {
        self.until = Some(Until::For(time));
        self
    }

    /// Answers with a documented fault, by its id; `wireproof serve SUITE --help-settings` lists them.
    pub fn fault(mut self, id: impl Into<String>) -> Self {
        self.strike.fault = Some(id.into());
        self
    }

    /// Answers with that reply.
    pub fn reply(mut self, reply: Reply) -> Self {
        self.strike.reply = Some(reply);
        self
    }

    /// Waits before the reply, on the mock's clock.
    pub fn delay(mut self, time: Duration) -> Self {
        self.strike.delay = time;
        self
    }

    /// Sends the body of the reply with so many bytes per second, the head at once.
    pub fn slow(self, bytes_per_second: u32) -> Self {
        self.defect(Defect::Throttle(At::AFTER_HEAD, bytes_per_second))
    }

    /// Closes the connection in order (FIN) at that place of the reply.
    pub fn close(self, at: At) -> Self {
        self.defect(Defect::Close(at))
    }

    /// Resets the connection (RST) at that place of the reply.
    pub fn reset(self, at: At) -> Self {
        self.defect(Defect::Reset(at))
    }

    /// Closes the connection after so many bytes of the body.
    pub fn cut(self, bytes: u64) -> Self {
        self.defect(Defect::Close(At::Body(bytes)))
    }

    /// Sends nothing more from that place of the reply on, as long as the client stays.
    pub fn stall(self, at: At) -> Self {
        self.defect(Defect::Stall(at, None))
    }

    /// Pauses that long at that place of the reply, on the mock's clock.
    pub fn pause(self, at: At, time: Duration) -> Self {
        self.defect(Defect::Stall(at, Some(time)))
    }

    /// Tells a `Content-Length` of the reply, right or wrong, and closes the connection behind it.
    pub fn content_length(self, bytes: u64) -> Self {
        self.defect(Defect::ContentLength(bytes))
    }

    /// Sends these bytes in place of the reply, and closes the connection.
    pub fn garbage(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.defect(Defect::Garbage(bytes.into()))
    }

    /// Reads so many bytes of the request's body, no more, and breaks off.
    pub fn upload(self, read: u64, then: Then) -> Self {
        self.defect(Defect::Upload(read, then))
    }

    /// Drops the session that the request names.
    pub fn drop_session(self) -> Self {
        self.act(Act::DropSession)
    }

    /// Restarts the server: what only memory held is lost, and every connection ends.
    pub fn restart(self) -> Self {
        self.act(Act::Restart)
    }

    /// Moves the mock's clock ahead.
    pub fn advance(self, time: Duration) -> Self {
        self.act(Act::Advance(time))
    }

    /// Whether the state changes before or after the strike.
    pub fn commit(mut self, commit: Commit) -> Self {
        self.commit = Some(commit);
        self
    }

    /// What befalls a request, with everything settled.
    #[must_use]
    pub fn settled(&self) -> Strike {
        let answers = self.strike.fault.is_some() || self.strike.reply.is_some();
        let plain = if answers {
            Commit::After
        } else {
            Commit::Before
        };
        Strike {
            commit: self.commit.unwrap_or(plain),
            ..self.strike.clone()
        }
    }

    fn defect(mut self, defect: Defect) -> Self {
        self.strike.defect = Some(defect);
        self
    }

    fn act(mut self, act: Act) -> Self {
        self.strike.acts.push(act);
        self
    }
}

/// A reply of a cue with a body; `Content-Type` is added where the header fields name none.
pub(super) fn with_body(mut reply: Reply, body: Bytes, media: &str) -> Reply {
    if !reply.headers.contains("Content-Type") {
        reply.headers.append("Content-Type", media);
    }
    reply.body = body;
    reply
}
