use super::finding::Diff;
use std::{borrow::Cow, fmt::Write};

/// How much of a text is shown in one line.
const SHOWN: usize = 200;
/// How much is shown before the first difference.
const BEFORE: usize = 40;
/// How much of each side a diff keeps.
const DIFFED: usize = 64 * 1024;

/// A text for a person: quoted, with everything that the eye cannot see shown as an escape, long ones cut.
pub(crate) fn quoted(text: &str) -> String {
    window(text, 0)
}

/// Expected and actual next to each other, both cut around the first difference, and a diff where both are long.
pub(crate) fn side_by_side(expected: &str, actual: &str) -> (String, String, Option<Diff>) {
    let same = expected
        .chars()
        .zip(actual.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let long = |text: &str| text.chars().nth(SHOWN).is_some();
    let from = if long(expected) || long(actual) {
        same.saturating_sub(BEFORE)
    } else {
        0
    };
    (
        window(expected, from),
        window(actual, from),
        diff(expected, actual),
    )
}

/// A diff where both texts are long, or both have several lines.
pub(crate) fn diff(expected: &str, actual: &str) -> Option<Diff> {
    let long = |text: &str| text.chars().nth(SHOWN).is_some() || text.contains('\n');
    (long(expected) && long(actual)).then(|| Diff {
        expected: cut(expected, DIFFED),
        actual: cut(actual, DIFFED),
    })
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}\n(cut: {} bytes in all)", &text[..at], text.len()),
    }
}

/// The beginning of a text, with its true length where that is not all.
pub(crate) fn head(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(most);
    Cow::Owned(format!(
        "{} (cut: {} bytes in all)",
        &text[..end],
        text.len()
    ))
}

fn window(text: &str, from: usize) -> String {
    let total = text.chars().count();
    let from = if total > SHOWN { from.min(total) } else { 0 };
    let mut out = String::new();
    if from > 0 {
        out.push_str("...");
    }
    // A text with quotes in it is easier to read between other ones.
    let quote = if text.contains('"') && !text.contains('`') {
        '`'
    } else {
        '"'
    };
    out.push(quote);
    for c in text.chars().skip(from).take(SHOWN) {
        if c == '"' && quote == '`' {
            out.push(c);
        } else {
            visible(c, &mut out);
        }
    }
    out.push(quote);
    if total > from + SHOWN {
        out.push_str("...");
    }
    if total > SHOWN {
        let _ = write!(out, " ({total} characters)");
    }
    out
}

/// Characters that print as nothing, or as something else than they are.
fn visible(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        '"' => out.push_str("\\\""),
        c if c.is_control()
            || matches!(c, '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
                | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}') =>
        {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// "A", "A or B", "A, B or C".
pub(crate) fn either(parts: &[String], word: &str) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} {word} {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{either, quoted, side_by_side};

    #[test]
    fn what_the_eye_cannot_see_is_shown() {
        assert_eq!(
            quoted("a\u{a0}b\r\n\u{200b}\u{feff}\\"),
            r#""a\u{a0}b\r\n\u{200b}\u{feff}\\""#
        );
        assert_eq!(quoted("a \"b\"\n"), "`a \"b\"\\n`");
        assert_eq!(quoted("`\""), r#""`\"""#);
    }

    #[test]
    fn long_texts_are_cut_around_the_difference() {
        let expected = format!("{}A{}", "x".repeat(1000), "y".repeat(1000));
        let actual = format!("{}B{}", "x".repeat(1000), "y".repeat(1000));
        let (left, right, diff) = side_by_side(&expected, &actual);
        assert!(
            left.contains("xxA") && left.ends_with("... (2001 characters)"),
            "{left}"
        );
        assert!(
            right.starts_with("...\"xx") && right.contains("xxB"),
            "{right}"
        );
        assert!(diff.is_some());
        let diff = diff.expect("both are long");
        assert_eq!((diff.expected, diff.actual), (expected, actual.clone()));
        assert!(side_by_side("short", &actual).2.is_none());
        let (_, right, _) = side_by_side("xxx", &actual);
        assert!(right.starts_with("\"xx"), "{right}");
        let late = format!("{}A", "x".repeat(300));
        let (left, right, _) = side_by_side(&"x".repeat(150), &late);
        assert!(right.starts_with("...") && right.contains("xxA"), "{right}");
        assert_eq!(left, format!("\"{}\"", "x".repeat(150)));
    }

    #[test]
    fn a_diff_keeps_64_ki_characters_of_each_side() {
        let (most, more) = ("x".repeat(64 * 1024), "y".repeat(64 * 1024 + 1));
        let diff = side_by_side(&most, &more).2.expect("both are long");
        assert_eq!(diff.expected, most);
        let cut = format!("{}\n(cut: 65537 bytes in all)", &more[1..]);
        assert!(diff.actual == cut, "{} bytes", diff.actual.len());
    }

    #[test]
    fn two_hundred_characters_are_shown_whole() {
        let most = "x".repeat(200);
        assert_eq!(quoted(&most), format!("\"{most}\""));
        assert_eq!(
            quoted(&format!("{most}x")),
            format!("\"{most}\"... (201 characters)")
        );
        // The other one is longer, and differs late: the whole of this is shown nevertheless.
        let (left, _, _) = side_by_side(&most, &"x".repeat(300));
        assert_eq!(left, format!("\"{most}\""));
    }

    #[test]
    fn lists_read_as_a_sentence() {
        let parts = ["1", "2", "3"].map(str::to_owned);
        assert_eq!(either(&parts, "or"), "1, 2 or 3");
        assert_eq!(either(&parts[..1], "or"), "1");
    }
}
