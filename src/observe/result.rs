//! What a whole observation came to, in the shape of a run of `check`.

use super::{Flaw, Side, Tally};
use crate::{
    check::Finding,
    contract::Level,
    runner::{Outcome, RunResult, ScenarioResult, SuiteResult},
};
use std::time::Duration;

/// Puts what is no exchange beside what was judged: flaws as findings of their side, and what was not judged as something that
/// we could not do.
///
/// Where something passed and no reply came to its end, that is told too, so that nobody takes silence for conformance.
#[must_use]
pub fn result(mut suite: SuiteResult, tally: &Tally, flaws: &[Flaw]) -> RunResult {
    for side in [Side::Client, Side::Server] {
        suite.scenarios.extend(connections(&suite, side, flaws));
    }
    let passed = tally.exchanges > 0 || !flaws.is_empty() || tally.not_judged() > 0;
    let mut reasons = not_judged(tally);
    if passed && tally.replied == 0 {
        reasons.insert(0, "no exchange came to a whole reply".to_owned());
    }
    if !reasons.is_empty() {
        let (id, title) = ("observe/not-judged", "What passed without being judged");
        let outcome = Outcome::Errored(reasons.join("; "));
        let count = tally.not_judged();
        let scenario = scenario(&suite, id, title, outcome, Vec::new(), count);
        suite.scenarios.push(scenario);
    }
    suite.scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    RunResult {
        suites: vec![suite],
        any_sent: passed,
        any_reply: tally.replied > 0,
        ..RunResult::default()
    }
}

fn scenario(
    suite: &SuiteResult,
    id: &str,
    title: &str,
    outcome: Outcome,
    findings: Vec<Finding>,
    requests: u64,
) -> ScenarioResult {
    ScenarioResult {
        id: format!("{}/{id}", suite.contract.id),
        title: title.to_owned(),
        outcome,
        findings,
        elapsed: Duration::ZERO,
        requests,
        compared: Vec::new(),
        trace: Vec::new(),
    }
}

fn connections(suite: &SuiteResult, side: Side, flaws: &[Flaw]) -> Option<ScenarioResult> {
    let (id, title) = match side {
        Side::Client => ("client/connections", "Connections, as clients used them"),
        Side::Server => (
            "server/connections",
            "Connections, as the server answered them",
        ),
    };
    let mine: Vec<_> = flaws.iter().filter(|flaw| flaw.side == side).collect();
    if mine.is_empty() {
        return None;
    }
    let outcome = if mine.iter().any(|flaw| flaw.level == Level::Must) {
        Outcome::Failed
    } else {
        Outcome::Passed
    };
    let times = mine.iter().map(|flaw| flaw.times).sum();
    let findings = mine.into_iter().map(finding).collect();
    Some(scenario(suite, id, title, outcome, findings, times))
}

fn finding(flaw: &Flaw) -> Finding {
    let (seconds, millis) = (flaw.at.as_secs(), flaw.at.subsec_millis());
    Finding {
        clause: None,
        level: flaw.level,
        step: format!("connection {} at {seconds}.{millis:03} s", flaw.connection),
        place: None,
        step_place: None,
        subject: "connection".to_owned(),
        expected: flaw.expected.clone(),
        actual: flaw.actual.clone(),
        diff: None,
        exchange: None,
        times: flaw.times,
    }
}

/// Why some of what passed was not judged, for a person.
fn not_judged(tally: &Tally) -> Vec<String> {
    let exchanges = |count: u64| match count {
        1 => "1 exchange".to_owned(),
        _ => format!("{count} exchanges"),
    };
    let mut reasons = Vec::new();
    if tally.overflowed > 0 {
        let count = exchanges(tally.overflowed);
        reasons.push(format!(
            "{count} passed faster than could be judged, and were only forwarded"
        ));
    }
    if tally.unfinished > 0 {
        let count = exchanges(tally.unfinished);
        reasons.push(format!(
            "{count} had not ended when the observation did, or stood behind something that cannot be read"
        ));
    }
    if tally.unread > 0 {
        let count = tally.unread;
        reasons.push(format!(
            "connections that went on as something that is not HTTP, or behind what cannot be read: {count}"
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::result;
    use crate::{
        contract::Level,
        observe::{Flaw, Judgement, Side, Tally},
        runner::{Outcome, RunResult},
        suite::SuiteFiles,
    };
    use rstest::rstest;
    use std::{collections::BTreeMap, sync::Arc, time::Duration};

    fn result_of(tally: &Tally, flaws: &[Flaw]) -> RunResult {
        let contract = SuiteFiles::embedded("bits-upload")
            .unwrap()
            .contract()
            .unwrap();
        let judgement = Judgement::new(Arc::new(contract), &BTreeMap::new(), &[]).unwrap();
        result(judgement.result("http://h"), tally, flaws)
    }

    fn flaw(side: Side, level: Level) -> Flaw {
        Flaw {
            side,
            level,
            connection: 3,
            at: Duration::from_millis(1234),
            expected: "this".to_owned(),
            actual: "that".to_owned(),
            times: 5,
        }
    }

    fn told(result: &RunResult) -> Vec<(&str, &Outcome)> {
        let scenarios = result.suites[0].scenarios.iter();
        scenarios
            .map(|one| (one.id.as_str(), &one.outcome))
            .collect()
    }

    #[test]
    fn where_nothing_passed_there_is_nothing_to_tell() {
        let result = result_of(
            &Tally {
                connections: 2,
                ..Tally::default()
            },
            &[],
        );
        assert!(told(&result).is_empty());
        assert!(!result.any_sent);
    }

    #[rstest]
    #[case(Tally { exchanges: 2, replied: 2, overflowed: 1, ..Tally::default() }, "1 exchange passed faster")]
    #[case(Tally { exchanges: 2, replied: 2, unfinished: 3, ..Tally::default() }, "3 exchanges had not ended")]
    #[case(Tally { exchanges: 2, replied: 2, unread: 1, ..Tally::default() }, "or behind what cannot be read: 1")]
    #[case(Tally { exchanges: 2, ..Tally::default() }, "no exchange came to a whole reply")]
    fn what_was_not_judged_is_something_that_we_could_not(
        #[case] tally: Tally,
        #[case] says: &str,
    ) {
        let result = result_of(&tally, &[]);
        let [("bits-upload/observe/not-judged", Outcome::Errored(why))] = &told(&result)[..] else {
            panic!("{:?}", told(&result))
        };
        assert!(why.contains(says), "{why}");
        assert_eq!(result.any_reply, tally.replied > 0);
    }

    #[test]
    fn flaws_are_findings_of_their_side() {
        let tally = Tally {
            exchanges: 1,
            replied: 1,
            ..Tally::default()
        };
        let flaws = [
            flaw(Side::Client, Level::May),
            flaw(Side::Server, Level::Must),
        ];
        let result = result_of(&tally, &flaws);
        let expected = [
            ("bits-upload/client/connections", &Outcome::Passed),
            ("bits-upload/server/connections", &Outcome::Failed),
        ];
        assert_eq!(told(&result), expected);
        let finding = &result.suites[0].scenarios[1].findings[0];
        assert_eq!(finding.step, "connection 3 at 1.234 s");
        assert_eq!(
            (
                finding.expected.as_str(),
                finding.actual.as_str(),
                finding.times
            ),
            ("this", "that", 5)
        );
    }
}
