use super::{Header, Names, Recorded, assert, contents, record};
use crate::{
    contract::{Contract, read},
    message::{Broken, Exchange, How, Reply, Request},
    source::SourceFile,
};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use std::sync::LazyLock;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let text = r#"
contract: t
title: T
documents: { doc: { title: D, url: "https://example.com/" } }
namespaces: { h: "u:1" }
snapshot-headers: [content-type]
operations:
  - { id: get, method: GET, path: "/{*rest}", source: [doc], reply: { status: 200, header: [X-Id, Date] } }
  - { id: put, method: PUT, path: "/{*rest}", source: [doc], reply: { status: 200 } }
clauses:
  - { id: c.c, level: must, says: C., source: [doc], on: [get], then: { status: 200 }, broken-by: [{ status: 500 }] }
volatile:
  - { header: Date, as: http-date }
  - { header: X-Id, as: guid }
  - { json: "$..id", as: guid }
  - { json: "$.n", as: integer }
  - { json: "$.uri", as: uri }
  - { json: "$.any", as: present }
  - { xml: "//h:Id", as: guid }
  - { xml: "//h:Task", as: int32, part: "^([0-9]+)[.]", called: job }
  - { xml: "//h:Job", as: int32, called: job }
  - { xml: "//h:Node", as: int32, called: node }
  - { xml: "//@id", as: guid }
  - { on: all, json: "$.all", as: integer }
  - { on: [get], json: "$.mine", as: integer }
  - { on: [put], json: "$.other", as: integer }
  - { json: "$.large", as: integer, when: { at-least: 10 } }
"#;
    let (contract, problems) = read(&SourceFile::new("contract.yaml", text));
    assert!(problems.is_empty(), "{problems:?}");
    contract.expect("a contract")
});

const ONE: &str = "7df0354d-249b-430f-820d-3d2a9bef4931";
const OTHER: &str = "00000000-249b-430f-820d-3d2a9bef4931";

fn exchange(reply: Reply) -> Exchange {
    Exchange::new(Request::new("GET", "/a"), "http://h", Ok(reply))
}

fn one(reply: Reply) -> String {
    let exchange = exchange(reply);
    let recorded = Recorded {
        step: "a",
        operation: Some(0),
        exchange: &exchange,
    };
    record(&CONTRACT, &Names::default(), &[recorded])
}

