use super::{Bench, body, code, header, request, text};
use crate::hpc_pack::{Service, ServiceAnswer, Settings, SoaNames};
use crate::{
    message::{Framing, Reply, Request},
    mock::{Answer, Begin, Head, Model, Outcome},
};
use rstest::rstest;
use std::time::Duration;

const START: &str =
    r#"{"ServiceName":"NAME","Username":"u","Password":"p","MaxMessageSize":65536,"Runtime":-1}"#;
pub(super) const OCTETS: &str = "application/octet-stream";

pub(super) fn bench(settings: Settings) -> Bench {
    opened(Bench::new(settings), "CcpEchoSvc")
}

pub(super) fn opened(mut bench: Bench, service: &str) -> Bench {
    let create = request("POST /WindowsHPC/Sessions/Create?durable=False");
    let start = START.replace("NAME", service);
    assert_eq!(
        bench.ask(&body(create, "application/json", &start)).status,
        201
    );
    bench
}

pub(super) fn at(line: &str) -> Request {
    let (method, rest) = line.split_once(' ').unwrap();
    request(&format!("{method} /WindowsHPC/Session/1/batch/{rest}"))
}

pub(super) fn envelope(operation: &str, input: &str, user_data: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">\
         <s:Header><a:Action s:mustUnderstand=\"1\">http://tempuri.org/IEcho/{operation}</a:Action>\
         <a:MessageID>urn:uuid:id-of-{input}</a:MessageID>\
         <HPCServer2008_Broker_UserDataNS xmlns=\"http://www.microsoft.com/hpc\">{user_data}</HPCServer2008_Broker_UserDataNS>\
         <HPCServer2008_Broker_ClientIdNS xmlns=\"http://www.microsoft.com/hpc\">b</HPCServer2008_Broker_ClientIdNS></s:Header>\
         <s:Body><{operation} xmlns=\"http://tempuri.org/\"><input>{input}</input></{operation}></s:Body></s:Envelope>"
    )
}

pub(super) fn send(query: &str, inputs: &[&str]) -> Request {
    let envelopes: String = inputs
        .iter()
        .map(|input| envelope("Echo", input, &format!("ud-{input}")))
        .collect();
    body(
        at(&format!("POST b?{query}")),
        OCTETS,
        &format!(
            "<HPCServer2008_WebAPI_MessageArray>{envelopes}</HPCServer2008_WebAPI_MessageArray>"
        ),
    )
}

pub(super) fn generic(query: &str, records: &str) -> Request {
    body(
        at(&format!("POST b?genericservice=True&{query}")),
        OCTETS,
        records,
    )
}

pub(super) fn read(query: &str) -> Request {
    at(&format!("POST b/Response?{query}"))
}

fn status(bench: &mut Bench) -> String {
    let reply = bench.ask(&header(at("GET b/Status"), "Accept", "application/json"));
    assert_eq!(
        reply.headers.get("Content-Type"),
        Some("application/json; charset=utf-8")
    );
    text(&reply).to_owned()
}

/// Outputs, count and reason of a reply to Get Responses.
fn outputs(reply: &Reply) -> (Vec<String>, String, String) {
    assert_eq!(reply.status, 200, "{}", text(reply));
    let all = |tag: &str| -> Vec<String> {
        text(reply)
            .split(&format!("<{tag}>"))
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    };
    (
        all("EchoResult"),
        all("Count").concat(),
        all("Reason").concat(),
    )
}

fn is(reply: &Reply, status: u16, wanted: i32) {
    assert_eq!(
        (reply.status, code(reply)),
        (status, wanted),
        "{}",
        text(reply)
    );
}

fn list(outputs: &[&str], count: &str) -> (Vec<String>, String, String) {
    let outputs = outputs.iter().map(|&output| output.to_owned()).collect();
    (outputs, count.to_owned(), "Success".to_owned())
}

