//! What is told of a misfit: the part that does not fit, beside what was found.

use super::{exchange, expectation, fits_in, json_reply, judge, told, xml_reply};
use crate::{
    check::summary::{asks_framing_only, asks_reply, first_key},
    message::{Exchange, Reply},
    source::Scope,
};
use bytes::Bytes;
use rstest::rstest;

fn sample() -> Exchange {
    exchange(
        json_reply(r#"{"Id": 7, "Empty": [], "Sub": {"x": 1}, "Tags": ["a"]}"#)
            .header("X-One", "1")
            .header("X-Words", "one, Two"),
    )
}

#[rstest]
#[case::the_part_of_all_that_does_not_fit(
    "{ header: { Content-Type: { all: [{ contains: app }, { contains: xml }] } } }",
    "header Content-Type: expected containing \"xml\", got \"application/json\""
)]
#[case::each_of_nothing(
    "{ header: { X-None: { each: a } } }",
    "header X-None: expected at least one, and each \"a\", got nothing (absent)"
)]
#[case::each_of_an_empty_list(
    "{ json: { $.Empty: { each: a } } }",
    "json $.Empty: expected at least one, and each \"a\", got an empty list"
)]
#[case::words_of_nothing(
    "{ header: { X-None: { words: { count: 1 } } } }",
    "header X-None: expected of its words: count: 1, got nothing (absent)"
)]
#[case::words_that_are_lacking(
    "{ header: { X-One: { includes: '1 b' } } }",
    "header X-One: expected among the values also \"b\", got [\"1\"]"
)]
#[case::words_that_nothing_lacks(
    "{ header: { X-None: { includes: 'a b' } } }",
    "header X-None: expected each of the words in \"a b\", got nothing (absent)"
)]
#[case::a_count_of_none(
    "{ header: { X-None: { count: 1 } } }",
    "header X-None: expected count: 1, got 0"
)]
#[case::a_count_with_what_was_counted(
    "{ header: { X-One: { count: 2 } } }",
    "header X-One: expected count: 2, got 1: \"1\""
)]
#[case::an_object_for_a_number(
    "{ json: { $.Id: { equal-to-json: { x: 1 } } } }",
    "json $.Id: expected {\"x\":1} (object), got 7 (number)"
)]
#[case::another_object_laid_out(
    "{ json: { $.Sub: { equal-to-json: { x: 2 } } } }",
    r#"json $.Sub: expected `{\n  "x": 2\n}`, got `{\n  "x": 1\n}`"#
)]
#[case::another_list_laid_out(
    "{ json: { $.Tags: { equal-to-json: [b] } } }",
    r#"json $.Tags: expected `[\n  "b"\n]`, got `[\n  "a"\n]`"#
)]
#[case::a_header_of_the_request(
    "{ request: { header: { X-Token: x } } }",
    "request header X-Token: expected \"x\", got \"abc\""
)]
#[case::the_first_of_equally_near_alternatives(
    "{ any: [{ header: { X-One: a } }, { header: { X-One: b } }] }",
    "header X-One: expected \"a\" (alternative 1 of 2, the nearest), got \"1\""
)]
#[case::an_alternative_whose_own_alternatives_fit_is_nearer(
    "{ any: [{ header: { X-One: a } }, { header: { X-One: b }, any: [{ status: 200 }] }] }",
    "header X-One: expected \"b\" (alternative 2 of 2, the nearest), got \"1\""
)]
#[case::an_alternative_of_which_only_its_own_alternatives_do_not_fit_is_nearer(
    "{ any: [{ header: { X-One: a } }, { header: { X-One: 1 }, any: [{ status: 500 }] }] }",
    "status: expected 500 (alternative 1 of 1, the nearest) (alternative 2 of 2, the nearest), got 200"
)]
#[case::an_alternative_whose_not_fits_is_nearer(
    "{ any: [{ header: { X-One: a } }, { header: { X-One: b }, not: { status: 500 } }] }",
    "header X-One: expected \"b\" (alternative 2 of 2, the nearest), got \"1\""
)]
#[case::no_break_at_all(
    "{ broken: true }",
    "connection: expected an exchange that breaks, got a whole reply, 200"
)]
#[case::no_break_of_that_kind(
    "{ broken: { how: reset } }",
    "connection: expected broken: \"reset\", got a whole reply, 200"
)]
fn a_misfit_is_told_by_what_does_not_fit(#[case] yaml: &str, #[case] line: &str) {
    assert_eq!(told(yaml, &sample()), line);
}

