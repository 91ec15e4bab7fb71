use super::{
    data::{FindingReport, ScenarioReport},
    style::{shorten, visible},
};
use std::collections::BTreeMap;

/// How many characters of a line are shown.
const SHOWN: usize = 100;

/// What one reply was beside its snapshot; of several forms of one target the gravest counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside<'a> {
    NotCompared,
    Same,
    Differs(&'a FindingReport),
}

impl Beside<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::NotCompared => 0,
            Self::Same => 1,
            Self::Differs(_) => 2,
        }
    }
}

/// The step, and the form of the embedded mock.
type Key<'a> = (&'a str, Option<&'a str>);

/// Tells which differences to the snapshots of one scenario appeared, went away or changed. Gives how many replies were looked at.
pub(super) fn snapshots(a: &ScenarioReport, b: &ScenarioReport, lines: &mut Vec<String>) -> usize {
    let (mut left, mut right) = (beside(a), beside(b));
    let forms = |side: &BTreeMap<Key<'_>, Beside<'_>>| side.keys().any(|(_, form)| form.is_some());
    if forms(&left) != forms(&right) {
        // The embedded mock beside a real server, which has one form only.
        (left, right) = (without_forms(left), without_forms(right));
    }
    let mut keys: Vec<Key<'_>> = left.keys().chain(right.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    // A report of an earlier version does not tell what agreed.
    let told = a.snapshots.is_some() && b.snapshots.is_some();
    let missing = if told {
        Beside::NotCompared
    } else {
        Beside::Same
    };
    for key in &keys {
        let of = |side: &BTreeMap<_, _>| side.get(key).copied().unwrap_or(missing);
        let Some(change) = change(of(&left), of(&right)) else {
            continue;
        };
        let (step, form) = key;
        let form = form.map_or_else(String::new, |form| format!(" ({form})"));
        lines.push(format!("snapshot of {}, step {step}{form}: {change}", a.id));
    }
    keys.len()
}

fn beside(scenario: &ScenarioReport) -> BTreeMap<Key<'_>, Beside<'_>> {
    let mut all = BTreeMap::new();
    for snapshot in scenario.snapshots.iter().flatten() {
        for step in &snapshot.steps {
            all.insert((step.as_str(), snapshot.form.as_deref()), Beside::Same);
        }
    }
    for finding in scenario
        .findings
        .iter()
        .filter(|one| one.subject == "snapshot")
    {
        let key = (finding.step.as_str(), finding.form.as_deref());
        all.insert(key, Beside::Differs(finding));
    }
    all
}

fn without_forms<'a>(side: BTreeMap<Key<'a>, Beside<'a>>) -> BTreeMap<Key<'a>, Beside<'a>> {
    let mut all: BTreeMap<Key<'a>, Beside<'a>> = BTreeMap::new();
    for ((step, _), was) in side {
        let kept = all.entry((step, None)).or_insert(was);
        if was.rank() > kept.rank() {
            *kept = was;
        }
    }
    all
}

/// What changed from the first report to the second, where anything did.
fn change(a: Beside<'_>, b: Beside<'_>) -> Option<String> {
    let difference = |finding: &FindingReport| {
        let (expected, actual) = (line(&finding.expected), line(&finding.actual));
        format!("expected `{expected}`, was `{actual}`")
    };
    match (a, b) {
        (Beside::Differs(a), Beside::Differs(b)) => {
            let (old, new) = (seen(a), seen(b));
            let (old_line, new_line) = first_difference(old, new)?;
            Some(format!(
                "differs -> differs otherwise: was `{}`, is `{}`",
                line(old_line),
                line(new_line)
            ))
        }
        (_, Beside::Differs(b)) => {
            let from = if a == Beside::Same {
                "as kept"
            } else {
                "not compared"
            };
            Some(format!("{from} -> differs: {}", difference(b)))
        }
        (Beside::Differs(a), _) => {
            let to = if b == Beside::Same {
                "as kept"
            } else {
                "not compared"
            };
            Some(format!("differs -> {to}: {} before", difference(a)))
        }
        (Beside::Same, Beside::NotCompared) => Some("as kept -> not compared".to_owned()),
        (Beside::NotCompared, Beside::Same) => Some("not compared -> as kept".to_owned()),
        (a, b) => {
            debug_assert_eq!(a.rank(), b.rank(), "all other pairs are of the same kind");
            None
        }
    }
}

