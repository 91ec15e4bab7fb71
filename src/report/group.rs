use super::data::{FindingReport, ScenarioReport, SuiteReport};
use std::cmp::Reverse;

/// A finding with the scenario it belongs to.
pub(crate) type Found<'a> = (&'a ScenarioReport, &'a FindingReport);

/// The findings of a suite, those of one clause together, each group with at least one; the gravest first.
///
/// Known differences are groups of their own behind all others. What has no clause belongs together where it is of the same
/// scenario, or the same was seen in the same step.
pub(crate) fn groups(suite: &SuiteReport) -> Vec<Vec<Found<'_>>> {
    let mut groups: Vec<Vec<Found<'_>>> = Vec::new();
    for scenario in &suite.scenarios {
        for finding in &scenario.findings {
            let same = |group: &&mut Vec<Found<'_>>| {
                let (first_scenario, first) = group[0];
                first.clause == finding.clause
                    && first.level == finding.level
                    && first.known == finding.known
                    && (finding.clause.is_some()
                        || first_scenario.id == scenario.id
                        || (is_noted(first_scenario, first) && is_noted(scenario, finding))
                        || (first.step == finding.step
                            && first.subject == finding.subject
                            && first.actual == finding.actual))
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push((scenario, finding)),
                None => groups.push(vec![(scenario, finding)]),
            }
        }
    }
    // Preconditions behind clauses: they are often only what follows from one.
    groups.sort_by_key(|group| {
        let (_, finding) = group[0];
        (
            finding.known.is_some(),
            Reverse(finding.level),
            finding.clause.is_none(),
        )
    });
    groups
}

/// A difference to a snapshot that fails nothing: all of them together are one note.
fn is_noted(scenario: &ScenarioReport, finding: &FindingReport) -> bool {
    finding.subject == "snapshot" && scenario.outcome == "passed"
}
