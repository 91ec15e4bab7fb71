use super::{CONTRACT, Judge, broken, contract, exchange, expectation, json_reply, judge};
use crate::{
    check::Judged,
    contract::Level,
    message::{How, Reply},
    scenario::{Capture, CaptureFrom, Expect},
    source::{Place, Scope, Template},
};
use rstest::rstest;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

fn ids(judge: &Judge, clauses: &[usize]) -> Vec<String> {
    clauses
        .iter()
        .map(|at| judge.contract().clauses[*at].id.clone())
        .collect()
}

fn good() -> Reply {
    Reply::new(200)
        .header("X-Token", "abc")
        .header("X-Limit", "10")
        .header("X-Form", "new")
        .header("Server", "s")
}

#[test]
fn invariants_of_the_operation_are_judged_where_they_apply() {
    let judge = judge();
    let judged = judge.invariants(&exchange(good()), Some(0), &Scope::new());
    assert_eq!(
        ids(&judge, &judged.kept),
        ["order.token", "order.limit", "everything.named"]
    );
    assert!(judged.findings.is_empty() && judged.broken.is_empty() && judged.wrong.is_empty());
    // Another status: `when` does not fit, so the clause says nothing.
    let mut reply = good();
    reply.status = 404;
    let judged = judge.invariants(&exchange(reply), Some(0), &Scope::new());
    assert_eq!(
        ids(&judge, &judged.kept),
        ["order.limit", "everything.named"]
    );
    let judged = judge.invariants(&exchange(good()), Some(1), &Scope::new());
    assert_eq!(ids(&judge, &judged.kept), ["everything.named"]);
    let judged = judge.invariants(&exchange(good()), None, &Scope::new());
    assert_eq!(ids(&judge, &judged.kept), ["everything.named"]);
}

#[test]
fn a_broken_invariant_is_a_finding_with_its_clause_level_and_document() {
    let judge = judge();
    let mut reply = good();
    reply.headers.set("X-Token", "other");
    reply.headers.set("X-Limit", "11");
    let judged = judge.invariants(&exchange(reply), Some(0), &Scope::new());
    assert_eq!(ids(&judge, &judged.broken), ["order.token", "order.limit"]);
    let [token, limit] = &judged.findings[..] else {
        panic!("two findings: {judged:?}");
    };
    let clause = token.clause.as_ref().expect("a clause");
    assert_eq!(clause.id, "order.token");
    assert_eq!(
        clause.sources,
        [(
            "doc § Tokens".to_owned(),
            "https://example.com/doc".to_owned()
        )]
    );
    assert_eq!((token.level, limit.level), (Level::Must, Level::Should));
    assert_eq!(token.subject, "header X-Token");
    assert_eq!((&*token.expected, &*token.actual), ("\"abc\"", "\"other\""));
    assert_eq!((&*limit.expected, &*limit.actual), ("10", "\"11\""));
}

#[test]
fn clauses_of_other_targets_are_not_judged() {
    let traits = BTreeMap::from([("form".to_owned(), "old".to_owned())]);
    let judge = Judge::new(Arc::clone(&CONTRACT), traits);
    let judged = judge.invariants(&exchange(good()), Some(1), &Scope::new());
    assert_eq!(ids(&judge, &judged.broken), ["old.only"]);
    let judged = judge.invariants(&exchange(good()), None, &Scope::new());
    assert!(judged.broken.is_empty());
}

#[test]
fn a_clause_of_the_client_is_judged_for_the_client_only_and_when_the_server_broke_too() {
    let judge = judge();
    for exchange in [exchange(good()), broken(How::Reset)] {
        let judged = judge.client(&exchange, Some(0), &Scope::new());
        assert_eq!(ids(&judge, &judged.broken), ["client.agent"]);
        let judged = judge.invariants(&exchange, Some(0), &Scope::new());
        assert!(!ids(&judge, &judged.broken).contains(&"client.agent".to_owned()));
    }
}

#[test]
fn a_client_keeps_its_promise_although_the_exchange_broke() {
    let judge = judge();
    let mut exchange = broken(How::Reset);
    exchange.request.headers.append("User-Agent", "curl");
    let judged = judge.client(&exchange, Some(0), &Scope::new());
    assert_eq!(ids(&judge, &judged.kept), ["client.agent"]);
    assert!(judged.broken.is_empty());
    let judged = judge.only("client.agent", &exchange, Some(0), &Scope::new());
    assert_eq!(ids(&judge, &judged.kept), ["client.agent"]);
}

#[test]
fn one_invariant_is_judged_alone_where_it_concerns_the_operation() {
    let judge = judge();
    let mut reply = good();
    reply.headers.set("X-Limit", "11");
    let exchange = exchange(reply);
    let only = |id: &str, operation| judge.only(id, &exchange, operation, &Scope::new());
    assert_eq!(
        ids(&judge, &only("order.token", Some(0)).kept),
        ["order.token"]
    );
    let limit = only("order.limit", Some(0));
    assert_eq!(ids(&judge, &limit.broken), ["order.limit"]);
    assert_eq!(limit.findings.len(), 1);
    for nothing in [
        only("order.limit", Some(1)),
        only("order.limit", None),
        only("order.kept", Some(0)),
        only("no.such", Some(0)),
    ] {
        assert!(
            nothing.kept.is_empty() && nothing.broken.is_empty(),
            "{nothing:?}"
        );
    }
}

