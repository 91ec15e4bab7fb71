use super::{
    Json, Tree,
    path::{COMPILED_MOST, compiled},
};
use crate::source::unquoted;
use serde_json::Value;
use serde_json_path::JsonPath;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// A path in parts. What a filter asks of a value is left to `serde_json_path`, which sees that value alone.
#[derive(Debug)]
struct Parts(Vec<Segment>);

#[derive(Debug)]
struct Segment {
    /// Whether it is asked of everything below, too.
    deep: bool,
    selectors: Vec<Selector>,
}

#[derive(Debug)]
enum Selector {
    Name(String),
    Index(i64),
    All,
    Slice(Option<i64>, Option<i64>, i64),
    Filter(Box<JsonPath>),
}

thread_local! {
    // None: a filter asks for the whole document.
    static SPLIT: RefCell<HashMap<String, Option<Rc<Parts>>>> = RefCell::new(HashMap::new());
}

/// How many names and values a document may have of which a filter asks for another part of it.
const WHOLE: usize = 300_000;

/// What a JSONPath gives, in the order of RFC 9535: the numbers of the values, for there may be millions.
///
/// # Errors
/// It is no JSONPath, or one that cannot be asked of a document of this length: a mistake of whoever wrote it.
pub(crate) fn select(tree: &Tree<'_>, path: &str) -> Result<Vec<u32>, String> {
    let whole = compiled(path)?;
    let Some(parts) = split(path) else {
        return from_whole(tree, path, &whole);
    };
    let mut found = vec![tree.root().at];
    for segment in &parts.0 {
        let mut next = Vec::new();
        for one in found {
            let one = tree.value(one);
            if segment.deep {
                deep(one, &segment.selectors, &mut next);
            } else {
                each(one, &segment.selectors, &mut next);
            }
        }
        found = next;
    }
    Ok(found)
}

fn split(path: &str) -> Option<Rc<Parts>> {
    SPLIT.with(|cache| {
        if let Some(parts) = cache.borrow().get(path) {
            return parts.clone();
        }
        let parts = parts(path).map(Rc::new);
        let mut cache = cache.borrow_mut();
        if cache.len() >= COMPILED_MOST {
            cache.clear();
        }
        cache.insert(path.to_owned(), parts.clone());
        parts
    })
}

/// A filter that asks for the whole document has to have it.
fn from_whole(tree: &Tree<'_>, path: &str, whole: &JsonPath) -> Result<Vec<u32>, String> {
    if tree.nodes.len() > WHOLE {
        return Err(format!(
            "`{path}` has a filter that asks for the whole document, which has more than the {WHOLE} values that can be asked so"
        ));
    }
    let value = tree.root().to_value();
    let located = whole.query_located(&value);
    let found = located.iter().filter_map(|node| {
        node.location()
            .iter()
            .try_fold(tree.root(), |json, element| {
                use serde_json_path::PathElement;
                match element {
                    PathElement::Name(name) => json.get(name),
                    PathElement::Index(at) => json.values().nth(*at),
                }
            })
    });
    Ok(found.map(|json| json.at).collect())
}

fn deep(json: Json<'_>, selectors: &[Selector], found: &mut Vec<u32>) {
    each(json, selectors, found);
    for value in json.values() {
        deep(value, selectors, found);
    }
}

fn each(json: Json<'_>, selectors: &[Selector], found: &mut Vec<u32>) {
    for selector in selectors {
        match selector {
            Selector::Name(name) => found.extend(json.get(name).map(|one| one.at)),
            Selector::Index(at) if json.is_array() => {
                let at = match at {
                    0.. => usize::try_from(*at).ok(),
                    _ => usize::try_from(at.unsigned_abs())
                        .ok()
                        .and_then(|back| json.len()?.checked_sub(back)),
                };
                found.extend(at.and_then(|at| json.values().nth(at)).map(|one| one.at));
            }
            Selector::Index(_) => {}
            Selector::All => found.extend(json.values().map(|one| one.at)),
            Selector::Slice(from, to, step) if json.is_array() => {
                slice(json, *from, *to, *step, found);
            }
            Selector::Slice(..) => {}
            Selector::Filter(filter) => {
                let holds = json.values().filter(|value| {
                    let alone = Value::Array(vec![value.to_value()]);
                    !filter.query(&alone).is_empty()
                });
                found.extend(holds.map(|one| one.at));
            }
        }
    }
}

