//! The text of a file of known differences, edited: entries taken out, entries put behind the others, all else as it was.
//!
//! In: text, the places of its entries, what is new. Out: text. It knows neither reports nor files.

use crate::{
    report::{KnownOf, NewKnown, put},
    source::Span,
};

/// What stands above the first entry of a file that we begin.
const BEGINNING: &str = "\
# Known differences: they are told in every report, and fail nothing.
# Say in each `reason` why the deployment does that; `check --known` refuses an entry without one.
";

/// Whether entries can be taken out and put in line by line: a list of lines that begin with `- `, or none at all.
pub(super) fn editable(text: &str, entries: &[Span]) -> bool {
    entries
        .iter()
        .all(|entry| first_line(text, *entry).is_some())
        && list_in_one(text, entries)
}

/// The file without the entries at those indices, and with new ones at its end. None of its other lines changes.
///
/// Comments above an entry stay, for nobody can tell whether they are about it alone; those within it go with it.
pub(super) fn edited(text: &str, entries: &[Span], without: &[usize], new: &[NewKnown]) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut gone = vec![false; lines.len()];
    for at in without {
        let entry = entries[*at];
        let Some(first) = first_line(text, entry) else {
            continue;
        };
        let mut last = line_of(text, entry.end.saturating_sub(1).max(entry.start));
        while last > first && lines[last].trim().is_empty() {
            last -= 1;
        }
        gone[first..=last].fill(true);
        // One empty line between what stood around it is enough.
        let blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
        let above = (0..first).rev().find(|line| !gone[*line]);
        if blank(above.map(|line| &lines[line]))
            && last + 1 < lines.len()
            && blank(lines.get(last + 1))
        {
            gone[last + 1] = true;
        }
    }
    let mut out: String = if lines.is_empty() && !new.is_empty() {
        BEGINNING.replace('\n', end)
    } else {
        let kept = lines.iter().zip(&gone).filter(|(_, gone)| !**gone);
        kept.map(|(line, _)| *line).collect()
    };
    if entries.is_empty() {
        out = without_empty_list(&out);
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(end);
    }
    let indent = entries.last().map_or("", |entry| indent_of(text, *entry));
    for new in new {
        let (key, name) = match &new.of {
            KnownOf::Scenario(name) => ("scenario", name),
            KnownOf::Clause(name) => ("clause", name),
        };
        put!(out, "{indent}- {key}: {}{end}", scalar(name));
        if let Some(says) = comment(&new.says) {
            put!(out, "{indent}  # {says}{end}");
        }
        put!(out, "{indent}  reason: \"\"{end}");
    }
    if new.is_empty() && without.len() == entries.len() {
        put!(out, "[]{end}");
    }
    out
}

/// The index of the line that a byte is in.
fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// The line with the `-` of an entry.
fn first_line(text: &str, entry: Span) -> Option<usize> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let own = line_of(text, entry.start);
    (0..=own).rev().take(8).find(|line| {
        let line = lines[*line].trim_start();
        line.strip_prefix('-')
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    })
}

/// Whether each entry has lines of its own.
fn list_in_one(text: &str, entries: &[Span]) -> bool {
    let mut firsts: Vec<_> = entries
        .iter()
        .map(|entry| first_line(text, *entry))
        .collect();
    let before = firsts.len();
    firsts.dedup();
    firsts.len() == before
}

/// The blanks in front of the `-` of an entry.
fn indent_of(text: &str, entry: Span) -> &str {
    let line = first_line(text, entry).and_then(|line| text.lines().nth(line));
    line.map_or("", |line| &line[..line.len() - line.trim_start().len()])
}

/// The text without the `[]` that stood for no entries.
fn without_empty_list(text: &str) -> String {
    let kept = text.split_inclusive('\n').filter(|line| {
        let bare = line.split('#').next().unwrap_or_default();
        bare.split_whitespace().collect::<String>() != "[]"
    });
    kept.collect()
}

/// A name as YAML: plain where it can be nothing else.
fn scalar(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(plain)
        && name.contains(['.', '/'])
    {
        name.to_owned()
    } else {
        // Every string of JSON is one of YAML.
        serde_json::Value::from(name).to_string()
    }
}

