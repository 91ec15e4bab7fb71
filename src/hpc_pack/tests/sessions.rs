use super::{Bench, bare, body, code, header, request, text};
use crate::hpc_pack::{Form, Hosting, Quirk, Settings};
use crate::message::{Framing, Reply, Request};
use crate::mock::{Model, Sessions};
use rstest::rstest;
use std::time::Duration;

const JSON: &str = "application/json; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";
const START: &str = r#"{"ServiceName":"CcpEchoSvc","Username":"HPC\\u","Password":"p","MaxMessageSize":65536,"Runtime":-1}"#;
const START_XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><WebSessionStartInfo xmlns=\"http://hpc.microsoft.com/\" \
    xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><MaxMessageSize>100</MaxMessageSize><Password>p</Password>\
    <Runtime>60</Runtime><ServiceName>ccpechosvc</ServiceName><ServiceOperationTimeout>5</ServiceOperationTimeout>\
    <ServiceVersion xmlns:a=\"http://schemas.datacontract.org/2004/07/System\"><a:_Build>-1</a:_Build><a:_Major>1</a:_Major>\
    <a:_Minor>0</a:_Minor><a:_Revision>-1</a:_Revision></ServiceVersion><Username>u</Username></WebSessionStartInfo>";

fn create() -> Request {
    body(
        request("POST /WindowsHpc/Sessions/Create?durable=False"),
        JSON,
        START,
    )
}

fn create_with(changes: &str) -> Request {
    let start = START.replace('}', &format!(",{changes}}}"));
    body(
        request("POST /WindowsHpc/Sessions/Create?durable=false"),
        JSON,
        &start,
    )
}

fn attach(id: i32) -> Request {
    request(&format!(
        "GET /WindowsHpc/Session/{id}/Attach?durable=False"
    ))
}

fn close(id: i32) -> Request {
    request(&format!("POST /WindowsHpc/session/{id}/Close"))
}

fn json(request: Request) -> Request {
    header(request, "Accept", "application/json")
}

fn is(reply: &Reply, status: u16, wanted: i32) {
    assert_eq!(
        (reply.status, code(reply)),
        (status, wanted),
        "{}",
        text(reply)
    );
}

#[test]
fn a_session_is_created_attached_to_and_closed() {
    let mut bench = Bench::new(Settings::default());
    let created = bench.ask(&json(create()));
    assert_eq!(created.status, 201);
    assert_eq!(
        text(&created),
        r#"{"BrokerNode":"head.example:8443","Id":1,"IsDurable":false,"MaxMessageSize":65536,"ServiceOperationTimeout":86400000,"ServiceVersion":null}"#
    );
    assert_eq!(created.framing, Framing::Chunked);
    assert_eq!(created.headers.get("Content-Type"), Some(JSON));
    assert_eq!(
        created.headers.get("Date"),
        Some("Thu, 01 Jan 2026 00:00:00 GMT")
    );
    assert!(created.headers.contains("Server"));
    assert!(!created.headers.contains("x-ms-hpc-authoritychain"));

    let attached = bench.ask(&json(attach(1)));
    assert_eq!((attached.status, &attached.body), (200, &created.body));

    let closed = bench.ask(&close(1));
    assert_eq!(
        (closed.status, closed.body.len(), closed.framing),
        (200, 0, Framing::Length)
    );
    is(&bench.ask(&attach(1)), 400, 50_331_675);
    assert_eq!(bench.ask(&close(1)).status, 200);
}

#[test]
fn without_accept_the_session_information_is_xml_with_members_in_order() {
    let mut bench = Bench::new(Settings::default());
    let created = bench.ask(&create());
    assert_eq!(created.headers.get("Content-Type"), Some(XML));
    assert_eq!(
        text(&created),
        "<WebSessionInfo xmlns=\"http://hpc.microsoft.com/\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <BrokerNode>head.example:8443</BrokerNode><Id>1</Id><IsDurable>false</IsDurable>\
         <MaxMessageSize>65536</MaxMessageSize><ServiceOperationTimeout>86400000</ServiceOperationTimeout>\
         <ServiceVersion i:nil=\"true\" xmlns:a=\"http://schemas.datacontract.org/2004/07/System\"/></WebSessionInfo>"
    );
}