#[rstest]
#[case::no_clause("", &[])]
#[case::of_framing("then: { framing: length }", &["of.framing"])]
#[case::under_a_condition("when: { status: 200 }, then: { framing: length }", &[])]
#[case::of_more_than_framing("then: { framing: length, status: 200 }", &[])]
#[case::of_a_scenario("proved-by: scenario", &[])]
fn clauses_of_framing_are_those_that_promise_nothing_else(
    #[case] proof: &str,
    #[case] kept: &[&str],
) {
    let on = if proof.contains("then") {
        "on: any, "
    } else {
        ""
    };
    let clause = format!(
        "clauses:\n  - {{ id: of.framing, level: must, says: F., source: [doc], {on}{proof}, broken-by: [{{ status: 500 }}] }}\n"
    );
    let text = match proof {
        "" => super::TEXT.to_owned(),
        _ => super::TEXT.replace("clauses:\n", &clause),
    };
    let judge = Judge::new(Arc::new(contract(&text)), BTreeMap::new());
    assert_eq!(judge.promises_framing(), !kept.is_empty());
    let judged = judge.framing(&exchange(good()), Some(0), &Scope::new());
    assert_eq!(ids(&judge, &judged.kept), kept);
    assert!(judged.broken.is_empty() && judged.wrong.is_empty());
}

#[test]
fn those_that_concern_an_operation_are_the_invariants_of_the_server() {
    let judge = judge();
    assert_eq!(
        ids(&judge, judge.concerned(Some(0))),
        ["order.token", "order.limit", "everything.named"]
    );
    assert_eq!(ids(&judge, judge.concerned(None)), ["everything.named"]);
}

#[rstest]
#[case(&[("form", "old")], true)]
#[case(&[("form", "new")], true)]
#[case(&[("form", "other")], false)]
#[case(&[("form", "old"), ("size", "small")], false)]
#[case(&[("size", "large")], true)]
#[case(&[], true)]
fn a_target_is_meant_unless_one_of_its_traits_says_otherwise(
    #[case] traits: &[(&str, &str)],
    #[case] meant: bool,
) {
    let wanted = [
        ("form".to_owned(), vec!["old".to_owned(), "new".to_owned()]),
        ("size".to_owned(), vec!["large".to_owned()]),
    ];
    let traits = traits
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(crate::check::holds(&wanted, &traits), meant);
}

#[test]
fn a_broken_exchange_breaks_every_invariant_that_always_holds() {
    let judge = judge();
    let judged = judge.invariants(&broken(How::Reset), Some(0), &Scope::new());
    assert_eq!(
        ids(&judge, &judged.broken),
        ["order.limit", "everything.named"]
    );
    assert_eq!(judged.findings[0].subject, "connection");
}

#[test]
fn what_cannot_be_judged_names_the_clause() {
    let text = super::TEXT.replace("request.header['X-Token']", "request.header['X-Never']");
    let judge = Judge::new(Arc::new(contract(&text)), BTreeMap::new());
    let judged = judge.invariants(&exchange(good()), Some(0), &Scope::new());
    assert!(
        judged.wrong[0].message.starts_with("clause order.token: "),
        "{judged:?}"
    );
    assert!(!ids(&judge, &judged.kept).contains(&"order.token".to_owned()));
}

fn expects(proves: &[&str], yaml: &str, exchange: &crate::message::Exchange) -> Judged {
    let expect = Expect {
        proves: proves
            .iter()
            .map(|id| ((*id).to_owned(), Place::nowhere()))
            .collect(),
        traits: Vec::new(),
        what: expectation(yaml),
    };
    judge().expects(&[expect], exchange, Some(0), &Scope::new(), false)
}

#[test]
fn an_expectation_keeps_or_breaks_what_it_proves() {
    let judge = judge();
    let judged = expects(&["order.kept"], "{ status: 200 }", &exchange(good()));
    assert_eq!(ids(&judge, &judged.kept), ["order.kept"]);
    let judged = expects(
        &["order.kept", "order.token"],
        "{ status: 201 }",
        &exchange(good()),
    );
    assert_eq!(ids(&judge, &judged.broken), ["order.kept", "order.token"]);
    let clauses: Vec<_> = judged
        .findings
        .iter()
        .map(|f| f.clause.clone().expect("one").id)
        .collect();
    assert_eq!(clauses, ["order.kept", "order.token"]);
    let judged = expects(&["order.nothing"], "{ status: 200 }", &exchange(good()));
    assert_eq!(judged.wrong.len(), 1);
}

