//! The same model on a [`wiremock::MockServer`], beside stubs and expectations of a user's own.
//!
//! In: what wiremock received. Out: what the model answers, as a [`ResponseTemplate`]. It must not know any
//! protocol above HTTP.
//!
//! What this door cannot do, and [`Server`](super::Server) can:
//!
//! - Bodies come whole. A body that breaks off, and bytes that are kept of it, never reach the model.
//! - Names of header fields arrive, and are sent, in the case of hyper: lower-case.
//! - [`Answer::Wait`] is over at once on a clock that is held or skips: the clock is brought to the moment. On the
//!   clock of the machine it is answered 501, for a wiremock responder cannot wait.
//! - [`Answer::Ask`] fails as unreachable, for a wiremock responder cannot send.
//! - A cue cannot break the connection: one that would is answered 501 with a line that says so. A restart leaves connections
//!   as they are.
//! - There are no defects, no limits, no credentials and no journal; wiremock records requests itself.

use super::{
    Act, Answer, Begin, BodyEnd, Clock, Commit, Cues, Head, Model, Outcome, Sessions, Strike,
    server::text,
};
use crate::{
    auth::Basic,
    message::{Broken, How, Reply, Request},
};
use http::{HeaderName, HeaderValue, StatusCode};
use std::{
    io::{Read as _, Seek as _, SeekFrom},
    ops::ControlFlow,
    sync::Arc,
    time::Duration,
};
use wiremock::{Mock, MockServer, Respond, ResponseTemplate, matchers::any};

/// The priority of the mock: after every stub that states none.
const LAST: u8 = u8::MAX;

/// Has a model answer every request of that server that no stub of the user's own matches.
pub async fn mount(server: &MockServer, model: Arc<dyn Model>, clock: Clock) {
    mount_with(server, model, clock, None).await;
}

/// The same, with things that go wrong on cue as far as they can here: replies, faults, delays, and what befalls the model.
pub async fn mount_with(
    server: &MockServer,
    model: Arc<dyn Model>,
    clock: Clock,
    cues: Option<Arc<dyn Cues>>,
) {
    Mock::given(any())
        .respond_with(Responder { model, clock, cues })
        .with_priority(LAST)
        .mount(server)
        .await;
}

/// A wiremock server of its own for a model; it stops when it is dropped.
#[derive(Debug)]
pub struct Mounted(MockServer);

impl Mounted {
    /// Starts a server on a free port of 127.0.0.1 whose every request that model answers.
    pub async fn start(model: Arc<dyn Model>, clock: Clock) -> Self {
        let server = MockServer::start().await;
        mount(&server, model, clock).await;
        Self(server)
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        self.0.uri()
    }
}

struct Responder {
    model: Arc<dyn Model>,
    clock: Clock,
    cues: Option<Arc<dyn Cues>>,
}

impl Respond for Responder {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let head = head_of(request);
        let cues = self.cues.as_ref();
        let Some(strike) = cues.and_then(|cues| cues.strike(&head, self.clock.now())) else {
            return template(&self.modelled(&head, &request.body));
        };
        if let Some(defect) = &strike.defect {
            let reply = Reply::new(501)
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(format!(
                    "A cue struck with {defect:?}, which the mock on wiremock cannot do; \
                     start a server of wireproof's own for it.\n"
                ));
            return template(&reply);
        }
        template(&self.struck(&head, &request.body, &strike)).set_delay(self.delay(strike.delay))
    }
}

impl Responder {
    fn modelled(&self, head: &Head, body: &[u8]) -> Reply {
        self.settle(self.first_answer(head, body))
    }

    /// What a strike makes of a request, without its delay.
    fn struck(&self, head: &Head, body: &[u8], strike: &Strike) -> Reply {
        if strike.commit == Commit::After {
            self.act(&strike.acts, head);
            return match self.instead(head, strike) {
                Some(reply) => reply,
                None => self.modelled(head, body),
            };
        }
        let reply = self.modelled(head, body);
        self.act(&strike.acts, head);
        self.instead(head, strike).unwrap_or(reply)
    }

    fn instead(&self, head: &Head, strike: &Strike) -> Option<Reply> {
        let fault = || {
            let id = strike.fault.as_deref()?;
            self.model.fault(id, head, self.clock.now())
        };
        strike.reply.clone().or_else(fault)
    }

    fn act(&self, acts: &[Act], head: &Head) {
        let now = self.clock.now();
        for act in acts {
            match act {
                Act::DropSession => {
                    self.model.drop_sessions(Sessions::Of(head), now);
                }
                Act::Restart => self.model.restart(now),
                Act::Advance(by) => self.clock.advance(*by),
            }
        }
    }

