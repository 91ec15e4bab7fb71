use super::data::{ClauseReport, ScenarioReport, SuiteReport};
use crate::contract::{Clause, Contract, Level, Operation};

/// The area of the contract that a clause belongs to: the group of its operation, or the title of the whole.
pub(crate) fn area_of(contract: &Contract, clause: &Clause) -> String {
    let operation = clause
        .family
        .iter()
        .chain(&clause.on)
        .find_map(|id| find(contract, id))
        .or_else(|| {
            // A behaviour need not say `on`; its id begins with what it is about.
            let (head, _) = clause.id.split_once('.')?;
            find(contract, head)
        });
    operation.map_or_else(
        || "everywhere".to_owned(),
        |operation| {
            operation
                .group
                .clone()
                .unwrap_or_else(|| operation.id.clone())
        },
    )
}

fn find<'a>(contract: &'a Contract, id: &str) -> Option<&'a Operation> {
    contract.operations.iter().find(|known| known.id == id)
}

/// One row of the table of areas: of each level how many clauses were kept, of how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AreaRow {
    /// The area.
    pub(crate) area: String,
    /// `must`, `should`, `may`: kept, all.
    pub(crate) levels: [(u64, u64); 3],
    /// Broken clauses.
    pub(crate) broken: u64,
    /// Clauses never judged.
    pub(crate) not_exercised: u64,
}

impl AreaRow {
    fn add(&mut self, clause: &ClauseReport) {
        let level = match clause.level {
            Level::Must => 0,
            Level::Should => 1,
            Level::May => 2,
        };
        self.levels[level].1 += 1;
        match clause.outcome.as_str() {
            "kept" => self.levels[level].0 += 1,
            "broken" => self.broken += 1,
            _ => self.not_exercised += 1,
        }
    }
}

/// One row for each area in the contract's order, and one for all.
pub(crate) fn table(clauses: &[ClauseReport]) -> (Vec<AreaRow>, AreaRow) {
    let mut rows: Vec<AreaRow> = Vec::new();
    let mut all = AreaRow {
        area: "all".to_owned(),
        ..AreaRow::default()
    };
    for clause in clauses {
        all.add(clause);
        match rows.iter_mut().find(|row| row.area == clause.area) {
            Some(row) => row.add(clause),
            None => {
                let mut row = AreaRow {
                    area: clause.area.clone(),
                    ..AreaRow::default()
                };
                row.add(clause);
                rows.push(row);
            }
        }
    }
    (rows, all)
}

/// How many clauses of all suites were kept, broken, and not exercised: those that need a scenario are not, either.
pub(crate) fn clause_counts(suites: &[SuiteReport]) -> [(&'static str, u64); 3] {
    let (mut kept, mut broken, mut not_exercised) = (0, 0, 0);
    for clause in suites.iter().flat_map(|suite| &suite.clauses) {
        match clause.outcome.as_str() {
            "kept" => kept += 1,
            "broken" => broken += 1,
            _ => not_exercised += 1,
        }
    }
    [
        ("kept", kept),
        ("broken", broken),
        ("not exercised", not_exercised),
    ]
}

/// `BITS 1.5 upload protocol: 41/41 must, 9/11 should`: kept, of all that hold for the target.
pub(crate) fn level_line(suite: &SuiteReport) -> String {
    let (_, all) = table(&suite.clauses);
    let words: Vec<String> = ["must", "should", "may"]
        .iter()
        .zip(all.levels)
        .filter(|(_, (_, of))| *of > 0)
        .map(|(word, (kept, of))| format!("{kept}/{of} {word}"))
        .collect();
    let words = if words.is_empty() {
        "no clauses".to_owned()
    } else {
        words.join(", ")
    };
    format!("{}: {words}", suite.title)
}

/// Scenarios of an outcome by reason: the reason, how many.
pub(crate) fn with_reason(scenarios: &[ScenarioReport], outcome: &str) -> Vec<(String, u64)> {
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for scenario in scenarios.iter().filter(|s| s.outcome == outcome) {
        let why = scenario.why.clone().unwrap_or_default();
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((why, 1)),
        }
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons
}
