//! What each format makes of a run with one of everything.

use super::{
    Report, Stream, StreamKind, Strictness, Style, github, har, html, junit, markdown, report,
    sample::{built, finding, mask, run, scenario},
    summary,
};
use crate::{
    contract::Level,
    runner::{ClauseOutcome, Event, Outcome, RunResult, ScenarioResult, SuiteResult},
};

fn finished(target: &str, result: &ScenarioResult) -> Event {
    Event::Finished {
        target: target.to_owned(),
        result: Box::new(result.clone()),
    }
}

#[test]
fn a_scenario_that_ran_in_several_forms_or_places_is_told_with_them() {
    let done = scenario("create/fine", Outcome::Passed, Vec::new());
    let told = |target: &str, targets: bool| {
        let style = Style::default();
        let strictness = Strictness::default();
        let mut stream =
            Stream::new(StreamKind::Lines, style, false, strictness, mask()).with_targets(targets);
        stream.event(&finished(target, &done))
    };
    assert!(told("mock (form=2016)", false).ends_with("create/fine (form=2016)\n"));
    assert!(told("staging", true).ends_with("create/fine on staging\n"));
    assert!(told("staging", false).ends_with("create/fine\n"));
}

#[test]
fn every_format_counts_alike_what_was_not_exercised() {
    let mut built = built();
    for (clause, outcome) in
        built.suites[0]
            .clauses
            .iter_mut()
            .zip(["not exercised", "needs a scenario", "kept"])
    {
        outcome.clone_into(&mut clause.outcome);
    }
    let left_out = ["not exercised", "needs a scenario"];
    let clauses = built.suites.iter().flat_map(|suite| &suite.clauses);
    let number = clauses
        .filter(|c| left_out.contains(&c.outcome.as_str()))
        .count();
    assert!(number >= 2, "{built:?}");
    let console = summary(&built, Style::default(), false);
    assert!(
        console.contains(&format!(" {number} not exercised\n")),
        "{console}"
    );
    assert!(
        console.contains(&format!("not exercised: {number} clauses")),
        "{console}"
    );
    let markdown = markdown(&built);
    assert!(
        markdown.contains(&format!(" {number} not exercised.")),
        "{markdown}"
    );
    assert!(markdown.contains(&format!("| {number} |\n")), "{markdown}");
    let page = html(&built);
    let told = regex::Regex::new("<b>(\\d+)</b> not exercised").unwrap();
    let told: Vec<_> = told
        .captures_iter(&page)
        .map(|found| found[1].to_owned())
        .collect();
    assert_eq!(told, [number.to_string()], "{page}");
}

#[test]
fn the_console_shows_everything_without_colour_at_80_columns() {
    let text = summary(&built(), Style::default(), false);
    insta::assert_snapshot!("console", text);
    for line in text.lines() {
        let url = line.contains("https://");
        assert!(url || line.chars().count() <= 80, "too wide: {line}");
    }
}

#[test]
fn colour_only_adds_escape_codes() {
    let plain = summary(&built(), Style::default(), false);
    let coloured = summary(
        &built(),
        Style {
            colour: true,
            width: 80,
        },
        false,
    );
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert!(coloured.contains("\u{1b}[31;1m"));
    assert_eq!(codes.replace_all(&coloured, ""), plain);
}

#[test]
fn junit_has_a_case_for_every_scenario() {
    insta::assert_snapshot!("junit", junit(&built()));
}

#[test]
fn github_has_an_annotation_for_every_place() {
    insta::assert_snapshot!("github", github(&built()));
}

#[test]
fn markdown_folds_the_findings() {
    insta::assert_snapshot!("markdown", markdown(&built()));
}

#[test]
fn har_holds_each_exchange_with_its_findings() {
    insta::assert_snapshot!("har", har(&built()));
}

#[test]
fn json_holds_everything_and_gives_the_same_reports_again() {
    let json = serde_json::to_string_pretty(&built()).unwrap();
    insta::assert_snapshot!("json", json);
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again, built());
}

