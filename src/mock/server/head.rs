use crate::{
    message::{Headers, Reply, Request, Version},
    mock::BodyLength,
};
use std::mem::MaybeUninit;

/// How many fields a head may have; more are answered like a head that is too large.
const MOST_FIELDS: usize = 128;

/// The head of a request as it stood on the wire, and what its fields say of the framing.
#[derive(Debug)]
pub(crate) struct WireHead {
    /// Method, target in origin form, version, fields in their case; no body.
    pub(crate) request: Request,
    /// Whether a body follows.
    pub(crate) length: BodyLength,
    /// How many bytes the head takes, the empty line included.
    pub(crate) size: usize,
    /// Whether `Expect: 100-continue` was sent with HTTP/1.1.
    pub(crate) expects: bool,
    /// Whether the connection ends with the reply: HTTP/1.0, or `Connection: close`.
    pub(crate) closes: bool,
}

/// What the bytes at the start of a buffer are.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// The beginning of a head.
    Partial,
    /// A whole head.
    Head(WireHead),
    /// More fields than are taken.
    TooManyFields,
    /// No HTTP/1.x request, for that reason.
    Malformed(&'static str),
}

/// Reads the head of a request. RFC 9112, and stricter than it where two readers could disagree
/// about where the body ends.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let size = match parsed.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(httparse::Error::TooManyHeaders) => return Parsed::TooManyFields,
        Err(error) => return Parsed::Malformed(why(error)),
    };
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: origin_form(parsed.path.unwrap_or_default()),
        version: if parsed.version == Some(0) {
            Version::Http10
        } else {
            Version::Http11
        },
        headers: parsed
            .headers
            .iter()
            .map(|field| (field.name, text(field.value.trim_ascii())))
            .collect(),
        body: bytes::Bytes::new(),
    };
    let length = match body_length(&request) {
        Ok(length) => length,
        Err(why) => return Parsed::Malformed(why),
    };
    let modern = request.version == Version::Http11;
    Parsed::Head(WireHead {
        expects: modern && has_word(&request.headers, "Expect", "100-continue"),
        closes: !modern || has_word(&request.headers, "Connection", "close"),
        length,
        size,
        request,
    })
}

/// That every line ends with CR LF: a reader in front may have taken LF alone for a part of a value. Empty lines before the
/// head do no harm.
///
/// # Errors
/// What is wrong with it, for the answer 400.
pub(super) fn check_lines(head: &[u8]) -> Result<(), &'static str> {
    let empty = head.iter().take_while(|byte| b"\r\n".contains(byte));
    let head = &head[empty.count()..];
    let mut ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    match ends.all(|(at, _)| head[at.saturating_sub(1)] == b'\r') {
        true => Ok(()),
        false => Err("a line does not end with CR LF"),
    }
}

/// Whether one of the comma-separated words of the field is that one, in any case.
pub(crate) fn has_word(headers: &Headers, name: &str, word: &str) -> bool {
    headers
        .all(name)
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(word))
}

/// Bytes of a field as text: UTF-8, or else Latin-1.
pub(crate) fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().copied().map(char::from).collect(),
        str::to_owned,
    )
}

/// The head of a reply as it stood on the wire.
pub(crate) fn reply_of(parsed: &httparse::Response<'_, '_>) -> Reply {
    Reply {
        version: if parsed.version == Some(0) {
            Version::Http10
        } else {
            Version::Http11
        },
        reason: parsed.reason.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|field| (field.name, text(field.value)))
            .collect(),
        ..Reply::new(parsed.code.unwrap_or_default())
    }
}

/// Whether a line stands at the start of the bytes that only a request begins with; none while that is open.
pub(crate) fn looks_like_request(bytes: &[u8]) -> Option<bool> {
    let line = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => &bytes[..end],
        None if bytes.len() < 8192 => return None,
        None => return Some(false),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Some(
        (line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0"))
            && line.iter().filter(|byte| **byte == b' ').count() == 2,
    )
}

fn why(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a header name holds a character that no token has",
        httparse::Error::HeaderValue => "a header value holds a control character",
        httparse::Error::NewLine => "a line does not end as lines of HTTP do",
        httparse::Error::Token => "the request line holds a character that it must not",
        httparse::Error::Version => "the version is neither HTTP/1.0 nor HTTP/1.1",
        httparse::Error::Status | httparse::Error::TooManyHeaders => "the head is no HTTP request",
    }
}

