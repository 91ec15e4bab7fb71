use super::{
    data::{Report, ScenarioReport, SuiteReport, word},
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
            "{} and {} compared: {}\n",
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
    for left in &a.suites {
        let only = |report: &Report| {
            report
                .suites
                .iter()
                .filter(|suite| suite.suite == left.suite)
                .count()
                == 1
        };
        let alone = only(a) && only(b);
        let right = rest
            .iter()
            .position(|right| right.suite == left.suite && (alone || right.target == left.target))
            .map(|at| rest.remove(at));
        pair(Some(left), right, &mut found);
    }
    for right in rest {
        pair(None, Some(right), &mut found);
    }
    found
}

fn pair(a: Option<&SuiteReport>, b: Option<&SuiteReport>, found: &mut Comparison) {
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
        (Some(only), None) => format!(
            "{} on {}: only in the first report",
            only.suite,
            visible(&only.target)
        ),
        (None, Some(only)) => format!(
            "{} on {}: only in the second report",
            only.suite,
            visible(&only.target)
        ),
        (None, None) => return,
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
            snapshots(&left, &right, &mut lines);
        }
    }
    if !lines.is_empty() || a.is_none() || b.is_none() {
        if lines.is_empty() {
            lines.push("nothing was selected in it".to_owned());
        }
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

/// Where one side differs from its snapshot and the other does not, or in another way.
fn snapshots(a: &ScenarioReport, b: &ScenarioReport, lines: &mut Vec<String>) {
    let differing = |scenario: &ScenarioReport| -> BTreeSet<(String, Option<String>, String)> {
        scenario
            .findings
            .iter()
            .filter(|finding| finding.subject == "snapshot")
            .map(|finding| {
                let was = finding
                    .diff
                    .as_ref()
                    .map_or_else(|| finding.actual.clone(), |diff| diff.actual.clone());
                (finding.step.clone(), finding.form.clone(), was)
            })
            .collect()
    };
    let (left, right) = (differing(a), differing(b));
    let steps: BTreeSet<(&String, &Option<String>)> = left
        .symmetric_difference(&right)
        .map(|(step, form, _)| (step, form))
        .collect();
    for (step, form) in steps {
        let in_side = |side: &BTreeSet<(String, Option<String>, String)>| {
            side.iter().any(|(s, f, _)| s == step && f == form)
        };
        let told = |differs| if differs { "another" } else { "as kept" };
        let form = form
            .as_ref()
            .map_or_else(String::new, |form| format!(" ({form})"));
        let line = match (in_side(&left), in_side(&right)) {
            (true, true) => "they differ from it in different ways".to_owned(),
            (left, right) => format!("{} -> {}", told(left), told(right)),
        };
        lines.push(format!("snapshot of {}, step {step}{form}: {line}", a.id));
    }
}