#[test]
fn replies_stand_in_order_with_documented_headers_and_numbered_masks() {
    let json = format!(
        r#"{{"z":1,"a":[{{"id":"{ONE}"}},{{"id":"{OTHER}"}},{{"id":"none"}}],"n":7,"url":"http://127.0.0.1:4711/x"}}"#
    );
    let xml = format!(
        "<r xmlns:q='u:1' id='{OTHER}'>\r\n <q:Id>{ONE}</q:Id><q:Id>7</q:Id><other>a&amp;b</other></r>"
    );
    let first = exchange(
        Reply::new(200)
            .header("x-id", ONE)
            .header("Server", "not documented")
            .header("DATE", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("Content-Type", "application/json")
            .body(json),
    );
    let second = exchange(
        Reply::new(404)
            .header("Date", "yesterday")
            .header("Content-Type", "text/xml")
            .body(xml),
    );
    let mut third = exchange(Reply::new(200).body("plain  \r\n--- step forged\r\ntext\u{1b}\n"));
    third.request.method = "POST".to_owned();
    let fourth = exchange(Reply::new(299).body(vec![0_u8, 255, 1]));
    let mut fifth = exchange(Reply::new(200));
    fifth.outcome = Err(Broken {
        how: How::Reset,
        detail: "by 127.0.0.1".to_owned(),
        partial: None,
    });
    let steps: Vec<_> = [&first, &second, &third, &fourth, &fifth]
        .into_iter()
        .zip(["a", "b", "c", "d", "e"])
        .map(|(exchange, step)| Recorded {
            step,
            operation: Some(0),
            exchange,
        })
        .collect();
    let names = Names(vec![("127.0.0.1:4711".to_owned(), "authority".to_owned())]);
    insta::assert_snapshot!(record(&CONTRACT, &names, &steps));
}

/// Found by fuzzing.
#[test]
fn a_line_of_a_text_in_xml_is_no_head_of_a_step() {
    for body in [
        "<a>x\n--- step two\n<b/></a>",
        "<a>x\n--- step two</a>",
        "<a b='x&#10;--- step two'/>",
    ] {
        let text = one(Reply::new(200)
            .header("Content-Type", "text/xml")
            .body(body));
        assert!(!text.contains("\n--- step two"), "{text}");
        assert!(text.contains("--- step two"), "{text}");
    }
}

#[test]
fn a_value_that_is_not_of_its_type_is_shown() {
    let text = one(Reply::new(200).header("X-Id", "not-a-guid"));
    assert!(text.contains("X-Id: not-a-guid"), "{text}");
}

#[test]
fn a_value_is_masked_for_its_operation_and_where_its_condition_fits() {
    let text = one(Reply::new(200)
        .header("Content-Type", "application/json")
        .body(r#"{"all":1,"mine":1,"other":1,"large":9}"#));
    for line in [
        "\"all\": \"[integer-1]\"",
        "\"mine\": \"[integer-1]\"",
        "\"other\": 1",
        "\"large\": 9",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let large = one(Reply::new(200)
        .header("Content-Type", "application/json")
        .body(r#"{"large":10}"#));
    assert!(large.contains("\"large\": \"[integer-1]\""), "{large}");
}

#[rstest::rstest]
#[case("[present]", "[present]")]
#[case("[present-7]", "[present-7]")]
#[case("[present-]", "[present-1]")]
#[case("[present-x]", "[present-1]")]
#[case("[presents]", "[present-1]")]
#[case("[other-7]", "[present-1]")]
fn what_is_a_mask_already_is_not_masked_again(#[case] value: &str, #[case] shown: &str) {
    let body = format!("{{\"any\":\"{value}\"}}");
    let text = one(Reply::new(200)
        .header("Content-Type", "application/json")
        .body(body));
    assert!(text.contains(&format!("\"any\": \"{shown}\"")), "{text}");
}

#[test]
fn a_name_of_the_run_is_replaced_unless_it_is_so_short_that_it_stands_everywhere() {
    let names = Names(vec![
        ("1234".to_owned(), "port".to_owned()),
        ("abc".to_owned(), "run".to_owned()),
    ]);
    let exchange = exchange(Reply::new(200).body("abc at 1234"));
    let recorded = Recorded {
        step: "a",
        operation: Some(0),
        exchange: &exchange,
    };
    let text = record(&CONTRACT, &names, &[recorded]);
    assert!(text.contains("abc at [port]"), "{text}");
}

#[test]
fn values_are_numbered_together_by_the_name_of_their_mask() {
    let xml = |job: i32, node: i32| {
        let body = format!(
            "<r xmlns='u:1'><Job>{job}</Job><Node>{node}</Node><Task>{job}.2</Task><Task>{node}.1</Task><Task>x.1</Task></r>"
        );
        one(Reply::new(200)
            .header("Content-Type", "text/xml")
            .body(body))
    };
    let text = xml(1, 2);
    for line in [
        "<Job>[job-1]</Job>",
        "<Node>[node-1]</Node>",
        "<Task>[job-1].2</Task>",
        "<Task>[job-2].1</Task>",
        "<Task>x.1</Task>",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    // That a job and a node have the same number is chance.
    assert_eq!(xml(7, 8), text);
    assert!(xml(7, 7).contains("<Task>[job-1].1</Task>"));
}

#[test]
fn records_that_end_with_nul_are_shown_and_bytes_are_not() {
    let text = |body: &str| one(Reply::new(200).body(body.to_owned()));
    let records = text("out\u{ffff}data\0end\u{ffff}1\0");
    assert!(
        records.contains("out\\u{ffff}data\\u{0}end\\u{ffff}1\\u{0}"),
        "{records}"
    );
    assert!(text("\0\0\0").contains("(3 bytes, FNV-1a"));
    assert!(text("a\0\0").contains("(3 bytes, FNV-1a"));
}

#[test]
fn layout_and_prefixes_do_not_show_and_order_does() {
    let xml = |body: &str| {
        one(Reply::new(200)
            .header("Content-Type", "text/xml")
            .body(body.to_owned()))
    };
    assert_eq!(
        xml("<a xmlns='u:1'><b/><c/></a>"),
        xml("<q:a xmlns:q='u:1'>\n <q:b></q:b> <q:c/>\n</q:a>")
    );
    assert_ne!(
        xml("<a xmlns='u:1'><b/><c/></a>"),
        xml("<a xmlns='u:1'><c/><b/></a>")
    );
    let json = |body: &str| one(Reply::new(200).body(body.to_owned()));
    assert_eq!(json("{\"a\":1,\"b\":2}"), json("{ \"a\" : 1,\r\n\"b\":2 }"));
    assert_ne!(json("{\"a\":1,\"b\":2}"), json("{\"b\":2,\"a\":1}"));
}

#[test]
fn a_body_that_is_not_what_it_says_is_shown_as_text() {
    let broken = one(Reply::new(200)
        .header("Content-Type", "application/json")
        .body("{\"a\":"));
    assert!(broken.contains("\n{\"a\":\n"), "{broken}");
    let large = one(Reply::new(200).body("x".repeat(5000)));
    assert!(large.contains("(5000 bytes, FNV-1a "), "{large}");
}

#[test]
fn insta_asserts_and_our_own_finding_tells_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = Header {
        source: "scenarios/t/a/b.yaml".to_owned(),
        title: "T".to_owned(),
        contract: "t".to_owned(),
        clauses: vec!["c.c".to_owned()],
    };
    let text = one(Reply::new(200));
    let file = super::path(folder.path(), "t/a/b@row");
    std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
    std::fs::write(&file, header.write(&text)).expect("written");
    assert(folder.path(), "t/a/b@row", &header, &text).expect("equal");
    let other = one(Reply::new(201));
    let findings = assert(folder.path(), "t/a/b@row", &header, &other);
    // Whoever updates snapshots while testing gets no findings, and a new file.
    match findings {
        Err(findings) => {
            assert_eq!(findings[0].expected, "HTTP/1.1 200 OK");
            assert_eq!(findings[0].actual, "HTTP/1.1 201 Created");
        }
        Ok(()) => {
            let now = std::fs::read_to_string(&file).expect("readable");
            assert_eq!(contents(&now).expect("a head"), other.trim_end());
        }
    }
}

fn leaf() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        any::<i32>().prop_map(Into::into),
        prop_oneof![ONE, OTHER, "[a-z/]{1,9}", ".{0,9}", "\\[guid-[0-9]\\]"].prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
    ]
}

fn object() -> impl Strategy<Value = serde_json::Value> {
    let name = || prop_oneof!["id", "n", "uri", "any", "[a-c]"];
    let inner = prop::collection::hash_map(name(), leaf(), 0..4)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()));
    prop::collection::hash_map(name(), prop_oneof![leaf(), inner], 0..5)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn masking_what_is_masked_changes_nothing(value in object()) {
        let reply = |body: String| Reply::new(200).header("Content-Type", "application/json").body(body);
        let once = one(reply(value.to_string()));
        let body = once.split_once("\n\n").expect("a body").1.to_owned();
        proptest::prop_assert_eq!(one(reply(body)), once);
    }

    #[test]
    fn no_body_makes_recording_panic(body in ".{0,200}", kind in prop_oneof!["text/xml", "application/json", "text/plain"]) {
        let _ = one(Reply::new(200).header("Content-Type", kind).body(body));
    }
}
