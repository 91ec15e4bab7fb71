//! `request` and `reply` in templates.

use super::value::from_json;
use crate::message::{Headers, Reply, Request};
use bytes::Bytes;
use minijinja::{
    Value,
    value::{Enumerator, Object},
};
use std::sync::{Arc, OnceLock};

#[derive(Debug)]
pub(super) struct RequestObject {
    request: Request,
    json: OnceLock<Option<Value>>,
}

#[derive(Debug)]
pub(super) struct ReplyObject {
    reply: Reply,
    json: OnceLock<Option<Value>>,
}

/// Names that are found in any case; the first of a name counts.
#[derive(Debug)]
struct Named(Vec<(String, String)>);

impl RequestObject {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            request: request.clone(),
            json: OnceLock::new(),
        }
    }
}

impl ReplyObject {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            reply: reply.clone(),
            json: OnceLock::new(),
        }
    }
}

impl Object for RequestObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let request = &self.request;
        Some(match key {
            "method" => request.method.as_str().into(),
            "target" => request.target.as_str().into(),
            "path" => percent_encoding::percent_decode_str(request.path())
                .decode_utf8_lossy()
                .as_ref()
                .into(),
            "version" => request.version.as_str().into(),
            "query" => Value::from_object(Named(request.query_pairs())),
            "header" => headers(&request.headers),
            "body" => body(&request.body),
            "body_length" => request.body.len().into(),
            "json" => return self.json.get_or_init(|| json(&request.body)).clone(),
            _ => return None,
        })
    }
}

impl Object for ReplyObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let reply = &self.reply;
        Some(match key {
            "status" => reply.status.into(),
            "reason" => reply.reason.as_str().into(),
            "version" => reply.version.as_str().into(),
            "header" => headers(&reply.headers),
            "body" => body(&reply.body),
            "body_length" => reply.body.len().into(),
            "json" => return self.json.get_or_init(|| json(&reply.body)).clone(),
            _ => return None,
        })
    }
}

impl Object for Named {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str().into())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.0
                .iter()
                .map(|(name, _)| name.as_str().into())
                .collect(),
        )
    }
}

fn headers(headers: &Headers) -> Value {
    Value::from_object(Named(
        headers
            .iter()
            // Several fields of a name are one value here too (RFC 2616 4.2); the first of them is found.
            .map(|(name, _)| (name.to_owned(), headers.joined(name).unwrap_or_default()))
            .collect(),
    ))
}

fn body(body: &Bytes) -> Value {
    String::from_utf8_lossy(body).as_ref().into()
}

fn json(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(body)
        .ok()
        .map(|json| from_json(&json))
}
