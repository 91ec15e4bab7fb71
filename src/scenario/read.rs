use super::{
    Effects, Scenario, Sequence, Var,
    flow::{Flow, RESERVED, effects_left_out, unique_ids},
    keys::{BYTES, SCENARIO, SEQUENCE, SEQUENCES},
    parts::captures,
    read_step::{Around, literals, read_steps},
};
use crate::{
    contract::{Contract, REAL_SERVER, check_variable_name, keys::SECRET, read_traits},
    source::{Fields, Literal, Node, Place, Problems, Reading, SourceFile, Span},
};
use indexmap::IndexMap;
use std::{path::Path, sync::Arc};

const EFFECTS: [(&str, Effects); 2] = [("reads", Effects::Reads), ("writes", Effects::Writes)];

/// Reads a scenario with every mistake in it; gives none where there is one.
///
/// `id` is what it is called (`<suite>/<area>/<name>`), `folder` what its `file:` bodies are relative to.
#[must_use]
pub fn read(
    file: &Arc<SourceFile>,
    id: &str,
    folder: Option<&Path>,
    contract: &Contract,
    sequences: &IndexMap<String, Sequence>,
) -> (Option<Scenario>, Problems) {
    let mut reading = Reading::new(file);
    let scenario = Node::parse(file, &mut reading.problems)
        .and_then(|node| read_scenario(&mut reading, &node, id, contract, sequences))
        .map(|scenario| Scenario {
            folder: folder.map(Path::to_owned),
            ..scenario
        });
    let mut problems = reading.problems;
    problems.sort();
    (scenario.filter(|_| problems.is_empty()), problems)
}

/// Reads the sequences of a `steps.yaml` with every mistake in it.
#[must_use]
pub fn read_sequences(
    file: &Arc<SourceFile>,
    contract: &Contract,
) -> (IndexMap<String, Sequence>, Problems) {
    let mut reading = Reading::new(file);
    let sequences = Node::parse(file, &mut reading.problems)
        .and_then(|node| read_sequence_file(&mut reading, &node, contract))
        .unwrap_or_default();
    let mut problems = reading.problems;
    problems.sort();
    (sequences, problems)
}

fn read_scenario(
    reading: &mut Reading,
    node: &Node,
    id: &str,
    contract: &Contract,
    sequences: &IndexMap<String, Sequence>,
) -> Option<Scenario> {
    let fields = reading.fields(node, &SCENARIO)?;
    let shapes: Vec<String> = contract.shapes.keys().cloned().collect();
    let around = Around {
        contract,
        shapes: &shapes,
    };
    let title = fields
        .get("scenario")
        .and_then(|node| reading.filled(node, "a title"));
    let contract_id = fields.get("contract").and_then(|node| {
        let id = reading.filled(node, "the id of a contract")?;
        if id != contract.id {
            reading.unknown(
                "unknown-contract",
                node.span,
                &id,
                "contract of this suite",
                [contract.id.as_str()],
            );
        }
        Some(id)
    });
    let scenario = Scenario {
        id: id.to_owned(),
        title: title.unwrap_or_default(),
        contract: contract_id.unwrap_or_default(),
        effects: fields
            .get("effects")
            .and_then(|node| reading.word(node, "what it does to its target", &EFFECTS))
            .unwrap_or(Effects::Reads),
        needs: read_needs(reading, &fields, contract),
        traits: fields
            .get("where")
            .map(|node| read_traits(reading, node, &contract.traits))
            .unwrap_or_default(),
        vars: read_vars(reading, &fields),
        rows: read_rows(reading, &fields),
        steps: fields
            .get("steps")
            .map(|node| {
                reading.one_or_more(node, "a step");
                read_steps(reading, node, "step", around)
            })
            .unwrap_or_default(),
        cleanup: fields
            .get("cleanup")
            .map(|node| read_steps(reading, node, "cleanup", around))
            .unwrap_or_default(),
        file: Arc::clone(&reading.file),
        folder: None,
        place: reading.place(fields.get("scenario").map_or(node.span, |node| node.span)),
    };
    unique_ids(reading, &scenario.steps, &scenario.cleanup);
    if fields.get("effects").is_none() {
        effects_left_out(reading, &scenario, contract, sequences);
    }
    let row_place = fields.get("rows").map(|node| reading.place(node.span));
    check_flow(reading, &scenario, row_place.as_ref(), contract, sequences);
    Some(scenario)
}

