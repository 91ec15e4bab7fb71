//! The head node asked through the `Model` trait, without a socket.

mod bad_input;
mod batch_quirks;
mod batches;
mod common_rules;
mod late;
mod limits;
mod routes;
mod scheduler;
mod scheduler_quirks;
mod sessions;
mod slices;

use super::{HeadNode, Quirk, Quirks, Settings};
use crate::{
    message::{Reply, Request},
    mock::{Answer, Begin, BodyEnd, Clock, Head, Ids, Model, Moment, Outcome},
};
use std::{ops::ControlFlow, time::Duration};

/// A head node and its time.
pub(super) struct Bench {
    pub(super) node: HeadNode,
    pub(super) now: Moment,
}

impl Bench {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            node: HeadNode::for_test(settings),
            now: Clock::START,
        }
    }

    pub(super) fn with(quirk: Quirk) -> Self {
        Self {
            node: HeadNode::new(Settings::default(), Quirks::only(quirk), Ids::seeded(1)),
            now: Clock::START,
        }
    }

    /// Sends a request and waits as long as the model wants to.
    pub(super) fn ask(&mut self, request: &Request) -> Reply {
        let head = Head::of(request);
        let mut answer = match self.node.begin(&head, self.now) {
            Begin::Answer(answer) => answer,
            Begin::Body(mut sink) => 'body: {
                for chunk in request.body.chunks(7) {
                    if let ControlFlow::Break(answer) = sink.chunk(chunk) {
                        break 'body answer;
                    }
                }
                self.node.end(sink, BodyEnd::Complete, self.now)
            }
        };
        loop {
            match answer {
                Answer::Reply(reply) => return reply,
                Answer::Wait { until, token } => {
                    self.now = self.now.max(until);
                    answer = self.node.resume(token, Outcome::Woke, self.now);
                }
                other => panic!("unexpected answer {other:?}"),
            }
        }
    }

    pub(super) fn sleep(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }
}

/// `METHOD target`, with api-version 2011-11-01, `Host` and an empty body of stated length.
pub(super) fn request(line: &str) -> Request {
    let mut request = bare(line);
    request.headers.append("api-version", "2011-11-01");
    request
}

/// As [`request`] without api-version.
pub(super) fn bare(line: &str) -> Request {
    let (method, target) = line.split_once(' ').expect("METHOD target");
    let mut request = Request::new(method, target);
    request.headers.append("Host", "head.example:8443");
    if method != "GET" {
        request.headers.append("Content-Length", "0");
    }
    request
}

/// [`request`] below `/WindowsHPC/`.
fn line(line: &str) -> Request {
    let (method, target) = line.split_once(' ').expect("METHOD target");
    request(&format!("{method} /WindowsHPC/{target}"))
}

/// The same request with that body.
pub(super) fn body(request: Request, media: &str, body: &str) -> Request {
    sent(request, media, body.to_owned().into_bytes())
}

/// The same request with those bytes as its body.
fn sent(mut request: Request, media: &str, body: Vec<u8>) -> Request {
    request.headers.set("Content-Type", media);
    request
        .headers
        .set("Content-Length", body.len().to_string());
    request.body = body.into();
    request
}

/// How a list of properties begins.
const BAG: &str = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">";

/// A list of properties.
fn bag(pairs: &[(&str, &str)]) -> Vec<u8> {
    let inner: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
        })
        .collect();
    format!("{BAG}{inner}</ArrayOfProperty>").into_bytes()
}

/// A request below `/WindowsHPC/` that sends properties.
fn properties(to: &str, pairs: &[(&str, &str)]) -> Request {
    sent(line(to), "application/xml", bag(pairs))
}

/// The same request with that header field, or without it where the value is empty.
pub(super) fn header(mut request: Request, name: &str, value: &str) -> Request {
    if value.is_empty() {
        request.headers.remove(name);
    } else {
        request.headers.set(name, value);
    }
    request
}

pub(super) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).expect("replies are UTF-8")
}

/// The `Code` of a fault in XML or JSON.
pub(super) fn code(reply: &Reply) -> i32 {
    let text = text(reply);
    let behind = |open: &str, close: char| {
        let (_, rest) = text.split_once(open)?;
        rest.split(close).next()?.parse().ok()
    };
    behind("<Code>", '<')
        .or_else(|| behind("\"Code\":", ','))
        .unwrap_or_else(|| panic!("no fault: {text}"))
}
