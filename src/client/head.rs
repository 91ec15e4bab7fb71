//! Reads the head of a reply and the framing of its body, as pure functions over bytes.

use crate::message::{Framing, Headers, Reply, Version, chunk_size, wrong_trailer};
use bytes::{Buf, BytesMut};

/// Text from the wire: UTF-8, or else Latin-1.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect())
}

/// Bytes for a person: what is not printable ASCII is escaped, and no more than the first 60.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let more = if bytes.len() > 60 { "..." } else { "" };
    format!("{}{more}", bytes[..bytes.len().min(60)].escape_ascii())
}

/// What is told of a reply of which a part, head or body, is larger than what is read.
pub(super) fn too_large(what: &str, limit: usize) -> String {
    format!("the {what} of the reply is larger than {limit} bytes")
}

/// How many bytes of empty lines there are at the start. A server may pass over them before a request, no client before a reply
/// (RFC 9112 2.2): they belong to none.
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    let line_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    bytes.iter().take_while(line_end).count()
}

/// Reads a head. `None`: more bytes are needed. Otherwise the reply without its body, and how many bytes the head took. Whoever
/// would read on behind empty lines has to take them away first.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, String> {
    // The parser would pass over them without a word.
    if empty_lines(bytes) > 0 {
        let shown = shown(bytes);
        return Err(format!(
            "no HTTP reply (an empty line before the status line): `{shown}`"
        ));
    }
    let mut room = 64;
    loop {
        let mut fields = vec![httparse::EMPTY_HEADER; room];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(bytes) {
            Err(httparse::Error::TooManyHeaders) => room *= 4,
            Err(error) => {
                return Err(format!("no HTTP reply ({error}): `{}`", shown(bytes)));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Ok(httparse::Status::Complete(length)) => {
                let headers: Headers = head
                    .headers
                    .iter()
                    .map(|field| (field.name, text(field.value)))
                    .collect();
                let reply = Reply {
                    version: if head.version == Some(0) {
                        Version::Http10
                    } else {
                        Version::Http11
                    },
                    status: head.code.unwrap_or_default(),
                    reason: head.reason.unwrap_or_default().to_owned(),
                    headers,
                    ..Reply::default()
                };
                return Ok(Some((reply, length)));
            }
        }
    }
}

/// How the end of the body is told, and its length where that is known (RFC 9112 6.3).
pub(crate) fn framing(method: &str, reply: &Reply) -> Result<(Framing, Option<u64>), String> {
    if method == "HEAD" || matches!(reply.status, 100..=199 | 204 | 304) {
        return Ok((Framing::Bodiless, None));
    }
    if let Some(codings) = reply.headers.joined("Transfer-Encoding") {
        let last = codings.rsplit(',').next().unwrap_or_default().trim();
        return Ok(if last.eq_ignore_ascii_case("chunked") {
            (Framing::Chunked, None)
        } else {
            (Framing::Close, None)
        });
    }
    let Some(stated) = reply.headers.joined("Content-Length") else {
        return Ok((Framing::Close, None));
    };
    let mut lengths = stated.split(',').map(str::trim);
    let first = lengths.next().unwrap_or_default();
    let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    match first.parse() {
        Ok(length) if digits && lengths.all(|other| other == first) => {
            Ok((Framing::Length, Some(length)))
        }
        _ => Err(format!("`Content-Length: {stated}` is no length")),
    }
}

/// Whether the peer keeps the connection open behind that reply.
pub(crate) fn keeps(reply: &Reply) -> bool {
    let connection = reply.headers.joined("Connection").unwrap_or_default();
    let says = |word: &str| {
        connection
            .split(',')
            .any(|option| option.trim().eq_ignore_ascii_case(word))
    };
    reply.framing != Framing::Close
        && match reply.version {
            Version::Http11 => !says("close"),
            Version::Http10 => says("keep-alive"),
        }
}

/// The state of a chunked body that is being read.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    left: u64,
    /// The line end behind a chunk is due.
    line_end: bool,
    trailers: bool,
}

impl Chunks {
    /// Moves what has arrived into `body`; tells whether the body has ended.
    pub(super) fn feed(
        &mut self,
        arrived: &mut BytesMut,
        body: &mut Vec<u8>,
    ) -> Result<bool, String> {
        loop {
            if self.left > 0 {
                let take = usize::try_from(self.left)
                    .unwrap_or(usize::MAX)
                    .min(arrived.len());
                if take == 0 {
                    return Ok(false);
                }
                body.extend_from_slice(&arrived.split_to(take));
                self.left -= take as u64;
                self.line_end = self.left == 0;
            } else if self.line_end {
                if arrived.len() < 2 {
                    return Ok(false);
                }
                if !arrived.starts_with(b"\r\n") {
                    return Err(format!("a chunk runs on: `{}`", shown(arrived)));
                }
                arrived.advance(2);
                self.line_end = false;
            } else {
                let Some(end) = arrived.iter().position(|byte| *byte == b'\n') else {
                    let what = if self.trailers {
                        "trailer"
                    } else {
                        "size of a chunk"
                    };
                    return long(arrived, what).map(|()| false);
                };
                let read = match arrived[..end].strip_suffix(b"\r") {
                    None => Err("a line of the chunked framing does not end with CR LF"),
                    Some(line) => self.line(line),
                };
                let ended = read.map_err(|why| format!("{why}: `{}`", shown(arrived)))?;
                arrived.advance(end + 1);
                if ended {
                    return Ok(true);
                }
            }
        }
    }

