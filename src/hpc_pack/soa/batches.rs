//! Batches within a session: sent to, committed, read, purged.

use super::{Delivery, Message, Reason, Refused, Session, Soa, Status, Wanted, batch::Batch};
use crate::{hpc_pack::Quirk, mock::Moment};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The batches of a session by name.
#[derive(Debug, Default)]
pub(super) struct Batches(Mutex<Named>);

#[derive(Debug, Default)]
struct Named {
    places: HashMap<String, Place>,
    /// Names that were purged, oldest first, so that the oldest can be forgotten.
    purged: VecDeque<String>,
}

/// Where a name leads.
#[derive(Debug)]
enum Place {
    Batch(Batch),
    /// There was a batch of that name.
    Purged,
}

/// The longest user data, in characters.
const LONGEST_USER_DATA: usize = 1024;
/// The longest name of a batch, in characters.
const LONGEST_NAME: usize = 128;

impl Batches {
    pub(super) fn clear(&self) {
        // A new map, so that the memory of the old one is given back.
        *self.lock() = Named::default();
    }

    fn lock(&self) -> MutexGuard<'_, Named> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Soa {
    /// Queues requests of a batch, all or none, and commits the batch where that is asked for too.
    ///
    /// # Errors
    /// Where the session is not open, the name does not do, or the batch was committed before.
    pub(crate) fn send(
        &self,
        session: i32,
        batch: &str,
        requests: Vec<Message>,
        commit: bool,
        now: Moment,
    ) -> Result<(), Refused> {
        let session = self.active(session, now)?;
        self.check_name(batch)?;
        if requests
            .iter()
            .any(|request| request.user_data.chars().count() > LONGEST_USER_DATA)
        {
            return Err(Refused::UserDataTooLong);
        }
        let service = self.service(&session.start.service);
        let requests = requests
            .into_iter()
            .map(|request| {
                let work = service.work(&request, self.request_time);
                (request, work)
            })
            .collect();
        let mut named = session.batches.lock();
        let batches = &mut named.places;
        let name = self.name(batch);
        if !matches!(batches.get(name), Some(Place::Batch(_))) {
            let mut new = Batch::new(Arc::clone(&self.memory));
            if !new.takes_room(self.batch_size_limit) {
                return Err(Refused::BatchTooLarge);
            }
            new.send(requests, commit, self.batch_size_limit, self.quirks, now)?;
            let open = batches
                .values()
                .filter(|place| matches!(place, Place::Batch(_)))
                .count();
            if open >= self.batch_limit {
                return Err(Refused::TooManyBatches);
            }
            batches.insert(name.to_owned(), Place::Batch(new));
        } else if let Some(Place::Batch(batch)) = batches.get_mut(name) {
            batch.send(requests, commit, self.batch_size_limit, self.quirks, now)?;
        }
        busy(&session, name, batches);
        Ok(())
    }

    /// Ends the requests of a batch.
    ///
    /// # Errors
    /// Where the session is not open, the batch has no request, or was committed before.
    pub(crate) fn commit(&self, session: i32, batch: &str, now: Moment) -> Result<(), Refused> {
        let session = self.active(session, now)?;
        self.check_name(batch)?;
        let mut named = session.batches.lock();
        let batches = &mut named.places;
        let name = self.name(batch);
        match batches.get_mut(name) {
            Some(Place::Batch(batch)) => batch.commit(self.quirks, now)?,
            Some(Place::Purged) => return Err(Refused::BatchPurged),
            None if self.quirks.has(Quirk::CommitOfNothing) => {}
            None => return Err(Refused::NothingToCommit),
        }
        busy(&session, name, batches);
        Ok(())
    }

    /// How far a batch is.
    ///
    /// # Errors
    /// Where the session is not open, or there is no such batch.
    pub(crate) fn status(&self, session: i32, batch: &str, now: Moment) -> Result<Status, Refused> {
        let session = self.active(session, now)?;
        self.check_name(batch)?;
        match session.batches.lock().places.get(self.name(batch)) {
            Some(Place::Batch(batch)) => Ok(batch.status(self.quirks, now)),
            Some(Place::Purged) => Err(Refused::BatchPurged),
            None => Err(Refused::UnknownBatch),
        }
    }

    /// Deletes the requests and responses of a batch. To do so again is no error.
    ///
    /// # Errors
    /// Where the session is not open, or there is no such batch.
    pub(crate) fn purge(&self, session: i32, batch: &str, now: Moment) -> Result<(), Refused> {
        let session = self.active(session, now)?;
        self.check_name(batch)?;
        let mut named = session.batches.lock();
        let Named { places, purged } = &mut *named;
        let name = self.name(batch);
        if !places.contains_key(name) {
            return Err(Refused::UnknownBatch);
        }
        if self.quirks.has(Quirk::PurgeAll) {
            places.values_mut().for_each(|place| *place = Place::Purged);
        }
        if !self.quirks.has(Quirk::PurgeForgotten)
            && !matches!(
                places.insert(name.to_owned(), Place::Purged),
                Some(Place::Purged)
            )
        {
            purged.push_back(name.to_owned());
        }
        // Purged names are remembered, but no more of them than there may be batches.
        while purged.len() > self.batch_limit {
            let oldest = purged.pop_front().unwrap_or_default();
            let again = purged.contains(&oldest);
            if !again && matches!(places.get(&oldest), Some(Place::Purged)) {
                places.remove(&oldest);
            }
        }
        Ok(())
    }

    /// Reads responses. `since` is when the reader came first, none if that is now.
    ///
    /// # Errors
    /// Where the session is not open, or there is no such batch.
    pub(crate) fn responses(
        &self,
        session: i32,
        batch: &str,
        wanted: &Wanted,
        since: Option<Moment>,
        now: Moment,
    ) -> Result<Delivery, Refused> {
        let session = self.active(session, now)?;
        self.check_name(batch)?;
        match session.batches.lock().places.get_mut(self.name(batch)) {
            None => Err(Refused::UnknownBatch),
            Some(Place::Purged) => Ok(Delivery::Now(Vec::new(), Reason::ClientPurged)),
            Some(Place::Batch(batch)) => {
                if since.is_none() {
                    batch.place_cursor(wanted, session.durable, self.quirks);
                }
                let deadline = since.unwrap_or(now).after(self.response_wait);
                Ok(batch.read(wanted, deadline, self.quirks, now))
            }
        }
    }

    /// The session, if its broker is there.
    fn active(&self, id: i32, now: Moment) -> Result<Arc<Session>, Refused> {
        let session = self.session(id)?;
        match session.touch(now) {
            Err(_) if !self.quirks.has(Quirk::CloseKeepsResponses) => Err(Refused::BrokerNotActive),
            _ => Ok(session),
        }
    }

    fn name<'n>(&self, batch: &'n str) -> &'n str {
        if self.quirks.has(Quirk::BatchesShared) {
            "all"
        } else {
            batch
        }
    }

    /// The broker's rule on names (A69).
    fn check_name(&self, batch: &str) -> Result<(), Refused> {
        let good = batch.chars().count() <= LONGEST_NAME
            && batch
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '{' | '}' | ' '));
        if good || self.quirks.has(Quirk::AnyBatchName) {
            Ok(())
        } else {
            Err(Refused::InvalidBatchName)
        }
    }
}

/// A session is not idle while a batch is worked on.
fn busy(session: &Session, name: &str, batches: &HashMap<String, Place>) {
    if let Some(Place::Batch(batch)) = batches.get(name)
        && let Some(done) = batch.done_at()
    {
        session.busy_until(done.after(Duration::ZERO));
    }
}
