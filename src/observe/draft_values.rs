//! The values that replies gave, with where each stood: what a later request uses of them becomes a capture.

use crate::{
    check::bodies::{Document, Element, parse_json, parse_xml},
    contract::Contract,
    message::{Headers, Reply},
};
use serde_json::Value;

/// A value with its place in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) from: From,
    /// The name of what holds it: the header, the element, the member.
    pub(super) name: String,
    /// Whether that says that it identifies something.
    pub(super) is_id: bool,
}

/// Where in a reply, as a capture says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Header(String),
    Json(String),
    Xml(String),
    /// The path of a URL in a header.
    PathOf(String),
}

impl From {
    /// As a capture says it.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Header(path) | Self::Json(path) | Self::Xml(path) | Self::PathOf(path) => path,
        }
    }
}

/// How many values of one body are looked at.
const MOST: usize = 2_000;
/// Headers whose values belong to the connection or the moment.
const PASSING: [&str; 16] = [
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "expires",
    "keep-alive",
    "pragma",
    "server",
    "transfer-encoding",
    "vary",
    "www-authenticate",
];

/// Everything that a reply gives.
pub(super) fn given(reply: &Reply, contract: &Contract) -> Vec<Given> {
    let mut all = of_headers(&reply.headers);
    for leaf in leaves(&reply.body, contract).into_iter().take(MOST) {
        all.push(Given {
            is_id: leaf.name == "int" || ends_with_id(&leaf.name),
            value: leaf.value,
            from: leaf.from,
            name: leaf.name,
        });
    }
    all.retain(|given| !given.value.is_empty());
    all
}

fn of_headers(headers: &Headers) -> Vec<Given> {
    let mut all = Vec::new();
    for (name, value) in headers.iter() {
        if PASSING.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            continue;
        }
        let mut add = |value: &str, from| {
            all.push(Given {
                value: value.to_owned(),
                from,
                name: name.to_owned(),
                is_id: true,
            });
        };
        add(value, From::Header(name.to_owned()));
        let behind = value
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        if let Some(path) = behind.filter(|path| path.len() > 1) {
            add(path, From::PathOf(name.to_owned()));
        }
    }
    all
}

fn ends_with_id(name: &str) -> bool {
    name.eq_ignore_ascii_case("id")
        || name.ends_with("Id")
        || name.ends_with("ID")
        || name.ends_with("_id")
}

/// A text within a body, with its place.
pub(super) struct Leaf {
    pub(super) value: String,
    pub(super) from: From,
    pub(super) name: String,
}

/// The texts and numbers of a body that is JSON or XML.
pub(super) fn leaves(body: &[u8], contract: &Contract) -> Vec<Leaf> {
    let mut all = Vec::new();
    match body.trim_ascii_start().first() {
        Some(b'<') => {
            if let Ok(document) = parse_xml(body) {
                let name = step(&document, contract);
                xml(&document.root, &format!("/{name}"), contract, &mut all);
            }
        }
        Some(_) => {
            if let Ok(value) = parse_json(body) {
                json(&value, "$", "value", &mut all);
            }
        }
        None => {}
    }
    all
}

fn step(document: &Document, contract: &Contract) -> String {
    named(&document.root, contract)
}

/// The step of an XPath that selects such an element.
fn named(element: &Element, contract: &Contract) -> String {
    if element.namespace.is_empty() {
        return element.local.clone();
    }
    let known = contract
        .namespaces
        .iter()
        .find(|(_, uri)| **uri == element.namespace);
    match known {
        Some((prefix, _)) => format!("{prefix}:{}", element.local),
        None => format!("*[local-name() = '{}']", element.local),
    }
}

fn xml(element: &Element, path: &str, contract: &Contract, all: &mut Vec<Leaf>) {
    if all.len() > MOST {
        return;
    }
    if !element.has_children() {
        all.push(Leaf {
            value: element.text().trim().to_owned(),
            from: From::Xml(path.to_owned()),
            name: element.local.clone(),
        });
        return;
    }
    let children: Vec<&Element> = element.children().collect();
    for (at, child) in children.iter().enumerate() {
        let own = named(child, contract);
        let same =
            |other: &&&Element| other.local == child.local && other.namespace == child.namespace;
        let alike = children.iter().filter(same).count();
        let place = children[..at].iter().filter(same).count() + 1;
        // A property is known by its name, whatever order a server lists it in.
        let name = child
            .children()
            .find(|inner| inner.local == "Name" && !inner.has_children());
        let name = name
            .map(|inner| (named(inner, contract), inner.text()))
            .filter(|(_, text)| !text.is_empty() && !text.contains(['\'', '"', '{']));
        let which = match (alike, name) {
            (0 | 1, _) => String::new(),
            (_, Some((inner, text))) => format!("[{inner} = '{text}']"),
            _ => format!("[{place}]"),
        };
        xml(child, &format!("{path}/{own}{which}"), contract, all);
    }
}

fn json(value: &Value, path: &str, name: &str, all: &mut Vec<Leaf>) {
    if all.len() > MOST {
        return;
    }
    let mut leaf = |text: String| {
        all.push(Leaf {
            value: text,
            from: From::Json(path.to_owned()),
            name: name.to_owned(),
        });
    };
    match value {
        Value::String(text) => leaf(text.clone()),
        Value::Number(number) => leaf(number.to_string()),
        Value::Null | Value::Bool(_) => {}
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                json(inner, &format!("{path}[{at}]"), name, all);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && !key.starts_with(|c: char| c.is_ascii_digit());
                let step = match plain && !key.is_empty() {
                    true => format!("{path}.{key}"),
                    false => format!(
                        "{path}['{}']",
                        key.replace('\\', "\\\\").replace('\'', "\\'")
                    ),
                };
                json(inner, &step, key, all);
            }
        }
    }
}

/// Whether a value can be told from others by itself: it is long, and no word.
pub(super) fn is_telling(value: &str) -> bool {
    value.len() >= 8
        && value.bytes().any(|b| b.is_ascii_digit())
        && !value.contains(char::is_whitespace)
}

/// A name for a variable: lower case, words with `_` between.
pub(super) fn variable(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
        } else {
            if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    let out = out.trim_end_matches('_');
    match out.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => out.to_owned(),
        _ => format!("value_{out}").trim_end_matches('_').to_owned(),
    }
}
