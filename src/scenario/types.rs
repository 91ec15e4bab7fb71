use crate::{
    contract::{Contract, Expectation},
    source::{Literal, Place, SourceFile, Template},
};
use indexmap::IndexMap;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// One file: a conversation of steps.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `<suite>/<area>/<kebab-case>`: the file's path below the scenarios folder without its ending.
    pub id: String,
    /// `scenario:`, the title
    pub title: String,
    /// `contract:`
    pub contract: String,
    /// `effects: reads | writes`; `reads` where it is left out
    pub effects: Effects,
    /// `needs: [CAPABILITY]`
    pub needs: Vec<(String, Place)>,
    /// `where: { TRAIT: VALUE | [VALUES] }`
    pub traits: Vec<(String, Vec<String>, Place)>,
    /// `vars: { NAME: VALUE | { bytes, seed } | { secret: .. } }`
    pub vars: IndexMap<String, (Var, Place)>,
    /// `rows: [{ NAME: VALUE }]`: runs once per row; empty: runs once
    pub rows: Vec<IndexMap<String, Literal>>,
    /// `steps:`
    pub steps: Vec<Step>,
    /// `cleanup:`: always runs; a step with a capture that is unset is left out
    pub cleanup: Vec<Step>,
    /// The file it was read from.
    pub file: Arc<SourceFile>,
    /// The folder that `file:` bodies are relative to; none for embedded scenarios.
    pub folder: Option<PathBuf>,
    /// Where it is written.
    pub place: Place,
}

/// What a scenario does to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Nothing stays behind.
    Reads,
    /// Makes or changes something; needs `--allow-writes` against a URL.
    Writes,
}

/// A variable as written.
#[derive(Clone, Debug)]
pub enum Var {
    /// A value.
    Value(Literal),
    /// `{ bytes: N, seed: S }`: N bytes, the same for the same seed
    Bytes {
        /// How many.
        length: u64,
        /// Of the generator.
        seed: u64,
    },
    /// `{ secret: VALUE }`: masked in every output
    Secret(Literal),
}

/// One request and what is expected of its reply; or several.
#[derive(Clone, Debug)]
pub struct Step {
    /// `id:`, unique in the file; `step N` where it is left out
    pub id: String,
    /// What it does.
    pub kind: StepKind,
    /// Where it is written.
    pub place: Place,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `operation: ID` or `request: { method, path }`
    Send(Box<Send>),
    /// `use: NAME` with `with: { ARG: VALUE }`: a sequence of `steps.yaml`; gives back its captures
    Use {
        /// The sequence.
        name: String,
        /// Its arguments.
        with: IndexMap<String, Literal>,
    },
    /// `parallel: [STEP]`: sent at once
    Parallel(Vec<Step>),
}

/// A request as written.
#[derive(Clone, Debug)]
pub struct Send {
    /// `operation:`
    pub operation: Option<String>,
    /// `request: { method }`
    pub method: Option<Template>,
    /// `request: { path }`, sent as it is, with query
    pub target: Option<Template>,
    /// `path: { NAME: VALUE }` for the operation's pattern; kept for later steps that name none
    pub path: IndexMap<String, Template>,
    /// `query: { NAME: VALUE | null | [VALUES] }`; null leaves one out that a default would set
    pub query: Vec<(String, Option<Template>)>,
    /// `header: { NAME: VALUE | null | [VALUES] }`; null suppresses what would be sent by itself (`Content-Length`, `Host`)
    pub header: Vec<(String, Option<Template>)>,
    /// The body.
    pub body: Option<BodySource>,
    /// `cut: N` or `cut: { after: N, then: close | reset | stall }`
    pub cut: Option<Cut>,
    /// `at: URL or authority`
    pub at: Option<Template>,
    /// `auth: none | target | { user, password }`
    pub auth: Auth,
    /// `connection: new | keep`
    pub connection: Connection,
    /// `http: "1.0"`
    pub http10: bool,
    /// `timeout: 5s`
    pub timeout: Option<Duration>,
    /// `wait: 2s` before it is sent; advances the clock of the embedded mock
    pub wait: Option<Duration>,
    /// `expect: [..]`
    pub expect: Arc<[Expect]>,
    /// `capture: { NAME: FROM }`
    pub capture: Vec<Capture>,
    /// `repeat: { until, every, at-most }`
    pub repeat: Option<Repeat>,
    /// `snapshot: alone`: the reply tells of what others do to the target, or of its clock, so that its snapshot holds whole for
    /// the embedded mock only, of which each scenario has its own; elsewhere its status is compared
    pub alone: bool,
}

