use super::{gives_secret, is_secret};
use std::ops::Range;

/// Where secrets stand in a JSON text that may be cut or malformed: the values of members called `Password`,
/// and strings that wrap such a member. From where it cannot be read on, all of it.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
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
        if gives_secret(&content) {
            found.push(at..string.end);
        }
        at = string.end;
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
