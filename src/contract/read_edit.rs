use super::{
    Counterexample, Edit, XmlChange,
    counterexample_keys::{CHANGE, COUNTEREXAMPLE, EDIT, REQUEST_EDIT},
    paths::{PathKind, check_path},
};
use crate::{
    message::How,
    source::{Fields, Literal, Node, Reading, Template},
};
use indexmap::IndexMap;

/// Reads one counterexample.
pub(super) fn read_counterexample(
    reading: &mut Reading,
    node: &Node,
    namespaces: &IndexMap<String, String>,
) -> Option<Counterexample> {
    let fields = reading.fields(node, &COUNTEREXAMPLE)?;
    let edits = read_edits(reading, &fields, namespaces);
    let quirk = fields
        .get("quirk")
        .and_then(|node| reading.filled(node, "the id of a quirk"));
    let set = fields
        .get("set")
        .map(|node| {
            reading
                .pairs(node, "a map of settings")
                .into_iter()
                .filter_map(|(name, _, value)| {
                    Some((name.to_owned(), reading.text(value, "a setting")?))
                })
                .collect()
        })
        .unwrap_or_default();
    let edited = fields
        .written()
        .find(|(name, ..)| EDIT.has(name) || *name == "request");
    match (edited, fields.entry("quirk")) {
        (None, None) => {
            reading.problem(
                "empty-counterexample",
                node.span,
                "a counterexample breaks something: it edits the reply, or switches on a `quirk`",
                "breaks nothing",
                None,
            );
            return None;
        }
        (Some((name, key, _)), Some(_)) => reading.problem(
            "quirk-with-edits",
            key.span,
            format!(
                "a counterexample is a `quirk` or edits, and here `{name}` stands beside a quirk"
            ),
            "beside a quirk",
            Some("make it two counterexamples".to_owned()),
        ),
        _ => {}
    }
    let name = fields
        .get("name")
        .and_then(|node| reading.filled(node, "a name"))
        .unwrap_or_else(|| match &quirk {
            Some(quirk) => format!("quirk {quirk}"),
            None => edits
                .iter()
                .map(described)
                .collect::<Vec<_>>()
                .join(" and "),
        });
    Some(Counterexample {
        name,
        edits,
        quirk,
        set,
        place: reading.place(node.span),
    })
}

fn read_edits(
    reading: &mut Reading,
    fields: &Fields<'_>,
    namespaces: &IndexMap<String, String>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, _, value) in fields.written() {
        match name {
            "status" => edits.extend(reading.status(value).map(Edit::Status)),
            "header" => {
                for (header, _, value) in reading.pairs(value, "a map of headers") {
                    let edit = read_value(reading, value, "the value of a header");
                    edits.extend(edit.map(|(value, rename)| Edit::Header {
                        name: header.to_owned(),
                        value,
                        rename,
                    }));
                }
            }
            "query" => {
                for (parameter, _, value) in reading.pairs(value, "a map of query parameters") {
                    let edit = read_value(reading, value, "the value of a query parameter");
                    edits.extend(edit.map(|(value, rename)| Edit::Query {
                        name: parameter.to_owned(),
                        value,
                        rename,
                    }));
                }
            }
            "method" => edits.extend(reading.template(value, "a method").map(Edit::Method)),
            "path" => edits.extend(reading.template(value, "a path").map(Edit::Path)),
            "body" if value.is_null() => edits.push(Edit::Body(None)),
            "body" => edits.extend(
                reading
                    .template(value, "a body")
                    .map(|body| Edit::Body(Some(body))),
            ),
            "cut" => {
                let length = reading.integer(value, "a number of bytes");
                edits.extend(
                    length
                        .and_then(|length| usize::try_from(length).ok())
                        .map(Edit::Cut),
                );
            }
            "json" => {
                for (_, key, value) in reading.pairs(value, "a map of JSONPaths") {
                    let path = check_path(reading, key, PathKind::Json, namespaces);
                    let edit = path.and_then(|path| read_json(reading, path, value));
                    edits.extend(edit);
                }
            }
            "xml" => {
                for (_, key, value) in reading.pairs(value, "a map of XPaths") {
                    let path = check_path(reading, key, PathKind::Xml, namespaces);
                    let change = read_xml(reading, value);
                    if let (Some(path), Some(change)) = (path, change) {
                        edits.push(Edit::Xml { path, change });
                    }
                }
            }
            "framing" => edits.extend(
                word(reading, value, "a framing", &["length", "chunked", "close"])
                    .map(Edit::Framing),
            ),
            "version" => edits.extend(
                word(reading, value, "a version", &["HTTP/1.0", "HTTP/1.1"]).map(Edit::Version),
            ),
            "broken" => {
                let words: Vec<&str> = How::ALL.iter().map(|(word, _)| *word).collect();
                edits.extend(word(reading, value, "a kind of break", &words).map(Edit::Broken));
            }
            "excess" => edits.extend(
                reading
                    .text(value, "bytes behind the reply")
                    .map(Edit::Excess),
            ),
            "request" => {
                if let Some(fields) = reading.fields(value, &REQUEST_EDIT) {
                    let inner = read_edits(reading, &fields, namespaces);
                    if inner.is_empty() && fields.written().next().is_none() {
                        reading.problem(
                            "empty-edit",
                            value.span,
                            "nothing of the request is edited",
                            "edits nothing",
                            None,
                        );
                    }
                    edits.push(Edit::Request(inner));
                }
            }
            _ => {}
        }
    }
    edits
}

