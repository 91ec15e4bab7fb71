use super::{
    body::Unframed,
    connection::{Connection, Flow, Turn},
    head::WireHead,
    intake::Halt,
    send::Payload,
};
use crate::{
    message::{Reply, Request, Version},
    mock::{
        Act, Admin, Answer, Begin, BodyLength, Commit, Defect, Ending, Head, Outcome, Refusal,
        Sessions, Strike,
        admin::{AdminBody, Backstage, is_admin},
        journal::Record,
    },
};
use bytes::Buf as _;
use std::{sync::Arc, time::Duration};
use tokio::task::yield_now;

impl Connection {
    /// Lets a request in, has it answered, and says how the connection goes on.
    pub(super) async fn exchange(&mut self, wire: WireHead) -> Flow {
        let door = Arc::clone(&self.door);
        let now = door.clock.now();
        let admin = door
            .admin
            .as_ref()
            .filter(|_| is_admin(wire.request.path()));
        let record = match admin {
            Some(_) => Record::hidden(&self.buf[..wire.size]),
            None => door
                .journal
                .record(self.number, now, &self.buf[..wire.size]),
        };
        self.buf.advance(wire.size);
        let mut turn = Turn {
            head: wire.request.method == "HEAD",
            old: wire.request.version == Version::Http10,
            closes: wire.closes,
            expects: wire.expects,
            body: Unframed::new(wire.length),
            read: 0,
            drained: false,
            record,
        };
        let mut head = Head {
            request: wire.request,
            length: wire.length,
            peer: Some(self.peer),
            connection: self.number,
            tls: self.secure,
            user: None,
        };
        if let Some(admin) = admin {
            return self.administer(admin.as_ref(), &head, turn).await;
        }
        if let Some(reply) = self.guard.admit(&door.auth, &mut head, door.model.as_ref()) {
            return match self.pass_over(&mut turn).await {
                Ok(()) => self.send(turn, Payload::Reply(reply), None).await,
                Err(halt) => self.halted(&head, turn, halt).await,
            };
        }
        if matches!(head.length, BodyLength::Bytes(bytes) if bytes > door.limits.body_bytes) {
            let reply = door.model.refuse(&head, Refusal::BodyTooLarge);
            turn.closes = true;
            return self.send(turn, Payload::Reply(reply), None).await;
        }
        let mut strike = door.cues.as_ref().and_then(|cues| cues.strike(&head, now));
        turn.record.cue = strike.as_mut().and_then(|strike| strike.cue.take());
        match strike {
            None => self.converse(&head, turn, None).await,
            Some(strike) if strike.commit == Commit::Before => {
                self.converse(&head, turn, Some(strike)).await
            }
            Some(strike) => self.struck_first(&head, turn, strike).await,
        }
    }

    /// Has the model answer, and sends what it says, or what the strike leaves of it.
    async fn converse(&mut self, head: &Head, mut turn: Turn, strike: Option<Strike>) -> Flow {
        let door = Arc::clone(&self.door);
        let Strike {
            reply,
            fault,
            acts,
            delay,
            defect,
            ..
        } = strike.unwrap_or_default();
        let (defect, upload) = match defect {
            Some(Defect::Upload(bytes, then)) => (None, Some((bytes, then))),
            defect => (defect, None),
        };
        let answer = match door.model.begin(head, door.clock.now()) {
            Begin::Answer(answer) if upload.is_none() => match self.pass_over(&mut turn).await {
                Ok(()) => answer,
                Err(halt) => {
                    self.abandon(&answer);
                    return self.halted(head, turn, halt).await;
                }
            },
            Begin::Answer(answer) => match self.intake(&mut turn, None, upload).await {
                Ok(_) => answer,
                Err(halt) => {
                    self.abandon(&answer);
                    self.act(&acts, head);
                    return self.halted(head, turn, halt).await;
                }
            },
            Begin::Body(sink) => match self.feed(&mut turn, sink, upload).await {
                Ok(answer) => answer,
                Err(halt) => {
                    self.act(&acts, head);
                    return self.halted(head, turn, halt).await;
                }
            },
        };
        let Some(payload) = self.settle(answer).await else {
            door.journal.keep(turn.record, Ending::Gone);
            return Flow::Drop;
        };
        self.act(&acts, head);
        if let Some((_, then)) = upload {
            // The request was over before the place in it came.
            return self.halted(head, turn, Halt::Struck(then)).await;
        }
        if !self.delayed(delay).await {
            door.journal.keep(turn.record, Ending::Gone);
            return Flow::Drop;
        }
        let instead = reply.or_else(|| self.fault(fault.as_deref(), head));
        let payload = instead.map_or(payload, Payload::Reply);
        self.send(turn, payload, defect).await
    }