#[test]
fn what_cannot_be_read_under_not_counts_as_looked_at() {
    let plain = exchange(Reply::new(200).header("X-One", "1").body("plain"));
    let yaml = "{ any: [{ status: 500 }, { header: { X-One: '1' }, not: { json: { $.a: b } } }] }";
    let said = told(yaml, &plain);
    assert!(said.contains("(alternative 2 of 2, the nearest)"), "{said}");
}

#[rstest]
#[case(
    1,
    "json $.L: expected a value of type integer, got [\"",
    "... (1 value)"
)]
#[case(
    2,
    "json $.L: expected a value of type integer, got [\"",
    "... (2 values)"
)]
fn of_a_long_list_the_beginning_is_told(
    #[case] values: usize,
    #[case] begins: &str,
    #[case] ends: &str,
) {
    let list = vec![format!("\"{}\"", "x".repeat(300)); values].join(",");
    let said = told(
        "{ json: { $.L: { is: integer } } }",
        &exchange(json_reply(&format!("{{\"L\":[{list}]}}"))),
    );
    assert!(said.starts_with(begins) && said.ends_with(ends), "{said}");
}

#[test]
fn an_element_is_told_with_the_names_of_its_children() {
    let reply = xml_reply("<a xmlns='urn:shop'><b>1</b><c/></a>");
    assert_eq!(
        told("{ xml: { /s:a: { is: integer } } }", &exchange(reply)),
        "xml /s:a: expected a value of type integer, got element a with b, c"
    );
}

#[test]
fn long_values_are_cut_around_the_difference_and_kept_for_a_diff() {
    let value = format!("{}B", "x".repeat(300));
    let wanted = format!("{}A", "x".repeat(300));
    let exchange = exchange(Reply::new(200).header("X-Long", &value));
    let what = expectation(&format!("{{ header: {{ X-Long: {wanted} }} }}"));
    let mismatch = judge()
        .fits(&what, &exchange, Some(0), &Scope::new())
        .expect_err("another value");
    assert!(mismatch.expected.contains("xxA\""), "{mismatch:?}");
    assert!(mismatch.actual.contains("xxB\""), "{mismatch:?}");
    let diff = mismatch.diff.expect("a diff");
    assert_eq!((diff.expected, diff.actual), (wanted, value));
}

#[rstest]
#[case(
    "",
    "{ body: { contains: z } }",
    "body: expected containing \"z\", got an empty body"
)]
#[case(
    "abc",
    "{ body: { contains: z } }",
    "body: expected containing \"z\", got \"abc\""
)]
#[case(
    "abc",
    "{ body: null }",
    "body: expected an empty body, got 3 bytes: \"abc\""
)]
fn a_body_is_told_as_text(#[case] body: &str, #[case] yaml: &str, #[case] line: &str) {
    assert_eq!(
        told(yaml, &exchange(Reply::new(200).body(body.to_owned()))),
        line
    );
}

#[test]
fn a_body_that_is_no_text_is_there_all_the_same() {
    let bytes = exchange(Reply::new(200).body(Bytes::from_static(b"a\xff")));
    assert_eq!(told("{ body: { not: null } }", &bytes), "");
    assert_eq!(
        told("{ body: null }", &bytes),
        "body: expected an empty body, got 2 bytes: \"a\\u{fffd}\""
    );
    assert_eq!(
        told("{ body: { contains: a } }", &bytes),
        "body: expected containing \"a\", got body is no text: byte 1 of 2 is no UTF-8"
    );
}

fn told_of_bytes(wanted: &[u8], actual: &[u8]) -> (String, String) {
    let mut scope = Scope::new();
    scope.set_bytes("file", Bytes::copy_from_slice(wanted));
    let exchange = exchange(Reply::new(200).body(Bytes::copy_from_slice(actual)));
    let mismatch = judge()
        .fits(
            &expectation("{ body: { same-as: file } }"),
            &exchange,
            None,
            &scope,
        )
        .expect_err("other bytes");
    (mismatch.expected, mismatch.actual)
}

#[test]
fn bytes_that_differ_are_told_as_text_up_to_64_kib_and_else_from_the_first_that_differs() {
    assert_eq!(
        told_of_bytes(b"abc", b"abd"),
        (
            "the bytes of file: \"abc\"".to_owned(),
            "\"abd\"".to_owned()
        )
    );
    let text = |length: usize, last: &str| format!("{}{last}", "x".repeat(length - 1));
    let (expected, actual) = told_of_bytes(text(65_535, "A").as_bytes(), b"x");
    assert!(
        expected.starts_with("the bytes of file: \"xx"),
        "{expected}"
    );
    assert_eq!(actual, "\"x\"");
    assert_eq!(
        told_of_bytes(text(65_536, "A").as_bytes(), text(65_536, "B").as_bytes()),
        (
            "the 65536 bytes of file; at byte 65535: 41".to_owned(),
            "65536 bytes; at byte 65535: 42".to_owned()
        )
    );
    assert_eq!(
        told_of_bytes(b"\x01\x02\xfe\x04", b"\x01\x02\xff"),
        (
            "the 4 bytes of file; at byte 2: fe 04".to_owned(),
            "3 bytes; at byte 2: ff".to_owned()
        )
    );
}

