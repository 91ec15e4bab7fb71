//! Checks of names that stand in one part of a contract and are given in another.

use super::find::document_key;
use crate::source::{Problem, Reading, Span, Template, suggestion};

/// What `--set` means as a limit of every server: no trait may be called so, or nobody could set it.
pub(crate) const LIMITS: [&str; 12] = [
    "connections",
    "head-bytes",
    "head-time",
    "idle-time",
    "body-bytes",
    "body-idle",
    "write-idle",
    "least-rate",
    "reply-memory",
    "drain-bytes",
    "grace",
    "journal-bytes",
];

/// Reports a source whose document the contract does not list.
pub(super) fn known_document(
    reading: &mut Reading,
    source: &str,
    span: Span,
    documents: &[String],
) {
    let key = document_key(source);
    if !documents.iter().any(|known| known == key) {
        reading.unknown(
            "unknown-document",
            span,
            key,
            "key of the contract's `documents`",
            documents.iter().map(String::as_str),
        );
    }
}

/// Reports the names of a template that are neither known nor given nearby.
pub(crate) fn known_names(
    reading: &mut Reading,
    template: &Template,
    known: &[String],
    nearby: &[&str],
) {
    for name in template.names() {
        if known.iter().any(|other| other == name) || nearby.contains(&name.as_str()) {
            continue;
        }
        let all: Vec<&str> = known
            .iter()
            .map(String::as_str)
            .chain(nearby.iter().copied())
            .collect();
        reading.problems.push(Problem {
            code: "unknown-variable",
            place: template.place.clone(),
            found: format!("`{name}` is not set anywhere"),
            label: format!("uses `{name}`"),
            help: Some(suggestion(name, &all)),
        });
    }
}
