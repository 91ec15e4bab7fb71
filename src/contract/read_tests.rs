use super::{Contract, Edit, ProvedBy, operation_scope, read};
use crate::{
    message::Request,
    source::{Look, Place, SourceFile, Template},
};
use rstest::rstest;
use std::collections::BTreeMap;

/// A contract with everything a contract can have.
pub(crate) const WHOLE: &str = include_str!("testdata/whole.yaml");

pub(crate) fn whole() -> Contract {
    let (contract, problems) = read(&SourceFile::new("whole.yaml", WHOLE));
    assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
    contract.unwrap()
}

#[test]
fn everything_of_a_contract_is_read() {
    let contract = whole();
    assert_eq!(contract.id, "greeting");
    assert_eq!(contract.operations.len(), 4);
    let hello = contract.operation("say-hello").unwrap();
    assert_eq!(hello.paths.len(), 2);
    assert_eq!(hello.paths[1].only, Some(("form".into(), "long".into())));
    assert_eq!(hello.properties["gettable"], ["Text", "Name"]);
    assert_eq!(contract.shapes["greeting"].members.len(), 3);
    let ids: Vec<&str> = contract
        .clauses
        .iter()
        .map(|clause| clause.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "hello.text",
            "hello.kept",
            "say-hello.status",
            "list-greetings.status",
            "delete.client"
        ]
    );
    let family = contract.clause("list-greetings.status").unwrap();
    assert_eq!(family.source, ["api", "api § Status"]);
    assert_eq!(family.on, ["list-greetings"]);
    assert!(matches!(family.proved_by, ProvedBy::Invariant { .. }));
    let names: Vec<&str> = contract.clauses[0]
        .broken_by
        .iter()
        .map(|example| example.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "status 500",
            "header Content-Type removed and json $.Text removed and xml /g:Greeting/g:Text moved last",
            "quirk forgets-text",
            "status 500 (2)",
            "request: header Accept removed",
        ]
    );
    assert_eq!(contract.clauses[0].broken_by[1].edits.len(), 3);
    assert!(matches!(
        contract.clauses[0].broken_by[4].edits[0],
        Edit::Request(_)
    ));
    assert_eq!(
        contract.url_of("api § Status"),
        Some("https://example.org/api")
    );
    assert_eq!(contract.url_of("none"), None);
    assert_eq!(contract.volatile.len(), 3);
    let practice = &contract.clauses[0].in_practice[0];
    assert_eq!(
        [&*practice.product, &*practice.does, &*practice.source],
        ["P 1.0", "Nothing.", "rfc"]
    );
    let omitted = &contract.omitted[0];
    assert_eq!(
        [&*omitted.source, &*omitted.says, &*omitted.because],
        ["api § Advice", "Be kind.", "advice"]
    );
    let latitude = &contract.latitude[0];
    assert_eq!(latitude.rule, "extra-members");
    assert_eq!(latitude.derived, ["* added"]);
    assert_eq!(latitude.on, ["say-hello"]);
}

#[test]
fn of_equally_exact_operations_the_first_is_meant() {
    let mut contract = whole();
    let mut second = contract.operations[1].clone();
    second.id = "second".to_owned();
    contract.operations.push(second);
    let found = contract.operation_for(&Request::new("GET", "/greet"), &BTreeMap::new());
    assert_eq!(found.map(|(index, _)| index), Some(1));
}

#[test]
fn a_trait_that_is_called_as_a_limit_of_the_server_is_refused_where_it_stands() {
    let text = WHOLE.replace(
        "traits:",
        "traits:\n  body-bytes: { values: [few, many], default: few, says: B. }",
    );
    let (_, problems) = read(&SourceFile::new("whole.yaml", text));
    let told = problems.to_string();
    assert!(
        told.starts_with("whole.yaml:") && told.contains("a trait cannot be called `body-bytes`"),
        "{told}"
    );
    assert_eq!(problems.len(), 1, "{told}");
}

#[rstest]
#[case(
    "GET",
    "/greet/hello/Ann%20B",
    "short",
    None,
    Some("say-hello name=Ann B")
)]
#[case(
    "GET",
    "/GREET/Hello/Ann?x=1",
    "short",
    None,
    Some("say-hello name=Ann")
)]
#[case("GET", "/v1/greet/hello/Ann", "short", None, None)]
#[case("GET", "/v1/greet/hello/Ann", "long", None, Some("say-hello name=Ann"))]
#[case("get", "/greet/hello/Ann", "short", None, None)]
#[case("GET", "/greet", "short", None, Some("list-greetings "))]
#[case("DELETE", "/greet/a/b", "short", None, Some("delete rest=a/b"))]
#[case(
    "DELETE",
    "/greet/a/b",
    "short",
    Some("HARD"),
    Some("delete-hard rest=a/b")
)]
#[case("DELETE", "/greet/a/b", "long", Some("HARD"), Some("delete rest=a/b"))]
fn a_request_is_the_most_specific_operation_that_it_fits(
    #[case] method: &str,
    #[case] target: &str,
    #[case] form: &str,
    #[case] mode: Option<&str>,
    #[case] expected: Option<&str>,
) {
    let contract = whole();
    let mut request = Request::new(method, target);
    if let Some(mode) = mode {
        request.headers.append("x-mode", mode);
    }
    let traits = BTreeMap::from([("form".to_owned(), form.to_owned())]);
    let found = contract
        .operation_for(&request, &traits)
        .map(|(index, captures)| {
            let captures: Vec<_> = captures
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{} {}", contract.operations[index].id, captures.join(" "))
        });
    assert_eq!(found.as_deref(), expected);
}

#[test]
fn two_thousand_requests_are_recognised_in_a_moment() {
    let contract = whole();
    let request = Request::new("GET", "/greet/hello/Ann");
    let traits = BTreeMap::new();
    assert!((0..2_000).all(|_| contract.operation_for(&request, &traits).is_some()));
}

#[test]
fn templates_know_the_operation_and_the_target() {
    let contract = whole();
    let scope = operation_scope(contract.operation("say-hello").unwrap());
    let render = |text: &str| {
        Template::parse(text, Place::nowhere())
            .unwrap()
            .render(&scope)
            .unwrap()
    };
    assert_eq!(
        render(
            "{{ operation.id }} {{ operation.title }} {{ operation.reply.status }} {{ operation.reply.header[0] }}"
        ),
        "say-hello Say Hello 200 Content-Type"
    );
    assert_eq!(
        render("{{ operation.properties.gettable | join(',') }} {{ operation.facts.limit + 1 }}"),
        "Text,Name 11"
    );
    let traits = BTreeMap::from([("form".to_owned(), "long".to_owned())]);
    let target = contract.target_scope(&traits);
    assert_eq!(target.get("traits").unwrap()["form"], "long");
    assert_eq!(target.get("target").unwrap()["error-header"], "X-Error");
}

#[test]
fn the_documented_reply_is_whole() {
    let contract = whole();
    let reply = contract.operation("say-hello").unwrap().documented_reply();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers.get("content-type"), Some("application/json"));
    assert_eq!(&reply.body[..], br#"{"Text":"Hello, Ann","Name":"Ann"}"#);
    let reply = contract
        .operation("list-greetings")
        .unwrap()
        .documented_reply();
    assert_eq!(
        reply.headers.get("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
}
