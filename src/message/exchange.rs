use super::{Framing, Reply, Request};
use bytes::Bytes;
use std::{fmt, sync::Arc, time::Duration};

/// One request with its reply, or how the connection broke.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request as it was sent.
    pub request: Request,
    /// Scheme and authority it was sent to, such as `http://127.0.0.1:8080`.
    pub origin: String,
    /// Which of the runner's connections carried it; two exchanges with the same number shared one.
    pub connection: u64,
    /// The reply, or why there is none.
    pub outcome: Result<Reply, Broken>,
    /// From the first byte sent to the last byte received.
    pub elapsed: Duration,
    /// Bytes that the peer sent and that belong to no reply: empty lines before the status line of this one, bytes behind its end,
    /// or such as came before this request was sent on a kept connection. At most the first 4 KiB.
    pub excess: Bytes,
    /// How many of these, the first, stood before the status line.
    pub lead: usize,
    /// How long the bodies were of which only the beginning is held.
    pub lengths: Lengths,
    /// Whether it had been sent before, over a kept connection that had just been used and ended without a byte of a reply.
    pub again: bool,
}

/// How long bodies were of which less is held; none where the whole body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Bytes of the request's body.
    pub request: Option<u64>,
    /// Bytes of the reply's body.
    pub reply: Option<u64>,
}

impl Exchange {
    /// Numbers of connections from here on are those of the pool.
    pub(crate) const POOLED: u64 = 1 << 32;

    /// An exchange on connection 0 that took no time.
    #[must_use]
    pub fn new(
        request: Request,
        origin: impl Into<String>,
        outcome: Result<Reply, Broken>,
    ) -> Self {
        Self {
            request,
            origin: origin.into(),
            connection: 0,
            outcome,
            elapsed: Duration::ZERO,
            excess: Bytes::new(),
            lead: 0,
            lengths: Lengths::default(),
            again: false,
        }
    }

    /// Whether a pool carried it, of which only whole replies come back: bytes behind one are not seen.
    #[must_use]
    pub(crate) fn is_pooled(&self) -> bool {
        self.connection >= Self::POOLED
    }

    /// How much of a body is kept as evidence, in bytes.
    pub const EVIDENCE: usize = 16 << 10;

    /// The same for whoever keeps it to the end of a run: of long bodies the beginning, with their true lengths.
    #[must_use]
    pub fn evidence(self: &Arc<Self>) -> Arc<Self> {
        let reply = self
            .outcome
            .as_ref()
            .map_or_else(|broken| broken.partial.as_deref(), Some);
        let long = |body: &Bytes| body.len() > Self::EVIDENCE;
        if !long(&self.request.body) && !reply.is_some_and(|reply| long(&reply.body)) {
            return Arc::clone(self);
        }
        let mut short = (**self).clone();
        cut(&mut short.request.body, &mut short.lengths.request);
        let reply = match &mut short.outcome {
            Ok(reply) => Some(reply),
            Err(broken) => broken.partial.as_deref_mut(),
        };
        if let Some(reply) = reply {
            cut(&mut reply.body, &mut short.lengths.reply);
        }
        Arc::new(short)
    }

    /// The reply, where there is one.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.outcome.as_ref().ok()
    }

    /// What is wrong with the framing of what came, where something is: the reply does not end where it says or says two things, or
    /// what came is no HTTP. Silence, a reset and a connection that did not come about say nothing of it.
    #[must_use]
    pub fn misframed(&self) -> Option<String> {
        match &self.outcome {
            Ok(_) if !self.excess.is_empty() => {
                let (lead, rest) = self.excess.split_at(self.lead.min(self.excess.len()));
                let told = [(lead, "stand before the status line"), (rest, "belong to no reply")];
                let told = told.iter().filter(|(bytes, _)| !bytes.is_empty());
                let told: Vec<_> = told
                    .map(|(bytes, what)| {
                        let shown = bytes[..bytes.len().min(60)].escape_ascii();
                        format!("{} bytes that {what}: `{shown}`", bytes.len())
                    })
                    .collect();
                Some(told.join("; "))
            }
            // Who reads the one and who reads the other see different replies (RFC 2616 4.4).
            Ok(reply)
                if reply.framing == Framing::Chunked
                    && reply.headers.contains("Content-Length") =>
            {
                Some("its end is told both by Content-Length and by chunks".to_owned())
            }
            // Chunks are the only coding that a client takes unasked (RFC 2616 3.6, 14.39).
            Ok(reply) => reply
                .headers
                .joined("Transfer-Encoding")
                .filter(|codings| {
                    !["chunked", "identity"]
                        .iter()
                        .any(|known| codings.trim().eq_ignore_ascii_case(known))
                })
                .map(|codings| {
                    format!("`Transfer-Encoding: {codings}`, of which nothing but `chunked` is for every client")
                }),
            Err(broken) => match broken.how {
                How::Cut | How::Garbled => Some(broken.to_string()),
                // Its head had come, and told of more than followed.
                How::Stalled if broken.partial.is_some() => Some(broken.to_string()),
                _ => None,
            },
        }
    }
}

