use super::contract;
use crate::{
    mock::Clock,
    plan::{PlanOptions, TargetTraits, plan},
    prove::{ProofResult, prove},
    runner::{MockModel, MockTarget, RunOptions, SuiteRun, Target},
    scenario::{self, Suite},
    source::SourceFile,
};
use indexmap::IndexMap;
use std::sync::Arc;

pub(super) const CONTRACT: &str = r#"
contract: greeting
title: Greeting
documents: { doc: { title: D, url: "https://example.com/" } }
operations:
  - id: hello
    method: GET
    path: "/hello"
    source: [doc]
    reply: { status: 200, header: { Content-Type: application/json, X-Kind: fine }, example: { json: { text: "hello" } } }
  - id: never
    method: GET
    path: "/never"
    source: [doc]
    reply: { status: 204, empty: true }
clauses:
  - id: hello.typed
    level: must
    says: The text is text.
    source: [doc]
    on: [hello]
    then: { json: { $.text: { is: string } } }
    broken-by: [{ json: { $.text: 5 } }, { json: { $.text: { remove: true } } }, { body: null }]
  - id: hello.kind
    level: should
    says: The kind is fine.
    source: [doc]
    on: [hello]
    when: { status: 200 }
    then: { header: { X-Kind: { is: present } } }
    broken-by: [{ header: { X-Kind: other } }, { status: 500 }, { header: { X-None: null } }]
  - id: hello.proved
    level: must
    says: A hello is answered.
    source: [doc]
    on: [hello]
    proved-by: scenario
    broken-by: [{ status: 404 }, { header: { X-Kind: null } }]
  - id: never.said
    level: must
    says: Never happens.
    source: [doc]
    on: [never]
    then: { body: null }
    broken-by: [{ body: something }]
  - id: hello.agent
    level: must
    says: A client asks for JSON.
    source: [doc]
    on: [hello]
    judges: client
    then: { request: { header: { Accept: application/json } } }
    broken-by: [{ request: { header: { Accept: null } } }]
"#;

const SCENARIO: &str = r#"
scenario: Hello
contract: greeting
steps:
  - operation: hello
    header: { Accept: application/json }
    expect: [{ proves: hello.proved, status: STATUS }]
"#;

fn proof(status: &str) -> ProofResult {
    proof_of(CONTRACT, status)
}

/// Headers of a request that a pool sends as it is, and of one that it cannot.
pub(super) const POOLED: &str = "Accept: application/json";
const EXACT: &str = "Accept: application/json, x-case: kept";

fn proof_of(text: &str, status: &str) -> ProofResult {
    proof_with(text, status, POOLED)
}

fn proof_with(text: &str, status: &str, header: &str) -> ProofResult {
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(prove(vec![suite(text, status, header)], options()))
        .expect("a proof")
}

pub(super) fn options() -> RunOptions {
    RunOptions {
        jobs: 2,
        clock: Clock::held(crate::mock::Moment(0)),
        ..RunOptions::default()
    }
}

/// A contract with its one scenario, for a mock made of that contract.
pub(super) fn suite(text: &str, status: &str, header: &str) -> SuiteRun {
    let contract = Arc::new(contract(text));
    let file = SourceFile::new(
        "hello.yaml",
        SCENARIO.replace("STATUS", status).replace(POOLED, header),
    );
    let (scenario, problems) = scenario::read(
        &file,
        "greeting/all/hello",
        None,
        &contract,
        &IndexMap::new(),
    );
    assert!(problems.is_empty(), "{problems:?}");
    let suite = Suite {
        contract: Arc::clone(&contract),
        sequences: IndexMap::new(),
        scenarios: vec![Arc::new(scenario.expect("a scenario"))],
    };
    let options = PlanOptions {
        mocked: true,
        run_id: crate::plan::MOCK_RUN_ID.to_owned(),
        ..PlanOptions::default()
    };
    let planned = plan(&suite, &TargetTraits::default(), &options);
    assert_eq!(planned.plans.len(), 1, "{:?}", planned.problems);
    SuiteRun {
        contract,
        name: "mock".to_owned(),
        target: Target::Mock(MockTarget {
            model: MockModel::Documented,
            settings: Vec::new(),
            quirks: Vec::new(),
        }),
        planned,
    }
}

#[test]
fn what_is_caught_what_escapes_and_what_nobody_exercises_is_told() {
    let proof = proof("200");
    assert_eq!(proof.clauses, 5);
    assert_eq!(proof.not_exercised, ["never.said"]);
    assert!(proof.failed.is_empty(), "{:?}", proof.failed);
    let (derived, written): (Vec<_>, Vec<_>) = proof
        .escaped
        .iter()
        .partition(|escape| escape.clause.starts_with("derived: "));
    let escaped: Vec<_> = written
        .iter()
        .map(|e| format!("{} / {} / {}", e.clause, e.counterexample, e.why))
        .collect();
    insta::assert_snapshot!(escaped.join("\n"));
    assert_eq!(proof.counterexamples, proof.caught + proof.escaped.len());
    assert_eq!(proof.caught - (proof.derived - derived.len()), 5);
    assert!(!proof.holds());
}

