//! What an expression gives, and as what else it counts (XPath 1.0, 4.2 to 4.4).

use crate::check::xml::tree::Tree;
use std::{borrow::Cow, rc::Rc};

/// What an expression gives.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// In the order of the document, each once.
    Nodes(Rc<Vec<u32>>),
    Boolean(bool),
    Number(f64),
    Text(String),
}

impl Value {
    pub(crate) fn boolean(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Boolean(value) => *value,
            Self::Number(number) => !(number.is_nan() || *number == 0.0),
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub(crate) fn number(&self, tree: &Tree<'_>) -> f64 {
        match self {
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Nodes(_) | Self::Text(_) => number_of(&self.text(tree)),
        }
    }

    pub(crate) fn text<'v>(&'v self, tree: &'v Tree<'_>) -> Cow<'v, str> {
        match self {
            Self::Nodes(nodes) => nodes.first().map(|at| tree.string(*at)).unwrap_or_default(),
            Self::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Number(number) if number.is_infinite() => Cow::Borrowed(if *number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }),
            // There is no negative zero in text.
            Self::Number(number) if *number == 0.0 => Cow::Borrowed("0"),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// What `number` makes of a text (XPath 1.0, 4.4).
pub(crate) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Other numbers, as `1e3` and `inf`, are none of XPath.
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}
