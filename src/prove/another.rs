//! What stands in the place of a value: another of its type or of another type, and a body in its other representation.

use crate::check::bodies::{Document, Element, Node, parse_json, parse_xml, write};
use serde_json::Value;

/// Another value that looks the same: the last letter or digit is another one.
pub(super) fn other(text: &str) -> String {
    let Some((at, last)) = text
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_ascii_alphanumeric())
    else {
        return format!("{text}x");
    };
    // A word with a meaning of its own has only one opposite.
    match text {
        "true" => return "false".to_owned(),
        "false" => return "true".to_owned(),
        "True" => return "False".to_owned(),
        "False" => return "True".to_owned(),
        _ => {}
    }
    let mut new = text.to_owned();
    new.replace_range(at..=at, &next(last).to_string());
    new
}

/// Another character of its kind.
pub(super) fn next(c: char) -> char {
    match c {
        '9' => '0',
        'f' => 'a',
        'F' => 'A',
        'z' => 'a',
        'Z' => 'A',
        c => char::from_u32(u32::from(c) + 1).unwrap_or('x'),
    }
}

/// A value that is of no type which the text is of.
pub(super) fn of_another_type(text: &str) -> String {
    let number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if number || matches!(text, "true" | "false" | "True" | "False") {
        "wireproof".to_owned()
    } else {
        "7".to_owned()
    }
}

/// JSON as XML, XML as JSON, with its media type; nothing of what is neither.
pub(super) fn other_representation(body: &[u8]) -> Option<(&'static str, String)> {
    if let Ok(json) = parse_json(body) {
        return Some(("application/xml", write(&xml_of(&json))));
    }
    let document = parse_xml(body).ok()?;
    Some(("application/json", json_of(&document.root).to_string()))
}

/// The children of an element as members, texts as strings.
fn json_of(element: &Element) -> Value {
    if !element.has_children() {
        return if element.is_nil() {
            Value::Null
        } else {
            Value::String(element.text())
        };
    }
    let mut map = serde_json::Map::new();
    for child in element.children() {
        let value = json_of(child);
        match map.get_mut(&child.local) {
            None => {
                map.insert(child.local.clone(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Value::Object(map)
}

fn xml_of(json: &Value) -> Document {
    Document {
        declared: false,
        root: xml_element("Root", json),
    }
}

fn xml_element(name: &str, json: &Value) -> Element {
    let nodes = match json {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| Node::Element(xml_element(name, value)))
            .collect(),
        Value::Array(list) => list
            .iter()
            .map(|value| Node::Element(xml_element("Item", value)))
            .collect(),
        Value::Null => Vec::new(),
        Value::String(text) => vec![Node::Text(text.clone())],
        value => vec![Node::Text(value.to_string())],
    };
    Element {
        local: name.to_owned(),
        nodes,
        ..Element::default()
    }
}
