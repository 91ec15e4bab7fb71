use super::{Admin, Backstage, is_admin};
use crate::{
    message::{Reply, Request},
    mock::{Answer, Clock, CueBook, Journal, Model, Operations, Sink as _, server::tests::Fake},
};
use rstest::rstest;
use std::{
    net::SocketAddr,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

const TOKEN: &str = "t0ken";

struct Bench {
    admin: Admin,
    model: Arc<dyn Model>,
    clock: Clock,
    journal: Journal,
    restarts: AtomicU32,
}

impl Bench {
    fn new() -> Self {
        let model: Arc<dyn Model> = Arc::new(Fake::default());
        let clock = Clock::held(Clock::START);
        let book = CueBook::new(Arc::clone(&model), clock.clone(), Operations::unknown());
        Self {
            admin: Admin::new("fake", Arc::new(book)),
            journal: Journal::new(4096, Arc::clone(&model)),
            model,
            clock,
            restarts: AtomicU32::new(0),
        }
    }

    fn at(&self, listen: &str, request: &Request) -> Reply {
        let stage = Backstage {
            model: &self.model,
            clock: &self.clock,
            journal: &self.journal,
            listen: listen.parse::<SocketAddr>().unwrap(),
            secure: false,
            restart: &|| {
                self.restarts.fetch_add(1, Ordering::Relaxed);
            },
        };
        self.admin.answer(&stage, request, false)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut request = Request::new(method, format!("/__wireproof{path}"));
        request.headers.append("Host", "127.0.0.1:1");
        request.body = body.to_owned().into();
        let reply = self.at("127.0.0.1:1", &request);
        (
            reply.status,
            String::from_utf8(reply.body.to_vec()).unwrap(),
        )
    }
}

#[rstest]
#[case("127.0.0.1:80", false, &[("Host", "127.0.0.1:80")], 200)]
#[case("127.0.0.1:80", false, &[("Host", "localhost")], 200)]
#[case("127.0.0.1:80", false, &[("Host", "LocalHost:80")], 200)]
#[case("127.0.0.1:80", false, &[("Host", "[::1]:80")], 200)]
#[case("127.0.0.1:80", false, &[], 403)]
#[case("127.0.0.1:80", false, &[("Host", "127.0.0.1"), ("Host", "evil.example")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "evil.example")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "evil.example:80")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "127.0.0.1.evil.example")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost.evil.example")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80:90")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "user@localhost")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "8.8.8.8")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "[::1")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Origin", "http://localhost:80")], 200)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Origin", "http://localhost:81")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Origin", "https://localhost:80")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Origin", "http://evil.example")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Origin", "null")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Sec-Fetch-Site", "cross-site")], 403)]
#[case("127.0.0.1:80", false, &[("Host", "localhost:80"), ("Sec-Fetch-Site", "same-origin")], 200)]
#[case("0.0.0.0:80", false, &[("Host", "127.0.0.1:80")], 404)]
#[case("192.0.2.7:80", false, &[("Host", "192.0.2.7:80")], 404)]
#[case("0.0.0.0:80", true, &[("Host", "192.0.2.7:80"), ("Authorization", "Bearer t0ken")], 200)]
#[case("192.0.2.7:80", true, &[("Host", "192.0.2.7:80"), ("Authorization", "bearer t0ken")], 200)]
#[case("192.0.2.7:80", true, &[("Host", "192.0.2.8:80"), ("Authorization", "Bearer t0ken")], 403)]
#[case("192.0.2.7:80", true, &[("Host", "mock.example"), ("Authorization", "Bearer t0ken")], 200)]
#[case("192.0.2.7:80", true, &[("Host", "evil.example"), ("Authorization", "Bearer t0ken")], 403)]
#[case("127.0.0.1:80", true, &[("Host", "127.0.0.1")], 403)]
#[case("127.0.0.1:80", true, &[("Host", "127.0.0.1"), ("Authorization", "Bearer t0ke")], 403)]
#[case("127.0.0.1:80", true, &[("Host", "127.0.0.1"), ("Authorization", "Basic t0ken")], 403)]
#[case("127.0.0.1:80", true, &[("Host", "127.0.0.1"), ("Authorization", "Bearer t0ken")], 200)]
fn only_those_who_may_are_let_in(
    #[case] listen: &str,
    #[case] token: bool,
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
) {
    let mut bench = Bench::new();
    if token {
        bench.admin = bench.admin.token(TOKEN).host("mock.example");
    }
    let request = Request {
        headers: headers.iter().copied().collect(),
        ..Request::new("GET", "/__wireproof/")
    };
    let reply = bench.at(listen, &request);
    assert_eq!(reply.status, status, "{:?}", reply.body);
    assert!(!reply.headers.contains("Access-Control-Allow-Origin"));
}

#[test]
fn an_empty_token_lets_nobody_in() {
    let mut bench = Bench::new();
    bench.admin = bench.admin.token("");
    assert_eq!(bench.ask("GET", "/", "").0, 403);
}

#[rstest]
#[case("/__wireproof", true)]
#[case("/__wireproof/cues", true)]
#[case("/__wireproofs", false)]
#[case("/a/__wireproof/", false)]
#[case("/", false)]
fn only_paths_below_its_base_are_its_own(#[case] path: &str, #[case] own: bool) {
    assert_eq!(is_admin(path), own);
}

#[test]
fn cues_are_placed_listed_and_taken_away() {
    let bench = Bench::new();
    let (status, body) = bench.ask(
        "POST",
        "/cues",
        "{\"cues\": [\t{\"on\": {\"method\": \"G\\u0045T\"}, \"do\": {\"cut\": 3}}, {\"do\": {\"restart\": true}}]}",
    );
    assert_eq!((status, body.as_str()), (201, "{\"ids\":[1,2]}\n"));
    let (status, body) = bench.ask("GET", "/cues/1", "");
    assert_eq!(
        (status, body.as_str()),
        (
            200,
            "{\"id\":1,\"on\":{\"method\":\"GET\"},\"do\":{\"cut\":3},\
             \"placed\":\"2026-01-01T00:00:00Z\",\"fitted\":0,\"struck\":0,\"spent\":false}\n"
        )
    );
    assert_eq!(bench.ask("DELETE", "/cues/1", "").0, 204);
    assert_eq!(bench.ask("DELETE", "/cues/1", "").0, 404);
    assert_eq!(bench.ask("GET", "/cues/x", "").0, 404);
    assert!(
        bench
            .ask("GET", "/cues", "")
            .1
            .starts_with("{\"cues\":[{\"id\":2,")
    );
    assert_eq!(bench.ask("DELETE", "/cues", "").0, 204);
    assert_eq!(bench.ask("GET", "/cues", "").1, "{\"cues\":[]}\n");
}

#[test]
fn mistakes_are_told_with_their_places_and_nothing_is_placed() {
    let bench = Bench::new();
    let (status, body) = bench.ask(
        "POST",
        "/cues",
        "cues:\n  - do: { cut: 3 }\n  - do: { cat: 3 }\n",
    );
    assert_eq!(status, 400);
    assert_eq!(
        body,
        "{\"error\":\"the body has mistakes\",\"problems\":[{\"code\":\"unknown-key\",\"line\":3,\"column\":11,\
         \"found\":\"`cat` is no key of `do`\",\"help\":\"did you mean `cut`?\"}]}\n"
    );
    assert_eq!(bench.ask("GET", "/cues", "").1, "{\"cues\":[]}\n");
    for body in ["", "\u{0}", "{", "[]", "{\"cues\": null}"] {
        assert_eq!(bench.ask("POST", "/cues", body).0, 400, "{body:?}");
    }
}

#[test]
fn the_clock_is_moved_and_the_mock_restarted() {
    let bench = Bench::new();
    let (status, body) = bench.ask("POST", "/clock", "{\"advance\": \"36h\"}");
    assert_eq!(
        (status, body.as_str()),
        (200, "{\"now\":\"2026-01-02T12:00:00Z\",\"held\":true}\n")
    );
    assert_eq!(
        bench.clock.now().since(Clock::START),
        Duration::from_secs(36 * 3_600)
    );
    for wrong in ["{\"advance\": 5}", "{\"advance\": \"4000d\"}", "{}", "x"] {
        let (status, body) = bench.ask("POST", "/clock", wrong);
        assert_eq!(status, 400, "{wrong}");
        assert!(body.contains("\"found\""), "{body}");
    }
    for _ in 0..5 {
        bench
            .clock
            .advance(Duration::from_secs(86_400 * 3_650 * 200));
    }
    let shown = bench.ask("GET", "/clock", "");
    let (status, body) = bench.ask("POST", "/clock", "{\"advance\": \"1s\"}");
    assert_eq!(
        (status, body.as_str()),
        (
            400,
            "{\"error\":\"the clock goes to 9999-01-01T00:00:00Z at most, and it shows 9999-01-01T00:00:00Z\"}\n"
        )
    );
    assert_eq!(bench.ask("GET", "/clock", ""), shown);
    assert_eq!(bench.ask("POST", "/restart", "").0, 204);
    assert_eq!(bench.restarts.load(Ordering::Relaxed), 1);
}

#[rstest]
#[case("GET", "/nothing", 404, "lists what there is")]
#[case("PUT", "/cues", 405, "no such method")]
#[case("PATCH", "/cues/1", 405, "no such method")]
#[case("GET", "/restart", 405, "no such method")]
#[case("GET", "/restart/1", 404, "nothing at this path")]
#[case("GET", "/journal?metod=GET", 400, "did you mean `method`?")]
#[case("GET", "/journal?ending=broken", 400, "replied, request-cut")]
#[case("GET", "/journal?path=x", 400, "a path begins with `/`")]
#[case("GET", "/journal?limit=many", 400, "takes a number")]
#[case("DELETE", "/sessions/none", 404, "no such session")]
fn what_is_not_there_is_told(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
    #[case] why: &str,
) {
    let (got, body) = Bench::new().ask(method, path, "");
    assert_eq!(got, status);
    assert!(body.contains(why), "{body}");
}

#[test]
fn the_index_lists_every_route() {
    let (_, body) = Bench::new().ask("GET", "/", "");
    let document = include_str!("../../../docs/cues.md");
    let index: serde_json::Value = serde_json::from_str(&body).unwrap();
    for route in index["routes"].as_array().unwrap() {
        let path = route["path"].as_str().unwrap().replace("/{id}", "");
        assert!(document.contains(&path), "docs/cues.md lacks {path}");
    }
    for name in super::journal::NAMES {
        assert!(body.contains(&format!("?{name}")), "the index lacks {name}");
        let shown = document.contains(&format!("?{name}="));
        assert!(shown, "docs/cues.md lacks the filter {name}");
    }
}

#[test]
fn a_body_that_is_too_large_is_told_in_json() {
    let mut body = super::AdminBody::default();
    assert!(body.chunk(&vec![b'x'; super::MOST]).is_continue());
    let ControlFlow::Break(Answer::Reply(reply)) = body.chunk(b"x") else {
        panic!("one byte more is taken")
    };
    assert_eq!(reply.status, 413);
    let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(told["error"].as_str().unwrap().contains("longer than"));
}