fn word(reading: &mut Reading, node: &Node, what: &str, words: &[&str]) -> Option<String> {
    let table: Vec<(&str, usize)> = words
        .iter()
        .enumerate()
        .map(|(index, word)| (*word, index))
        .collect();
    reading
        .word(node, what, &table)
        .map(|index| words[index].to_owned())
}

/// The new value of a header or query parameter, or its new name; neither where it is removed.
fn read_value(
    reading: &mut Reading,
    node: &Node,
    what: &str,
) -> Option<(Option<Literal>, Option<String>)> {
    if node.is_null() {
        return Some((None, None));
    }
    if node.as_map().is_some() {
        return Some(match read_change(reading, node, &["rename", "remove"])? {
            XmlChange::Rename(new) => (None, Some(new)),
            _ => (None, None),
        });
    }
    if node.as_list().is_some() {
        return reading.wrong_type(node, &format!("{what}, null or `{{ rename: NEW }}`"));
    }
    Some((Some(Literal::Text(reading.template(node, what)?)), None))
}

fn read_json(reading: &mut Reading, path: String, value: &Node) -> Option<Edit> {
    let is_change = value.as_map().is_some_and(|members| {
        members.len() == 1 && (value.get("remove").is_some() || value.get("rename").is_some())
    });
    let (value, rename) = if is_change {
        match read_change(reading, value, &["rename", "remove"])? {
            XmlChange::Rename(new) => (None, Some(new)),
            _ => (None, None),
        }
    } else {
        (Some(reading.literal(value)?), None)
    };
    Some(Edit::Json {
        path,
        value,
        rename,
    })
}

fn read_xml(reading: &mut Reading, value: &Node) -> Option<XmlChange> {
    if value.as_map().is_some() {
        return read_change(
            reading,
            value,
            &["remove", "rename", "namespace", "move", "twice"],
        );
    }
    reading
        .template(value, "new text, or `{ remove: true }`,")
        .map(XmlChange::Text)
}

