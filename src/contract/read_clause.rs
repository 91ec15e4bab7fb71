use super::{
    Clause, Counterexample, Expectation, InPractice, Judges, Level, Operation, ProvedBy, Trait,
    keys::{CLAUSE, EACH, IN_PRACTICE},
    names::{known_document, known_names},
    read_edit::read_counterexample,
    read_expectation::{Vocabulary, read_expectation},
    read_operation::{names_of, read_traits, without_places},
};
use crate::source::{Fields, Node, Reading};
use indexmap::IndexMap;
use std::collections::HashSet;

/// What clauses may name.
pub(super) struct Around<'a> {
    pub(super) operations: &'a [Operation],
    pub(super) documents: &'a [String],
    pub(super) traits: &'a IndexMap<String, Trait>,
    pub(super) words: Vocabulary<'a>,
    /// The names that templates know.
    pub(super) names: &'a [String],
}

const LEVELS: [(&str, Level); 3] = [
    ("must", Level::Must),
    ("should", Level::Should),
    ("may", Level::May),
];
const JUDGES: [(&str, Judges); 2] = [("server", Judges::Server), ("client", Judges::Client)];
const ALL: &str = "all";
const ANY: &str = "any";
const PLACEHOLDER: &str = "{operation}";

/// Reads one clause, or a family of them: one for each of its operations.
pub(super) fn read_clause(reading: &mut Reading, node: &Node, around: &Around<'_>) -> Vec<Clause> {
    let Some(fields) = reading.fields(node, &CLAUSE) else {
        return Vec::new();
    };
    let Some((id, id_node)) = fields
        .get("id")
        .and_then(|node| Some((reading.filled(node, "the id of a clause")?, node)))
    else {
        return Vec::new();
    };
    let family = fields
        .get("each")
        .map(|each| members(reading, &fields, each, around));
    let proved_by = read_proof(reading, &fields, around);
    // `on: ["{operation}"]` says of a family what is so anyway, and no other is allowed.
    let on = fields
        .get("on")
        .filter(|_| family.is_none())
        .map(|node| read_on(reading, node, around))
        .unwrap_or_default();
    let clause = Clause {
        level: fields
            .get("level")
            .and_then(|node| reading.word(node, "a level", &LEVELS))
            .unwrap_or(Level::Must),
        says: fields
            .get("says")
            .and_then(|node| reading.filled(node, "a promise"))
            .unwrap_or_default(),
        source: read_source(reading, &fields, id_node, around, family.is_some()),
        traits: fields
            .get("where")
            .map(|node| without_places(read_traits(reading, node, around.traits)))
            .unwrap_or_default(),
        judges: fields
            .get("judges")
            .and_then(|node| reading.word(node, "whose promise it is", &JUDGES))
            .unwrap_or(Judges::Server),
        broken_by: read_counterexamples(reading, &fields, around),
        in_practice: read_practice(reading, &fields),
        stance: fields
            .get("stance")
            .and_then(|node| reading.filled(node, "a stance")),
        family: None,
        place: reading.place(id_node.span),
        on,
        proved_by,
        id,
    };
    check_on(reading, &fields, &clause, family.is_some());
    match family {
        None => vec![clause],
        Some(members) => expand(reading, id_node, &clause, &members),
    }
}

fn expand(
    reading: &mut Reading,
    id: &Node,
    clause: &Clause,
    members: &[&Operation],
) -> Vec<Clause> {
    if !clause.id.contains(PLACEHOLDER) {
        reading.problem(
            "family-id",
            id.span,
            "the clauses of a family need ids that differ",
            "no `{operation}` in it",
            Some("write `{operation}` where the operation's id is to stand".to_owned()),
        );
        return Vec::new();
    }
    members
        .iter()
        .map(|operation| {
            let mut one = clause.clone();
            one.id = clause.id.replace(PLACEHOLDER, &operation.id);
            one.says = clause.says.replace(PLACEHOLDER, &operation.id);
            one.source.clone_from(&operation.source);
            one.source.extend(clause.source.iter().cloned());
            one.on = vec![operation.id.clone()];
            one.family = Some(operation.id.clone());
            for counterexample in &mut one.broken_by {
                if let Some(quirk) = &mut counterexample.quirk {
                    *quirk = quirk.replace(PLACEHOLDER, &operation.id);
                }
                counterexample.name = counterexample.name.replace(PLACEHOLDER, &operation.id);
            }
            one
        })
        .collect()
}

