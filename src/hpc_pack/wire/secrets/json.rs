use super::{gives_secret, is_secret};
use std::ops::Range;

/// An object or a list that is open.
#[derive(Default)]
struct Open {
    /// What ends it; none for the text itself.
    end: Option<u8>,
    /// Whether a member called `Name` or `Key` names a secret; none: there was no such member yet.
    named: Option<bool>,
    /// Where its members called `Value` have their values.
    values: Vec<Range<usize>>,
}

/// Where secrets stand in a JSON text that may be cut or malformed: the values of members called `Password`, values
/// beside that name in lists of properties, and strings that wrap such a member. From where it cannot be read on, all of it.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut open = vec![Open::default()];
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {}
            begin @ (b'{' | b'[') => {
                open.push(Open {
                    end: Some(if begin == b'{' { b'}' } else { b']' }),
                    ..Open::default()
                });
                at += 1;
                continue;
            }
            end @ (b'}' | b']') => {
                match open.pop_if(|element| element.end == Some(end)) {
                    Some(element) if element.named == Some(true) => found.extend(element.values),
                    Some(_) => {}
                    None => {
                        found.push(at..text.len());
                        break;
                    }
                }
                at += 1;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        }
        let string = string_at(text, at);
        let Some(content) = string.content else {
            // A string that was cut, or that cannot be read.
            found.push(at..text.len());
            break;
        };
        let next = skip_space(bytes, string.end);
        if bytes.get(next) == Some(&b':') && is_secret(&content) {
            let value = skip_space(bytes, next + 1);
            let end = value_end(text, value);
            found.push(value..end);
            at = end.max(next + 1);
            continue;
        }
        if let Some(element) = open.last_mut().filter(|_| bytes.get(next) == Some(&b':')) {
            let value = skip_space(bytes, next + 1);
            if ["Name", "Key"]
                .iter()
                .any(|n| content.eq_ignore_ascii_case(n))
            {
                let name = string_value(text, value);
                element.named =
                    Some(element.named == Some(true) || name.is_none_or(|n| is_secret(&n)));
            } else if content.eq_ignore_ascii_case("Value") {
                element.values.push(value..value_end(text, value));
            }
        }
        if gives_secret(&content) {
            found.push(at..string.end);
        }
        at = string.end;
    }
    // What is still open was cut. A value that came before its name may be anybody's.
    for element in open.into_iter().filter(|open| open.named != Some(false)) {
        found.extend(element.values);
    }
    found.retain(|span| span.start < span.end);
    found
}

/// A string literal.
struct Literal {
    /// What it says; none where it does not end or is no string of JSON.
    content: Option<String>,
    /// The first byte behind it.
    end: usize,
}

/// What the string that begins there says; none where it is cut, and nothing where there is another value.
fn string_value(text: &str, start: usize) -> Option<String> {
    match text.as_bytes().get(start) {
        Some(b'"') => string_at(text, start).content,
        Some(_) => Some(String::new()),
        None => None,
    }
}

fn string_at(text: &str, start: usize) -> Literal {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => {
                let literal = text.get(start..=at).unwrap_or_default();
                return Literal {
                    content: serde_json::from_str(literal).ok(),
                    end: at + 1,
                };
            }
            _ => at += 1,
        }
    }
    Literal {
        content: None,
        end: bytes.len(),
    }
}

/// The first byte behind the value that begins there, whatever kind of value it is.
fn value_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_at(text, at).end;
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return at + usize::from(depth == 1),
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let space = |byte: &&u8| byte.is_ascii_whitespace();
    from + bytes
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take_while(space)
        .count()
}