fn read_change(reading: &mut Reading, node: &Node, allowed: &[&str]) -> Option<XmlChange> {
    let fields = reading.fields(node, &CHANGE)?;
    let written: Vec<_> = fields.written().collect();
    let [(name, key, value)] = written.as_slice() else {
        return reading.wrong_type(node, "one change, such as `{ remove: true }`,");
    };
    if !allowed.contains(name) {
        reading.unknown(
            "unknown-change",
            key.span,
            name,
            "change of this",
            allowed.iter().copied(),
        );
        return None;
    }
    match *name {
        "rename" => reading.filled(value, "a new name").map(XmlChange::Rename),
        "namespace" => reading
            .text(value, "a namespace (`\"\"` for none)")
            .map(XmlChange::Namespace),
        "move" => {
            let first = reading.word(value, "a place", &[("first", true), ("last", false)])?;
            Some(if first {
                XmlChange::MoveFirst
            } else {
                XmlChange::MoveLast
            })
        }
        name => match (name, reading.boolean(value, "`true`")?) {
            (_, false) => reading.wrong_type(value, "`true`"),
            ("twice", true) => Some(XmlChange::Twice),
            (_, true) => Some(XmlChange::Remove),
        },
    }
}

/// An edit in a few words.
fn described(edit: &Edit) -> String {
    match edit {
        Edit::Status(code) => format!("status {code}"),
        Edit::Header {
            name,
            rename: Some(new),
            ..
        } => format!("header {name} renamed {new}"),
        Edit::Header {
            name,
            value: Some(value),
            ..
        } => format!("header {name} = {}", shown(value)),
        Edit::Header { name, .. } => format!("header {name} removed"),
        Edit::Body(None) => "body emptied".to_owned(),
        Edit::Body(Some(_)) => "another body".to_owned(),
        Edit::Cut(length) => format!("body cut after {length}"),
        Edit::Json {
            path,
            rename: Some(new),
            ..
        } => format!("json {path} renamed {new}"),
        Edit::Json {
            path,
            value: Some(value),
            ..
        } => format!("json {path} = {}", shown(value)),
        Edit::Json { path, .. } => format!("json {path} removed"),
        Edit::Xml { path, change } => match change {
            XmlChange::Text(text) => format!("xml {path} = {}", short(&text.text)),
            XmlChange::Remove => format!("xml {path} removed"),
            XmlChange::Rename(new) => format!("xml {path} renamed {new}"),
            XmlChange::Namespace(new) if new.is_empty() => format!("xml {path} without namespace"),
            XmlChange::Namespace(new) => format!("xml {path} in namespace {new}"),
            XmlChange::MoveFirst => format!("xml {path} moved first"),
            XmlChange::MoveLast => format!("xml {path} moved last"),
            XmlChange::Twice => format!("xml {path} twice"),
        },
        Edit::Framing(framing) => format!("framing {framing}"),
        Edit::Version(version) => format!("version {version}"),
        Edit::Request(edits) => {
            let edits: Vec<String> = edits.iter().map(described).collect();
            format!("request: {}", edits.join(" and "))
        }
        Edit::Broken(how) => format!("broken {how}"),
        Edit::Excess(text) => format!("excess {text}"),
        Edit::Method(method) => format!("method {}", short(&method.text)),
        Edit::Path(path) => format!("path {}", short(&path.text)),
        Edit::Query {
            name,
            rename: Some(new),
            ..
        } => format!("query {name} renamed {new}"),
        Edit::Query {
            name,
            value: Some(value),
            ..
        } => format!("query {name} = {}", shown(value)),
        Edit::Query { name, .. } => format!("query {name} removed"),
    }
}

fn shown(value: &Literal) -> String {
    match value {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(template) => short(&template.text),
        Literal::List(_) => "a list".to_owned(),
        Literal::Map(_) => "a map".to_owned(),
    }
}

fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head:?}...")
}

impl Edit {
    /// Calls `visit` with every template in it.
    pub(crate) fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        match self {
            Self::Header {
                value: Some(value), ..
            }
            | Self::Json {
                value: Some(value), ..
            }
            | Self::Query {
                value: Some(value), ..
            } => {
                value.templates(visit);
            }
            Self::Body(Some(template)) | Self::Method(template) | Self::Path(template) => {
                visit(template);
            }
            Self::Xml {
                change: XmlChange::Text(template),
                ..
            } => visit(template),
            Self::Request(edits) => edits.iter().for_each(|edit| edit.templates(visit)),
            _ => {}
        }
    }
}
