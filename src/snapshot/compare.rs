use super::file::normal;
use crate::{
    check::{Diff, Finding},
    contract::Level,
};
use similar::{ChangeTag, TextDiff};
use std::{collections::BTreeSet, fmt::Write as _};

/// How many lines are shown around a difference.
const AROUND: usize = 2;

/// How many lines of a step are compared behind the first that differs.
const COMPARED: usize = 1000;

/// Compares a snapshot with what was seen: a finding without clause for each step that differs, with a diff of only that.
///
/// The findings are of level `may`; where and in which exchange is left for the caller to fill in.
#[must_use]
pub fn compare(snapshot: &str, seen: &str) -> Vec<Finding> {
    let (snapshot, seen) = (normal(snapshot), normal(seen));
    if snapshot == seen {
        return Vec::new();
    }
    let (before, after) = (steps(&snapshot), steps(&seen));
    let mut findings = Vec::new();
    for (step, expected) in &before {
        match after.iter().find(|(id, _)| id == step) {
            None => findings.push(finding(step, expected, "")),
            Some((_, actual)) if actual != expected => {
                findings.push(finding(step, expected, actual));
            }
            Some(_) => {}
        }
    }
    for (step, actual) in &after {
        if !before.iter().any(|(id, _)| id == step) {
            findings.push(finding(step, "", actual));
        }
    }
    if findings.is_empty() {
        // The same steps in another order.
        findings.push(finding("", &names(&before), &names(&after)));
    }
    findings
}

/// The text with nothing but the status line of some steps.
#[must_use]
pub fn statuses_of(text: &str, some: impl Fn(&str) -> bool) -> String {
    let mut out = String::new();
    // How many lines of the step are still wanted.
    let mut wanted = usize::MAX;
    for line in normal(text).lines() {
        if let Some(step) = line.strip_prefix("--- step ") {
            wanted = if some(step) { 2 } else { usize::MAX };
        }
        if wanted > 0 {
            out.push_str(line);
            out.push('\n');
            wanted -= 1;
        }
    }
    out
}

fn names(steps: &[(String, String)]) -> String {
    steps
        .iter()
        .map(|(step, _)| format!("step {step}\n"))
        .collect()
}

/// The text of each step, with how often its name came before where it comes again.
fn steps(text: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(step) = line.strip_prefix("--- step ") {
            let again = steps
                .iter()
                .filter(|(id, _)| id == step || id.starts_with(&format!("{step} #")))
                .count();
            let id = match again {
                0 => step.to_owned(),
                again => format!("{step} #{}", again + 1),
            };
            steps.push((id, String::new()));
        } else {
            if steps.is_empty() {
                steps.push((String::new(), String::new()));
            }
            if let Some((_, body)) = steps.last_mut() {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    for (_, body) in &mut steps {
        *body = normal(body);
    }
    steps
}

fn finding(step: &str, expected: &str, actual: &str) -> Finding {
    let (old, new) = differing(expected, actual);
    let (gone, come) = (alone(&old, &new), alone(&new, &old));
    // Lines that only moved, or came twice, stand on both sides: then the places themselves are shown.
    let moved = gone.is_none() && come.is_none();
    let shown = |text: &str, line: Option<&str>| {
        let first = text.lines().next().filter(|_| moved);
        line.or(first).unwrap_or("no such line").to_owned()
    };
    Finding {
        clause: None,
        level: Level::May,
        step: step.to_owned(),
        place: None,
        step_place: None,
        subject: "snapshot".to_owned(),
        expected: if expected.is_empty() {
            "no such step".to_owned()
        } else {
            shown(&old, gone)
        },
        actual: if actual.is_empty() {
            "no such step".to_owned()
        } else {
            shown(&new, come)
        },
        diff: Some(Diff {
            expected: old,
            actual: new,
        }),
        exchange: None,
        times: 1,
    }
}

/// The first line of a text that the other has nowhere.
fn alone<'a>(text: &'a str, other: &str) -> Option<&'a str> {
    let others: BTreeSet<_> = other.lines().collect();
    text.lines().find(|line| !others.contains(line))
}

/// Of both texts only what differs, and two lines around it.
///
/// # Why
/// Finding the shortest difference takes time with the square of the lines, and a server says how many there are: so from
/// where the texts part, only so many lines of each are compared.
fn differing(expected: &str, actual: &str) -> (String, String) {
    let pairs = expected.lines().zip(actual.lines());
    let same = pairs.take_while(|(old, new)| old == new).count();
    let skipped = same.saturating_sub(AROUND);
    let part = |text: &str| {
        let lines = text.split_inclusive('\n').skip(skipped);
        lines.take(COMPARED).collect::<String>()
    };
    let left_out = |text: &str| text.lines().count().saturating_sub(skipped + COMPARED);
    let (old_part, new_part) = (part(expected), part(actual));
    let diff = TextDiff::from_lines(&old_part, &new_part);
    let (mut old, mut new) = (String::new(), String::new());
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            old.push_str("...\n");
            new.push_str("...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n');
            if change.tag() != ChangeTag::Insert {
                old.push_str(line);
                old.push('\n');
            }
            if change.tag() != ChangeTag::Delete {
                new.push_str(line);
                new.push('\n');
            }
        }
    }
    for (shown, whole) in [(&mut old, expected), (&mut new, actual)] {
        let count = left_out(whole);
        if count > 0 {
            let _ = writeln!(shown, "... ({count} more lines are not compared)");
        }
    }
    (old, new)
}

#[cfg(test)]
mod tests {
    use super::{compare, statuses_of};

