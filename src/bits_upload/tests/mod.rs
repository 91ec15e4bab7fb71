//! The server through its model, without sockets.

mod applications;
mod conversations;
mod facts;
mod lifetimes;
mod model;
mod quirks;
mod sockets;
mod survival;
mod validation;

use super::{Server, Settings, wire::PROTOCOL};
use crate::{
    message::{Reply, Request, Version},
    mock::{Answer, Begin, BodyEnd, BodyLength, Clock, Head, Ids, Model, Options, Outcome, Token},
};
use std::{
    cell::Cell,
    io::{Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

/// A server, and a client that talks to its model.
pub(super) struct Peer {
    pub(super) server: Server,
    pub(super) clock: Clock,
    pub(super) connection: Cell<u64>,
    options: Options,
}

/// What a request came to.
#[derive(Debug)]
pub(super) enum Came {
    Reply(Reply),
    Ask(Box<Request>, String, Duration, Token),
}

/// The same conversation in memory and in a folder.
pub(super) fn both(settings: &Settings, conversation: impl Fn(&Peer)) {
    conversation(&Peer::set(settings.clone()));
    let folder = tempfile::tempdir().unwrap();
    conversation(&Peer::with(settings.clone(), &[], Some(folder.path())));
}

impl Peer {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers build settings in place"
    )]
    pub(super) fn with(settings: Settings, quirks: &[&str], folder: Option<&Path>) -> Self {
        let clock = Clock::held(Clock::START);
        let options = Options {
            set: settings.pairs(),
            quirks: quirks.iter().map(|id| (*id).to_owned()).collect(),
            clock: clock.clone(),
            ids: Ids::seeded(7),
            data_dir: folder.map(Path::to_owned),
        };
        Self {
            server: Server::start(&options).unwrap(),
            clock,
            connection: Cell::new(1),
            options,
        }
    }

    pub(super) fn new() -> Self {
        Self::with(Settings::default(), &[], None)
    }

    pub(super) fn set(settings: Settings) -> Self {
        Self::with(settings, &[], None)
    }

    /// The process is gone without a word; another one starts on the same folder.
    pub(super) fn killed(self) -> Self {
        let Self {
            server,
            clock,
            options,
            ..
        } = self;
        drop(server);
        Self {
            server: Server::start(&Options {
                ids: Ids::random(),
                ..options.clone()
            })
            .unwrap(),
            clock,
            connection: Cell::new(1),
            options,
        }
    }

    /// Sends a head, then these chunks of its body, then ends it.
    pub(super) fn exchange(&self, head: &Head, chunks: &[&[u8]], end: BodyEnd) -> Came {
        let now = self.clock.now();
        let answer = match self.server.begin(head, now) {
            Begin::Answer(answer) => answer,
            Begin::Body(mut sink) => {
                let broke = chunks.iter().find_map(|bytes| match sink.chunk(bytes) {
                    ControlFlow::Break(answer) => Some(answer),
                    ControlFlow::Continue(()) => None,
                });
                broke.unwrap_or_else(|| self.server.end(sink, end, now))
            }
        };
        came(answer)
    }

    pub(super) fn head(&self, request: &Request) -> Head {
        Head {
            connection: self.connection.get(),
            ..Head::of(request)
        }
    }

    pub(super) fn send(&self, request: &Request) -> Came {
        let head = self.head(request);
        self.exchange(&head, &[&request.body], BodyEnd::Complete)
    }

    pub(super) fn ask(&self, request: &Request) -> Reply {
        self.send(request).reply()
    }

    pub(super) fn resume(&self, token: Token, outcome: Outcome) -> Reply {
        came(self.server.resume(token, outcome, self.clock.now())).reply()
    }

    pub(super) fn create(&self, path: &str) -> String {
        let reply = self.ask(&create(path));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.headers.get("BITS-Session-Id").unwrap().to_owned()
    }

    /// Sends `data[first..end]` of `data`.
    pub(super) fn put(&self, path: &str, id: &str, first: usize, end: usize, data: &[u8]) -> Reply {
        self.ask(&fragment(path, id, first, end, data))
    }

    pub(super) fn close(&self, path: &str, id: &str) -> Reply {
        self.ask(&packet("Close-Session", path, Some(id)))
    }

    pub(super) fn cancel(&self, path: &str, id: &str) -> Reply {
        self.ask(&packet("Cancel-Session", path, Some(id)))
    }

    /// What GET gives; none for 404.
    pub(super) fn get(&self, path: &str) -> Option<Vec<u8>> {
        let reply = self.ask(&Request::new("GET", path));
        match reply.status {
            200 => Some(reply.body.to_vec()),
            404 => None,
            other => panic!("GET {path}: {other}"),
        }
    }

    /// A whole upload in fragments of that size.
    pub(super) fn upload(&self, path: &str, data: &[u8], size: usize) -> Reply {
        let id = self.create(path);
        for first in (0..data.len()).step_by(size) {
            let end = (first + size).min(data.len());
            let reply = self.put(path, &id, first, end, data);
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        self.close(path, &id)
    }
}

impl Came {
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Reply(reply) => reply,
            Self::Ask(request, ..) => panic!("asked an application: {request:?}"),
        }
    }

    pub(super) fn question(self) -> (Request, String, Duration, Token) {
        match self {
            Self::Ask(request, origin, timeout, token) => (*request, origin, timeout, token),
            Self::Reply(reply) => panic!("no question: {reply:?}"),
        }
    }
}