#[test]
fn a_version_that_was_requested_comes_back_in_both_representations() {
    let mut bench = Bench::new(Settings::default());
    let make = |media| {
        body(
            request("POST /WindowsHPC/sessions/create?Durable=false"),
            media,
            START_XML,
        )
    };
    let in_xml = bench.ask(&make("text/xml"));
    assert!(
        text(&in_xml).contains("<ServiceOperationTimeout>5</ServiceOperationTimeout><ServiceVersion \
         xmlns:a=\"http://schemas.datacontract.org/2004/07/System\"><a:_Build>-1</a:_Build><a:_Major>1</a:_Major>\
         <a:_Minor>0</a:_Minor><a:_Revision>-1</a:_Revision></ServiceVersion>"),
        "{}",
        text(&in_xml)
    );
    let in_json = bench.ask(&json(make("application/xml")));
    assert!(
        text(&in_json)
            .ends_with(r#""ServiceVersion":{"_Build":-1,"_Major":1,"_Minor":0,"_Revision":-1}}"#),
        "{}",
        text(&in_json)
    );
}

#[test]
fn the_form_before_2016_has_the_cluster_in_its_path() {
    let mut bench = Bench::new(Settings::default().form(Form::Pre2016));
    let line = "POST /WindowsHPC/HPCCluster/sessions/Create?durable=False";
    assert_eq!(bench.ask(&body(request(line), JSON, START)).status, 201);
    assert_eq!(bench.ask(&create()).status, 404);
    assert_eq!(
        bench
            .ask(&request(
                "GET /WindowsHPC/hpccluster/session/1/Attach?durable=false"
            ))
            .status,
        200
    );
}

#[test]
fn on_premises_there_are_no_sessions() {
    let mut bench = Bench::new(Settings::default().hosting(Hosting::OnPremises));
    assert_eq!(bench.ask(&create()).status, 404);
}

#[rstest]
#[case("", JSON, START, 400, 50_331_648)]
#[case("?durable=maybe", JSON, START, 400, 50_331_648)]
#[case("?durable=", JSON, START, 400, 50_331_648)]
#[case("?durable=True", JSON, START, 400, 50_331_698)]
#[case("?durable=False", JSON, "", 400, 50_331_648)]
#[case("?durable=False", JSON, START_XML, 400, 50_331_648)]
#[case("?durable=False", XML, START, 400, 50_331_648)]
#[case("?durable=False", "text/plain", START, 415, 267_386_880)]
#[case("?durable=False", "", START, 415, 267_386_880)]
#[case(
    "?durable=False",
    "application/json; charset=utf-16",
    START,
    415,
    267_386_880
)]
fn a_session_that_cannot_be_is_refused(
    #[case] query: &str,
    #[case] media: &str,
    #[case] start: &str,
    #[case] status: u16,
    #[case] wanted: i32,
) {
    let mut bench = Bench::new(Settings::default());
    let request = body(
        request(&format!("POST /WindowsHPC/Sessions/Create{query}")),
        "x",
        start,
    );
    is(
        &bench.ask(&header(request, "Content-Type", media)),
        status,
        wanted,
    );
    is(&bench.ask(&attach(1)), 404, 50_331_649);
}

#[rstest]
#[case(r#""ServiceName":"Nope""#, 50_331_678)]
#[case(r#""ServiceName":"""#, 50_331_648)]
#[case(r#""ServiceVersion":"9.9""#, 50_331_680)]
#[case(r#""Runtime":null"#, 50_331_648)]
#[case(r#""Username":null"#, 50_331_648)]
fn start_information_that_does_not_do_is_refused(#[case] changes: &str, #[case] wanted: i32) {
    let mut bench = Bench::new(Settings::default());
    is(&bench.ask(&create_with(changes)), 400, wanted);
}

#[rstest]
#[case("0")]
#[case("-1")]
#[case("99999999999")]
#[case("x")]
#[case("%31%30")]
fn attaching_to_what_is_no_session_is_refused(#[case] id: &str) {
    let mut bench = Bench::new(Settings::default());
    bench.ask(&create());
    is(
        &bench.ask(&request(&format!(
            "GET /WindowsHpc/Session/{id}/Attach?durable=False"
        ))),
        404,
        50_331_649,
    );
}

