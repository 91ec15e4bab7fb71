use super::data::{ClauseReport, ScenarioReport, SuiteReport};

/// The name of the embedded mock, and of it in one of its forms: `mock`, `mock (form=pre2016)`.
#[must_use]
pub fn mock_target(form: Option<(&str, &str)>) -> String {
    form.map_or_else(
        || "mock".to_owned(),
        |(name, value)| format!("mock ({name}={value})"),
    )
}

/// The form in the name of an embedded mock.
pub(super) fn form_of(target: &str) -> Option<&str> {
    target.strip_prefix("mock (")?.strip_suffix(')')
}

/// Joins what the forms of one embedded mock came to: they are one target.
///
/// A scenario came to the worst that it came to in any form, and is skipped only where every form skipped it.
pub(crate) fn join(suites: Vec<SuiteReport>) -> Vec<SuiteReport> {
    let mut joined: Vec<SuiteReport> = Vec::new();
    for mut suite in suites {
        if let Some(form) = form_of(&suite.target) {
            let form = form.to_owned();
            for finding in suite.scenarios.iter_mut().flat_map(|s| &mut s.findings) {
                finding.form = Some(form.clone());
            }
            let compared = suite.scenarios.iter_mut().flat_map(|s| &mut s.snapshots);
            for snapshot in compared.flatten() {
                snapshot.form = Some(form.clone());
            }
            suite.target = mock_target(None);
        }
        let same = |known: &&mut SuiteReport| {
            known.suite == suite.suite && known.target == "mock" && suite.target == "mock"
        };
        match joined.iter_mut().find(same) {
            Some(known) => add(known, suite),
            None => joined.push(suite),
        }
    }
    joined
}

/// Joins what one suite came to on the same target a second time.
pub(super) fn add(to: &mut SuiteReport, from: SuiteReport) {
    to.unreachable |= from.unreachable;
    for scenario in from.scenarios {
        match to
            .scenarios
            .iter_mut()
            .find(|known| known.id == scenario.id)
        {
            Some(known) => add_scenario(known, scenario),
            None => to.scenarios.push(scenario),
        }
    }
    to.scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    for clause in from.clauses {
        match to.clauses.iter_mut().find(|known| known.id == clause.id) {
            Some(known) => add_clause(known, clause),
            None => to.clauses.push(clause),
        }
    }
}

fn add_scenario(to: &mut ScenarioReport, from: ScenarioReport) {
    let rank = |outcome: &str| {
        ScenarioReport::OUTCOMES
            .iter()
            .position(|known| *known == outcome)
    };
    if rank(&from.outcome) > rank(&to.outcome) {
        to.outcome = from.outcome;
        to.why = from.why;
    }
    to.findings.extend(from.findings);
    match (&mut to.snapshots, from.snapshots) {
        (Some(to), Some(from)) => to.extend(from),
        (to @ None, from) => *to = from,
        (Some(_), None) => {}
    }
    // Read from files, where any number may stand.
    to.elapsed_ms = to.elapsed_ms.saturating_add(from.elapsed_ms);
    to.requests = to.requests.saturating_add(from.requests);
}

fn add_clause(to: &mut ClauseReport, from: ClauseReport) {
    let rank = |outcome: &str| {
        ClauseReport::OUTCOMES
            .iter()
            .position(|known| *known == outcome)
    };
    if rank(&from.outcome) > rank(&to.outcome) {
        to.outcome = from.outcome;
    }
    to.checked = to.checked.saturating_add(from.checked);
}
