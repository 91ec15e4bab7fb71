//! A run with one of everything, and what each format makes of it.

use super::{
    Mask, Report, Stream, StreamKind, Strictness, Style, github, har, html, junit, markdown,
    report, summary,
};
use crate::{
    check::{ClauseRef, Diff, Finding},
    contract::{Clause, Contract, DocumentedReply, Judges, Level, Operation, ProvedBy},
    message::{Broken, Exchange, How, Reply, Request},
    runner::{ClauseOutcome, ClauseResult, Event, Outcome, RunResult, ScenarioResult, SuiteResult},
    source::{Place, SourceFile, Span},
};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

const SCENARIO: &str = "scenario: A gap is refused
steps:
  - id: create
    operation: create-session
    expect: [{ status: 200 }]
  - id: beyond
    operation: fragment
    expect:
      - proves: fragment.gap-refused
        status: 416
";

fn place_of(path: &str, text: &str, of: &str) -> Place {
    let start = text.find(of).unwrap();
    Place {
        file: Arc::new(SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }),
        span: Span {
            start,
            end: start + of.len(),
        },
    }
}

fn here(of: &str) -> Place {
    place_of("scenarios/bits-upload/fragment/gap.yaml", SCENARIO, of)
}

fn clause_ref(id: &str, says: &str) -> ClauseRef {
    ClauseRef {
        id: id.to_owned(),
        says: says.to_owned(),
        sources: vec![(
            "fragment § Remarks".to_owned(),
            "https://learn.microsoft.com/en-us/windows/win32/bits/fragment".to_owned(),
        )],
    }
}

const GAP: &str = "A fragment that starts beyond the bytes held is answered 416 with the offset expected, and none of it is kept.";

fn contract() -> Contract {
    let place = here("scenario");
    let operation = |id: &str, group: &str| Operation {
        id: id.to_owned(),
        title: id.to_owned(),
        group: Some(group.to_owned()),
        method: "BITS_POST".to_owned(),
        paths: Vec::new(),
        header: Vec::new(),
        traits: Vec::new(),
        query: Vec::new(),
        request_header: Vec::new(),
        properties: IndexMap::new(),
        facts: IndexMap::new(),
        source: Vec::new(),
        reply: DocumentedReply::default(),
        place: place.clone(),
    };
    let clause = |id: &str, on: &[&str]| Clause {
        id: id.to_owned(),
        level: Level::Must,
        says: GAP.to_owned(),
        source: Vec::new(),
        on: on.iter().map(|on| (*on).to_owned()).collect(),
        traits: Vec::new(),
        proved_by: ProvedBy::Scenario,
        judges: Judges::Server,
        broken_by: Vec::new(),
        in_practice: Vec::new(),
        stance: None,
        family: None,
        place: place.clone(),
    };
    Contract {
        id: "bits-upload".to_owned(),
        title: "BITS upload".to_owned(),
        documents: IndexMap::new(),
        capabilities: IndexMap::new(),
        traits: IndexMap::new(),
        namespaces: IndexMap::new(),
        vars: IndexMap::new(),
        secret_vars: Default::default(),
        shapes: IndexMap::new(),
        operations: vec![
            operation("create-session", "sessions"),
            operation("fragment", "fragments"),
        ],
        clauses: vec![
            clause("create-session.status", &["create-session"]),
            clause("fragment.gap-refused", &[]),
            clause("fragment.range", &["fragment"]),
            clause("every.date", &["any"]),
        ],
        omitted: Vec::new(),
        latitude: Vec::new(),
        volatile: Vec::new(),
        snapshot_headers: Vec::new(),
        file: place.file.clone(),
    }
}

fn exchange() -> Arc<Exchange> {
    let mut request = Request::new("BITS_POST", "/dir/wireproof-1.bin");
    request.headers.append("Host", "127.0.0.1:8080");
    request
        .headers
        .append("Authorization", "Basic bWU6aHVudGVyMg==");
    request
        .headers
        .append("Content-Range", "bytes 1000-1999/4892");
    request.body = vec![0_u8, 159, 146, 150].into();
    let reply = Reply::new(200)
        .header("Content-Type", "application/json")
        .header("X-Echo", "hunter2")
        .body("{\n  \"Password\": \"hunter2\",\n  \"note\": \"\u{1b}[2Jhello\"\n}\n");
    Arc::new(Exchange {
        elapsed: Duration::from_millis(3),
        excess: "hunter2 again".into(),
        ..Exchange::new(request, "http://127.0.0.1:8080", Ok(reply))
    })
}