    /// Takes a line before a chunk or behind the last; tells whether it ends the body.
    fn line(&mut self, line: &[u8]) -> Result<bool, &'static str> {
        if !self.trailers {
            self.left = chunk_size(line)?;
            self.trailers = self.left == 0;
            return Ok(false);
        }
        match wrong_trailer(line) {
            _ if line.is_empty() => Ok(true),
            Some(why) => Err(why),
            None => Ok(false),
        }
    }
}

fn long(line: &[u8], what: &str) -> Result<(), String> {
    if line.len() > 16 << 10 {
        return Err(format!("an endless {what}: `{}`", shown(line)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Chunks, framing, keeps, parse};
    use crate::message::{Framing, Reply, Version};
    use bytes::BytesMut;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use rstest::rstest;

    #[test]
    fn names_keep_their_case_and_values_that_are_no_utf_8_are_read_as_latin_1() {
        let head = b"HTTP/1.0 299 Odd One\r\nBITS-Packet-Type: Ack\r\nX: \xe4\r\n\r\nrest";
        let (reply, length) = parse(head).unwrap().unwrap();
        assert_eq!((reply.version, reply.status), (Version::Http10, 299));
        assert_eq!(reply.reason, "Odd One");
        let fields: Vec<_> = reply.headers.iter().collect();
        assert_eq!(fields, [("BITS-Packet-Type", "Ack"), ("X", "ä")]);
        assert_eq!(&head[length..], b"rest");
    }

    #[rstest]
    #[case("GET", 200, &[("Content-Length", "5")], Ok((Framing::Length, Some(5))))]
    #[case("GET", 200, &[("Content-Length", "5, 5")], Ok((Framing::Length, Some(5))))]
    #[case("HEAD", 200, &[("Content-Length", "5")], Ok((Framing::Bodiless, None)))]
    #[case("GET", 204, &[], Ok((Framing::Bodiless, None)))]
    #[case("GET", 200, &[("Transfer-Encoding", "gzip, Chunked"), ("Content-Length", "5")], Ok((Framing::Chunked, None)))]
    #[case("GET", 200, &[], Ok((Framing::Close, None)))]
    #[case("GET", 200, &[("Content-Length", "5, 6")], Err(()))]
    #[case("GET", 200, &[("Content-Length", "+5")], Err(()))]
    #[case("GET", 200, &[("Content-Length", "")], Err(()))]
    fn the_end_of_a_body_is_told_as_the_rfc_says(
        #[case] method: &str,
        #[case] status: u16,
        #[case] fields: &[(&str, &str)],
        #[case] expected: Result<(Framing, Option<u64>), ()>,
    ) {
        let reply = Reply {
            headers: fields.iter().copied().collect(),
            ..Reply::new(status)
        };
        assert_eq!(framing(method, &reply).map_err(drop), expected);
    }

    #[rstest]
    #[case(Version::Http11, None, true)]
    #[case(Version::Http11, Some("Close"), false)]
    #[case(Version::Http10, None, false)]
    #[case(Version::Http10, Some("keep-alive"), true)]
    fn a_connection_is_kept_as_its_version_says(
        #[case] version: Version,
        #[case] connection: Option<&str>,
        #[case] kept: bool,
    ) {
        let mut reply = Reply {
            version,
            ..Reply::new(200)
        };
        if let Some(value) = connection {
            reply.headers.append("Connection", value);
        }
        assert_eq!(keeps(&reply), kept);
    }

    #[test]
    fn chunks_are_joined_wherever_the_bytes_are_split() {
        let wire = b"3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nX-Sum: x\r\n\r\nmore";
        for split in 0..wire.len() {
            let (mut chunks, mut body) = (Chunks::default(), Vec::new());
            let mut arrived = BytesMut::from(&wire[..split]);
            let early = chunks.feed(&mut arrived, &mut body).unwrap();
            arrived.extend_from_slice(&wire[split..]);
            let done = early || chunks.feed(&mut arrived, &mut body).unwrap();
            assert!(done, "split at {split}");
            assert_eq!(
                (&body[..], &arrived[..]),
                (&b"abc0123456789"[..], &b"more"[..])
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let mut body = Vec::new();
            let mut arrived = BytesMut::from(&bytes[..]);
            let _ = Chunks::default().feed(&mut arrived, &mut body);
            prop_assert!(body.len() <= bytes.len());
        }

        #[test]
        fn what_is_written_in_chunks_is_read_back(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6)) {
            let mut arrived = BytesMut::new();
            for part in &parts {
                arrived.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                arrived.extend_from_slice(part);
                arrived.extend_from_slice(b"\r\n");
            }
            arrived.extend_from_slice(b"0\r\n\r\n");
            let mut body = Vec::new();
            prop_assert!(Chunks::default().feed(&mut arrived, &mut body).unwrap());
            prop_assert_eq!(body, parts.concat());
        }
    }
}
