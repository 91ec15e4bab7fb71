//! Proves the harness: every clause against its own counterexamples.
//!
//! In: suites planned for the embedded mock. Out: a [`ProofResult`]: which counterexamples were caught, which escaped and
//! why, and which clauses nobody exercises. It must not know how results are shown.
//!
//! Edits of replies are judged in process, against the exchanges of one ordinary run; only quirks need runs of their own,
//! one for each quirk with all the scenarios that could notice it.

mod another;
mod change;
mod conversations;
mod derive;
mod edit;
mod edits;
mod evidence;
mod framing;
mod generic;
mod latitude;
mod quirks;
mod result;
mod run;
mod threads;

pub use latitude::{Allowed, Stale};
pub(crate) use quirks::concerns;
pub use result::{Escape, ProofResult};
pub use run::prove;
use threads::parallel;

#[cfg(test)]
mod tests;
