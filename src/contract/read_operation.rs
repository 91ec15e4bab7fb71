use super::{
    DocumentedReply, Operation, PathPattern, Shape, ShapeMember, Trait,
    keys::{EXAMPLE, MEMBER, OPERATION, REPLY, SHAPE, SHAPE_ROOT},
    names::known_document,
};
use crate::{
    message::Reply,
    source::{Literal, Node, Place, Reading, quoted},
};
use indexmap::IndexMap;

/// `{ TRAIT: VALUE | [VALUES] }`, each known to the contract.
pub(crate) fn read_traits(
    reading: &mut Reading,
    node: &Node,
    traits: &IndexMap<String, Trait>,
) -> Vec<(String, Vec<String>, Place)> {
    let mut found = Vec::new();
    for (name, key, value) in reading.pairs(node, "a map of traits") {
        // An empty text is a value too: a name that is not set.
        let values: Vec<(String, Place)> = reading
            .one_or_more(value, "a value of the trait")
            .into_iter()
            .filter_map(|node| {
                Some((
                    reading.text(node, "a value of the trait")?,
                    reading.place(node.span),
                ))
            })
            .collect();
        let Some(known) = traits.get(name) else {
            reading.unknown(
                "unknown-trait",
                key.span,
                name,
                "trait of the contract",
                traits.keys().map(String::as_str),
            );
            continue;
        };
        for (value, place) in &values {
            if !known.values.is_empty() && !known.values.contains(value) {
                reading.unknown(
                    "unknown-trait-value",
                    place.span,
                    value,
                    &format!("value of the trait `{name}`"),
                    known.values.iter().map(String::as_str),
                );
            }
        }
        let values = values.into_iter().map(|(value, _)| value).collect();
        found.push((name.to_owned(), values, reading.place(key.span)));
    }
    found
}

pub(crate) fn without_places(
    traits: Vec<(String, Vec<String>, Place)>,
) -> Vec<(String, Vec<String>)> {
    traits
        .into_iter()
        .map(|(name, values, _)| (name, values))
        .collect()
}

/// The texts of a list, or of one text.
pub(crate) fn names_of(reading: &mut Reading, node: Option<&Node>, meant: &str) -> Vec<String> {
    node.map(|node| reading.texts(node, meant))
        .unwrap_or_default()
        .into_iter()
        .map(|(text, _)| text)
        .collect()
}

/// What an operation may name.
pub(super) struct Around<'a> {
    pub(super) documents: &'a [String],
    pub(super) traits: &'a IndexMap<String, Trait>,
    pub(super) shapes: &'a [String],
    pub(super) ignore_case: bool,
}

pub(super) fn read_operation(
    reading: &mut Reading,
    node: &Node,
    around: &Around<'_>,
) -> Option<Operation> {
    let fields = reading.fields(node, &OPERATION)?;
    let id_node = fields.get("id")?;
    let id = reading.filled(id_node, "the id of an operation")?;
    let texts = |reading: &mut Reading, name, meant| names_of(reading, fields.get(name), meant);
    let method = fields
        .get("method")
        .and_then(|node| read_method(reading, node))
        .unwrap_or_default();
    let paths = fields
        .get("path")
        .map(|node| read_paths(reading, node, around))
        .unwrap_or_default();
    let header = fields
        .get("header")
        .map(|node| {
            reading
                .pairs(node, "a map of header names and values")
                .into_iter()
                .filter_map(|(name, _, value)| {
                    Some((
                        name.to_owned(),
                        reading.text(value, "the value of a header")?,
                    ))
                })
                .collect()
        })
        .unwrap_or_default();
    let traits = fields
        .get("where")
        .map(|node| without_places(read_traits(reading, node, around.traits)))
        .unwrap_or_default();
    let properties = fields
        .get("properties")
        .map(|node| {
            reading
                .pairs(node, "a map of lists of names")
                .into_iter()
                .map(|(role, _, list)| {
                    let names = reading.list(list, "a list of names").to_vec();
                    let names = names
                        .iter()
                        .filter_map(|name| reading.text(name, "a name"))
                        .collect();
                    (role.to_owned(), names)
                })
                .collect()
        })
        .unwrap_or_default();
    let source = fields
        .get("source")
        .map(|node| reading.texts(node, "a document"))
        .unwrap_or_default();
    for (source, place) in &source {
        known_document(reading, source, place.span, around.documents);
    }
    let title = fields
        .get("title")
        .and_then(|node| reading.filled(node, "a title"))
        .unwrap_or_else(|| id.clone());
    Some(Operation {
        title,
        group: fields
            .get("group")
            .and_then(|node| reading.filled(node, "the name of a group")),
        method,
        paths,
        header,
        traits,
        query: texts(reading, "query", "the name of a query parameter"),
        request_header: texts(reading, "request-header", "the name of a header"),
        properties,
        facts: fields
            .get("facts")
            .map(|node| read_facts(reading, node))
            .unwrap_or_default(),
        source: source.into_iter().map(|(source, _)| source).collect(),
        reply: fields
            .get("reply")
            .and_then(|node| read_reply(reading, node, around.shapes))
            .unwrap_or_default(),
        place: reading.place(id_node.span),
        id,
    })
}

