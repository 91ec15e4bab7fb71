use crate::{
    check::{ClauseRef, Finding},
    contract::{Contract, Level},
    message::Exchange,
    plan::Plan,
};
use std::{sync::Arc, time::Duration};

/// What a whole run came to. Every report is made of this, none needs a second run.
#[derive(Clone, Debug, Default)]
pub struct RunResult {
    /// One entry per suite and target, in the order they were asked for.
    pub suites: Vec<SuiteResult>,
    /// Wall time.
    pub elapsed: Duration,
    /// When it began: milliseconds since 1970.
    pub started: u64,
    /// The id that names of created things carry.
    pub run_id: String,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Whether a server stopped answering and what was left was not run.
    pub gave_up: bool,
    /// Whether any exchange at all gave a reply.
    pub any_reply: bool,
    /// Whether any request was sent.
    pub any_sent: bool,
}

/// What one suite came to on one target.
#[derive(Clone, Debug)]
pub struct SuiteResult {
    /// The contract.
    pub contract: Arc<Contract>,
    /// `mock`, `mock (form=pre2016)`, or the URL or name of the target, secrets masked.
    pub target: String,
    /// All selected scenarios, skipped ones too, sorted by id.
    pub scenarios: Vec<ScenarioResult>,
    /// All clauses that hold for such a target, in the contract's order.
    pub clauses: Vec<ClauseResult>,
}

/// What one scenario came to.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// Its id, with the row.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Findings in the order they were made.
    pub findings: Vec<Finding>,
    /// Wall time.
    pub elapsed: Duration,
    /// Requests sent, cleanup and polls included.
    pub requests: u64,
    /// The steps whose replies were compared with a snapshot; none where the scenario did not go through to its end.
    pub compared: Vec<String>,
    /// Exchanges with what is needed to judge them again; kept only when asked for (`prove`, snapshots).
    pub trace: Vec<StepTrace>,
}

/// What a scenario came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of level `must` was found.
    Passed,
    /// A `must`, an expectation or a strict snapshot was broken.
    Failed,
    /// A precondition was not met; its clauses are not exercised. Counts as failed.
    Blocked,
    /// It was not run, and why.
    Skipped(String),
    /// We could not: why.
    Errored(String),
}

/// An exchange with all that is needed to judge it again.
#[derive(Clone, Debug)]
pub struct StepTrace {
    /// The plan.
    pub plan: Arc<Plan>,
    /// `steps[group][index]`, or an index into `cleanup`.
    pub at: (usize, usize),
    /// Whether it is of the cleanup.
    pub cleanup: bool,
    /// The operation that the step names, or that its request is: an index into the contract's operations.
    pub operation: Option<usize>,
    /// The exchange.
    pub exchange: Arc<Exchange>,
    /// The scope the expectations were rendered in.
    pub scope: crate::source::Scope,
    /// Whether it was the last of its polls.
    pub last: bool,
}

/// What one clause came to.
#[derive(Clone, Debug)]
pub struct ClauseResult {
    /// The clause.
    pub clause: ClauseRef,
    /// Its level.
    pub level: Level,
    /// What it came to.
    pub outcome: ClauseOutcome,
    /// How often it was judged.
    pub checked: u64,
}

/// What one clause came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClauseOutcome {
    /// Judged, and never broken.
    Kept,
    /// Broken at least once.
    Broken,
    /// Never judged.
    NotExercised,
    /// Never judged, and no single exchange could show it: of observed traffic.
    NeedsScenario,
}

/// What a run tells while it goes.
#[derive(Clone, Debug)]
pub enum Event {
    /// That many scenarios were selected.
    Planned {
        /// To be run.
        run: usize,
        /// Left out.
        skipped: usize,
    },
    /// A scenario begins.
    Started {
        /// Its id.
        id: String,
    },
    /// A scenario has ended.
    Finished {
        /// The target it ran on, as [`SuiteRun::name`](super::SuiteRun::name) has it.
        target: String,
        /// What it came to, without its trace.
        result: Box<ScenarioResult>,
    },
    /// The run was interrupted; cleanup goes on.
    Interrupted,
}
