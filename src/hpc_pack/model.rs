use super::{
    Hosting, Quirk, Quirks, SUITE, Settings,
    collected::{Collected, Share},
    domain::{Cluster, Most, Scheduler, Script, Setup},
    quirks, settings,
    soa::Soa,
    wire::{
        Accepts, Call, FAULTS, Fault, Flow, Found, HEADER_NAMES, Media, Query, Rest, Route, Rules,
        Shape, Stated, WireReply, code, cued, dispatch, find, mask, mask_reply, negotiate, rules,
        shape,
    },
};
use crate::{
    message::{Framing, Reply, Request},
    mock::{
        self, Answer, Begin, BodyEnd, BodyLength, Head, Ids, Kind, Model, Moment, Options, Outcome,
        Refusal, Sessions, SettingError, Sink, Token,
    },
};
use std::{
    any::Any,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// How `serve`, `check` and `cargo test` start the head node.
pub static KIND: Kind = Kind {
    suite: SUITE,
    settings: &settings::LISTED,
    quirks: quirks::LISTED,
    faults: &FAULTS,
    start,
};

fn start(options: &Options) -> Result<Arc<dyn Model>, SettingError> {
    let mut settings = Settings::default();
    for (name, value) in &options.set {
        settings.set(name, value)?;
    }
    Ok(Arc::new(HeadNode::new(
        settings,
        Quirks::read(&options.quirks)?,
        options.ids.clone(),
    )))
}

/// The head node: its state, and the way of a request through it.
#[derive(Debug)]
pub struct HeadNode {
    pub(crate) settings: Settings,
    pub(crate) quirks: Quirks,
    pub(crate) ids: Ids,
    pub(crate) soa: Soa,
    scheduler: Mutex<Scheduler>,
    /// How many threads wait for it.
    at_the_lock: AtomicUsize,
    waiting: Mutex<HashMap<Token, Waiting>>,
    /// What the bodies that are on their way hold together.
    bodies: Arc<AtomicUsize>,
    tokens: AtomicU64,
}

/// How often a long piece of work stands back before it goes on all the same: for ever there would always be somebody.
const MOST_YIELDS: usize = 1_000;

/// A call that is made again later.
#[derive(Debug)]
struct Waiting {
    head: Head,
    body: Vec<u8>,
    /// What the body holds of the room of all bodies.
    share: Option<Share>,
    since: Moment,
    /// What is left to do, where a part is done.
    rest: Option<Rest>,
}

/// How the reply to a request is told, also where it is refused.
#[derive(Clone, Copy, Debug)]
struct Manner {
    route: Option<&'static Route>,
    shape: Shape,
}

impl HeadNode {
    /// A head node without jobs and sessions.
    pub(crate) fn new(settings: Settings, quirks: Quirks, ids: Ids) -> Self {
        let scheduler = new_scheduler(&settings, quirks, &ids);
        Self {
            soa: Soa::new(&settings, quirks, ids.clone()),
            scheduler: Mutex::new(scheduler),
            at_the_lock: AtomicUsize::new(0),
            settings,
            quirks,
            ids,
            waiting: Mutex::default(),
            bodies: Arc::default(),
            tokens: AtomicU64::new(0),
        }
    }

    /// A head node with ids that repeat.
    #[cfg(test)]
    pub(crate) fn for_test(settings: Settings) -> Self {
        Self::new(settings, Quirks::default(), Ids::seeded(1))
    }

    /// The scheduler, for as short a time as can be.
    pub(crate) fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.at_the_lock.fetch_add(1, Ordering::Relaxed);
        let guard = self
            .scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.at_the_lock.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    /// How many threads wait for the scheduler.
    #[cfg(test)]
    pub(crate) fn threads_at_the_lock(&self) -> usize {
        self.at_the_lock.load(Ordering::Relaxed)
    }

    /// Lets those go first who wait for the scheduler.
    ///
    /// # Why
    /// The lock goes to whoever comes first when it is free, and that would be who has just let it go and wants it again
    /// for the next slice of a long piece of work: the others are not awake yet.
    pub(crate) fn give_way(&self) {
        for _ in 0..MOST_YIELDS {
            if self.at_the_lock.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Reads a head: the call it makes, without its body, or how it is refused.
    fn read<'a>(&self, head: &'a Head, now: Moment) -> (Manner, Result<Call<'a>, Fault>) {
        let request = &head.request;
        let query = Query(request.query());
        let stated = Stated::read(&request.headers, query, self.quirks);
        let found = find(&request.method, request.path(), &self.settings, self.quirks);
        let route = match found {
            Found::Route(route, _) => Some(route),
            Found::OtherMethods(_) | Found::Nothing => None,
        };
        let accept = match route {
            Some(route) if route.rules == Rules::Soa => self.accept(head),
            _ => Media::Xml,
        };
        let manner = Manner {
            route,
            shape: self.shape(head, route, stated, accept),
        };
        let call = match found {
            Found::Nothing => Err(Fault::new(
                404,
                code::GENERAL,
                "There is nothing at this address.",
            )),
            Found::OtherMethods(methods) => Err(Fault::new(
                405,
                code::GENERAL,
                "This address is not there for that method.",
            )
            .header("Allow", methods.join(", "))),
            Found::Route(route, params) => rules::check(self, route, stated, head).map(|()| Call {
                route,
                params,
                query,
                version: stated.known(),
                accept,
                head,
                body: &[],
                now,
                waiting_since: None,
            }),
        };
        (manner, call)
    }

    fn accept(&self, head: &Head) -> Media {
        let accept = head.request.headers.get("Accept");
        if self.quirks.has(Quirk::AcceptIgnored) {
            Media::Xml
        } else if accept.is_none() && self.quirks.has(Quirk::AcceptDefaultsToJson) {
            Media::Json
        } else {
            negotiate(accept)
        }
    }

    fn shape(&self, head: &Head, route: Option<&Route>, stated: Stated, accept: Media) -> Shape {
        if accept == Media::Json {
            return Shape::Json;
        }
        let ccp = head.request.headers.contains("CCP_Version");
        let rules = route.map_or(Rules::Sp2, |route| route.rules);
        match shape(rules, stated, ccp, self.settings.ccp_decides) {
            Shape::Legacy if self.quirks.has(Quirk::FaultWithoutVersion) => Shape::Xml,
            Shape::Xml if stated != Stated::Absent && self.quirks.has(Quirk::LegacyWithVersion) => {
                Shape::Legacy
            }
            shape => shape,
        }
    }

    /// Carries out a call and answers it, or notes what is needed to make it again.
    fn carry_out(&self, manner: Manner, call: &Call<'_>) -> Answer {
        self.answer(manner, call, dispatch(self, call))
    }

    /// What a call has come to so far, as an answer.
    fn answer(&self, manner: Manner, call: &Call<'_>, flow: Result<Flow, Fault>) -> Answer {
        let (until, rest) = match flow {
            Ok(Flow::Reply(reply)) => return Answer::Reply(self.dress(manner, reply, call.now)),
            Err(fault) => return Answer::Reply(self.refusal(manner, fault, call.now)),
            Ok(Flow::Wait(until)) => (until, None),
            Ok(Flow::Rest(rest)) => (call.now, Some(rest)),
        };
        let token = Token(self.tokens.fetch_add(1, Ordering::Relaxed));
        let waiting = Waiting {
            head: call.head.clone(),
            body: call.body.to_vec(),
            share: None,
            since: call.waiting_since.unwrap_or(call.now),
            rest,
        };
        self.lock_waiting().insert(token, waiting);
        Answer::Wait { until, token }
    }

    /// Lets a call that waits hold the room that its body takes.
    fn keep(&self, answer: &Answer, share: Share) {
        if let Answer::Wait { token, .. } = answer
            && let Some(waiting) = self.lock_waiting().get_mut(token)
        {
            waiting.share = Some(share);
        }
    }

    fn refusal(&self, manner: Manner, mut fault: Fault, now: Moment) -> Reply {
        let soa = manner.route.is_some_and(|route| route.rules == Rules::Soa);
        if !soa {
            fault.code = code::of_the_scheduler(fault.code);
        }
        self.dress(manner, fault.into_reply(manner.shape), now)
    }

    /// Adds what all replies have.
    fn dress(&self, manner: Manner, reply: WireReply, now: Moment) -> Reply {
        let status = reply
            .status
            .or(manner.route.map(|route| route.success))
            .unwrap_or(200);
        let mut out = Reply::new(status);
        if let Some(media) = reply.media {
            out.headers.append("Content-Type", media);
        }
        out.headers.append("Server", "Microsoft-HTTPAPI/2.0");
        if self.settings.hosting == Hosting::Azure
            && manner.route.is_none_or(Route::lists_authority_chain)
        {
            out.headers
                .append("x-ms-hpc-authoritychain", AUTHORITY_CHAIN);
        }
        for (name, value) in reply.headers {
            out.headers.append(name, value);
        }
        out.headers
            .append("Date", httpdate::fmt_http_date(now.system()));
        out.framing = if status < 400 && manner.route.is_some_and(Route::lists_transfer_encoding) {
            Framing::Chunked
        } else {
            reply.framing
        };
        out.body = reply.body;
        out
    }

    fn lock_waiting(&self) -> MutexGuard<'_, HashMap<Token, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_scheduler(settings: &Settings, quirks: Quirks, ids: &Ids) -> Scheduler {
    // Both texts were read once when they were set, so that mistakes have been told.
    let setup = Setup {
        cluster: Cluster::read(&settings.cluster_file).unwrap_or_default(),
        scripts: Script::read_all(&settings.commands).unwrap_or_default(),
        quirks,
        grace: settings.cancel_grace,
        most: Most {
            jobs: settings.job_limit,
            tasks: settings.task_limit,
            subtasks: settings.subtask_limit,
            bytes: settings.job_memory,
        },
    };
    Scheduler::new(setup, ids)
}

/// Two of the private addresses that an Azure deployment shows.
const AUTHORITY_CHAIN: &str = "10.0.0.4,10.0.0.5";

impl Model for HeadNode {
    fn begin(&self, head: &Head, now: Moment) -> Begin {
        let (manner, call) = self.read(head, now);
        let call = match call {
            Ok(call) => call,
            Err(fault) => return Begin::Answer(Answer::Reply(self.refusal(manner, fault, now))),
        };
        if call.route.accepts == Accepts::None {
            return Begin::Answer(self.carry_out(manner, &call));
        }
        let announced = match head.length {
            BodyLength::Bytes(length) => usize::try_from(length).unwrap_or(usize::MAX),
            BodyLength::Unstated | BodyLength::Chunked => 0,
        };
        let no_room = Fault::new(503, code::GENERAL, "Too many bodies are on their way.");
        let share = Share::of(&self.bodies, self.settings.body_memory);
        Begin::Body(Box::new(
            Collected::new(head.clone(), self.settings.body_limit, share)
                .room_for(announced)
                .too_large(self.refusal(manner, rules::too_large(&self.settings), now))
                .no_room(self.refusal(manner, no_room, now)),
        ))
    }

    fn end(&self, sink: Box<dyn Sink>, end: BodyEnd, now: Moment) -> Answer {
        let sink = sink
            .into_any()
            .downcast::<Collected>()
            .expect("a door gives back the sink that begin gave");
        let (manner, call) = self.read(&sink.head, now);
        match (call, end) {
            (Err(fault), _) => Answer::Reply(self.refusal(manner, fault, now)),
            (Ok(_), BodyEnd::Cut(_)) => {
                let fault = Fault::bad_request("The body ended too early.");
                Answer::Reply(self.refusal(manner, fault, now))
            }
            (Ok(call), BodyEnd::Complete) => {
                let body = &sink.body;
                let answer = self.carry_out(manner, &Call { body, ..call });
                self.keep(&answer, sink.share);
                answer
            }
        }
    }

    fn resume(&self, token: Token, outcome: Outcome, now: Moment) -> Answer {
        let waiting = self.lock_waiting().remove(&token);
        let Some(waiting) = waiting.filter(|_| matches!(outcome, Outcome::Woke)) else {
            // Nobody is there to read this any more.
            return Answer::Reply(Reply::new(408));
        };
        let (manner, call) = self.read(&waiting.head, now);
        match call {
            Err(fault) => Answer::Reply(self.refusal(manner, fault, now)),
            Ok(call) => {
                let call = Call {
                    body: &waiting.body,
                    waiting_since: Some(waiting.since),
                    ..call
                };
                let flow = match waiting.rest {
                    Some(rest) => rest.go(self),
                    None => dispatch(self, &call),
                };
                let answer = self.answer(manner, &call, flow);
                if let Some(share) = waiting.share {
                    self.keep(&answer, share);
                }
                answer
            }
        }
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Reply {
        let (code, message) = match refusal {
            Refusal::Unauthenticated => (code::AUTHENTICATION, "Credentials are needed."),
            Refusal::Rejected => (code::ACCESS_DENIED, "Access is denied."),
            Refusal::BodyTooLarge => (code::GENERAL, "The body is too large."),
            Refusal::HeadTooLarge => (code::GENERAL, "The head of the request is too large."),
            Refusal::Timeout => (code::GENERAL, "The request did not come in time."),
        };
        let (manner, _) = self.read(head, Moment::default());
        let mut reply = self.refusal(
            manner,
            Fault::new(refusal.status(), code, message),
            Moment::default(),
        );
        // No time is given here; the door adds the one it has.
        reply.headers.remove("Date");
        reply
    }

    fn header_names(&self) -> &'static [&'static str] {
        HEADER_NAMES
    }

    fn mask(&self, request: &mut Request) {
        mask(request);
    }

    fn mask_reply(&self, reply: &mut Reply) {
        mask_reply(reply);
    }

    /// Jobs and sessions are in memory, so all of them go.
    fn restart(&self, _now: Moment) {
        self.soa.clear();
        self.lock_waiting().clear();
        let fresh = new_scheduler(&self.settings, self.quirks, &self.ids);
        let old = std::mem::replace(&mut *self.scheduler(), fresh);
        // It takes long to let go of many jobs, and nobody is to wait for that at the lock.
        drop(old);
    }

    fn drop_sessions(&self, which: Sessions<'_>, now: Moment) -> usize {
        let id = match which {
            Sessions::All => return self.soa.drop_sessions(None, now),
            Sessions::Named(id) => id.parse().ok(),
            Sessions::Of(head) => match self.read(head, now).1 {
                Ok(call) if call.route.path.contains(&"{session}") => call.id(0),
                Ok(_) | Err(_) => None,
            },
        };
        id.map_or(0, |id| self.soa.drop_sessions(Some(id), now))
    }

    fn faults(&self) -> &'static [mock::Fault] {
        &FAULTS
    }

    fn fault(&self, id: &str, head: &Head, now: Moment) -> Option<Reply> {
        let fault = cued(self, id)?;
        Some(self.refusal(self.read(head, now).0, fault, now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
