use super::{Message, Output, Reason, Refused, Response, Status, Wanted, Work};
use crate::{
    hpc_pack::{Quirk, Quirks},
    mock::Moment,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The requests of one client in a session, and what has become of them.
///
/// # Why
/// Nothing runs: a batch knows when it was committed and how long each request takes, and everything else
/// follows from the time at which it is asked.
#[derive(Debug)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    committed: Option<Moment>,
    /// How long the slowest request takes, those included whose responses are deleted.
    slowest: Duration,
    ever_sent: bool,
    held: Held,
}

/// How many bytes all batches together hold, and may hold.
#[derive(Debug)]
pub(super) struct Memory {
    held: AtomicUsize,
    limit: usize,
}

/// The part of one batch, given back when the batch goes.
#[derive(Debug)]
struct Held {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// Nothing held yet.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            held: AtomicUsize::new(0),
            limit,
        }
    }
}

impl Held {
    /// Takes more; tells whether there was room, both in the batch and in all.
    fn take(&mut self, bytes: usize, limit: usize) -> bool {
        let all = self.memory.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let room = all <= self.memory.limit && self.bytes + bytes <= limit;
        if room {
            self.bytes += bytes;
        } else {
            self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
        }
        room
    }

    /// Gives some back.
    fn give(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give(self.bytes);
    }
}

#[derive(Debug)]
struct Entry {
    bytes: usize,
    request: Arc<Message>,
    work: Work,
    sent: Moment,
    read: bool,
}

/// What reading comes to.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// These responses, and why there are no more.
    Now(Vec<Response>, Reason),
    /// Not yet enough: ask again at that moment.
    Later(Moment),
}

/// How often a reader looks again at a batch that is not committed yet.
const GLANCE: Duration = Duration::from_millis(50);

impl Batch {
    /// Without requests.
    pub(super) fn new(memory: Arc<Memory>) -> Self {
        Self {
            entries: Vec::new(),
            committed: None,
            slowest: Duration::ZERO,
            ever_sent: false,
            held: Held { memory, bytes: 0 },
        }
    }

    /// Counts the batch itself beside its requests; tells whether there was room.
    pub(super) fn takes_room(&mut self, limit: usize) -> bool {
        self.held.take(OVERHEAD, limit)
    }

    /// Adds requests.
    ///
    /// # Errors
    /// Where the batch was committed, or would be committed without a request.
    pub(super) fn send(
        &mut self,
        requests: Vec<(Message, Work)>,
        commit: bool,
        limit: usize,
        quirks: Quirks,
        now: Moment,
    ) -> Result<(), Refused> {
        if self.committed.is_some() && !quirks.has(Quirk::RequestsAfterCommit) {
            return Err(Refused::AlreadyCommitted);
        }
        if commit && requests.is_empty() && !self.ever_sent {
            return Err(Refused::NothingToCommit);
        }
        let loses = usize::from(quirks.has(Quirk::LastRequestLost));
        let kept = requests.len().saturating_sub(loses);
        let entries: Vec<Entry> = requests
            .into_iter()
            .map(|(request, work)| Entry {
                bytes: request.size() + work.size() + OVERHEAD,
                request: Arc::new(request),
                work,
                sent: now,
                read: false,
            })
            .collect();
        if !self
            .held
            .take(entries.iter().map(|entry| entry.bytes).sum(), limit)
        {
            return Err(Refused::BatchTooLarge);
        }
        self.ever_sent |= !entries.is_empty();
        if quirks.has(Quirk::SendReplaces) {
            self.entries.clear();
        }
        for entry in entries.into_iter().take(kept) {
            self.slowest = self.slowest.max(entry.work.takes);
            self.entries.push(entry);
        }
        let ignored = quirks.has(Quirk::CommitParameterIgnored);
        if (commit && !ignored) || quirks.has(Quirk::SendCommits) {
            self.committed.get_or_insert(now);
        }
        Ok(())
    }

    /// Ends the requests.
    ///
    /// # Errors
    /// Where that was done before, or there is no request.
    pub(super) fn commit(&mut self, quirks: Quirks, now: Moment) -> Result<(), Refused> {
        if self.committed.is_some() && !quirks.has(Quirk::SecondCommit) {
            return Err(Refused::AlreadyCommitted);
        }
        if !self.ever_sent && !quirks.has(Quirk::CommitOfNothing) {
            return Err(Refused::NothingToCommit);
        }
        if !quirks.has(Quirk::CommitForgotten) {
            self.committed.get_or_insert(now);
        }
        Ok(())
    }

