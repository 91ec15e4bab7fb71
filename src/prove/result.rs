use super::latitude::{Allowed, Stale};

/// What a proof came to. It holds where nothing escaped, every clause was exercised and every scenario passed.
#[derive(Clone, Debug, Default)]
pub struct ProofResult {
    /// How many clauses there are.
    pub clauses: usize,
    /// How many counterexamples were tried: those caught and those escaped.
    pub counterexamples: usize,
    /// How many of them were caught by a finding that names the clause; of derived ones by a finding that names any.
    pub caught: usize,
    /// Those that were not, in the order of the contracts, and lines of snapshots that nothing but the snapshot holds.
    pub escaped: Vec<Escape>,
    /// Derived counterexamples that a written rule allows.
    pub allowed: Vec<Allowed>,
    /// Rules that allow nothing any more, or what is in fact caught.
    pub stale: Vec<Stale>,
    /// How many of the counterexamples were derived from documented replies.
    pub derived: usize,
    /// Kinds of lines of snapshots.
    pub lines: usize,
    /// Clauses that no scenario on any form of the mock exercises, in the order of the contracts.
    pub not_exercised: Vec<String>,
    /// Clauses that only scenarios for a real server exercise: their counterexamples are not tried.
    pub left: Vec<String>,
    /// Scenarios that do not even pass against the mock as it is, with how they ended: nothing is proved by those.
    pub failed: Vec<(String, String)>,
}

/// A counterexample that nothing noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// The clause; of a derived one `derived: OPERATION`, of a line of a snapshot `snapshot: OPERATION`.
    pub clause: String,
    /// The counterexample as it is shown.
    pub counterexample: String,
    /// Why it was not caught.
    pub why: String,
}

/// What became of one counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Caught,
    Escaped(Escape),
}

impl ProofResult {
    /// Whether everything is proved. Nothing to prove proves nothing.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.counterexamples > 0
            && self.escaped.is_empty()
            && self.stale.is_empty()
            && self.not_exercised.is_empty()
            && self.failed.is_empty()
    }

    pub(super) fn count(&mut self, tried: Tried) {
        self.counterexamples += 1;
        match tried {
            Tried::Caught => self.caught += 1,
            Tried::Escaped(escape) => self.escaped.push(escape),
        }
    }
}
