use super::{explain::describe, render::Env};
use crate::contract::{BodyExpectation, Expectation};

/// Whether something is asked of the reply itself.
pub(super) fn asks_reply(e: &Expectation) -> bool {
    asks_contents(e) || e.framing.is_some() || e.not.as_deref().is_some_and(asks_reply)
}

/// Whether nothing but the framing is asked, so that it can be said of a reply that did not come whole too.
pub(super) fn asks_framing_only(e: &Expectation) -> bool {
    let others = asks_contents(e)
        || e.broken.is_some()
        || !e.computed.is_empty()
        || e.request.is_some()
        || e.within.is_some()
        || e.not.is_some();
    let own = e.framing.is_some();
    !others && (own || !e.any.is_empty()) && e.any.iter().all(asks_framing_only)
}

/// Whether something is asked of what the reply holds, in whatever framing.
fn asks_contents(e: &Expectation) -> bool {
    e.status.is_some()
        || !e.header.is_empty()
        || !e.json.is_empty()
        || !e.xml.is_empty()
        || !e.members.is_empty()
        || !e.named.is_empty()
        || e.shape.is_some()
        || e.body.is_some()
        || e.version.is_some()
}

pub(super) fn first_key(e: &Expectation) -> &'static str {
    if e.status.is_some() {
        "status"
    } else if !e.header.is_empty() {
        "header"
    } else if !e.json.is_empty() {
        "json"
    } else if !e.xml.is_empty() {
        "xml"
    } else if e.request.is_some() {
        "request"
    } else if e.broken.is_some() {
        "connection"
    } else {
        "body"
    }
}

/// What an expectation asks, in one line.
pub(super) fn summary(e: &Expectation, env: &Env<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(matcher) = &e.status {
        parts.push(format!("status {}", describe(matcher, env)));
    }
    for (kind, list) in [
        ("header", &e.header),
        ("json", &e.json),
        ("xml", &e.xml),
        ("members", &e.members),
    ] {
        for (name, matcher) in list {
            parts.push(format!("{kind} {name} {}", describe(matcher, env)));
        }
    }
    for table in &e.named {
        for (names, matcher) in &table.values {
            let names = names.join(" ");
            parts.push(format!(
                "named {} {names} {}",
                table.path,
                describe(matcher, env)
            ));
        }
    }
    for (template, matcher) in &e.computed {
        parts.push(format!("{} {}", template.text, describe(matcher, env)));
    }
    if let Some((name, _)) = &e.shape {
        parts.push(format!("shape {name}"));
    }
    match e.body.as_deref() {
        Some(BodyExpectation::Text(matcher)) => {
            parts.push(format!("body {}", describe(matcher, env)));
        }
        Some(BodyExpectation::SameAs { name, .. }) => parts.push(format!("body as {name}")),
        None => {}
    }
    for (kind, matcher) in [
        ("framing", &e.framing),
        ("version", &e.version),
        ("broken", &e.broken),
    ] {
        if let Some(matcher) = matcher {
            parts.push(format!("{kind} {}", describe(matcher, env)));
        }
    }
    if parts.is_empty() {
        parts.push("what is written there".to_owned());
    }
    parts.join(", ")
}
