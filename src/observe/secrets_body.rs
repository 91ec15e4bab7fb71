//! Secrets in a body or another text: under names, in whatever such a text is wrapped.
//!
//! In: bytes or a text. Out: names and values. It must not know which message they are of.

use crate::{
    check::bodies::{Element, Node, parse_json, parse_xml},
    mask::{Mask, readings},
    message::{Headers, is_secret_name, may_name_a_secret},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// How often a text may be wrapped in another one.
const DEEPEST: usize = 8;
/// What a secret is called that has no name of its own.
pub(super) const NAMELESS: &str = "secret";

/// Names and values, and how deep what is looked at is wrapped.
struct Found<'f> {
    all: &'f mut Vec<(String, String)>,
    depth: usize,
}

/// The secrets of a body, whatever its fields say that it is.
pub(super) fn in_body(body: &[u8], headers: &Headers) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let boundary = headers.get("Content-Type").and_then(boundary);
    for text in texts(body, boundary.is_some()) {
        let mut found = Found {
            all: &mut all,
            depth: 0,
        };
        match &boundary {
            Some(boundary) => found.parts(&text, boundary),
            None => found.text(&text),
        }
    }
    all.retain(|(_, value)| !value.is_empty());
    all
}

/// The same of a text that is no body.
pub(super) fn in_text(text: &str, all: &mut Vec<(String, String)>) {
    Found { all, depth: 0 }.text(text);
    all.retain(|(_, value)| !value.is_empty());
}

/// Whether a body begins as XML or JSON and cannot be read: what is secret in it would not be found.
pub(super) fn is_opaque(body: &[u8]) -> bool {
    let texts = texts(body, false);
    texts.iter().any(|text| is_unread(plain(text)))
}

/// The texts that a body may be; none where it is bytes of any other kind, of which most bodies that are long consist.
fn texts(body: &[u8], in_parts: bool) -> Vec<String> {
    // In any encoding, and behind any mark of one.
    let mut start = body.iter().take(FOREWORD);
    let first = start.find(|byte| byte.is_ascii_graphic());
    let is_markup = matches!(first, Some(b'<' | b'{' | b'[' | b'"' | b'-'));
    if is_markup || in_parts {
        return readings(body);
    }
    let text = std::str::from_utf8(body).map(str::to_owned);
    text.into_iter().collect()
}

fn is_unread(text: &str) -> bool {
    let unread = match text.as_bytes().first() {
        Some(b'<') => parse_xml(text.as_bytes()).is_err(),
        Some(b'{' | b'[') => parse_json(text.as_bytes()).is_err(),
        _ => false,
    };
    unread && may_name_a_secret(text.as_bytes())
}

/// Whether a text within another one is markup that cannot be read; a line of a log may begin with a bracket as well.
fn is_broken_markup(text: &str) -> bool {
    let text = plain(text);
    let mut characters = text.chars();
    let first = characters.next();
    let next = characters.find(|c| !c.is_whitespace());
    let begins = match first {
        Some('<') => next.is_some_and(|c| c.is_alphabetic() || matches!(c, '!' | '?' | '_')),
        Some('{' | '[') => matches!(next, Some('{' | '[' | '"')),
        _ => false,
    };
    begins && is_unread(text)
}

