//! The admin interface of a mock: under `/__wireproof/`, for those who may lead it.
//!
//! In: requests to it, and the mock behind it. Out: JSON. It must not know sockets; a door asks it before anything else.

mod access;
mod journal;
mod routes;
#[cfg(test)]
mod tests;

use super::{Answer, BodyLength, Clock, CueBook, Journal, Model, Sink};
use crate::message::{Reply, Request};
use bytes::Bytes;
use std::{any::Any, fmt, net::SocketAddr, ops::ControlFlow, sync::Arc};

/// Where it is.
const BASE: &str = "/__wireproof";
/// The most bytes of a body.
const MOST: usize = 1024 * 1024;

/// Who may lead a mock from outside, and what with.
///
/// Where the door listens beyond this machine it is there only with a token. It refuses requests for a foreign `Host`
/// and from a foreign `Origin`, so that no web page can use it through its visitor's browser.
pub struct Admin {
    suite: String,
    book: Arc<CueBook>,
    token: Option<String>,
    hosts: Vec<String>,
}

/// The mock, as its door shows it.
pub(crate) struct Backstage<'a> {
    pub(crate) model: &'a Arc<dyn Model>,
    pub(crate) clock: &'a Clock,
    pub(crate) journal: &'a Journal,
    /// Where the door listens.
    pub(crate) listen: SocketAddr,
    /// Whether the request came in TLS.
    pub(crate) secure: bool,
    /// What a new start of the process would do.
    pub(crate) restart: &'a (dyn Fn() + Sync),
}

impl Admin {
    /// For the mock of that suite with these cues; for requests from this machine only.
    #[must_use]
    pub fn new(suite: impl Into<String>, book: Arc<CueBook>) -> Self {
        Self {
            suite: suite.into(),
            book,
            token: None,
            hosts: Vec::new(),
        }
    }

    /// Demands `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Is there under that host name too, beside `localhost` and the address listened on.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Answers a request to it, with its body where that is no larger than the limit; nobody but who may come in hears of it.
    pub(crate) fn answer(
        &self,
        stage: &Backstage<'_>,
        request: &Request,
        too_large: bool,
    ) -> Reply {
        let reply = match self.admit(stage, request) {
            Ok(()) if too_large => routes::too_large(),
            Ok(()) => self.route(stage, request),
            Err(reply) => reply,
        };
        reply
            .header("Cache-Control", "no-store")
            .header("X-Content-Type-Options", "nosniff")
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("suite", &self.suite)
            .field("book", &self.book)
            .field("token", &self.token.is_some())
            .field("hosts", &self.hosts)
            .finish()
    }
}

/// Whether a path is one of the admin interface.
pub(crate) fn is_admin(path: &str) -> bool {
    path.strip_prefix(BASE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Takes everything of a mock back to its start, but for its clock and the files in a folder of the user's.
pub(crate) fn reset(book: &CueBook, model: &dyn Model, journal: &Journal, clock: &Clock) {
    book.clear();
    book.forget_unmatched();
    model.reset(clock.now());
    journal.clear();
}

/// The body of a request to it; never more than the limit.
#[derive(Debug, Default)]
pub(crate) struct AdminBody(Vec<u8>);

impl AdminBody {
    /// Whether a body of that announced length is too large, so that none of it need be read.
    pub(crate) fn is_beyond(length: BodyLength) -> bool {
        matches!(length, BodyLength::Bytes(bytes) if bytes > MOST as u64)
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0.into()
    }
}

impl Sink for AdminBody {
    fn chunk(&mut self, bytes: &[u8]) -> ControlFlow<Answer> {
        if self.0.len() + bytes.len() > MOST {
            return ControlFlow::Break(Answer::Reply(routes::too_large()));
        }
        self.0.extend_from_slice(bytes);
        ControlFlow::Continue(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
