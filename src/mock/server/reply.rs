use crate::{
    message::{Framing, Reply, Version},
    mock::server::head::has_word,
};
use std::io::Write as _;

/// What the reply must fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The method was HEAD.
    pub(super) head: bool,
    /// The request was HTTP/1.0.
    pub(super) old: bool,
    /// The connection ends after this reply.
    pub(super) closes: bool,
    /// How many bytes the body has.
    pub(super) body: u64,
    /// The value of `Date` where the reply has none.
    pub(super) date: &'a str,
}

/// How the body goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framed {
    /// The connection ends after this reply.
    pub(super) closes: bool,
    /// Each piece of the body is a chunk.
    pub(super) chunked: bool,
    /// The body is sent at all.
    pub(super) body: bool,
}

impl Framed {
    /// What is no HTTP has nothing behind it.
    pub(super) const GARBAGE: Self = Self {
        closes: true,
        chunked: false,
        body: false,
    };
}

/// Writes status line and header fields, those of the framing included, behind what `out` holds.
///
/// Fields go out as the reply has them: order, case, repetition. A `Content-Length` of the reply's own is
/// kept where it is wrong; the connection then ends, because client and server would disagree on what follows.
pub(super) fn encode(out: &mut Vec<u8>, reply: &Reply, asked: Asked<'_>) -> Framed {
    let never = reply.status < 200 || matches!(reply.status, 204 | 304);
    let bodiless = never || asked.head || reply.framing == Framing::Bodiless;
    let told_chunked = has_word(&reply.headers, "Transfer-Encoding", "chunked");
    let chunked = (reply.framing == Framing::Chunked || told_chunked) && !asked.old && !never;
    let ends = reply.framing == Framing::Close || (reply.framing == Framing::Chunked && asked.old);
    let stated = reply.headers.get("Content-Length");
    let old = asked.old || reply.version == Version::Http10;

    let mut closes = asked.closes || old || ends || has_word(&reply.headers, "Connection", "close");
    if !bodiless && !chunked && stated.is_some_and(|value| value.parse() != Ok(asked.body)) {
        closes = true;
    }

    let version = if old { "HTTP/1.0" } else { "HTTP/1.1" };
    line(out, format_args!("{version} {:03} ", reply.status));
    if reply.reason.is_empty() {
        out.extend_from_slice(reason(reply.status).as_bytes());
    } else {
        push_clean(out, &reply.reason);
    }
    out.extend_from_slice(b"\r\n");
    for (name, value) in reply.headers.iter() {
        if asked.old && told_chunked && name.eq_ignore_ascii_case("Transfer-Encoding") {
            continue;
        }
        push_clean(out, name);
        out.extend_from_slice(b": ");
        push_clean(out, value);
        out.extend_from_slice(b"\r\n");
    }
    if !reply.headers.contains("Date") {
        line(out, format_args!("Date: {}\r\n", asked.date));
    }
    if chunked {
        if !told_chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
    } else if stated.is_none() && !never && !ends {
        let length = if asked.head || !bodiless {
            asked.body
        } else {
            0
        };
        line(out, format_args!("Content-Length: {length}\r\n"));
    }
    if closes && !old && !has_word(&reply.headers, "Connection", "close") {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Framed {
        closes,
        chunked: chunked && !bodiless,
        body: !bodiless,
    }
}

fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes every byte");
}

/// Line ends in a value would end the field; a model that echoes what it was sent must not be split so.
fn push_clean(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    for byte in &mut out[start..] {
        if matches!(*byte, b'\r' | b'\n' | 0) {
            *byte = b' ';
        }
    }
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Asked, Framed, encode};
    use crate::message::{Framing, Reply};

    const ASKED: Asked<'static> = Asked {
        head: false,
        old: false,
        closes: false,
        body: 0,
        date: "D",
    };

    fn encoded(reply: &Reply, asked: Asked<'_>) -> (String, Framed) {
        let mut out = Vec::new();
        let framed = encode(
            &mut out,
            reply,
            Asked {
                body: reply.body.len() as u64,
                ..asked
            },
        );
        (String::from_utf8(out).unwrap(), framed)
    }

    #[test]
    fn fields_go_out_as_the_model_wrote_them() {
        let reply = Reply::new(200)
            .header("BITS-Packet-Type", "Ack")
            .header("x-Two", "1")
            .header("X-Two", "2")
            .body("hi");
        let (text, framed) = encoded(&reply, ASKED);
        assert_eq!(
            text,
            "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nx-Two: 1\r\nX-Two: 2\r\nDate: D\r\nContent-Length: 2\r\n\r\n"
        );
        assert!(framed.body && !framed.closes && !framed.chunked);
    }

    #[test]
    fn a_value_cannot_smuggle_in_another_field() {
        let reply = Reply::new(200).header("A", "x\r\nSet-Cookie: evil");
        assert!(
            encoded(&reply, ASKED)
                .0
                .contains("A: x  Set-Cookie: evil\r\n")
        );
    }

    #[test]
    fn a_wrong_content_length_goes_out_and_ends_the_connection() {
        let reply = Reply::new(200).header("Content-Length", "99").body("hi");
        let (text, framed) = encoded(&reply, ASKED);
        assert!(text.contains("Content-Length: 99\r\nDate: D\r\nConnection: close\r\n"));
        assert!(framed.closes);
    }

    #[test]
    fn head_gets_the_length_of_what_get_would_get() {
        let (text, framed) = encoded(
            &Reply::new(200).body("hello"),
            Asked {
                head: true,
                ..ASKED
            },
        );
        assert!(text.contains("Content-Length: 5\r\n"), "{text}");
        assert!(!framed.body && !framed.closes);
    }

    #[test]
    fn framing_is_what_the_reply_asks_for() {
        let with = |framing| Reply {
            framing,
            ..Reply::new(200).body("hello")
        };
        let (text, framed) = encoded(&with(Framing::Chunked), ASKED);
        assert!(text.contains("Transfer-Encoding: chunked\r\n") && framed.chunked);
        assert!(!text.contains("Content-Length"), "{text}");

        let (text, framed) = encoded(&with(Framing::Close), ASKED);
        assert!(text.contains("Connection: close\r\n") && !text.contains("Content-Length"));
        assert!(framed.closes && framed.body);

        let old = Asked {
            old: true,
            closes: true,
            ..ASKED
        };
        let (text, framed) = encoded(&with(Framing::Chunked), old);
        assert!(
            text.starts_with("HTTP/1.0 200 OK\r\n") && !text.contains("chunked"),
            "{text}"
        );
        assert!(framed.closes && framed.body && !framed.chunked);

        let (text, framed) = encoded(&with(Framing::Bodiless), ASKED);
        assert!(
            text.contains("Content-Length: 0\r\n") && !framed.body,
            "{text}"
        );
    }

    #[test]
    fn no_content_has_no_framing_at_all() {
        let (text, framed) = encoded(&Reply::new(204), ASKED);
        assert_eq!(text, "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
        assert!(!framed.closes);
    }

    #[test]
    fn a_status_without_a_name_has_an_empty_reason() {
        assert!(
            encoded(&Reply::new(299), ASKED)
                .0
                .starts_with("HTTP/1.1 299 \r\n")
        );
        let mut reply = Reply::new(200);
        reply.reason = "Fine".to_owned();
        assert!(
            encoded(&reply, ASKED)
                .0
                .starts_with("HTTP/1.1 200 Fine\r\n")
        );
    }
}