#[test]
fn wrong_framing_is_told_by_the_run_and_by_the_clause_about_it_where_there_is_one() {
    let escaped = |text: &str, header: &str| -> Vec<String> {
        let proof = proof_with(text, "200", header);
        let framing = proof
            .escaped
            .iter()
            .filter(|escape| escape.counterexample.contains(" framing "));
        framing
            .map(|escape| escape.counterexample.clone())
            .collect()
    };
    assert_eq!(escaped(CONTRACT, POOLED), [""; 0], "the run tells it");
    let framed = |then: &str| {
        format!(
            "{CONTRACT}  - {{ id: framed, level: must, says: S., source: [doc], on: any, then: {then}, broken-by: [{{ broken: cut }}] }}\n"
        )
    };
    let right = framed("{ framing: { not: wrong } }");
    assert_eq!(escaped(&right, EXACT), [""; 0]);
    let unseen = [
        "bytes before the status line",
        "bytes behind",
        "length and chunks",
        "length too small",
        "unasked coding",
    ];
    let unseen = unseen.map(|name| format!("200 framing {name}"));
    assert_eq!(escaped(&right, POOLED), unseen, "a pool hides those");
    let blind = framed("{ framing: [length, chunked, close, none, wrong] }");
    let all = escaped(&blind, EXACT);
    assert_eq!(all.len(), 16, "{all:?}");
    let short = "200 framing length too small".to_owned();
    assert!(!all.contains(&short), "what is left is no JSON");
}

#[test]
fn a_suite_that_fails_as_it_is_proves_nothing() {
    let proof = proof("201");
    assert_eq!(proof.failed.len(), 1);
    assert!(!proof.holds());
    assert!(!ProofResult::default().holds());
}

/// What a rule allows, with what escapes, and what the proof says of the rules.
const LATITUDE: &str = r#"
latitude:
  - { rule: kinds, derived: ["200 header X-Kind altered"], on: [hello], because: any kind will do, source: [doc] }
  - { rule: nothing, derived: ["200 header X-None *"], because: there is none, source: [doc] }
  - { rule: too-much, derived: ["200 member /text *", "200 body *"], except: ["hello: 200 body *"], because: wrong, source: [doc] }
"#;

#[test]
fn what_is_derived_is_caught_or_allowed_or_escapes_and_rules_are_held_to_what_they_say() {
    let bare = proof("200");
    let escaped = |proof: &ProofResult| -> Vec<String> {
        proof
            .escaped
            .iter()
            .filter(|escape| escape.clause == "derived: hello")
            .map(|escape| escape.counterexample.clone())
            .collect()
    };
    let before = escaped(&bare);
    // No clause looks at the value of X-Kind, and its presence is asked for.
    assert!(
        before.contains(&"200 header X-Kind altered".to_owned()),
        "{before:?}"
    );
    assert!(
        !before.contains(&"200 header X-Kind removed".to_owned()),
        "{before:?}"
    );
    // The scenario proves the status, and a clause the type of the text.
    assert!(
        !before.iter().any(|name| name.contains(" status ")),
        "{before:?}"
    );
    assert!(
        !before.contains(&"200 member /text retyped".to_owned()),
        "{before:?}"
    );
    assert!(
        before.contains(&"200 member /text emptied".to_owned()),
        "{before:?}"
    );

    let ruled = proof_of(&format!("{CONTRACT}{LATITUDE}"), "200");
    let allowed: Vec<_> = ruled
        .allowed
        .iter()
        .map(|allowed| {
            (
                allowed.rule.as_str(),
                allowed.because.as_str(),
                &*allowed.what,
            )
        })
        .collect();
    let kinds = ["hello: 200 header X-Kind altered".to_owned()];
    let texts = ["hello: 200 member /text emptied".to_owned()];
    assert_eq!(
        allowed,
        [
            ("kinds", "any kind will do", &kinds[..]),
            ("too-much", "wrong", &texts[..])
        ]
    );
    let left: Vec<_> = before
        .iter()
        .filter(|name| !name.contains("X-Kind altered") && !name.contains("/text emptied"))
        .cloned()
        .collect();
    assert_eq!(escaped(&ruled), left);
    let stale: Vec<_> = ruled
        .stale
        .iter()
        .map(|stale| stale.rule.as_str())
        .collect();
    assert_eq!(stale, ["nothing", "too-much"]);
    assert!(
        ruled.stale[1]
            .why
            .contains("hello: 200 member /text removed"),
        "{}",
        ruled.stale[1].why
    );
    assert_eq!(ruled.counterexamples, ruled.caught + ruled.escaped.len());
}
