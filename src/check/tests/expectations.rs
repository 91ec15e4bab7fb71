//! What a reply is asked, key by key.

use super::{broken, exchange, expectation, fits, fits_in, judge, sample, told, xml_reply};
use crate::{
    message::{How, Reply},
    source::Scope,
};
use rstest::rstest;

#[rstest]
#[case("{ status: 200 }", "{ status: 201 }")]
#[case("{ status: [404, 200] }", "{ status: [404, 500] }")]
#[case(
    "{ status: { at-least: 200, at-most: 299 } }",
    "{ status: { at-least: 400 } }"
)]
#[case("{ header: { x-one: '1' } }", "{ header: { X-One: '2' } }")]
#[case("{ header: { X-One: 1 } }", "{ header: { X-One: 1.0 } }")]
#[case("{ header: { X-None: null } }", "{ header: { X-One: null } }")]
#[case(
    "{ header: { X-One: { not: null } } }",
    "{ header: { X-None: { not: null } } }"
)]
#[case(
    "{ header: { X-None: { not: a } } }",
    "{ header: { X-One: { not: '1' } } }"
)]
#[case("{ header: { X-Blank: '' } }", "{ header: { X-None: '' } }")]
#[case(
    "{ header: { X-None: [null, a] } }",
    "{ header: { X-One: [null, a] } }"
)]
#[case("{ header: { X-Many: 'a, b' } }", "{ header: { X-Many: a } }")]
#[case(
    "{ header: { X-Many: { count: 2 } } }",
    "{ header: { X-Many: { count: 1 } } }"
)]
#[case(
    "{ header: { X-None: { count: 0 } } }",
    "{ header: { X-None: { count: 1 } } }"
)]
#[case(
    "{ header: { X-Many: { each: { matches: '^[ab]$' } } } }",
    "{ header: { X-Many: { each: a } } }"
)]
#[case(
    "{ header: { X-Many: { exactly: [a, b] } } }",
    "{ header: { X-Many: { exactly: [b, a] } } }"
)]
#[case(
    "{ header: { X-Many: { exactly: [a, b] } } }",
    "{ header: { X-Many: { exactly: [a] } } }"
)]
#[case(
    "{ header: { X-Many: { in-order: [a, c, b] } } }",
    "{ header: { X-Many: { in-order: [b, a] } } }"
)]
#[case(
    "{ header: { X-Many: { not: { each: a } } } }",
    "{ header: { X-None: { each: { is: present } } } }"
)]
#[case(
    "{ header: { X-One: { is: integer } } }",
    "{ header: { X-None: { is: present } } }"
)]
#[case(
    "{ header: { X-One: { word-of: 'x, 1' } } }",
    "{ header: { X-One: { word-of: '11 x' } } }"
)]
#[case(
    "{ header: { X-One: { word-of: '2,1' } } }",
    "{ header: { X-None: { word-of: 'a' } } }"
)]
#[case(
    "{ header: { X-Many: { includes: 'b, a' } } }",
    "{ header: { X-Many: { includes: 'a B' } } }"
)]
#[case(
    "{ header: { X-Many: { includes: a } } }",
    "{ header: { X-None: { includes: a } } }"
)]
#[case(
    "{ header: { Content-Type: { ignoring-case: APPLICATION/json } } }",
    "{ header: { Content-Type: { ignoring-case: json } } }"
)]
#[case(
    "{ header: { Content-Type: { contains: json } } }",
    "{ header: { Content-Type: { contains: xml } } }"
)]
#[case(
    "{ header: { Content-Type: { all: [{ contains: app }, { contains: json }] } } }",
    "{ header: { Content-Type: { all: [{ contains: app }, { contains: xml }] } } }"
)]
#[case(
    "{ header: { Content-Type: { length: 16 } } }",
    "{ header: { Content-Type: { length: { at-most: 15 } } } }"
)]
#[case(
    "{ header: { X-One: { at-least: 1 } } }",
    "{ header: { Content-Type: { at-least: 0 } } }"
)]
#[case(
    "{ header: { X-Token: null } }",
    "{ header: { X-One: '{{ request.header[\"X-Token\"] }}' } }"
)]
#[case("{ json: { $.Id: 7 } }", "{ json: { $.Id: '7' } }")]
#[case("{ json: { $.Price: 1.5 } }", "{ json: { $.Ok: 'true' } }")]
#[case("{ json: { $.Ok: true } }", "{ json: { $.Name: ann } }")]
#[case("{ json: { $.None: null } }", "{ json: { $.Nil: null } }")]
#[case(
    "{ json: { $.Nil: { is: 'null' } } }",
    "{ json: { $.None: { is: 'null' } } }"
)]
#[case(
    "{ json: { $.Id: { is: int32 } } }",
    "{ json: { $.Name: { is: int32 } } }"
)]
#[case(
    "{ json: { $.Name: { matches: '^A' } } }",
    "{ json: { $.Id: { matches: '7' } } }"
)]
#[case(
    "{ json: { $.Tags: { contains: b } } }",
    "{ json: { $.Tags: { contains: c } } }"
)]
#[case(
    "{ json: { $.Tags: { length: 2 } } }",
    "{ json: { $.Tags: { length: 3 } } }"
)]
#[case(
    "{ json: { $.Sub: { length: 2 } } }",
    "{ json: { $.Id: { length: 1 } } }"
)]
#[case(
    "{ json: { $.Tags: { each: { is: string } } } }",
    "{ json: { $.Empty: { each: { is: string } } } }"
)]
#[case(
    "{ json: { '$.Tags[*]': { count: 2 } } }",
    "{ json: { '$.Tags[*]': { count: 3 } } }"
)]
#[case("{ json: { '$.Tags[*]': [a, b] } }", "{ json: { '$.Tags[*]': a } }")]
#[case(
    "{ json: { '$.Empty[*]': null } }",
    "{ json: { '$.Empty[*]': { not: null } } }"
)]
#[case(
    "{ json: { $.Tags: { exactly: [a, b] } } }",
    "{ json: { $.Tags: { exactly: [a, b, c] } } }"
)]
#[case(
    "{ json: { $.Sub: { equal-to-json: { y: 2, x: 1.0 } } } }",
    "{ json: { $.Sub: { equal-to-json: { x: 1 } } } }"
)]
#[case(
    "{ json: { $.Id: { at-least: 7, at-most: 7.0 } } }",
    "{ json: { $.Id: { at-least: 7.5 } } }"
)]
#[case(
    "{ members: { $.Sub: { exactly: [x, y] } } }",
    "{ members: { $.Sub: { exactly: [y, x] } } }"
)]
#[case(
    "{ members: { $.Sub: { in-order: [x, z, y] } } }",
    "{ members: { $.Sub: { in-order: [y, x] } } }"
)]
#[case(
    "{ members: { $.Sub: { sorted: ordinal } } }",
    "{ members: { $.None: { sorted: ordinal } } }"
)]
#[case(
    "{ header: { X-Words: { sorted: ordinal } } }",
    "{ header: { X-None: { words: { sorted: ordinal } } } }"
)]
#[case(
    "{ header: { X-Words: { words: { sorted: ignoring-case } } } }",
    "{ header: { X-Words: { words: { sorted: ordinal } } } }"
)]
#[case(
    "{ header: { X-Words: { words: { exactly: [one, Two] } } } }",
    "{ header: { X-Words: { words: { each: one } } } }"
)]
#[case(
    "{ header: { X-Many: { words: { count: 2 } } } }",
    "{ header: { X-Words: { words: { count: 1 } } } }"
)]
#[case(
    "{ computed: { '{{ reply.json.Id + 1 }}': 8 } }",
    "{ computed: { '{{ reply.json.Id + 1 }}': '8' } }"
)]
#[case(
    "{ let: { a: '{{ reply.json.Id }}' }, computed: { '{{ a * 2 }}': { at-least: '{{ a }}', at-most: 14 } } }",
    "{ let: { a: '{{ reply.json.Id }}' }, computed: { '{{ a * 2 }}': { at-most: 13 } } }"
)]
#[case(
    "{ request: { operation: get-order } }",
    "{ request: { operation: null } }"
)]
#[case(
    "{ members: { $.Sub: { contains: x } } }",
    "{ members: { $.Sub: { contains: z } } }"
)]
#[case(
    "{ members: { $.None: null } }",
    "{ members: { $.None: { in-order: [x, y] } } }"
)]
#[case(
    "{ members: { $.Sub: { count: 2 } } }",
    "{ members: { $.Tags: { count: 2 } } }"
)]
#[case("{ body: { contains: Ann } }", "{ body: { contains: Bob } }")]
#[case("{ body: { not: null } }", "{ body: null }")]
#[case("{ framing: length }", "{ framing: chunked }")]
#[case("{ version: HTTP/1.1 }", "{ version: HTTP/1.0 }")]
#[case("{ request: { method: GET } }", "{ request: { method: POST } }")]
#[case("{ request: { path: /orders/7 } }", "{ request: { path: /orders/8 } }")]
#[case(
    "{ request: { query: { detail: 'full text' } } }",
    "{ request: { query: { detail: full } } }"
)]
#[case(
    "{ request: { query: { none: null } } }",
    "{ request: { query: { none: '' } } }"
)]
#[case(
    "{ request: { header: { Accept: { exactly: [a, b] } } } }",
    "{ request: { header: { Accept: { exactly: [a] } } } }"
)]
#[case(
    "{ request: { json: { $.a: 1 } } }",
    "{ request: { json: { $.a: 2 } } }"
)]
#[case(
    "{ request: { members: { $: { exactly: [a] } } } }",
    "{ request: { members: { $: { exactly: [b] } } } }"
)]
#[case(
    "{ request: { body: { contains: a } } }",
    "{ request: { body: null } }"
)]
#[case("{ request: { body-length: 8 } }", "{ request: { body-length: 9 } }")]
#[case(
    "{ request: { version: HTTP/1.1 } }",
    "{ request: { version: HTTP/1.0 } }"
)]
#[case(
    "{ any: [{ status: 500 }, { header: { X-One: '1' } }] }",
    "{ any: [{ status: 500 }, { header: { X-One: '2' } }] }"
)]
#[case("{ not: { status: 500 } }", "{ not: { status: 200 } }")]
#[case(
    "{ not: { status: 200, header: { X-One: '2' } } }",
    "{ not: { status: 200, header: { X-One: '1' } } }"
)]
#[case(
    "{ let: { n: \"{{ 3 + 4 }}\" }, json: { $.Id: \"{{ n }}\" } }",
    "{ let: { n: \"{{ 3 + 5 }}\" }, json: { $.Id: \"{{ n }}\" } }"
)]
#[case(
    "{ header: { X-None: { not: { words: { count: 0 } } } } }",
    "{ header: { X-None: { words: { count: 0 } } } }"
)]
#[case(
    "{ header: { X-Same: { sorted: ordinal } } }",
    "{ header: { X-Same: { exactly: [a] } } }"
)]
#[case(
    "{ header: { X-Big: { at-least: 9007199254740993 } } }",
    "{ header: { X-Big: { at-most: 9007199254740992 } } }"
)]
#[case(
    "{ json: { $.Id: { exactly: [7] } } }",
    "{ json: { $.Id: { exactly: [] } } }"
)]
#[case(
    "{ json: { $.Tags: { equal-to-json: [a, b] } } }",
    "{ json: { $.Tags: { equal-to-json: [a, c] } } }"
)]
#[case(
    "{ json: { $.Sub: { equal-to-json: { y: 2, x: 1 } } } }",
    "{ json: { $.Sub: { equal-to-json: { y: 2, x: 2 } } } }"
)]
#[case(
    "{ json: { $.Empty: { is: empty } } }",
    "{ json: { $.Tags: { is: empty } } }"
)]
fn a_key_fits_and_does_not(#[case] fit: &str, #[case] misfit: &str) {
    assert!(fits(fit, &sample()), "{fit}: {}", told(fit, &sample()));
    assert!(!fits(misfit, &sample()), "{misfit} must not fit");
}

