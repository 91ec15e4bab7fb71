//! TOML as the same located tree that YAML gives, so that one set of readers serves both.

use super::{Node, Place, Problem, Problems, Scalar, SourceFile, Span, Yaml};
use std::{ops::Range, sync::Arc};
use toml_edit::{Document, Item, TableLike, Value};

impl Node {
    /// Reads a TOML file. Text and dates are quoted scalars; numbers and booleans mean what they mean in YAML.
    ///
    /// Gives none, and says why in `problems`, where the file is no TOML.
    pub fn parse_toml(file: &Arc<SourceFile>, problems: &mut Problems) -> Option<Self> {
        let mut text = file.text.clone();
        let before = problems.len();
        loop {
            let error = match Document::parse(text.as_str()) {
                Ok(document) if problems.len() == before => {
                    let whole = 0..file.text.len();
                    return Some(map(document.as_table(), &whole));
                }
                Ok(_) => return None,
                Err(error) => error,
            };
            let at = error.span().unwrap_or(0..0);
            problems.push(Problem {
                code: "no-toml",
                place: Place::new(file, span(&at)),
                found: error.message().trim().replace('\n', ", "),
                label: "here".to_owned(),
                help: None,
            });
            let line = line(&text, at.start);
            if problems.len() - before >= MOST || !is_alone(&text, &line) {
                return None;
            }
            let blank = " ".repeat(line.len());
            text.replace_range(line, &blank);
        }
    }
}

/// The most mistakes of syntax that are told at once.
const MOST: usize = 20;

/// The line that a byte stands in, without its end.
fn line(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let bytes = text.as_bytes();
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n');
    let start = start.map_or(0, |end| end + 1);
    let length = bytes[start..].iter().position(|byte| *byte == b'\n');
    start..length.map_or(text.len(), |length| start + length)
}

/// Whether a line can be left out without making sense of another change: it is an entry, and nothing that may go over several lines
/// begins in it or before it.
fn is_alone(text: &str, line: &Range<usize>) -> bool {
    let entry = &text[line.clone()];
    let value = entry.split_once('=').map_or("", |(_, value)| value).trim();
    let open = |text: &str| {
        let number = |wanted: &[char]| text.matches(wanted).count();
        number(&['[', '{']) != number(&[']', '}'])
    };
    let several = |text: &str| text.contains("\"\"\"") || text.contains("'''");
    !value.is_empty() && !open(&text[..line.end]) && !several(&text[..line.end])
}

fn span(range: &Range<usize>) -> Span {
    Span {
        start: range.start,
        end: range.end,
    }
}

/// `around` is where a thing stands that TOML gives no place: a table of dotted keys.
fn map(table: &dyn TableLike, around: &Range<usize>) -> Node {
    let members = table
        .iter()
        .filter_map(|(name, _)| table.get_key_value(name))
        .map(|(key, value)| {
            let at = key.span().unwrap_or_else(|| around.clone());
            (scalar(key.get(), true, &at), item(value, &at))
        })
        .collect();
    Node {
        span: span(around),
        yaml: Yaml::Map(members),
    }
}

fn item(item: &Item, around: &Range<usize>) -> Node {
    let at = item.span().unwrap_or_else(|| around.clone());
    match item {
        Item::None => scalar("", false, &at),
        Item::Value(known) => value(known, &at),
        Item::Table(table) => map(table, &at),
        Item::ArrayOfTables(tables) => Node {
            span: span(&at),
            yaml: Yaml::List(
                tables
                    .iter()
                    .map(|table| map(table, &table.span().unwrap_or_else(|| at.clone())))
                    .collect(),
            ),
        },
    }
}

