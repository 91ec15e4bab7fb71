//! `wireproof explain`: all about one clause or operation.

use super::out::Stop;
use crate::report::put;
use crate::{
    contract::{Clause, Contract, Judges, Operation, ProvedBy, Segment},
    report::{Style, word},
    scenario::{Scenario, Send, Step, StepKind, Suite},
    source::nearest,
};

/// The explanation of every clause and operation of that name.
///
/// # Errors
/// Where there is none: with the nearest that there is.
pub(crate) fn explain(suites: &[Suite], name: &str, style: Style) -> Result<String, Stop> {
    let (only, id) = match name.split_once('/') {
        Some((suite, id)) if suites.iter().any(|known| known.contract.id == suite) => {
            (Some(suite), id)
        }
        _ => (None, name),
    };
    let suites = || {
        suites
            .iter()
            .filter(move |suite| only.is_none_or(|only| only == suite.contract.id))
    };
    let mut parts = Vec::new();
    for suite in suites() {
        for operation in &suite.contract.operations {
            if operation.id == id {
                parts.push(operation_text(suite, operation, style));
            }
        }
        for clause in &suite.contract.clauses {
            if clause.id == id {
                parts.push(clause_text(suite, clause, style));
            }
        }
    }
    if parts.is_empty() {
        let known: Vec<&str> = suites()
            .flat_map(|suite| {
                let operations = suite.contract.operations.iter().map(|o| o.id.as_str());
                operations.chain(suite.contract.clauses.iter().map(|c| c.id.as_str()))
            })
            .collect();
        let hint = nearest(id, &known).map_or_else(
            || "`wireproof list --clauses` names all".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let among: Vec<&str> = suites().map(|suite| suite.contract.id.as_str()).collect();
        return Err(Stop::input(format!(
            "there is no clause and no operation `{name}` in {}; {hint}; what another suite has is found with its folder: \
             `wireproof explain CLAUSE FOLDER`",
            among.join(", ")
        )));
    }
    Ok(parts.join("\n"))
}

fn clause_text(suite: &Suite, clause: &Clause, style: Style) -> String {
    let contract = &suite.contract;
    let mut out = format!(
        "{} ({}, clause of {})\n",
        style.bold(&clause.id),
        word(clause.level),
        contract.id
    );
    put!(out, "  {}\n", style.wrap(&clause.says, 2));
    out += &documents(contract, &clause.source, style);
    if clause.judges == Judges::Client {
        out += "judges\n  the client\n";
    }
    if !clause.traits.is_empty() {
        put!(out, "holds where\n  {}\n", traits(&clause.traits));
    }
    out += "proved by\n";
    if let ProvedBy::Invariant { .. } = clause.proved_by {
        let on = match clause.on.as_slice() {
            [one] if one == "all" => "every exchange of a documented operation".to_owned(),
            [one] if one == "any" => "every exchange".to_owned(),
            several => format!("every exchange of {}", several.join(", ")),
        };
        let judged = match clause.judges {
            Judges::Server => format!("{on}, in all scenarios"),
            Judges::Client => format!("{on}, in live traffic (`wireproof observe`)"),
        };
        put!(out, "  {}\n", style.wrap(&judged, 4));
    }
    let mut proving: Vec<&Scenario> = Vec::new();
    for scenario in &suite.scenarios {
        if proves(suite, scenario, &clause.id) {
            proving.push(scenario);
        }
    }
    for scenario in &proving {
        put!(out, "  {}\n", scenario.id);
        put!(out, "    {}\n", style.wrap(&scenario.title, 4));
    }
    if proving.is_empty() && matches!(clause.proved_by, ProvedBy::Scenario) {
        out += "  no scenario\n";
    }
    out += "counterexamples, each of which must be caught\n";
    for example in &clause.broken_by {
        let set: String = example
            .set
            .iter()
            .map(|(name, value)| format!(" with {name}={value}"))
            .collect();
        let line = format!("{}{set}", example.name);
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    if let Some(stance) = &clause.stance {
        put!(out, "stance\n  {}\n", style.wrap(stance, 2));
    }
    if !clause.in_practice.is_empty() {
        out += "in practice\n";
        for practice in &clause.in_practice {
            let line = format!(
                "{}: {} ({})",
                practice.product, practice.does, practice.source
            );
            put!(out, "  {}\n", style.wrap(&line, 4));
        }
    }
    put!(
        out,
        "written at\n  {}\n",
        style.cyan(&clause.place.to_string())
    );
    out
}

fn operation_text(suite: &Suite, operation: &Operation, style: Style) -> String {
    let contract = &suite.contract;
    let mut out = format!(
        "{} (operation of {})\n",
        style.bold(&operation.id),
        contract.id
    );
    put!(out, "  {}\n", style.wrap(&operation.title, 2));
    out += "request\n";
    for pattern in &operation.paths {
        let only = pattern
            .only
            .as_ref()
            .map_or_else(String::new, |(name, value)| {
                format!("  where {name}={value}")
            });
        let path: String = pattern
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => format!("/{text}"),
                Segment::Name(name) => format!("/{{{name}}}"),
                Segment::Rest(name) => format!("/{{*{name}}}"),
            })
            .collect();
        put!(out, "  {} {path}{only}\n", operation.method);
    }
    for (name, value) in &operation.header {
        put!(out, "  {name}: {value}\n");
    }
    if !operation.query.is_empty() {
        let line = format!("query: {}", operation.query.join(", "));
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    if !operation.traits.is_empty() {
        put!(out, "exists where\n  {}\n", traits(&operation.traits));
    }
    let status: Vec<String> = operation.reply.status.iter().map(u16::to_string).collect();
    put!(
        out,
        "documented success\n  status {}\n",
        status.join(" or ")
    );
    if !operation.reply.header.is_empty() {
        let names: Vec<_> = operation
            .reply
            .header
            .iter()
            .map(|(n, _)| n.as_str())
            .collect();
        let line = format!("header fields: {}", names.join(", "));
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    if let Some(shape) = &operation.reply.shape {
        put!(out, "  body: {shape}\n");
    } else if operation.reply.empty {
        out += "  no body\n";
    }
    out += &documents(contract, &operation.source, style);
    let about = |clause: &&Clause| {
        clause.on.contains(&operation.id)
            || clause.family.as_ref() == Some(&operation.id)
            || clause
                .id
                .split_once('.')
                .is_some_and(|(head, _)| head == operation.id)
    };
    let clauses: Vec<&Clause> = contract.clauses.iter().filter(about).collect();
    put!(out, "clauses ({})\n", clauses.len());
    for clause in clauses {
        put!(out, "  {:<6} {}\n", word(clause.level), clause.id);
    }
    let sending: Vec<&str> = suite
        .scenarios
        .iter()
        .filter(|scenario| {
            sends(suite, scenario, &|send| {
                send.operation.as_ref() == Some(&operation.id)
            })
        })
        .map(|scenario| scenario.id.as_str())
        .collect();
    put!(out, "scenarios ({})\n", sending.len());
    for id in sending {
        put!(out, "  {id}\n");
    }
    put!(
        out,
        "written at\n  {}\n",
        style.cyan(&operation.place.to_string())
    );
    out
}

fn documents(contract: &Contract, sources: &[String], style: Style) -> String {
    let mut out = "documents\n".to_owned();
    for source in sources {
        put!(out, "  {}\n", style.wrap(source, 4));
        let key = source.split('§').next().unwrap_or_default().trim();
        if let Some(document) = contract.documents.get(key) {
            put!(out, "    {}\n", style.wrap(&document.title, 4));
            put!(out, "    {}\n", style.cyan(&document.url));
        }
    }
    out
}

fn traits(traits: &[(String, Vec<String>)]) -> String {
    let parts: Vec<String> = traits
        .iter()
        .map(|(name, values)| format!("{name} is {}", values.join(" or ")))
        .collect();
    parts.join(", ")
}

/// Whether a step of the scenario names that clause.
fn proves(suite: &Suite, scenario: &Scenario, clause: &str) -> bool {
    sends(suite, scenario, &|send| {
        let expected = send.expect.iter().flat_map(|expect| &expect.proves);
        let polled = send.repeat.iter().flat_map(|repeat| &repeat.proves);
        expected.chain(polled).any(|(id, _)| id == clause)
    })
}

fn sends(suite: &Suite, scenario: &Scenario, fits: &dyn Fn(&Send) -> bool) -> bool {
    any_send(suite, &scenario.steps, fits) || any_send(suite, &scenario.cleanup, fits)
}

fn any_send(suite: &Suite, steps: &[Step], fits: &dyn Fn(&Send) -> bool) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Send(send) => fits(send),
        StepKind::Parallel(steps) => any_send(suite, steps, fits),
        StepKind::Use { name, .. } => suite
            .sequences
            .get(name)
            .is_some_and(|sequence| any_send(suite, &sequence.steps, fits)),
    })
}
