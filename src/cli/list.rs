//! `wireproof list`: suites with their operations, scenarios and clauses.

use super::coverage::{Coverage, coverage};
use crate::report::put;
use crate::{
    contract::{Clause, Judges, ProvedBy},
    report::{Report, Style, counted, word},
    scenario::Suite,
};
use serde::Serialize;

/// The list as JSON; the fields of section 8 of the design, and titles.
#[derive(Debug, Serialize)]
struct List<'a> {
    suites: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    suite: &'a str,
    title: &'a str,
    operations: Vec<OperationEntry<'a>>,
    scenarios: Vec<ScenarioEntry<'a>>,
    clauses: Vec<ClauseEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct OperationEntry<'a> {
    id: &'a str,
    title: &'a str,
    method: &'a str,
}

#[derive(Debug, Serialize)]
struct ScenarioEntry<'a> {
    id: &'a str,
    title: &'a str,
    rows: usize,
}

#[derive(Debug, Serialize)]
struct ClauseEntry<'a> {
    id: &'a str,
    level: &'a str,
    /// Whose promise it is: `server` or `client`.
    judges: &'a str,
    says: &'a str,
    #[serde(flatten)]
    coverage: Coverage,
}

/// As JSON; with a report what each clause came to there.
pub(crate) fn json(suites: &[Suite], report: Option<&Report>) -> String {
    let list = List {
        suites: suites
            .iter()
            .map(|suite| Entry {
                suite: &suite.contract.id,
                title: &suite.contract.title,
                operations: suite
                    .contract
                    .operations
                    .iter()
                    .map(|operation| OperationEntry {
                        id: &operation.id,
                        title: &operation.title,
                        method: &operation.method,
                    })
                    .collect(),
                scenarios: suite
                    .scenarios
                    .iter()
                    .map(|scenario| ScenarioEntry {
                        id: &scenario.id,
                        title: &scenario.title,
                        rows: scenario.rows.len().max(1),
                    })
                    .collect(),
                clauses: suite
                    .contract
                    .clauses
                    .iter()
                    .zip(coverage(suite, report))
                    .map(|(clause, coverage)| ClauseEntry {
                        id: &clause.id,
                        level: word(clause.level),
                        judges: match clause.judges {
                            Judges::Server => "server",
                            Judges::Client => "client",
                        },
                        says: &clause.says,
                        coverage,
                    })
                    .collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&list).expect("names and texts make JSON");
    text.push('\n');
    text
}

/// For a person. Clauses with what proves them, and with a report what they came to there.
pub(crate) fn text(
    suites: &[Suite],
    clauses: bool,
    report: Option<&Report>,
    style: Style,
) -> String {
    let mut out = String::new();
    for (index, suite) in suites.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let contract = &suite.contract;
        put!(out, "{}: {}\n", style.bold(&contract.id), contract.title);
        put!(out, "  operations ({})\n", contract.operations.len());
        let widest = contract
            .operations
            .iter()
            .map(|operation| operation.id.chars().count())
            .max()
            .unwrap_or(0);
        for operation in &contract.operations {
            put!(out, "    {:<widest$}  {}\n", operation.id, operation.title);
        }
        // `check` runs each row by itself and counts them so.
        let rows: usize = suite
            .scenarios
            .iter()
            .map(|one| one.rows.len().max(1))
            .sum();
        match suite.scenarios.len() {
            files if files == rows => put!(out, "  scenarios ({files})\n"),
            files => put!(out, "  scenarios ({files} files, {rows} with their rows)\n"),
        }
        for scenario in &suite.scenarios {
            let rows = match scenario.rows.len() {
                0 | 1 => String::new(),
                rows => format!(" ({rows} rows)"),
            };
            put!(out, "    {}{rows}\n", scenario.id);
        }
        if clauses {
            put!(out, "  clauses ({})\n", contract.clauses.len());
            for (clause, coverage) in contract.clauses.iter().zip(coverage(suite, report)) {
                let whose = match clause.judges {
                    Judges::Server => "",
                    Judges::Client => " (of clients)",
                };
                put!(out, "    {:<6} {}{whose}\n", word(clause.level), clause.id);
                covered(&mut out, clause, &coverage, style);
            }
        } else {
            put!(
                out,
                "  clauses ({}; --clauses lists them)\n",
                contract.clauses.len()
            );
        }
    }
    out
}

/// How many scenarios are named; more are counted.
const NAMED: usize = 3;

fn covered(out: &mut String, clause: &Clause, coverage: &Coverage, style: Style) {
    let named: Vec<&str> = coverage
        .scenarios
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect();
    let how = match clause.proved_by {
        ProvedBy::Invariant { .. } => "judged in",
        ProvedBy::Scenario => "proved by",
    };
    let by = match coverage.scenarios.len().saturating_sub(NAMED) {
        _ if named.is_empty() => style.red("no scenario"),
        0 => format!("{how} {}", named.join(", ")),
        more => format!(
            "{how} {}, {}",
            named.join(", "),
            counted(more, "more scenario")
        ),
    };
    let targets: Vec<String> = coverage
        .targets
        .iter()
        .map(|one| match one.checked {
            None => one.target.clone(),
            Some(0) => format!("{}: {}", one.target, one.outcome),
            Some(times) => format!("{}: {}, {}", one.target, one.outcome, counted_u64(times)),
        })
        .collect();
    let counterexamples = counted(coverage.counterexamples, "counterexample");
    let on = match targets.is_empty() {
        true => String::new(),
        false => format!("; on {}", targets.join(", ")),
    };
    let line = format!("{counterexamples}; {by}{on}");
    put!(out, "           {}\n", style.wrap(&line, 13));
}

fn counted_u64(times: u64) -> String {
    match times {
        1 => "judged once".to_owned(),
        times => format!("judged {times} times"),
    }
}
