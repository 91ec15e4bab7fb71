//! `--failed REPORT.json`: only what went wrong in an earlier run.

use crate::{
    report::{Report, ScenarioReport},
    runner::SuiteRun,
};
use std::collections::BTreeSet;

/// Leaves of a run what failed, was blocked or errored in the report, on the same target; where the report does not know
/// the target (the port of a server may be another each time), on any.
pub(crate) fn only_failed(run: &mut SuiteRun, report: &Report) {
    let target = run.name.split(" (").next().unwrap_or_default();
    let of_suite = || {
        report
            .suites
            .iter()
            .filter(|suite| suite.suite == run.contract.id)
    };
    let same = of_suite().any(|suite| suite.target == target);
    let failed: BTreeSet<&str> = of_suite()
        .filter(|suite| !same || suite.target == target)
        .flat_map(|suite| &suite.scenarios)
        .filter(|scenario| went_wrong(scenario))
        .map(|scenario| scenario.id.as_str())
        .collect();
    let planned = &mut run.planned;
    planned
        .plans
        .retain(|plan| failed.contains(plan.id.as_str()));
    planned
        .skipped
        .retain(|skipped| failed.contains(skipped.id.as_str()));
}

fn went_wrong(scenario: &ScenarioReport) -> bool {
    matches!(scenario.outcome.as_str(), "failed" | "blocked" | "errored")
}