fn came(answer: Answer) -> Came {
    match answer {
        Answer::Reply(reply) => Came::Reply(reply),
        Answer::File {
            head,
            mut file,
            start,
            length,
        } => {
            let mut body = Vec::new();
            file.seek(SeekFrom::Start(start)).unwrap();
            file.take(length).read_to_end(&mut body).unwrap();
            assert_eq!(body.len() as u64, length);
            Came::Reply(head.body(body))
        }
        Answer::Ask {
            origin,
            request,
            timeout,
            token,
        } => Came::Ask(request, origin, timeout, token),
        Answer::Wait { .. } => panic!("the server never waits"),
    }
}

/// A packet without a body.
pub(super) fn packet(kind: &str, path: &str, id: Option<&str>) -> Request {
    let mut request = Request::new("BITS_POST", path);
    request.headers.append("Host", "host.example");
    request.headers.append("BITS-Packet-Type", kind);
    if let Some(id) = id {
        request.headers.append("BITS-Session-Id", id);
    }
    request.headers.append("Content-Length", "0");
    request
}

pub(super) fn create(path: &str) -> Request {
    let mut request = packet("Create-Session", path, None);
    request.headers.append("BITS-Supported-Protocols", PROTOCOL);
    request
}

/// A fragment with `data[first..end]` of `data`.
pub(super) fn fragment(path: &str, id: &str, first: usize, end: usize, data: &[u8]) -> Request {
    let range = format!("bytes {first}-{}/{}", end.wrapping_sub(1), data.len());
    ranged(path, id, &range, &data[first..end])
}

/// A fragment with that range and body.
pub(super) fn ranged(path: &str, id: &str, range: &str, body: &[u8]) -> Request {
    let mut request = packet("Fragment", path, Some(id));
    request.headers.append("Content-Range", range);
    request
        .headers
        .set("Content-Length", body.len().to_string());
    request.body = body.to_vec().into();
    request
}

/// The offset that an ack tells.
pub(super) fn offset(reply: &Reply) -> Option<u64> {
    reply
        .headers
        .get("BITS-Received-Content-Range")?
        .parse()
        .ok()
}

/// Status and code of an ack.
pub(super) fn fault(reply: &Reply) -> (u16, Option<&str>) {
    (reply.status, reply.headers.get("BITS-Error-Code"))
}

/// Bytes that tell where they belong.
pub(super) fn data(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect()
}

pub(super) fn http10(mut request: Request) -> Request {
    request.version = Version::Http10;
    request.headers.remove("Content-Length");
    request.headers.remove("Host");
    request
}

pub(super) fn unstated(request: &Request) -> Head {
    Head {
        length: BodyLength::Unstated,
        ..Head::of(request)
    }
}
