use super::{
    build::Strictness,
    data::{FindingReport, KnownReport, PlaceReport, Report, ScenarioReport, Totals},
    exit::Exit,
};
use crate::{contract::Level, plan, source::Place};

/// A difference of a deployment that is known.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it names.
    pub of: KnownOf,
    /// Why it is as it is; empty: nobody has said yet, and nothing is excused.
    pub reason: String,
    /// The last day on which it holds: `2026-12-31`.
    pub until: Option<String>,
    /// Product and version that it was seen with.
    pub product: Option<String>,
    /// Whether that day is over: nothing is excused.
    pub expired: bool,
    /// Where it is written.
    pub place: Place,
}

/// What a known difference names: an id, a folder of scenarios, or a pattern with `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownOf {
    /// Scenarios.
    Scenario(String),
    /// Clauses, `SUITE/ID` where suites share the id.
    Clause(String),
}

impl KnownOf {
    /// Whether it names that scenario.
    #[must_use]
    pub fn names_scenario(&self, id: &str) -> bool {
        matches!(self, Self::Scenario(pattern) if names(pattern, id))
    }

    /// Whether it names that clause of that suite.
    #[must_use]
    pub fn names_clause(&self, suite: &str, id: &str) -> bool {
        matches!(self, Self::Clause(pattern)
            if names(pattern, id) || names(pattern, &format!("{suite}/{id}")))
    }
}

/// A word without `*` is the whole id, the id without its row, or a folder of it: a part of a name excuses nothing.
fn names(pattern: &str, id: &str) -> bool {
    let pattern = pattern.trim_matches('/');
    if pattern.contains('*') {
        return plan::matches(pattern, id);
    }
    let bare = id.split('@').next().unwrap_or_default();
    pattern == id
        || pattern == bare
        || bare
            .strip_prefix(pattern)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// What each entry of a file came to, over all targets it is used for.
#[derive(Clone, Debug, Default)]
pub struct Tally(Vec<Count>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    excused: u64,
    still: bool,
    conforms: bool,
}

impl Tally {
    /// Whether that entry names only what now conforms.
    #[must_use]
    pub fn stale(&self, entry: usize) -> bool {
        self.0
            .get(entry)
            .is_some_and(|count| count.conforms && !count.still)
    }
}

/// Marks what is known in a scenario; it passed where nothing else went wrong. An error of ours is never excused.
pub(crate) fn excuse(scenario: &mut ScenarioReport, known: &[Known], strictness: Strictness) {
    for finding in &mut scenario.findings {
        let entry = known.iter().find(|entry| {
            !entry.expired
                && !entry.reason.trim().is_empty()
                && concerns(entry, &scenario.id, finding)
        });
        if let Some(entry) = entry {
            finding.known = Some(entry.reason.clone());
        }
    }
    let wrong = matches!(scenario.outcome.as_str(), "failed" | "blocked");
    let mut failing = scenario
        .findings
        .iter()
        .filter(|finding| fails(finding, strictness))
        .peekable();
    if wrong && failing.peek().is_some() && failing.all(|finding| finding.known.is_some()) {
        "passed".clone_into(&mut scenario.outcome);
        scenario.why = None;
    }
}

pub(super) fn concerns(entry: &Known, scenario: &str, finding: &FindingReport) -> bool {
    let suite = scenario.split('/').next().unwrap_or_default();
    entry.of.names_scenario(scenario)
        || finding
            .clause
            .as_ref()
            .is_some_and(|clause| entry.of.names_clause(suite, clause))
}

pub(super) fn fails(finding: &FindingReport, strictness: Strictness) -> bool {
    finding.level == Level::Must
        || (strictness.strict && finding.level == Level::Should)
        || (strictness.snapshots && finding.subject == "snapshot")
}

/// Excuses what is known in a whole report, and counts for each entry what came of it.
///
/// `complete`: see [`count_known`].
pub fn excuse_all(
    report: &mut Report,
    known: &[Known],
    strictness: Strictness,
    complete: bool,
    tally: &mut Tally,
) {
    count_known(report, known, strictness, complete, tally);
    for suite in &mut report.suites {
        for scenario in &mut suite.scenarios {
            excuse(scenario, known, strictness);
        }
    }
    report.totals = Totals::of(&report.suites);
    if report.exit == Exit::Findings.code() && report.totals.failed + report.totals.blocked == 0 {
        report.exit = Exit::Conforms.code();
    }
}

/// Counts for each entry what came of it in a report in which nothing is excused yet.
///
/// `complete`: the run left out nothing that could show a difference, so a clause that was kept, or a pattern whose scenarios
/// passed, now conforms. In a run of a part only an entry is judged that names one executed scenario by its id.
pub fn count_known(
    report: &Report,
    known: &[Known],
    strictness: Strictness,
    complete: bool,
    tally: &mut Tally,
) {
    tally.0.resize(known.len(), Count::default());
    let unsure =
        !complete || report.interrupted || report.totals.errored + report.totals.blocked > 0;
    for suite in &report.suites {
        for (entry, count) in known.iter().zip(&mut tally.0) {
            for scenario in &suite.scenarios {
                let named = entry.of.names_scenario(&scenario.id);
                let found = |finding: &&FindingReport| {
                    concerns(entry, &scenario.id, finding)
                        && (!named || finding.level >= Level::Should || fails(finding, strictness))
                };
                let number = scenario.findings.iter().filter(found).count() as u64;
                count.still |= number > 0;
                if !entry.expired && !entry.reason.trim().is_empty() {
                    count.excused += number;
                }
                let alone = entry.of == KnownOf::Scenario(scenario.id.clone());
                count.conforms |= named && scenario.outcome == "passed" && (!unsure || alone);
            }
            count.conforms |= !unsure
                && suite.clauses.iter().any(|clause| {
                    clause.outcome == "kept" && entry.of.names_clause(&suite.suite, &clause.id)
                });
        }
    }
}

/// Tells in the report what came of each entry; one that has expired or now conforms fails the run.
///
/// `pruned`: what now conforms is taken out of the file, so there is nothing to tell of it.
pub fn tell_known(report: &mut Report, known: &[Known], tally: &Tally, pruned: bool) {
    for (at, entry) in known.iter().enumerate() {
        if pruned && tally.stale(at) {
            continue;
        }
        let problem = if tally.stale(at) {
            Some("now conforms, remove it".to_owned())
        } else if entry.expired {
            let until = entry.until.as_deref().unwrap_or_default();
            Some(format!("has expired, it held until {until}"))
        } else {
            None
        };
        if problem.is_some() {
            let exit = Exit::of_code(report.exit).unwrap_or(Exit::CouldNotRun);
            report.exit = exit.or(Exit::Findings).code();
        }
        let (line, column) = entry.place.line_column();
        let (scenario, clause) = match &entry.of {
            KnownOf::Scenario(pattern) => (Some(pattern.clone()), None),
            KnownOf::Clause(pattern) => (None, Some(pattern.clone())),
        };
        report.known.push(KnownReport {
            scenario,
            clause,
            reason: entry.reason.clone(),
            until: entry.until.clone(),
            product: entry.product.clone(),
            excused: tally.0.get(at).map_or(0, |count| count.excused),
            problem,
            place: PlaceReport {
                file: entry.place.file.path.clone(),
                line,
                column,
                text: String::new(),
            },
        });
    }
}