#[test]
fn a_batch_goes_from_ready_to_its_last_response() {
    let mut bench = bench(Settings::default());
    let sent = bench.ask(&send("commit=False", &["a", "b"]));
    assert_eq!(
        (sent.status, sent.body.len(), sent.framing),
        (200, 0, Framing::Length)
    );
    assert_eq!(status(&mut bench), "1");
    assert_eq!(bench.ask(&send("", &["c"])).status, 200);
    let committed = bench.ask(&at("POST b/Commit"));
    assert_eq!((committed.status, committed.body.len()), (201, 0));
    assert_eq!(status(&mut bench), "2");
    bench.sleep(Duration::from_millis(20));
    assert_eq!(status(&mut bench), "3");
    let in_xml = bench.ask(&at("GET b/Status"));
    assert_eq!(
        text(&in_xml),
        "<BrokerClientStatus xmlns=\"http://hpc.microsoft.com\">Finished</BrokerClientStatus>"
    );
    assert_eq!(in_xml.framing, Framing::Chunked);
    assert_eq!(
        outputs(&bench.ask(&read("count=-1&reset=False"))),
        list(&["a", "b", "c"], "3")
    );
    assert_eq!(outputs(&bench.ask(&read(""))), list(&[], "0"));
}

#[test]
fn a_response_has_the_documented_envelope_and_the_marker_stands_behind_the_last() {
    let mut bench = bench(Settings::default());
    assert_eq!(bench.ask(&send("commit=True", &["x"])).status, 201);
    let reply = bench.ask(&header(read("clientdata=me"), "Accept", "application/json"));
    assert_eq!(
        reply.headers.get("Content-Type"),
        Some("application/xml; charset=utf-8")
    );
    let open = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>";
    let to = "<a:To s:mustUnderstand=\"1\">http://www.w3.org/2005/08/addressing/anonymous</a:To>";
    let hpc = "xmlns=\"http://www.microsoft.com/hpc\"";
    assert_eq!(
        text(&reply),
        format!(
            "<HPCServer2008_WebAPI_MessageArray>{open}\
             <a:Action s:mustUnderstand=\"1\">http://tempuri.org/IEcho/EchoResponse</a:Action>\
             <a:RelatesTo>urn:uuid:id-of-x</a:RelatesTo>{to}\
             <HPCServer2008_Broker_RequestActionNS {hpc}>http://tempuri.org/IEcho/Echo</HPCServer2008_Broker_RequestActionNS>\
             <HPCServer2008_Broker_UserDataNS {hpc}>ud-x</HPCServer2008_Broker_UserDataNS>\
             <HPCServer2008_Broker_ResponseCallbackId {hpc}>me</HPCServer2008_Broker_ResponseCallbackId></s:Header>\
             <s:Body><EchoResponse xmlns=\"http://tempuri.org/\"><EchoResult>x</EchoResult></EchoResponse></s:Body></s:Envelope>{open}\
             <a:Action s:mustUnderstand=\"1\">http://hpc.microsoft.com/EndOfGetResponse</a:Action>\
             <HPCServer2008_Broker_ResponseCallbackId {hpc}>me</HPCServer2008_Broker_ResponseCallbackId>{to}</s:Header>\
             <s:Body><EndOfResponses xmlns=\"http://tempuri.org/\"><Count>1</Count><Reason>Success</Reason></EndOfResponses>\
             </s:Body></s:Envelope></HPCServer2008_WebAPI_MessageArray>"
        )
    );
}

#[test]
fn the_names_of_the_page_can_be_had() {
    let mut bench = bench(Settings::default().soa_names(SoaNames::Pack));
    bench.ask(&send("commit=True", &["x"]));
    let reply = bench.ask(&read(""));
    assert!(text(&reply).starts_with("<HPCPack2008_WebAPI_MessageArray>"));
    assert!(!text(&reply).contains("HPCServer2008"));
}

