//! A scenario resolved against a contract and a target: everything but captures is settled.
//!
//! In: scenarios, contracts, what the target is declared to be. Out: [`Plan`]s, and what was left out and why. It must not
//! know how anything is sent or judged.

mod types;

pub use types::{
    Plan, PlannedCut, PlannedSend, PlannedStep, Skip, TargetPart, TargetTraits, Value,
};
