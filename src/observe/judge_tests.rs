use super::{Found, Judgement};
use crate::{
    contract::{Contract, read},
    message::{Broken, Exchange, How, Reply, Request},
    observe::{End, Extent, Observed},
    runner::{ClauseOutcome, Outcome, ScenarioResult, SuiteResult},
    source::SourceFile,
};
use rstest::rstest;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const CONTRACT: &str = r#"
contract: orders
title: Orders
documents: { doc: { title: D, url: "https://example.com/" } }
traits: { kind: { values: [plain, fancy], default: plain, says: K. } }
vars: { secret: { secret: hush } }
operations:
  - { id: get, method: GET, path: "/orders/{order}", source: [doc], reply: { status: 200 } }
  - { id: put, method: PUT, path: "/orders/{order}", source: [doc], reply: { status: 200 } }
clauses:
  - { id: get.kind, level: must, says: S., source: [doc], on: [get], then: { header: { X-Kind: { is: present } } }, broken-by: [{ status: 500 }] }
  - { id: get.case, level: should, says: S., source: [doc], on: [get], when: { header: { X-Kind: { is: present } } }, then: { header: { X-Kind: Plain } }, broken-by: [{ status: 500 }] }
  - { id: any.hush, level: must, says: S., source: [doc], on: any, then: { body: { not: { contains: "{{ secret }}" } } }, broken-by: [{ body: hush }] }
  - { id: put.empty, level: must, says: S., source: [doc], on: [put], then: { body: null }, broken-by: [{ body: x }] }
  - { id: fancy.only, level: must, says: S., source: [doc], on: [get], where: { kind: fancy }, then: { status: 201 }, broken-by: [{ status: 200 }] }
  - { id: put.keeps, level: must, says: S., source: [doc], proved-by: scenario, broken-by: [{ status: 500 }] }
  - { id: client.name, level: must, says: S., source: [doc], on: [put], judges: client, then: { request: { json: { $.Name: { is: string } } } }, broken-by: [{ request: { body: "{}" } }] }
  - { id: client.token, level: may, says: S., source: [doc], on: all, judges: client, then: { request: { header: { X-Token: { is: present } } } }, broken-by: [{ request: { header: { X-Token: null } } }] }
RULE
"#;

fn contract(rule: &str) -> Arc<Contract> {
    let file = SourceFile::new("contract.yaml", CONTRACT.replace("RULE", rule));
    let (contract, problems) = read(&file);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(contract.expect("a contract"))
}

fn judgement() -> Judgement {
    Judgement::new(contract(""), &BTreeMap::new(), &[]).expect("variables")
}

fn request(method: &str, target: &str, body: &str) -> Request {
    let mut request = Request::new(method, target);
    request.headers.append("X-Token", "t");
    request.body = body.to_owned().into();
    request
}

fn observed(request: Request, outcome: Result<Reply, Broken>, end: End) -> Observed {
    let whole = |bytes: usize| Extent {
        bytes: bytes as u64,
        cut: false,
        ended: true,
    };
    let reply = outcome.as_ref().map_or(0, |reply| reply.body.len());
    Observed {
        end,
        at: Duration::from_millis(12_345),
        request_body: whole(request.body.len()),
        reply_body: whole(reply),
        exchange: Arc::new(Exchange {
            connection: 3,
            ..Exchange::new(request, "http://server", outcome)
        }),
    }
}

fn answered(request: Request, reply: Reply) -> Observed {
    observed(request, Ok(reply), End::Replied)
}

fn get(reply: Reply) -> Observed {
    answered(request("GET", "/orders/7", ""), reply)
}

fn broken() -> Broken {
    Broken {
        how: How::Reset,
        detail: "reset".to_owned(),
        partial: None,
    }
}

fn scenario<'r>(result: &'r SuiteResult, id: &str) -> &'r ScenarioResult {
    let found = result.scenarios.iter().find(|scenario| scenario.id == id);
    found.unwrap_or_else(|| panic!("no {id} among {:?}", result.scenarios))
}

fn told(result: &SuiteResult) -> Vec<String> {
    let mut told = Vec::new();
    for scenario in &result.scenarios {
        for finding in &scenario.findings {
            let clause = finding
                .clause
                .as_ref()
                .map_or(&*finding.subject, |c| &*c.id);
            told.push(format!("{} {clause}", scenario.id));
        }
    }
    told
}

#[test]
fn what_is_found_again_and_again_is_counted_and_shown_three_times() {
    let mut judgement = judgement();
    for number in 0..1_000 {
        judgement.look(&get(Reply::new(200).body(format!("reply {number}"))));
    }
    assert_eq!(judgement.judged(), 1_000);
    let found = Found {
        must: 1_000,
        ..Found::default()
    };
    assert_eq!(judgement.found(), found);
    let result = judgement.result("http://server");
    let scenario = scenario(&result, "orders/server/get");
    assert_eq!((scenario.requests, scenario.findings.len()), (1_000, 3));
    let times: Vec<_> = scenario.findings.iter().map(|f| f.times).collect();
    assert_eq!(times, [1, 1, 998]);
    assert_eq!(scenario.findings[0].step, "connection 3 at 12.345 s");
    let clause = result.clauses.iter().find(|c| c.clause.id == "get.kind");
    assert_eq!(clause.expect("the clause").checked, 1_000);
}

