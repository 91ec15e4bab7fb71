use super::{
    data::{Report, Totals},
    exit::Exit,
    forms,
};

/// What a scenario comes to that got to its requests.
const RAN: [&str; 3] = ["passed", "failed", "blocked"];

/// One report of several: the shards of a run, or runs against several targets.
///
/// What has the same suite and target is joined: a scenario or clause in several of them came to the worst that it came to in
/// any, and is skipped only where all skipped it. Where any target answered, one that did not is a finding (exit 1), and not a run
/// that could not be (3). None where there is no report.
#[must_use]
pub fn merge(reports: Vec<Report>) -> Option<Report> {
    let answered = reports
        .iter()
        .flat_map(|report| &report.suites)
        .any(|suite| !suite.unreachable && RAN.iter().any(|outcome| suite.any(outcome)));
    let mut reports = reports.into_iter();
    let mut whole = reports.next()?;
    let mut exit = exit_of(&whole, answered);
    for report in reports {
        exit = exit.or(exit_of(&report, answered));
        for (to, from) in [
            (&mut whole.tool, report.tool),
            (&mut whole.run_id, report.run_id),
        ] {
            if !to.split(", ").any(|known| known == from) {
                *to = format!("{to}, {from}");
            }
        }
        let end = |started: u64, elapsed: u64| started.saturating_add(elapsed);
        let last = end(whole.started, whole.elapsed_ms).max(end(report.started, report.elapsed_ms));
        whole.started = whole.started.min(report.started);
        whole.elapsed_ms = last.saturating_sub(whole.started);
        whole.interrupted |= report.interrupted;
        whole.strict |= report.strict;
        for known in report.known {
            if !whole.known.contains(&known) {
                whole.known.push(known);
            }
        }
        for suite in report.suites {
            let same = whole
                .suites
                .iter_mut()
                .find(|known| known.suite == suite.suite && known.target == suite.target);
            match same {
                Some(known) => forms::add(known, suite),
                None => whole.suites.push(suite),
            }
        }
    }
    whole.totals = Totals::of(&whole.suites);
    // A part in which nothing ran does no harm where another part ran.
    if whole.totals.ran() == 0 {
        exit = exit.or(Exit::NothingRan);
    }
    whole.exit = exit.code();
    Some(whole)
}

/// What a report adds to the whole, and no less than its contents say; a code that we do not know is none that we can take for
/// success. `answered`: some target of the whole gave replies.
fn exit_of(report: &Report, answered: bool) -> Exit {
    let any = |outcome: &str| report.suites.iter().any(|suite| suite.any(outcome));
    let ours = report
        .suites
        .iter()
        .any(|suite| !suite.unreachable && suite.any("errored"));
    let silent = report.suites.iter().any(|suite| suite.unreachable);
    let said = match Exit::of_code(report.exit) {
        Some(Exit::NothingRan) => Exit::Conforms,
        Some(Exit::CouldNotRun) if silent && answered && !ours => Exit::Findings,
        Some(exit) => exit,
        None => Exit::CouldNotRun,
    };
    let stale = report.known.iter().any(|known| known.problem.is_some());
    let holds = [
        (report.interrupted, Exit::Interrupted),
        (ours || (silent && !answered), Exit::CouldNotRun),
        (
            silent || stale || any("failed") || any("blocked"),
            Exit::Findings,
        ),
    ];
    let holds = holds.iter().find(|(is, _)| *is);
    holds.map_or(said, |(_, exit)| said.or(*exit))
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::report::{Report, Style, har, html, junit, markdown, sample, summary};
    use rstest::rstest;

    /// A report of one scenario on a target.
    fn of(target: &str, outcome: &str, exit: u8, unreachable: bool) -> Report {
        let mut report = sample::built();
        report.exit = exit;
        report.interrupted = false;
        report.known.clear();
        report.suites.truncate(1);
        let suite = &mut report.suites[0];
        target.clone_into(&mut suite.target);
        suite.unreachable = unreachable;
        suite.scenarios.truncate(1);
        outcome.clone_into(&mut suite.scenarios[0].outcome);
        report
    }

    #[rstest]
    #[case::one_is_silent(of("a", "passed", 0, false), of("b", "errored", 3, true), 1)]
    #[case::all_are_silent(of("a", "errored", 3, true), of("b", "errored", 3, true), 3)]
    #[case::we_failed(of("a", "passed", 0, false), of("b", "errored", 3, false), 3)]
    #[case::the_other_ran_nothing(of("a", "skipped", 4, false), of("b", "errored", 3, true), 3)]
    fn a_silent_target_among_others_is_a_finding(
        #[case] a: Report,
        #[case] b: Report,
        #[case] exit: u8,
    ) {
        let twice = merge(vec![merge(vec![a.clone(), b.clone()]).unwrap()]).unwrap();
        for whole in [
            merge(vec![a.clone(), b.clone()]).unwrap(),
            merge(vec![b, a]).unwrap(),
            twice,
        ] {
            assert_eq!(whole.exit, exit);
            for text in [
                summary(&whole, Style::default(), false),
                markdown(&whole),
                html(&whole),
            ] {
                assert_eq!(text.contains("no reply from b"), exit == 1, "{text}");
            }
        }
    }

    #[rstest]
    #[case("failed", 1)]
    #[case("blocked", 1)]
    #[case("errored", 3)]
    #[case("passed", 0)]
    fn the_exit_is_no_better_than_the_contents(#[case] outcome: &str, #[case] exit: u8) {
        let whole = merge(vec![of("a", outcome, 0, false)]).unwrap();
        assert_eq!(whole.exit, exit);
    }

    #[test]
    fn numbers_that_are_too_large_are_the_largest() {
        let mut report = of("a", "passed", 0, false);
        (report.started, report.elapsed_ms) = (u64::MAX, u64::MAX);
        let suite = &mut report.suites[0];
        (suite.scenarios[0].elapsed_ms, suite.scenarios[0].requests) = (u64::MAX, u64::MAX);
        suite.clauses[0].checked = u64::MAX;
        let whole = merge(vec![report.clone(), report]).unwrap();
        assert_eq!(whole.suites[0].scenarios[0].requests, u64::MAX);
        assert_eq!(whole.suites[0].clauses[0].checked, u64::MAX);
        for text in [junit(&whole), html(&whole), har(&whole), markdown(&whole)] {
            assert!(!text.is_empty());
        }
        assert!(!summary(&whole, Style::default(), true).is_empty());
    }
}