    /// A clock that stands still is moved; what the machine's shows is waited for.
    fn delay(&self, delay: Duration) -> Duration {
        if self.clock.is_held() {
            self.clock.advance(delay);
            return Duration::ZERO;
        }
        delay
    }

    fn first_answer(&self, head: &Head, body: &[u8]) -> Answer {
        match self.model.begin(head, self.clock.now()) {
            Begin::Answer(answer) => answer,
            Begin::Body(sink) if body.is_empty() => {
                self.model.end(sink, BodyEnd::Complete, self.clock.now())
            }
            Begin::Body(mut sink) => match sink.chunk(body) {
                ControlFlow::Break(answer) => answer,
                ControlFlow::Continue(()) => {
                    self.model.end(sink, BodyEnd::Complete, self.clock.now())
                }
            },
        }
    }

    fn settle(&self, mut answer: Answer) -> Reply {
        loop {
            let (token, outcome) = match answer {
                Answer::Reply(reply) => return reply,
                Answer::File {
                    head,
                    file,
                    start,
                    length,
                } => {
                    let mut body = Vec::new();
                    let mut file = file;
                    let read = file
                        .seek(SeekFrom::Start(start))
                        .and_then(|_| file.take(length).read_to_end(&mut body));
                    return match read {
                        Ok(_) => head.body(body),
                        Err(error) => {
                            Reply::new(500).body(format!("The file cannot be read: {error}.\n"))
                        }
                    };
                }
                // A model that has much to do waits for nothing; here nobody else is to have a turn between.
                Answer::Wait { until, token } if until <= self.clock.now() => {
                    (token, Outcome::Woke)
                }
                Answer::Wait { until, token } if self.clock.is_held() => {
                    self.clock.skip_to(until);
                    (token, Outcome::Woke)
                }
                Answer::Wait { token, .. } => {
                    // Nobody waits any longer, and the model has to know.
                    drop(self.model.resume(token, Outcome::Gone, self.clock.now()));
                    return Reply::new(501)
                        .header("Content-Type", "text/plain; charset=utf-8")
                        .body(
                            "This request waits, which the mock on wiremock can only do with a \
                             clock that is held or skips.\n",
                        );
                }
                Answer::Ask { origin, token, .. } => {
                    let broken = Broken {
                        how: How::Unreachable,
                        detail: format!("the mock on wiremock sends nothing to {origin}"),
                        partial: None,
                    };
                    (token, Outcome::Answered(Err(broken)))
                }
            };
            answer = self.model.resume(token, outcome, self.clock.now());
        }
    }
}

fn head_of(request: &wiremock::Request) -> Head {
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), text(value.as_bytes())))
        .collect();
    let mut head = Head::of(&Request {
        headers,
        ..Request::new(request.method.as_str(), target)
    });
    let given = head.request.headers.get("Authorization");
    head.user = given
        .and_then(Basic::parse)
        .map(|basic| basic.name().to_owned());
    head
}

/// What wiremock can send of a reply: hyper sees to the framing, and what is no header field is left out.
fn template(reply: &Reply) -> ResponseTemplate {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let length = reply.body.len().to_string();
    let mut template = ResponseTemplate::new(status).set_body_bytes(reply.body.as_ref());
    for (name, value) in reply.headers.iter() {
        let framing = name.eq_ignore_ascii_case("Transfer-Encoding")
            || (name.eq_ignore_ascii_case("Content-Length") && value != length);
        let field = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        );
        if let (false, (Ok(name), Ok(value))) = (framing, field) {
            template = template.append_header(name, value);
        }
    }
    template
}

#[cfg(test)]
mod tests {
    use super::{mount, mount_with};
    use crate::{
        message::Reply,
        mock::{
            At, Clock, Commit, Cue, CueBook, Operations,
            server::tests::{Fake, talk},
        },
    };
    use std::{sync::Arc, time::Duration};
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

    async fn mounted(clock: Clock) -> (MockServer, Arc<Fake>) {
        let (server, model) = (MockServer::start().await, Arc::new(Fake::default()));
        mount(&server, model.clone(), clock).await;
        (server, model)
    }

    async fn ask(server: &MockServer, line: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic aGFuczp4\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        talk(*server.address(), request).await
    }