#[test]
fn a_generic_service_speaks_in_records() {
    let mut bench = opened(Bench::new(Settings::default()), "GenericEchoSvc");
    let sent = bench.ask(&generic("commit=True", "one\u{FFFF}u1\0 two\u{FFFF}\0"));
    assert_eq!(sent.status, 201);
    let reply = bench.ask(&read("genericservice=true"));
    let action = "http://hpc.microsoft.com/GenericService/IGenericService/GenericOperationResponse";
    assert_eq!(
        text(&reply),
        format!(
            "{action}\u{FFFF}one\u{FFFF}u1\0{action}\u{FFFF}two\u{FFFF}\0\
             http://hpc.microsoft.com/EndOfGetResponse\u{FFFF}2\u{FFFF}Success\0"
        )
    );
    assert_eq!(reply.headers.get("Content-Type"), Some(OCTETS));
}

#[test]
fn the_cursor_goes_on_and_reset_takes_it_back_to_what_is_still_there() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=True", &["a", "b", "c", "d"]));
    assert_eq!(
        outputs(&bench.ask(&read("count=2&reset=False"))),
        list(&["a", "b"], "2")
    );
    assert_eq!(
        outputs(&bench.ask(&read("count=1&reset=True"))),
        list(&["a"], "1")
    );
    assert_eq!(
        outputs(&bench.ask(&read("count=1&reset=False"))),
        list(&["b"], "1")
    );
    assert_eq!(
        outputs(&bench.ask(&read("reset=True"))),
        list(&["b", "c", "d"], "3")
    );
    assert_eq!(
        outputs(&bench.ask(&read("reset=True"))),
        list(&["b", "c", "d"], "3")
    );
    assert_eq!(outputs(&bench.ask(&read("reset=False"))), list(&[], "0"));
    assert_eq!(outputs(&bench.ask(&read("reset=True"))), list(&[], "0"));
}

#[test]
fn responses_can_be_asked_for_by_the_action_of_their_request() {
    let mut bench = bench(Settings::default());
    let envelopes =
        envelope("Echo", "a", "") + &envelope("Other", "b", "") + &envelope("Echo", "c", "");
    bench.ask(&body(
        at("POST b?commit=True"),
        OCTETS,
        &format!("<r>{envelopes}</r>"),
    ));
    let others = bench.ask(&read("action=http://tempuri.org/IEcho/Other&count=1"));
    assert!(text(&others).contains("<OtherResult>b</OtherResult>"));
    assert_eq!(
        outputs(&bench.ask(&read("action=http%3A%2F%2Ftempuri.org%2FIEcho%2FEcho"))),
        list(&["a", "c"], "2")
    );
    assert_eq!(
        outputs(&bench.ask(&read("action=urn:none"))),
        list(&[], "0")
    );
}

#[test]
fn a_reader_waits_for_what_is_missing_but_not_for_ever() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=False", &["a"]));
    let before = bench.now;
    assert_eq!(outputs(&bench.ask(&read("count=1"))), list(&[], "0"));
    assert_eq!(bench.now.since(before), Duration::from_secs(1));

    // Committed while somebody waits: the waiting reader gets it.
    let head = Head::of(&read("count=1"));
    let Begin::Answer(Answer::Wait { until, token }) = bench.node.begin(&head, bench.now) else {
        panic!("did not wait");
    };
    bench.ask(&at("POST b/Commit"));
    let mut answer = bench.node.resume(token, Outcome::Woke, until);
    let mut now = until;
    while let Answer::Wait { until, token } = answer {
        now = now.max(until);
        answer = bench.node.resume(token, Outcome::Woke, now);
    }
    let Answer::Reply(reply) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(outputs(&reply), list(&["a"], "1"));
    assert!(now.since(before) < Duration::from_secs(2));
}

#[test]
fn a_reader_that_went_away_leaves_nothing_behind() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=False", &["a"]));
    let head = Head::of(&read("count=1"));
    let Begin::Answer(Answer::Wait { token, .. }) = bench.node.begin(&head, bench.now) else {
        panic!("did not wait");
    };
    bench.node.resume(token, Outcome::Gone, bench.now);
    bench.ask(&at("POST b/Commit"));
    assert_eq!(outputs(&bench.ask(&read(""))), list(&["a"], "1"));
}