    const SNAPSHOT: &str = "--- step a\nHTTP/1.1 200 OK\nA: 1\nB: 2\nC: 3\n\n{\n  \"x\": 1\n}\n\n--- step b\nHTTP/1.1 404 Not Found\n";

    #[test]
    fn equal_texts_give_nothing_whatever_their_line_ends() {
        assert!(compare(SNAPSHOT, &SNAPSHOT.replace('\n', "\r\n")).is_empty());
        assert!(compare(SNAPSHOT, &format!("\n{SNAPSHOT}\n")).is_empty());
    }

    #[test]
    fn of_a_long_reply_only_so_many_lines_are_compared() {
        let begin = "--- step a\nHTTP/1.1 200 OK\nA: 1\n";
        let long = |line: &str| format!("{begin}{}", format!("{line}\n").repeat(200_000));
        let findings = compare(&long("x"), &long("y"));
        assert_eq!(findings.len(), 1);
        let diff = findings[0].diff.as_ref().expect("a difference");
        assert!(diff.expected.contains("A: 1\nx\n"), "{}", diff.expected);
        assert!(
            diff.actual
                .ends_with("... (199002 more lines are not compared)\n")
        );
        assert!(diff.actual.lines().count() < 1010);
    }

    #[test]
    fn a_difference_shows_only_what_differs() {
        let findings = compare(SNAPSHOT, &SNAPSHOT.replace("\"x\": 1", "\"x\": 2"));
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!(finding.step, "a");
        assert_eq!(finding.expected, "  \"x\": 1");
        assert_eq!(finding.actual, "  \"x\": 2");
        let diff = finding.diff.as_ref().expect("a diff");
        assert_eq!(diff.expected, "\n{\n  \"x\": 1\n}\n");
    }

    #[test]
    fn lines_that_are_equal_at_the_start_are_not_among_those_that_are_compared() {
        let text = |last: &str| format!("--- step a\n{}{last}\n", "same\n".repeat(2000));
        let findings = compare(&text("x"), &text("y"));
        assert_eq!([&*findings[0].expected, &*findings[0].actual], ["x", "y"]);
    }

    #[test]
    fn the_same_steps_in_another_order_differ_by_their_names() {
        let findings = compare(
            "--- step a\nx\n--- step b\ny\n",
            "--- step b\ny\n--- step a\nx\n",
        );
        assert_eq!(findings.len(), 1);
        let diff = findings[0].diff.as_ref().expect("a difference");
        assert_eq!(diff.expected, "step a\nstep b\n");
        assert_eq!(diff.actual, "step b\nstep a\n");
    }

    #[test]
    fn a_step_that_comes_again_is_compared_with_the_same_time_of_it() {
        let text = |third: &str| {
            format!("--- step a\n1\n--- step a\n2\n--- step ab\n3\n--- step a\n{third}\n")
        };
        assert!(compare(&text("4"), &text("4")).is_empty());
        let findings = compare(&text("4"), &text("5"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].step, "a #3");
    }

    #[test]
    fn lines_before_and_behind_what_differs_are_shown_two_at_a_time() {
        let seen = SNAPSHOT
            .replace("A: 1", "A: 2")
            .replace("\"x\": 1", "\"x\": 2");
        let diff = compare(SNAPSHOT, &seen)[0].diff.clone().expect("a diff");
        assert_eq!(diff.expected.matches("A: 1\n").count(), 1);
        assert!(!diff.expected.contains("more lines"), "{}", diff.expected);
        let long = |first: &str, last: &str| {
            let middle: String = (0..20).map(|n| format!("{n}\n")).collect();
            format!("--- step a\n{first}\n{middle}{last}\n")
        };
        let diff = compare(&long("x", "y"), &long("X", "Y"))[0]
            .diff
            .clone()
            .expect("a diff");
        assert_eq!(diff.expected, "x\n0\n1\n...\n18\n19\ny\n");
        assert_eq!(diff.actual, "X\n0\n1\n...\n18\n19\nY\n");
    }

    #[test]
    fn a_line_that_is_missing_or_new_stands_against_nothing() {
        let less = SNAPSHOT.replace("B: 2\n", "");
        let finding = &compare(SNAPSHOT, &less)[0];
        assert_eq!(
            [&*finding.expected, &*finding.actual],
            ["B: 2", "no such line"]
        );
        let finding = &compare(&less, SNAPSHOT)[0];
        assert_eq!(
            [&*finding.expected, &*finding.actual],
            ["no such line", "B: 2"]
        );
    }

    #[test]
    fn of_some_steps_only_the_status_is_compared() {
        let of_a = |text: &str| statuses_of(text, |step| step == "a");
        let other_body = SNAPSHOT.replace("\"x\": 1", "\"x\": 2");
        assert!(compare(&of_a(SNAPSHOT), &of_a(&other_body)).is_empty());
        let other_status = SNAPSHOT.replace("200 OK", "201 Created");
        assert_eq!(compare(&of_a(SNAPSHOT), &of_a(&other_status)).len(), 1);
        let other_step = SNAPSHOT.replace("404 Not Found", "410 Gone");
        assert_eq!(compare(&of_a(SNAPSHOT), &of_a(&other_step)).len(), 1);
    }

    #[test]
    fn a_step_that_is_missing_or_new_or_moved_is_a_finding() {
        let (a, b) = SNAPSHOT.split_once("--- step b").expect("two steps");
        let b = format!("--- step b{b}");
        assert_eq!(compare(SNAPSHOT, a)[0].actual, "no such step");
        assert_eq!(compare(a, SNAPSHOT)[0].expected, "no such step");
        assert_eq!(compare(SNAPSHOT, &format!("{b}\n{a}")).len(), 1);
        assert_eq!(compare(SNAPSHOT, "").len(), 2);
    }
}
