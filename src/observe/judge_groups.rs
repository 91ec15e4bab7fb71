//! What was found of one operation on one side, in bounded memory.

use super::Observed;
use crate::{
    check::Finding,
    contract::{Level, Operation},
    message::Exchange,
    runner::{Outcome, ScenarioResult},
};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

/// Who was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Client,
    Server,
}

/// How many exchanges of a kind are kept as examples.
const EXAMPLES: usize = 3;
/// How many findings without a clause are told apart; more are counted with the last.
const KINDS: usize = 50;
/// How many reasons why a clause could not be judged are told.
const REASONS: usize = 10;

/// One operation on one side.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) exchanges: u64,
    pub(super) elapsed: Duration,
    /// By the id of the clause, or by what was looked at where there is none.
    kinds: IndexMap<String, Kind>,
    wrong: Vec<String>,
}

/// All that was found alike.
#[derive(Debug, Default)]
struct Kind {
    /// In how many exchanges.
    times: u64,
    /// Those of the first exchanges, with the number of the exchange.
    examples: Vec<(u64, Finding)>,
}

impl Group {
    /// A finding without a clause.
    pub(super) fn finding(subject: &str, level: Level, expected: &str, actual: String) -> Finding {
        Finding {
            clause: None,
            level,
            step: String::new(),
            place: None,
            step_place: None,
            subject: subject.to_owned(),
            expected: expected.to_owned(),
            actual,
            diff: None,
            exchange: None,
            times: 1,
        }
    }

    /// Adds what one exchange came to.
    pub(super) fn add(
        &mut self,
        findings: Vec<Finding>,
        observed: &Observed,
        mut exchange: impl FnMut() -> Arc<Exchange>,
    ) {
        let mut counted: Vec<usize> = Vec::new();
        for mut finding in findings {
            let key = match &finding.clause {
                Some(clause) => clause.id.clone(),
                None => format!("{}: {}", finding.subject, finding.expected),
            };
            let index = match self.kinds.get_index_of(&key) {
                Some(index) => index,
                None if finding.clause.is_none() && self.kinds.len() >= KINDS => continue,
                None => self.kinds.insert_full(key, Kind::default()).0,
            };
            let kind = &mut self.kinds[index];
            if !counted.contains(&index) {
                counted.push(index);
                kind.times += 1;
            }
            if kind.times <= EXAMPLES as u64 {
                finding.step = moment(observed);
                finding.exchange = Some(exchange());
                kind.examples.push((kind.times, finding));
            }
        }
    }

    /// Adds why a clause could not be judged.
    pub(super) fn wrong(&mut self, why: String) {
        if self.wrong.len() < REASONS && !self.wrong.contains(&why) {
            self.wrong.push(why);
        }
    }

    /// As a scenario; `foreign` says why it proves nothing.
    pub(super) fn result(
        &self,
        contract: &str,
        side: Side,
        operation: Option<&Operation>,
        foreign: Option<&str>,
    ) -> ScenarioResult {
        let mut findings = Vec::new();
        for kind in self.kinds.values() {
            // What was not kept is counted with the last exchange that was.
            let more = kind.times.saturating_sub(EXAMPLES as u64);
            for (number, finding) in &kind.examples {
                let last = *number == EXAMPLES as u64;
                findings.push(Finding {
                    times: if last { 1 + more } else { 1 },
                    ..finding.clone()
                });
            }
        }
        let fails = findings.iter().any(|finding| finding.level == Level::Must);
        let (area, did) = match side {
            Side::Client => ("client", "asked"),
            Side::Server => ("server", "answered"),
        };
        let name = operation.map_or("undocumented", |operation| operation.id.as_str());
        let title = match operation {
            Some(operation) => format!("{}, as it was {did}", operation.title),
            None => format!("What no operation describes, as it was {did}"),
        };
        ScenarioResult {
            id: format!("{contract}/{area}/{name}"),
            title,
            outcome: match foreign {
                _ if !self.wrong.is_empty() => Outcome::Errored(self.wrong.join("; ")),
                _ if fails => Outcome::Failed,
                Some(why) => Outcome::Skipped(why.to_owned()),
                None => Outcome::Passed,
            },
            findings,
            elapsed: self.elapsed,
            requests: self.exchanges,
            compared: Vec::new(),
            trace: Vec::new(),
        }
    }
}

/// Where in the traffic an exchange was, for a person: `connection 3 at 12.345 s`.
fn moment(observed: &Observed) -> String {
    let began = observed.at.saturating_sub(observed.exchange.elapsed);
    format!(
        "connection {} at {}.{:03} s",
        observed.exchange.connection,
        began.as_secs(),
        began.subsec_millis()
    )
}
