use super::{
    Clause, Contract, Document, Latitude, Omitted, Operation, REAL_SERVER, Redaction, Shape, Trait,
    keys::{CONTRACT, DOCUMENT, LATITUDE, OMITTED, REDACTION, SECRET, TRAIT},
    names::{LIMITS, known_document, known_names},
    paths::{PathKind, check_path},
    read_clause::{self, read_clause},
    read_expectation::Vocabulary,
    read_operation::{self, names_of, read_operation, read_shape},
};
use crate::source::{Fields, Literal, Node, Problems, Reading, SourceFile, Span, quoted};
use indexmap::IndexMap;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Names that templates of clauses know, beside variables. `target` and `traits` are the same: the traits of the target.
const ROOTS: [&str; 6] = [
    "request",
    "reply",
    "operation",
    "target",
    "traits",
    "run_id",
];

/// Reads a contract file with every mistake in it; gives none where there is one.
#[must_use]
pub fn read(file: &Arc<SourceFile>) -> (Option<Contract>, Problems) {
    let mut reading = Reading::new(file);
    let contract = Node::parse(file, &mut reading.problems)
        .and_then(|node| read_contract(&mut reading, &node));
    let mut problems = reading.problems;
    problems.sort();
    (contract.filter(|_| problems.is_empty()), problems)
}

/// The variables, and the names of those that are secret.
fn read_vars(
    reading: &mut Reading,
    fields: &Fields<'_>,
) -> (IndexMap<String, Literal>, BTreeSet<String>) {
    let (mut vars, mut secrets) = (IndexMap::new(), BTreeSet::new());
    let pairs = fields
        .get("vars")
        .map(|node| reading.pairs(node, "a map of variables"));
    for (name, key, node) in pairs.into_iter().flatten() {
        check_variable_name(reading, name, key.span);
        let value = if node.get("secret").is_some() {
            secrets.insert(name.to_owned());
            reading
                .fields(node, &SECRET)
                .and_then(|fields| fields.get("secret"))
        } else {
            Some(node)
        };
        let literal = value.and_then(|value| reading.literal(value));
        vars.extend(literal.map(|literal| (name.to_owned(), literal)));
    }
    (vars, secrets)
}

fn read_contract(reading: &mut Reading, node: &Node) -> Option<Contract> {
    let fields = reading.fields(node, &CONTRACT)?;
    let documents = read_documents(reading, &fields);
    let document_keys: Vec<String> = documents.keys().cloned().collect();
    let traits = read_trait_table(reading, &fields);
    let namespaces = text_map(reading, &fields, "namespaces", "a map of prefixes");
    let (vars, secret_vars) = read_vars(reading, &fields);
    let shape_pairs = fields
        .get("shapes")
        .map(|node| reading.pairs(node, "a map of shapes"))
        .unwrap_or_default();
    let shape_names: Vec<String> = shape_pairs
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    let shapes: IndexMap<String, Shape> = shape_pairs
        .into_iter()
        .filter_map(|(name, _, node)| {
            Some((name.to_owned(), read_shape(reading, node, &shape_names)?))
        })
        .collect();
    let ignore_case = fields
        .get("path-case")
        .and_then(|node| {
            reading.word(
                node,
                "a way to compare paths",
                &[("exact", false), ("ignore", true)],
            )
        })
        .unwrap_or_default();
    let operations = read_operations(
        reading,
        &fields,
        &read_operation::Around {
            documents: &document_keys,
            traits: &traits,
            shapes: &shape_names,
            ignore_case,
        },
    );
    let names: Vec<String> = ROOTS
        .iter()
        .map(|root| (*root).to_owned())
        .chain(traits.keys().map(|name| name.replace('-', "_")))
        .chain(vars.keys().cloned())
        .collect();
    for value in vars.values() {
        value
            .templates(&mut |template| known_names(reading, template, &["run_id".to_owned()], &[]));
    }
    let around = read_clause::Around {
        operations: &operations,
        documents: &document_keys,
        traits: &traits,
        words: Vocabulary {
            namespaces: &namespaces,
            shapes: &shape_names,
        },
        names: &names,
    };
    let clauses = read_clauses(reading, &fields, &around);
    let declared = fields.get("capabilities").and_then(Node::as_map);
    for (key, _) in declared.unwrap_or_default() {
        if key.as_scalar().is_some_and(|key| key.text == REAL_SERVER) {
            reading.problem(
                "reserved-name",
                key.span,
                format!("`{REAL_SERVER}` is known without being declared: every server has it, the embedded mock has not"),
                "leave it out",
                None,
            );
        }
    }
    let omitted = read_omitted(reading, &fields, &document_keys);
    let latitude = read_latitude(reading, &fields, &operations, &document_keys);
    let volatile = read_volatile(reading, &fields, &operations, &namespaces);
    let snapshot_headers = names_of(
        reading,
        fields.get("snapshot-headers"),
        "the name of a header",
    );
    Some(Contract {
        id: fields
            .get("contract")
            .and_then(|node| reading.filled(node, "the id of the contract"))?,
        title: fields
            .get("title")
            .and_then(|node| reading.filled(node, "a title"))?,
        documents,
        capabilities: text_map(reading, &fields, "capabilities", "a map of capabilities"),
        traits,
        namespaces,
        vars,
        secret_vars,
        shapes,
        operations,
        clauses,
        omitted,
        latitude,
        volatile,
        snapshot_headers,
        file: Arc::clone(&reading.file),
    })
}