/// One line for a comment, where there is anything to say.
fn comment(says: &str) -> Option<String> {
    const WIDTH: usize = 110;
    let words: Vec<&str> = says
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    let mut short: String = line.chars().take(WIDTH).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::{editable, edited};
    use crate::{
        report::{KnownOf, NewKnown},
        source::{Node, Problems, SourceFile, Span},
    };
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
    use rstest::rstest;

    fn spans(text: &str) -> Vec<Span> {
        let mut problems = Problems::default();
        let root = Node::parse(&SourceFile::new("known.yaml", text), &mut problems);
        assert!(problems.is_empty() || root.is_none(), "{problems}\n{text}");
        root.and_then(|root| Some(root.as_list()?.iter().map(|node| node.span).collect()))
            .unwrap_or_default()
    }

    fn new(name: &str) -> NewKnown {
        NewKnown {
            of: KnownOf::Clause(name.to_owned()),
            says: "It is\nso.".to_owned(),
        }
    }

    const FILE: &str = "\
# The proxies of Zurich.

- clause: a.one   # since May
  reason: >
    folded
    # no comment

  # mended soon
  until: 2026-12-31
# about the next
-   reason: 'x'
    clause: a.two

- {clause: a.three, reason: y}
# the end
";

    #[rstest]
    #[case::nothing_changes(&[], &[], FILE)]
    #[case::the_first_goes(&[0], &[], "# The proxies of Zurich.\n\n# about the next\n-   reason: 'x'\n    clause: a.two\n\n- {clause: a.three, reason: y}\n# the end\n")]
    #[case::the_second_goes(&[1], &[], &FILE.replace("-   reason: 'x'\n    clause: a.two\n", ""))]
    #[case::the_last_goes(&[2], &[], &FILE.replace("- {clause: a.three, reason: y}\n", ""))]
    #[case::all_go(&[0, 1, 2], &[], "# The proxies of Zurich.\n\n# about the next\n\n# the end\n[]\n")]
    #[case::one_comes(&[], &["a.four"], &format!("{FILE}- clause: a.four\n  # It is so.\n  reason: \"\"\n"))]
    fn all_else_stays_as_it_was(
        #[case] without: &[usize],
        #[case] names: &[&str],
        #[case] expected: &str,
    ) {
        let entries = spans(FILE);
        assert_eq!(entries.len(), 3);
        assert!(editable(FILE, &entries));
        let new: Vec<_> = names.iter().map(|name| new(name)).collect();
        assert_eq!(edited(FILE, &entries, without, &new), expected);
        assert_eq!(spans(expected).len(), 3 - without.len() + names.len());
    }

    #[rstest]
    #[case("[]\n", "- clause: a.b\n  # It is so.\n  reason: \"\"\n")]
    #[case(
        "# none yet\n[ ] # empty",
        "# none yet\n- clause: a.b\n  # It is so.\n  reason: \"\"\n"
    )]
    #[case(
        "# none yet\r\n",
        "# none yet\r\n- clause: a.b\r\n  # It is so.\r\n  reason: \"\"\r\n"
    )]
    #[case(
        "  - clause: x.y\n    reason: z",
        "  - clause: x.y\n    reason: z\n  - clause: a.b\n    # It is so.\n    reason: \"\"\n"
    )]
    fn the_first_entry_has_a_place(#[case] text: &str, #[case] expected: &str) {
        let entries = spans(text);
        assert_eq!(edited(text, &entries, &[], &[new("a.b")]), expected);
        assert_eq!(spans(expected).len(), entries.len() + 1);
    }

    #[test]
    fn a_file_that_is_begun_says_what_is_to_be_done() {
        let text = edited("", &[], &[], &[new("a.b")]);
        assert!(
            text.starts_with("# Known differences") && text.ends_with("reason: \"\"\n"),
            "{text}"
        );
    }

    #[rstest]
    #[case("[{clause: a.b, reason: x}]\n")]
    #[case("[\n  {clause: a.b, reason: x},\n  {clause: a.c, reason: x}\n]\n")]
    fn a_list_in_brackets_is_left_to_its_author(#[case] text: &str) {
        let mut problems = Problems::default();
        let Some(root) = Node::parse(&SourceFile::new("known.yaml", text), &mut problems) else {
            return;
        };
        let entries: Vec<_> = root
            .as_list()
            .unwrap()
            .iter()
            .map(|node| node.span)
            .collect();
        assert!(!editable(text, &entries));
    }

    fn entry() -> impl Strategy<Value = String> {
        let reason = proptest::sample::select(vec![
            "'x # y'",
            "plain",
            "|\n    a\n    # b\n\n    c",
            ">-\n    a\n    b",
            "\"a\n    b\"",
            "x # why",
        ]);
        let above = proptest::sample::select(vec!["", "# c\n", "\n", "\n# c\n\n"]);
        (above, reason, any::<bool>()).prop_map(|(above, reason, first)| {
            if first {
                format!("{above}- clause: a.b\n  reason: {reason}\n")
            } else {
                format!("{above}- reason: {reason}\n  # within\n  clause: a.b\n")
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_keeps_its_lines(parts in proptest::collection::vec((entry(), any::<bool>()), 1..6), come in any::<bool>()) {
            let text: String = parts.iter().map(|(text, _)| text.as_str()).collect();
            let entries = spans(&text);
            prop_assert_eq!(entries.len(), parts.len());
            prop_assert!(editable(&text, &entries));
            let without: Vec<usize> = parts.iter().enumerate().filter(|(_, (_, gone))| *gone).map(|(at, _)| at).collect();
            let new = if come { vec![new("a.new")] } else { Vec::new() };
            let after = edited(&text, &entries, &without, &new);
            prop_assert_eq!(spans(&after).len(), parts.len() - without.len() + new.len(), "{}\n{}", text, after);
            for (at, entry) in entries.iter().enumerate() {
                if !without.contains(&at) {
                    prop_assert!(after.contains(&text[entry.start..entry.end]), "{}\n{}", text, after);
                }
            }
        }
    }
}
