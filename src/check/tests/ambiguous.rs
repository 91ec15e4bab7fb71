//! What two readers of the same reply would read differently fits nothing that is asked of it.

use super::{exchange, expectation, fits, json_reply, judge, told, xml_reply};
use crate::{
    message::{Exchange, Framing, Reply},
    source::Scope,
};
use rstest::rstest;

fn twice(first: &str, second: &str) -> Exchange {
    exchange(
        Reply::new(200)
            .header("X-Type", first)
            .header("X-Type", second),
    )
}

#[rstest]
#[case::wrong_behind("Ack", "Nack")]
#[case::wrong_before("Nack", "Ack")]
#[case::the_same("Ack", "Ack")]
fn a_field_that_comes_twice_is_not_the_value_of_either(#[case] first: &str, #[case] second: &str) {
    let reply = twice(first, second);
    assert!(!fits("{ header: { X-Type: Ack } }", &reply));
    assert!(!fits(
        "{ header: { X-Type: { matches: '^N?Ack$' } } }",
        &reply
    ));
    assert_eq!(
        told("{ header: { X-Type: Ack } }", &reply),
        format!("header X-Type: expected \"Ack\", got \"{first}\", \"{second}\" (2 fields)")
    );
    let computed = "{ computed: { \"{{ reply.header['x-type'] }}\": Ack } }";
    assert!(!fits(computed, &reply));
}

#[test]
fn fields_of_a_list_are_one_value_or_each_its_own() {
    let reply = twice("NTLM", "Negotiate");
    for asked in [
        "{ contains: Negotiate }",
        "'NTLM, Negotiate'",
        "{ words: { includes: Negotiate } }",
        "{ includes: Negotiate }",
        "{ exactly: [NTLM, Negotiate] }",
        "{ count: 2 }",
    ] {
        let asked = format!("{{ header: {{ X-Type: {asked} }} }}");
        assert!(fits(&asked, &reply), "{asked}");
    }
}