fn check_flow(
    reading: &mut Reading,
    scenario: &Scenario,
    rows: Option<&Place>,
    contract: &Contract,
    sequences: &IndexMap<String, Sequence>,
) {
    let row_names: Vec<&String> = scenario
        .rows
        .first()
        .map(|row| row.keys().collect())
        .unwrap_or_default();
    // Variables may use those above them, rows use all variables.
    let mut names: Vec<String> = Vec::new();
    let mut used_above: Vec<String> = Vec::new();
    let mut check = |reading: &mut Reading, value: &Literal, names: &[String]| {
        let mut flow = Flow::new(contract, sequences, names.iter().cloned(), false);
        value.templates(&mut |template| {
            flow.template(reading, template, &[]);
            used_above.extend(template.names().iter().cloned());
        });
    };
    for (name, (var, _)) in &scenario.vars {
        match var {
            Var::Value(value) | Var::Secret(value) => check(reading, value, &names),
            Var::Bytes { .. } => {}
        }
        names.push(name.clone());
    }
    for value in scenario.rows.iter().flat_map(|row| row.values()) {
        check(reading, value, &names);
    }
    names.extend(row_names.iter().map(|name| (*name).clone()));
    let mut flow = Flow::new(contract, sequences, names, false);
    flow.steps(reading, &scenario.steps, &scenario.cleanup);
    for name in &used_above {
        flow.uses(name);
    }
    for (name, (_, place)) in &scenario.vars {
        flow.must_use(reading, name, place, "variable");
    }
    // The first column of several names the rows: it may do nothing else.
    let naming = usize::from(row_names.len() > 1);
    for name in row_names.into_iter().skip(naming) {
        if let Some(place) = rows {
            flow.must_use(reading, name, place, "value of the rows");
        }
    }
    for (name, place) in captures(&scenario.steps, &IndexMap::new()) {
        if let Some(place) = place {
            flow.must_use(reading, &name, &place, "capture");
        }
    }
}

fn read_needs(
    reading: &mut Reading,
    fields: &Fields<'_>,
    contract: &Contract,
) -> Vec<(String, Place)> {
    let needs = fields
        .get("needs")
        .map(|node| reading.texts(node, "a capability"))
        .unwrap_or_default();
    for (name, place) in &needs {
        if name != REAL_SERVER && !contract.capabilities.contains_key(name) {
            let known = contract.capabilities.keys().map(String::as_str);
            let known = known.chain([REAL_SERVER]);
            reading.unknown(
                "unknown-capability",
                place.span,
                name,
                "capability of the contract",
                known,
            );
        }
    }
    needs
}

fn check_name(reading: &mut Reading, name: &str, span: Span) {
    check_variable_name(reading, name, span);
    if RESERVED.contains(&name) {
        reading.problem(
            "reserved-name",
            span,
            format!("`{name}` is a name that wireproof gives"),
            "cannot be set",
            Some("choose another name".to_owned()),
        );
    }
}

fn read_vars(reading: &mut Reading, fields: &Fields<'_>) -> IndexMap<String, (Var, Place)> {
    let pairs = fields
        .get("vars")
        .map(|node| reading.pairs(node, "a map of variables"))
        .unwrap_or_default();
    let mut vars = IndexMap::new();
    for (name, key, value) in pairs {
        check_name(reading, name, key.span);
        let place = reading.place(key.span);
        if let Some(var) = read_var(reading, value) {
            vars.insert(name.to_owned(), (var, place));
        }
    }
    vars
}

