//! JSON schemas for editors, made from the tables of keys that the readers use.

use super::{
    MATCHER, Type,
    table::{Shape, Table},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schema (draft 7) of a file whose keys a table names.
pub(crate) fn json_schema(root: &'static Table, title: &str) -> String {
    let mut tables = BTreeMap::new();
    collect(root, &mut tables);
    let mut definitions: Map<String, Value> = tables
        .values()
        .map(|table| (table.name.to_owned(), table_schema(table)))
        .collect();
    if tables.contains_key(MATCHER.name) {
        let scalar = json!({ "type": ["string", "number", "boolean", "null"] });
        definitions.insert(
            "any-matcher".to_owned(),
            json!({ "anyOf": [
                scalar,
                { "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/any-matcher" } },
                { "$ref": "#/definitions/matcher" },
            ] }),
        );
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "$ref": format!("#/definitions/{}", root.name),
        "definitions": definitions,
    });
    format!("{schema:#}\n")
}

fn collect(table: &'static Table, found: &mut BTreeMap<&'static str, &'static Table>) {
    if found.insert(table.name, table).is_none() {
        for key in table.all() {
            collect_shape(&key.shape, found);
        }
    }
}

fn collect_shape(shape: &'static Shape, found: &mut BTreeMap<&'static str, &'static Table>) {
    match shape {
        Shape::List(inner) | Shape::OneOrMore(inner) | Shape::MapOf(inner) => {
            collect_shape(inner, found);
        }
        Shape::Map(table) => collect(table, found),
        Shape::Matcher => collect(&MATCHER, found),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| collect_shape(shape, found)),
        _ => {}
    }
}

fn table_schema(table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .all()
        .map(|key| {
            let said = json!({ "description": key.says, "allOf": [shape_schema(&key.shape)] });
            (key.name.to_owned(), said)
        })
        .collect();
    let required: Vec<&str> = table
        .all()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    json!({
        "type": "object",
        "description": table.what,
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn shape_schema(shape: &Shape) -> Value {
    match shape {
        Shape::Anything => json!({}),
        Shape::Text | Shape::Template => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer", "minimum": 0 }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9.]+ ?(ms|s|m|h)$" }),
        Shape::Null => json!({ "type": "null" }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::Type => {
            let words = Type::ALL.iter().map(|(word, _)| Value::from(*word));
            // A plain `null` is the type of that name.
            json!({ "enum": words.chain([Value::Null]).collect::<Vec<_>>() })
        }
        Shape::Matcher => json!({ "$ref": "#/definitions/any-matcher" }),
        Shape::List(inner) => json!({ "type": "array", "items": shape_schema(inner) }),
        Shape::OneOrMore(inner) => {
            let one = shape_schema(inner);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Shape::MapOf(inner) => {
            json!({ "type": "object", "additionalProperties": shape_schema(inner) })
        }
        Shape::Map(table) => json!({ "$ref": format!("#/definitions/{}", table.name) }),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(shape_schema).collect::<Vec<_>>() })
        }
    }
}
