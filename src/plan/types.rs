use crate::{
    contract::Contract,
    scenario::{Auth, BodySource, Capture, Connection, Effects, Expect, Repeat, Scenario},
    source::{Literal, Place, Template},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What a target is declared to be.
#[derive(Clone, Debug, Default)]
pub struct TargetTraits {
    /// Capabilities it has.
    pub can: Vec<String>,
    /// Its traits, complete: those not declared have the contract's default.
    pub traits: BTreeMap<String, String>,
}

/// Why a scenario is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The target is not declared to have a capability.
    Lacks(String),
    /// The target is another way: trait, wanted, declared.
    Other(String, Vec<String>, String),
    /// It shows nothing on the embedded mock.
    NeedsServer,
    /// It writes, and the target does not allow that.
    Writes,
    /// An operation it uses does not exist on such a target.
    NoOperation(String),
}

/// A scenario, or one row of it, for one target.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's id, and `@name` of the row: `bits-upload/fragment/gap@FRAGMENT`.
    pub id: String,
    /// The scenario it comes from.
    pub scenario: Arc<Scenario>,
    /// The contract.
    pub contract: Arc<Contract>,
    /// Variables and the row's values, resolved, `run_id` and `upload_path` among them.
    pub vars: Vec<(String, Value)>,
    /// What the target is.
    pub target: TargetTraits,
    /// Steps that are sent at once stand in one entry.
    pub steps: Vec<Vec<PlannedStep>>,
    /// What always runs.
    pub cleanup: Vec<PlannedStep>,
    /// What it does to the target.
    pub effects: Effects,
    /// The path of the target's URL, which stands in front of every path; empty for most.
    pub base_path: String,
}

impl Plan {
    /// The files that its bodies are read from, as far as their names are plain text.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let folder = self.scenario.folder.as_deref().unwrap_or(Path::new(""));
        let steps = self.steps.iter().flatten().chain(&self.cleanup);
        steps
            .filter_map(|step| match &step.send.body {
                Some(BodySource::File(name)) => Some(folder.join(name.as_plain()?)),
                _ => None,
            })
            .collect()
    }
}

/// A variable's value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A value.
    Json(serde_json::Value),
    /// Bytes.
    Bytes(bytes::Bytes),
    /// Masked in every output.
    Secret(String),
}

/// A step that can be sent once its captures are known.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// Its id; of a step of a sequence `USE.STEP`.
    pub id: String,
    /// Where it is written.
    pub place: Place,
    /// Values that only this step knows: arguments of a sequence.
    pub with: Vec<(String, Literal)>,
    /// The request.
    pub send: PlannedSend,
    /// What is expected, without what is meant for other targets.
    pub expect: Arc<[Expect]>,
    /// What is taken from the reply.
    pub capture: Vec<Capture>,
    /// Whether it is polled.
    pub repeat: Option<Repeat>,
    /// A pause before it.
    pub wait: Option<Duration>,
    /// Whether its snapshot holds whole for the embedded mock only.
    pub alone: bool,
}

/// A request with templates that only captures can be missing for.
#[derive(Clone, Debug)]
pub struct PlannedSend {
    /// Index into the contract's operations.
    pub operation: Option<usize>,
    /// The method.
    pub method: Template,
    /// The path parameters that this step names itself. They are rendered first and set as members of `path` in the scope;
    /// [`target`](Self::target) of this and of later steps takes them from there.
    pub path: Vec<(String, Template)>,
    /// Path, percent-encoded where values are filled in.
    pub target: Vec<TargetPart>,
    /// The query: names and values, encoded when sent.
    pub query: Vec<(String, Template)>,
    /// The header fields in the order they are sent; `None` suppresses one.
    pub header: Vec<(String, Option<Template>)>,
    /// The body.
    pub body: Option<BodySource>,
    /// How it is cut.
    pub cut: Option<PlannedCut>,
    /// Another host.
    pub at: Option<Template>,
    /// Credentials.
    pub auth: Auth,
    /// The connection.
    pub connection: Connection,
    /// Whether it is HTTP/1.0.
    pub http10: bool,
    /// Its own time-out.
    pub timeout: Option<Duration>,
}

/// A piece of a request's path.
#[derive(Clone, Debug)]
pub enum TargetPart {
    /// As it is.
    Text(String),
    /// Sent as it is rendered.
    Raw(Template),
    /// One segment, percent-encoded.
    Segment(Template),
    /// Several segments, each percent-encoded.
    Rest(Template),
}

/// How a request is cut.
#[derive(Clone, Debug)]
pub struct PlannedCut {
    /// After that many bytes of the body.
    pub after: Literal,
    /// `close`, `reset` or `stall`.
    pub then: crate::message::How,
}
