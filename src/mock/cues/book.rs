use super::{
    Compiled, Cue, Operations,
    due::{Count, Spared, due, spent},
    write::did,
};
use crate::{
    message::Request,
    mock::{Clock, Cues, Fault, Head, Model, Moment, Strike, StruckBy, journal::mask_credentials},
    source::nearest,
};
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How many bytes the requests that no cue struck may take.
const UNMATCHED_BYTES: usize = 1024 * 1024;
/// How many of them are kept.
const UNMATCHED: usize = 256;
/// How many cues there may be: each request is compared with all.
const MOST: usize = 10_000;

/// The cues of one mock while it runs.
pub struct CueBook {
    operations: Operations,
    model: Arc<dyn Model>,
    clock: Clock,
    /// A user's own code, asked where no cue strikes.
    also: Option<Arc<dyn Cues>>,
    /// Whether there is any cue: a mock without pays nothing for them.
    armed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    cues: Vec<Entry>,
    unmatched: VecDeque<Unmatched>,
    bytes: usize,
}

struct Entry {
    id: CueId,
    cue: Cue,
    compiled: Compiled,
    since: Moment,
    count: Count,
}

impl Entry {
    fn strike(&self) -> Strike {
        let strike = self.cue.settled();
        Strike {
            cue: Some(StruckBy {
                id: self.id.0,
                name: self.cue.name.clone(),
                did: did(&strike),
            }),
            ..strike
        }
    }
}

/// The number of a cue, unique within its mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CueId(pub u64);

/// A cue, and what it has done so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its number.
    pub id: CueId,
    /// The cue.
    pub cue: Cue,
    /// When it was placed, on the mock's clock.
    pub since: Moment,
    /// How many requests it was about.
    pub fitted: u64,
    /// How many of them it struck.
    pub struck: u64,
    /// Whether it can strike no more.
    pub spent: bool,
}

/// A request that no cue struck, though there were some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// When, on the mock's clock.
    pub at: Moment,
    /// Its head, secrets masked.
    pub request: Request,
    /// The operation of the contract that it is.
    pub operation: Option<String>,
    /// For each cue, why it did not strike: what differed, line by line.
    pub because: Vec<(CueId, Vec<String>)>,
}

