//! Values between JSON and minijinja, and the filters that suites need beside minijinja's own.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use minijinja::{
    Error, ErrorKind, Value,
    value::{Enumerator, Object, ObjectRepr, ValueKind},
};
use serde_json::{Map, Number, Value as Json};
use std::sync::Arc;

/// A JSON object: keeps the order of its members, converts them when they are asked for.
#[derive(Debug)]
struct JsonMap(Map<String, Json>);

/// A JSON array.
#[derive(Debug)]
struct JsonList(Vec<Json>);

/// Bytes of a variable, shared.
#[derive(Debug)]
pub(super) struct Blob(pub(super) Bytes);

impl Object for JsonMap {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).map(from_json)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(from_json)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Value::from(key.as_str())).collect())
    }
}

impl Object for JsonList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).map(from_json)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// Only its length, base64 and hex are of use to a template.
impl Object for Blob {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).map(|byte| Value::from(*byte))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// The value for templates.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(elements) => Value::from_object(JsonList(elements.clone())),
        Json::Object(members) => Value::from_object(JsonMap(members.clone())),
    }
}

/// The value as JSON.
///
/// # Errors
/// It is undefined or no value of JSON: says so.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
    if let Some(map) = value.downcast_object_ref::<JsonMap>() {
        return Ok(Json::Object(map.0.clone()));
    }
    if let Some(list) = value.downcast_object_ref::<JsonList>() {
        return Ok(Json::Array(list.0.clone()));
    }
    match value.kind() {
        ValueKind::None => Ok(Json::Null),
        ValueKind::Bool => Ok(Json::Bool(value.is_true())),
        ValueKind::Number => number(value).ok_or_else(|| format!("{value} is no number of JSON")),
        ValueKind::String => Ok(Json::String(value.as_str().unwrap_or_default().to_owned())),
        ValueKind::Bytes => Ok(Json::String(
            String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned(),
        )),
        ValueKind::Seq | ValueKind::Iterable => value
            .try_iter()
            .map_err(|error| error.to_string())?
            .map(|element| to_json(&element))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        ValueKind::Map => {
            let mut members = Map::new();
            for key in value.try_iter().map_err(|error| error.to_string())? {
                let member = value.get_item(&key).map_err(|error| error.to_string())?;
                members.insert(key.to_string(), to_json(&member)?);
            }
            Ok(Json::Object(members))
        }
        kind => Err(format!("the value is {kind}")),
    }
}

fn number(value: &Value) -> Option<Json> {
    if value.is_integer() {
        if let Some(number) = value.as_i64() {
            return Some(number.into());
        }
        return value.to_string().parse::<u64>().ok().map(Into::into);
    }
    let float = f64::try_from(value.clone()).ok()?;
    Number::from_f64(float).map(Json::Number)
}

/// Writes a value into text: scalars as they are, lists and maps as JSON, null as `null`.
///
/// # Errors
/// As [`to_json`].
pub(super) fn write_text(value: &Value, out: &mut String) -> Result<(), String> {
    match value.as_str() {
        Some(text) => out.push_str(text),
        None => match to_json(value)? {
            Json::String(text) => out.push_str(&text),
            json => out.push_str(&json.to_string()),
        },
    }
    Ok(())
}

fn bytes_of(value: &Value) -> Result<Vec<u8>, Error> {
    if let Some(blob) = value.downcast_object_ref::<Blob>() {
        return Ok(blob.0.to_vec());
    }
    if let Some(bytes) = value.as_bytes() {
        return Ok(bytes.to_vec());
    }
    let mut text = String::new();
    write_text(value, &mut text)
        .map_err(|message| Error::new(ErrorKind::InvalidOperation, message))?;
    Ok(text.into_bytes())
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(super) fn urlencode(value: &Value) -> Result<String, Error> {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    Ok(percent_encoding::percent_encode(&bytes_of(value)?, &KEPT).to_string())
}

/// What the first group of a regular expression matches in a text; empty where it does not match.
pub(super) fn capture(text: &str, pattern: &str) -> Result<String, Error> {
    let pattern = regex::Regex::new(pattern)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    Ok(pattern
        .captures(text)
        .and_then(|groups| groups.get(1))
        .map_or_else(String::new, |group| group.as_str().to_owned()))
}

/// Base64 with padding of text or bytes.
pub(super) fn base64(value: &Value) -> Result<String, Error> {
    Ok(STANDARD.encode(bytes_of(value)?))
}

/// A whole number as hexadecimal digits; text and bytes as two digits each byte.
pub(super) fn hex(value: &Value) -> Result<String, Error> {
    if value.is_integer() {
        let number = value
            .as_i64()
            .filter(|number| *number >= 0)
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, "hex takes no negative number")
            })?;
        return Ok(format!("{number:x}"));
    }
    Ok(bytes_of(value)?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The value as JSON text.
pub(super) fn to_json_text(value: &Value) -> Result<String, Error> {
    to_json(value)
        .map(|json| json.to_string())
        .map_err(|message| Error::new(ErrorKind::InvalidOperation, message))
}