/// Without a byte order mark and blanks around it.
fn plain(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

impl Found<'_> {
    fn add(&mut self, name: &str, value: &str) {
        let pair = (name.to_owned(), value.to_owned());
        if !self.all.contains(&pair) {
            self.all.push(pair);
        }
    }

    /// A value with what it is called: a secret, or a text that may hold some.
    fn value(&mut self, secret: Option<&str>, value: &str) {
        match secret {
            Some(name) => self.add(name, value.trim()),
            None => self.wrapped(value),
        }
    }

    fn wrapped(&mut self, text: &str) {
        if self.depth >= DEEPEST || is_broken_markup(text) {
            if may_name_a_secret(text.as_bytes()) {
                self.add(NAMELESS, text);
            }
            return;
        }
        self.depth += 1;
        self.text(text);
        self.depth -= 1;
    }

    fn text(&mut self, text: &str) {
        let inner = plain(text);
        let names_somebody = inner.contains("://") && inner.contains('@');
        if !names_somebody && !may_name_a_secret(inner.as_bytes()) {
            return;
        }
        for span in Mask::default().spans(inner) {
            self.add(NAMELESS, &inner[span]);
        }
        match inner.as_bytes().first() {
            Some(b'<') => {
                if let Ok(document) = parse_xml(inner.as_bytes()) {
                    self.element(&document.root, None);
                }
            }
            Some(b'{' | b'[' | b'"') => {
                if let Ok(value) = parse_json(inner.as_bytes()) {
                    self.json(&value, None);
                }
            }
            Some(b'-') if inner.starts_with("--") => {
                let boundary = inner[2..].lines().next().unwrap_or_default().trim_end();
                self.parts(inner, boundary);
            }
            _ => self.form(inner),
        }
    }

    /// `named`: the secret name of what it stands in.
    fn element(&mut self, element: &Element, named: Option<&str>) {
        let is =
            |name: &str, words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
        // Of a property bag, whatever stands first in it.
        let by_attribute = element
            .attributes
            .iter()
            .filter(|one| is(&one.local, &NAMING))
            .map(|one| one.value.clone())
            .find(|name| is_secret_name(name.trim()));
        let by_child = element
            .children()
            .filter(|child| is(&child.local, &NAMING) && !child.has_children())
            .map(Element::text)
            .find(|name| is_secret_name(name.trim()));
        for attribute in &element.attributes {
            let beside = by_attribute
                .as_deref()
                .filter(|_| is(&attribute.local, &["value"]));
            let own = Some(attribute.local.as_str()).filter(|name| is_secret_name(name));
            self.value(own.or(beside), &attribute.value);
        }
        if !element.has_children() {
            let own = Some(element.local.as_str()).filter(|name| is_secret_name(name));
            return self.value(named.or(own).or(by_attribute.as_deref()), &element.text());
        }
        let own = Some(element.local.as_str()).filter(|name| is_secret_name(name));
        for node in &element.nodes {
            match node {
                Node::Text(text) => self.value(named.or(own), text),
                Node::Element(child) => {
                    let beside = by_child.as_deref().filter(|_| is(&child.local, &["value"]));
                    self.element(child, named.or(own).or(beside));
                }
            }
        }
    }

    fn json(&mut self, value: &Value, named: Option<&str>) {
        match value {
            Value::String(text) => self.value(named, text),
            Value::Number(number) => {
                if let Some(name) = named {
                    self.add(name, &number.to_string());
                }
            }
            Value::Null | Value::Bool(_) => {}
            Value::Array(list) => list.iter().for_each(|inner| self.json(inner, named)),
            Value::Object(map) => {
                let is = |key: &str, words: &[&str]| {
                    words.iter().any(|word| key.eq_ignore_ascii_case(word))
                };
                let called = map
                    .iter()
                    .filter(|(key, _)| is(key, &NAMING))
                    .filter_map(|(_, name)| name.as_str())
                    .find(|name| is_secret_name(name.trim()));
                for (key, inner) in map {
                    let own = Some(key.as_str()).filter(|key| is_secret_name(key));
                    let beside = called.filter(|_| is(key, &["value"]));
                    self.json(inner, named.or(own).or(beside));
                }
            }
        }
    }

    /// The pairs of a form or a query, alone or behind what asks it.
    fn form(&mut self, text: &str) {
        if text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
            return;
        }
        for pair in text.split(['&', ';']) {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let name = name.rsplit(['?', '#']).next().unwrap_or_default().trim();
            if name.len() > LONGEST_NAME || name.contains(char::is_whitespace) {
                continue;
            }
            let name = decoded(name);
            // `login[password]`
            let inner = name
                .rsplit('[')
                .next()
                .unwrap_or_default()
                .trim_end_matches(']');
            let name = name.trim();
            if is_secret_name(name) || is_secret_name(inner.trim()) {
                self.add(name, value.trim());
                self.add(name, &decoded(value.trim()));
            } else if value.contains('%') {
                self.wrapped(&decoded(value));
            } else if value.contains('=') || value.trim_start().starts_with(['<', '{', '[']) {
                self.wrapped(value);
            }
        }
    }

    /// The parts of a body in several parts.
    ///
    /// Source: RFC 7578, RFC 2046 5.1.
    fn parts(&mut self, text: &str, boundary: &str) {
        if boundary.is_empty() {
            return;
        }
        let mark = format!("--{boundary}");
        for part in text.split(&mark).skip(1) {
            let part = part.trim_start_matches(['\r', '\n']);
            let (head, content) = ["\r\n\r\n", "\n\n"]
                .iter()
                .filter_map(|gap| part.split_once(gap))
                .min_by_key(|(head, _)| head.len())
                .unwrap_or(("", part));
            let content = content.strip_suffix('\n').unwrap_or(content);
            let content = content.strip_suffix('\r').unwrap_or(content);
            let secret = NAMES
                .captures_iter(head)
                .filter_map(|found| found.get(1).or(found.get(2)))
                .map(|name| decoded(name.as_str().rsplit('\'').next().unwrap_or_default()))
                .find(|name| is_secret_name(name.trim()));
            let bytes = STANDARD.decode(content.split_ascii_whitespace().collect::<String>());
            if head.to_ascii_lowercase().contains("base64")
                && let Ok(bytes) = bytes
            {
                for text in readings(&bytes) {
                    self.value(secret.as_deref(), &text);
                }
            }
            self.value(secret.as_deref(), content);
        }
    }
}

/// How far into a body blanks and the mark of an encoding may reach.
const FOREWORD: usize = 4096;
/// What the name of a property stands under.
const NAMING: [&str; 2] = ["name", "key"];
/// Longer names are text.
const LONGEST_NAME: usize = 256;

/// The parameters of a part that name it.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:file)?name\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))"#)
        .expect("a pattern that compiles")
});

/// The boundary that a media type names.
fn boundary(media_type: &str) -> Option<String> {
    let at = media_type.to_ascii_lowercase().find("boundary=")?;
    let value = &media_type[at + "boundary=".len()..];
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ' ']).next(),
    };
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

fn decoded(text: &str) -> String {
    let plain = text.replace('+', " ");
    percent_encoding::percent_decode_str(&plain)
        .decode_utf8_lossy()
        .into_owned()
}
