//! The door on raw sockets: what goes in and out byte for byte.

mod acts;
mod defects;
mod halves;
mod http;
mod journal;
mod life;
mod limits;
mod load;
mod tls;

use super::{Server, ServerOptions};
use crate::{
    message::{Broken, Framing, Reply, Request},
    mock::{
        Answer, Begin, BodyEnd, Clock, Head, Model, Moment, Outcome, Refusal, Sessions, Sink, Token,
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
pub(crate) struct Fake {
    pub(crate) said: Mutex<Vec<String>>,
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

    pub(crate) fn heard(&self) -> Vec<String> {
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
            "/turn" => Begin::Answer(Answer::Wait {
                until: now,
                token: Token(9),
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

    fn restart(&self, _now: Moment) {
        self.say("restart");
    }

    fn drop_sessions(&self, which: Sessions<'_>, _now: Moment) -> usize {
        self.say(
            format!("drop {which:?}")
                .chars()
                .take(7)
                .collect::<String>(),
        );
        0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(crate) fn start(options: ServerOptions) -> (Server, Arc<Fake>) {
    let model = Arc::new(Fake::default());
    let server = Server::start(model.clone(), options).unwrap();
    (server, model)
}

/// Sends the bytes and reads until the server closes the connection.
pub(crate) async fn talk(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
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
pub(crate) async fn until(tcp: &mut TcpStream, end: &str) -> String {
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

/// Waits until it holds.
pub(crate) async fn settled(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting)
        .await
        .expect("it settles");
}
