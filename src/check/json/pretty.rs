use super::{Json, Tree};
use crate::check::text::head;
use std::collections::HashMap;

/// What is shown of a document, and how.
pub(crate) struct Layout<'l> {
    /// What stands for a value, by its number.
    pub(crate) masks: HashMap<u32, String>,
    /// What every text is made of.
    pub(crate) replace: &'l dyn Fn(&str) -> String,
    /// So many bytes are written before the rest is left out, and of a text as many shown at most.
    pub(crate) most: usize,
}

/// Writes a document with two blanks for each level.
pub(crate) fn pretty(tree: &Tree<'_>, layout: &Layout<'_>) -> String {
    let mut out = String::new();
    value(tree.root(), layout, 0, &mut out);
    out
}

fn value(json: Json<'_>, layout: &Layout<'_>, depth: usize, out: &mut String) {
    if let Some(mask) = layout.masks.get(&json.at) {
        text(&(layout.replace)(mask), out);
    } else if let Some(found) = json.as_str() {
        text(&(layout.replace)(&head(found, layout.most)), out);
    } else if json.len().is_some_and(|length| length > 0) {
        let object = json.is_object();
        out.push(if object { '{' } else { '[' });
        for (at, (name, inner)) in json.entries().enumerate() {
            out.push_str(if at > 0 { ",\n" } else { "\n" });
            out.push_str(&"  ".repeat(depth + 1));
            if out.len() > layout.most {
                out.push_str("(what follows is not shown: the body is too long)");
                break;
            }
            if object {
                text(name, out);
                out.push_str(": ");
            }
            value(inner, layout, depth + 1, out);
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
        out.push(if object { '}' } else { ']' });
    } else {
        out.push_str(&json.to_value().to_string());
    }
}

/// The same in one line, up to so many bytes; what was begun is not closed then.
pub(super) fn compact(json: Json<'_>, most: usize, out: &mut String) {
    if let Some(found) = json.as_str() {
        text(&head(found, most), out);
    } else if json.len().is_some_and(|length| length > 0) {
        let object = json.is_object();
        out.push(if object { '{' } else { '[' });
        for (at, (name, inner)) in json.entries().enumerate() {
            if out.len() > most {
                return;
            }
            if at > 0 {
                out.push(',');
            }
            if object {
                text(name, out);
                out.push(':');
            }
            compact(inner, most, out);
        }
        if out.len() <= most {
            out.push(if object { '}' } else { ']' });
        }
    } else {
        out.push_str(&json.to_value().to_string());
    }
}

fn text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
