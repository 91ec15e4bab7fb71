//! `wireproof list`: suites with their operations, scenarios and clauses.

use crate::report::put;
use crate::{
    contract::Judges,
    report::{Style, word},
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
}

/// As JSON.
pub(crate) fn json(suites: &[Suite]) -> String {
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
                    .map(|clause| ClauseEntry {
                        id: &clause.id,
                        level: word(clause.level),
                        judges: match clause.judges {
                            Judges::Server => "server",
                            Judges::Client => "client",
                        },
                        says: &clause.says,
                    })
                    .collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&list).expect("names and texts make JSON");
    text.push('\n');
    text
}

/// For a person.
pub(crate) fn text(suites: &[Suite], clauses: bool, style: Style) -> String {
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
            for clause in &contract.clauses {
                let whose = match clause.judges {
                    Judges::Server => "",
                    Judges::Client => " (of clients)",
                };
                put!(out, "    {:<6} {}{whose}\n", word(clause.level), clause.id);
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