#[test]
fn an_example_holds_no_more_of_a_body_than_reports_show_and_other_exchanges_are_let_go() {
    let mut judgement = judgement();
    let long = get(Reply::new(200).body(vec![b'x'; 1 << 20]));
    let weak = Arc::downgrade(&long.exchange);
    judgement.look(&long);
    drop(long);
    assert!(weak.upgrade().is_none(), "the whole body is still held");
    let result = judgement.result("http://server");
    let shown = scenario(&result, "orders/server/get").findings[0]
        .exchange
        .clone();
    let shown = shown.expect("an exchange");
    assert_eq!(shown.reply().expect("a reply").body.len(), 16 << 10);
    let fine = get(Reply::new(200).header("X-Kind", "Plain"));
    let weak = Arc::downgrade(&fine.exchange);
    judgement.look(&fine);
    drop(fine);
    assert!(
        weak.upgrade().is_none(),
        "an exchange without findings is held"
    );
}

#[rstest]
#[case(End::Server, &["orders/server/get connection"])]
#[case(End::Client, &[])]
#[case(End::Nobody, &[])]
fn a_break_is_held_against_the_server_alone_and_only_where_it_broke(
    #[case] end: End,
    #[case] expected: &[&str],
) {
    let mut judgement = judgement();
    judgement.look(&observed(
        request("GET", "/orders/7", ""),
        Err(broken()),
        end,
    ));
    let result = judgement.result("http://server");
    assert_eq!(told(&result), expected);
    assert_eq!(scenario(&result, "orders/client/get").requests, 1);
}

#[test]
fn a_client_is_judged_although_the_server_broke_off() {
    let mut judgement = judgement();
    let request = request("PUT", "/orders/7", "{}");
    judgement.look(&observed(request, Err(broken()), End::Server));
    let result = judgement.result("http://server");
    let expected = [
        "orders/client/put client.name",
        "orders/server/put connection",
    ];
    assert_eq!(told(&result), expected);
}

#[test]
fn bytes_that_belong_to_no_reply_are_the_servers() {
    let mut judgement = judgement();
    let mut observed = get(Reply::new(200).header("X-Kind", "Plain"));
    let mut exchange = (*observed.exchange).clone();
    exchange.excess = "more".into();
    observed.exchange = Arc::new(exchange);
    judgement.look(&observed);
    let result = judgement.result("http://server");
    assert_eq!(told(&result), ["orders/server/get connection"]);
    assert_eq!(
        scenario(&result, "orders/server/get").outcome,
        Outcome::Failed
    );
}

#[rstest]
#[case(false, true, &["orders/client/put client.name"], 0)]
#[case(true, true, &[], 1)]
#[case(false, false, &[], 1)]
fn a_clause_about_a_body_is_left_out_where_not_all_of_it_is_there(
    #[case] cut: bool,
    #[case] ended: bool,
    #[case] expected: &[&str],
    #[case] left_out: u64,
) {
    let mut judgement = judgement();
    let mut observed = answered(request("PUT", "/orders/7", "{\"Name\":"), Reply::new(200));
    observed.request_body = Extent {
        cut,
        ended,
        ..observed.request_body
    };
    judgement.look(&observed);
    assert_eq!(told(&judgement.result("x")), expected);
    assert_eq!(judgement.left_out(), left_out);
}

#[test]
fn a_body_where_none_belongs_is_found_although_only_its_beginning_was_kept() {
    let mut judgement = judgement();
    let put = request("PUT", "/orders/7", "{\"Name\": \"a\"}");
    let mut observed = answered(put, Reply::new(200).body("beginning"));
    observed.reply_body.cut = true;
    judgement.look(&observed);
    let result = judgement.result("x");
    assert_eq!(told(&result), ["orders/server/put put.empty"]);
    assert_eq!(judgement.left_out(), 1, "any.hush needs all of the body");
}

#[test]
fn every_clause_says_whether_it_was_kept_and_what_traffic_cannot_show() {
    let mut judgement = judgement();
    judgement.look(&get(Reply::new(200).header("X-Kind", "plain")));
    let result = judgement.result("http://server");
    let clauses: Vec<_> = result
        .clauses
        .iter()
        .map(|clause| (clause.clause.id.as_str(), clause.outcome, clause.checked))
        .collect();
    let expected = [
        ("get.kind", ClauseOutcome::Kept, 1),
        ("get.case", ClauseOutcome::Broken, 1),
        ("any.hush", ClauseOutcome::Kept, 1),
        ("put.empty", ClauseOutcome::NotExercised, 0),
        // `fancy.only` is for other servers.
        ("put.keeps", ClauseOutcome::NeedsScenario, 0),
        ("client.name", ClauseOutcome::NotExercised, 0),
        ("client.token", ClauseOutcome::Kept, 1),
    ];
    assert_eq!(clauses, expected);
    assert_eq!(
        scenario(&result, "orders/server/get").outcome,
        Outcome::Passed,
        "a warning fails nothing"
    );
}