/// Reports a name of a variable that no template could use.
pub(crate) fn check_variable_name(reading: &mut Reading, name: &str, span: Span) {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !plain {
        reading.problem(
            "variable-name",
            span,
            format!("{} is no name that a template can use", quoted(name)),
            "letters, digits and `_` only",
            Some(format!(
                "write `{}`",
                name.replace(|c: char| !c.is_alphanumeric(), "_")
            )),
        );
    }
}

fn text_map(
    reading: &mut Reading,
    fields: &Fields<'_>,
    name: &str,
    meant: &str,
) -> IndexMap<String, String> {
    fields
        .get(name)
        .map(|node| {
            reading
                .pairs(node, meant)
                .into_iter()
                .filter_map(|(name, _, value)| {
                    Some((name.to_owned(), reading.text(value, "text")?))
                })
                .collect()
        })
        .unwrap_or_default()
}

fn read_documents(reading: &mut Reading, fields: &Fields<'_>) -> IndexMap<String, Document> {
    let pairs = fields
        .get("documents")
        .map(|node| reading.pairs(node, "a map of documents"))
        .unwrap_or_default();
    let mut documents = IndexMap::new();
    for (key, _, node) in pairs {
        let read = |reading: &mut Reading| {
            let fields = reading.fields(node, &DOCUMENT)?;
            let title = reading.filled(fields.get("title")?, "a title")?;
            let url_node = fields.get("url")?;
            let url = reading.filled(url_node, "a URL")?;
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return reading.wrong_type(url_node, "a URL (`https://...`)");
            }
            Some(Document { title, url })
        };
        // Kept also where it is wrong, so that its key is known.
        let document = read(reading).unwrap_or(Document {
            title: String::new(),
            url: String::new(),
        });
        documents.insert(key.to_owned(), document);
    }
    documents
}

fn read_trait_table(reading: &mut Reading, fields: &Fields<'_>) -> IndexMap<String, Trait> {
    let pairs = fields
        .get("traits")
        .map(|node| reading.pairs(node, "a map of traits"))
        .unwrap_or_default();
    let mut traits = IndexMap::new();
    for (name, key, node) in pairs {
        if LIMITS.contains(&name) {
            reading.problem(
                "trait-is-limit",
                key.span,
                format!("a trait cannot be called `{name}`: `--set {name}=..` is a limit of every server"),
                "the name of a limit",
                Some("choose another name; `wireproof serve SUITE --help-settings` lists the limits".to_owned()),
            );
        }
        let Some(fields) = reading.fields(node, &TRAIT) else {
            continue;
        };
        let values = names_of(reading, fields.get("values"), "a value of the trait");
        let default = fields.get("default").and_then(|node| {
            let default = reading.text(node, "the default of the trait")?;
            if !values.is_empty() && !values.contains(&default) {
                reading.unknown(
                    "unknown-trait-value",
                    node.span,
                    &default,
                    &format!("value of the trait `{name}`"),
                    values.iter().map(String::as_str),
                );
            }
            Some(default)
        });
        let says = fields
            .get("says")
            .and_then(|node| reading.filled(node, "what it is about"));
        traits.insert(
            name.to_owned(),
            Trait {
                values,
                default: default.unwrap_or_default(),
                says: says.unwrap_or_default(),
            },
        );
    }
    traits
}

fn nodes<'n>(reading: &mut Reading, fields: &Fields<'n>, name: &str, meant: &str) -> &'n [Node] {
    fields
        .get(name)
        .map(|node| reading.list(node, meant))
        .unwrap_or_default()
}

fn read_operations(
    reading: &mut Reading,
    fields: &Fields<'_>,
    around: &read_operation::Around<'_>,
) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for node in nodes(reading, fields, "operations", "a list of operations") {
        let Some(operation) = read_operation(reading, node, around) else {
            continue;
        };
        if let Some(first) = operations.iter().find(|other| other.id == operation.id) {
            let (line, _) = first.place.line_column();
            duplicate(
                reading,
                operation.place.span,
                &operation.id,
                "operation",
                line,
            );
            continue;
        }
        operations.push(operation);
    }
    operations
}

fn read_clauses(
    reading: &mut Reading,
    fields: &Fields<'_>,
    around: &read_clause::Around<'_>,
) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut lines: HashMap<String, usize> = HashMap::new();
    for node in nodes(reading, fields, "clauses", "a list of clauses") {
        for clause in read_clause(reading, node, around) {
            if let Some(first) = lines.get(&clause.id) {
                let (line, _) = clauses[*first].place.line_column();
                duplicate(reading, clause.place.span, &clause.id, "clause", line);
                continue;
            }
            lines.insert(clause.id.clone(), clauses.len());
            clauses.push(clause);
        }
    }
    clauses
}

