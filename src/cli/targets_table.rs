//! What may stand in a file of targets, and how it is shown without its secrets.

use crate::source::{Key, KeyShape as Shape, Node, SourceFile, Span, Table, Yaml};
use std::sync::Arc;

pub(super) static FILE: Table = Table {
    name: "targets",
    what: "the file of targets",
    base: None,
    keys: &[Key::required(
        "target",
        Shape::MapOf(&Shape::Map(&TARGET)),
        "holds one table for each target: `[target.NAME]`",
    )],
};

pub(super) static TARGET: Table = Table {
    name: "target",
    what: "a target",
    base: None,
    keys: &[
        Key::required(
            "url",
            Shape::Text,
            "is where it is: `\"https://host/path\"`",
        ),
        Key::new(
            "suite",
            Shape::OneOrMore(&Shape::Text),
            "the suites it is checked with",
        ),
        Key::new(
            "set",
            Shape::MapOf(&Shape::Text),
            "traits: `{ form = \"pre2016\" }`",
        ),
        Key::new(
            "can",
            Shape::OneOrMore(&Shape::Text),
            "capabilities, or `all`",
        ),
        Key::new(
            "vars",
            Shape::MapOf(&Shape::Anything),
            "variables of the suite",
        ),
        Key::new(
            "headers",
            Shape::MapOf(&Shape::Anything),
            "header fields of every request",
        ),
        Key::new("user", Shape::Text, "the user name"),
        Key::new(
            "password-env",
            Shape::Text,
            "the variable with the password",
        ),
        Key::new("password-file", Shape::Text, "the file with the password"),
        Key::new(
            "auth",
            Shape::Words(&["basic", "ntlm", "none"]),
            "how to authenticate",
        ),
        Key::new("ca", Shape::Text, "PEM file of certificates to trust"),
        Key::new("insecure", Shape::Boolean, "take any certificate"),
        Key::new("client-cert", Shape::Text, "our own certificate, PEM"),
        Key::new("client-key", Shape::Text, "its private key, PEM"),
        Key::new("proxy", Shape::Text, "an HTTP proxy"),
        Key::new("timeout", Shape::Duration, "how long a reply may take"),
        Key::new(
            "body-limit",
            Shape::Anything,
            "how long the body of a reply may be: `\"64MiB\"`",
        ),
        Key::new(
            "rate",
            Shape::Anything,
            "requests a second at most: `5` or `\"5/s\"`",
        ),
        Key::new("jobs", Shape::Integer, "how many scenarios run at once"),
        Key::new("known", Shape::Text, "a file of known differences"),
        Key::new("allow-writes", Shape::Boolean, "run writing scenarios, too"),
    ],
};

pub(super) static SECRET: Table = Table {
    name: "secret",
    what: "a secret",
    base: None,
    keys: &[
        Key::new("env", Shape::Text, "the environment variable that holds it"),
        Key::new("file", Shape::Text, "the file that holds it"),
    ],
};

/// The file as messages may show it: what may be a secret is stars, byte for byte.
///
/// In a file that can be read these are the values of headers and variables, URLs with more than host and path, and of keys that nobody knows: one may be a
/// `password` with a letter too few. In one that is no TOML it is everything but the keys that are known.
pub(super) fn without_secrets(file: &Arc<SourceFile>, root: Option<&Node>) -> Arc<SourceFile> {
    let mut text = file.text.clone().into_bytes();
    let known = |name: &str| TARGET.keys.iter().any(|key| key.name == name);
    match root {
        Some(root) => {
            let targets = root
                .get("target")
                .and_then(Node::as_map)
                .unwrap_or_default();
            let members = |node: &Node| node.as_map().map(<[_]>::to_vec).unwrap_or_default();
            let unknown = root.as_map().unwrap_or_default().iter();
            let unknown =
                unknown.filter(|(key, _)| key.as_scalar().is_none_or(|key| key.text != "target"));
            let mut hidden: Vec<Span> = unknown.flat_map(|(_, value)| scalars(value)).collect();
            for (key, value) in targets.iter().flat_map(|(_, target)| members(target)) {
                let name = key.as_scalar().map_or("", |key| key.text.as_str());
                if matches!(name, "headers" | "vars") {
                    // Where a secret is taken from is none.
                    let plain = members(&value)
                        .into_iter()
                        .filter(|(_, value)| value.as_map().is_none());
                    hidden.extend(plain.flat_map(|(_, value)| scalars(&value)));
                } else if !known(name) || matches!(name, "url" | "proxy") && holds_secret(&value) {
                    hidden.extend(scalars(&value));
                }
            }
            for span in hidden {
                stars(&mut text[span.start..span.end]);
            }
        }
        None => {
            for line in text.split_mut(|byte| *byte == b'\n') {
                let end = line.iter().position(|byte| *byte == b'=');
                let name = end.map(|end| String::from_utf8_lossy(&line[..end]).trim().to_owned());
                match (end, name) {
                    (Some(end), Some(name)) if known(&name) => stars(&mut line[end + 1..]),
                    _ if line.trim_ascii().starts_with(b"[target.") && !line.contains(&b'=') => {}
                    _ => stars(line),
                }
            }
        }
    }
    let text = String::from_utf8(text).unwrap_or_default();
    SourceFile::new(file.path.clone(), text)
}

/// Whether what is meant as a URL may hold a secret: before an `@`, or in a query.
pub(super) fn may_hold_secret(url: &str) -> bool {
    url.contains(['@', '?', '#'])
}

fn holds_secret(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| may_hold_secret(&scalar.text))
}

/// Everything but white space; of a character of several bytes each is one.
fn stars(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| !byte.is_ascii_whitespace()) {
        *byte = b'*';
    }
}

/// The places of all scalars of a node.
fn scalars(node: &Node) -> Vec<Span> {
    match &node.yaml {
        Yaml::Scalar(_) => vec![node.span],
        Yaml::List(elements) => elements.iter().flat_map(scalars).collect(),
        Yaml::Map(members) => members
            .iter()
            .flat_map(|(_, value)| scalars(value))
            .collect(),
    }
}
