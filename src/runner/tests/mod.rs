//! Whole runs, against servers that say byte by byte what they answer.

mod peers;
mod quirks;
mod several;
mod stopping;
mod told;

use super::{
    ClauseOutcome, MockModel, MockTarget, Outcome, RunOptions, RunResult, ScenarioResult, SuiteRun,
    Target, UrlTarget, run,
};
use crate::{
    client::{
        Origin,
        testing::{Answer, Then, server},
    },
    contract,
    plan::{PlanOptions, TargetTraits, plan},
    scenario::{self, Suite},
    source::{Look, SourceFile},
};
use rstest::rstest;
use std::{sync::Arc, time::Duration};

const CONTRACT: &str = r#"
contract: doors
title: Doors
documents: { api: { title: The API, url: "https://example.org/api" } }
operations:
  - id: open
    method: GET
    path: "/open/{name}"
    source: [api]
    reply: { status: 200, header: { X-Door: oak }, example: { text: "open" } }
  - id: shut
    method: DELETE
    path: "/open/{name}"
    source: [api]
    reply: { status: 204, empty: true }
clauses:
  - id: open.named
    level: must
    says: The door is named.
    source: [api]
    on: [open]
    then: { header: { X-Door: { is: present } } }
    broken-by: [{ header: { X-Door: null } }]
  - id: open.polite
    level: should
    says: The reply is short.
    source: [api]
    on: [open]
    then: { body: { length: { at-most: 10 } } }
    broken-by: [{ body: "something long" }]
  - id: open.succeeds
    level: must
    says: A door opens.
    source: [api]
    proved-by: scenario
    broken-by: [{ status: 500 }]
"#;

fn ok(body: &str) -> Answer {
    let length = body.len();
    let bytes = format!("HTTP/1.1 200 OK\r\nX-Door: oak\r\nContent-Length: {length}\r\n\r\n{body}");
    (bytes.into_bytes(), Then::Keep)
}

fn status(status: u16) -> Answer {
    let bytes = format!("HTTP/1.1 {status} X\r\nX-Door: oak\r\nContent-Length: 0\r\n\r\n");
    (bytes.into_bytes(), Then::Keep)
}

fn suite(scenarios: &[&str]) -> Suite {
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", CONTRACT));
    assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
    let contract = Arc::new(contract.unwrap());
    let sequences = indexmap::IndexMap::new();
    let scenarios = scenarios
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let text = format!("scenario: Number {at}\ncontract: doors\neffects: writes\n{text}");
            let file = SourceFile::new(format!("{at}.yaml"), text);
            let (scenario, problems) = scenario::read(
                &file,
                &format!("doors/{at:04}"),
                None,
                &contract,
                &sequences,
            );
            assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
            Arc::new(scenario.unwrap())
        })
        .collect();
    Suite {
        contract,
        sequences,
        scenarios,
    }
}

fn options() -> RunOptions {
    RunOptions {
        jobs: 1,
        timeout: Duration::from_millis(300),
        ..RunOptions::default()
    }
}

fn planned(suite: &Suite, target: Target) -> SuiteRun {
    let mocked = matches!(target, Target::Mock(_));
    let options = PlanOptions {
        mocked,
        run_id: "wireproof-test".into(),
        allow_writes: true,
        ..PlanOptions::default()
    };
    let planned = plan(suite, &TargetTraits::default(), &options);
    let problems = planned.problems.render(Look::PLAIN);
    assert!(planned.problems.is_empty(), "{problems}");
    SuiteRun {
        contract: suite.contract.clone(),
        name: "test".into(),
        target,
        planned,
    }
}

async fn against(origin: Origin, scenarios: &[&str], options: RunOptions) -> RunResult {
    let url = Target::Url(UrlTarget { origin });
    run(vec![planned(&suite(scenarios), url)], options, |_| {})
        .await
        .unwrap()
}

fn first(result: &RunResult) -> &ScenarioResult {
    &result.suites[0].scenarios[0]
}

fn subjects(result: &ScenarioResult) -> Vec<(Option<&str>, &str, &str)> {
    result
        .findings
        .iter()
        .map(|finding| {
            (
                finding.clause.as_ref().map(|clause| clause.id.as_str()),
                finding.step.as_str(),
                finding.subject.as_str(),
            )
        })
        .collect()
}