fn value(known: &Value, around: &Range<usize>) -> Node {
    let at = known.span().unwrap_or_else(|| around.clone());
    match known {
        Value::String(text) => scalar(text.value(), true, &at),
        Value::Integer(number) => scalar(&number.value().to_string(), false, &at),
        Value::Float(number) => scalar(&number.value().to_string(), false, &at),
        Value::Boolean(value) => scalar(&value.value().to_string(), false, &at),
        Value::Datetime(date) => scalar(&date.value().to_string(), true, &at),
        Value::Array(array) => Node {
            span: span(&at),
            yaml: Yaml::List(array.iter().map(|element| value(element, &at)).collect()),
        },
        Value::InlineTable(table) => map(table, &at),
    }
}

fn scalar(text: &str, quoted: bool, at: &Range<usize>) -> Node {
    Node {
        span: span(at),
        yaml: Yaml::Scalar(Scalar {
            text: text.to_owned(),
            quoted,
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::source::{Meaning, Node, Place, Problems, SourceFile};
    use proptest::prelude::{prop_assert, proptest};

    #[test]
    fn toml_is_a_tree_whose_places_are_those_of_the_file() {
        let text = "# é\n[target.a]\nurl = \"http://h\"\njobs = 3\nset = { form = 'x' }\ncan = [\"soa\"]\ninsecure = true\nvars.x = 1.5\n";
        let file = SourceFile::new("wireproof.toml", text);
        let mut problems = Problems::default();
        let root = Node::parse_toml(&file, &mut problems).unwrap();
        assert!(problems.is_empty());
        let target = root.get("target").unwrap().get("a").unwrap();
        let at = |node: &Node| Place::new(&file, node.span).to_string();
        let url = target.get("url").unwrap();
        assert_eq!(at(url), "wireproof.toml:3:7");
        assert_eq!(url.as_scalar().unwrap().text, "http://h");
        let form = target.get("set").unwrap().get("form").unwrap();
        assert_eq!(at(form), "wireproof.toml:5:16");
        let jobs = target.get("jobs").unwrap().as_scalar().unwrap();
        assert_eq!(jobs.meaning(), Meaning::Number(3.into()));
        let insecure = target.get("insecure").unwrap().as_scalar().unwrap();
        assert_eq!(insecure.meaning(), Meaning::Bool(true));
        assert_eq!(target.get("can").unwrap().as_list().unwrap().len(), 1);
        assert_eq!(
            at(target.get("vars").unwrap().get("x").unwrap()),
            "wireproof.toml:8:10"
        );
    }

    #[test]
    fn what_is_no_toml_is_located() {
        let file = SourceFile::new("wireproof.toml", "[target.a]\nurl = http://h\n");
        let mut problems = Problems::default();
        assert!(Node::parse_toml(&file, &mut problems).is_none());
        assert!(
            problems.to_string().starts_with("wireproof.toml:2:7: "),
            "{problems}"
        );
    }

    fn lines_of_mistakes(text: &str) -> Vec<usize> {
        let mut problems = Problems::default();
        assert!(Node::parse_toml(&SourceFile::new("t", text), &mut problems).is_none());
        let lines = problems.0.iter().map(|p| p.place.line_column().0);
        lines.collect()
    }

    #[test]
    fn every_entry_that_is_no_toml_is_told() {
        let text = "[target.a]\nurl = http://h\njobs = 3\nuser = bob\nca = \"x\nvars = {}\n";
        assert_eq!(lines_of_mistakes(text), [2, 4, 5]);
        // Behind an open bracket nothing is sure.
        let text = "[target.a]\ncan = [\nuser = \"bob\"\nca = \"x\"\n";
        assert_eq!(lines_of_mistakes(text).len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_span_is_in_the_file(text in "[a-c\\[\\]{}=\"'.,#\n 0-9é-]{0,60}") {
            let file = SourceFile::new("t", text.clone());
            let mut problems = Problems::default();
            let root = Node::parse_toml(&file, &mut problems);
            prop_assert!(root.is_some() == problems.is_empty());
            let _ = problems.render(crate::source::Look::PLAIN);
        }
    }
}