#[test]
fn a_purged_batch_ends_its_readers_and_its_name_can_be_used_again() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=True", &["a"]));
    assert_eq!(bench.ask(&at("POST b/Purge")).status, 200);
    assert_eq!(bench.ask(&at("POST b/Purge")).status, 200);
    let ended = (Vec::new(), "0".to_owned(), "ClientPurged".to_owned());
    assert_eq!(outputs(&bench.ask(&read(""))), ended);
    is(&bench.ask(&at("GET b/Status")), 400, 67_108_864);
    is(&bench.ask(&at("POST b/Commit")), 400, 67_108_864);
    assert_eq!(bench.ask(&send("commit=True", &["z"])).status, 201);
    assert_eq!(outputs(&bench.ask(&read(""))), list(&["z"], "1"));
}

#[test]
fn batches_and_sessions_are_kept_apart() {
    let mut bench = opened(bench(Settings::default()), "CcpEchoSvc");
    bench.ask(&send("commit=True", &["a"]));
    is(&bench.ask(&at("GET other/Status")), 404, 50_331_648);
    is(&bench.ask(&at("POST other/Response")), 404, 50_331_648);
    is(&bench.ask(&at("POST other/Purge")), 404, 50_331_648);
    is(
        &bench.ask(&request("GET /WindowsHPC/session/2/batch/b/Status")),
        404,
        50_331_648,
    );
    is(
        &bench.ask(&request("GET /WindowsHPC/session/3/batch/b/Status")),
        404,
        50_331_649,
    );
    is(
        &bench.ask(&request("GET /WindowsHPC/session/x/batch/b/Status")),
        404,
        50_331_649,
    );
}

#[rstest]
#[case(at("POST b/Commit"), 400, 16_777_246)]
#[case(send("commit=True", &[]), 400, 16_777_246)]
#[case(send("commit=maybe", &["a"]), 400, 50_331_648)]
#[case(read("count=-2"), 400, 50_331_648)]
#[case(read("count=x"), 400, 50_331_648)]
#[case(read("reset=x"), 400, 50_331_648)]
#[case(at("POST bad.name?commit=False"), 415, 267_386_880)]
#[case(body(at("POST bad.name"), OCTETS, "<r/>"), 400, 50_331_670)]
#[case(body(at(&format!("POST {}", "n".repeat(129))), OCTETS, "<r/>"), 400, 50_331_670)]
#[case(at("GET bad%2Fname/Status"), 400, 50_331_670)]
#[case(body(at("POST b"), "application/xml", "<r/>"), 415, 267_386_880)]
#[case(body(at("POST b"), OCTETS, "not xml"), 400, 50_331_648)]
#[case(body(at("POST b"), OCTETS, "<!DOCTYPE r><r/>"), 400, 50_331_648)]
#[case(generic("", "no delimiter\0"), 400, 50_331_648)]
#[case(generic("", &format!("a\u{FFFF}{}\0", "u".repeat(1025))), 400, 50_331_648)]
fn a_call_that_does_not_do_is_refused(
    #[case] request: Request,
    #[case] status: u16,
    #[case] wanted: i32,
) {
    let mut bench = bench(Settings::default());
    is(&bench.ask(&request), status, wanted);
}

#[test]
fn a_name_of_all_characters_that_the_broker_takes_does() {
    let mut bench = bench(Settings::default());
    let name = format!("%7B{}%7D%20_-", "A9z".repeat(41));
    let send = body(
        at(&format!("POST {name}?commit=True")),
        OCTETS,
        &format!("<r>{}</r>", envelope("Echo", "a", "")),
    );
    assert_eq!(bench.ask(&send).status, 201);
    assert_eq!(
        outputs(&bench.ask(&at(&format!("POST {name}/Response")))),
        list(&["a"], "1")
    );
}

#[test]
fn a_send_is_taken_whole_or_not_at_all() {
    let mut bench = bench(Settings::default());
    let half = format!("<r>{}<oops/></r>", envelope("Echo", "a", ""));
    is(
        &bench.ask(&body(at("POST b?commit=True"), OCTETS, &half)),
        400,
        50_331_648,
    );
    is(&bench.ask(&at("GET b/Status")), 404, 50_331_648);
}