#[test]
fn durable_sessions_can_be_had_where_the_setting_says_so_and_are_told_apart() {
    let mut bench = Bench::new(Settings::default().durable_sessions(true));
    let line = "POST /WindowsHPC/Sessions/Create?durable=True";
    let durable = bench.ask(&json(body(request(line), JSON, START)));
    assert!(text(&durable).contains(r#""IsDurable":true"#));
    bench.ask(&create());
    is(&bench.ask(&attach(1)), 400, 50_331_658);
    is(
        &bench.ask(&request("GET /WindowsHPC/Session/2/Attach?durable=True")),
        400,
        50_331_659,
    );
}

#[test]
fn a_session_ends_when_it_is_idle_and_stays_while_it_is_used() {
    let mut bench = Bench::new(Settings::default());
    bench.ask(&create_with(
        r#""ClientIdleTimeout":1000,"SessionIdleTimeout":500"#,
    ));
    for _ in 0..3 {
        bench.sleep(Duration::from_millis(1500));
        assert_eq!(bench.ask(&attach(1)).status, 200);
    }
    bench.sleep(Duration::from_millis(1501));
    is(&bench.ask(&attach(1)), 400, 50_331_675);
}

#[test]
fn a_session_that_outlives_its_runtime_is_canceled() {
    let mut bench = Bench::new(Settings::default());
    bench.ask(&create_with(r#""Runtime":60"#));
    bench.sleep(Duration::from_secs(61));
    is(&bench.ask(&attach(1)), 400, 50_331_676);
}

#[test]
fn no_more_sessions_are_open_than_the_limit_allows() {
    let mut bench = Bench::new(Settings::default().session_limit(2));
    bench.ask(&create());
    bench.ask(&create());
    is(&bench.ask(&create()), 400, 33_554_432);
    bench.ask(&close(1));
    assert_eq!(bench.ask(&create()).status, 201);
    bench.sleep(Duration::from_secs(301));
    for _ in 0..5 {
        bench.ask(&create());
        bench.ask(&create());
        bench.sleep(Duration::from_secs(301));
    }
    assert_eq!(bench.ask(&create()).status, 201);
}

#[test]
fn only_open_sessions_are_dropped_and_counted() {
    let mut bench = Bench::new(Settings::default());
    for _ in 0..5 {
        bench.ask(&create());
    }
    bench.ask(&create_with(r#""Runtime":60"#));
    bench.ask(&close(2));
    bench.sleep(Duration::from_secs(61));
    let dropped = |bench: &Bench, which| bench.node.drop_sessions(which, bench.now);
    assert_eq!(dropped(&bench, Sessions::Named("2")), 0);
    assert_eq!(dropped(&bench, Sessions::Named("3")), 1);
    assert_eq!(dropped(&bench, Sessions::All), 3);
    assert_eq!(dropped(&bench, Sessions::All), 0);
    is(&bench.ask(&attach(1)), 404, 50_331_649);
    is(&bench.ask(&attach(3)), 404, 50_331_649);
    // How the others ended is not forgotten.
    is(&bench.ask(&attach(2)), 400, 50_331_675);
    is(&bench.ask(&attach(6)), 400, 50_331_676);
}

#[test]
fn a_restart_forgets_all_sessions() {
    let mut bench = Bench::new(Settings::default());
    bench.ask(&create());
    bench.node.restart(bench.now);
    is(&bench.ask(&attach(1)), 404, 50_331_649);
    assert!(text(&bench.ask(&create())).contains("<Id>2</Id>"));
}

#[rstest]
#[case(Quirk::SessionIdsRepeat)]
#[case(Quirk::BrokerNodeElsewhere)]
#[case(Quirk::MaxMessageSizeChanged)]
#[case(Quirk::OperationTimeoutChanged)]
#[case(Quirk::ServiceVersionInvented)]
#[case(Quirk::AttachGivesOther)]
#[case(Quirk::AttachForgets)]
#[case(Quirk::CloseForgotten)]
#[case(Quirk::CloseEndsAll)]
#[case(Quirk::AttachOfClosed)]
#[case(Quirk::AttachIgnoresId)]
#[case(Quirk::AttachMismatch)]
#[case(Quirk::DurableInAzure)]
#[case(Quirk::DurableNotRequired)]
#[case(Quirk::JsonStartRefused)]
#[case(Quirk::XmlStartRefused)]
#[case(Quirk::ServiceNameNotRequired)]
#[case(Quirk::UsernameNotRequired)]
#[case(Quirk::PasswordNotRequired)]
#[case(Quirk::MaxMessageSizeNotRequired)]
#[case(Quirk::RuntimeNotRequired)]
#[case(Quirk::UnknownServiceAccepted)]
#[case(Quirk::UnknownServiceVersionAccepted)]
#[case(Quirk::ServiceVersionLost)]
#[case(Quirk::IdleNeverEnds)]
fn each_quirk_of_sessions_changes_a_conversation(#[case] quirk: Quirk) {
    let talk = |mut bench: Bench| {
        let mut replies: Vec<(u16, String)> = Vec::new();
        let mut requests = vec![
            json(create()),
            json(create()),
            json(attach(1)),
            json(attach(77)),
            json(request("GET /WindowsHPC/Session/1/Attach?durable=True")),
            json(request("GET /WindowsHPC/Session/1/Attach")),
            json(body(
                request("POST /WindowsHPC/Sessions/Create?durable=True"),
                JSON,
                START,
            )),
            json(body(
                request("POST /WindowsHPC/Sessions/Create"),
                JSON,
                START,
            )),
            json(body(
                request("POST /WindowsHPC/Sessions/Create?durable=False"),
                XML,
                START_XML,
            )),
            json(create_with(r#""ServiceName":"Nope""#)),
            json(create_with(r#""ServiceVersion":"9.9""#)),
        ];
        for name in [
            "ServiceName",
            "Username",
            "Password",
            "MaxMessageSize",
            "Runtime",
        ] {
            requests.push(json(create_with(&format!("\"{name}\":null"))));
        }
        requests.extend([close(2), json(attach(2)), json(attach(1))]);
        for request in requests {
            let reply = bench.ask(&request);
            replies.push((reply.status, text(&reply).to_owned()));
        }
        bench.sleep(Duration::from_secs(3600));
        let reply = bench.ask(&attach(1));
        replies.push((reply.status, text(&reply).to_owned()));
        replies
    };
    assert!(
        talk(Bench::with(quirk)) != talk(Bench::new(Settings::default())),
        "nothing changes"
    );
}

#[test]
fn ten_thousand_sessions_live_beside_each_other() {
    let mut bench = Bench::new(Settings::default());
    for _ in 0..10_000 {
        assert_eq!(bench.ask(&create()).status, 201);
    }
    let reply = bench.ask(&json(attach(10_000)));
    assert!(text(&reply).contains(r#""Id":10000,"#));
}

#[test]
fn the_body_of_a_request_is_never_held_beyond_the_limit() {
    let mut bench = Bench::new(Settings::default().body_limit(200));
    let long = START.to_owned() + &" ".repeat(200);
    let stated = body(
        request("POST /WindowsHPC/Sessions/Create?durable=False"),
        JSON,
        &long,
    );
    is(&bench.ask(&stated), 413, 267_386_880);
    let chunked = header(
        header(stated, "Content-Length", ""),
        "Transfer-Encoding",
        "chunked",
    );
    is(&bench.ask(&chunked), 413, 267_386_880);
    let fits = header(
        header(create(), "Content-Length", ""),
        "Transfer-Encoding",
        "chunked",
    );
    assert_eq!(bench.ask(&fits).status, 201);
}

#[test]
fn http_1_0_without_host_gets_an_answer() {
    let mut bench = Bench::new(Settings::default());
    let mut request = json(create());
    request.headers.remove("Host");
    assert!(text(&bench.ask(&request)).contains(r#""BrokerNode":"localhost""#));
    let mut bare = bare("GET /WindowsHPC/Session/1/Attach?durable=False&api-version=2011-11-01");
    bare.headers.remove("Host");
    assert_eq!(bench.ask(&bare).status, 200);
}