/// How an exchange broke, as far as the wire tells it. A value, never an error of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The kind of break.
    pub how: How,
    /// What was seen, for a person: `connection closed after 17 of 200 bytes of the body`.
    pub detail: String,
    /// Head and the part of the body that had arrived, where a whole head had.
    pub partial: Option<Box<Reply>>,
}

/// The kinds of break that the wire tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// No connection: refused, unreachable, name unknown.
    Unreachable,
    /// The TLS handshake failed.
    Tls,
    /// The peer reset the connection (RST).
    Reset,
    /// The peer closed the connection before the first byte of a reply.
    Closed,
    /// The peer closed the connection within head or body.
    Cut,
    /// Nothing more came within the time allowed.
    Stalled,
    /// What came is no HTTP.
    Garbled,
    /// The reply was larger than the limit of the client.
    TooLarge,
}

impl How {
    /// All kinds with the word that scenarios and reports use.
    pub const ALL: [(&'static str, Self); 8] = [
        ("unreachable", Self::Unreachable),
        ("tls", Self::Tls),
        ("reset", Self::Reset),
        ("closed", Self::Closed),
        ("cut", Self::Cut),
        ("stalled", Self::Stalled),
        ("garbled", Self::Garbled),
        ("too-large", Self::TooLarge),
    ];

    /// The word for it in scenarios and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, how)| *how == self)
            .map_or("broken", |(word, _)| word)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.how.as_str(), self.detail)
    }
}

/// Copied, so that the long one can be freed.
fn cut(body: &mut Bytes, length: &mut Option<u64>) {
    if body.len() > Exchange::EVIDENCE {
        length.get_or_insert(body.len() as u64);
        *body = Bytes::copy_from_slice(&body[..Exchange::EVIDENCE]);
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Exchange, How, Reply};
    use crate::message::Request;
    use std::sync::Arc;

    #[test]
    fn evidence_has_the_beginning_of_a_long_body_and_tells_how_long_it_was() {
        let of = |outcome| Arc::new(Exchange::new(Request::new("GET", "/"), "http://h", outcome));
        let short = of(Ok(Reply::new(200).body(vec![b'x'; Exchange::EVIDENCE])));
        assert!(Arc::ptr_eq(&short, &short.evidence()));
        let body: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let long = Reply::new(203).header("A", "b").body(body.clone());
        let broken = Broken {
            how: How::Cut,
            detail: "cut".to_owned(),
            partial: Some(Box::new(long.clone())),
        };
        let whole = of(Ok(long)).evidence();
        let part = of(Err(broken)).evidence();
        let partial = part.outcome.as_ref().expect_err("broken");
        let replies = [(&whole, whole.reply()), (&part, partial.partial.as_deref())];
        for (exchange, reply) in replies {
            let reply = reply.expect("a reply");
            assert_eq!(reply.body, body[..Exchange::EVIDENCE]);
            assert_eq!(exchange.lengths.reply, Some(1_000_000));
            assert_eq!((reply.status, reply.headers.get("a")), (203, Some("b")));
        }
        // What was cut already keeps its length.
        assert_eq!(whole.evidence().lengths.reply, Some(1_000_000));
    }
}
