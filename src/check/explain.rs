use super::{
    Diff,
    matcher::{fits, is_asked_of_each, lacking, length, misplaced, plain, words},
    render::Env,
    text::{either, quoted, side_by_side},
    types::word,
    value::{Found, Item},
};
use crate::source::{Literal, Matcher, MatcherKind, Order};
use serde_json::Value;

/// What a misfit looks like to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// Which of several values it is about, to stand behind the subject: `[2]`.
    pub(crate) part: Option<String>,
    pub(crate) expected: String,
    pub(crate) actual: String,
    pub(crate) diff: Option<Diff>,
}

impl Explained {
    fn plain(expected: String, actual: String) -> Self {
        Self {
            part: None,
            expected,
            actual,
            diff: None,
        }
    }
}

/// Says why a value that does not fit does not.
pub(crate) fn explain(matcher: &Matcher, found: &Found<'_>, env: &Env<'_>) -> Explained {
    if is_asked_of_each(matcher, found) {
        return each(matcher, found, env);
    }
    match &matcher.kind {
        MatcherKind::All(list) => {
            match list.iter().find(|m| !fits(m, found, env).unwrap_or(false)) {
                Some(inner) => explain(inner, found, env),
                None => Explained::plain(describe(matcher, env), show(found)),
            }
        }
        MatcherKind::Each(inner) if !found.is_absent() => each(inner, found, env),
        MatcherKind::Count(inner) => {
            let count = found.count();
            let shown = if count > 0 {
                format!("{count}: {}", show(found))
            } else {
                "0".to_owned()
            };
            Explained::plain(format!("count: {}", describe(inner, env)), shown)
        }
        MatcherKind::Length(inner) => {
            let shown = show(found);
            let actual = match found.first().as_ref().and_then(length) {
                Some(length) => format!("length {length}: {shown}"),
                None => shown,
            };
            Explained::plain(format!("length: {}", describe(inner, env)), actual)
        }
        MatcherKind::Equals(literal) | MatcherKind::Json(literal) => {
            equality(matcher, literal, found, env)
        }
        MatcherKind::Words(inner) if !found.is_absent() => {
            let explained = explain(inner, &words(found), env);
            Explained {
                expected: format!("of its words: {}", explained.expected),
                ..explained
            }
        }
        MatcherKind::Sorted(order) => {
            let actual = match misplaced(*order, found) {
                Some((late, before)) => {
                    format!("{} behind {}", quoted(&late), quoted(&before))
                }
                None => show_all(found),
            };
            Explained::plain(describe(matcher, env), actual)
        }
        MatcherKind::InOrder(literals) => Explained::plain(
            format!(
                "in this order, where they are there: {}",
                list(literals, env)
            ),
            show_all(found),
        ),
        MatcherKind::Exactly(literals) => {
            Explained::plain(format!("exactly {}", list(literals, env)), show_all(found))
        }
        MatcherKind::Includes(words) if !found.is_absent() => match lacking(words, found, env) {
            Ok(lacking) => Explained::plain(
                format!("among the values also {}", quoted(&lacking.join(" "))),
                show_all(found),
            ),
            Err(wrong) => Explained::plain(wrong.message, show_all(found)),
        },
        _ => Explained::plain(describe(matcher, env), show(found)),
    }
}

fn equality(matcher: &Matcher, literal: &Literal, found: &Found<'_>, env: &Env<'_>) -> Explained {
    let (Some(item), Ok(wanted)) = (found.first(), env.value(literal)) else {
        return Explained::plain(describe(matcher, env), show(found));
    };
    match (item.value(), &wanted) {
        (Some(value), _) => match (&*value, &wanted) {
            (Value::String(actual), Value::String(expected)) => texts(expected, actual),
            (actual, expected) if is_container(actual) && is_container(expected) => {
                texts(&pretty(expected), &pretty(actual))
            }
            (actual, expected) => {
                let differ = kind(actual) != kind(expected);
                let with_type = |value: &Value| match differ {
                    true => format!("{} ({})", json(value), kind(value)),
                    false => json(value),
                };
                Explained::plain(with_type(expected), with_type(actual))
            }
        },
        (None, wanted) => match item.as_text() {
            Some(actual) if matches!(wanted, Value::String(_)) && found.count() == 1 => {
                texts(&plain(wanted), &actual)
            }
            _ => Explained::plain(describe(matcher, env), show(found)),
        },
    }
}

fn texts(expected: &str, actual: &str) -> Explained {
    let (expected, actual, diff) = side_by_side(expected, actual);
    Explained {
        part: None,
        expected,
        actual,
        diff,
    }
}

