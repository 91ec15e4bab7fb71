//! The door on raw sockets: what goes in and out byte for byte.

mod defects;
mod journal;
mod tls;

use super::{Limits, Server, ServerOptions};
use crate::{
    message::{Broken, Framing, Reply, Request},
    mock::{
        Answer, Begin, BodyEnd, Clock, Ending, Head, Model, Moment, Outcome, Refusal, Sink, Token,
    },
};
use std::{
    any::Any,
    io::Write as _,
    net::SocketAddr,
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Answers by path, and remembers what was said to it.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) said: Mutex<Vec<String>>,
    waiting: Mutex<Option<String>>,
}

struct Collect {
    path: String,
    body: Vec<u8>,
}

impl Sink for Collect {
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer> {
        self.body.extend_from_slice(bytes);
        if self.path == "/early" {
            return ControlFlow::Break(Answer::Reply(Reply::new(403).body("early")));
        }
        ControlFlow::Continue(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Fake {
    fn say(&self, what: impl Into<String>) {
        self.said.lock().unwrap().push(what.into());
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

impl Model for Fake {
    fn begin(&self, head: &Head, now: Moment) -> Begin {
        let path = head.request.path().to_owned();
        self.say(format!("{} {path}", head.request.method));
        let framed = |framing| {
            Begin::Answer(Answer::Reply(Reply {
                framing,
                ..Reply::new(200).body("hello")
            }))
        };
        match path.as_str() {
            "/hello" => Begin::Answer(Answer::Reply(
                Reply::new(200)
                    .header("BITS-Packet-Type", "Ack")
                    .body("hello"),
            )),
            "/names" => {
                let names: Vec<_> = head.request.headers.iter().map(|(name, _)| name).collect();
                Begin::Answer(Answer::Reply(Reply::new(200).body(names.join(" "))))
            }
            "/user" => Begin::Answer(Answer::Reply(
                Reply::new(200).body(head.user.clone().unwrap_or_else(|| "nobody".to_owned())),
            )),
            "/chunked" => framed(Framing::Chunked),
            "/close" => framed(Framing::Close),
            "/large" => Begin::Answer(Answer::Reply(Reply::new(200).body(vec![b'x'; 8_000_000]))),
            "/file" => {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&[b'a'; 100_000]).unwrap();
                file.write_all(&[b'b'; 200_000]).unwrap();
                Begin::Answer(Answer::File {
                    head: Reply::new(206).header("Content-Length", "150000"),
                    file,
                    start: 50_000,
                    length: 150_000,
                })
            }
            "/wait" => Begin::Answer(Answer::Wait {
                until: now.after(Duration::from_secs(60)),
                token: Token(7),
            }),
            "/ask" => Begin::Answer(Answer::Ask {
                origin: format!("http://{}", head.request.query()),
                request: Box::new(Request {
                    body: "question".into(),
                    ..Request::new("POST", "/echo")
                }),
                timeout: Duration::from_secs(5),
                token: Token(8),
            }),
            _ => Begin::Body(Box::new(Collect {
                path,
                body: Vec::new(),
            })),
        }
    }

    fn end(&self, sink: Box<dyn Sink>, end: BodyEnd, _now: Moment) -> Answer {
        let sink = sink.into_any().downcast::<Collect>().unwrap();
        self.say(format!("{end:?}"));
        Answer::Reply(Reply::new(200).body(sink.body))
    }

    fn resume(&self, token: Token, outcome: Outcome, _now: Moment) -> Answer {
        self.say(
            format!("{} {outcome:?}", token.0)
                .chars()
                .take(12)
                .collect::<String>(),
        );
        Answer::Reply(match outcome {
            Outcome::Woke => Reply::new(200).body("woke"),
            Outcome::Answered(Ok(reply)) => Reply::new(reply.status).body(reply.body),
            Outcome::Answered(Err(Broken { how, .. })) => Reply::new(502).body(how.as_str()),
            Outcome::Gone => Reply::new(500),
        })
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Reply {
        let method = &head.request.method;
        Reply::new(refusal.status()).body(format!("refused {method} {refusal:?}"))
    }

    fn header_names(&self) -> &'static [&'static str] {
        &["BITS-Packet-Type"]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn start(options: ServerOptions) -> (Server, Arc<Fake>) {
    let model = Arc::new(Fake::default());
    let server = Server::start(model.clone(), options).unwrap();
    (server, model)
}

/// Sends the bytes and reads until the server closes the connection.
pub(super) async fn talk(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut tcp = TcpStream::connect(addr).await.unwrap();
    tcp.write_all(bytes.as_ref()).await.unwrap();
    let mut got = Vec::new();
    timeout(Duration::from_secs(10), tcp.read_to_end(&mut got))
        .await
        .expect("the server closes")
        .unwrap();
    String::from_utf8(got).unwrap()
}

/// Reads until what has come ends with that.
pub(super) async fn until(tcp: &mut TcpStream, end: &str) -> String {
    let mut got = Vec::new();
    while !got.ends_with(end.as_bytes()) {
        let read = timeout(Duration::from_secs(10), tcp.read_buf(&mut got));
        let read = read.await.expect("something comes").unwrap();
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&got));
    }
    String::from_utf8(got).unwrap()
}

fn held() -> ServerOptions {
    ServerOptions {
        clock: Clock::held(Clock::START),
        ..ServerOptions::default()
    }
}

#[tokio::test]
async fn a_reply_has_the_names_of_the_model_and_the_date_of_the_clock() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(
        got,
        "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Content-Length: 5\r\nConnection: close\r\n\r\nhello"
    );
}

#[tokio::test]
async fn the_model_sees_the_names_of_the_request_as_they_were_sent() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /names HTTP/1.0\r\nhOST: x\r\nBITS-Session-Id: {A}\r\n\r\n",
    )
    .await;
    assert!(got.ends_with("hOST BITS-Session-Id"), "{got}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\noneGET /hello HTTP/1.1\r\n\r\n\
         POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
         GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    let bodies: Vec<_> = got
        .split("HTTP/1.1 200 OK")
        .skip(1)
        .map(|reply| reply.rsplit("\r\n\r\n").next().unwrap())
        .collect();
    assert_eq!(bodies, ["one", "hello", "two", "hello"]);
    let connections: Vec<_> = server
        .journal()
        .received()
        .iter()
        .map(|entry| entry.connection)
        .collect();
    assert_eq!(connections, [1; 4]);
}

#[tokio::test]
async fn http_1_0_gets_its_own_status_line_and_a_closed_connection() {
    let (server, _) = start(held());
    let got = talk(server.addr(), "GET /chunked HTTP/1.0\r\n\r\n").await;
    assert!(
        got.starts_with("HTTP/1.0 200 OK\r\n") && got.ends_with("\r\n\r\nhello"),
        "{got}"
    );
    assert!(!got.contains("chunked"), "{got}");
}

#[tokio::test]
async fn a_reply_can_be_chunked_or_end_with_its_connection() {
    let (server, _) = start(held());
    let got = talk(server.addr(), "GET /close HTTP/1.1\r\n\r\n").await;
    assert!(got.contains("Connection: close\r\n\r\nhello"), "{got}");
    let got = talk(
        server.addr(),
        "GET /chunked HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(got.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{got}");
}

#[tokio::test]
async fn head_is_answered_without_a_body() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "HEAD /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        got.contains("Content-Length: 5\r\n") && got.ends_with("\r\n\r\n"),
        "{got}"
    );
}