/// The operations of a family.
fn members<'a>(
    reading: &mut Reading,
    fields: &Fields<'_>,
    each: &Node,
    around: &Around<'a>,
) -> Vec<&'a Operation> {
    let chosen = if each
        .as_scalar()
        .is_some_and(|scalar| scalar.text == "operations")
    {
        around.operations.iter().collect()
    } else {
        select(reading, each, around)
    };
    let except = fields
        .get("except")
        .map(|node| operation_ids(reading, node, around))
        .unwrap_or_default();
    for (id, span) in &except {
        if !chosen.iter().any(|operation| operation.id == *id) {
            reading.problem(
                "needless-except",
                *span,
                format!("the family has no `{id}` that could be left out"),
                "not in the family",
                None,
            );
        }
    }
    let left: Vec<&Operation> = chosen
        .into_iter()
        .filter(|operation| !except.iter().any(|(id, _)| *id == operation.id))
        .collect();
    if left.is_empty() {
        reading.problem(
            "empty-family",
            each.span,
            "no operation is chosen, so the family has no clause",
            "chooses nothing",
            None,
        );
    }
    left
}

/// Operations by ids or by what they have in common.
fn select<'a>(reading: &mut Reading, node: &Node, around: &Around<'a>) -> Vec<&'a Operation> {
    if node.as_map().is_none() {
        let ids = operation_ids(reading, node, around);
        return around
            .operations
            .iter()
            .filter(|operation| ids.iter().any(|(id, _)| *id == operation.id))
            .collect();
    }
    let Some(fields) = reading.fields(node, &EACH) else {
        return Vec::new();
    };
    let mut chosen: Vec<&Operation> = around.operations.iter().collect();
    for (key, key_node, value) in fields.written() {
        if key == "empty" {
            let empty = reading.boolean(value, "whether the reply is empty");
            chosen.retain(|operation| Some(operation.reply.empty) == empty);
            continue;
        }
        let wanted = names_of(reading, Some(value), "a name");
        let has = |operation: &Operation| {
            wanted.iter().any(|name| match key {
                "group" => operation.group.as_ref() == Some(name),
                "method" => operation.method == *name,
                "shape" => operation.reply.shape.as_ref() == Some(name),
                "property" => operation.properties.contains_key(name),
                "fact" => operation.facts.contains_key(name),
                "query" => operation.query.contains(name),
                _ => operation.request_header.contains(name),
            })
        };
        if !wanted.is_empty() && !around.operations.iter().any(has) {
            reading.problem(
                "empty-selection",
                key_node.span,
                format!("no operation has that {key}"),
                "chooses nothing",
                None,
            );
        }
        chosen.retain(|operation| has(operation));
    }
    chosen
}

/// Ids of operations, each known.
fn operation_ids(
    reading: &mut Reading,
    node: &Node,
    around: &Around<'_>,
) -> Vec<(String, crate::source::Span)> {
    let ids = reading.texts(node, "the id of an operation");
    ids.into_iter()
        .filter_map(|(id, place)| {
            if around.operations.iter().any(|operation| operation.id == id) {
                return Some((id, place.span));
            }
            let known = around
                .operations
                .iter()
                .map(|operation| operation.id.as_str());
            reading.unknown(
                "unknown-operation",
                place.span,
                &id,
                "operation of the contract",
                known,
            );
            None
        })
        .collect()
}

fn read_on(reading: &mut Reading, node: &Node, around: &Around<'_>) -> Vec<String> {
    match node.as_scalar().map(|scalar| scalar.text.as_str()) {
        Some(word @ (ALL | ANY)) => vec![word.to_owned()],
        _ if node.as_map().is_some() => select(reading, node, around)
            .into_iter()
            .map(|operation| operation.id.clone())
            .collect(),
        _ => operation_ids(reading, node, around)
            .into_iter()
            .map(|(id, _)| id)
            .collect(),
    }
}

/// Whether it is the placeholder of a family, or a list of it alone.
fn says_operation(node: &Node) -> bool {
    let only = match node.as_list() {
        Some([only]) => only,
        _ => node,
    };
    only.as_scalar()
        .is_some_and(|scalar| scalar.text == PLACEHOLDER)
}

/// Where an invariant is checked must be said, and nowhere else.
fn check_on(reading: &mut Reading, fields: &Fields<'_>, clause: &Clause, family: bool) {
    let span = clause.place.span;
    match (&clause.proved_by, fields.entry("on")) {
        (_, Some((key, node))) if family && !says_operation(node) => reading.problem(
            "on-in-family",
            key.span,
            "a clause of a family is on its operation",
            "chosen by `each`",
            None,
        ),
        (ProvedBy::Invariant { .. }, None) if !family => reading.problem(
            "missing-on",
            span,
            "an invariant needs `on`: the operations on whose exchanges it is checked",
            "`on` is missing",
            Some("`on: [OPERATION]`, `on: all` (documented operations) or `on: any` (every exchange)".to_owned()),
        ),
        _ => {}
    }
    if let (Some((key, _)), false) = (fields.entry("except"), family) {
        reading.problem(
            "except-without-each",
            key.span,
            "`except` belongs to a family, and there is no `each`",
            "without `each`",
            None,
        );
    }
}