#[rstest]
#[case("{ status: 200 }", true)]
#[case("{ header: { A: b } }", true)]
#[case("{ json: { $.a: b } }", true)]
#[case("{ xml: { /a: b } }", true)]
#[case("{ members: { $: { contains: b } } }", true)]
#[case("{ shape: Order }", true)]
#[case("{ body: a }", true)]
#[case("{ framing: length }", true)]
#[case("{ version: HTTP/1.1 }", true)]
#[case("{ not: { status: 200 } }", true)]
#[case("{ not: { request: { method: GET } } }", false)]
#[case("{ request: { method: GET } }", false)]
#[case("{ broken: true }", false)]
fn what_is_asked_of_a_reply_needs_one(#[case] yaml: &str, #[case] asks: bool) {
    assert_eq!(asks_reply(&expectation(yaml)), asks);
}

#[rstest]
#[case("{ framing: length }", true)]
#[case("{ framing: { not: wrong } }", true)]
#[case("{ any: [{ framing: length }, { framing: close }] }", true)]
#[case("{ framing: length, any: [{ framing: length }] }", true)]
#[case("{ any: [{ framing: length }, { status: 200 }] }", false)]
#[case("{ framing: length, status: 200 }", false)]
#[case("{ framing: length, header: { A: b } }", false)]
#[case("{ framing: length, json: { $.a: b } }", false)]
#[case("{ framing: length, xml: { /a: b } }", false)]
#[case("{ framing: length, members: { $: { contains: b } } }", false)]
#[case("{ framing: length, shape: Order }", false)]
#[case("{ framing: length, body: a }", false)]
#[case("{ framing: length, version: HTTP/1.1 }", false)]
#[case("{ framing: length, computed: { '{{ 1 }}': 1 } }", false)]
#[case("{ framing: length, request: { method: GET } }", false)]
#[case("{ framing: length, within: 1s }", false)]
#[case("{ framing: length, not: { status: 200 } }", false)]
#[case("{ status: 200 }", false)]
fn of_a_reply_that_is_not_whole_only_framing_can_be_asked(#[case] yaml: &str, #[case] only: bool) {
    assert_eq!(asks_framing_only(&expectation(yaml)), only);
}

#[test]
fn what_breaks_is_no_matter_of_framing_alone() {
    let mut both = expectation("{ framing: length }");
    both.broken = expectation("{ broken: true }").broken;
    assert!(!asks_framing_only(&both));
}

#[rstest]
#[case("{ status: 200, header: { A: b } }", "status")]
#[case("{ header: { A: b }, json: { $.a: b } }", "header")]
#[case("{ json: { $.a: b }, xml: { /a: b } }", "json")]
#[case("{ xml: { /a: b }, request: { method: GET } }", "xml")]
#[case("{ request: { method: GET }, body: a }", "request")]
#[case("{ broken: true }", "connection")]
#[case("{ body: a }", "body")]
fn what_must_not_be_is_told_by_its_first_key(#[case] yaml: &str, #[case] key: &str) {
    assert_eq!(first_key(&expectation(yaml)), key);
}

#[test]
fn a_path_that_cannot_be_evaluated_is_told_with_its_place() {
    let what = expectation("{ xml: { 'count(string(/*))': '1' } }");
    let mismatch = judge()
        .fits(&what, &exchange(xml_reply("<a/>")), Some(0), &Scope::new())
        .expect_err("not judged");
    let wrong = mismatch.wrong.expect("a mistake of the writer");
    let place = wrong.place.clone().expect("a place");
    assert_eq!(
        wrong.to_string(),
        format!("{place}: {}", wrong.message),
        "the place stands before the message"
    );
}

#[test]
fn no_variable_hides_what_the_contract_says_of_the_operation() {
    let mut scope = Scope::new();
    scope.set("operation", &serde_json::json!({ "facts": { "limit": 1 } }));
    let exchange = exchange(Reply::new(200).header("X-Limit", "10"));
    let yaml = "{ header: { X-Limit: '{{ operation.facts.limit }}' } }";
    assert!(fits_in(yaml, &exchange, &scope));
}
