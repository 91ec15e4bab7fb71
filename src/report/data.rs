use super::exit::Exit;
use crate::contract::Level;
use serde::{Deserialize, Serialize};

/// What a whole run came to, as the JSON report holds it. Secrets are masked already.
///
/// The fields of section 8 of the design are relied on by scripts; the others are what the other formats are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of these fields: 1.
    pub schema: u32,
    /// The exit code of the program.
    pub exit: u8,
    /// Name and version of the program: `wireproof 0.1.0`.
    pub tool: String,
    /// The id that names of created things carry.
    pub run_id: String,
    /// When the run began: milliseconds since 1970.
    pub started: u64,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// Whether a broken `should` fails the run.
    pub strict: bool,
    /// One entry per suite and target.
    pub suites: Vec<SuiteReport>,
    /// What each entry of the files of known differences came to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownReport>,
    /// How many scenarios came to what, over all suites.
    pub totals: Totals,
}

impl Report {
    /// What the exit means, and which targets gave no reply although others did.
    #[must_use]
    pub fn meaning(&self) -> String {
        let failed = self.totals.failed + self.totals.blocked > 0;
        let mut known = self.known.iter();
        let meaning = match Exit::of_code(self.exit) {
            Some(Exit::Conforms) if known.any(|known| known.excused > 0) => {
                "conforms: everything asked was kept, but for differences that are known"
            }
            Some(Exit::Findings) if !failed && known.any(|known| known.problem.is_some()) => {
                "findings: what is said to be known is so no longer"
            }
            exit => exit.map_or("", Exit::meaning),
        };
        let mut silent: Vec<&str> = Vec::new();
        for suite in self.suites.iter().filter(|suite| suite.unreachable) {
            if !silent.contains(&suite.target.as_str()) {
                silent.push(&suite.target);
            }
        }
        if self.exit != Exit::Findings.code() || silent.is_empty() {
            return meaning.to_owned();
        }
        let silent = silent.join(", ");
        let broken = failed || self.known.iter().any(|known| known.problem.is_some());
        if broken {
            format!("{meaning}; and no reply from {silent}")
        } else {
            format!("findings: no reply from {silent}")
        }
    }
}

/// What a known difference came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownReport {
    /// The pattern of scenarios it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The pattern of clauses it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Why it is as it is.
    pub reason: String,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Product and version it was seen with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// How many findings it excused.
    pub excused: u64,
    /// Why it fails the run: it now conforms, or has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Where it is written.
    pub place: PlaceReport,
}

impl KnownReport {
    /// What it names: the pattern of clauses, or of scenarios.
    pub(crate) fn of(&self) -> &str {
        let of = self.clause.as_ref().or(self.scenario.as_ref());
        of.map_or("", String::as_str)
    }
}

/// What one suite came to on one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteReport {
    /// The suite's id: `bits-upload`.
    pub suite: String,
    /// The title of its contract.
    pub title: String,
    /// `mock`, `mock (form=pre2016)`, or the URL or name of the target.
    pub target: String,
    /// All selected scenarios, skipped ones too, sorted by id.
    pub scenarios: Vec<ScenarioReport>,
    /// All clauses that hold for such a target, in the contract's order.
    pub clauses: Vec<ClauseReport>,
    /// Whether requests were sent there and no reply came at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

impl SuiteReport {
    /// Whether a scenario came to that.
    pub(super) fn any(&self, outcome: &str) -> bool {
        self.scenarios.iter().any(|one| one.outcome == outcome)
    }
}

impl ScenarioReport {
    /// The words for what a scenario comes to, the worst last.
    pub(super) const OUTCOMES: [&str; 5] = ["skipped", "passed", "blocked", "failed", "errored"];
}

impl ClauseReport {
    /// The words for what a clause comes to, the worst last.
    pub(super) const OUTCOMES: [&str; 4] = ["needs a scenario", "not exercised", "kept", "broken"];
}

/// What one scenario came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioReport {
    /// Its id, with the row: `bits-upload/fragment/gap@FRAGMENT`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `passed`, `failed`, `blocked`, `skipped` or `errored`.
    pub outcome: String,
    /// Why it was skipped or errored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
    /// Requests sent, cleanup and polls included.
    pub requests: u64,
    /// Findings in the order they were made.
    pub findings: Vec<FindingReport>,
    /// Which replies were compared with snapshots; those that differ have a finding. Absent in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<Vec<SnapshotReport>>,
}