fn finding(clause: Option<ClauseRef>, level: Level, step: &str) -> Finding {
    Finding {
        clause,
        level,
        step: step.to_owned(),
        place: Some(here("status: 416")),
        step_place: Some(here("id: beyond")),
        subject: "status".to_owned(),
        expected: "416".to_owned(),
        actual: "200".to_owned(),
        diff: None,
        exchange: Some(exchange()),
        times: 1,
    }
}

fn scenario(id: &str, outcome: Outcome, findings: Vec<Finding>) -> ScenarioResult {
    ScenarioResult {
        id: format!("bits-upload/{id}"),
        title: "A gap is refused".to_owned(),
        outcome,
        findings,
        elapsed: Duration::from_millis(12),
        requests: 2,
        compared: Vec::new(),
        trace: Vec::new(),
    }
}

/// A run with every outcome, every level and every kind of exchange.
pub(crate) fn run() -> RunResult {
    let gap = || Some(clause_ref("fragment.gap-refused", GAP));
    let range = clause_ref("fragment.range", "The reply names the range that it holds.");
    let mut should = finding(Some(range), Level::Should, "beyond");
    should.place = Some(place_of(
        "scenarios/bits-upload/contract.yaml",
        "a\nb: status\n",
        "b: status",
    ));
    should.subject = "json $".to_owned();
    should.expected = "the documented body".to_owned();
    should.actual = "another".to_owned();
    should.diff = Some(Diff {
        expected: "one\ntwo\nthree\nfour\n".to_owned(),
        actual: "one\ntwo\n3\nfour\n".to_owned(),
    });
    should.exchange = None;
    let mut blocked = finding(None, Level::Must, "create");
    blocked.subject = "connection".to_owned();
    blocked.expected = "a reply".to_owned();
    blocked.actual = "connection closed before the first byte".to_owned();
    blocked.place = None;
    blocked.exchange = Some(Arc::new(Exchange {
        outcome: Err(Broken {
            how: How::Closed,
            detail: "connection closed before the first byte".to_owned(),
            partial: None,
        }),
        ..(*exchange()).clone()
    }));
    let clause = |id: &str, level, outcome, checked| ClauseResult {
        clause: clause_ref(id, GAP),
        level,
        outcome,
        checked,
    };
    RunResult {
        suites: vec![SuiteResult {
            contract: Arc::new(contract()),
            target: "http://127.0.0.1:8080/dir".to_owned(),
            scenarios: vec![
                scenario("create/fine", Outcome::Passed, vec![]),
                scenario(
                    "fragment/gap",
                    Outcome::Failed,
                    vec![finding(gap(), Level::Must, "beyond")],
                ),
                scenario(
                    "fragment/gap@FRAGMENT",
                    Outcome::Failed,
                    vec![finding(gap(), Level::Must, "beyond")],
                ),
                scenario("fragment/range", Outcome::Passed, vec![should]),
                scenario("fragment/stuck", Outcome::Blocked, vec![blocked]),
                scenario(
                    "get/readable",
                    Outcome::Skipped(
                        "the target is not declared to have `readable-destination`".to_owned(),
                    ),
                    vec![],
                ),
                scenario(
                    "get/lost",
                    Outcome::Errored("cannot read `hunter2.bin`".to_owned()),
                    vec![],
                ),
            ],
            clauses: vec![
                clause("create-session.status", Level::Must, ClauseOutcome::Kept, 4),
                clause(
                    "fragment.gap-refused",
                    Level::Must,
                    ClauseOutcome::Broken,
                    2,
                ),
                clause("fragment.range", Level::Should, ClauseOutcome::Broken, 1),
                clause("every.date", Level::May, ClauseOutcome::NotExercised, 0),
            ],
        }],
        elapsed: Duration::from_millis(1_234),
        started: 1_767_225_600_000,
        run_id: "3f9a".to_owned(),
        interrupted: false,
        gave_up: false,
        any_reply: true,
        any_sent: true,
    }
}

fn mask() -> Mask {
    Mask::new(["hunter2"])
}

pub(crate) fn built() -> Report {
    let mut built = report(&run(), Strictness::default(), &mask());
    built.tool = "wireproof 0.0.0".to_owned();
    built
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
            .map(|s| stream.event(&Event::Finished(Box::new(s.clone()))))
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
            out += &stream.event(&Event::Finished(Box::new(scenario.clone())));
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
        let line = stream.event(&Event::Finished(Box::new(done)));
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
