//! A scenario resolved against a contract and a target: everything but captures is settled.
//!
//! In: a suite, what the target is declared to be, what was selected. Out: [`Plan`]s, and what was left out and why. It must
//! not know how anything is sent or judged.

mod build;
mod path;
mod select;
mod step;
#[cfg(test)]
mod tests;
mod types;
mod vars;

pub use build::{PlanOptions, Planned, Skipped, plan};
pub use select::{Shard, ShardError, matches, shards};
pub use types::{
    Plan, PlannedCut, PlannedSend, PlannedStep, Skip, TargetPart, TargetTraits, Value,
};
pub use vars::{MOCK_RUN_ID, run_id};