/// A method token of RFC 9110.
pub(crate) fn read_method(reading: &mut Reading, node: &Node) -> Option<String> {
    let method = reading.filled(node, "a method")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !method.chars().all(token) {
        return reading.wrong_type(node, "a method (a token, such as `GET`)");
    }
    Some(method)
}

fn read_paths(reading: &mut Reading, node: &Node, around: &Around<'_>) -> Vec<PathPattern> {
    let mut patterns = Vec::new();
    if node.as_map().is_none() {
        patterns.extend(read_pattern(reading, node, None, around.ignore_case));
        return patterns;
    }
    for (name, key, values) in reading.pairs(node, "a path") {
        let Some(known) = around.traits.get(name) else {
            reading.unknown(
                "unknown-trait",
                key.span,
                name,
                "trait of the contract",
                around.traits.keys().map(String::as_str),
            );
            continue;
        };
        for (value, key, path) in reading.pairs(values, "a path for each value of the trait") {
            if !known.values.iter().any(|known| known == value) {
                reading.unknown(
                    "unknown-trait-value",
                    key.span,
                    value,
                    &format!("value of the trait `{name}`"),
                    known.values.iter().map(String::as_str),
                );
            }
            let only = Some((name.to_owned(), value.to_owned()));
            patterns.extend(read_pattern(reading, path, only, around.ignore_case));
        }
    }
    patterns
}

fn read_pattern(
    reading: &mut Reading,
    node: &Node,
    only: Option<(String, String)>,
    ignore_case: bool,
) -> Option<PathPattern> {
    let text = reading.filled(node, "a path")?;
    match PathPattern::parse(&text) {
        Ok(pattern) => Some(PathPattern {
            only,
            ignore_case,
            ..pattern
        }),
        Err(why) => {
            reading.problem(
                "path",
                node.span,
                format!("{} is no path of an operation: {why}", quoted(&text)),
                "no path",
                Some("a path is written as `/a/{name}/{*rest}`".to_owned()),
            );
            None
        }
    }
}

fn read_facts(reading: &mut Reading, node: &Node) -> IndexMap<String, Literal> {
    let mut facts = IndexMap::new();
    for (name, _, value) in reading.pairs(node, "a map of facts") {
        if let Some(fact) = reading.literal(value) {
            let mut named = false;
            fact.templates(&mut |template| named |= !template.names().is_empty());
            if named {
                reading.problem(
                    "template-in-fact",
                    value.span,
                    "a fact is the same for every exchange, so its templates know no names",
                    "names something",
                    None,
                );
                continue;
            }
            facts.insert(name.to_owned(), fact);
        }
    }
    facts
}

fn read_reply(reading: &mut Reading, node: &Node, shapes: &[String]) -> Option<DocumentedReply> {
    let fields = reading.fields(node, &REPLY)?;
    let status = fields
        .get("status")
        .map(|node| {
            let codes = reading.one_or_more(node, "a status code");
            codes
                .into_iter()
                .filter_map(|node| reading.status(node))
                .collect()
        })
        .unwrap_or_default();
    let header = fields
        .get("header")
        .map(|node| match node.as_map() {
            None => names_of(reading, Some(node), "the name of a header")
                .into_iter()
                .map(|name| (name, None))
                .collect(),
            Some(_) => reading
                .pairs(node, "a map of header names")
                .into_iter()
                .map(|(name, _, value)| {
                    let example = if value.is_null() {
                        None
                    } else {
                        reading.text(value, "an example of the header's value")
                    };
                    (name.to_owned(), example)
                })
                .collect(),
        })
        .unwrap_or_default();
    let empty = fields
        .get("empty")
        .and_then(|node| reading.boolean(node, "whether the reply has no body"))
        .unwrap_or_default();
    let shape = fields
        .get("shape")
        .and_then(|node| shape_name(reading, node, shapes));
    let example = fields
        .get("example")
        .and_then(|node| read_example(reading, node));
    if empty && let Some((key, _)) = fields.entry("shape").or_else(|| fields.entry("example")) {
        reading.problem(
            "empty-with-body",
            key.span,
            "the reply is said to be empty, and here it has a body",
            "a body",
            None,
        );
    }
    Some(DocumentedReply {
        status,
        header,
        empty,
        shape,
        example,
    })
}