fn read_proof(reading: &mut Reading, fields: &Fields<'_>, around: &Around<'_>) -> ProvedBy {
    let then = fields.get("then");
    if let Some(proof) = fields.get("proved-by") {
        reading.word(proof, "how it is proved", &[("scenario", ())]);
        for key in ["then", "when"] {
            if let Some((key_node, _)) = fields.entry(key) {
                reading.problem(
                    "behaviour-with-then",
                    key_node.span,
                    format!("`{key}` makes an invariant, and `proved-by: scenario` a behaviour"),
                    "one of the two",
                    Some("a scenario's `proves:` says what is expected of a behaviour".to_owned()),
                );
            }
        }
        return ProvedBy::Scenario;
    }
    let Some(then) = then else {
        let id = fields.get("id").map_or(fields.span, |id| id.span);
        reading.problem(
            "no-proof",
            id,
            "a clause needs `then` (an invariant) or `proved-by: scenario` (a behaviour)",
            "nothing proves it",
            None,
        );
        return ProvedBy::Scenario;
    };
    let read = |reading: &mut Reading, node| {
        let expectation = read_expectation(reading, node, around.words)?;
        check_templates(reading, &expectation, around);
        Some(Box::new(expectation))
    };
    let when = fields.get("when").and_then(|node| read(reading, node));
    match read(reading, then) {
        Some(then) => ProvedBy::Invariant { when, then },
        // It has been said what is wrong with it; the contract will not be used.
        None => ProvedBy::Scenario,
    }
}

fn check_templates(reading: &mut Reading, expectation: &Expectation, around: &Around<'_>) {
    expectation.templates(&mut |template, nearby| {
        known_names(reading, template, around.names, nearby);
    });
    for (name, place) in expectation.same_as() {
        if !around.names.iter().any(|known| known == name)
            && !expectation.let_names().contains(&name)
        {
            reading.unknown(
                "unknown-variable",
                place.span,
                name,
                "variable that a clause knows",
                around.names.iter().map(String::as_str),
            );
        }
    }
}

fn read_source(
    reading: &mut Reading,
    fields: &Fields<'_>,
    id: &Node,
    around: &Around<'_>,
    family: bool,
) -> Vec<String> {
    let Some(node) = fields.get("source") else {
        if !family {
            reading.problem(
                "missing-key",
                id.span,
                "a clause needs `source`: where the promise stands",
                "`source` is missing",
                Some("`source: [\"DOCUMENT § Heading\"]`".to_owned()),
            );
        }
        return Vec::new();
    };
    let sources = reading.texts(node, "a source, `DOCUMENT § Heading`,");
    for (source, place) in &sources {
        known_document(reading, source, place.span, around.documents);
    }
    sources.into_iter().map(|(source, _)| source).collect()
}

fn read_counterexamples(
    reading: &mut Reading,
    fields: &Fields<'_>,
    around: &Around<'_>,
) -> Vec<Counterexample> {
    let Some(node) = fields.get("broken-by") else {
        return Vec::new();
    };
    reading.list(node, "a list of counterexamples");
    let mut found: Vec<Counterexample> = Vec::new();
    let mut names = HashSet::new();
    for node in reading.one_or_more(node, "a counterexample") {
        let Some(mut counterexample) = read_counterexample(reading, node, around.words.namespaces)
        else {
            continue;
        };
        for edit in &counterexample.edits {
            edit.templates(&mut |template| known_names(reading, template, around.names, &[]));
        }
        let plain = counterexample.name.clone();
        let mut number = 1;
        while !names.insert(counterexample.name.clone()) {
            number += 1;
            counterexample.name = format!("{plain} ({number})");
        }
        found.push(counterexample);
    }
    found
}

fn read_practice(reading: &mut Reading, fields: &Fields<'_>) -> Vec<InPractice> {
    let nodes = fields
        .get("in-practice")
        .map(|node| reading.list(node, "a list of notes on products").to_vec())
        .unwrap_or_default();
    nodes
        .iter()
        .filter_map(|node| {
            let fields = reading.fields(node, &IN_PRACTICE)?;
            let text = |reading: &mut Reading, name| {
                fields
                    .get(name)
                    .and_then(|node| reading.filled(node, "text"))
            };
            Some(InPractice {
                product: text(reading, "product")?,
                does: text(reading, "does")?,
                source: text(reading, "source")?,
            })
        })
        .collect()
}
