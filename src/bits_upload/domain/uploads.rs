use super::{
    Destination, Fault, Refusal, Span, Store,
    session::{Phase, Session},
    span::{Plan, plan},
    store::Found,
    ticket::Ticket,
};
use crate::{
    bits_upload::{
        CheckAt, CloseReplay, Durability, LastFragmentAgain, MissingFolder, Quirk, SessionPath,
        Settings, quirks::Quirks,
    },
    mock::{Ids, Moment},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How many closed sessions are remembered for `close-replay=ok`.
const REMEMBERED: usize = 10_000;

/// A session that several requests may hold. Its lock covers its own bytes and nothing else.
pub(crate) type Shared = Arc<Mutex<Session>>;

/// All sessions and files of a server, and what may be done with them.
#[derive(Debug)]
pub(crate) struct Uploads {
    pub(crate) settings: Settings,
    pub(crate) quirks: Quirks,
    pub(crate) store: Box<dyn Store>,
    ids: Ids,
    live: RwLock<HashMap<String, Shared>>,
    closed: Mutex<VecDeque<(String, Destination)>>,
    serial: AtomicU64,
    swept: AtomicU64,
}

/// What a complete upload comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The client is told of success.
    Done {
        /// With this offset.
        offset: u64,
        /// With this reply URL.
        reply_url: Option<String>,
    },
    /// The application is to be told first.
    Notify,
}

pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Session> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Uploads {
    /// The sessions that the store still knows, and room for new ones.
    pub(crate) fn new(
        settings: Settings,
        quirks: Quirks,
        store: Box<dyn Store>,
        ids: Ids,
        now: Moment,
    ) -> Self {
        let uploads = Self {
            settings,
            quirks,
            store,
            ids,
            live: RwLock::default(),
            closed: Mutex::default(),
            serial: AtomicU64::new(1),
            swept: AtomicU64::new(now.0),
        };
        uploads.recover(now);
        uploads
    }

    pub(super) fn closed(&self) -> MutexGuard<'_, VecDeque<(String, Destination)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a quirk is on.
    pub(crate) fn quirk(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }

    /// Forgets what memory holds and reads what the store does.
    pub(crate) fn recover(&self, now: Moment) {
        let before = {
            let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *live)
        };
        // Never while the map is locked: who holds a session may be waiting for the map.
        for shared in before.values() {
            let mut session = lock(shared);
            let _ = session.entity.rest(false);
            session.writer += 1;
            session.phase = Phase::Ended;
        }
        self.closed().clear();
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Vec::new();
        for (record, entity) in self.store.recover() {
            if self.quirk(Quirk::ForgetsSessionsOnRestart) {
                self.store.forget(&record.id);
                continue;
            }
            if record.phase == Phase::Ended {
                ended.push((record, entity));
                continue;
            }
            let Some(session) = Session::recovered(record, entity, now) else {
                continue;
            };
            self.serial.fetch_max(session.serial + 1, Ordering::Relaxed);
            live.insert(session.id.clone(), Arc::new(Mutex::new(session)));
        }
        drop(live);
        ended.sort_by_key(|(record, _)| record.serial);
        for (record, mut entity) in ended {
            entity.delete();
            match Destination::from_segments(&record.destination) {
                Ok(to) if self.settings.close_replay == CloseReplay::Ok => {
                    self.remember(record.id, to);
                }
                _ => self.store.forget(&record.id),
            }
        }
    }

    /// Opens a session and tells its id.
    ///
    /// # Errors
    /// Where nobody may upload there, or there is no room for another session.
    pub(crate) fn create(
        &self,
        destination: Destination,
        user: Option<String>,
        connection: u64,
        now: Moment,
    ) -> Result<String, Fault> {
        if self.settings.script_execute {
            return Err(Fault::Executable);
        }
        self.check_destination(&destination)?;
        self.sweep(now);
        if self.quirk(Quirk::RefusesASecondUpload) && self.count() > 0 {
            return Err(Fault::TooManySessions);
        }
        if self.quirk(Quirk::SharesASessionPerUrl)
            && let Some(first) = self.latest(&destination)
        {
            return Ok(lock(&first).id.clone());
        }
        if self
            .settings
            .max_sessions
            .is_some_and(|max| self.count() >= max)
        {
            return Err(Fault::TooManySessions);
        }
        self.shed(user.as_deref());
        let id = self.new_id();
        let session = Session {
            entity: self.store.entity(&id),
            id: id.clone(),
            destination,
            user,
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            connection,
            active: now,
            total: None,
            phase: Phase::Receiving,
            writer: 0,
            confirmed: 0,
            untold: 0,
            publishing: false,
        };
        self.save(&session)?;
        let shared = Arc::new(Mutex::new(session));
        self.live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), shared);
        Ok(id)
    }

    fn check_destination(&self, destination: &Destination) -> Result<(), Fault> {
        let quirky = self.quirk(Quirk::AcceptsAFolderAsDestination);
        if destination.is_folder() && !quirky {
            return Err(Fault::IsFolder);
        }
        match self.store.look(destination)? {
            Found::Folder if !quirky => return Err(Fault::IsFolder),
            Found::File if self.settings.check_at == CheckAt::Create && !self.may_overwrite() => {
                return Err(Fault::Exists);
            }
            Found::File | Found::Folder | Found::Nothing => {}
        }
        if self.settings.missing_folder == MissingFolder::NotFound
            && !self.store.has_folder(destination)
        {
            return Err(Fault::NoFolder);
        }
        Ok(())
    }

    pub(super) fn may_overwrite(&self) -> bool {
        self.settings.overwrite || self.quirk(Quirk::OverwritesExistingFiles)
    }

    fn new_id(&self) -> String {
        if self.quirk(Quirk::ReusesSessionIds) {
            return "{5E551017-0000-4000-8000-000000000001}".to_owned();
        }
        let mut guid = self.ids.guid();
        // Seeded ids begin anew with each start of the server, and sessions of the last one may live.
        while self.is_live(&guid) {
            guid = self.ids.guid();
        }
        if self.quirk(Quirk::GivesOverlongSessionIds) {
            return format!("{}{}", guid.trim_matches(['{', '}']), "0".repeat(100));
        }
        if self.quirk(Quirk::GivesPlainSessionIds) {
            return guid
                .trim_matches(['{', '}'])
                .replace('-', "")
                .to_lowercase();
        }
        guid
    }

    fn is_live(&self, id: &str) -> bool {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.contains_key(id)
    }

    fn count(&self) -> u64 {
        self.live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len() as u64
    }

    /// All live sessions, in no order, none of them locked.
    pub(super) fn all(&self) -> Vec<Shared> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.values().cloned().collect()
    }

    /// The session created last for a destination.
    pub(crate) fn latest(&self, destination: &Destination) -> Option<Shared> {
        self.all()
            .into_iter()
            .filter(|shared| lock(shared).destination == *destination)
            .max_by_key(|shared| lock(shared).serial)
    }

    /// Drops sessions that made no progress for too long; looks through all of them once a minute.
    fn sweep(&self, now: Moment) {
        let before = self.swept.load(Ordering::Relaxed);
        if now.since(Moment(before)) < Duration::from_secs(60) {
            return;
        }
        self.swept.store(now.0, Ordering::Relaxed);
        for shared in self.all() {
            let mut session = lock(&shared);
            if self.is_stale(&session, now) {
                self.end(&mut session);
            }
        }
    }

    fn is_stale(&self, session: &Session, now: Moment) -> bool {
        if self.quirk(Quirk::KeepsStaleSessions) {
            return false;
        }
        let idle = now.since(session.active);
        idle >= Duration::from_secs(self.settings.session_timeout)
    }

    /// Makes room for another session of a user.
    fn shed(&self, user: Option<&str>) {
        let Some(most) = self.settings.sessions_per_user else {
            return;
        };
        let mut own: Vec<_> = self
            .all()
            .into_iter()
            .filter(|shared| lock(shared).user.as_deref() == user)
            .collect();
        own.sort_by_key(|shared| lock(shared).serial);
        let keep = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        for shared in own.iter().skip(keep) {
            self.end(&mut lock(shared));
        }
    }

    /// The live session of that id.
    ///
    /// # Errors
    /// [`Fault::NoSession`], or [`Fault::OtherUrl`] where it belongs to another destination.
    pub(crate) fn find(
        &self,
        id: &str,
        destination: &Destination,
        connection: u64,
        now: Moment,
    ) -> Result<Shared, Fault> {
        let shared = {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            live.get(id).cloned().ok_or(Fault::NoSession)?
        };
        {
            let mut session = lock(&shared);
            let foreign = self.quirk(Quirk::ForgetsSessionsWithTheConnection)
                && session.connection != connection;
            if session.phase == Phase::Ended || foreign {
                return Err(Fault::NoSession);
            }
            if self.is_stale(&session, now) {
                self.end(&mut session);
                return Err(Fault::NoSession);
            }
            let same = session.destination == *destination;
            if !same && self.settings.session_path == SessionPath::Check {
                return Err(Fault::OtherUrl);
            }
        }
        Ok(shared)
    }

    /// Takes a fragment in, or says why not. Whoever wrote before for this session stops.
    ///
    /// # Errors
    /// With the offset expected: that the range, the total or the size is wrong, or does not start there.
    pub(crate) fn admit(
        &self,
        shared: &Shared,
        span: Span,
        now: Moment,
    ) -> Result<Ticket, Refusal> {
        let mut session = lock(shared);
        if session.phase == Phase::Ended {
            return Err(Fault::NoSession.into());
        }
        if !session.is_published() {
            session.entity.look();
        }
        let offset = session.offset();
        let changed = session.total.is_some_and(|total| total != span.total);
        if changed && !self.quirk(Quirk::AcceptsAChangedTotal) {
            return Err(Fault::TotalChanged.at(offset));
        }
        if span.total > self.settings.max_upload_size.unwrap_or(u64::MAX)
            && !self.quirk(Quirk::AcceptsTooLargeUploads)
        {
            return Err(Fault::UploadTooLarge.at(offset));
        }
        if span.len() > self.settings.max_fragment_size.unwrap_or(u64::MAX) {
            if self.quirk(Quirk::EndsTheSessionOn413) {
                self.end(&mut session);
            }
            return Err(Fault::FragmentTooLarge.at(offset));
        }
        let refused = (self.quirk(Quirk::RefusesSingleBytes) && span.len() == 1)
            || (self.quirk(Quirk::RefusesLargeTotals) && span.total >> 32 != 0);
        if refused {
            return Err(Fault::BadRange.at(offset));
        }
        let told = matches!(session.phase, Phase::Waiting { .. });
        let repeated = session.is_complete() && span.is_last() && span.first <= offset;
        if repeated && told {
            if self.quirk(Quirk::RefusesTheLastFragmentAgain) {
                return Err(Fault::Storage.at(offset));
            }
            if self.settings.last_fragment_again == LastFragmentAgain::OutOfStep {
                return Err(Fault::OutOfStep.at(offset));
            }
        }
        let plan = plan(span, offset, repeated, self.settings.overlap, self.quirks);
        if plan == Plan::OutOfStep {
            return Err(Fault::OutOfStep.at(offset));
        }
        // Who stores nothing takes nothing over.
        if plan != Plan::Drop {
            session.writer += 1;
        }
        let begins = session.total.is_none();
        if begins || changed {
            let before = session.total.replace(span.total);
            // What is not written down must be so with the next fragment: after a kill an upload without a total is
            // never complete.
            self.save(&session).map_err(|fault| {
                session.total = before;
                fault.at(offset)
            })?;
        }
        session.active = now;
        Ok(Ticket::new(
            Arc::clone(shared),
            session.writer,
            span,
            plan,
            offset,
            begins,
        ))
    }

    /// What a Ping does to sessions of its URL: nothing, unless a quirk is on.
    pub(crate) fn ping(&self, destination: &Destination) {
        let (resets, ends) = (
            self.quirk(Quirk::PingResetsTheUpload),
            self.quirk(Quirk::PingEndsTheSession),
        );
        if !(resets || ends) {
            return;
        }
        while let Some(shared) = self.latest(destination) {
            let mut session = lock(&shared);
            if ends {
                self.end(&mut session);
            } else {
                let _ = session.entity.cut_to(0);
                session.phase = Phase::Receiving;
                return;
            }
        }
    }

    /// Keeps in mind that a session was closed.
    pub(super) fn remember(&self, id: String, destination: Destination) {
        let mut closed = self.closed();
        if closed.len() >= REMEMBERED
            && let Some((oldest, _)) = closed.pop_front()
        {
            self.store.forget(&oldest);
        }
        closed.push_back((id, destination));
    }

    /// Ends a session: its bytes, its record and its reply go, and later packets do not find it.
    pub(crate) fn end(&self, session: &mut Session) {
        self.store.forget(&session.id);
        self.release(session);
    }

    /// Ends the session of that id, or all of them; tells how many.
    pub(crate) fn drop_sessions(&self, id: Option<&str>) -> usize {
        let meant = self.all().into_iter().filter(|shared| {
            let mut session = lock(shared);
            let drops = id.is_none_or(|id| session.id == id) && session.phase != Phase::Ended;
            if drops {
                self.end(&mut session);
            }
            drops
        });
        meant.count()
    }

    /// The offset that the session of that id expects next; none where there is no such session.
    pub(crate) fn offset_of(&self, id: &str) -> Option<u64> {
        let shared = {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            live.get(id).cloned()?
        };
        Some(lock(&shared).offset())
    }

    /// Ends a session, but leaves its record, which says that it was closed.
    pub(super) fn release(&self, session: &mut Session) {
        session.phase = Phase::Ended;
        session.writer += 1;
        session.entity.delete();
        self.live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&session.id);
    }

    pub(super) fn save(&self, session: &Session) -> Result<(), Fault> {
        let sync = self.settings.durability == Durability::Fsync;
        let saved = self.store.save(&session.record(), sync);
        saved.map_err(|error| Fault::from(&error))
    }

    /// The last session that was created, whatever its destination (for a quirk).
    pub(crate) fn newest(&self) -> Option<Shared> {
        self.all()
            .into_iter()
            .max_by_key(|shared| lock(shared).serial)
    }
}