fn clauses(result: &RunResult) -> Vec<(&str, ClauseOutcome, u64)> {
    let clauses = result.suites[0].clauses.iter();
    clauses
        .map(|clause| (clause.clause.id.as_str(), clause.outcome, clause.checked))
        .collect()
}

fn lines(read: &[Vec<u8>]) -> Vec<String> {
    read.iter()
        .map(|request| {
            let text = String::from_utf8_lossy(request);
            text.lines()
                .next()
                .unwrap_or_default()
                .trim_end_matches(" HTTP/1.1")
                .to_owned()
        })
        .collect()
}

const OPEN: &str = "
steps:
  - id: knock
    operation: open
    path: { name: front door }
    expect: [{ proves: open.succeeds, status: 200 }]
";

#[tokio::test]
async fn a_scenario_that_goes_well_keeps_its_clauses() {
    let (origin, read) = server(vec![vec![ok("x")]]).await;
    let result = against(origin, &[OPEN], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Passed, "{result:?}");
    assert_eq!(first(&result).requests, 1);
    let kept = ClauseOutcome::Kept;
    assert_eq!(
        clauses(&result),
        [
            ("open.named", kept, 1),
            ("open.polite", kept, 1),
            ("open.succeeds", kept, 1)
        ]
    );
    assert_eq!(lines(&read.lock().unwrap()), ["GET /open/front%20door"]);
    assert!(result.any_reply && result.any_sent && !result.interrupted);
    assert!(first(&result).trace.is_empty());
}

#[tokio::test]
async fn a_suite_without_a_mock_is_served_from_its_documented_replies() {
    let target = Target::Mock(MockTarget {
        model: MockModel::Documented,
        settings: Vec::new(),
        quirks: Vec::new(),
    });
    let scenario = "
steps:
  - { operation: open, path: { name: a }, expect: [{ status: 200, body: open }] }
  - { request: { method: GET, path: /nowhere }, wait: 3h, expect: [{ status: 404 }] }
";
    let mut options = options();
    options.keep_trace = true;
    options.timeout = Duration::from_secs(10);
    let result = run(vec![planned(&suite(&[scenario]), target)], options, |_| {})
        .await
        .unwrap();
    assert_eq!(first(&result).outcome, Outcome::Passed, "{result:?}");
    assert_eq!(first(&result).trace.len(), 2);
    assert_eq!(clauses(&result)[0], ("open.named", ClauseOutcome::Kept, 1));
}

#[tokio::test]
async fn a_broken_invariant_never_stops_a_scenario_and_is_found_on_cleanup_too() {
    let bare = || {
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nlong, longer".to_vec(),
            Then::Keep,
        )
    };
    let (origin, read) = server(vec![vec![bare(), ok(""), bare()]]).await;
    let scenario = "
steps:
  - { id: one, operation: open, path: { name: a }, expect: [{ status: 200 }] }
  - { id: two, operation: open, expect: [{ status: 200 }] }
cleanup:
  - { id: three, operation: open }
";
    let result = against(origin, &[scenario], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Failed);
    let (named, polite) = (Some("open.named"), Some("open.polite"));
    assert_eq!(
        subjects(first(&result)),
        [
            (named, "one", "header X-Door"),
            (polite, "one", "body"),
            (named, "three", "header X-Door"),
            (polite, "three", "body"),
        ]
    );
    assert_eq!(
        clauses(&result)[0],
        ("open.named", ClauseOutcome::Broken, 3)
    );
    assert_eq!(
        lines(&read.lock().unwrap()),
        ["GET /open/a"; 3],
        "the path is kept"
    );
}

#[tokio::test]
async fn a_broken_should_alone_passes() {
    let (origin, _) = server(vec![vec![ok("long, longer, longest")]]).await;
    let result = against(origin, &[OPEN], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Passed);
    assert_eq!(
        subjects(first(&result)),
        [(Some("open.polite"), "knock", "body")]
    );
    assert!(first(&result).findings[0].exchange.is_some());
}