#[rstest]
#[case("{ xml: { '/s:a/s:b[1]': '1' } }", "{ xml: { '/s:a/s:b[1]': '2' } }")]
#[case("{ xml: { '/s:a/s:b[1]': 1 } }", "{ xml: { '/a/b[1]': '1' } }")]
#[case("{ xml: { /a/b: null } }", "{ xml: { /s:a/s:b: null } }")]
#[case(
    "{ xml: { /s:a/s:b: { count: 2 } } }",
    "{ xml: { /s:a/s:b: { count: 1 } } }"
)]
#[case(
    "{ xml: { /s:a/s:b: { each: { is: integer } } } }",
    "{ xml: { /s:a/s:none: { each: { is: integer } } } }"
)]
#[case(
    "{ xml: { /s:a/s:b: { exactly: ['1', '2'] } } }",
    "{ xml: { /s:a/s:b: { exactly: ['2', '1'] } } }"
)]
#[case("{ xml: { 'count(/s:a/*)': 3 } }", "{ xml: { 'count(/s:a/*)': 2 } }")]
#[case("{ xml: { '/s:a/@c': d } }", "{ xml: { '/s:a/@c': e } }")]
#[case(
    "{ xml: { /s:a/s:n: { is: 'null' } } }",
    "{ xml: { /s:a/s:b: { is: 'null' } } }"
)]
#[case(
    "{ members: { /s:a: { exactly: [b, b, n] } } }",
    "{ members: { /s:a: { exactly: [b, n] } } }"
)]
#[case(
    "{ members: { /s:none: null } }",
    "{ members: { /s:none: { not: null } } }"
)]
#[case(
    "{ xml: { '/s:a/@c': { is: string } } }",
    "{ xml: { '/s:a/@c': { is: object } } }"
)]
#[case(
    "{ xml: { '/s:a/s:b/text()': { is: integer } } }",
    "{ xml: { '/s:a/s:b/text()': { is: object } } }"
)]
fn an_xml_key_fits_and_does_not(#[case] fit: &str, #[case] misfit: &str) {
    let reply = "<a xmlns='urn:shop' c='d' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><b>1</b><b>2</b><n i:nil='true'/></a>";
    let exchange = exchange(xml_reply(reply));
    assert!(fits(fit, &exchange), "{fit}: {}", told(fit, &exchange));
    assert!(!fits(misfit, &exchange), "{misfit} must not fit");
}

