use super::{
    render::{Env, Wrong},
    value::{Found, Item, json_equal},
};
use crate::source::{Literal, Matcher, MatcherKind, Order, Template};
use regex::Regex;
use serde_json::Value;
use std::{
    borrow::Cow,
    cell::RefCell,
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

/// Whether what was found fits. Absence fits only `null`, `not` and a `count` that allows none; of several nodes each has to fit,
/// where the matcher is of one value: which one a peer would take nobody knows.
///
/// # Errors
/// A template cannot be rendered, or what it renders to is no regex or number: a mistake of whoever wrote it.
pub(crate) fn fits(matcher: &Matcher, found: &Found<'_>, env: &Env<'_>) -> Result<bool, Wrong> {
    if is_asked_of_each(matcher, found) {
        return each(matcher, found, env);
    }
    // These are about absence, or about all of the values, or about other matchers.
    match &matcher.kind {
        MatcherKind::Absent => return Ok(found.is_absent()),
        MatcherKind::Not(inner) => return Ok(!fits(inner, found, env)?),
        MatcherKind::Count(inner) => {
            return fits(inner, &Found::text(found.count().to_string()), env);
        }
        MatcherKind::AnyOf(list) => return any(list, found, env),
        MatcherKind::Words(inner) if !found.is_absent() => {
            return fits(inner, &words(found), env);
        }
        MatcherKind::All(list) => {
            for inner in list {
                if !fits(inner, found, env)? {
                    return Ok(false);
                }
            }
            return Ok(!list.is_empty());
        }
        _ => {}
    }
    let Some(first) = found.first() else {
        return Ok(false);
    };
    match &matcher.kind {
        MatcherKind::Each(inner) => each(inner, found, env),
        MatcherKind::Exactly(literals) => {
            // One more is enough to know that there are too many.
            if found.items().take(literals.len() + 1).count() != literals.len() {
                return Ok(false);
            }
            for (item, literal) in found.items().zip(literals) {
                if !equals(&item, &env.value(literal)?) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        MatcherKind::Includes(words) => Ok(lacking(words, found, env)?.is_empty()),
        MatcherKind::InOrder(literals) => {
            let places = listed(found.items(), literals, env)?;
            Ok(places.is_sorted())
        }
        // Only texts have an alphabetical order.
        MatcherKind::Sorted(order) => Ok(found.items().all(|item| item.as_text().is_some())
            && misplaced(*order, found).is_none()),
        _ => one(matcher, &first, env),
    }
}

/// Whether there are several nodes, and the matcher is one of single values.
pub(crate) fn is_asked_of_each(matcher: &Matcher, found: &Found<'_>) -> bool {
    matches!(found, Found::Json(..) | Found::Xml(..)) && found.count() > 1 && is_of_one(matcher)
}

fn is_of_one(matcher: &Matcher) -> bool {
    match &matcher.kind {
        MatcherKind::AnyOf(list) => list
            .iter()
            .all(|one| matches!(one.kind, MatcherKind::Absent) || is_of_one(one)),
        MatcherKind::Not(inner) => is_of_one(inner),
        // Each part is asked by itself.
        MatcherKind::All(_) => false,
        MatcherKind::Absent
        | MatcherKind::Count(_)
        | MatcherKind::Each(_)
        | MatcherKind::Exactly(_)
        | MatcherKind::Includes(_)
        | MatcherKind::InOrder(_)
        | MatcherKind::Sorted(_)
        | MatcherKind::Words(_) => false,
        _ => true,
    }
}

fn each(matcher: &Matcher, found: &Found<'_>, env: &Env<'_>) -> Result<bool, Wrong> {
    let mut any = false;
    for item in found.items() {
        any = true;
        if !fits(matcher, &Found::One(item), env)? {
            return Ok(false);
        }
    }
    Ok(any)
}

/// The words of what was found, separated by blanks or commas, of several fields one after the other.
pub(crate) fn words(found: &Found<'_>) -> Found<'static> {
    let mut words = Vec::new();
    for item in found.items() {
        let text = item.as_text().unwrap_or_default();
        words.extend(
            text.split(|c: char| c == ',' || c.is_whitespace())
                .filter(|word| !word.is_empty())
                .map(|word| Item::Text(Cow::Owned(word.to_owned()))),
        );
    }
    Found::Several(words)
}

/// The first value that stands behind one it should stand before, and that one.
pub(crate) fn misplaced(order: Order, found: &Found<'_>) -> Option<(String, String)> {
    let key = |text: &str| match order {
        Order::Ordinal => text.to_owned(),
        Order::IgnoringCase => text.to_ascii_lowercase(),
    };
    let mut before: Option<String> = None;
    for item in found.items() {
        let Some(text) = item.as_text() else { continue };
        if let Some(before) = before.filter(|before| key(before) > key(&text)) {
            return Some((text.into_owned(), before));
        }
        before = Some(text.into_owned());
    }
    None
}

fn any(list: &[Matcher], found: &Found<'_>, env: &Env<'_>) -> Result<bool, Wrong> {
    for inner in list {
        if fits(inner, found, env)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The words that are none of the values.
///
/// # Errors
/// The template cannot be rendered.
pub(crate) fn lacking(
    words: &Template,
    found: &Found<'_>,
    env: &Env<'_>,
) -> Result<Vec<String>, Wrong> {
    let words = env.text(words)?;
    let words = words
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty());
    // Of those that are wanted there are few.
    let wanted: HashSet<&str> = words.clone().collect();
    let mut met = HashSet::new();
    for item in found.items() {
        met.extend(item.as_text().and_then(|text| wanted.get(&*text).copied()));
    }
    Ok(words
        .filter(|word| !met.contains(word))
        .map(str::to_owned)
        .collect())
}

/// The place in the list of each of the values that stands in it.
fn listed<'i>(
    found: impl Iterator<Item = Item<'i>>,
    list: &[Literal],
    env: &Env<'_>,
) -> Result<Vec<usize>, Wrong> {
    let list = list
        .iter()
        .map(|literal| env.value(literal))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(found
        .filter_map(|item| list.iter().position(|value| equals(&item, value)))
        .collect())
}

/// Matchers of one value that is there.
fn one(matcher: &Matcher, item: &Item<'_>, env: &Env<'_>) -> Result<bool, Wrong> {
    Ok(match &matcher.kind {
        MatcherKind::Equals(literal) => match (literal, item) {
            // Most matchers: text without templates against text.
            (Literal::Text(template), Item::Text(text)) => *env.text(template)? == **text,
            _ => equals(item, &env.value(literal)?),
        },
        MatcherKind::Matches(template) => {
            let pattern = env.text(template)?;
            let regex = compiled(&pattern).map_err(|message| Wrong::at(&matcher.place, message))?;
            item.as_text().is_some_and(|text| regex.is_match(&text))
        }
        MatcherKind::Is(ty) => item.is(*ty),
        MatcherKind::Contains(literal) => {
            let wanted = env.value(literal)?;
            match item {
                Item::Json(json) if json.is_array() => {
                    json.values().any(|one| equals(&Item::Json(one), &wanted))
                }
                Item::Value(Value::Array(list)) => list.iter().any(|v| json_equal(v, &wanted)),
                item => item
                    .as_text()
                    .is_some_and(|text| text.contains(&*plain(&wanted))),
            }
        }
        MatcherKind::WordOf(template) => {
            let words = env.text(template)?;
            item.as_text().is_some_and(|text| {
                words
                    .split(|c: char| c == ',' || c.is_whitespace())
                    .any(|word| !word.is_empty() && word.eq_ignore_ascii_case(text.trim()))
            })
        }
        MatcherKind::AtLeast(literal) => {
            compare(matcher, item, literal, env)?.is_some_and(Ordering::is_ge)
        }
        MatcherKind::AtMost(literal) => {
            compare(matcher, item, literal, env)?.is_some_and(Ordering::is_le)
        }
        MatcherKind::Length(inner) => match length(item) {
            None => false,
            Some(length) => fits(inner, &Found::text(length.to_string()), env)?,
        },
        MatcherKind::IgnoringCase(template) => {
            let wanted = env.text(template)?;
            item.as_text()
                .is_some_and(|text| text.eq_ignore_ascii_case(&wanted))
        }
        MatcherKind::Json(literal) => {
            let wanted = env.value(literal)?;
            match item {
                Item::Json(_) | Item::Value(_) => equals(item, &wanted),
                item => item
                    .as_text()
                    .and_then(|text| serde_json::from_str::<Value>(&text).ok())
                    .is_some_and(|value| json_equal(&value, &wanted)),
            }
        }
        MatcherKind::Absent
        | MatcherKind::AnyOf(_)
        | MatcherKind::All(_)
        | MatcherKind::Not(_)
        | MatcherKind::Count(_)
        | MatcherKind::Each(_)
        | MatcherKind::Exactly(_)
        | MatcherKind::Includes(_)
        | MatcherKind::InOrder(_)
        | MatcherKind::Words(_)
        | MatcherKind::Sorted(_) => fits(matcher, &Found::One(item.borrowed()), env)?,
    })
}

/// Equality: of JSON by type and value, of other text by its characters.
pub(crate) fn equals(item: &Item<'_>, wanted: &Value) -> bool {
    match item {
        // Only as much is copied as there is wanted.
        Item::Json(json) => match wanted {
            Value::String(text) => json.as_str() == Some(text),
            Value::Array(list) => {
                json.is_array()
                    && json.len() == Some(list.len())
                    && json_equal(&json.to_value(), wanted)
            }
            Value::Object(map) => {
                json.is_object()
                    && json.len() == Some(map.len())
                    && json_equal(&json.to_value(), wanted)
            }
            wanted => json.len().is_none() && json_equal(&json.to_value(), wanted),
        },
        Item::Value(value) => json_equal(value, wanted),
        item => !wanted.is_null() && item.as_text().is_some_and(|text| text == plain(wanted)),
    }
}

/// A value as text: of a string its characters, of anything else its JSON.
pub(crate) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        value => Cow::Owned(value.to_string()),
    }
}

/// Characters of a text, elements of a list, members of an object.
pub(crate) fn length(item: &Item<'_>) -> Option<usize> {
    match item {
        Item::Json(json) => json
            .len()
            .or_else(|| json.as_str().map(|text| text.chars().count())),
        Item::Value(value) => match value {
            Value::Array(list) => Some(list.len()),
            Value::Object(map) => Some(map.len()),
            Value::String(text) => Some(text.chars().count()),
            _ => None,
        },
        item => item.as_text().map(|text| text.chars().count()),
    }
}

fn compare(
    matcher: &Matcher,
    item: &Item<'_>,
    literal: &Literal,
    env: &Env<'_>,
) -> Result<Option<Ordering>, Wrong> {
    let wanted = env.value(literal)?;
    let wanted = plain(&wanted).trim().to_owned();
    if !super::types::is_number(&wanted) {
        return Err(Wrong::at(
            &matcher.place,
            format!("{wanted:?} is no number to compare with"),
        ));
    }
    Ok(item.as_number().and_then(|number| order(&number, &wanted)))
}

/// Whole numbers are compared as such, so that no digit of a large one is lost.
fn order(a: &str, b: &str) -> Option<Ordering> {
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => Some(a.cmp(&b)),
        _ => a.parse::<f64>().ok()?.partial_cmp(&b.parse().ok()?),
    }
}

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}
/// Patterns can come from templates with values of one run, so only so many are kept.
const COMPILED_MOST: usize = 256;

/// A regex, compiled once for each thread.
pub(crate) fn compiled(pattern: &str) -> Result<Regex, String> {
    COMPILED.with(|cache| {
        if let Some(regex) = cache.borrow().get(pattern) {
            return Ok(regex.clone());
        }
        let regex = Regex::new(pattern).map_err(|e| format!("`{pattern}` is no regex: {e}"))?;
        let mut cache = cache.borrow_mut();
        if cache.len() >= COMPILED_MOST {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    })
}
