use super::contract;
use crate::{
    check::Judge,
    contract::Contract,
    message::{Exchange, Framing, Reply, Request, Version},
    prove::edit::apply,
    source::Scope,
};
use rstest::rstest;
use std::{collections::BTreeMap, sync::Arc};

const HEAD: &str = r#"
contract: t
title: T
documents: { doc: { title: D, url: "https://example.com/" } }
namespaces: { h: "u:1", o: "u:2" }
operations:
  - { id: get, method: GET, path: "/{*rest}", source: [doc], reply: { status: 200, header: [A] } }
clauses:
  - id: c.c
    level: must
    says: C.
    source: [doc]
    on: [get]
    judges: JUDGES
    then: THEN
    broken-by: [EDIT]
"#;

fn edited(edit: &str, exchange: &Exchange) -> Option<Exchange> {
    let (judges, then) = if edit.contains("request:") {
        ("client", "{ request: { header: { A: { is: present } } } }")
    } else {
        ("server", "{ status: 200 }")
    };
    let text = HEAD
        .replace("EDIT", edit)
        .replace("JUDGES", judges)
        .replace("THEN", then);
    let contract: Arc<Contract> = Arc::new(contract(&text));
    let judge = Judge::new(Arc::clone(&contract), BTreeMap::new());
    let scope = Scope::new();
    let env = judge.env(&scope, exchange, Some(0));
    let edits = &contract.clauses[0].broken_by[0].edits;
    apply(edits, exchange, &env, &contract.namespaces).expect("an edit")
}

fn exchange(body: &str) -> Exchange {
    let mut request = Request::new("GET", "/a");
    request.headers.append("A", "asked");
    let reply = Reply::new(200)
        .header("A", "1")
        .header("B", "2")
        .header("Content-Length", body.len().to_string())
        .body(body.to_owned());
    Exchange::new(request, "http://h", Ok(reply))
}

fn shown(exchange: &Exchange) -> String {
    let reply = exchange.reply().expect("a reply");
    let headers: Vec<_> = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{} {} {}",
        reply.status,
        headers.join(" "),
        String::from_utf8_lossy(&reply.body)
    )
}

#[rstest]
#[case("{ status: 500 }", "500 A=1 B=2 Content-Length=4 body")]
#[case("{ header: { a: x } }", "200 a=x B=2 Content-Length=4 body")]
#[case(
    "{ header: { A: \"{{ request.header.A }}!\" } }",
    "200 A=asked! B=2 Content-Length=4 body"
)]
#[case("{ header: { C: 3 } }", "200 A=1 B=2 Content-Length=4 C=3 body")]
#[case("{ header: { A: null } }", "200 B=2 Content-Length=4 body")]
#[case(
    "{ header: { A: { rename: Z } } }",
    "200 Z=1 B=2 Content-Length=4 body"
)]
#[case("{ header: { A: null, B: null } }", "200 Content-Length=4 body")]
#[case("{ body: other text }", "200 A=1 B=2 Content-Length=10 other text")]
#[case("{ body: null }", "200 A=1 B=2 Content-Length=0 ")]
#[case("{ cut: 2 }", "200 A=1 B=2 Content-Length=2 bo")]
#[case("{ status: 204, body: null }", "204 A=1 B=2 Content-Length=0 ")]
fn an_edit_changes_what_it_names(#[case] edit: &str, #[case] expected: &str) {
    let changed = edited(edit, &exchange("body")).expect("a change");
    assert_eq!(shown(&changed), expected);
}

#[rstest]
#[case("{ json: { $.a: 2 } }", r#"{"a":2,"b":{"c":[1,2]}}"#)]
#[case("{ json: { $.a: null } }", r#"{"a":null,"b":{"c":[1,2]}}"#)]
#[case("{ json: { $.a: { remove: true } } }", r#"{"b":{"c":[1,2]}}"#)]
#[case("{ json: { $.a: { rename: z } } }", r#"{"z":1,"b":{"c":[1,2]}}"#)]
#[case(
    "{ json: { '$.b.c[0]': { remove: true } } }",
    r#"{"a":1,"b":{"c":[2]}}"#
)]
#[case(
    "{ json: { '$.b.c[*]': { remove: true } } }",
    r#"{"a":1,"b":{"c":[]}}"#
)]
#[case("{ json: { '$.b.c[*]': x } }", r#"{"a":1,"b":{"c":["x","x"]}}"#)]
fn json_is_edited_by_path(#[case] edit: &str, #[case] expected: &str) {
    let changed = edited(edit, &exchange(r#"{ "a": 1, "b": {"c": [1, 2]} }"#)).expect("a change");
    let reply = changed.reply().expect("a reply");
    assert_eq!(reply.body, expected);
    let length = expected.len().to_string();
    assert_eq!(reply.headers.get("Content-Length"), Some(length.as_str()));
}

#[rstest]
#[case(
    "{ xml: { /h:a/h:b: x } }",
    r#"<a xmlns="u:1" k="v"><b>x</b><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a/h:b: { remove: true } } }",
    r#"<a xmlns="u:1" k="v"><c>2</c><d/></a>"#
)]
#[case("{ xml: { '/h:a/*': { remove: true } } }", r#"<a xmlns="u:1" k="v"/>"#)]
#[case(
    "{ xml: { /h:a/h:b: { rename: z } } }",
    r#"<a xmlns="u:1" k="v"><z>1</z><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a/h:b: { namespace: 'u:2' } } }",
    r#"<a xmlns="u:1" k="v"><b xmlns="u:2">1</b><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a: { namespace: 'u:2' } } }",
    r#"<a xmlns="u:2" k="v"><b>1</b><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a: { namespace: '' } } }",
    r#"<a xmlns="" k="v"><b>1</b><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a/h:b: { move: last } } }",
    r#"<a xmlns="u:1" k="v"><c>2</c><d/><b>1</b></a>"#
)]
#[case(
    "{ xml: { /h:a/h:d: { move: first } } }",
    r#"<a xmlns="u:1" k="v"><d/><b>1</b><c>2</c></a>"#
)]
#[case(
    "{ xml: { '/h:a/h:b | /h:a/h:d': { twice: true } } }",
    r#"<a xmlns="u:1" k="v"><b>1</b><b>1</b><c>2</c><d/><d/></a>"#
)]
#[case(
    "{ xml: { /h:a/@k: w } }",
    r#"<a xmlns="u:1" k="w"><b>1</b><c>2</c><d/></a>"#
)]
#[case(
    "{ xml: { /h:a/@k: { remove: true } } }",
    r#"<a xmlns="u:1"><b>1</b><c>2</c><d/></a>"#
)]
fn xml_is_edited_by_path(#[case] edit: &str, #[case] expected: &str) {
    let body = r#"<a xmlns="u:1" k="v"><b>1</b><c>2</c><d/></a>"#;
    let changed = edited(edit, &exchange(body)).expect("a change");
    assert_eq!(changed.reply().expect("a reply").body, expected);
}

