use super::{Clause, Contract, Document, Operation, pattern::segments_of};
use crate::{
    message::{Reply, Request},
    source::Scope,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Contract {
    /// The operation that a request is, with the values of the names in its path (percent-decoded).
    ///
    /// The method is compared exactly, the path by the pattern that holds for the traits (those not given have the contract's
    /// default), headers ignoring case. Where several fit, the most specific one wins. A prefix that the target's URL adds
    /// to every path must be taken off before.
    #[must_use]
    pub fn operation_for(
        &self,
        request: &Request,
        traits: &BTreeMap<String, String>,
    ) -> Option<(usize, Vec<(String, String)>)> {
        let path = segments_of(request.path());
        let mut best: Option<(Rank, usize, Captures)> = None;
        for (index, operation) in self.operations.iter().enumerate() {
            let recognised = operation.method == request.method
                && self.allows(&operation.traits, traits)
                && operation.header.iter().all(|(name, value)| {
                    request
                        .headers
                        .get(name)
                        .is_some_and(|found| found.eq_ignore_ascii_case(value))
                });
            if !recognised {
                continue;
            }
            for pattern in &operation.paths {
                if let Some((name, value)) = &pattern.only
                    && self.trait_value(name, traits) != Some(value)
                {
                    continue;
                }
                let Some(captures) = pattern.captures(&path) else {
                    continue;
                };
                let (literal, closed, length) = pattern.exactness();
                let rank = (literal, operation.header.len(), closed, length);
                if best.as_ref().is_none_or(|(other, ..)| rank > *other) {
                    best = Some((rank, index, captures));
                }
            }
        }
        best.map(|(_, index, captures)| (index, captures))
    }

    /// The value of a trait of a target, or its default.
    #[must_use]
    pub fn trait_value<'a>(
        &'a self,
        name: &str,
        traits: &'a BTreeMap<String, String>,
    ) -> Option<&'a String> {
        traits
            .get(name)
            .or_else(|| self.traits.get(name).map(|known| &known.default))
    }

    /// Whether a target with those traits is one that a `where:` asks for.
    #[must_use]
    pub fn allows(
        &self,
        wanted: &[(String, Vec<String>)],
        traits: &BTreeMap<String, String>,
    ) -> bool {
        wanted.iter().all(|(name, values)| {
            self.trait_value(name, traits)
                .is_some_and(|value| values.contains(value))
        })
    }

    /// The operation of an id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The clause of an id.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    /// The document that a source names: `KEY` or `KEY § Heading`.
    #[must_use]
    pub fn document_of(&self, source: &str) -> Option<&Document> {
        self.documents.get(document_key(source))
    }

    /// The URL of a document, by its key or by a source that begins with it.
    #[must_use]
    pub fn url_of(&self, source: &str) -> Option<&str> {
        self.document_of(source)
            .map(|document| document.url.as_str())
    }

    /// What templates know of a target: all its traits, as `target` and as `traits`, and each by its name (`-` written as `_`).
    #[must_use]
    pub fn target_scope(&self, traits: &BTreeMap<String, String>) -> Scope {
        let mut scope = Scope::new();
        let all: Map<String, Value> = self
            .traits
            .iter()
            .map(|(name, known)| {
                let value = traits.get(name).unwrap_or(&known.default);
                (name.clone(), Value::String(value.clone()))
            })
            .collect();
        for (name, value) in &all {
            scope.set(&name.replace('-', "_"), value);
        }
        let all = Value::Object(all);
        scope.set("target", &all);
        scope.set("traits", &all);
        scope
    }
}

impl Operation {
    /// The documented success as a reply.
    #[must_use]
    pub fn documented_reply(&self) -> Reply {
        let mut reply = self.reply.example.clone().unwrap_or_default();
        reply.status = self.reply.status.first().copied().unwrap_or(200);
        for (name, example) in &self.reply.header {
            if let Some(example) = example
                && !name.eq_ignore_ascii_case("Content-Length")
            {
                reply.headers.set(name, example);
            }
        }
        reply
    }
}

/// What templates know of an operation: `operation.id`, `.title`, `.group`, `.method`, `.source`, `.query`, `.request_header`,
/// `.reply.status` (the first), `.reply.statuses`, `.reply.header` (the names), `.reply.empty`, `.properties.ROLE` and `.facts.NAME`.
#[must_use]
pub fn operation_scope(operation: &Operation) -> Scope {
    let reply = &operation.reply;
    let header: Vec<&str> = reply.header.iter().map(|(name, _)| name.as_str()).collect();
    let none = Scope::new();
    // A fact that needs a scope is a problem when it is read.
    let facts: Map<String, Value> = operation
        .facts
        .iter()
        .map(|(name, fact)| (name.clone(), fact.resolve(&none).unwrap_or_default()))
        .collect();
    let properties: Map<String, Value> = operation
        .properties
        .iter()
        .map(|(role, names)| (role.clone(), names.as_slice().into()))
        .collect();
    let mut scope = Scope::new();
    scope.set(
        "operation",
        &json!({
            "id": operation.id,
            "title": operation.title,
            "group": operation.group,
            "method": operation.method,
            "source": operation.source,
            "query": operation.query,
            "request_header": operation.request_header,
            "reply": {
                "status": reply.status.first(),
                "statuses": reply.status,
                "header": header,
                "empty": reply.empty,
            },
            "properties": properties,
            "facts": facts,
        }),
    );
    scope
}

/// The names in a path with their values.
type Captures = Vec<(String, String)>;

/// How exactly a request is recognised: literal segments, headers, whether the path has an end, segments.
type Rank = (usize, usize, bool, usize);

/// The key of a source: what stands before ` § `.
pub(crate) fn document_key(source: &str) -> &str {
    source.split('§').next().unwrap_or_default().trim()
}
