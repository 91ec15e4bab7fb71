use super::{ApiVersion, Fault, Media, Query, Route};
use crate::{
    hpc_pack::HeadNode,
    message::{Framing, Headers},
    mock::{Head, Moment},
};
use bytes::Bytes;
use std::{borrow::Cow, fmt};

/// The values of a path in order, percent-decoded; unused ones are empty.
pub(crate) type Params<'a> = [Cow<'a, str>; 3];

/// A request whose route, versions and media types have been found good.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Its row of the table.
    pub(crate) route: &'static Route,
    /// The values of its path.
    pub(crate) params: Params<'a>,
    /// Its query.
    pub(crate) query: Query<'a>,
    /// Its api-version; none where it was left out and may be.
    pub(crate) version: Option<ApiVersion>,
    /// What the reply is to be written in; always XML outside SOA (A49).
    pub(crate) accept: Media,
    /// Head of the request, as the door gave it.
    pub(crate) head: &'a Head,
    /// The body; empty where the operation takes none.
    pub(crate) body: &'a [u8],
    /// The time.
    pub(crate) now: Moment,
    /// Since when this call has been waiting, where it is asked again after [`Flow::Wait`].
    pub(crate) waiting_since: Option<Moment>,
}

impl<'a> Call<'a> {
    /// Header fields of the request.
    pub(crate) fn headers(&self) -> &'a Headers {
        &self.head.request.headers
    }

    /// The number at that place of the path; none where it is no decimal number that fits 32 bits.
    pub(crate) fn id(&self, index: usize) -> Option<i32> {
        let text = &self.params[index];
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    }

    /// The authority that the client used, which is where everything of this mock is to be found.
    pub(crate) fn authority(&self) -> &'a str {
        self.headers()
            .get("Host")
            .filter(|host| !host.is_empty())
            .unwrap_or("localhost")
    }
}

/// A reply before the common headers have been added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireReply {
    /// The status; none: that of success in the row of the operation.
    pub(crate) status: Option<u16>,
    /// `Content-Type`; none for replies without body.
    pub(crate) media: Option<&'static str>,
    /// The body.
    pub(crate) body: Bytes,
    /// Further header fields.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How its end is told.
    pub(crate) framing: Framing,
}

impl WireReply {
    /// Success without a body.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    /// Success with that body.
    pub(crate) fn of(media: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            media: Some(media),
            body: body.into(),
            ..Self::default()
        }
    }

    /// Success with an XML body.
    pub(crate) fn xml(body: impl Into<Bytes>) -> Self {
        Self::of(super::media::XML, body)
    }

    /// The same reply with one more header field.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What an operation comes to.
#[derive(Debug)]
pub(crate) enum Flow {
    /// A reply.
    Reply(WireReply),
    /// Nothing yet: the same call is made again at that moment, with [`Call::waiting_since`] set.
    Wait(Moment),
    /// A part of the work is done; the rest is when others had their turn.
    Rest(Rest),
}

/// What is left to do for a call.
pub(crate) struct Rest(Box<Work>);

type Work = dyn FnOnce(&HeadNode) -> Result<Flow, Fault> + Send;

impl Rest {
    /// Does the next part of it.
    ///
    /// # Errors
    /// The fault that the call ends in.
    pub(crate) fn go(self, node: &HeadNode) -> Result<Flow, Fault> {
        (self.0)(node)
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest")
    }
}

impl Flow {
    /// That is to be done when others had their turn.
    pub(crate) fn rest(
        work: impl FnOnce(&HeadNode) -> Result<Self, Fault> + Send + 'static,
    ) -> Self {
        Self::Rest(Rest(Box::new(work)))
    }
}

impl From<WireReply> for Flow {
    fn from(reply: WireReply) -> Self {
        Self::Reply(reply)
    }
}
