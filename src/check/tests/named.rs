use super::{TEXT, contract, exchange, fits, json_reply, told, xml_reply};
use crate::{check::Judge, message::Exchange, source::Scope};
use rstest::rstest;
use std::{collections::BTreeMap, sync::Arc};

const ROWS: &str = "<Rows xmlns='urn:shop' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' Count='2' Full='no'>\
    <Row><Name>Id</Name><Value>7</Value></Row><Row><Name>Kind</Name><Value>big</Value></Row>\
    <Row><Name>Id</Name><Value>x</Value></Row><Row><Name>Bare</Name></Row>\
    <Row><Name>Nil</Name><Value i:nil='true'/></Row><Other>9</Other></Rows>";

fn rows() -> Exchange {
    exchange(xml_reply(ROWS))
}

#[rstest]
#[case::of_a_property("{ named: { //s:Row: { Kind: big } } }", true)]
#[case::of_one_of_many_names("{ named: { //s:Row: { 'Sort Kind': big } } }", true)]
#[case::of_every_row_of_the_name("{ named: { //s:Row: { Id: { is: integer } } } }", false)]
#[case::of_rows_that_a_path_leaves("{ named: { '//s:Row[1]': { Id: { is: integer } } } }", true)]
#[case::of_a_name_that_is_not_there_beside_one_that_is(
    "{ named: { //s:Row: { Else: big, Kind: big } } }",
    true
)]
#[case::of_a_name_that_is_not_there("{ named: { //s:Row: { Else: big } } }", false)]
#[case::of_no_such_name("{ not: { named: { //s:Row: { Else: big } } } }", true)]
#[case::of_a_row_without_a_value("{ named: { //s:Row: { Bare: big } } }", false)]
#[case::of_nil("{ named: { //s:Row: { Nil: { is: string } } } }", false)]
#[case::of_an_attribute("{ named: { '/*/@*': { Count: { is: integer } } } }", true)]
#[case::of_an_attribute_of_another_type("{ named: { '/*/@*': { Full: { is: boolean } } } }", false)]
#[case::of_an_element_without_a_name("{ named: { '/*/*': { Other: '9' } } }", true)]
#[case::of_an_element_with_another_value("{ named: { '/*/*': { Other: '8' } } }", false)]
#[case::of_no_node("{ named: { //s:None: { Id: '8' } } }", false)]
#[case::of_names_that_differ_in_case("{ named: { //s:Row: { kind: small, Kind: big } } }", true)]
#[case::of_all_tables(
    "{ named: { //s:Row: { Kind: big }, '/*/@*': { Full: 'yes' } } }",
    false
)]
fn a_value_is_judged_by_its_name(#[case] yaml: &str, #[case] fit: bool) {
    assert_eq!(fits(yaml, &rows()), fit, "{}", told(yaml, &rows()));
}

#[test]
fn the_name_is_told_and_which_of_several_it_is() {
    let yaml = "{ named: { //s:Row: { Id: { is: integer }, Kind: small } } }";
    assert_eq!(
        told(yaml, &rows()),
        "named //s:Row Kind: expected \"small\", got \"big\"\n\
         named //s:Row Id[1]: expected a value of type integer, got \"x\""
    );
}

#[test]
fn of_a_long_list_only_some_are_told() {
    let row = "<Row><Name>Id</Name><Value>x</Value></Row>";
    let many = exchange(xml_reply(&format!(
        "<Rows xmlns='urn:shop'>{}</Rows>",
        row.repeat(50)
    )));
    let told = told("{ named: { //s:Row: { Id: { is: integer } } } }", &many);
    assert_eq!(told.lines().count(), 20, "{told}");
}

/// Who expects values of one exchange wants to see some; a clause that speaks of values was not exercised where there are none.
#[test]
fn a_table_that_finds_none_of_its_names_does_not_fit_and_exercises_no_clause() {
    let told = told("{ named: { //s:Row: { Else: big, None: big } } }", &rows());
    assert_eq!(
        told,
        "named //s:Row: expected one of the names Else, None, got none of them"
    );
    let clause = |name: &str| {
        format!(
            "clauses:\n  - {{ id: t.t, level: must, says: T., source: [doc], on: any, then: {{ named: {{ //s:Row: {{ {name}: big }} }} }}, broken-by: [{{ status: 500 }}] }}\n"
        )
    };
    for (name, exercised) in [("Kind", true), ("Else", false)] {
        let contract = contract(&TEXT.replace("clauses:\n", &clause(name)));
        let judge = Judge::new(Arc::new(contract), BTreeMap::new());
        let judged = judge.invariants(&rows(), None, &Scope::new());
        assert!(!judged.broken.contains(&0));
        assert_eq!(judged.kept.contains(&0), exercised, "{name}");
    }
}

#[rstest]
#[case::no_xml("{ named: { //s:Row: { Id: '7' } } }")]
#[case::no_nodes("{ named: { 'count(//s:Row)': { Id: '7' } } }")]
fn what_cannot_be_read_fits_neither_way(#[case] yaml: &str) {
    let exchange = if yaml.contains("count") {
        rows()
    } else {
        exchange(json_reply("[]"))
    };
    assert!(!fits(yaml, &exchange));
    assert!(!fits(&format!("{{ not: {yaml} }}"), &exchange));
}

#[rstest]
#[case("{ members: { '/*/@*': { exactly: [Count, Full] } } }", true)]
#[case("{ members: { '/*/@*': { each: { word-of: Count Size } } } }", false)]
#[case("{ members: { '/*/@None': null } }", true)]
#[case("{ members: { 'count(/*)': null } }", false)]
fn attributes_are_members_too(#[case] yaml: &str, #[case] fit: bool) {
    assert_eq!(fits(yaml, &rows()), fit, "{}", told(yaml, &rows()));
}
