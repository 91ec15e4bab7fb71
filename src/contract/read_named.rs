use super::{
    Named,
    paths::{PathKind, check_path},
};
use crate::source::{Matcher, Node, Reading};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// `{ XPATH: { "NAME NAME": MATCHER } }`. A name that stands in a table twice would be judged by two rules, so it is refused.
pub(super) fn read_named(
    reading: &mut Reading,
    node: &Node,
    namespaces: &IndexMap<String, String>,
) -> Vec<Named> {
    let pairs = reading.pairs(node, "a map of paths");
    if pairs.is_empty() && node.as_map().is_some() {
        reading.matches_everything(node, "an empty map");
    }
    pairs
        .into_iter()
        .filter_map(|(_, key, table)| {
            let path = check_path(reading, key, PathKind::Xml, namespaces);
            let values = read_table(reading, table);
            Some(Named {
                path: path?,
                values,
            })
        })
        .collect()
}

fn read_table(reading: &mut Reading, node: &Node) -> Vec<(Vec<String>, Matcher)> {
    let pairs = reading.pairs(node, "a map of names");
    if pairs.is_empty() && node.as_map().is_some() {
        reading.matches_everything(node, "an empty map");
    }
    let mut known = BTreeSet::new();
    let mut values = Vec::new();
    for (names, key, value) in pairs {
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        if names.is_empty() {
            reading.matches_everything(key, "a table without names");
        }
        for name in &names {
            if !known.insert(name.clone()) {
                reading.problem(
                    "name-twice",
                    key.span,
                    format!("`{name}` stands in this table twice"),
                    "a name that an entry has already",
                    Some("let one entry say all that its value is".to_owned()),
                );
            }
        }
        if let Some(matcher) = reading.matcher(value) {
            values.push((names, matcher));
        }
    }
    values
}
