//! One change of a contract that has everything: what is read then, or which mistake is told.

use super::{
    Clause, Contract, read,
    tests::{WHOLE, whole},
};
use crate::source::{Look, SourceFile};
use rstest::rstest;

fn changed(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    WHOLE.replacen(from, to, 1)
}

fn codes(text: &str) -> Vec<&'static str> {
    let (_, problems) = read(&SourceFile::new("whole.yaml", text));
    problems.iter().map(|problem| problem.code).collect()
}

fn contract(from: &str, to: &str) -> Contract {
    let (contract, problems) = read(&SourceFile::new("whole.yaml", changed(from, to)));
    assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
    contract.expect("a contract")
}

fn clause(from: &str, to: &str, id: &str) -> Clause {
    contract(from, to).clause(id).expect("the clause").clone()
}

const FAMILY: &str = "    each: operations\n    except: [delete, delete-hard]\n";
const ANY: &str = "        - { not: { body: null } }\n";
const STATUS: &str = "      - { status: 500 }\n";

#[rstest]
#[case::name_of_a_variable("upload_path: \"\"", "1path: \"\"", &["variable-name"])]
#[case::name_with_a_hyphen("upload_path: \"\"", "upload-path: \"\"", &["variable-name"])]
#[case::latitude_of_no_operation("on: [say-hello], because", "on: [say-helo], because", &["unknown-operation"])]
#[case::on_in_a_family(FAMILY, "    each: [say-hello]\n    on: [say-hello]\n", &["on-in-family"])]
#[case::on_of_several_in_a_family(FAMILY, "    each: [say-hello]\n    on: [\"{operation}\", delete]\n", &["on-in-family"])]
#[case::except_what_is_not_in_the_family(FAMILY, "    each: [say-hello]\n    except: [delete]\n", &["needless-except"])]
#[case::bytes_of_no_variable(ANY, "        - { body: { same-as: nothing } }\n", &["unknown-variable"])]
#[case::a_framing_among_several(ANY, "        - { framing: [length, chunkd] }\n", &["unknown-word"])]
#[case::a_framing_that_is_not(ANY, "        - { framing: { not: chunkd } }\n", &["unknown-word"])]
#[case::no_headers(ANY, "        - { header: {} }\n", &["matches-everything"])]
#[case::no_paths(ANY, "        - { json: {} }\n", &["matches-everything"])]
#[case::no_tables(ANY, "        - { named: {} }\n", &["matches-everything"])]
#[case::a_table_without_entries(ANY, "        - { named: { //p: {} } }\n", &["matches-everything"])]
#[case::an_entry_without_names(ANY, "        - { named: { //p: { ' ': 7 } } }\n", &["matches-everything"])]
#[case::a_name_twice_in_a_table(ANY, "        - { named: { //p: { Id Name: 7, Name: x } } }\n", &["name-twice"])]
#[case::a_table_of_json(ANY, "        - { named: { $.p: { Id: 7 } } }\n", &["xpath"])]
#[case::a_table_that_names_nothing(ANY, "        - { named: { //p: { Id: \"{{ nowhere }}\" } } }\n", &["unknown-variable"])]
#[case::nothing_computed(ANY, "        - { computed: {} }\n", &["matches-everything"])]
#[case::a_slice_that_ends_before_it_begins(ANY, "        - { body: { same-as: { slice: [upload_path, 3, 2] } } }\n", &["slice"])]
#[case::a_slice_from_less_than_nothing(ANY, "        - { body: { same-as: { slice: [upload_path, -1, 2] } } }\n", &["wrong-type"])]
#[case::a_request_that_is_not_edited(STATUS, "      - { request: {} }\n", &["empty-edit"])]
#[case::a_request_that_is_edited_wrongly(STATUS, "      - { request: { method: [] } }\n", &["wrong-type"])]
#[case::a_header_that_names_nothing(STATUS, "      - { header: { A: \"{{ nowhere }}\" } }\n", &["unknown-variable"])]
#[case::a_member_that_names_nothing(STATUS, "      - { json: { $.a: \"{{ nowhere }}\" } }\n", &["unknown-variable"])]
#[case::a_query_that_names_nothing(STATUS, "      - { request: { query: { a: \"{{ nowhere }}\" } } }\n", &["unknown-variable"])]
#[case::a_body_that_names_nothing(STATUS, "      - { body: \"{{ nowhere }}\" }\n", &["unknown-variable"])]
#[case::a_method_that_names_nothing(STATUS, "      - { request: { method: \"{{ nowhere }}\" } }\n", &["unknown-variable"])]
#[case::a_path_that_names_nothing(STATUS, "      - { request: { path: \"{{ nowhere }}\" } }\n", &["unknown-variable"])]
#[case::an_element_that_names_nothing(STATUS, "      - { xml: { /a: \"{{ nowhere }}\" } }\n", &["unknown-variable"])]
#[case::a_fact_that_names_something("facts: { limit: 10,", "facts: { limit: [\"{{ a }}\", \"{{ 1 }}\"],", &["template-in-fact"])]
#[case::a_path_of_an_unknown_value("{ form: { short:", "{ form: { shrt:", &["unknown-trait-value"])]
fn a_mistake_is_told(#[case] from: &str, #[case] to: &str, #[case] expected: &[&str]) {
    let found = codes(&changed(from, to));
    for code in expected {
        assert!(found.contains(code), "{code} in {found:?}");
    }
    if expected == ["wrong-type"] {
        assert_eq!(found, expected);
    }
}