#[rstest]
#[case("{ method: PUT }", "PUT /a?x=1&y=a%20b A=asked ")]
#[case("{ path: '/b%20c' }", "GET /b%20c?x=1&y=a%20b A=asked ")]
#[case("{ query: { X: '2 &' } }", "GET /a?X=2%20%26&y=a%20b A=asked ")]
#[case(
    "{ query: { z: '{{ request.query.x }}' } }",
    "GET /a?x=1&y=a%20b&z=1 A=asked "
)]
#[case("{ query: { x: null, y: null } }", "GET /a A=asked ")]
#[case("{ query: { y: { rename: w } } }", "GET /a?x=1&w=a%20b A=asked ")]
#[case("{ header: { A: null }, body: x }", "GET /a?x=1&y=a%20b  x")]
fn a_request_is_edited_in_all_its_parts(#[case] edit: &str, #[case] expected: &str) {
    let mut before = exchange("");
    before.request.target = "/a?x=1&y=a%20b".to_owned();
    let changed = edited(&format!("{{ request: {edit} }}"), &before).expect("a change");
    let request = changed.request;
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let shown = format!(
        "{} {} {} {}",
        request.method,
        request.target,
        headers.join(" "),
        String::from_utf8_lossy(&request.body)
    );
    assert_eq!(shown, expected);
}

#[rstest]
#[case("{ header: { None: null } }")]
#[case("{ request: { query: { none: null } } }")]
#[case("{ request: { method: GET } }")]
#[case("{ header: { None: { rename: Z } } }")]
#[case("{ header: { A: '1' } }")]
#[case("{ cut: 100 }")]
#[case("{ body: plain }")]
#[case("{ json: { $.a: 1 } }")]
#[case("{ xml: { /h:a: x } }")]
fn an_edit_that_changes_nothing_says_so(#[case] edit: &str) {
    assert!(edited(edit, &exchange("plain")).is_none());
}

#[test]
fn a_path_that_finds_nothing_changes_nothing() {
    assert!(edited("{ json: { $.z: 1 } }", &exchange("{ \"a\": 1 }")).is_none());
    assert!(edited("{ xml: { /h:z: x } }", &exchange("<a xmlns='u:1'/>")).is_none());
}

#[test]
fn framing_version_and_break_are_edited() {
    let body = exchange("body");
    let chunked = edited("{ framing: chunked }", &body).expect("a change");
    let reply = chunked.reply().expect("a reply");
    assert_eq!(reply.framing, Framing::Chunked);
    assert_eq!(reply.headers.get("Transfer-Encoding"), Some("chunked"));
    assert!(!reply.headers.contains("Content-Length"));
    let close = edited("{ framing: close }", &body).expect("a change");
    assert_eq!(close.reply().expect("a reply").framing, Framing::Close);
    let old = edited("{ version: HTTP/1.0 }", &body).expect("a change");
    assert_eq!(old.reply().expect("a reply").version, Version::Http10);
    let broken = edited("{ broken: reset }", &body).expect("a change");
    assert!(broken.outcome.is_err());
    let behind = edited("{ excess: more }", &body).expect("a change");
    assert_eq!(
        (&behind.excess[..], behind.outcome),
        (&b"more"[..], body.outcome)
    );
}

#[test]
fn a_request_is_edited_and_its_reply_is_not() {
    let body = exchange("body");
    let changed = edited("{ request: { header: { A: null } } }", &body).expect("a change");
    assert!(!changed.request.headers.contains("A"));
    assert_eq!(changed.outcome, body.outcome);
}
