//! Paths into documents: JSONPath and XPath are judged when they are read.

use crate::source::{Node, Reading, quoted, suggestion};
use indexmap::IndexMap;

/// Open parentheses and brackets within each other: the parsers of both languages recurse.
const DEPTH: usize = 32;

/// Which language a path is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// RFC 9535.
    Json,
    /// XPath 1.0.
    Xml,
    /// JSONPath where it begins with `$`, XPath otherwise.
    Either,
}

/// Reports a path that cannot be read, or has a prefix that the contract does not name.
pub(crate) fn check_path(
    reading: &mut Reading,
    node: &Node,
    kind: PathKind,
    namespaces: &IndexMap<String, String>,
) -> Option<String> {
    let path = reading.filled(node, "a path")?;
    let json = match kind {
        PathKind::Json => true,
        PathKind::Xml => false,
        PathKind::Either => path.starts_with('$'),
    };
    let wrong = if too_deep(&path) {
        Some("it is nested too deeply".to_owned())
    } else if json {
        serde_json_path::JsonPath::parse(&path)
            .err()
            .map(|error| format!("{} (at character {})", error.message(), error.position()))
    } else {
        crate::source::xpath::parse(&path).err()
    };
    if let Some(wrong) = wrong {
        let (code, name) = if json {
            ("jsonpath", "JSONPath")
        } else {
            ("xpath", "XPath")
        };
        reading.problem(
            code,
            node.span,
            format!("{} is no {name}: {wrong}", quoted(&path)),
            format!("no {name}"),
            json.then(|| "a JSONPath begins with `$`, such as `$.Jobs[0].Id`".to_owned()),
        );
        return None;
    }
    if !json {
        for prefix in prefixes(&path) {
            // XML itself declares that one.
            if prefix != "xml" && !namespaces.contains_key(prefix) {
                let known: Vec<&str> = namespaces.keys().map(String::as_str).collect();
                reading.problem(
                    "unknown-prefix",
                    node.span,
                    format!(
                        "{} is no prefix of the contract's `namespaces`",
                        quoted(prefix)
                    ),
                    "unknown prefix",
                    Some(suggestion(prefix, &known)),
                );
            }
        }
    }
    Some(path)
}

fn too_deep(path: &str) -> bool {
    let mut depth = 0_usize;
    path.chars().any(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEPTH
    })
}

/// The prefixes of an XPath: names before a single colon, outside quotes.
fn prefixes(path: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut name_start = None;
    for (at, c) in path.char_indices() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => {
                quote = Some(c);
                name_start = None;
            }
            ':' => {
                let axis = path[at + 1..].starts_with(':');
                if let Some(start) = name_start.take()
                    && !axis
                {
                    found.push(&path[start..at]);
                }
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') => {
                name_start.get_or_insert(at);
            }
            _ => name_start = None,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, prefixes, too_deep};
    use rstest::rstest;

    #[rstest]
    #[case("/h:A/h:B[@i:nil='x:y']", &["h", "h", "i"])]
    #[case("child::a/following-sibling::b:c", &["b"])]
    #[case("local-name(/*)", &[])]
    #[case("count(//a-b:c) = 1", &["a-b"])]
    fn the_prefixes_of_an_xpath_are_found(#[case] path: &str, #[case] expected: &[&str]) {
        assert_eq!(prefixes(path), expected);
    }

    #[rstest]
    #[case("[", "]")]
    #[case("(", ")")]
    fn only_what_is_open_at_once_counts_as_deep(#[case] open: &str, #[case] close: &str) {
        let nested = |n: usize| format!("a{}1{}", open.repeat(n), close.repeat(n));
        assert!(!too_deep(&nested(DEPTH)));
        assert!(too_deep(&nested(DEPTH + 1)));
        assert!(!too_deep(&format!("{open}1{close}").repeat(DEPTH + 1)));
    }
}
