//! Fills in what a plan leaves to be known: templates become an [`Outgoing`].

use super::names;
use crate::{
    auth,
    client::{ClientOptions, CutAt, Limits, Origin, Outgoing},
    contract::SEGMENT,
    message::{
        Request, Version, wrong_header_name, wrong_header_value, wrong_method, wrong_target,
    },
    plan::{Plan, PlannedStep, TargetPart, Value},
    scenario::{Auth, BodySource, Connection},
    source::{Literal, Place, Scope, Template, TemplateError},
};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use std::{path::Path, sync::Arc, time::Duration};

/// What stands in names and values of a query as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

/// Why a step cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    #[error("{}: {}", .0.place, .0.message)]
    Template(#[from] TemplateError),
    /// What templates gave cannot be sent.
    #[error("{0}: {1}")]
    Unusable(Place, String),
    #[error("{0}")]
    Other(String),
}

/// A step that can be sent, and the scope that its reply is judged in.
pub(super) struct Rendered {
    pub(super) outgoing: Outgoing,
    pub(super) scope: Scope,
}

/// What is the same for all steps.
pub(super) struct Frame<'a> {
    pub(super) origin: &'a Origin,
    pub(super) folder: Option<&'a Path>,
    pub(super) timeout: Duration,
    pub(super) limits: Limits,
    /// Whether the target is a URL: what is told of its replies is what was on the wire, case of names included.
    pub(super) url: bool,
}

/// The scope in which a plan begins.
pub(super) fn first_scope(plan: &Plan) -> Scope {
    let mut scope = Scope::new();
    for (name, value) in &plan.vars {
        match value {
            Value::Json(json) => scope.set(name, json),
            Value::Bytes(bytes) => scope.set_bytes(name, bytes.clone()),
            Value::Secret(text) => scope.set(name, &text.as_str().into()),
        }
    }
    scope
}