/// The replies of a scenario that were compared with its snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReport {
    /// The form of the embedded mock: `form=pre2016`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The ids of the steps.
    pub steps: Vec<String>,
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingReport {
    /// The id of the broken clause; null for a precondition, a capture or a snapshot.
    pub clause: Option<String>,
    /// How strong the broken promise is: `must`, `should` or `may`.
    #[serde(with = "level_word")]
    pub level: Level,
    /// The id of the step.
    pub step: String,
    /// The form of the embedded mock it was seen in: `form=pre2016`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Why it fails nothing: the reason of a known difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// What was looked at: `status`, `header BITS-Protocol`, `json $.Id` ...
    pub subject: String,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// What the clause says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The documents the clause stands on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceReport>,
    /// Where the expectation or the clause is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceReport>,
    /// Where the step is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_place: Option<PlaceReport>,
    /// Both sides, where they are long enough that only what differs is worth showing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<DiffReport>,
    /// The exchange it was seen in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeReport>,
    /// In how many exchanges it was found: in this one, and in those alike that are not kept; 1 where it is left out.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u64,
}

fn once() -> u64 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for this signature"
)]
fn is_once(times: &u64) -> bool {
    *times == 1
}

/// A document a clause stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Document and heading: `fragment § Remarks`.
    pub text: String,
    /// Its URL; empty where it is unknown.
    pub url: String,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceReport {
    /// The file, relative to where the program was started.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The text of that line.
    pub text: String,
}

/// Two long texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffReport {
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// One request with its reply, bodies truncated at [`Body::LIMIT`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeReport {
    /// Scheme and authority it was sent to.
    pub origin: String,
    /// The request; its `line` is the request line.
    pub request: Message,
    /// The reply, or what had arrived of it; its `line` is the status line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Message>,
    /// How the exchange broke, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Bytes that the peer sent and that belong to no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<Body>,
    /// From the first byte sent to the last received, in milliseconds.
    pub elapsed_ms: u64,
}

/// One side of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Request line or status line, without line end.
    pub line: String,
    /// Names and values of the header fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// A body as far as a report keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// How many bytes it had.
    pub bytes: u64,
    /// The first bytes as text; empty where it is no text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The first bytes in Base64, where it is no text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base64: String,
    /// Whether there is more than is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Body {
    /// How many bytes of a body a report keeps.
    pub const LIMIT: usize = 4096;
}

/// What one clause came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClauseReport {
    /// Its id.
    pub id: String,
    /// `must`, `should` or `may`.
    #[serde(with = "level_word")]
    pub level: Level,
    /// `kept`, `broken`, `not exercised`, or `needs a scenario`: of observed traffic, which cannot show it.
    pub outcome: String,
    /// How often it was judged.
    pub checked: u64,
    /// What it says.
    pub says: String,
    /// The area of the contract it belongs to.
    pub area: String,
    /// The documents it stands on.
    pub sources: Vec<SourceReport>,
}

/// How many scenarios came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Kept everything of level `must`.
    pub passed: u64,
    /// Broke something.
    pub failed: u64,
    /// A precondition was not met; counts as failed.
    pub blocked: u64,
    /// Not run.
    pub skipped: u64,
    /// We could not.
    pub errored: u64,
}

impl Totals {
    /// Counts the scenarios of some suites.
    #[must_use]
    pub fn of(suites: &[SuiteReport]) -> Self {
        let mut totals = Self::default();
        for scenario in suites.iter().flat_map(|suite| &suite.scenarios) {
            match scenario.outcome.as_str() {
                "passed" => totals.passed += 1,
                "failed" => totals.failed += 1,
                "blocked" => totals.blocked += 1,
                "skipped" => totals.skipped += 1,
                _ => totals.errored += 1,
            }
        }
        totals
    }

    /// All scenarios.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.passed + self.failed + self.blocked + self.skipped + self.errored
    }

    /// Those that were run.
    #[must_use]
    pub fn ran(&self) -> u64 {
        self.all() - self.skipped
    }
}

/// The word for a level: `must`, `should`, `may`.
pub(crate) fn word(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

mod level_word {
    use crate::contract::Level;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for this signature"
    )]
    pub(super) fn serialize<S: Serializer>(level: &Level, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(super::word(*level))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Level, D::Error> {
        let word = String::deserialize(input)?;
        [Level::Must, Level::Should, Level::May]
            .into_iter()
            .find(|level| super::word(*level) == word)
            .ok_or_else(|| Error::unknown_variant(&word, &["must", "should", "may"]))
    }
}
