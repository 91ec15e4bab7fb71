use super::{
    data::{Report, ScenarioReport},
    excerpt,
};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The report as JUnit XML: one suite for each suite and target, one case for each scenario.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut whole = quick_junit::Report::new("wireproof");
    whole.set_time(Duration::from_millis(report.elapsed_ms));
    for suite in &report.suites {
        let name = format!("{} on {}", suite.suite, suite.target);
        let mut cases = TestSuite::new(clean(&name));
        for scenario in &suite.scenarios {
            let mut case = TestCase::new(clean(&scenario.id), status(scenario));
            case.set_classname(suite.suite.clone());
            case.set_time(Duration::from_millis(scenario.elapsed_ms));
            let notes = excerpt::scenario(scenario);
            if scenario.outcome == "passed" && !notes.is_empty() {
                case.set_system_out(clean(&notes));
            }
            cases.add_test_case(case);
        }
        whole.add_test_suite(cases);
    }
    // They fail the run, so whoever reads only this file must see a case that fails.
    let failing = || report.known.iter().filter(|entry| entry.problem.is_some());
    if failing().next().is_some() {
        let mut cases = TestSuite::new("known differences");
        for entry in failing() {
            let problem = entry.problem.as_deref().unwrap_or_default();
            let at = format!("{}:{}", entry.place.file, entry.place.line);
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("known difference");
            status.set_message(clean(&format!("{} {problem}", entry.of())));
            status.set_description(clean(&format!("{at}: {problem}\n{}\n", entry.reason)));
            let mut case = TestCase::new(clean(&format!("{} ({at})", entry.of())), status);
            case.set_classname("known differences");
            case.set_time(Duration::ZERO);
            cases.add_test_case(case);
        }
        whole.add_test_suite(cases);
    }
    whole
        .to_string()
        .expect("a report of text without control characters is written to memory")
}

fn status(scenario: &ScenarioReport) -> TestCaseStatus {
    let kind = match scenario.outcome.as_str() {
        "passed" => return TestCaseStatus::success(),
        "skipped" => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(clean(scenario.why.as_deref().unwrap_or_default()));
            return status;
        }
        "errored" => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(scenario.outcome.clone());
    let message = match (&scenario.why, scenario.findings.first()) {
        (Some(why), _) => why.clone(),
        (None, Some(finding)) => format!(
            "{}: {}: expected {}, was {}",
            excerpt::heading(finding),
            finding.subject,
            finding.expected,
            finding.actual
        ),
        (None, None) => scenario.outcome.clone(),
    };
    status.set_message(clean(&message));
    status.set_description(clean(&excerpt::scenario(scenario)));
    status
}

/// Without the characters that XML 1.0 cannot hold.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}