    #[tokio::test]
    async fn the_model_answers_what_no_stub_of_the_user_does() {
        let (server, model) = mounted(Clock::held(Clock::START)).await;
        Mock::given(path("/own"))
            .respond_with(ResponseTemplate::new(299))
            .expect(1)
            .mount(&server)
            .await;
        assert!(
            ask(&server, "GET /own", "")
                .await
                .starts_with("HTTP/1.1 299")
        );
        let got = ask(&server, "GET /hello", "").await;
        assert!(
            got.contains("bits-packet-type: Ack\r\n") && got.ends_with("hello"),
            "{got}"
        );
        let got = ask(&server, "BITS_POST /a%20b?c=d", "body").await;
        assert!(
            got.starts_with("HTTP/1.1 200 ") && got.ends_with("body"),
            "{got}"
        );
        assert!(ask(&server, "GET /user", "").await.ends_with("hans"));
        assert!(ask(&server, "POST /early", "body").await.ends_with("early"));
        assert_eq!(
            model.heard(),
            [
                "GET /hello",
                "BITS_POST /a%20b",
                "Complete",
                "GET /user",
                "POST /early"
            ]
        );
    }

    #[tokio::test]
    async fn files_and_framings_go_out_whole() {
        let (server, _) = mounted(Clock::held(Clock::START)).await;
        let got = ask(&server, "GET /file", "").await;
        assert!(got.starts_with("HTTP/1.1 206 "), "{got}");
        let body = got.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body, "a".repeat(50_000) + &"b".repeat(100_000));
        for path in ["/close", "/chunked"] {
            assert!(
                ask(&server, &format!("GET {path}"), "")
                    .await
                    .ends_with("hello")
            );
        }
    }

    #[tokio::test]
    async fn a_wait_is_over_at_once_where_the_clock_can_be_moved() {
        for clock in [Clock::held(Clock::START), Clock::skipping(Clock::START)] {
            let (server, _) = mounted(clock.clone()).await;
            assert!(ask(&server, "GET /wait", "").await.ends_with("woke"));
            assert_eq!(clock.now().since(Clock::START).as_secs(), 60);
        }
        let (server, model) = mounted(Clock::system()).await;
        let got = ask(&server, "GET /wait", "").await;
        assert!(
            got.starts_with("HTTP/1.1 501 ") && got.contains("clock"),
            "{got}"
        );
        assert_eq!(model.heard(), ["GET /wait", "7 Gone"]);
    }

    #[tokio::test]
    async fn what_waits_for_its_turn_alone_is_answered_whatever_the_clock() {
        for clock in [Clock::held(Clock::START), Clock::system()] {
            let (server, model) = mounted(clock).await;
            assert!(ask(&server, "GET /turn", "").await.ends_with("woke"));
            assert_eq!(model.heard(), ["GET /turn", "9 Woke"]);
        }
    }

    #[tokio::test]
    async fn cues_strike_here_too_but_for_those_that_break_connections() {
        let (server, model) = (MockServer::start().await, Arc::new(Fake::default()));
        let clock = Clock::held(Clock::START);
        let book = CueBook::new(model.clone(), clock.clone(), Operations::unknown());
        let on = |path: &str| Cue::any().path(path);
        let later = on("/later").delay(Duration::from_secs(9));
        let busy = on("/busy").reply(Reply::new(503).body("busy"));
        let done = on("/done").reply(Reply::new(202)).commit(Commit::Before);
        let cues = vec![
            on("/broken").reset(At::BEFORE_HEAD),
            later.advance(Duration::from_secs(1)),
            busy,
            done,
        ];
        book.place_all(cues).unwrap();
        mount_with(&server, model.clone(), clock.clone(), Some(Arc::new(book))).await;
        let got = ask(&server, "GET /broken", "").await;
        assert!(got.starts_with("HTTP/1.1 501 "), "{got}");
        assert!(got.contains("cannot do") && got.contains("Reset"), "{got}");
        assert!(ask(&server, "GET /busy", "").await.ends_with("busy"));
        assert_eq!(model.heard(), [""; 0]);
        let got = ask(&server, "POST /done", "").await;
        assert!(got.starts_with("HTTP/1.1 202 "), "{got}");
        ask(&server, "POST /later", "").await;
        assert_eq!(clock.now().since(Clock::START), Duration::from_secs(10));
        let expected = ["POST /done", "Complete", "POST /later", "Complete"];
        assert_eq!(model.heard(), expected);
    }

    #[tokio::test]
    async fn nothing_is_asked_of_anybody() {
        let (server, _) = mounted(Clock::system()).await;
        let got = ask(&server, "GET /ask?127.0.0.1:1", "").await;
        assert!(
            got.starts_with("HTTP/1.1 502 ") && got.ends_with("unreachable"),
            "{got}"
        );
    }
}