/// All values that no output may show: variables declared secret and the passwords of credentials.
#[must_use]
pub fn secrets(plans: &[Arc<Plan>], client: &ClientOptions) -> Vec<String> {
    let mut all: Vec<String> = client
        .credentials
        .iter()
        .map(|credentials| credentials.password.clone())
        .collect();
    for plan in plans {
        all.extend(plan.vars.iter().filter_map(|(_, value)| match value {
            Value::Secret(text) => Some(text.clone()),
            Value::Json(_) | Value::Bytes(_) => None,
        }));
        for step in plan.steps.iter().flatten().chain(&plan.cleanup) {
            if let Auth::Basic { password, .. } = &step.send.auth
                && let Ok(text) = password.render(&first_scope(plan))
            {
                all.push(text);
            }
        }
    }
    all.retain(|secret| !secret.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// Fills in a step.
pub(super) fn render(
    step: &PlannedStep,
    scope: &Scope,
    frame: &Frame<'_>,
) -> Result<Rendered, RenderError> {
    let send = &step.send;
    let mut scope = scope.clone();
    for (name, literal) in &step.with {
        let value = literal.resolve(&scope)?;
        if names::are_told(literal, &scope) {
            scope.set_told(name, &value);
        } else {
            scope.set(name, &value);
        }
    }
    if !send.path.is_empty() {
        let mut path = match scope.get("path") {
            Some(serde_json::Value::Object(path)) => path,
            _ => serde_json::Map::new(),
        };
        for (name, value) in &send.path {
            path.insert(name.clone(), value.render(&scope)?.into());
        }
        scope.set("path", &path.into());
    }
    let (origin, prefix) = origin(send.at.as_ref(), &scope, frame.origin)?;
    let mut request = Request::new(send.method.render(&scope)?, prefix);
    if send.http10 {
        request.version = Version::Http10;
    }
    target(step, &scope, &mut request.target)?;
    let mut suppress = Vec::new();
    if origin != *frame.origin {
        // The target's credentials are nobody else's business.
        suppress.push("Authorization".to_owned());
    }
    for (name, value) in &send.header {
        match value {
            Some(value) => request.headers.append(name, value.render(&scope)?),
            None => suppress.push(name.clone()),
        }
    }
    match &send.auth {
        Auth::Target => {}
        Auth::None => suppress.push("Authorization".to_owned()),
        Auth::Basic { user, password } => {
            let user = auth::User::new(user.render(&scope)?, password.render(&scope)?);
            let value = auth::Basic::value(&user);
            request.headers.set("Authorization", value);
        }
    }
    let mut raw = None;
    if let Some(source) = &send.body {
        let (bytes, content_type) = body(source, &scope, frame)?;
        if let Some(content_type) = content_type
            && !request.headers.contains("Content-Type")
            && !suppress
                .iter()
                .any(|name| name.eq_ignore_ascii_case("Content-Type"))
        {
            request.headers.append("Content-Type", content_type);
        }
        if matches!(source, BodySource::Raw(_)) {
            let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
            request.method = String::from_utf8_lossy(method).into_owned();
            raw = Some(bytes);
        } else {
            request.body = bytes;
        }
    }
    let cut = match &send.cut {
        None => None,
        Some(cut) => Some(CutAt {
            after: number(&cut.after, &scope, "where a request is cut")?,
            then: cut.then,
        }),
    };
    let mut outgoing = Outgoing::new(origin, request);
    if outgoing.raw.is_none() && raw.is_none() {
        fits_the_wire(&outgoing.request, step)?;
    }
    outgoing.suppress = suppress;
    outgoing.raw = raw;
    outgoing.cut = cut;
    outgoing.fresh = send.connection == Connection::New;
    outgoing.exact = frame.url || super::record::expects_a_break(&step.expect);
    outgoing.timeout = send.timeout.unwrap_or(frame.timeout);
    outgoing.limits = frame.limits;
    Ok(Rendered { outgoing, scope })
}

/// Whether what came from variables makes one request, and this one. Values are not told: they may be secret.
fn fits_the_wire(request: &Request, step: &PlannedStep) -> Result<(), RenderError> {
    let wrong = |what: String, why: &str| {
        let place = &step.place;
        RenderError::Unusable(place.clone(), format!("{what} cannot be sent: {why}"))
    };
    if let Some(why) = wrong_method(&request.method) {
        return Err(wrong("the method".to_owned(), why));
    }
    if let Some(why) = wrong_target(&request.target) {
        return Err(wrong("the path".to_owned(), why));
    }
    for (name, value) in request.headers.iter() {
        if let Some(why) = wrong_header_name(name) {
            return Err(wrong(format!("the name `{}`", name.escape_debug()), why));
        }
        if let Some(why) = wrong_header_value(value) {
            return Err(wrong(format!("the value of `{name}`"), why));
        }
    }
    Ok(())
}

fn origin(
    at: Option<&Template>,
    scope: &Scope,
    target: &Origin,
) -> Result<(Origin, String), RenderError> {
    let Some(at) = at else {
        return Ok((target.clone(), String::new()));
    };
    let text = at.render(scope)?;
    let url = if text.contains("://") {
        text
    } else {
        let scheme = if target.tls { "https" } else { "http" };
        format!("{scheme}://{text}")
    };
    let (origin, path) = Origin::parse(&url)
        .map_err(|error| RenderError::Unusable(at.place.clone(), error.to_string()))?;
    Ok((origin, path.trim_end_matches('/').to_owned()))
}

fn target(step: &PlannedStep, scope: &Scope, out: &mut String) -> Result<(), RenderError> {
    for part in &step.send.target {
        match part {
            TargetPart::Text(text) => out.push_str(text),
            TargetPart::Raw(template) => {
                let text = template.render(scope)?;
                if text.is_empty() || (!text.starts_with('/') && !out.is_empty()) {
                    // Behind the path of the target's URL it would become another path.
                    return Err(RenderError::Unusable(
                        template.place.clone(),
                        "the path cannot be sent: a path begins with `/`".to_owned(),
                    ));
                }
                out.push_str(&text);
            }
            TargetPart::Segment(template) => {
                let text = template.render(scope)?;
                out.extend(utf8_percent_encode(&text, SEGMENT));
            }
            TargetPart::Rest(template) => {
                let text = template.render(scope)?;
                let text = if out.ends_with('/') {
                    text.trim_start_matches('/')
                } else {
                    &text
                };
                for (at, segment) in text.split('/').enumerate() {
                    if at > 0 {
                        out.push('/');
                    }
                    out.extend(utf8_percent_encode(segment, SEGMENT));
                }
            }
        }
    }
    for (name, value) in &step.send.query {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.extend(utf8_percent_encode(name, QUERY));
        out.push('=');
        let value = value.render(scope)?;
        out.extend(percent_encode(value.as_bytes(), QUERY));
    }
    Ok(())
}

type Typed = (Bytes, Option<&'static str>);

fn body(source: &BodySource, scope: &Scope, frame: &Frame<'_>) -> Result<Typed, RenderError> {
    let text = |template: &Template| template.render(scope).map(Bytes::from);
    Ok(match source {
        BodySource::Json(literal) => (
            literal.resolve(scope)?.to_string().into(),
            Some("application/json; charset=utf-8"),
        ),
        BodySource::Xml(template) => (text(template)?, Some("application/xml; charset=utf-8")),
        BodySource::Text(template) | BodySource::Raw(template) => (text(template)?, None),
        BodySource::Bytes(name, place) => (
            variable(name, scope)
                .ok_or_else(|| RenderError::Other(format!("{place}: `{name}` has no bytes")))?,
            None,
        ),
        BodySource::Slice {
            name,
            from,
            to,
            place,
        } => {
            let bytes = variable(name, scope)
                .ok_or_else(|| RenderError::Other(format!("{place}: `{name}` has no bytes")))?;
            let from = number(from, scope, "the start of a slice")?;
            let to = number(to, scope, "the end of a slice")?;
            if from > to || to > bytes.len() {
                let length = bytes.len();
                let why = format!("{place}: `{name}` has {length} bytes, none from {from} to {to}");
                return Err(RenderError::Other(why));
            }
            (bytes.slice(from..to), None)
        }
        BodySource::File(template) => {
            let name = template.render(scope)?;
            let path = frame.folder.unwrap_or(Path::new("")).join(&name);
            let wrong = |why: String| {
                RenderError::Other(format!("{}: `{}`: {why}", template.place, path.display()))
            };
            // A pipe or a device might never end.
            if path.exists() && !path.is_file() {
                return Err(wrong("it is no regular file".to_owned()));
            }
            let read = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
            (read.into(), None)
        }
        BodySource::Hex(template) => {
            let digits: String = template.render(scope)?.split_whitespace().collect();
            let bytes = (0..digits.len())
                .step_by(2)
                .map(|at| {
                    digits
                        .get(at..at + 2)
                        .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                })
                .collect::<Option<Vec<u8>>>()
                .ok_or_else(|| {
                    RenderError::Other(format!(
                        "{}: `{digits}` is no hexadecimal text",
                        template.place
                    ))
                })?;
            (bytes.into(), None)
        }
    })
}

fn variable(name: &str, scope: &Scope) -> Option<Bytes> {
    scope.get_bytes(name).or_else(|| match scope.get(name)? {
        serde_json::Value::String(text) => Some(text.into()),
        _ => None,
    })
}

fn number(literal: &Literal, scope: &Scope, what: &str) -> Result<usize, RenderError> {
    let value = literal.resolve(scope)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| RenderError::Other(format!("{what} is no number: {value}")))
}