#[test]
fn traits_and_variables_that_are_given_count() {
    let traits = BTreeMap::from([("kind".to_owned(), "fancy".to_owned())]);
    let vars = [("secret".to_owned(), "sesame".to_owned())];
    let mut judgement = Judgement::new(contract(""), &traits, &vars).expect("variables");
    judgement.look(&get(Reply::new(200)
        .header("X-Kind", "Plain")
        .body("sesame")));
    let result = judgement.result("x");
    let expected = ["orders/server/get any.hush", "orders/server/get fancy.only"];
    assert_eq!(told(&result), expected);
}

const OWN_RULE: &str = "  - { id: client.known, level: must, says: S., source: [doc], on: any, judges: client, then: { request: { operation: { is: present } } }, broken-by: [{ request: { method: PATCH } }] }";

#[rstest]
#[case("", "orders/client/undocumented request", 0)]
#[case(OWN_RULE, "orders/client/undocumented client.known", 1)]
fn a_request_that_no_operation_is_like_is_a_finding_of_its_own(
    #[case] rule: &str,
    #[case] expected: &str,
    #[case] must: u64,
) {
    let mut judgement = Judgement::new(contract(rule), &BTreeMap::new(), &[]).expect("variables");
    judgement.look(&get(Reply::new(200).header("X-Kind", "Plain")));
    judgement.look(&answered(
        request("PATCH", "/orders/7", ""),
        Reply::new(405),
    ));
    let result = judgement.result("http://server");
    assert_eq!(told(&result), [expected]);
    assert_eq!(judgement.found().must, must);
}

const OF_FANCY: &str = r#"  - { id: client.known, level: should, says: S., source: [doc], on: any, judges: client, then: { any: [{ request: { operation: { is: present } } }, { request: { path: { not: { matches: "^/fancy/" } } } }] }, broken-by: [{ request: { path: /fancy/1 } }] }"#;

#[rstest]
#[case::by_a_clause(OF_FANCY, "orders/client/undocumented client.known")]
#[case::without_one("", "orders/client/undocumented request")]
fn a_request_for_a_server_with_another_trait_is_told_which_to_declare(
    #[case] rule: &str,
    #[case] expected: &str,
) {
    let fancy = r#"
  - { id: fancy, method: GET, path: "/fancy/{order}", where: { kind: fancy }, source: [doc], reply: { status: 200 } }
clauses:"#;
    let text = CONTRACT.replace("RULE", rule).replace("\nclauses:", fancy);
    let file = SourceFile::new("contract.yaml", text);
    let (contract, problems) = read(&file);
    assert!(problems.is_empty(), "{problems:?}");
    let contract = Arc::new(contract.expect("a contract"));
    let mut judgement = Judgement::new(contract, &BTreeMap::new(), &[]).expect("variables");
    let mut asked = request("GET", "/fancy/1", "");
    asked.headers.remove("X-Token");
    judgement.look(&answered(asked, Reply::new(200)));
    judgement.look(&answered(request("PATCH", "/fancy/1", ""), Reply::new(200)));
    let result = judgement.result("http://server");
    assert_eq!(told(&result)[..2], [expected; 2]);
    let findings = &scenario(&result, "orders/client/undocumented").findings;
    let hint = "kind=fancy: is `--set kind=fancy` meant?";
    assert!(findings[0].actual.ends_with(hint), "{:?}", findings[0]);
    // One that no trait makes an operation of has no such hint.
    assert!(!findings[1].actual.contains("--set"), "{:?}", findings[1]);
}

#[test]
fn traffic_of_another_contract_proves_nothing() {
    let mut judgement = judgement();
    judgement.look(&answered(request("GET", "/other", ""), Reply::new(200)));
    let result = judgement.result("http://server");
    for scenario in &result.scenarios {
        let Outcome::Skipped(why) = &scenario.outcome else {
            panic!("{scenario:?}");
        };
        assert!(why.starts_with("none of the 1 requests is of an operation of orders"));
    }
    assert_eq!(result.scenarios.len(), 2);
}

#[test]
fn a_clause_that_cannot_be_judged_is_our_error_and_told_once() {
    let rule = "  - { id: get.wrong, level: must, says: S., source: [doc], on: [get], then: { header: { X-Kind: { at-least: \"{{ reply.header['X-Least'] }}\" } } }, broken-by: [{ status: 500 }] }";
    let mut judgement = Judgement::new(contract(rule), &BTreeMap::new(), &[]).expect("variables");
    for _ in 0..3 {
        judgement.look(&get(Reply::new(200)
            .header("X-Kind", "Plain")
            .header("X-Least", "a")));
    }
    let result = judgement.result("x");
    let Outcome::Errored(why) = &scenario(&result, "orders/server/get").outcome else {
        panic!("{result:?}");
    };
    assert_eq!(why.matches("get.wrong").count(), 1, "{why}");
}
