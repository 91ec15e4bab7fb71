use crate::message::{How, Request};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::{fmt, time::Duration};

/// A request to be sent, and how.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where to.
    pub origin: Origin,
    /// What. `Host` goes in front and `Content-Length` behind where they are missing and not suppressed.
    pub request: Request,
    /// Names of fields that are not added by themselves: `Host`, `Content-Length`, `Authorization`.
    pub suppress: Vec<String>,
    /// The whole request as bytes, sent instead; [`request`](Self::request) then only tells the method.
    pub raw: Option<Bytes>,
    /// Whether a connection of its own is opened for it, and not kept.
    pub fresh: bool,
    /// Whether the bytes of the connection matter, so that reqwest must not send it: an expected break, for example.
    pub exact: bool,
    /// Where the request ends early.
    pub cut: Option<CutAt>,
    /// From the first byte sent to the last received.
    pub timeout: Duration,
    /// How large a reply may be.
    pub limits: Limits,
}

/// A request that ends within its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutAt {
    /// That many bytes of the body are sent.
    pub after: usize,
    /// [`How::Closed`] (our half, so that what the server says can still be read), [`How::Reset`] or [`How::Stalled`].
    pub then: How,
}

/// How large a reply may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Status line and header fields, in bytes.
    pub head: usize,
    /// The body without its framing, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            // Several may arrive at once, and all of them together are to fit into 100 MiB.
            body: 16 << 20,
        }
    }
}

impl Outgoing {
    /// A request to be sent on a kept connection, with 30 s for it.
    #[must_use]
    pub fn new(origin: Origin, request: Request) -> Self {
        Self {
            origin,
            request,
            suppress: Vec::new(),
            raw: None,
            fresh: false,
            exact: false,
            cut: None,
            timeout: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }

    fn suppresses(&self, name: &str) -> bool {
        self.suppress.iter().any(|n| n.eq_ignore_ascii_case(name))
    }

    /// The request as it stands on the wire, without credentials of the target.
    pub(super) fn complete(&self, authorization: Option<&str>) -> Request {
        let mut request = self.request.clone();
        let headers = &mut request.headers;
        if !headers.contains("Host") && !self.suppresses("Host") {
            let host = ("Host", self.origin.authority.as_str());
            *headers = std::iter::once(host).chain(headers.iter()).collect();
        }
        if let Some(value) = authorization
            && !headers.contains("Authorization")
            && !self.suppresses("Authorization")
        {
            headers.append("Authorization", value);
        }
        let bodiless = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
        let length = request.body.len();
        if (length > 0 || !bodiless.contains(&request.method.as_str()))
            && !headers.contains("Content-Length")
            && !headers.contains("Transfer-Encoding")
            && !self.suppresses("Content-Length")
        {
            headers.append("Content-Length", length.to_string());
        }
        request
    }
}

/// What cannot stand in a path as it is. What is encoded already stays.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Scheme and authority.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// `host` or `host:port`, as it stands in `Host`.
    pub authority: String,
    /// The host without brackets.
    pub host: String,
    /// The port, 80 or 443 where none is given.
    pub port: u16,
}

impl Origin {
    /// Reads `http://host:port` and gives back the path behind it, percent-encoded where it needs to be; it may be empty.
    ///
    /// # Errors
    /// Another scheme, no host, a user name within, a query, or control characters.
    pub fn parse(url: &str) -> Result<(Self, String), OriginError> {
        let wrong = |why| OriginError {
            url: without_credentials(url).escape_debug().to_string(),
            why,
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("it has no scheme; begin it with `http://` or `https://`"))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("only `http` and `https` are known")),
        };
        if rest.contains(['?', '#']) {
            return Err(wrong("it has a query or fragment; only a path can follow"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(wrong("it has credentials in it; give them apart"));
        }
        let parsed: http::uri::Authority = authority
            .parse()
            .map_err(|_| wrong("its host or port cannot be read"))?;
        let host = parsed.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let port = match authority.rsplit_once(':') {
            Some((_, digits)) if !digits.ends_with(']') => digits
                .parse()
                .map_err(|_| wrong("its port is no number up to 65535"))?,
            _ if tls => 443,
            _ => 80,
        };
        let origin = Self {
            tls,
            authority: authority.to_owned(),
            host: host.to_owned(),
            port,
        };
        if path.chars().any(char::is_control) {
            return Err(wrong("its path holds control characters"));
        }
        Ok((origin, utf8_percent_encode(path, PATH).to_string()))
    }
}

