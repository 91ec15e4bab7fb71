use super::RunOptions;
use crate::{check::Judge, client::Client, contract::Contract};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

type Traits = BTreeMap<String, String>;

/// Why a scenario of which nothing was sent is skipped: the run had ended before its turn.
pub(crate) const NOT_REACHED: [&str; 3] = [
    "interrupted",
    "stopped at the first finding",
    "the server stopped answering",
];

/// What all scenarios of a run have in common.
pub(super) struct Shared {
    pub(super) options: RunOptions,
    pub(super) client: Client,
    /// A finding has failed the run, and it is to stop at the first.
    pub(super) halted: AtomicBool,
    /// Whether any request was answered, and any sent.
    pub(super) any_reply: AtomicBool,
    pub(super) any_sent: AtomicBool,
    /// Requests to URLs in a row that nobody answered.
    silent: AtomicU32,
    /// Whether it was told that the server is gone since it last answered.
    missed: AtomicBool,
    /// When the next request may be sent.
    pace: Mutex<Option<Instant>>,
    judges: Mutex<HashMap<(String, Traits, bool), Arc<Judge>>>,
}

impl Shared {
    pub(super) fn new(options: RunOptions, client: Client) -> Self {
        Self {
            options,
            client,
            halted: AtomicBool::new(false),
            any_reply: AtomicBool::new(false),
            any_sent: AtomicBool::new(false),
            silent: AtomicU32::new(0),
            missed: AtomicBool::new(false),
            pace: Mutex::new(None),
            judges: Mutex::new(HashMap::new()),
        }
    }

    /// Why no more scenario begins, where none does.
    pub(super) fn over(&self) -> Option<&'static str> {
        let [interrupted, halted, silent] = NOT_REACHED;
        if self.options.stop.is_asked() {
            Some(interrupted)
        } else if self.halted.load(Relaxed) {
            Some(halted)
        } else if self.gave_up() {
            Some(silent)
        } else {
            None
        }
    }

    /// Whether so many requests in a row were not answered that the server is given up.
    pub(super) fn gave_up(&self) -> bool {
        self.silent.load(Relaxed) >= self.options.patience.max(1)
    }

    /// Whether nobody has told yet that the server, once heard, is gone; from here on somebody has.
    pub(super) fn first_to_miss_it(&self) -> bool {
        !self.missed.swap(true, Relaxed)
    }

    /// Counts a request that was answered, or was not and should have been.
    pub(super) fn heard(&self, answered: bool) {
        if answered {
            self.silent.store(0, Relaxed);
            self.missed.store(false, Relaxed);
        } else {
            self.silent.fetch_add(1, Relaxed);
        }
    }

    /// Waits until the next request may be sent.
    pub(super) async fn paced(&self) {
        let Some(rate) = self.options.rate.filter(|rate| *rate > 0.0) else {
            return;
        };
        let due = {
            let mut next = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            let due = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(due + Duration::from_secs_f64((1.0 / rate).min(3600.0)));
            due
        };
        sleep_until(due).await;
    }

    /// The judge for such a target; each is made once.
    pub(super) fn judge(&self, contract: &Arc<Contract>, traits: &Traits, url: bool) -> Arc<Judge> {
        let mut judges = self.judges.lock().unwrap_or_else(PoisonError::into_inner);
        judges
            .entry((contract.id.clone(), traits.clone(), url))
            .or_insert_with(|| {
                Arc::new(Judge::new(contract.clone(), traits.clone()).against_url(url))
            })
            .clone()
    }
}
