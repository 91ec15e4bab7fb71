//! A run with one of everything.

use super::{Mask, Report, Strictness, report};
use crate::{
    check::{ClauseRef, Diff, Finding},
    contract::{Clause, Contract, DocumentedReply, Judges, Level, Operation, ProvedBy},
    message::{Broken, Exchange, How, Reply, Request},
    runner::{ClauseOutcome, ClauseResult, Outcome, RunResult, ScenarioResult, SuiteResult},
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
        lengths: Default::default(),
        ..Exchange::new(request, "http://127.0.0.1:8080", Ok(reply))
    })
}

pub(super) fn finding(clause: Option<ClauseRef>, level: Level, step: &str) -> Finding {
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

pub(super) fn scenario(id: &str, outcome: Outcome, findings: Vec<Finding>) -> ScenarioResult {
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

pub(super) fn mask() -> Mask {
    Mask::new(["hunter2"])
}

pub(crate) fn built() -> Report {
    let mut built = report(&run(), Strictness::default(), &mask());
    built.tool = "wireproof 0.0.0".to_owned();
    built
}
