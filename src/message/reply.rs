use super::{Headers, Version};
use bytes::Bytes;

/// How the end of a reply's body was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// By `Content-Length`.
    #[default]
    Length,
    /// By `Transfer-Encoding: chunked`.
    Chunked,
    /// By the end of the connection.
    Close,
    /// The status or the method allows no body (1xx, 204, 304, HEAD).
    Bodiless,
}

/// A reply as it was received, or as a mock gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The version of the status line.
    pub version: Version,
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase; empty where the client could not tell it or the server sent none.
    pub reason: String,
    /// All header fields, those of framing too.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Bytes,
    /// How the end of the body was told.
    pub framing: Framing,
}

impl Reply {
    /// A reply of that status without headers or body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// The same reply with one more header field.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same reply with that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}