#[rstest]
#[case::begins_with_an_underscore("upload_path: \"\"", "_path: \"\"")]
#[case::latitude_of_all("on: [say-hello], because", "on: all, because")]
#[case::placeholder_in_a_family(FAMILY, "    each: [say-hello]\n    on: \"{operation}\"\n")]
#[case::placeholder_alone_in_a_list(FAMILY, "    each: [say-hello]\n    on: [\"{operation}\"]\n")]
#[case::bytes_of_a_variable(ANY, "        - { body: { same-as: upload_path } }\n")]
#[case::bytes_of_a_let(ANY, "        - { let: { x: a }, body: { same-as: x } }\n")]
#[case::framings(ANY, "        - { framing: [length, { not: chunked }] }\n")]
#[case::a_slice_of_nothing(
    ANY,
    "        - { body: { same-as: { slice: [upload_path, 2, 2] } } }\n"
)]
#[case::a_template_without_names("facts: { limit: 10,", "facts: { limit: \"{{ 1 + 1 }}\",")]
fn what_can_be_meant_is_no_mistake(#[case] from: &str, #[case] to: &str) {
    assert_eq!(codes(&changed(from, to)), [""; 0]);
}

#[test]
fn latitude_of_all_operations_is_of_every_one() {
    let contract = contract("on: [say-hello], because", "on: all, because");
    assert!(contract.latitude[0].on.is_empty());
}

#[rstest]
#[case("{ empty: true }", &["delete", "delete-hard"])]
#[case("{ empty: false }", &["say-hello", "list-greetings"])]
#[case("{ group: greetings }", &["say-hello", "list-greetings"])]
#[case("{ method: GET }", &["say-hello", "list-greetings"])]
#[case("{ shape: greeting }", &["say-hello"])]
#[case("{ property: gettable }", &["say-hello"])]
#[case("{ fact: limit }", &["say-hello"])]
#[case("{ query: polite }", &["say-hello"])]
#[case("{ request-header: Accept }", &["say-hello"])]
#[case("{ method: DELETE, empty: true }", &["delete", "delete-hard"])]
#[case("[list-greetings, say-hello]", &["list-greetings", "say-hello"])]
fn operations_are_chosen_by_what_they_have(#[case] on: &str, #[case] expected: &[&str]) {
    let clause = clause(
        "on: { method: DELETE }",
        &format!("on: {on}"),
        "delete.client",
    );
    assert_eq!(clause.on, expected);
}

#[rstest]
#[case("status: 404", "status 404")]
#[case("header: { A: { rename: B } }", "header A renamed B")]
#[case("header: { A: { remove: true } }", "header A removed")]
#[case("header: { A: b }", "header A = \"b\"")]
#[case("header: { A: b }, status: 404", "header A = \"b\" and status 404")]
#[case("body: null", "body emptied")]
#[case("body: x", "another body")]
#[case("cut: 5", "body cut after 5")]
#[case("json: { $.a: { rename: b } }", "json $.a renamed b")]
#[case("json: { $.a: { remove: true, b: 1 } }", "json $.a = a map")]
#[case("json: { $.a: { b: 1 } }", "json $.a = a map")]
#[case("json: { $.a: [1] }", "json $.a = a list")]
#[case("json: { $.a: null }", "json $.a = null")]
#[case("json: { $.a: true }", "json $.a = true")]
#[case("json: { $.a: 7 }", "json $.a = 7")]
#[case("xml: { /a: b }", "xml /a = \"b\"")]
#[case("xml: { /a: { rename: b } }", "xml /a renamed b")]
#[case("xml: { /a: { namespace: \"\" } }", "xml /a without namespace")]
#[case("xml: { /a: { namespace: \"u:1\" } }", "xml /a in namespace u:1")]
#[case("xml: { /a: { move: first } }", "xml /a moved first")]
#[case("xml: { /a: { twice: true } }", "xml /a twice")]
#[case("framing: chunked", "framing chunked")]
#[case("version: HTTP/1.0", "version HTTP/1.0")]
#[case("broken: reset", "broken reset")]
#[case("excess: more", "excess more")]
#[case("request: { method: PUT }", "request: method \"PUT\"")]
#[case("request: { path: /x }", "request: path \"/x\"")]
#[case("request: { query: { a: b } }", "request: query a = \"b\"")]
#[case("request: { query: { a: null } }", "request: query a removed")]
#[case(
    "request: { query: { a: { rename: b } } }",
    "request: query a renamed b"
)]
fn an_edit_is_named_after_what_it_does(#[case] edit: &str, #[case] name: &str) {
    let changed = clause(STATUS, &format!("      - {{ {edit} }}\n"), "hello.text");
    assert_eq!(changed.broken_by[0].name, name);
}

#[test]
fn a_long_value_is_cut_in_a_name() {
    let name = |length: usize| {
        let edit = format!("      - {{ header: {{ A: {} }} }}\n", "x".repeat(length));
        clause(STATUS, &edit, "hello.text").broken_by[0]
            .name
            .clone()
    };
    let most = "x".repeat(40);
    assert_eq!(name(40), format!("header A = \"{most}\""));
    assert_eq!(name(41), format!("header A = \"{most}\"..."));
}

#[test]
fn an_example_of_xml_is_documented_as_xml() {
    let contract = contract("example: { text: \"hello\" }", "example: { xml: \"<a/>\" }");
    let reply = contract.operations[1].documented_reply();
    assert_eq!(
        reply.headers.get("Content-Type"),
        Some("application/xml; charset=utf-8")
    );
    assert_eq!(&reply.body[..], b"<a/>");
}

#[test]
fn an_alternative_that_asks_nothing_is_a_mistake() {
    let found = codes(&changed(ANY, "        - {}\n"));
    assert!(!found.is_empty());
    assert_eq!(whole().clauses.len(), 5);
}
