use super::Template;
use crate::{
    message::{Reply, Request},
    source::{Place, Scope, SourceFile, Span},
};
use bytes::Bytes;
use rstest::rstest;
use serde_json::{Value, json};

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("name", &json!("Ann"));
    scope.set("n", &json!(3));
    scope.set("big", &json!(u64::MAX));
    scope.set("list", &json!([1, "x", null]));
    scope.set("map", &json!({ "z": 1, "a": { "b": true } }));
    scope.set("nothing", &json!(null));
    scope.set_bytes("file", Bytes::from_static(&[0, 255, 16]));
    let mut request = Request::new("GET", "/a%20b?Name=v%2B&x");
    request.headers.append("BITS-Session-Id", "S");
    request.body = Bytes::from_static(b"{\"k\":[1,2]}");
    let reply = Reply::new(201).header("X-A", "b").body("text");
    scope.with_request(&request).with_reply(&reply)
}

fn template(text: &str) -> Template {
    Template::parse(text, Place::nowhere()).unwrap()
}

#[test]
fn a_template_that_is_written_elsewhere_is_told_there() {
    let file = SourceFile::new("other.yaml", "at: '{{ unset }}'\n");
    let there = Place::new(&file, Span { start: 4, end: 17 });
    let elsewhere = template("{{ unset }}").at(there);
    let why = elsewhere.render(&scope()).expect_err("no such name");
    assert_eq!(
        (&*why.place.file.path, why.place.span.start),
        ("other.yaml", 4)
    );
}

#[rstest]
#[case("plain {x} }} {", json!("plain {x} }} {"))]
#[case("{{ n }}", json!(3))]
#[case("{{ n + 1 }}", json!(4))]
#[case("{{ n / 2 }}", json!(1.5))]
#[case("{{ big }}", json!(u64::MAX))]
#[case(" {{ n }}", json!(" 3"))]
#[case("{{ list }}", json!([1, "x", null]))]
#[case("{{ list[1] }}", json!("x"))]
#[case("{{ map }}", json!({ "z": 1, "a": { "b": true } }))]
#[case("{{ map.a.b }}", json!(true))]
#[case("{{ nothing }}", json!(null))]
#[case("is {{ nothing }} {{ map }}", json!("is null {\"z\":1,\"a\":{\"b\":true}}"))]
#[case("{{ {'a': {'b': '}}'}} }}", json!({ "a": { "b": "}}" } }))]
#[case("{{ '{{' }}x", json!("{{x"))]
#[case("{{n}}-{{ name | upper }}-{{ name | length }}", json!("3-ANN-3"))]
#[case("{{ file | length }} {{ file | hex }} {{ file | base64 }}", json!("3 00ff10 AP8Q"))]
#[case("{{ 255 | hex }} {{ 'a b/c~' | urlencode }} {{ map | tojson }}", json!("ff a%20b%2Fc~ {\"z\":1,\"a\":{\"b\":true}}"))]
#[case("{{ '17' | int + 1 }}", json!(18))]
#[case("{{ 'bytes 0-9/10' | capture('/([0-9]+)$') | int }}", json!(10))]
#[case("<{{ name | capture('([0-9]+)') }}>", json!("<>"))]
#[case("{{ request.method }} {{ request.path }} {{ request.query['NAME'] }}", json!("GET /a b v+"))]
#[case("{{ request.header['bits-session-id'] }} {{ request.json.k[1] }}", json!("S 2"))]
#[case("{{ reply.status }}", json!(201))]
#[case("{{ reply.header['x-a'] }} {{ reply.body }} {{ reply.body_length }}", json!("b text 4"))]
#[case("{{ request.header['None'] | default('-') }}", json!("-"))]
#[case("{{ unset | default('-') }}", json!("-"))]
#[case("{{ 'A' if n > 2 else 'B' }}", json!("A"))]
#[case("{{ range(3) | list }}", json!([0, 1, 2]))]
fn a_template_gives_text_and_alone_keeps_its_type(#[case] text: &str, #[case] value: Value) {
    assert_eq!(template(text).value(&scope()).unwrap(), value);
}

#[rstest]
#[case("{{ unset }}", "`unset` is not defined in `{{ unset }}`")]
#[case("a {{ n }} {{ unset.b }}", "`unset` is not defined in `{{ unset.b }}`")]
#[case(
    "{{ request.header['None'] }}",
    "there is no such value in `{{ request.header['None'] }}`"
)]
#[case(
    "{{ reply.json.x }}",
    "`reply.json` is undefined in `{{ reply.json.x }}`"
)]
#[case(
    "{{ name + 1 }}",
    "invalid operation: tried to use + operator on unsupported types string and number in `{{ name + 1 }}`"
)]
fn what_cannot_be_rendered_is_named(#[case] text: &str, #[case] message: &str) {
    assert_eq!(template(text).value(&scope()).unwrap_err().message, message);
    assert_eq!(
        template(text).render(&scope()).unwrap_err().message,
        message
    );
}

#[rstest]
#[case(
    "{{ a b }}",
    "the expression `a b` cannot be read: syntax error: unexpected input after expression"
)]
#[case("{{ a", "the template `{{ a` has no end")]
#[case(
    "x {% if a %}",
    "`{% if a %}` is a statement, and templates here have expressions only"
)]
#[case("{{ a | nope }}", "`nope` is no filter of templates")]
#[case(
    "{{ }}",
    "the expression `` cannot be read: syntax error: unexpected end of input, expected expression"
)]
fn what_cannot_be_compiled_is_a_problem(#[case] text: &str, #[case] found: &str) {
    assert_eq!(
        Template::parse(text, Place::nowhere()).unwrap_err().found,
        found
    );
}

#[test]
fn ten_thousand_parentheses_are_a_problem() {
    let text = format!("{{{{ {} }}}}", "(".repeat(10_000));
    assert!(Template::parse(text, Place::nowhere()).is_err());
}

#[test]
fn the_names_are_those_taken_from_the_scope() {
    let template =
        template("{{ b.c['d'] | default(a) }} {{ range(n) }} {{ x if y is defined else b }}");
    assert_eq!(template.names(), ["a", "b", "n", "x", "y"]);
}