    /// Strikes before the model has seen anything, and asks it only where the strike leaves it something to say.
    async fn struck_first(&mut self, head: &Head, mut turn: Turn, strike: Strike) -> Flow {
        self.act(&strike.acts, head);
        if !self.delayed(strike.delay).await {
            self.door.journal.keep(turn.record, Ending::Gone);
            return Flow::Drop;
        }
        let upload = match strike.defect {
            Some(Defect::Upload(bytes, then)) => Some((bytes, then)),
            _ => None,
        };
        if upload.is_none() && !strike.replaces_reply() {
            let rest = Strike {
                acts: Vec::new(),
                delay: Duration::ZERO,
                ..strike
            };
            return self.converse(head, turn, Some(rest)).await;
        }
        let taken = self.intake(&mut turn, None, upload).await;
        let halt = taken.err().or(upload.map(|(_, then)| Halt::Struck(then)));
        if let Some(halt) = halt {
            return self.halted(head, turn, halt).await;
        }
        let fault = strike.fault.as_deref();
        let reply = strike.reply.or_else(|| self.fault(fault, head));
        let reply = reply.unwrap_or_else(|| Reply::new(500));
        self.send(turn, Payload::Reply(reply), strike.defect).await
    }

    /// Does to the server what a cue says.
    fn act(&self, acts: &[Act], head: &Head) {
        let door = &self.door;
        for act in acts {
            match act {
                Act::DropSession => {
                    door.model
                        .drop_sessions(Sessions::Of(head), door.clock.now());
                }
                Act::Restart => door.restart(),
                Act::Advance(by) => door.clock.advance(*by),
            }
        }
    }

    fn fault(&self, id: Option<&str>, head: &Head) -> Option<Reply> {
        let door = &self.door;
        id.and_then(|id| door.model.fault(id, head, door.clock.now()))
    }

    /// Answers a request to the admin interface: no cue strikes it, no credentials of the mock are asked for, and the
    /// journal does not show it.
    async fn administer(&mut self, admin: &Admin, head: &Head, mut turn: Turn) -> Flow {
        let mut body = AdminBody::default();
        let mut too_large = AdminBody::is_beyond(head.length);
        if !too_large {
            match self.intake(&mut turn, Some(&mut body), None).await {
                Ok(early) => too_large = early.is_some(),
                Err(halt) => return self.halted(head, turn, halt).await,
            }
        }
        // What is left of it is not waited for.
        turn.closes |= too_large;
        let request = Request {
            body: body.into_bytes(),
            ..head.request.clone()
        };
        let door = &self.door;
        let stage = Backstage {
            model: &door.model,
            clock: &door.clock,
            journal: &door.journal,
            listen: door.addr,
            secure: self.secure,
            restart: &|| door.restart(),
        };
        let reply = admin.answer(&stage, &request, too_large);
        self.send(turn, Payload::Reply(reply), None).await
    }

    /// Follows the waits of a model to its reply; none where the client went away.
    async fn settle(&mut self, mut answer: Answer) -> Option<Payload> {
        let door = Arc::clone(&self.door);
        loop {
            let (token, outcome) = match answer {
                Answer::Reply(reply) => return Some(Payload::Reply(reply)),
                Answer::File {
                    head,
                    file,
                    start,
                    length,
                } => {
                    return Some(Payload::File {
                        head,
                        file,
                        start,
                        length,
                    });
                }
                Answer::Wait { until, token } => tokio::select! {
                    biased;
                    // A model that has much to do waits for nothing but lets others have their turn.
                    () = async {
                        yield_now().await;
                        door.clock.reach(until).await;
                    } => (token, Outcome::Woke),
                    () = self.gone() => (token, Outcome::Gone),
                },
                Answer::Ask {
                    origin,
                    request,
                    timeout,
                    token,
                } => tokio::select! {
                    biased;
                    result = super::ask::ask(&door.clock, &origin, &request, timeout) => {
                        (token, Outcome::Answered(result))
                    }
                    () = self.gone() => (token, Outcome::Gone),
                },
            };
            let left = matches!(outcome, Outcome::Gone);
            answer = door.model.resume(token, outcome, door.clock.now());
            if left {
                self.abandon(&answer);
                return None;
            }
        }
    }

    /// Tells the model that an answer it waits for, or wants to give, has nobody to go to.
    pub(super) fn abandon(&self, answer: &Answer) {
        let (model, clock) = (&self.door.model, &self.door.clock);
        if let Answer::Wait { token, .. } | Answer::Ask { token, .. } = answer {
            // Whatever it says to that, nobody hears it.
            drop(model.resume(*token, Outcome::Gone, clock.now()));
        }
    }

    /// Waits on the mock's clock; false where the client went away meanwhile.
    pub(super) async fn delayed(&mut self, delay: Duration) -> bool {
        if delay.is_zero() {
            return true;
        }
        let clock = self.door.clock.clone();
        let until = clock.now().after(delay);
        tokio::select! {
            biased;
            () = clock.reach(until) => true,
            () = self.gone() => false,
        }
    }
}