fn read_var(reading: &mut Reading, node: &Node) -> Option<Var> {
    if node.get("bytes").is_some() {
        let fields = reading.fields(node, &BYTES)?;
        let seed = fields
            .get("seed")
            .and_then(|node| reading.integer(node, "a seed"))
            .unwrap_or_default();
        let length = fields.get("bytes").and_then(|node| reading.size(node))?;
        return Some(Var::Bytes { length, seed });
    }
    if node.get("secret").is_some() {
        let secret = reading.fields(node, &SECRET)?.get("secret")?;
        return reading.literal(secret).map(Var::Secret);
    }
    reading.literal(node).map(Var::Value)
}

fn read_rows(reading: &mut Reading, fields: &Fields<'_>) -> Vec<IndexMap<String, Literal>> {
    let Some(node) = fields.get("rows") else {
        return Vec::new();
    };
    reading.one_or_more(node, "a row");
    let mut rows: Vec<IndexMap<String, Literal>> = Vec::new();
    for node in reading.list(node, "a list of rows") {
        for (name, key, _) in reading.pairs(node, "a row (a map of names and values)") {
            check_name(reading, name, key.span);
        }
        if node.as_map().is_none() {
            continue;
        }
        let row = literals(reading, node, "a row");
        if let Some(first) = rows.first() {
            let differs = first
                .keys()
                .find(|name| !row.contains_key(*name))
                .or_else(|| row.keys().find(|name| !first.contains_key(*name)));
            if let Some(name) = differs {
                reading.problem(
                    "rows-differ",
                    node.span,
                    format!("every row gives the same names, and `{name}` stands in one of this row and the first only"),
                    "other names than the first row",
                    None,
                );
            }
        }
        rows.push(row);
    }
    rows
}

fn read_sequence_file(
    reading: &mut Reading,
    node: &Node,
    contract: &Contract,
) -> Option<IndexMap<String, Sequence>> {
    let shapes: Vec<String> = contract.shapes.keys().cloned().collect();
    let around = Around {
        contract,
        shapes: &shapes,
    };
    let fields = reading.fields(node, &SEQUENCES)?;
    let pairs = reading.pairs(fields.get("sequences")?, "a map of sequences");
    let mut sequences: IndexMap<String, Sequence> = IndexMap::new();
    for (name, key, node) in pairs {
        let Some(fields) = reading.fields(node, &SEQUENCE) else {
            continue;
        };
        let texts = |reading: &mut Reading, name, meant| -> Vec<(String, Place)> {
            fields
                .get(name)
                .filter(|node| node.as_list().is_none_or(|list| !list.is_empty()))
                .map(|node| reading.texts(node, meant))
                .unwrap_or_default()
        };
        let args = texts(reading, "args", "the name of an argument");
        for (name, place) in &args {
            check_name(reading, name, place.span);
        }
        let gives = texts(reading, "gives", "the name of a capture");
        let steps = fields
            .get("steps")
            .map(|node| {
                reading.one_or_more(node, "a step");
                read_steps(reading, node, "step", around)
            })
            .unwrap_or_default();
        unique_ids(reading, &steps, &[]);
        let arg_names: Vec<String> = args.iter().map(|(name, _)| name.clone()).collect();
        // A sequence can use those above it, so none can use itself.
        let mut flow = Flow::new(contract, &sequences, arg_names.iter().cloned(), true);
        flow.steps(reading, &steps, &[]);
        let captured = captures(&steps, &sequences);
        for (name, place) in &gives {
            flow.uses(name);
            if !captured.iter().any(|(known, _)| known == name) {
                let known = captured.iter().map(|(name, _)| name.as_str());
                reading.unknown(
                    "unknown-capture",
                    place.span,
                    name,
                    "capture of the sequence",
                    known,
                );
            }
        }
        for (name, place) in &args {
            flow.must_use(reading, name, place, "argument");
        }
        for (name, place) in &captured {
            if let Some(place) = place {
                flow.must_use(reading, name, place, "capture");
            }
        }
        sequences.insert(
            name.to_owned(),
            Sequence {
                name: name.to_owned(),
                args: arg_names,
                gives: gives.into_iter().map(|(name, _)| name).collect(),
                steps,
                place: reading.place(key.span),
            },
        );
    }
    Some(sequences)
}