#[test]
fn what_was_committed_takes_no_more() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=True", &["a"]));
    is(&bench.ask(&send("commit=False", &["b"])), 400, 16_777_241);
    is(&bench.ask(&at("POST b/Commit")), 400, 16_777_241);
    assert_eq!(outputs(&bench.ask(&read(""))), list(&["a"], "1"));
}

#[test]
fn after_close_nothing_is_left_of_the_batches() {
    let mut bench = bench(Settings::default());
    bench.ask(&send("commit=True", &["a"]));
    bench.ask(&request("POST /WindowsHPC/session/1/Close"));
    for call in [
        read(""),
        at("GET b/Status"),
        at("POST b/Commit"),
        at("POST b/Purge"),
        send("", &["b"]),
    ] {
        is(&bench.ask(&call), 400, 33_554_447);
    }
}

#[test]
fn a_scripted_service_answers_takes_its_time_and_faults() {
    let slow = Duration::from_secs(600);
    let service = Service::new("Adder")
        .answer(
            ServiceAnswer::to("*/Echo")
                .input("bad")
                .fault("cannot add {input}"),
        )
        .answer(
            ServiceAnswer::to("*/Echo")
                .output("sum of {input}")
                .takes(slow),
        );
    let settings = Settings::default()
        .service(service)
        .response_wait(Duration::from_secs(5));
    let mut bench = opened(Bench::new(settings), "adder");
    bench.ask(&send("commit=True", &["1,2", "bad"]));
    let first = bench.ask(&read(""));
    assert!(
        text(&first).contains("<s:Text xml:lang=\"en-US\">cannot add bad</s:Text>"),
        "{}",
        text(&first)
    );
    assert_eq!(outputs(&first).1, "1");
    assert_eq!(status(&mut bench), "2");
    // Longer than an idle session lives: while it works it is not idle.
    bench.sleep(slow);
    assert_eq!(outputs(&bench.ask(&read(""))), list(&["sum of 1,2"], "1"));
}

#[test]
fn a_batch_past_its_limits_is_refused_and_stays_as_it_was() {
    let mut bench = bench(Settings::default().batch_limits(1, 1000));
    assert_eq!(bench.ask(&send("", &["a"])).status, 200);
    is(&bench.ask(&send("", &["b", "c", "d"])), 400, 33_554_448);
    is(
        &bench.ask(&body(at("POST b2"), OCTETS, "<r/>")),
        400,
        33_554_448,
    );
    bench.ask(&at("POST b/Commit"));
    assert_eq!(outputs(&bench.ask(&read(""))), list(&["a"], "1"));
}

#[test]
fn what_batches_hold_together_is_limited_and_given_back() {
    let mut bench = bench(Settings::default().batch_memory(3000));
    let to = |name: &str| {
        let envelope = envelope("Echo", &"x".repeat(500), "");
        body(
            at(&format!("POST {name}?commit=True")),
            OCTETS,
            &format!("<r>{envelope}</r>"),
        )
    };
    assert_eq!(bench.ask(&to("a")).status, 201);
    is(&bench.ask(&to("b")), 400, 33_554_448);
    is(&bench.ask(&at("GET b/Status")), 404, 50_331_648);
    // Purged, read to the end, closed: each gives back.
    bench.ask(&at("POST a/Purge"));
    assert_eq!(bench.ask(&to("b")).status, 201);
    bench.ask(&at("POST b/Response"));
    is(&bench.ask(&to("c")), 400, 33_554_448);
    bench.ask(&at("POST b/Response?reset=False"));
    assert_eq!(bench.ask(&to("c")).status, 201);
    bench.ask(&request("POST /WindowsHPC/session/1/Close"));
    let mut bench = opened(bench, "CcpEchoSvc");
    let second = Request {
        target: to("d").target.replace("/Session/1/", "/Session/2/"),
        ..to("d")
    };
    assert_eq!(bench.ask(&second).status, 201);
}
