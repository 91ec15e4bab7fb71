use super::{exchange, fits, json_reply, told, xml_reply};
use rstest::rstest;

const XML: &str = "<Order xmlns='urn:shop' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><Id>7</Id><Owner i:nil='true'/><Lines><Line><Price>1.5</Price></Line><Line><Price>2</Price></Line></Lines></Order>";
const JSON: &str = r#"{"Id":7,"Owner":null,"Lines":[{"Price":1.5},{"Price":2}]}"#;

#[test]
fn both_representations_have_the_shape() {
    for reply in [xml_reply(XML), json_reply(JSON)] {
        let exchange = exchange(reply);
        assert!(
            fits("{ shape: Order }", &exchange),
            "{}",
            told("{ shape: Order }", &exchange)
        );
    }
}

#[rstest]
#[case(
    "<Order xmlns",
    "<Odrer xmlns",
    "expected element Order, got element Odrer"
)]
#[case(
    "urn:shop",
    "urn:other",
    "expected namespace \"urn:shop\", got namespace \"urn:other\""
)]
#[case("<Id>7</Id>", "", "expected member Id, got nothing")]
#[case(
    "<Id>7</Id>",
    "<Id>x</Id>",
    "/Order/Id: expected a value of type int32, got \"x\""
)]
#[case(
    "<Id>7</Id>",
    "<Id>7</Id><Id>8</Id>",
    "/Order/Id: expected one member Id, got 2 of them"
)]
#[case("<Id>7</Id>", "<Id><x/></Id>", "expected a value of type int32")]
#[case("<Id>7</Id>", "<Id xmlns='urn:z'>7</Id>", "expected namespace")]
#[case(
    "<Id>7</Id>",
    "<Id i:nil='true'/>",
    "expected a value of type int32, got nil"
)]
#[case(
    "<Price>2</Price>",
    "<Price>dear</Price>",
    "/Order/Lines/Line[2]/Price: expected a value of type number"
)]
#[case(
    "<Line><Price>2</Price></Line>",
    "<Lime><Price>2</Price></Lime>",
    "expected element Line, got element Lime"
)]
#[case(
    "<Line><Price>2</Price></Line>",
    "text",
    "expected a value of type object or array"
)]
#[case(
    "</Order>",
    "<Note i:nil='true'/></Order>",
    "expected a value of type string, got nil"
)]
fn xml_that_lacks_the_shape_says_where(#[case] from: &str, #[case] to: &str, #[case] why: &str) {
    let tampered = XML.replacen(from, to, 1).replace(
        "</Order>",
        if to.contains("Odrer") {
            "</Odrer>"
        } else {
            "</Order>"
        },
    );
    assert_ne!(tampered, XML);
    let exchange = exchange(xml_reply(&tampered));
    assert!(!fits("{ shape: Order }", &exchange));
    let said = told("{ shape: Order }", &exchange);
    assert!(said.contains(why), "{said}");
}

#[rstest]
#[case("\"Id\":7,", "", "$.Id: expected member Id, got nothing")]
#[case(
    "\"Id\":7",
    "\"Id\":\"7\"",
    "expected a value of type int32, got \"7\" (text)"
)]
#[case(
    "\"Owner\":null",
    "\"Owner\":5",
    "expected a value of type string or null, got 5 (number)"
)]
#[case(
    "{\"Price\":2}",
    "{\"Price\":\"2\"}",
    "$.Lines[1].Price: expected a value of type number"
)]
#[case("{\"Price\":2}", "3", "$.Lines[1]: expected an object, got number")]
#[case(
    "[{\"Price\":1.5},{\"Price\":2}]",
    "{}",
    "$.Lines: expected an array, got object"
)]
#[case(
    "[{\"Price\":1.5},{\"Price\":2}]",
    "null",
    "expected a value of type object or array, got null"
)]
#[case(
    "}]}",
    "}],\"Note\":null}",
    "$.Note: expected a value of type string, got null"
)]
#[case("{\"Id\"", "[{\"Id\"", "body is no JSON")]
fn json_that_lacks_the_shape_says_where(#[case] from: &str, #[case] to: &str, #[case] why: &str) {
    let tampered = JSON.replacen(from, to, 1);
    assert_ne!(tampered, JSON);
    let exchange = exchange(json_reply(&tampered));
    assert!(!fits("{ shape: Order }", &exchange));
    let said = told("{ shape: Order }", &exchange);
    assert!(said.contains(why), "{said}");
}