#[rstest]
#[case("{ json: { $.a: null } }")]
#[case("{ json: { $.a: { not: b } } }")]
#[case("{ not: { json: { $.a: b } } }")]
#[case("{ xml: { /a: null } }")]
#[case("{ not: { xml: { /a: { is: present } } } }")]
#[case("{ members: { $: { not: { contains: a } } } }")]
#[case("{ not: { shape: Order } }")]
fn a_body_that_cannot_be_read_fits_nothing_that_asks_into_it(#[case] yaml: &str) {
    let exchange = exchange(Reply::new(200).body("plain"));
    assert!(!fits(yaml, &exchange));
    assert!(
        told(yaml, &exchange).contains("body is no"),
        "{}",
        told(yaml, &exchange)
    );
}

#[test]
fn a_body_is_compared_with_bytes_of_a_variable() {
    let mut scope = Scope::new();
    scope.set_bytes("file", bytes::Bytes::from_static(b"0123456789"));
    let whole = exchange(Reply::new(200).body("0123456789"));
    let part = exchange(Reply::new(200).body("234"));
    assert!(fits_in("{ body: { same-as: file } }", &whole, &scope));
    assert!(!fits_in("{ body: { same-as: file } }", &part, &scope));
    assert!(fits_in(
        "{ body: { same-as: { slice: [file, 2, 5] } } }",
        &part,
        &scope
    ));
    assert!(!fits_in(
        "{ body: { same-as: { slice: [file, 2, 6] } } }",
        &part,
        &scope
    ));
}

