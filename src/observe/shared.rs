//! What all connections of one proxy share: counts, flaws, and how much may be held until it is judged.

use super::{Flaw, Side, Tally};
use crate::contract::Level;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

/// How many bytes of messages are held at once, all that waits to be judged included.
const MOST_HELD: usize = 64 << 20;
/// How many kinds of flaws are told apart by what was wrong; behind that, by what was expected alone, of which there are few.
const MOST_FLAWS: usize = 100;

/// Counts, flaws and the room that is left.
#[derive(Debug)]
pub(super) struct Shared {
    /// Scheme and authority of the upstream.
    pub(super) origin: String,
    /// When the proxy began.
    pub(super) began: Instant,
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) exchanges: AtomicU64,
    pub(super) replied: AtomicU64,
    pub(super) overflowed: AtomicU64,
    pub(super) unfinished: AtomicU64,
    pub(super) unread: AtomicU64,
    held: AtomicUsize,
    flaws: Mutex<Vec<Flaw>>,
}

impl Shared {
    pub(super) fn new(origin: String) -> Self {
        Self {
            origin,
            began: Instant::now(),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            exchanges: AtomicU64::new(0),
            replied: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
            unfinished: AtomicU64::new(0),
            unread: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            flaws: Mutex::default(),
        }
    }

    /// Everything counted so far.
    pub(super) fn tally(&self) -> Tally {
        Tally {
            connections: self.connections.load(Relaxed),
            open: self.open.load(Relaxed),
            exchanges: self.exchanges.load(Relaxed),
            replied: self.replied.load(Relaxed),
            overflowed: self.overflowed.load(Relaxed),
            unfinished: self.unfinished.load(Relaxed),
            unread: self.unread.load(Relaxed),
        }
    }

    /// Notes what is wrong below any contract; what is seen again is counted.
    pub(super) fn flaw(
        &self,
        (side, level): (Side, Level),
        connection: u64,
        expected: &str,
        actual: String,
    ) {
        let mut flaws = self.flaws.lock().unwrap_or_else(PoisonError::into_inner);
        let near = |flaw: &Flaw| flaw.side == side && flaw.expected == expected;
        let same = |flaw: &Flaw| near(flaw) && kind(&flaw.actual) == kind(&actual);
        let known = match flaws.iter().position(same) {
            None if flaws.len() >= MOST_FLAWS => flaws.iter().rposition(near),
            known => known,
        };
        if let Some(known) = known {
            flaws[known].times += 1;
        } else {
            flaws.push(Flaw {
                side,
                level,
                connection,
                at: self.began.elapsed(),
                expected: expected.to_owned(),
                actual,
                times: 1,
            });
        }
    }

    /// Every flaw noted so far.
    pub(super) fn flaws(&self) -> Vec<Flaw> {
        self.flaws
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What was wrong, without the bytes that show it.
fn kind(actual: &str) -> &str {
    actual.split('`').next().unwrap_or_default()
}

/// Room for messages; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            bytes: 0,
        }
    }

    /// Takes room for so many bytes more; false where there is none.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.shared.held.fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) > MOST_HELD {
            self.shared.held.fetch_sub(bytes, Relaxed);
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Gives so many bytes back.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.shared.held.fetch_sub(bytes, Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, MOST_FLAWS, MOST_HELD, Shared};
    use crate::{contract::Level, observe::Side};
    use std::sync::Arc;

    #[test]
    fn flaws_are_told_apart_by_what_was_wrong_and_none_is_left_uncounted() {
        let shared = Shared::new(String::new());
        let flaw = |actual: &str| {
            let kind = (Side::Client, Level::Must);
            shared.flaw(kind, 1, "a request", actual.to_owned());
        };
        let told = |shared: &Shared| -> Vec<_> {
            let flaws = shared.flaws().into_iter();
            flaws.map(|flaw| (flaw.actual, flaw.times)).collect()
        };
        flaw("two lengths: `A`");
        flaw("no HTTP: `B`");
        flaw("two lengths: `C`");
        let expected = [
            ("two lengths: `A`".to_owned(), 2),
            ("no HTTP: `B`".to_owned(), 1),
        ];
        assert_eq!(told(&shared), expected);
        for number in 0..MOST_FLAWS * 2 {
            flaw(&format!("trouble {number}"));
        }
        let told = told(&shared);
        assert_eq!(told.len(), MOST_FLAWS);
        let all: u64 = told.iter().map(|(_, times)| times).sum();
        assert_eq!(all, 3 + 2 * MOST_FLAWS as u64);
    }

    #[test]
    fn room_is_given_back_and_there_is_never_more_than_the_limit() {
        let shared = Arc::new(Shared::new(String::new()));
        let mut first = Held::new(&shared);
        assert!(first.grow(MOST_HELD - 10));
        let mut second = Held::new(&shared);
        assert!(!second.grow(11));
        assert!(second.grow(10));
        first.shrink(5);
        assert!(second.grow(5));
        drop(first);
        assert!(second.grow(MOST_HELD - 15));
        assert!(!second.grow(1));
    }
}