#[test]
fn a_precondition_has_no_clause_and_a_wrong_status_says_enough() {
    let judged = expects(
        &[],
        "{ status: 201, header: { X: '1', Y: '2' } }",
        &exchange(good()),
    );
    assert_eq!(judged.findings.len(), 1);
    assert!(judged.findings[0].clause.is_none());
    let judged = expects(
        &[],
        "{ status: 200, header: { X: '1', Y: '2' } }",
        &exchange(good()),
    );
    assert_eq!(judged.findings.len(), 2);
}

#[test]
fn a_broken_exchange_that_nobody_expects_is_a_finding() {
    let judged = judge().expects(&[], &broken(How::Stalled), None, &Scope::new(), false);
    assert_eq!(judged.findings.len(), 1);
    assert_eq!(judged.findings[0].subject, "connection");
    let judged = judge().expects(&[], &exchange(good()), None, &Scope::new(), false);
    assert!(judged.findings.is_empty());
}

#[rstest]
#[case("{ status: 200 }", true)]
#[case("{ any: [{ status: 200 }, { status: 404 }] }", true)]
#[case("{ broken: true }", false)]
#[case("{ any: [{ status: 200 }, { broken: true }] }", false)]
fn a_reply_that_is_too_large_keeps_nothing_and_breaks_nothing(
    #[case] yaml: &str,
    #[case] unread: bool,
    #[values(Some(200), None)] head: Option<u16>,
) {
    let mut large = broken(How::TooLarge);
    if let Err(broken) = &mut large.outcome {
        broken.partial = head.map(|status| Box::new(Reply::new(status)));
    }
    let judged = expects(&["order.kept"], yaml, &large);
    let limit = |words: &str| {
        judged
            .findings
            .iter()
            .any(|one| one.expected.contains(words))
    };
    // More of a body is read where that is asked for, of a head never.
    assert_eq!(
        limit("--body-limit"),
        unread && head.is_some(),
        "{judged:?}"
    );
    assert_eq!(
        limit("nothing raises"),
        unread && head.is_none(),
        "{judged:?}"
    );
    assert_eq!(judged.kept.is_empty(), unread, "{judged:?}");
}

fn plain(text: &str) -> Template {
    Template::plain(text, Place::nowhere())
}

#[rstest]
#[case(CaptureFrom::Header("x-token".into()), json!("abc"))]
#[case(CaptureFrom::Json("$.Id".into()), json!(7))]
#[case(CaptureFrom::Json("$.Sub".into()), json!({"x": [1]}))]
#[case(CaptureFrom::Body(plain("\"N\": \"(.)")), json!("A"))]
#[case(CaptureFrom::Body(plain("nn")), json!("nn"))]
#[case(CaptureFrom::Status, json!(200))]
#[case(CaptureFrom::Value(Template::parse("{{ reply.status + 1 }}", Place::nowhere()).expect("a template")), json!(201))]
fn a_value_is_captured(#[case] from: CaptureFrom, #[case] expected: Value) {
    let exchange = exchange(
        json_reply(r#"{"Id": 7, "N": "Ann", "Sub": {"x": [1]}}"#).header("X-Token", "abc"),
    );
    let capture = Capture {
        name: "v".to_owned(),
        from,
        optional: false,
        place: Place::nowhere(),
    };
    let value = judge().capture(&capture, &exchange, Some(0), &Scope::new());
    assert_eq!(value.expect("a value"), expected);
}

#[rstest]
#[case("<a>7</a>", json!("7"))]
#[case(
    "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
    Value::Null
)]
fn an_element_is_captured_as_text_and_nil_as_null(#[case] body: &str, #[case] expected: Value) {
    let capture = Capture {
        name: "v".to_owned(),
        from: CaptureFrom::Xml("/a".into()),
        optional: false,
        place: Place::nowhere(),
    };
    let exchange = exchange(super::xml_reply(body));
    let value = judge().capture(&capture, &exchange, Some(0), &Scope::new());
    assert_eq!(value.expect("a value"), expected);
}

#[rstest]
#[case(CaptureFrom::Header("X-None".into()))]
#[case(CaptureFrom::Json("$.None".into()))]
#[case(CaptureFrom::Xml("/a".into()))]
#[case(CaptureFrom::Body(plain("zzz")))]
fn what_is_not_there_cannot_be_captured_unless_it_is_optional(#[case] from: CaptureFrom) {
    let exchange = exchange(json_reply("{}"));
    let mut capture = Capture {
        name: "v".to_owned(),
        from,
        optional: false,
        place: Place::nowhere(),
    };
    let finding = judge()
        .capture(&capture, &exchange, Some(0), &Scope::new())
        .expect_err("nothing there");
    assert!(finding.clause.is_none() && finding.expected.contains("`v`"));
    if let CaptureFrom::Body(_) = &capture.from {
        assert_eq!(finding.expected, "a value for `v`: text that matches /zzz/");
    }
    capture.optional = true;
    let value = judge().capture(&capture, &exchange, Some(0), &Scope::new());
    assert_eq!(value.expect("optional"), json!(""));
}