#[test]
fn a_member_that_comes_twice_has_no_value() {
    let reply = exchange(json_reply(r#"{"Id": 8, "Id": 7}"#));
    assert!(!fits("{ json: { $.Id: 7 } }", &reply));
    assert!(!fits("{ json: { $.Id: { not: 9 } } }", &reply));
    let told = told("{ json: { $.Id: 7 } }", &reply);
    assert!(told.contains("the member `Id` stands twice"), "{told}");
}

#[rstest]
#[case("{ json: { $.Id: 7 } }")]
#[case("{ json: { $.Id: { not: 8 } } }")]
#[case("{ body: { contains: Id } }")]
#[case("{ body: { same-as: file } }")]
fn a_body_in_a_coding_that_nobody_asked_for_is_not_looked_into(#[case] asked: &str) {
    let body = r#"{"Id": 7}"#;
    let mut scope = Scope::new();
    scope.set_bytes("file", body.into());
    let fits = |exchange: &Exchange| {
        let judged = judge().fits(&expectation(asked), exchange, Some(0), &scope);
        judged.map_err(|mismatch| mismatch.actual.clone())
    };
    assert_eq!(fits(&exchange(json_reply(body))), Ok(()));
    let coded = |coding: &str| exchange(json_reply(body).header("Content-Encoding", coding));
    assert_eq!(fits(&coded("Identity")), Ok(()));
    let why = fits(&coded("gzip")).expect_err("it is said to be coded");
    assert!(why.contains("`Content-Encoding: gzip`"), "{why}");
    let mut asked_for = coded("gzip");
    asked_for.request.headers.append("Accept-Encoding", "gzip");
    assert_eq!(fits(&asked_for), Ok(()), "who asks for it knows what comes");
}

#[rstest]
#[case("chunked", None)]
#[case("Identity", None)]
#[case("gzip, chunked", Some("gzip"))]
#[case("gzip", Some("gzip"))]
fn a_transfer_coding_that_nobody_asked_for_is_wrong_framing(
    #[case] coding: &str,
    #[case] wrong: Option<&str>,
) {
    let mut reply = json_reply("{}").header("Transfer-Encoding", coding);
    reply.framing = if coding.ends_with("chunked") {
        Framing::Chunked
    } else {
        Framing::Close
    };
    let exchange = exchange(reply);
    let told = exchange.misframed();
    assert_eq!(told.is_some(), wrong.is_some(), "{told:?}");
    assert!(told.unwrap_or_default().contains(wrong.unwrap_or_default()));
    assert_eq!(fits("{ framing: wrong }", &exchange), wrong.is_some());
}

const TWO: &str = "<Bag><P><Name>State</Name><Value>Done</Value></P><P><Name>State</Name><Value>Gone</Value></P></Bag>";

#[rstest]
#[case("Done", false)]
#[case("Gone", false)]
#[case("[Done, Gone]", true)]
#[case("[null, Done]", false)]
#[case("{ matches: '^.one$' }", true)]
#[case("{ is: string, count: 2 }", true)]
#[case("{ not: Gone }", false)]
#[case("{ not: Lost }", true)]
#[case("{ not: null }", true)]
#[case("{ includes: Gone }", true)]
#[case("{ exactly: [Done, Gone] }", true)]
fn of_several_nodes_each_has_to_fit(#[case] matcher: &str, #[case] is_fit: bool) {
    let xml = exchange(xml_reply(TWO));
    let path = "//P[Name='State']/Value";
    assert_eq!(
        fits(&format!("{{ xml: {{ \"{path}\": {matcher} }} }}"), &xml),
        is_fit
    );
    let json = exchange(json_reply(r#"{"P": [{"V": "Done"}, {"V": "Gone"}]}"#));
    assert_eq!(
        fits(&format!("{{ json: {{ \"$.P[*].V\": {matcher} }} }}"), &json),
        is_fit
    );
}

#[test]
fn what_is_told_of_several_nodes_is_the_first_that_does_not_fit() {
    let reply = exchange(xml_reply(TWO));
    assert_eq!(
        told("{ xml: { '//Value': Done } }", &reply),
        "xml //Value[1]: expected \"Done\", got \"Gone\""
    );
}

/// The clause is right, and the run could do its part: it is the reply that lacks what the template reads.
#[rstest]
#[case("{ json: { $.count: '{{ reply.json.notes | length }}' } }")]
#[case("{ header: { X-Count: '{{ reply.json.notes[0].id }}' } }")]
#[case("{ computed: { '{{ reply.json.notes | length }}': { at-least: 1 } } }")]
#[case("{ not: { json: { $.count: '{{ reply.json.notes | length }}' } } }")]
fn what_cannot_be_worked_out_of_the_reply_is_a_finding(#[case] asked: &str) {
    let reply = exchange(json_reply(r#"{"nodes": [], "count": 3}"#).header("X-Count", "1"));
    let told = told(asked, &reply);
    assert!(!told.is_empty() && !told.contains("wrong: "), "{told}");
    assert!(!fits(asked, &reply));
}

#[rstest]
#[case("{ json: { $.l: { sorted: ordinal } } }")]
#[case("{ json: { '$.l[*]': { sorted: ignoring-case } } }")]
fn numbers_have_no_alphabetical_order(#[case] asked: &str) {
    assert!(!fits(asked, &exchange(json_reply(r#"{"l": [3, 1, 2]}"#))));
    assert!(!fits(asked, &exchange(json_reply(r#"{"l": [1, 2]}"#))));
    assert!(fits(asked, &exchange(json_reply(r#"{"l": ["1", "2"]}"#))));
}

#[rstest]
#[case("application/xml; charset=utf-16", "<a>x</a>", false)]
#[case("text/xml; Charset=\"UTF-16LE\"", "<a>x</a>", false)]
#[case("application/xml; charset=iso-8859-1", "<a>ü</a>", false)]
#[case("application/xml; charset=iso-8859-1", "<a>x</a>", true)]
#[case("application/xml; charset=utf-8", "<a>ü</a>", true)]
#[case("application/xml; charset=\"UTF-8\"", "<a>ü</a>", true)]
#[case("application/xml", "<a>ü</a>", true)]
#[case("application/xml; charsets=utf-16", "<a>ü</a>", true)]
fn xml_is_none_in_another_charset_than_its_own(
    #[case] content_type: &str,
    #[case] body: &str,
    #[case] fit: bool,
) {
    let reply = Reply::new(200).header("Content-Type", content_type);
    let reply = exchange(reply.body(body.to_owned()));
    assert_eq!(fits("{ xml: { /a: { is: present } } }", &reply), fit);
    assert_eq!(fits("{ xml: { /b: null } }", &reply), fit);
}