/// One expectation of a step.
#[derive(Clone, Debug)]
pub struct Expect {
    /// `proves: CLAUSE` or a list; empty: a precondition
    pub proves: Vec<(String, Place)>,
    /// `where: { TRAIT: VALUE }`: only for such targets
    pub traits: Vec<(String, Vec<String>, Place)>,
    /// What must fit.
    pub what: Expectation,
}

/// Where a body comes from.
#[derive(Clone, Debug)]
pub enum BodySource {
    /// `json: VALUE`, with `Content-Type: application/json; charset=utf-8` unless one is given
    Json(Literal),
    /// `xml: TEXT`, with `Content-Type: application/xml; charset=utf-8` unless one is given
    Xml(Template),
    /// `text: TEXT`
    Text(Template),
    /// `bytes: NAME`: a variable
    Bytes(String, Place),
    /// `slice: [NAME, FROM, TO]`: bytes FROM (included) to TO (not included)
    Slice {
        /// The variable.
        name: String,
        /// First byte.
        from: Literal,
        /// Behind the last byte.
        to: Literal,
        /// Where it is written.
        place: Place,
    },
    /// `file: PATH`, relative to the scenario
    File(Template),
    /// `hex: "00 ff"`
    Hex(Template),
    /// `raw: TEXT`: the whole request as bytes, line ends as written (`\r\n` in a quoted scalar)
    Raw(Template),
}

/// A request that ends early.
#[derive(Clone, Debug)]
pub struct Cut {
    /// How many bytes of the body are sent.
    pub after: Literal,
    /// `then: close | reset | stall`
    pub then: String,
    /// Where it is written.
    pub place: Place,
}

/// With which credentials.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Those of the target.
    Target,
    /// None.
    None,
    /// These, by Basic.
    Basic {
        /// User name.
        user: Template,
        /// Password, masked.
        password: Template,
    },
}

/// On which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The scenario's own, kept open where the peer allows.
    Keep,
    /// A new one.
    New,
}

/// A value taken from a reply.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The variable it becomes.
    pub name: String,
    /// From where.
    pub from: CaptureFrom,
    /// `optional: true`: it may be absent, the variable is then empty text
    pub optional: bool,
    /// Where it is written.
    pub place: Place,
}

/// Where a captured value comes from.
#[derive(Clone, Debug)]
pub enum CaptureFrom {
    /// `{ header: NAME }`
    Header(String),
    /// `{ json: JSONPATH }`
    Json(String),
    /// `{ xml: XPATH }`
    Xml(String),
    /// `{ matches: REGEX }` in the body: the first group
    Body(Template),
    /// `{ status: true }`
    Status,
    /// `{ value: TEMPLATE }`: computed, `reply` and `request` are known
    Value(Template),
}

/// `repeat: { until: EXPECTATION, every: 200ms, at-most: 30s }`
#[derive(Clone, Debug)]
pub struct Repeat {
    /// Until this fits.
    pub until: Expectation,
    /// The pause between two.
    pub every: Duration,
    /// How long at most; then a finding of the step's last expectations, or a precondition not met.
    pub at_most: Duration,
    /// `proves: CLAUSE` of not reaching it in time
    pub proves: Vec<(String, Place)>,
}

/// A named sequence of `steps.yaml`: steps that several scenarios begin with.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Its name, as in `use: NAME`.
    pub name: String,
    /// `args: [NAME]`, all of them given by `with:`
    pub args: Vec<String>,
    /// `gives: [NAME]`: the captures that the scenario can use
    pub gives: Vec<String>,
    /// `steps:`
    pub steps: Vec<Step>,
    /// Where it is written.
    pub place: Place,
}

/// A folder below `scenarios/`, read.
#[derive(Clone, Debug)]
pub struct Suite {
    /// `contract.yaml`
    pub contract: Arc<Contract>,
    /// `steps.yaml`, by name
    pub sequences: IndexMap<String, Sequence>,
    /// The scenarios, sorted by id.
    pub scenarios: Vec<Arc<Scenario>>,
}
