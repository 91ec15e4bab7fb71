use super::{StepTrace, Stop};
use crate::{
    check::Finding,
    client::{ClientOptions, Limits, Origin},
    contract::{Contract, Level},
    message::Exchange,
    mock::{Clock, Kind},
    plan::{Plan, Planned},
};
use std::{fmt, sync::Arc, time::Duration};

/// How a run goes.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many scenarios run side by side.
    pub jobs: usize,
    /// How long a request may take whose step says nothing.
    pub timeout: Duration,
    /// How large replies may be.
    pub limits: Limits,
    /// Stops at the first finding of [`fails_at`](Self::fails_at) or above.
    pub fail_fast: bool,
    /// The weakest broken promise that fails the run: `Must`, or `Should` with `--strict`.
    pub fails_at: Level,
    /// Requests per second at most, to a URL.
    pub rate: Option<f64>,
    /// Keeps every exchange with the scope it was judged in.
    pub keep_trace: bool,
    /// The id that names of created things carry.
    pub run_id: String,
    /// The clock that tells when the run began.
    pub clock: Clock,
    /// TLS, proxy and credentials for URLs.
    pub client: ClientOptions,
    /// Ends the run early.
    pub stop: Stop,
    /// Compares what was answered with snapshots.
    pub snapshots: Option<SnapshotHook>,
    /// Changes what was answered before anything looks at it.
    pub tamper: Option<Tamper>,
    /// After how many requests in a row without an answer a server is given up.
    pub patience: u32,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            jobs: std::thread::available_parallelism().map_or(2, usize::from),
            timeout: Duration::from_secs(30),
            limits: Limits::default(),
            fail_fast: false,
            fails_at: Level::Must,
            rate: None,
            keep_trace: false,
            run_id: crate::plan::MOCK_RUN_ID.to_owned(),
            clock: Clock::system(),
            client: ClientOptions::default(),
            stop: Stop::new(),
            snapshots: None,
            tamper: None,
            patience: 3,
        }
    }
}

/// Compares the exchanges of a plan; whether they were with an embedded mock, of which the scenario has its own.
pub type Compare = dyn Fn(&Plan, &[StepTrace], bool) -> Vec<Finding> + Send + Sync;

/// How snapshots come into a run, without the runner knowing what one is.
#[derive(Clone)]
pub struct SnapshotHook {
    /// Whether a plan is to be compared; only then are its exchanges kept.
    pub wanted: Arc<dyn Fn(&Plan) -> bool + Send + Sync>,
    /// Compares a scenario that went through to its end; the exchanges of cleanup are not among them.
    pub compare: Arc<Compare>,
}

impl fmt::Debug for SnapshotHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SnapshotHook")
    }
}

/// Changes exchanges, so that a mock that answers rightly looks like a server that answers otherwise.
#[derive(Clone)]
pub struct Tamper(pub Arc<Tampering>);

/// The exchange of a plan as it was, to the exchange as it is to be judged.
pub type Tampering = dyn Fn(&Plan, Exchange) -> Exchange + Send + Sync;

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tamper")
    }
}

/// A suite on a target.
#[derive(Clone, Debug)]
pub struct SuiteRun {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The target's name in results.
    pub name: String,
    /// What it runs against.
    pub target: Target,
    /// What is run and what is left out.
    pub planned: Planned,
}

/// What plans run against.
#[derive(Clone, Debug)]
pub enum Target {
    /// A mock of its own for each scenario.
    Mock(MockTarget),
    /// A server that is there.
    Url(UrlTarget),
}

/// The embedded mock.
#[derive(Clone, Debug)]
pub struct MockTarget {
    /// Which.
    pub model: MockModel,
    /// Settings beside those that the traits of a plan ask for; they win.
    pub settings: Vec<(String, String)>,
    /// Quirks that are switched on.
    pub quirks: Vec<String>,
}

/// What answers.
#[derive(Clone, Copy, Debug)]
pub enum MockModel {
    /// A mock that comes with the project.
    Kind(&'static Kind),
    /// The documented replies of the contract: [`Documented`](crate::mock::Documented).
    Documented,
}

/// A server that is there. The path of its URL stands in the plans already.
#[derive(Clone, Debug)]
pub struct UrlTarget {
    /// Scheme and authority.
    pub origin: Origin,
}
