use super::{Refused, Service, Session, Start, batch::Memory, built_in};
use crate::{
    hpc_pack::{Quirk, Quirks, Settings},
    mock::{Ids, Moment},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

/// All sessions.
///
/// # Why
/// Looking a session up takes a read lock for as long as it takes to clone an `Arc`; what happens in one
/// session never holds up another.
#[derive(Debug)]
pub(crate) struct Soa {
    sessions: RwLock<HashMap<i32, Arc<Session>>>,
    /// Ids of sessions that were ended, oldest first, so that the oldest can be forgotten.
    ended: Mutex<VecDeque<i32>>,
    ids: Ids,
    last_id: AtomicI32,
    services: Vec<Service>,
    limit: usize,
    durable: bool,
    pub(super) batch_limit: usize,
    pub(super) batch_size_limit: usize,
    pub(super) memory: Arc<Memory>,
    pub(super) request_time: Duration,
    pub(super) response_wait: Duration,
    pub(super) quirks: Quirks,
}

impl Soa {
    /// No sessions yet.
    pub(crate) fn new(settings: &Settings, quirks: Quirks, ids: Ids) -> Self {
        Self {
            ids,
            sessions: RwLock::default(),
            ended: Mutex::default(),
            last_id: AtomicI32::new(0),
            services: settings
                .services
                .iter()
                .cloned()
                .chain(built_in())
                .collect(),
            limit: settings.session_limit,
            durable: settings.durable,
            batch_limit: settings.batch_limit,
            batch_size_limit: settings.batch_size_limit,
            memory: Arc::new(Memory::new(settings.batch_memory)),
            request_time: settings.request_time,
            response_wait: settings.response_wait,
            quirks,
        }
    }

    /// Creates a session.
    ///
    /// # Errors
    /// Where service or version are unknown, durable sessions cannot be had, or there are too many.
    pub(crate) fn create(
        &self,
        start: Start,
        durable: bool,
        now: Moment,
    ) -> Result<Arc<Session>, Refused> {
        if durable && !self.durable && !self.quirks.has(Quirk::DurableInAzure) {
            return Err(Refused::NoDurableSessions);
        }
        self.check_service(&start)?;
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut ended = self.ended();
        if sessions.len() - ended.len().min(sessions.len()) >= self.limit {
            let over = |session: &Arc<Session>| !session.is_open(now);
            let known: std::collections::HashSet<i32> = ended.iter().copied().collect();
            let mut late: Vec<i32> = sessions
                .values()
                .filter(|session| over(session) && !known.contains(&session.id))
                .map(|session| session.id)
                .collect();
            late.sort_unstable();
            if late.is_empty() {
                return Err(Refused::TooManySessions);
            }
            for id in &late {
                sessions[id].batches.clear();
            }
            ended.extend(late);
        }
        while ended.len() > self.limit {
            if let Some(oldest) = ended.pop_front() {
                sessions.remove(&oldest);
            }
        }
        let id = if self.quirks.has(Quirk::SessionIdsRepeat) {
            1
        } else {
            self.fresh_id(&sessions)
        };
        let session = Arc::new(Session::new(id, durable, start, now));
        sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// The open session of that id, for somebody who connects to it.
    ///
    /// # Errors
    /// Where there is none, it has ended, or is not of that kind.
    pub(crate) fn attach(
        &self,
        id: i32,
        durable: bool,
        now: Moment,
    ) -> Result<Arc<Session>, Refused> {
        let any_kind = self.quirks.has(Quirk::AttachMismatch);
        if durable && !self.durable && !any_kind && !self.quirks.has(Quirk::DurableInAzure) {
            return Err(Refused::NoDurableSessions);
        }
        let session = self.session(id)?;
        if session.durable != durable && !any_kind {
            return Err(if session.durable {
                Refused::SessionIsDurable
            } else {
                Refused::SessionIsInteractive
            });
        }
        match session.touch(now) {
            Err(_) if self.quirks.has(Quirk::AttachOfClosed) => Ok(session),
            Err(refused) => Err(refused),
            Ok(()) => Ok(session),
        }
    }

    /// Ends a session and forgets its batches.
    ///
    /// # Errors
    /// Where there is none of that id, or it has ended before.
    pub(crate) fn close(&self, id: i32, now: Moment) -> Result<(), Refused> {
        let session = self.session(id)?;
        session.touch(now)?;
        if self.quirks.has(Quirk::CloseForgotten) {
            return Ok(());
        }
        if self.quirks.has(Quirk::CloseEndsAll) {
            let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
            sessions.values().for_each(|session| {
                session.end();
            });
        }
        if session.end() {
            self.ended().push_back(id);
        }
        if !self.quirks.has(Quirk::CloseKeepsResponses) {
            session.batches.clear();
        }
        Ok(())
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.clear();
        self.ended().clear();
    }

    /// Loses the open session of that id, or all that are open, as a broker does that has failed; tells how many. Those that
    /// have ended have nothing left to lose.
    pub(crate) fn drop_sessions(&self, id: Option<i32>, now: Moment) -> usize {
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = sessions.len();
        sessions.retain(|known, session| {
            let dropped = id.is_none_or(|id| id == *known) && session.is_open(now);
            if dropped {
                session.batches.clear();
            }
            !dropped
        });
        before - sessions.len()
    }

    /// The session of that id, open or not.
    pub(super) fn session(&self, id: i32) -> Result<Arc<Session>, Refused> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&id) {
            return Ok(Arc::clone(session));
        }
        if self.quirks.has(Quirk::AttachIgnoresId)
            && let Some(session) = sessions.values().next()
        {
            return Ok(Arc::clone(session));
        }
        Err(Refused::UnknownSession)
    }

    /// The service of that name; where a quirk let a session in for one that is not there, the first.
    pub(super) fn service(&self, name: &str) -> &Service {
        self.find_service(name)
            .or(self.services.first())
            .expect("echo services are built in")
    }

    fn find_service(&self, name: &str) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.name.eq_ignore_ascii_case(name))
    }

    fn check_service(&self, start: &Start) -> Result<(), Refused> {
        match (self.find_service(&start.service), start.version) {
            (None, _) if !self.quirks.has(Quirk::UnknownServiceAccepted) => {
                Err(Refused::UnknownService(start.service.clone()))
            }
            (Some(service), Some(version))
                if !service.versions.contains(&version)
                    && !self.quirks.has(Quirk::UnknownServiceVersionAccepted) =>
            {
                Err(Refused::UnknownServiceVersion)
            }
            _ => Ok(()),
        }
    }

    /// An id that no session has, and that nobody can guess as far as 31 bits allow, unless a seed was asked for.
    fn fresh_id(&self, taken: &HashMap<i32, Arc<Session>>) -> i32 {
        loop {
            let id = if self.ids.are_seeded() {
                self.last_id.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
            } else {
                // The page says Int32; clients that exist take a positive one.
                (self.ids.next() as i32) & i32::MAX
            };
            if id > 0 && !taken.contains_key(&id) {
                return id;
            }
        }
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<i32>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