#[test]
fn no_format_leaks_a_secret() {
    let built = built();
    let mut texts = vec![
        summary(&built, Style::default(), true),
        junit(&built),
        github(&built),
        markdown(&built),
        html(&built),
        har(&built),
        serde_json::to_string(&built).unwrap(),
    ];
    let mut stream = Stream::new(
        StreamKind::Lines,
        Style::default(),
        true,
        Strictness::default(),
        mask(),
    );
    texts.push(
        run().suites[0]
            .scenarios
            .iter()
            .map(|s| stream.event(&finished("mock", s)))
            .collect(),
    );
    for text in texts {
        for secret in ["hunter2", "bWU6aHVudGVyMg", "aHVudGVyMg"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[test]
fn the_exit_code_follows_from_what_was_found() {
    let code = |change: &dyn Fn(&mut RunResult), strictness| {
        let mut run = run();
        change(&mut run);
        report(&run, strictness, &mask()).exit
    };
    let only = |run: &mut RunResult, id: &str| {
        run.suites[0].scenarios.retain(|s| s.id.ends_with(id));
    };
    let lax = Strictness::default();
    let strict = Strictness {
        strict: true,
        snapshots: false,
    };
    assert_eq!(code(&|_| (), lax), 3, "one scenario errored");
    assert_eq!(
        code(
            &|run| run.suites[0].scenarios.retain(|s| !s.id.ends_with("lost")),
            lax
        ),
        1
    );
    assert_eq!(
        code(&|run| only(run, "stuck"), lax),
        1,
        "blocked counts as failed"
    );
    assert_eq!(
        code(&|run| only(run, "range"), lax),
        0,
        "a broken should is a warning"
    );
    assert_eq!(code(&|run| only(run, "range"), strict), 1);
    assert_eq!(code(&|run| only(run, "fine"), strict), 0);
    assert_eq!(code(&|run| only(run, "readable"), lax), 4, "all skipped");
    assert_eq!(
        code(&|run| only(run, "nothing"), lax),
        4,
        "nothing selected"
    );
    let silent = |run: &mut RunResult| {
        only(run, "stuck");
        run.any_reply = false;
    };
    assert_eq!(code(&silent, lax), 3, "no exchange succeeded at all");
    assert_eq!(code(&|run| run.interrupted = true, lax), 130);
    let snapshots = Strictness {
        strict: false,
        snapshots: true,
    };
    let differs = |run: &mut RunResult| {
        only(run, "range");
        run.suites[0].scenarios[0].findings[0].subject = "snapshot".to_owned();
    };
    assert_eq!((code(&differs, lax), code(&differs, snapshots)), (0, 1));
}

#[test]
fn the_stream_tells_of_each_finished_scenario_once() {
    let told = |kind, verbose| {
        let mut stream = Stream::new(
            kind,
            Style::default(),
            verbose,
            Strictness::default(),
            mask(),
        );
        let mut out = stream.event(&Event::Planned { run: 6, skipped: 1 });
        for scenario in &run().suites[0].scenarios {
            out += &stream.event(&Event::Started {
                id: scenario.id.clone(),
            });
            out += &stream.event(&finished("http://127.0.0.1:8080", scenario));
        }
        out + &stream.finish()
    };
    insta::assert_snapshot!("stream_lines", told(StreamKind::Lines, false));
    insta::assert_snapshot!("stream_lines_verbose", told(StreamKind::Lines, true));
    let terminal = told(StreamKind::Progress, false).replace("\r\u{1b}[2K", "<erase>");
    insta::assert_snapshot!("stream_progress", terminal);
}

#[test]
fn a_difference_to_a_snapshot_is_a_note_unless_snapshots_are_strict() {
    let told = |level, snapshots| {
        let mut differs = finding(None, level, "beyond");
        differs.subject = "snapshot".to_owned();
        let done = scenario("create/fine", Outcome::Passed, vec![differs]);
        let strictness = Strictness {
            strict: false,
            snapshots,
        };
        let mut stream = Stream::new(
            StreamKind::Lines,
            Style::default(),
            false,
            strictness,
            mask(),
        );
        let line = stream.event(&finished("mock", &done));
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(told(Level::May, false), "NOTE");
    assert_eq!(told(Level::May, true), "FAIL");
    assert_eq!(told(Level::Should, false), "WARN");
}

#[test]
fn the_forms_of_the_embedded_mock_are_one_target() {
    let mut run = run();
    run.suites[0].target = super::mock_target(Some(("form", "2016")));
    let mut other = run.suites[0].clone();
    other.target = super::mock_target(Some(("form", "pre2016")));
    let of = |suite: &mut SuiteResult, id: &str| {
        suite
            .scenarios
            .iter()
            .position(|s| s.id.ends_with(id))
            .unwrap()
    };
    // What failed passes in the other form, what passed is skipped, what was skipped passes.
    let at = of(&mut other, "gap");
    other.scenarios[at].outcome = Outcome::Passed;
    other.scenarios[at].findings.clear();
    let at = of(&mut other, "fine");
    other.scenarios[at].outcome = Outcome::Skipped("another form".to_owned());
    let at = of(&mut other, "readable");
    other.scenarios[at].outcome = Outcome::Passed;
    other.clauses[3].outcome = ClauseOutcome::Kept;
    other.clauses[1].outcome = ClauseOutcome::Kept;
    run.suites.push(other);
    let joined = report(&run, Strictness::default(), &mask());
    assert_eq!(joined.suites.len(), 1);
    let suite = &joined.suites[0];
    assert_eq!((suite.target.as_str(), suite.scenarios.len()), ("mock", 7));
    let outcome = |id: &str| {
        let found = suite.scenarios.iter().find(|s| s.id.ends_with(id)).unwrap();
        (found.outcome.as_str(), found.findings.len())
    };
    assert_eq!(outcome("/gap"), ("failed", 1));
    assert_eq!(outcome("@FRAGMENT"), ("failed", 2));
    assert_eq!(outcome("/fine"), ("passed", 0));
    assert_eq!(outcome("/readable"), ("passed", 0));
    let clauses: Vec<_> = suite
        .clauses
        .iter()
        .map(|c| (c.outcome.as_str(), c.checked))
        .collect();
    assert_eq!(
        clauses,
        [("kept", 8), ("broken", 4), ("broken", 2), ("kept", 0)]
    );
    assert_eq!(joined.totals.all(), 7);
}
