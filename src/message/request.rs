use super::Headers;
use bytes::Bytes;

/// The version on a request or status line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    #[default]
    Http11,
}

impl Version {
    /// As it stands on the wire: `HTTP/1.0` or `HTTP/1.1`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// A request as it is sent or was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method token, any of RFC 2616 (`GET`, `BITS_POST` ...), in its case.
    pub method: String,
    /// The request target in origin form: path and, behind `?`, the query, percent-encoded as on the wire.
    pub target: String,
    /// The version of the request line.
    pub version: Version,
    /// All header fields, `Host` and `Content-Length` too.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Bytes,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            ..Self::default()
        }
    }

    /// The target up to the first `?`, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What stands behind the first `?`, still percent-encoded; empty where there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The names and values of the query in order, percent-decoded, `+` left as it is.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        self.query()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect()
    }
}
