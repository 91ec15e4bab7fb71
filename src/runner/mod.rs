//! Drives plans against a target and emits events; never prints.
//!
//! In: plans and a target. Out: [`Event`]s while it goes, a [`RunResult`] at the end. It must not know reports.
//!
//! Scenarios run side by side in a few workers; the steps of one follow each other. Against the embedded mock each scenario
//! has a mock of its own with a clock that is moved instead of waited for.

mod conversation;
mod exchange;
mod names;
mod options;
mod record;
mod render;
mod result;
mod run;
mod shared;
mod step;
mod stop;
#[cfg(test)]
mod tests;

pub use options::{
    Compare, MockModel, MockTarget, RunOptions, SnapshotHook, SuiteRun, Tamper, Tampering, Target,
    UrlTarget,
};
pub use render::secrets;
pub use result::{
    ClauseOutcome, ClauseResult, Event, Outcome, RunResult, ScenarioResult, StepTrace, SuiteResult,
};
pub(crate) use run::skip_reason;
pub use run::{RunError, run};
pub(crate) use shared::NOT_REACHED;
pub use stop::Stop;