#[rstest]
#[case(xml_reply("<int xmlns='urn:shop'>5</int>"), true)]
#[case(xml_reply("<int xmlns='urn:shop'>five</int>"), false)]
#[case(xml_reply("<int>5</int>"), false)]
#[case(json_reply("5"), true)]
#[case(json_reply("\"5\""), false)]
#[case(json_reply(""), false)]
#[case(xml_reply("{\"a\": 1}"), false)]
fn a_shape_of_text_has_a_type(#[case] reply: crate::message::Reply, #[case] fit: bool) {
    assert_eq!(fits("{ shape: Number }", &exchange(reply)), fit);
}

#[test]
fn members_that_are_not_documented_and_their_order_are_no_matter_of_the_shape() {
    let json = r#"{"More":1,"Lines":[],"Owner":"x","Id":7,"Note":"n"}"#;
    assert!(fits("{ shape: Order }", &exchange(json_reply(json))));
}

#[rstest]
#[case("$.Lines", json_reply(&JSON.replace("[{\"Price\":1.5},{\"Price\":2}]", "null")),
    "expected a value of type object or array, got null (null)", "expected an array, got null")]
#[case("/Order/Lines", xml_reply(&XML.replace("<Lines><Line><Price>1.5</Price></Line><Line><Price>2</Price></Line></Lines>", "<Lines i:nil='true'/>")),
    "expected a value of type object or array, got nil (i:nil=\"true\")", "expected a value of type object, got nil (i:nil=\"true\")")]
fn null_is_a_value_only_where_the_member_may_be_null(
    #[case] at: &str,
    #[case] reply: crate::message::Reply,
    #[case] of_the_member: &str,
    #[case] of_its_shape: &str,
) {
    assert_eq!(
        told("{ shape: Order }", &exchange(reply)),
        format!("shape Order {at}: {of_the_member}\nshape Order {at}: {of_its_shape}")
    );
}

#[rstest]
#[case("<int xmlns='urn:shop'>5</int>")]
#[case(" \n<int xmlns='urn:shop'>5</int>")]
#[case("\u{feff}<int xmlns='urn:shop'>5</int>")]
#[case("5")]
fn a_body_without_content_type_is_what_it_looks_like(#[case] body: &str) {
    let reply = crate::message::Reply::new(200).body(body.to_owned());
    assert_eq!(told("{ shape: Number }", &exchange(reply)), "");
}

#[test]
fn of_very_many_misfits_twenty_are_told() {
    let lines = vec!["{\"Price\":\"dear\"}"; 50].join(",");
    let json = JSON.replace("{\"Price\":1.5},{\"Price\":2}", &lines);
    let said = told("{ shape: Order }", &exchange(json_reply(&json)));
    assert_eq!(said.lines().count(), 20, "{said}");
}

#[rstest]
#[case::root_and_namespace_fit(xml_reply("<int xmlns='urn:shop'>five</int>"), "Number")]
#[case::two_members_fit(json_reply("{\"Id\":7,\"Owner\":null,\"Lines\":\"x\"}"), "Order")]
fn what_fits_of_a_shape_brings_an_alternative_nearer(
    #[case] reply: crate::message::Reply,
    #[case] shape: &str,
) {
    let yaml = format!("{{ any: [{{ status: 200, header: {{ X: y }} }}, {{ shape: {shape} }}] }}");
    let said = told(&yaml, &exchange(reply));
    assert!(
        said.contains(&format!("shape {shape}"))
            && said.contains("(alternative 2 of 2, the nearest)"),
        "{said}"
    );
}