#[rstest]
#[case("{ header: { X-One: { matches: \"{{ '(' }}\" } } }", "is no regex")]
#[case("{ header: { X-One: { at-least: \"{{ 'x' }}\" } } }", "is no number")]
#[case("{ body: { same-as: nothing } }", "`nothing` is not set")]
#[case(
    "{ header: { X-One: \"{{ request.header['None'] }}\" } }",
    "request.header"
)]
fn what_cannot_be_judged_is_wrong_and_no_finding(#[case] yaml: &str, #[case] why: &str) {
    let said = told(yaml, &sample());
    assert!(said.starts_with("wrong: ") && said.contains(why), "{said}");
    let mismatch = judge()
        .fits(&expectation(yaml), &sample(), None, &Scope::new())
        .expect_err("not judged");
    assert!(mismatch.wrong.is_some());
}

#[test]
fn messages_put_expected_and_actual_next_to_each_other() {
    let many = [
        "{ status: [201, 204] }",
        "{ status: { at-least: 400 } }",
        "{ header: { X-One: '2', X-None: a, X-Many: { count: 1 } } }",
        "{ header: { X-Many: { each: a } } }",
        "{ header: { X-One: null } }",
        "{ header: { X-One: { is: guid } } }",
        "{ json: { $.Id: '7' } }",
        "{ json: { $.Name: { not: { contains: nn } } } }",
        "{ json: { $.Empty: { each: { is: string } } } }",
        "{ json: { $.Tags: { exactly: [b] } } }",
        "{ json: { $.Name: { length: 4 } } }",
        "{ members: { $.Sub: { in-order: [y, x] } } }",
        "{ xml: { /a: '1' } }",
        "{ body: null }",
        "{ any: [{ status: 500 }, { status: 200, header: { X-One: '9' } }] }",
        "{ not: { status: 200 } }",
        "{ broken: { how: reset } }",
        "{ request: { query: { detail: x } } }",
        "{ request: { operation: other } }",
        "{ header: { X-Words: { words: { each: { matches: '^[a-z]+$' } } } } }",
        "{ header: { X-Words: { words: { sorted: ordinal } } } }",
        "{ computed: { '{{ reply.json.Id + 1 }}': { at-least: 9 } } }",
    ];
    let said: Vec<_> = many
        .iter()
        .map(|yaml| format!("{yaml}\n{}\n", told(yaml, &sample())))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
    insta::assert_snapshot!("broken", told("{ status: 200 }", &broken(How::Closed)));
}