#[rstest]
#[case("{ status: 201 }", Outcome::Blocked, None)]
#[case(
    "{ proves: open.succeeds, status: 201 }",
    Outcome::Failed,
    Some("open.succeeds")
)]
#[tokio::test]
async fn a_failed_expectation_stops_the_scenario_and_cleanup_runs(
    #[case] expect: &str,
    #[case] outcome: Outcome,
    #[case] clause: Option<&str>,
) {
    let (origin, read) = server(vec![vec![ok("x"), status(204), status(204)]]).await;
    let scenario = format!(
        "
steps:
  - {{ id: one, operation: open, path: {{ name: a }}, expect: [{expect}], capture: {{ door: {{ header: X-Door }} }} }}
  - {{ id: two, operation: open, header: {{ X: \"{{{{ door }}}}\" }} }}
cleanup:
  - {{ operation: shut }}
  - {{ operation: shut, header: {{ X: \"{{{{ door }}}}\" }} }}
"
    );
    let result = against(origin, &[&scenario], options()).await;
    assert_eq!(first(&result).outcome, outcome, "{result:?}");
    assert_eq!(subjects(first(&result)), [(clause, "one", "status")]);
    assert_eq!(
        lines(&read.lock().unwrap()),
        ["GET /open/a", "DELETE /open/a"],
        "the step whose capture is unset is left out"
    );
}

#[tokio::test]
async fn a_failed_capture_stops_the_scenario() {
    let (origin, read) = server(vec![vec![ok("x")]]).await;
    let scenario = "
steps:
  - { id: one, operation: open, path: { name: a }, capture: { door: { header: X-None } } }
  - { id: two, operation: open, header: { X: \"{{ door }}\" } }
";
    let result = against(origin, &[scenario], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Failed);
    assert_eq!(subjects(first(&result)), [(None, "one", "header X-None")]);
    assert_eq!(read.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_break_that_is_expected_passes_and_one_that_is_not_blocks() {
    let closing = || (Vec::new(), Then::Close);
    let expecting = "
steps:
  - { operation: open, path: { name: a }, expect: [{ broken: { how: closed } }] }
";
    let plain = "
steps:
  - { operation: open, path: { name: a } }
";
    let (origin, _) = server(vec![vec![closing()], vec![closing()]]).await;
    let result = against(origin, &[expecting, plain], options()).await;
    let outcomes: Vec<_> = result.suites[0]
        .scenarios
        .iter()
        .map(|one| &one.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [&Outcome::Passed, &Outcome::Blocked],
        "{result:?}"
    );
    assert_eq!(
        subjects(&result.suites[0].scenarios[1]),
        [(None, "step 1", "connection")]
    );
    assert!(!result.any_reply);
}

#[tokio::test]
async fn bytes_behind_a_reply_are_a_finding() {
    let (mut bytes, then) = ok("x");
    bytes.extend_from_slice(b"HTTP/1.1 200");
    let (origin, _) = server(vec![vec![(bytes, then)]]).await;
    let result = against(origin, &[OPEN], options()).await;
    assert_eq!(subjects(first(&result)), [(None, "knock", "connection")]);
    assert_eq!(first(&result).outcome, Outcome::Failed);
}

/// The server takes the second request of its first connection and closes.
#[tokio::test]
async fn a_kept_connection_that_ends_under_a_request_is_a_finding_though_a_new_one_is_answered() {
    let (origin, _) = server(vec![vec![ok("x")], vec![ok("x")]]).await;
    let twice = "
steps:
  - { operation: open, path: { name: a } }
  - { id: again, operation: open, path: { name: a } }
";
    let result = against(origin, &[twice], options()).await;
    let scenario = first(&result);
    assert_eq!(subjects(scenario), [(None, "again", "connection")]);
    assert_eq!(scenario.findings[0].level, contract::Level::Should);
}

/// What a contract says of framing; whether the reply comes whole does not matter.
const FRAMED: &str = "  - { id: framed, level: should, says: Replies end., source: [api], on: any, then: { framing: { not: wrong } }, broken-by: [{ excess: x }] }\n";

#[rstest]
#[case::behind("HTTP/1.1 200 OK\r\nX-Door: oak\r\nContent-Length: 1\r\n\r\nxyz", &[(None, "connection"), (Some("framed"), "framing")])]
#[case::cut("HTTP/1.1 200 OK\r\nX-Door: oak\r\nContent-Length: 9\r\n\r\nx", &[(Some("framed"), "framing"), (None, "connection")])]
#[case::garbage("HTTQ/1.1 200 OK\r\n\r\n", &[(Some("framed"), "framing"), (None, "connection")])]
#[case::silence("", &[(None, "connection")])]
#[tokio::test]
async fn wrong_framing_breaks_the_clause_about_it(
    #[case] bytes: &'static str,
    #[case] expected: &[(Option<&str>, &str)],
) {
    let (origin, _) = server(vec![vec![(bytes.into(), Then::Close)]]).await;
    let mut suite = suite(&["\nsteps:\n  - { operation: open, path: { name: a } }\n"]);
    let text = format!("{CONTRACT}{FRAMED}");
    let (contract, _) = contract::read(&SourceFile::new("contract.yaml", text));
    suite.contract = Arc::new(contract.expect("a contract"));
    let target = Target::Url(UrlTarget { origin });
    let result = run(vec![planned(&suite, target)], options(), |_| {})
        .await
        .expect("a run");
    let found: Vec<_> = subjects(first(&result))
        .into_iter()
        .map(|(clause, _, subject)| (clause, subject))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn requests_keep_to_the_rate() {
    let (origin, _) = server(vec![vec![ok("x")], vec![ok("x")], vec![ok("x")]]).await;
    let options = RunOptions {
        rate: Some(20.0),
        jobs: 3,
        ..options()
    };
    let result = against(origin, &[OPEN; 3], options).await;
    assert!(
        result.elapsed >= Duration::from_millis(95),
        "{:?}",
        result.elapsed
    );
}

#[tokio::test]
async fn what_we_could_not_do_is_an_error_and_no_finding() {
    let (origin, read) = server(vec![vec![ok("x")]]).await;
    let scenario = "
vars: { file: { bytes: 10, seed: 1 } }
steps:
  - { operation: open, path: { name: a }, body: { slice: [file, 5, 11] } }
";
    let result = against(origin, &[scenario], options()).await;
    let Outcome::Errored(why) = &first(&result).outcome else {
        panic!("{result:?}");
    };
    assert!(why.contains("has 10 bytes, none from 5 to 11"), "{why}");
    assert!(read.lock().unwrap().is_empty() && !result.any_sent);
}

#[rstest]
#[case::value(
    r#"{ operation: open, path: { name: a }, header: { X: "{{ bad }}" } }"#,
    "value of `X`"
)]
#[case::method(r#"{ request: { method: "{{ bad }}", path: / } }"#, "the method")]
#[case::path(r#"{ request: { method: GET, path: "/{{ bad }}" } }"#, "the path")]
#[case::no_path(
    r#"{ request: { method: GET, path: "{{ bad }}" } }"#,
    "begins with `/`"
)]
#[tokio::test]
async fn what_a_variable_makes_no_http_is_not_sent(#[case] step: &str, #[case] why: &str) {
    let (origin, read) = server(vec![vec![ok("x")]]).await;
    let scenario = format!("vars: {{ bad: \"a\\r\\nX-Evil: 1\" }}\nsteps:\n  - {step}\n");
    let result = against(origin, &[&scenario], options()).await;
    let errored = &first(&result).outcome;
    assert!(
        matches!(errored, Outcome::Errored(told) if told.contains(why)),
        "{result:?}"
    );
    assert!(first(&result).findings.is_empty());
    assert!(read.lock().unwrap().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_server_whose_replies_trickle_is_given_up() {
    let trickling = || {
        let head = "HTTP/1.1 200 OK\r\nX-Door: oak\r\nContent-Length: 100000\r\n\r\nx";
        vec![(head.as_bytes().to_vec(), Then::Keep)]
    };
    let (origin, _) = server((0..6).map(|_| trickling()).collect()).await;
    let result = against(origin, &[OPEN; 6], options()).await;
    let told = result.suites[0].scenarios[0].findings[0].actual.clone();
    assert!(
        told.contains("not whole within 300ms: stopped after 1 of 100000 bytes"),
        "{told}"
    );
    let sent: u64 = result.suites[0]
        .scenarios
        .iter()
        .map(|one| one.requests)
        .sum();
    assert_eq!(sent, 3, "{result:?}");
}
