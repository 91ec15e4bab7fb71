use super::{
    compare_snapshots::snapshots,
    data::{Report, SuiteReport, word},
    style::{Style, count, visible},
};
use std::collections::BTreeSet;

/// Where two runs differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// One group for each suite and pair of targets that differ: a heading, and a line for each difference.
    pub groups: Vec<(String, Vec<String>)>,
    /// How many clauses were looked at, on either side.
    pub clauses: usize,
    /// How many scenarios were looked at, on either side.
    pub scenarios: usize,
    /// How many replies were compared with snapshots, on either side.
    pub snapshots: usize,
}

impl Comparison {
    /// How many differences there are.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.groups.iter().map(|(_, lines)| lines.len()).sum()
    }

    /// For a person.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        let mut out = String::new();
        for (heading, lines) in &self.groups {
            put!(out, "{}\n", style.bold(heading));
            for line in lines {
                put!(out, "  {}\n", style.wrap(line, 4));
            }
            out.push('\n');
        }
        put!(
            out,
            "{}{} and {} compared: {}\n",
            match self.snapshots {
                0 => String::new(),
                some => format!("{}, ", count(some as u64, "snapshot")),
            },
            count(self.clauses as u64, "clause"),
            count(self.scenarios as u64, "scenario"),
            match self.differences() {
                0 => "no difference".to_owned(),
                some => count(some as u64, "difference"),
            }
        );
        out
    }
}

/// Compares two reports clause by clause, scenario by scenario and, for what was compared with a snapshot, step by step.
///
/// Targets of the same name belong together; where a suite has one target on each side, these do, whatever their names.
/// What was sent and answered may differ as it likes: outcomes count.
#[must_use]
pub fn compare(a: &Report, b: &Report) -> Comparison {
    let mut found = Comparison::default();
    let mut rest: Vec<&SuiteReport> = b.suites.iter().collect();
    let mut pairs: Vec<(Option<&SuiteReport>, Option<&SuiteReport>)> = Vec::new();
    for left in &a.suites {
        let same = |right: &&SuiteReport| right.suite == left.suite && right.target == left.target;
        let right = rest.iter().position(same).map(|at| rest.remove(at));
        pairs.push((Some(left), right));
    }
    // What is left of a suite on each side belongs together where it is one, whatever its target is called.
    let lone = |suite: &str, pairs: &[(Option<&SuiteReport>, Option<&SuiteReport>)]| {
        let mut left = pairs.iter().enumerate().filter(|(_, (left, right))| {
            right.is_none() && left.is_some_and(|left| left.suite == suite)
        });
        let first = left.next().map(|(at, _)| at);
        first.filter(|_| left.next().is_none())
    };
    for right in rest.clone() {
        let alone = rest
            .iter()
            .filter(|other| other.suite == right.suite)
            .count()
            == 1;
        match lone(&right.suite, &pairs).filter(|_| alone) {
            Some(at) => pairs[at].1 = Some(right),
            None => pairs.push((None, Some(right))),
        }
    }
    for (left, right) in pairs {
        pair(left, right, &mut found);
    }
    found
}

fn pair(a: Option<&SuiteReport>, b: Option<&SuiteReport>, found: &mut Comparison) {
    if let (Some(only), None) | (None, Some(only)) = (a, b) {
        let side = if a.is_some() { "first" } else { "second" };
        found.clauses += only.clauses.len();
        found.scenarios += only.scenarios.len();
        let heading = format!(
            "{} on {}: only in the {side} report",
            only.suite,
            visible(&only.target)
        );
        let held = format!(
            "{} and {} have nothing to be compared with",
            count(only.clauses.len() as u64, "clause"),
            count(only.scenarios.len() as u64, "scenario")
        );
        found.groups.push((heading, vec![held]));
        return;
    }
    let heading = match (a, b) {
        (Some(a), Some(b)) if a.target == b.target => {
            format!("{} on {}", a.suite, visible(&a.target))
        }
        (Some(a), Some(b)) => format!(
            "{} on {} -> {}",
            a.suite,
            visible(&a.target),
            visible(&b.target)
        ),
        _ => return,
    };
    let mut lines = Vec::new();
    for id in names(a, b, |suite| {
        suite
            .clauses
            .iter()
            .map(|clause| clause.id.as_str())
            .collect()
    }) {
        found.clauses += 1;
        let of = |suite: Option<&SuiteReport>| {
            suite
                .and_then(|suite| suite.clauses.iter().find(|clause| clause.id == id))
                .map(|clause| (clause.outcome.clone(), clause.level))
        };
        let (left, right) = (of(a), of(b));
        let level = right
            .as_ref()
            .or(left.as_ref())
            .map_or("", |(_, level)| word(*level));
        change(
            &format!("clause {id} ({level})"),
            left.map(|(outcome, _)| outcome),
            right.map(|(outcome, _)| outcome),
            &mut lines,
        );
    }
    for id in names(a, b, |suite| {
        suite.scenarios.iter().map(|one| one.id.as_str()).collect()
    }) {
        found.scenarios += 1;
        let of = |suite: Option<&'_ SuiteReport>| {
            suite
                .and_then(|suite| suite.scenarios.iter().find(|one| one.id == id))
                .cloned()
        };
        let (left, right) = (of(a), of(b));
        change(
            &format!("scenario {id}"),
            left.as_ref().map(|one| one.outcome.clone()),
            right.as_ref().map(|one| one.outcome.clone()),
            &mut lines,
        );
        if let (Some(left), Some(right)) = (left, right) {
            found.snapshots += snapshots(&left, &right, &mut lines);
        }
    }
    if !lines.is_empty() {
        found.groups.push((heading, lines));
    }
}

/// The names on both sides, those of the second that the first has not behind the others.
fn names<'a>(
    a: Option<&'a SuiteReport>,
    b: Option<&'a SuiteReport>,
    of: impl Fn(&'a SuiteReport) -> Vec<&'a str>,
) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    a.into_iter()
        .chain(b)
        .flat_map(of)
        .filter(|name| seen.insert(*name))
        .collect()
}

fn change(what: &str, a: Option<String>, b: Option<String>, lines: &mut Vec<String>) {
    if a != b {
        let told = |side: Option<String>| side.unwrap_or_else(|| "absent".to_owned());
        lines.push(format!("{what}: {} -> {}", told(a), told(b)));
    }
}