/// RFC 9535, 2.3.4.2.2.
fn slice(json: Json<'_>, from: Option<i64>, to: Option<i64>, step: i64, found: &mut Vec<u32>) {
    let length = i64::try_from(json.len().unwrap_or_default()).unwrap_or(i64::MAX);
    let normal = |at: i64| {
        if at < 0 {
            length.saturating_add(at)
        } else {
            at
        }
    };
    let values: Vec<u32> = json.values().map(|one| one.at).collect();
    let mut take = |at: i64| found.extend(usize::try_from(at).ok().and_then(|at| values.get(at)));
    if step > 0 {
        let end = normal(to.unwrap_or(length)).clamp(0, length);
        let mut at = normal(from.unwrap_or(0)).clamp(0, length);
        while at < end {
            take(at);
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = from.map_or(length, normal).clamp(-1, length - 1);
        let end = to.map_or(-1, normal).max(-1);
        while at > end {
            take(at);
            at = at.saturating_add(step);
        }
    }
}

/// The parts of a path that is known to be one; none where a filter asks for the whole document.
fn parts(path: &str) -> Option<Parts> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut segments = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(Parts(segments));
        }
        let mut deep = false;
        if let Some(behind) = rest.strip_prefix("..") {
            deep = true;
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
        }
        let selectors = if let Some(behind) = rest.strip_prefix('[') {
            let mut selectors = Vec::new();
            let mut inner = behind;
            loop {
                let length = part(inner)?;
                selectors.push(selector(inner[..length].trim())?);
                let end = inner[length..].chars().next()?;
                inner = &inner[length + 1..];
                if end == ']' {
                    break;
                }
            }
            rest = inner;
            selectors
        } else if let Some(behind) = rest.strip_prefix('*') {
            rest = behind;
            vec![Selector::All]
        } else {
            let end = rest
                .find(|c: char| matches!(c, '.' | '[') || c.is_whitespace())
                .unwrap_or(rest.len());
            let name = rest[..end].to_owned();
            rest = &rest[end..];
            vec![Selector::Name(name)]
        };
        segments.push(Segment { deep, selectors });
    }
}

/// How long a selector is: up to a comma or bracket that is in no text and no brackets of its own.
fn part(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in unquoted(text) {
        match c {
            ',' | ']' if depth == 0 => return Some(at),
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn selector(text: &str) -> Option<Selector> {
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        number => number.parse().ok().map(Some),
    };
    match text.chars().next()? {
        '*' => Some(Selector::All),
        '\'' | '"' => name(text).map(Selector::Name),
        '?' if asks_whole(text) => None,
        '?' => JsonPath::parse(&format!("$[{text}]"))
            .ok()
            .map(|filter| Selector::Filter(Box::new(filter))),
        _ if text.contains(':') => {
            let mut parts = text.split(':');
            let (from, to) = (number(parts.next()?)?, number(parts.next()?)?);
            let step = parts.next().map_or(Some(None), number)?;
            Some(Selector::Slice(from, to, step.unwrap_or(1)))
        }
        _ => text.parse().ok().map(Selector::Index),
    }
}

/// Whether `$` stands in it outside of texts.
fn asks_whole(filter: &str) -> bool {
    unquoted(filter).any(|(_, c)| c == '$')
}

/// What a name in quotes says: JSON's escapes, and that of the quote it stands in.
fn name(text: &str) -> Option<String> {
    let inner = text.get(1..text.len() - 1)?;
    if !text.starts_with('\'') {
        return serde_json::from_str(text).ok();
    }
    let mut json = String::from('"');
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            ('"', _) => json.push_str("\\\""),
            (_, true) => match chars.next()? {
                '\'' => json.push('\''),
                other => json.extend(['\\', other]),
            },
            (c, false) => json.push(c),
        }
    }
    json.push('"');
    serde_json::from_str(&json).ok()
}