fn without_credentials(url: &str) -> String {
    // A query may hold a token, and what stands before an `@` a password, with or without a scheme.
    let (mut shown, tail) = match url.rfind('@') {
        Some(at) => {
            let scheme = url[..at].find("://").map_or(0, |scheme| scheme + 3);
            (format!("{}***", &url[..scheme]), &url[at..])
        }
        None => (String::new(), url),
    };
    match tail.find(['?', '#']) {
        Some(query) => {
            shown += &tail[..=query];
            shown += "***";
        }
        None => shown += tail,
    }
    shown
}

/// `http://host:port`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// A URL that no request can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` cannot be used: {why}")]
pub struct OriginError {
    /// As given, credentials masked.
    pub url: String,
    /// Why.
    pub why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::{Origin, Outgoing};
    use crate::message::Request;
    use rstest::rstest;

    #[rstest]
    #[case("http://a", "a", 80, "")]
    #[case("HTTPS://a/dir/", "a", 443, "/dir/")]
    #[case("http://127.0.0.1:81/x", "127.0.0.1", 81, "/x")]
    #[case("http://[::1]:82", "::1", 82, "")]
    #[case("http://[::1]/p", "::1", 80, "/p")]
    #[case("http://a/b c/ü%20", "a", 80, "/b%20c/%C3%BC%20")]
    fn a_url_is_split_into_origin_and_path(
        #[case] url: &str,
        #[case] host: &str,
        #[case] port: u16,
        #[case] path: &str,
    ) {
        let (origin, rest) = Origin::parse(url).unwrap();
        assert_eq!(
            (origin.host.as_str(), origin.port, rest.as_str()),
            (host, port, path)
        );
    }

    #[rstest]
    #[case("ftp://a")]
    #[case("a:80")]
    #[case("http://")]
    #[case("http://:80")]
    #[case("http://a:99999")]
    #[case("http://a?x=1")]
    #[case("http://a b")]
    #[case("http://a/b\r\nX: y")]
    fn a_url_that_nothing_can_be_sent_to_is_refused(#[case] url: &str) {
        assert!(Origin::parse(url).is_err(), "{url}");
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated_in_the_message() {
        let error = Origin::parse("http://me:geheim@a").unwrap_err().to_string();
        assert!(
            !error.contains("geheim") && error.contains("***@a"),
            "{error}"
        );
    }

    #[rstest]
    #[case("me:geheim@a")]
    #[case("http://me:p/geheim@a")]
    #[case("http://me:p@geheim@a")]
    #[case("ftp://a/?token=geheim")]
    #[case("me@a?token=geheim")]
    fn no_secret_of_a_url_is_repeated_however_it_is_mistyped(#[case] url: &str) {
        let error = Origin::parse(url).unwrap_err().to_string();
        assert!(
            !error.contains("geheim") && error.contains("***"),
            "{error}"
        );
    }

    #[test]
    fn host_and_length_are_added_unless_suppressed() {
        let origin = Origin::parse("http://h:1").unwrap().0;
        let mut request = Request::new("BITS_POST", "/x");
        request.headers.append("A", "b");
        let mut outgoing = Outgoing::new(origin, request);
        let sent = outgoing.complete(Some("Basic x"));
        let fields: Vec<_> = sent.headers.iter().collect();
        assert_eq!(
            fields,
            [
                ("Host", "h:1"),
                ("A", "b"),
                ("Authorization", "Basic x"),
                ("Content-Length", "0")
            ]
        );
        outgoing.suppress = vec![
            "host".into(),
            "content-length".into(),
            "authorization".into(),
        ];
        assert_eq!(outgoing.complete(Some("Basic x")).headers.len(), 1);
    }
}
