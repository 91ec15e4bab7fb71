//! Drives plans against a target and emits events; never prints.
//!
//! In: plans and a target. Out: [`Event`]s while it goes, a [`RunResult`] at the end. It must not know reports.

mod result;

pub use result::{
    ClauseOutcome, ClauseResult, Event, Outcome, RunResult, ScenarioResult, StepTrace, SuiteResult,
};