/// Why a cue cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CueError {
    /// There are too many.
    #[error("a mock takes {MOST} cues and no more")]
    TooMany,
    /// The contract has no such operation.
    #[error("there is no operation `{id}`{}", hint(.nearest))]
    UnknownOperation {
        /// What was asked for.
        id: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// The mock knows no such fault.
    #[error("there is no documented fault `{id}`{}", hint(.nearest))]
    UnknownFault {
        /// What was asked for.
        id: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// The path is no pattern.
    #[error("`{path}` is no path: {why}")]
    Path {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The text is no regular expression.
    #[error("`{text}` is no regular expression: {why}")]
    Regex {
        /// What was asked for.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl CueBook {
    /// No cues yet, for that mock and its clock.
    #[must_use]
    pub fn new(model: Arc<dyn Model>, clock: Clock, operations: Operations) -> Self {
        Self {
            operations,
            model,
            clock,
            also: None,
            armed: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Asks this too, where no cue strikes.
    #[must_use]
    pub fn also(mut self, cues: Option<Arc<dyn Cues>>) -> Self {
        self.also = cues;
        self
    }

    /// Places a cue behind those that there are.
    ///
    /// # Errors
    /// It names an operation or a fault that does not exist, or its path or a regular expression cannot be read.
    pub fn place(&self, cue: Cue) -> Result<CueId, CueError> {
        Ok(self.place_all(vec![cue])?[0])
    }

    /// Places cues in order, all of them or none.
    ///
    /// # Errors
    /// As [`place`](CueBook::place), of the first that does not do.
    pub fn place_all(&self, cues: Vec<Cue>) -> Result<Vec<CueId>, CueError> {
        let named = cues.iter().any(|cue| cue.which.operation.is_some());
        let known = if named { self.operations.ids() } else { None };
        let mut ready = Vec::new();
        for cue in cues {
            // Without a contract no request is an operation, so that none would ever fit.
            let known = known.as_deref().or(named.then_some(&[]));
            let compiled = cue.which.compile(known)?;
            check_fault(cue.strike.fault.as_deref(), self.model.faults())?;
            ready.push((cue, compiled));
        }
        let since = self.clock.now();
        let mut state = self.state();
        if state.cues.len() + ready.len() > MOST {
            return Err(CueError::TooMany);
        }
        let mut ids = Vec::new();
        for (cue, compiled) in ready {
            state.last += 1;
            let id = CueId(state.last);
            ids.push(id);
            state.cues.push(Entry {
                id,
                cue,
                compiled,
                since,
                count: Count::default(),
            });
        }
        self.arm(&state);
        Ok(ids)
    }

    /// Takes a cue away; false where there is none of that number.
    pub fn remove(&self, id: CueId) -> bool {
        let mut state = self.state();
        let before = state.cues.len();
        state.cues.retain(|entry| entry.id != id);
        self.arm(&state);
        before != state.cues.len()
    }

    /// Takes all cues away.
    pub fn clear(&self) {
        let mut state = self.state();
        state.cues.clear();
        self.arm(&state);
    }

    /// All cues in the order in which they are asked.
    #[must_use]
    pub fn placed(&self) -> Vec<Placed> {
        let now = self.clock.now();
        let state = self.state();
        let placed = |entry: &Entry| Placed {
            id: entry.id,
            cue: entry.cue.clone(),
            since: entry.since,
            fitted: entry.count.fitted,
            struck: entry.count.struck,
            spent: spent(&entry.cue, entry.count, entry.since, now),
        };
        state.cues.iter().map(placed).collect()
    }

    /// The latest requests that no cue struck while there were cues, oldest first.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Unmatched> {
        self.state().unmatched.iter().cloned().collect()
    }

    /// Forgets which requests no cue struck.
    pub fn forget_unmatched(&self) {
        let mut state = self.state();
        state.unmatched.clear();
        state.bytes = 0;
    }

    /// Which operation of the contract a request is.
    #[must_use]
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    fn arm(&self, state: &State) {
        self.armed.store(!state.cues.is_empty(), Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done where the lock is held, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn struck(&self, head: &Head, now: Moment) -> Option<Strike> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let request = &head.request;
        let mut state = self.state();
        let asked = |entry: &Entry| entry.compiled.asks_for_the_operation();
        let operation = if state.cues.iter().any(asked) {
            self.operations.of_request(request)
        } else {
            None
        };
        let mut struck = None;
        let mut spared = Vec::new();
        // Every cue counts what it is about, whether another strikes or not.
        for entry in &mut state.cues {
            if !entry.compiled.fits(request, operation) {
                spared.push(None);
                continue;
            }
            entry.count.fitted += 1;
            match due(&entry.cue, entry.count, entry.since, now) {
                Ok(()) if struck.is_none() => {
                    entry.count.struck += 1;
                    struck = Some(entry.strike());
                }
                Ok(()) => spared.push(Some(Spared::Behind)),
                Err(why) => spared.push(Some(why)),
            }
        }
        if struck.is_none() && !spared.is_empty() {
            let unmatched = self.explained(&state, request, operation, &spared, now);
            state.bytes += unmatched.bytes();
            state.unmatched.push_back(unmatched);
            while state.bytes > UNMATCHED_BYTES || state.unmatched.len() > UNMATCHED {
                let Some(oldest) = state.unmatched.pop_front() else {
                    break;
                };
                state.bytes -= oldest.bytes();
            }
        }
        struck
    }

    /// Tells why each cue spared a request, in the order of the cues; none stands for one that does not fit it.
    fn explained(
        &self,
        state: &State,
        request: &Request,
        operation: Option<&str>,
        spared: &[Option<Spared>],
        at: Moment,
    ) -> Unmatched {
        let mut shown = request.clone();
        mask_credentials(&mut shown.headers);
        self.model.mask(&mut shown);
        let because = state.cues.iter().zip(spared).map(|(entry, why)| {
            let lines = match why {
                Some(why) => vec![why.to_string()],
                None => entry
                    .compiled
                    .compare(request, &shown, operation)
                    .into_iter()
                    .filter_map(|line| {
                        let got = line.got?;
                        Some(format!(
                            "{}: {} is asked, {got} came",
                            line.what, line.wanted
                        ))
                    })
                    .collect(),
            };
            (entry.id, lines)
        });
        Unmatched {
            at,
            because: because.collect(),
            operation: operation.map(ToOwned::to_owned),
            request: shown,
        }
    }
}

impl Cues for CueBook {
    fn strike(&self, head: &Head, now: Moment) -> Option<Strike> {
        self.struck(head, now)
            .or_else(|| self.also.as_ref()?.strike(head, now))
    }
}

impl Unmatched {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let headers: usize = self
            .request
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 48)
            .sum();
        let because: usize = self
            .because
            .iter()
            .flat_map(|(_, lines)| lines)
            .map(|line| line.len() + 24)
            .sum();
        self.request.target.len() + headers + because + 32 * self.because.len() + 256
    }
}

pub(super) fn check_fault(id: Option<&str>, known: &[Fault]) -> Result<(), CueError> {
    let Some(id) = id.filter(|id| known.iter().all(|fault| fault.id != *id)) else {
        return Ok(());
    };
    let names: Vec<&str> = known.iter().map(|fault| fault.id).collect();
    Err(CueError::UnknownFault {
        id: id.to_owned(),
        nearest: nearest(id, &names).map(ToOwned::to_owned),
    })
}

impl fmt::Display for CueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CueBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CueBook")
            .field("placed", &self.state().cues.len())
            .finish_non_exhaustive()
    }
}
