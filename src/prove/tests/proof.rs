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

const CONTRACT: &str = r#"
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
    let contract = Arc::new(contract(CONTRACT));
    let file = SourceFile::new("hello.yaml", SCENARIO.replace("STATUS", status));
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
    let run = SuiteRun {
        contract,
        name: "mock".to_owned(),
        target: Target::Mock(MockTarget {
            model: MockModel::Documented,
            settings: Vec::new(),
            quirks: Vec::new(),
        }),
        planned,
    };
    let options = RunOptions {
        jobs: 2,
        clock: Clock::held(crate::mock::Moment(0)),
        ..RunOptions::default()
    };
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(prove(vec![run], options))
        .expect("a proof")
}

#[test]
fn what_is_caught_what_escapes_and_what_nobody_exercises_is_told() {
    let proof = proof("200");
    assert_eq!(proof.clauses, 5);
    assert_eq!(proof.not_exercised, ["never.said"]);
    assert!(proof.failed.is_empty(), "{:?}", proof.failed);
    let escaped: Vec<_> = proof
        .escaped
        .iter()
        .map(|e| format!("{} / {} / {}", e.clause, e.counterexample, e.why))
        .collect();
    insta::assert_snapshot!(escaped.join("\n"));
    assert_eq!(proof.counterexamples, proof.caught + proof.escaped.len());
    assert_eq!(proof.caught, 5);
    assert!(!proof.holds());
}

#[test]
fn a_suite_that_fails_as_it_is_proves_nothing() {
    let proof = proof("201");
    assert_eq!(proof.failed.len(), 1);
    assert!(!proof.holds());
    assert!(!ProofResult::default().holds());
}