    /// How far it is.
    pub(super) fn status(&self, quirks: Quirks, now: Moment) -> Status {
        let status = match self.committed {
            None => Status::Ready,
            Some(since) if now < since.after(self.slowest) => Status::Processing,
            Some(_) => Status::Finished,
        };
        match status {
            Status::Ready if quirks.has(Quirk::StatusFinishedEarly) => Status::Finished,
            Status::Processing | Status::Finished if quirks.has(Quirk::StatusStaysReady) => {
                Status::Ready
            }
            Status::Finished if quirks.has(Quirk::StatusNeverFinished) => Status::Processing,
            status => status,
        }
    }

    /// When the last request will be done.
    pub(super) fn done_at(&self) -> Option<Moment> {
        self.committed.map(|since| since.after(self.slowest))
    }

    /// Moves the cursor to where a reader wants it, and deletes what was read before where that is due.
    pub(super) fn place_cursor(&mut self, wanted: &Wanted, durable: bool, quirks: Quirks) {
        let reset = wanted.reset && !quirks.has(Quirk::ResetIgnored);
        let keeps = quirks.has(Quirk::ReadResponsesKept) || quirks.has(Quirk::CursorRestarts);
        let deletes =
            (!reset && !durable && !keeps) || (wanted.reset && quirks.has(Quirk::ResetDeletes));
        if deletes {
            let held = &mut self.held;
            self.entries.retain(|entry| {
                if entry.read {
                    held.give(entry.bytes);
                }
                !entry.read
            });
        }
        if reset || quirks.has(Quirk::CursorRestarts) {
            for entry in &mut self.entries {
                entry.read = false;
            }
        }
    }

    /// Reads responses from the cursor on; waits for those that are missing until `deadline`.
    pub(super) fn read(
        &mut self,
        wanted: &Wanted,
        deadline: Moment,
        quirks: Quirks,
        now: Moment,
    ) -> Delivery {
        let count = wanted.count.filter(|_| !quirks.has(Quirk::CountIgnored));
        let most = count.unwrap_or(usize::MAX);
        let committed = self.committed;
        let early = quirks.has(Quirk::ResponsesBeforeCommit);
        let done_at = |entry: &Entry| {
            let since = if early { Some(entry.sent) } else { committed };
            since.map(|since| since.after(entry.work.takes))
        };
        let any_action = wanted.action.is_empty() || quirks.has(Quirk::ActionIgnored);
        let mut ready = Vec::new();
        let mut next = None;
        for (index, entry) in self.entries.iter().enumerate() {
            if ready.len() >= most {
                break;
            }
            if entry.read || !(any_action || entry.request.action == wanted.action) {
                continue;
            }
            match done_at(entry) {
                Some(at) if at <= now => ready.push(index),
                Some(at) => next = next.map_or(Some(at), |other: Moment| Some(other.min(at))),
                None => {}
            }
        }
        let more_may_come = next.is_some() || committed.is_none();
        if ready.len() < most && more_may_come && now < deadline {
            let glance = if committed.is_none() {
                now.after(GLANCE)
            } else {
                deadline
            };
            return Delivery::Later(deadline.min(next.unwrap_or(glance)).min(glance));
        }
        let responses = ready
            .iter()
            .map(|index| {
                let entry = &mut self.entries[*index];
                entry.read = true;
                Response {
                    request: Arc::clone(&entry.request),
                    output: entry.work.output.clone(),
                }
            })
            .collect();
        Delivery::Now(deviate(responses, quirks), Reason::Success)
    }
}

/// What an entry weighs beside its texts.
const OVERHEAD: usize = 300;

fn deviate(mut responses: Vec<Response>, quirks: Quirks) -> Vec<Response> {
    if quirks.has(Quirk::OutputsMixedUp) {
        let outputs: Vec<Output> = responses.iter().map(|r| r.output.clone()).collect();
        let shifted = outputs.iter().cycle().skip(1);
        for (response, output) in responses.iter_mut().zip(shifted) {
            response.output = match output {
                Output::Result(text) if outputs.len() == 1 => Output::Result(format!("{text}?")),
                output => output.clone(),
            };
        }
    }
    if quirks.has(Quirk::ResponsesRepeated)
        && let Some(last) = responses.last().cloned()
    {
        responses.push(last);
    }
    responses
}
