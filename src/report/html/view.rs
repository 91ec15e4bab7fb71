//! What stands on the page, in the order in which it stands there. All texts are shown as they are; the template escapes them.

use super::mark::{DiffLine, Piece};
use serde::Serialize;

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub(super) exit: u8,
    pub(super) meaning: String,
    /// `good`, `bad` or `unsure`.
    pub(super) verdict: &'static str,
    pub(super) tool: String,
    pub(super) run_id: String,
    /// `2026-01-01T00:00:00.000Z`
    pub(super) started: String,
    pub(super) elapsed: String,
    pub(super) interrupted: bool,
    pub(super) strict: bool,
    pub(super) totals: Vec<Count>,
    pub(super) clauses: Vec<Count>,
    pub(super) suites: Vec<Suite>,
    pub(super) known: Vec<Known>,
    /// What can be chosen from in the filters.
    pub(super) areas: Vec<String>,
}

/// A number with its word.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    pub(super) word: String,
    pub(super) number: u64,
}

/// A known difference.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    /// The pattern with its kind: `clause fragment.*`.
    pub(super) of: String,
    pub(super) reason: String,
    pub(super) until: Option<String>,
    pub(super) product: Option<String>,
    pub(super) excused: u64,
    pub(super) problem: Option<String>,
    pub(super) place: String,
}

/// One suite on one target.
#[derive(Debug, Serialize)]
pub(super) struct Suite {
    /// For links: `s1`.
    pub(super) anchor: String,
    pub(super) suite: String,
    pub(super) target: String,
    /// `BITS upload: 41/41 must, 9/11 should`
    pub(super) levels: String,
    pub(super) findings: Vec<Group>,
    pub(super) areas: Vec<Area>,
    pub(super) scenarios: Vec<Scenario>,
    /// How many were skipped or errored, and why.
    pub(super) left_out: Vec<LeftOut>,
}

/// Scenarios that came to nothing.
#[derive(Debug, Serialize)]
pub(super) struct LeftOut {
    pub(super) outcome: &'static str,
    pub(super) number: String,
    pub(super) why: String,
}

/// The findings of one clause, or of one scenario where they have no clause.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) anchor: String,
    pub(super) clause: Option<String>,
    /// `must broken`, `snapshot differs` ...
    pub(super) heading: String,
    pub(super) level: &'static str,
    pub(super) area: String,
    /// `broken`, `known`, or `note` for a snapshot.
    pub(super) outcome: &'static str,
    pub(super) known: Option<String>,
    pub(super) says: Option<String>,
    pub(super) sources: Vec<Source>,
    /// `2 places`
    pub(super) number: String,
    pub(super) places: Vec<Place>,
}

/// A document.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub(super) text: String,
    /// Only `http` and `https`; none otherwise.
    pub(super) url: Option<String>,
}

/// One place where something was found.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    pub(super) scenario: String,
    pub(super) title: String,
    pub(super) step: String,
    pub(super) form: Option<String>,
    /// `file.yaml:10:9`, and what stands there.
    pub(super) written: Option<String>,
    pub(super) line: Option<String>,
    pub(super) request: Option<String>,
    pub(super) subject: String,
    pub(super) expected: Vec<Piece>,
    pub(super) actual: Vec<Piece>,
    pub(super) diff: Vec<DiffLine>,
    pub(super) exchange: Option<Exchange>,
    /// Whether an exchange was left out to keep the page readable.
    pub(super) left_out: bool,
}

/// A request with its reply, or how the connection broke.
#[derive(Debug, Serialize)]
pub(super) struct Exchange {
    pub(super) elapsed: String,
    pub(super) request: Message,
    pub(super) reply: Option<Message>,
    pub(super) broken: Option<String>,
    /// Whether that is what the finding is about.
    pub(super) broken_mark: bool,
    pub(super) excess: Option<Bytes>,
}

/// One side of an exchange.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    pub(super) line: String,
    pub(super) line_mark: bool,
    pub(super) headers: Vec<Header>,
    pub(super) body: Bytes,
}

/// A header field.
#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) mark: bool,
}

/// A body as far as it is kept.
#[derive(Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) text: Vec<Piece>,
    /// What is to be said of it: that it was cut, or is shown in hexadecimal.
    pub(super) note: Option<String>,
}

/// The clauses of one area.
#[derive(Debug, Serialize)]
pub(super) struct Area {
    pub(super) name: String,
    /// `4/5`, of `must`, `should`, `may`; none where the area has none.
    pub(super) levels: [Option<String>; 3],
    pub(super) broken: u64,
    pub(super) not_exercised: u64,
    pub(super) clauses: Vec<Clause>,
}

/// A clause.
#[derive(Debug, Serialize)]
pub(super) struct Clause {
    pub(super) id: String,
    pub(super) level: &'static str,
    pub(super) outcome: String,
    pub(super) checked: u64,
    pub(super) says: String,
    pub(super) sources: Vec<Source>,
    /// The anchor of its findings.
    pub(super) finding: Option<String>,
}

/// A scenario.
#[derive(Debug, Serialize)]
pub(super) struct Scenario {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) outcome: String,
    pub(super) why: Option<String>,
    pub(super) elapsed: String,
    pub(super) requests: u64,
    pub(super) findings: usize,
    pub(super) known: usize,
}
