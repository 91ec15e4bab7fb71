use super::{
    Mismatch, Wrong,
    expectation::Case,
    explain::describe,
    matcher::compiled,
    render::Env,
    value::{Found, Item},
    view::{Trouble, View},
};
use crate::{
    scenario::{Capture, CaptureFrom},
    source::{Matcher, MatcherKind, Template, Type},
};
use serde_json::Value;

/// Takes a value from a reply; what is optional and not there is empty text.
pub(crate) fn take(
    capture: &Capture,
    case: &Case<'_>,
    env: &Env<'_>,
) -> Result<Value, Box<Mismatch>> {
    let subject = match &capture.from {
        CaptureFrom::Header(name) => format!("header {name}"),
        CaptureFrom::Json(path) => format!("json {path}"),
        CaptureFrom::Xml(path) => format!("xml {path}"),
        CaptureFrom::Body(_) => "body".to_owned(),
        CaptureFrom::Status => "status".to_owned(),
        CaptureFrom::Value(_) => format!("value {}", capture.name),
    };
    let mismatch = |expected: String, actual: String| {
        Box::new(Mismatch {
            place: capture.place.clone(),
            subject: subject.clone(),
            expected,
            actual,
            diff: None,
            wrong: None,
        })
    };
    let wanted = format!("a value for `{}`", capture.name);
    let Some(view) = case.reply() else {
        let actual = match &case.exchange.outcome {
            Err(broken) => broken.to_string(),
            Ok(_) => "no reply".to_owned(),
        };
        return Err(mismatch("a reply".to_owned(), actual));
    };
    match value(&capture.from, case, view, env) {
        Ok(Some(value)) => Ok(value),
        Ok(None) if capture.optional => Ok(Value::String(String::new())),
        Ok(None) => {
            let expected = match &capture.from {
                CaptureFrom::Body(pattern) => {
                    format!("{wanted}: {}", describe(&matching(pattern), env))
                }
                _ => wanted,
            };
            Err(mismatch(expected, "nothing (absent)".to_owned()))
        }
        Err(Trouble::Unreadable(_)) if capture.optional => Ok(Value::String(String::new())),
        Err(Trouble::Unreadable(why)) => Err(mismatch(wanted, why)),
        Err(Trouble::Wrong(wrong)) => Err(Box::new(Mismatch::wrong(&capture.place, wrong))),
    }
}

fn matching(pattern: &Template) -> Matcher {
    Matcher {
        place: pattern.place.clone(),
        kind: MatcherKind::Matches(pattern.clone()),
    }
}

fn value(
    from: &CaptureFrom,
    case: &Case<'_>,
    view: &View<'_>,
    env: &Env<'_>,
) -> Result<Option<Value>, Trouble> {
    Ok(match from {
        CaptureFrom::Header(name) => view.headers.joined(name).map(Value::from),
        CaptureFrom::Json(path) => first(&view.json_path(path)?),
        CaptureFrom::Xml(path) => first(&view.xpath(path)?),
        CaptureFrom::Body(pattern) => {
            let regex = compiled(&env.text(pattern)?)
                .map_err(|message| Wrong::at(&pattern.place, message))?;
            regex.captures(view.text()?).and_then(|groups| {
                let group = groups.get(1).or_else(|| groups.get(0))?;
                Some(Value::from(group.as_str()))
            })
        }
        CaptureFrom::Status => match &case.exchange.outcome {
            Ok(reply) => Some(Value::from(reply.status)),
            Err(broken) => broken
                .partial
                .as_ref()
                .map(|reply| Value::from(reply.status)),
        },
        CaptureFrom::Value(template) => {
            Some(env.value(&crate::source::Literal::Text(template.clone()))?)
        }
    })
}

/// The first value; nil is null, as in JSON.
fn first(found: &Found<'_>) -> Option<Value> {
    found.first().map(|item| match &item {
        Item::Json(json) => json.to_value(),
        Item::Value(value) => (*value).clone(),
        Item::Element(_) if item.is(Type::Null) => Value::Null,
        item => Value::String(item.as_text().unwrap_or_default().into_owned()),
    })
}