/// What a matcher asks, for a person.
pub(crate) fn describe(matcher: &Matcher, env: &Env<'_>) -> String {
    let template = |t: &crate::source::Template| {
        env.text(t)
            .map_or_else(|_| t.text.clone(), |text| text.into_owned())
    };
    match &matcher.kind {
        MatcherKind::Equals(value) | MatcherKind::Json(value) => literal(value, env),
        MatcherKind::Absent => "nothing (absent)".to_owned(),
        MatcherKind::AnyOf(list) => either(&all(list, env), "or"),
        MatcherKind::All(list) => either(&all(list, env), "and"),
        MatcherKind::Not(inner) => format!("not {}", describe(inner, env)),
        MatcherKind::Matches(pattern) => format!("text that matches /{}/", template(pattern)),
        MatcherKind::Is(ty) => format!("a value of type {}", word(*ty)),
        MatcherKind::Contains(value) => format!("containing {}", literal(value, env)),
        MatcherKind::WordOf(words) => format!("one of the words in {}", quoted(&template(words))),
        MatcherKind::Includes(words) => {
            format!("each of the words in {}", quoted(&template(words)))
        }
        MatcherKind::AtLeast(value) => format!("at least {}", literal(value, env)),
        MatcherKind::AtMost(value) => format!("at most {}", literal(value, env)),
        MatcherKind::Length(inner) => format!("length: {}", describe(inner, env)),
        MatcherKind::Count(inner) => format!("count: {}", describe(inner, env)),
        MatcherKind::Each(inner) => format!("at least one, and each {}", describe(inner, env)),
        MatcherKind::Exactly(values) => format!("exactly {}", list(values, env)),
        MatcherKind::InOrder(values) => format!("in order {}", list(values, env)),
        MatcherKind::Words(inner) => format!("of its words: {}", describe(inner, env)),
        MatcherKind::Sorted(Order::Ordinal) => "alphabetical order, capitals first".to_owned(),
        MatcherKind::Sorted(Order::IgnoringCase) => {
            "alphabetical order, letter case ignored".to_owned()
        }
        MatcherKind::IgnoringCase(text) => {
            format!("{} in any letter case", quoted(&template(text)))
        }
    }
}

fn all(list: &[Matcher], env: &Env<'_>) -> Vec<String> {
    list.iter().map(|m| describe(m, env)).collect()
}

fn literal(literal: &Literal, env: &Env<'_>) -> String {
    match env.value(literal) {
        Ok(value) => json(&value),
        Err(wrong) => wrong.message,
    }
}

fn list(literals: &[Literal], env: &Env<'_>) -> String {
    let parts: Vec<_> = literals.iter().map(|l| literal(l, env)).collect();
    format!("[{}]", parts.join(", "))
}

/// Why the first of the values that do not fit does not.
fn each(matcher: &Matcher, found: &Found<'_>, env: &Env<'_>) -> Explained {
    let misfit = found.items().enumerate().find_map(|(at, item)| {
        let one = Found::One(item);
        (!fits(matcher, &one, env).unwrap_or(false)).then(|| (at, explain(matcher, &one, env)))
    });
    match misfit {
        Some((at, explained)) => Explained {
            part: Some(format!(
                "[{at}]{}",
                explained.part.as_deref().unwrap_or_default()
            )),
            ..explained
        },
        None => Explained::plain(
            format!("at least one, and each {}", describe(matcher, env)),
            "an empty list".to_owned(),
        ),
    }
}

/// What was found, for a person: the first of several, and how many more.
pub(crate) fn show(found: &Found<'_>) -> String {
    match found {
        Found::Fields(fields) if fields.len() > 1 => {
            let all: Vec<_> = fields.iter().map(|field| quoted(field)).collect();
            format!("{} ({} fields)", all.join(", "), fields.len())
        }
        Found::Fields(_) | Found::Several(_) | Found::Json(..) | Found::Xml(..) => {
            match (found.first(), found.count()) {
                (None, _) => "nothing (absent)".to_owned(),
                (Some(one), 1) => item(&one),
                (Some(first), count) => format!("{} (and {} more)", item(&first), count - 1),
            }
        }
        Found::One(one) => item(one),
        Found::Names(names) => json(names),
        Found::Body(text) if text.is_empty() => "an empty body".to_owned(),
        Found::Body(text) => quoted(text),
    }
}

fn show_all(found: &Found<'_>) -> String {
    if found.is_absent() {
        return show(found);
    }
    let parts: Vec<_> = found.items().take(50).map(|one| item(&one)).collect();
    format!("[{}]", parts.join(", "))
}

fn item(item: &Item<'_>) -> String {
    match item {
        Item::Text(text) => quoted(text),
        Item::Element(element) if element.is_nil() => "nil (i:nil=\"true\")".to_owned(),
        Item::Element(element) if element.has_children() => {
            let names: Vec<_> = element.children().take(20).map(|c| c.local()).collect();
            format!("element {} with {}", element.local(), names.join(", "))
        }
        Item::Element(element) => quoted(&element.text()),
        Item::Json(found) => match (found.as_str(), found.len()) {
            (Some(text), _) => quoted(text),
            (None, None) => json(&found.to_value()),
            (None, Some(held)) => {
                let text = found.shown(SHOWN);
                match text.char_indices().nth(SHOWN) {
                    None => text,
                    Some((at, _)) if held == 1 => format!("{}... (1 value)", &text[..at]),
                    Some((at, _)) => format!("{}... ({held} values)", &text[..at]),
                }
            }
        },
        Item::Value(value) => json(value),
    }
}

/// How many characters of a list or object are shown.
const SHOWN: usize = 200;

fn json(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        value => {
            let text = value.to_string();
            match text.char_indices().nth(SHOWN) {
                None => text,
                Some((at, _)) => format!("{}... ({} characters)", &text[..at], text.len()),
            }
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

fn is_container(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// The JSON type of a value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