fn shape_name(reading: &mut Reading, node: &Node, shapes: &[String]) -> Option<String> {
    let name = reading.filled(node, "the name of a shape")?;
    if !shapes.contains(&name) {
        reading.unknown(
            "unknown-shape",
            node.span,
            &name,
            "shape of the contract",
            shapes.iter().map(String::as_str),
        );
    }
    Some(name)
}

fn read_example(reading: &mut Reading, node: &Node) -> Option<Reply> {
    let fields = reading.fields(node, &EXAMPLE)?;
    let mut written = fields.written();
    let Some((kind, _, value)) = written.next() else {
        return reading.wrong_type(node, "an example body (`json`, `xml` or `text`)");
    };
    if let Some((_, key, _)) = written.next() {
        reading.problem(
            "two-bodies",
            key.span,
            "an example has one body, and this is a second",
            "second body",
            None,
        );
    }
    let (content_type, body) = match kind {
        "json" => (
            "application/json; charset=utf-8",
            json_of(value).to_string(),
        ),
        "xml" => (
            "application/xml; charset=utf-8",
            reading.text(value, "XML text")?,
        ),
        _ => ("text/plain; charset=utf-8", reading.text(value, "text")?),
    };
    Some(
        Reply::new(200)
            .header("Content-Type", content_type)
            .body(body),
    )
}

/// The JSON value that YAML writes; nothing in it is a template.
fn json_of(node: &Node) -> serde_json::Value {
    use crate::source::{Meaning, Yaml};
    match &node.yaml {
        Yaml::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => serde_json::Value::Null,
            Meaning::Bool(value) => value.into(),
            Meaning::Number(number) => number.into(),
            Meaning::Text(text) => text.into(),
        },
        Yaml::List(elements) => elements.iter().map(json_of).collect(),
        Yaml::Map(members) => members
            .iter()
            .filter_map(|(key, value)| Some((key.as_scalar()?.text.clone(), json_of(value))))
            .collect(),
    }
}

pub(super) fn read_shape(reading: &mut Reading, node: &Node, shapes: &[String]) -> Option<Shape> {
    let fields = reading.fields(node, &SHAPE)?;
    let root = fields
        .get("xml")
        .and_then(|node| reading.fields(node, &SHAPE_ROOT));
    let root_text = |reading: &mut Reading, name| {
        root.and_then(|root| root.get(name))
            .and_then(|node| reading.text(node, "a name"))
    };
    let members = fields
        .get("members")
        .map(|node| reading.list(node, "a list of members").to_vec())
        .unwrap_or_default();
    let shape = Shape {
        root: root_text(reading, "root"),
        namespace: root_text(reading, "namespace"),
        repeats: fields
            .get("repeats")
            .and_then(|node| shape_name(reading, node, shapes)),
        members: members
            .iter()
            .filter_map(|node| read_member(reading, node, shapes))
            .collect(),
        text: fields.get("text").and_then(|node| reading.type_word(node)),
        place: reading.place(node.span),
    };
    let kinds = ["repeats", "members", "text"]
        .into_iter()
        .filter_map(|name| fields.entry(name))
        .collect::<Vec<_>>();
    match kinds.as_slice() {
        [] => reading.problem(
            "empty-shape",
            node.span,
            "a shape has `members`, `repeats` another shape, or is `text` of a type",
            "says nothing of the content",
            None,
        ),
        [_] => {}
        [_, (second, _), ..] => reading.problem(
            "two-contents",
            second.span,
            "a shape has one kind of content: `members`, `repeats` or `text`",
            "second kind",
            None,
        ),
    }
    Some(shape)
}

fn read_member(reading: &mut Reading, node: &Node, shapes: &[String]) -> Option<ShapeMember> {
    let fields = reading.fields(node, &MEMBER)?;
    let is = fields
        .get("is")
        .map(|node| {
            let types = reading.one_or_more(node, "a type");
            types
                .into_iter()
                .filter_map(|node| reading.type_word(node))
                .collect()
        })
        .unwrap_or_default();
    Some(ShapeMember {
        name: fields
            .get("name")
            .and_then(|node| reading.filled(node, "a name"))?,
        is,
        optional: fields
            .get("optional")
            .and_then(|node| reading.boolean(node, "whether it may be left out"))
            .unwrap_or_default(),
        shape: fields
            .get("shape")
            .and_then(|node| shape_name(reading, node, shapes)),
    })
}