fn seen(finding: &FindingReport) -> &str {
    finding
        .diff
        .as_ref()
        .map_or(&finding.actual, |diff| &diff.actual)
}

/// The first lines in which two texts differ; none where they are the same.
fn first_difference<'a>(a: &'a str, b: &'a str) -> Option<(&'a str, &'a str)> {
    let (mut left, mut right) = (a.lines(), b.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some((a.unwrap_or("no such line"), b.unwrap_or("no such line"))),
        }
    }
}

fn line(text: &str) -> String {
    shorten(visible(text).trim(), SHOWN)
}

#[cfg(test)]
mod tests {
    use crate::report::{Comparison, Report, SnapshotReport, compare, sample, style::Style};

    /// The sample, in which one reply was compared with its snapshot, and was that.
    fn run(seen: Option<&str>) -> Report {
        let mut report = sample::built();
        let mut finding = report.suites[0].scenarios[1].findings[0].clone();
        let scenario = &mut report.suites[0].scenarios[0];
        scenario.snapshots = Some(vec![SnapshotReport {
            form: None,
            steps: vec!["a".to_owned(), "b".to_owned()],
        }]);
        if let Some(seen) = seen {
            finding.subject = "snapshot".to_owned();
            finding.clause = None;
            finding.step = "a".to_owned();
            seen.clone_into(&mut finding.actual);
            scenario.findings.push(finding);
        }
        report
    }

    #[track_caller]
    fn tells(a: &Report, b: &Report, line: &str) -> Comparison {
        let found = compare(a, b);
        assert_eq!(found.differences(), 1, "{}", found.text(Style::default()));
        let told = &found.groups[0].1[0];
        assert!(told.ends_with(line), "{told}");
        found
    }

    #[test]
    fn a_difference_to_a_snapshot_appears_goes_away_and_changes() {
        tells(
            &run(None),
            &run(Some("200")),
            "step a: as kept -> differs: expected `416`, was `200`",
        );
        tells(
            &run(Some("200")),
            &run(None),
            "step a: differs -> as kept: expected `416`, was `200` before",
        );
        let found = tells(
            &run(Some("200")),
            &run(Some("404")),
            "step a: differs -> differs otherwise: was `200`, is `404`",
        );
        assert_eq!(found.snapshots, 2);
        assert_eq!(
            compare(&run(Some("200")), &run(Some("200"))).differences(),
            0
        );
    }

    #[test]
    fn a_reply_that_was_not_compared_is_no_agreement() {
        let mut other = run(None);
        other.suites[0].scenarios[0].snapshots = Some(Vec::new());
        let found = compare(&run(Some("200")), &other);
        let lines = &found.groups[0].1;
        assert!(
            lines[0].contains("step a: differs -> not compared"),
            "{lines:?}"
        );
        assert!(
            lines[1].ends_with("step b: as kept -> not compared"),
            "{lines:?}"
        );
        // An earlier version told only what differs.
        other.suites[0].scenarios[0].snapshots = None;
        assert_eq!(compare(&run(None), &other).differences(), 0);
    }

    #[test]
    fn one_form_of_the_mock_stands_beside_a_server_that_has_none() {
        let mut mock = run(Some("200"));
        let scenario = &mut mock.suites[0].scenarios[0];
        for form in scenario.snapshots.iter_mut().flatten() {
            form.form = Some("form=2016".to_owned());
        }
        scenario.findings[0].form = Some("form=2016".to_owned());
        assert_eq!(compare(&mock, &run(Some("200"))).differences(), 0);
        tells(
            &mock,
            &run(None),
            "step a: differs -> as kept: expected `416`, was `200` before",
        );
    }

    #[test]
    fn targets_of_other_names_are_paired_where_one_is_left_on_each_side() {
        let with = |names: &[&str]| {
            let mut report = run(None);
            let suite = report.suites.remove(0);
            for name in names {
                report.suites.push(suite.clone());
                let last = report.suites.last_mut().expect("one was added");
                (*name).clone_into(&mut last.target);
            }
            report
        };
        assert_eq!(
            compare(&with(&["x", "y"]), &with(&["z", "x"])).differences(),
            0
        );
        let found = compare(&with(&["x"]), &with(&["x", "y"]));
        assert_eq!(found.groups.len(), 1);
        assert!(
            found.groups[0]
                .0
                .ends_with("on y: only in the second report")
        );
        assert_eq!(compare(&with(&["x"]), &with(&["y", "z"])).groups.len(), 3);
    }
}