/// The target without scheme and authority, which proxies' clients send (RFC 9112 3.2.2).
fn origin_form(target: &str) -> String {
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    }) else {
        return target.to_owned();
    };
    match rest.find(['/', '?']) {
        Some(at) if rest.as_bytes()[at] == b'/' => rest[at..].to_owned(),
        Some(at) => format!("/{}", &rest[at..]),
        None => "/".to_owned(),
    }
}

/// RFC 9112 3.2: one `Host` with HTTP/1.1, at most one before it, and nothing in it but a host and a port.
///
/// # Errors
/// What is wrong with it, for the answer 400.
pub(super) fn check_host(request: &Request) -> Result<(), &'static str> {
    let mut hosts = request.headers.all("Host");
    let Some(host) = hosts.next() else {
        return if request.version == Version::Http11 {
            Err("HTTP/1.1 needs a Host field")
        } else {
            Ok(())
        };
    };
    if hosts.next().is_some() {
        return Err("there are two Host fields");
    }
    let strange = |c: char| !c.is_ascii_graphic() || "/?#@\\\"<>".contains(c);
    if host.contains(strange) {
        return Err("the Host field is no host and port");
    }
    Ok(())
}

fn body_length(request: &Request) -> Result<BodyLength, &'static str> {
    let mut stated = None;
    for value in request
        .headers
        .all("Content-Length")
        .flat_map(|value| value.split(','))
    {
        let value = value.trim();
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("Content-Length is no number");
        }
        let value: u64 = value
            .parse()
            .map_err(|_| "Content-Length is larger than any body")?;
        if stated.is_some_and(|earlier| earlier != value) {
            return Err("two Content-Length values differ");
        }
        stated = Some(value);
    }
    let mut codings = request
        .headers
        .all("Transfer-Encoding")
        .flat_map(|value| value.split(','))
        .map(str::trim);
    match (codings.next(), stated) {
        (None, None) => Ok(BodyLength::Unstated),
        (None, Some(length)) => Ok(BodyLength::Bytes(length)),
        (Some(_), Some(_)) => Err("both Content-Length and Transfer-Encoding are present"),
        (Some(_), None) if request.version == Version::Http10 => {
            Err("HTTP/1.0 knows no Transfer-Encoding")
        }
        (Some(coding), None)
            if coding.eq_ignore_ascii_case("chunked") && codings.next().is_none() =>
        {
            Ok(BodyLength::Chunked)
        }
        (Some(_), None) => Err("the only Transfer-Encoding understood is `chunked`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Parsed, check_host, check_lines, looks_like_request, parse};
    use crate::{message::Version, mock::BodyLength};
    use proptest::prelude::{any, prop, proptest};
    use rstest::rstest;

    fn head(text: &str) -> super::WireHead {
        match parse(text.as_bytes()) {
            Parsed::Head(head) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_head_keeps_the_case_of_its_names_and_the_bytes_of_its_target() {
        let text = "BITS_POST /a%20b?x=1 HTTP/1.1\r\nhOsT: \t x \r\nBITS-Session-Id: {A}\r\nContent-Length: 5\r\n\r\nhello";
        let head = head(text);
        assert_eq!(head.request.method, "BITS_POST");
        assert_eq!(head.request.target, "/a%20b?x=1");
        let names: Vec<_> = head.request.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["hOsT", "BITS-Session-Id", "Content-Length"]);
        assert_eq!(head.request.headers.get("Host"), Some("x"));
        assert_eq!(head.length, BodyLength::Bytes(5));
        assert_eq!(head.size, text.len() - 5);
        assert!(!head.closes && !head.expects);
    }

    #[rstest]
    #[case("GET http://h:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "/p?q")]
    #[case("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "/")]
    #[case("GET HTTP://h?q=/ HTTP/1.1\r\nHost: h\r\n\r\n", "/?q=/")]
    #[case("GET /http://h HTTP/1.1\r\nHost: h\r\n\r\n", "/http://h")]
    #[case("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*")]
    fn a_target_is_given_in_origin_form(#[case] text: &str, #[case] target: &str) {
        assert_eq!(head(text).request.target, target);
    }

    #[rstest]
    #[case("Content-Length: 5\r\nContent-Length: 6")]
    #[case("Content-Length: 5, 6")]
    #[case("Content-Length: +5")]
    #[case("Content-Length: -5")]
    #[case("Content-Length: ")]
    #[case("Content-Length: 99999999999999999999")]
    #[case("Content-Length: 5\r\nTransfer-Encoding: chunked")]
    #[case("Transfer-Encoding: gzip, chunked")]
    #[case("Transfer-Encoding: chunked, chunked")]
    #[case("Na me: x")]
    #[case("Name : x")]
    #[case("Name: a\u{1}b")]
    #[case(" folded: x")]
    fn a_head_that_two_readers_could_understand_differently_is_malformed(#[case] fields: &str) {
        let text = format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
        assert!(
            matches!(parse(text.as_bytes()), Parsed::Malformed(_)),
            "{text}"
        );
    }

    #[rstest]
    #[case("", false)]
    #[case("Host: h\r\n", true)]
    #[case("host: h:80\r\n", true)]
    #[case("Host:\r\n", true)]
    #[case("Host: [::1]:8080\r\n", true)]
    #[case("Host: h\r\nHost: h\r\n", false)]
    #[case("Host: h\r\nhost: i\r\n", false)]
    #[case("Host: a b\r\n", false)]
    #[case("Host: user@h\r\n", false)]
    #[case("Host: h/path\r\n", false)]
    #[case("Host: \u{e9}\r\n", false)]
    fn http_1_1_names_its_host_once(#[case] fields: &str, #[case] good: bool) {
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(check_host(&head(&text).request).is_ok(), good, "{text}");
        // What stands in the target does not stand in for it.
        let text = format!("GET http://h/ HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(check_host(&head(&text).request).is_ok(), good, "{text}");
    }

    #[rstest]
    #[case("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true)]
    #[case("\r\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", true)]
    #[case("GET / HTTP/1.1\nHost: h\r\n\r\n", false)]
    #[case("GET / HTTP/1.1\r\nA: b\nHost: h\r\n\r\n", false)]
    #[case("GET / HTTP/1.1\r\nHost: h\n\n", false)]
    #[case("GET / HTTP/1.1\r\nHost: h\r\n\n", false)]
    fn lines_end_with_cr_lf(#[case] text: &str, #[case] good: bool) {
        assert_eq!(check_lines(text.as_bytes()).is_ok(), good);
    }

    #[test]
    fn equal_content_lengths_are_one() {
        let head =
            head("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(head.length, BodyLength::Bytes(5));
    }

    #[test]
    fn http_1_0_closes_and_expects_nothing() {
        let head = head("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        assert_eq!(head.request.version, Version::Http10);
        assert!(head.closes && !head.expects);
    }

    #[rstest]
    #[case(b"GET / HTTP/1.1\r\n", Some(true))]
    #[case(b"<a b=\"c\">\r\n", Some(false))]
    #[case(b"5\r\nhello\r\n", Some(false))]
    #[case(b"POST /a", None)]
    fn a_new_request_is_told_from_a_body(#[case] bytes: &[u8], #[case] expected: Option<bool>) {
        assert_eq!(looks_like_request(bytes), expected);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn nearly_right_heads_never_panic(line in "[A-Z_]{1,8} [ -~]{1,30} HTTP/1[.][01]\r\n([!-~]{1,12}: [ -~]{0,20}\r\n){0,5}\r\n") {
            let _ = parse(line.as_bytes());
        }
    }
}