fn duplicate(reading: &mut Reading, span: Span, id: &str, what: &str, line: usize) {
    reading.problem(
        "duplicate-id",
        span,
        format!("a second {what} is called `{id}`"),
        "second",
        Some(format!("the first stands in line {line}")),
    );
}

fn read_omitted(reading: &mut Reading, fields: &Fields<'_>, documents: &[String]) -> Vec<Omitted> {
    nodes(reading, fields, "omitted", "a list of omissions")
        .iter()
        .filter_map(|node| {
            let fields = reading.fields(node, &OMITTED)?;
            let text = |reading: &mut Reading, name| {
                fields
                    .get(name)
                    .and_then(|node| reading.filled(node, "text"))
            };
            let source = text(reading, "source");
            if let (Some(source), Some(node)) = (&source, fields.get("source")) {
                known_document(reading, source, node.span, documents);
            }
            Some(Omitted {
                says: text(reading, "says")?,
                because: text(reading, "because")?,
                source: source?,
            })
        })
        .collect()
}

/// `on:` as a list of known operations.
fn operations_named(
    reading: &mut Reading,
    fields: &Fields<'_>,
    operations: &[Operation],
) -> Vec<String> {
    let Some(node) = fields.get("on") else {
        return Vec::new();
    };
    if node.as_scalar().is_some_and(|scalar| scalar.text == "all") {
        return Vec::new();
    }
    let ids = reading.texts(node, "the id of an operation");
    for (id, place) in &ids {
        if !operations.iter().any(|operation| operation.id == *id) {
            let known = operations.iter().map(|operation| operation.id.as_str());
            reading.unknown(
                "unknown-operation",
                place.span,
                id,
                "operation of the contract",
                known,
            );
        }
    }
    ids.into_iter().map(|(id, _)| id).collect()
}

fn read_latitude(
    reading: &mut Reading,
    fields: &Fields<'_>,
    operations: &[Operation],
    documents: &[String],
) -> Vec<Latitude> {
    nodes(reading, fields, "latitude", "a list of latitudes")
        .iter()
        .filter_map(|node| {
            let fields = reading.fields(node, &LATITUDE)?;
            let text = |reading: &mut Reading, name| {
                fields
                    .get(name)
                    .and_then(|node| reading.filled(node, "text"))
            };
            let sources = fields
                .get("source")
                .map(|node| reading.texts(node, "a source"))
                .unwrap_or_default();
            for (source, place) in &sources {
                known_document(reading, source, place.span, documents);
            }
            Some(Latitude {
                rule: text(reading, "rule")?,
                because: text(reading, "because")?,
                derived: names_of(reading, fields.get("derived"), "a pattern"),
                except: names_of(reading, fields.get("except"), "a pattern"),
                on: operations_named(reading, &fields, operations),
                source: sources.into_iter().map(|(source, _)| source).collect(),
                place: reading.place(node.span),
            })
        })
        .collect()
}

fn read_volatile(
    reading: &mut Reading,
    fields: &Fields<'_>,
    operations: &[Operation],
    namespaces: &IndexMap<String, String>,
) -> Vec<Redaction> {
    nodes(reading, fields, "volatile", "a list of volatile values")
        .iter()
        .filter_map(|node| {
            let fields = reading.fields(node, &REDACTION)?;
            let places = ["header", "json", "xml"]
                .into_iter()
                .filter_map(|name| fields.entry(name))
                .collect::<Vec<_>>();
            match places.as_slice() {
                [] => {
                    let span = fields
                        .written()
                        .next()
                        .map_or(node.span, |(_, key, _)| key.span);
                    reading.problem(
                        "volatile",
                        span,
                        "a volatile value is a `header`, or found by `json` or `xml`",
                        "which value?",
                        None,
                    );
                }
                [_] => {}
                [_, (second, _), ..] => {
                    reading.problem(
                        "volatile",
                        second.span,
                        "a volatile value stands in one place, and this is a second",
                        "second",
                        None,
                    );
                }
            }
            Some(Redaction {
                on: operations_named(reading, &fields, operations),
                header: fields
                    .get("header")
                    .and_then(|node| reading.filled(node, "the name of a header")),
                json: fields
                    .get("json")
                    .and_then(|node| check_path(reading, node, PathKind::Json, namespaces)),
                xml: fields
                    .get("xml")
                    .and_then(|node| check_path(reading, node, PathKind::Xml, namespaces)),
                part: fields.get("part").and_then(|node| {
                    let pattern = reading.filled(node, "a regular expression")?;
                    reading.grouped(node, &pattern)
                }),
                called: fields
                    .get("called")
                    .and_then(|node| reading.filled(node, "a name for the mask")),
                when: fields.get("when").and_then(|node| reading.matcher(node)),
                is: fields.get("as").and_then(|node| reading.type_word(node))?,
            })
        })
        .collect()
}