#[tokio::test]
async fn a_range_of_a_file_is_sent_piece_by_piece() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /file HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    let body = got.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(body, "a".repeat(50_000) + &"b".repeat(100_000));
}

#[tokio::test]
async fn continue_is_said_only_where_the_body_is_wanted() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(
        until(&mut tcp, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    tcp.write_all(b"body").await.unwrap();
    assert!(
        until(&mut tcp, "body")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );

    // Not wanted: the client either sends it all the same ...
    tcp.write_all(b"POST /hello HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        .await
        .unwrap();
    assert!(
        until(&mut tcp, "hello")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
    tcp.write_all(b"ignore").await.unwrap();
    // ... or begins the next request at once.
    tcp.write_all(b"POST /hello HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        .await
        .unwrap();
    until(&mut tcp, "hello").await;
    tcp.write_all(b"GET /names HTTP/1.1\r\nZ: 1\r\n\r\n")
        .await
        .unwrap();
    until(&mut tcp, "\r\n\r\nZ").await;
    assert_eq!(
        model.heard(),
        [
            "POST /a",
            "Complete",
            "POST /hello",
            "POST /hello",
            "GET /names"
        ]
    );
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_read_and_the_connection_goes_on() {
    let (server, _) = start(held());
    let body = "x".repeat(500_000);
    let got = talk(
        server.addr(),
        format!(
            "POST /hello HTTP/1.1\r\nContent-Length: 500000\r\n\r\n{body}\
             GET /names HTTP/1.1\r\nConnection: close\r\n\r\n"
        ),
    )
    .await;
    assert_eq!(got.matches("HTTP/1.1 200 OK").count(), 2, "{got}");
    assert_eq!(server.journal().received()[0].request_bytes, 500_000);
}

#[tokio::test]
async fn a_sink_that_breaks_off_answers_early_and_closes_where_much_is_left() {
    let (server, _) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /early HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345")
        .await
        .unwrap();
    assert!(!until(&mut tcp, "early").await.contains("close"));
    tcp.write_all(b"67890GET /hello HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    until(&mut tcp, "hello").await;

    let got = talk(
        server.addr(),
        "POST /early HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n12345",
    );
    // The server waits a moment for the rest, then gives up.
    let got = got.await;
    assert!(got.starts_with("HTTP/1.1 403 Forbidden\r\n") && got.contains("Connection: close"));
}

#[tokio::test]
async fn a_body_that_is_cut_is_told_to_the_model_with_the_bytes_that_came() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n1234")
        .await
        .unwrap();
    drop(tcp);
    settled(|| model.heard() == ["POST /a", "Cut(4)"]).await;
    settled(|| !server.journal().received().is_empty()).await;
    let entry = server.journal().received().remove(0);
    assert_eq!((entry.ending, entry.request_bytes), (Ending::RequestCut, 4));
    assert_eq!(entry.reply, None);
}

#[tokio::test]
async fn a_wait_ends_when_the_clock_gets_there_or_the_client_leaves() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /wait HTTP/1.1\r\n\r\n").await.unwrap();
    settled(|| model.heard().len() == 1).await;
    server.clock().advance(Duration::from_secs(60));
    until(&mut tcp, "woke").await;

    tcp.write_all(b"GET /wait HTTP/1.1\r\n\r\n").await.unwrap();
    settled(|| model.heard().len() == 3).await;
    drop(tcp);
    settled(|| model.heard().last().unwrap() == "7 Gone").await;
    settled(|| server.journal().received().len() == 2).await;
    assert_eq!(server.journal().received()[1].ending, Ending::Gone);
}

#[tokio::test]
async fn a_question_of_the_model_is_sent_and_its_answer_given_back() {
    let (server, _) = start(held());
    let (other, heard) = start(ServerOptions::default());
    let ask = |to: SocketAddr| format!("GET /ask?{to} HTTP/1.1\r\nConnection: close\r\n\r\n");
    let got = talk(server.addr(), ask(other.addr())).await;
    assert!(
        got.starts_with("HTTP/1.1 200") && got.ends_with("question"),
        "{got}"
    );
    assert_eq!(heard.heard(), ["POST /echo", "Complete"]);

    let nobody = other.addr();
    other.shutdown().await;
    let got = talk(server.addr(), ask(nobody)).await;
    assert!(
        got.starts_with("HTTP/1.1 502") && got.ends_with("unreachable"),
        "{got}"
    );
}

#[tokio::test]
async fn a_question_is_given_up_on_the_clock_of_the_mock() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = silent.local_addr().unwrap();
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    let ask = format!("GET /ask?{to} HTTP/1.1\r\n\r\n");
    tcp.write_all(ask.as_bytes()).await.unwrap();
    settled(|| model.heard().len() == 1).await;
    let _open = silent.accept().await.unwrap();
    server.clock().advance(Duration::from_secs(5));
    until(&mut tcp, "stalled").await;
}

fn limited(limits: Limits) -> ServerOptions {
    ServerOptions { limits, ..held() }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_the_words_of_the_model() {
    let (server, _) = start(limited(Limits {
        head_bytes: 1000,
        ..Limits::default()
    }));
    let long = "x".repeat(2000);
    let got = talk(
        server.addr(),
        format!("GET /a HTTP/1.1\r\nA: {long}\r\n\r\n"),
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    assert!(got.ends_with("refused GET HeadTooLarge"), "{got}");
    // Without an end, too.
    let got = talk(server.addr(), format!("GET /{long}{long}")).await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    let many = "A: b\r\n".repeat(140);
    let got = talk(server.addr(), format!("GET /a HTTP/1.1\r\n{many}\r\n")).await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let (server, model) = start(limited(Limits {
        body_bytes: 10,
        ..Limits::default()
    }));
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nContent-Length: 11\r\n\r\n01234567890",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 413 ") && got.ends_with("refused POST BodyTooLarge"));
    assert!(model.heard().is_empty());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 413 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(6)"]);
}

#[tokio::test]
async fn who_is_too_slow_is_told_so() {
    let brief = Duration::from_millis(60);
    let (server, model) = start(limited(Limits {
        head_time: brief,
        body_idle: brief,
        idle_time: brief,
        ..Limits::default()
    }));
    let got = talk(server.addr(), "GET /hello HTTP/1.1\r\nHost").await;
    assert!(
        got.starts_with("HTTP/1.1 408 ") && got.ends_with("refused GET Timeout"),
        "{got}"
    );
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n1",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 408 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(1)"]);
    assert_eq!(talk(server.addr(), "").await, "");
    let got = talk(server.addr(), "GET /hello HTTP/1.1\r\n\r\n").await;
    assert!(got.ends_with("hello"), "{got}");
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let (server, _) = start(limited(Limits {
        write_idle: Duration::from_millis(60),
        ..Limits::default()
    }));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /large HTTP/1.1\r\n\r\n").await.unwrap();
    settled(|| {
        let received = server.journal().received();
        received
            .first()
            .is_some_and(|entry| entry.ending == Ending::ReplyCut)
    })
    .await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let (server, _) = start(limited(Limits {
        connections: 1,
        ..Limits::default()
    }));
    let mut first = TcpStream::connect(server.addr()).await.unwrap();
    first
        .write_all(b"GET /hello HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    until(&mut first, "hello").await;
    let got = talk(server.addr(), "").await;
    assert!(got.starts_with("HTTP/1.1 503 "), "{got}");
    drop(first);
    let again = async {
        let ask = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
        while !talk(server.addr(), ask).await.ends_with("hello") {}
    };
    timeout(Duration::from_secs(5), again)
        .await
        .expect("the place is given back");
}

#[tokio::test]
async fn what_is_no_http_is_answered_400_and_closed() {
    let (server, model) = start(held());
    for wire in [
        "\u{1}\u{2}\u{3}\u{4}\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let got = talk(server.addr(), wire).await;
        assert!(
            got.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{wire:?}: {got}"
        );
        assert!(got.contains("Connection: close\r\n"), "{got}");
    }
    assert!(model.heard().is_empty());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 400 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(0)"]);
}

#[tokio::test]
async fn shutdown_answers_what_was_accepted_and_loses_nothing() {
    let (server, model) = start(held());
    let addr = server.addr();
    let mut idle = TcpStream::connect(addr).await.unwrap();
    idle.write_all(b"GET /hello HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    until(&mut idle, "hello").await;
    let mut busy = TcpStream::connect(addr).await.unwrap();
    busy.write_all(b"POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo")
        .await
        .unwrap();
    settled(|| model.heard().len() == 2).await;
    // Connected and asked, and the server may not even have accepted it.
    let mut fresh = TcpStream::connect(addr).await.unwrap();
    fresh
        .write_all(b"GET /hello HTTP/1.1\r\n\r\n")
        .await
        .unwrap();

    let down = tokio::spawn(server.shutdown());
    until(&mut fresh, "hello").await;
    busy.write_all(b"dy").await.unwrap();
    assert!(until(&mut busy, "body").await.contains("Connection: close"));
    assert_eq!(idle.read(&mut [0; 10]).await.unwrap(), 0);
    timeout(Duration::from_secs(5), down)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_server_that_is_dropped_listens_no_more() {
    let (server, _) = start(held());
    let addr = server.addr();
    drop(server);
    let refused = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), refused).await.unwrap();
}

#[tokio::test]
async fn an_address_that_others_reach_needs_credentials_or_leave() {
    let open = || ServerOptions {
        listen: ([0, 0, 0, 0], 0).into(),
        ..ServerOptions::default()
    };
    let model: Arc<dyn Model> = Arc::new(Fake::default());
    let refused = Server::start(Arc::clone(&model), open()).unwrap_err();
    assert!(refused.to_string().contains("--allow-open"), "{refused}");
    let allowed = ServerOptions {
        allow_open: true,
        ..open()
    };
    assert!(Server::start(model, allowed).is_ok());
}

#[tokio::test]
async fn a_common_client_is_served() {
    let (server, _) = start(ServerOptions::default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for turn in 0..20 {
        let body = "z".repeat(turn * 10_000);
        let sent = client
            .post(format!("{}/echo", server.url()))
            .body(body.clone());
        assert_eq!(sent.send().await.unwrap().text().await.unwrap(), body);
    }
    let large = client
        .get(format!("{}/large", server.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(large.bytes().await.unwrap().len(), 8_000_000);
}

/// Waits until it holds.
pub(super) async fn settled(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting)
        .await
        .expect("it settles");
}
