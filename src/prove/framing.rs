//! Replies whose bytes do not end where they say, read by the client that reads those of servers.
//!
//! In: a reply as it was received. Out: the exchange that its bytes, wrongly framed, would have been. It must not know clauses.

use crate::{
    client::read_reply,
    message::{Exchange, Framing, Headers, Reply},
};

/// What is wrong with the framing of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfFraming {
    /// `Content-Length` is one less than there are bytes.
    LengthTooSmall,
    /// It is one more, and the connection ends.
    LengthTooLarge,
    /// It is one more, and the connection is kept.
    LengthTooLargeKept,
    /// Nothing tells the end, and the connection is kept.
    NoLengthKept,
    /// Two fields tell different lengths.
    TwoLengths,
    /// The length is no number.
    LengthNoNumber,
    /// Length and chunks at once.
    LengthAndChunks,
    /// Beside chunks a coding is named that nobody asked for.
    UnaskedCoding,
    /// The size of a chunk is no number.
    ChunkSizeNoNumber,
    /// A chunk is longer than its size.
    ChunkRunsOn,
    /// The last chunk does not come, and the connection ends.
    LastChunkMissing,
    /// A line behind the last chunk is no field.
    TrailerNoField,
    /// An empty line stands before the status line.
    BytesBefore,
    /// Bytes stand behind the reply.
    BytesBehind,
    /// The connection ends within the head.
    HeadCut,
    /// The connection ends within the body.
    BodyCut,
    /// The first line is that of no version of HTTP.
    NoStatusLine,
}

use OfFraming as Of;

impl OfFraming {
    /// All of them with the names by which rules of latitude know them.
    pub(super) const ALL: [(&'static str, Self); 17] = [
        ("length too small", Of::LengthTooSmall),
        ("length too large", Of::LengthTooLarge),
        (
            "length too large on a kept connection",
            Of::LengthTooLargeKept,
        ),
        ("no length on a kept connection", Of::NoLengthKept),
        ("two lengths", Of::TwoLengths),
        ("length no number", Of::LengthNoNumber),
        ("length and chunks", Of::LengthAndChunks),
        ("unasked coding", Of::UnaskedCoding),
        ("chunk size no number", Of::ChunkSizeNoNumber),
        ("chunk runs on", Of::ChunkRunsOn),
        ("last chunk missing", Of::LastChunkMissing),
        ("a trailer that is no field", Of::TrailerNoField),
        ("bytes before the status line", Of::BytesBefore),
        ("bytes behind", Of::BytesBehind),
        ("head cut", Of::HeadCut),
        ("body cut", Of::BodyCut),
        ("no status line", Of::NoStatusLine),
    ];

    /// Whether a reply can be so at all.
    pub(super) fn concerns(self, reply: &Reply) -> bool {
        match self {
            Of::BytesBehind => reply.framing != Framing::Close,
            Of::BytesBefore | Of::HeadCut | Of::NoStatusLine => true,
            // What ends with its connection is whole wherever that ends.
            Of::BodyCut => {
                !reply.body.is_empty()
                    && matches!(reply.framing, Framing::Length | Framing::Chunked)
            }
            Of::LengthTooSmall | Of::ChunkRunsOn => {
                !reply.body.is_empty() && reply.framing != Framing::Bodiless
            }
            _ => reply.framing != Framing::Bodiless,
        }
    }
}

/// What the client makes of the reply where its bytes are wrong so.
pub(super) fn read(how: OfFraming, reply: &Reply, exchange: &Exchange) -> Exchange {
    let (bytes, kept) = bytes(how, reply);
    let (outcome, excess) = read_reply(&bytes, kept, &exchange.request.method);
    Exchange {
        outcome,
        excess: excess.bytes,
        lead: excess.lead,
        lengths: Default::default(),
        ..exchange.clone()
    }
}

/// The bytes on the wire, and whether the connection is kept behind them.
fn bytes(how: OfFraming, reply: &Reply) -> (Vec<u8>, bool) {
    let body = reply.body.as_ref();
    let size = body.len();
    let length = |told: String| ("Content-Length", told);
    let chunked = ("Transfer-Encoding", "chunked".to_owned());
    let chunk = |told: String, end: &[u8]| {
        let line = format!("{told}\r\n");
        [line.as_bytes(), body, b"\r\n", end].concat()
    };
    let (fields, body) = match how {
        Of::LengthTooSmall => (vec![length((size - 1).to_string())], body.to_vec()),
        Of::LengthTooLarge | Of::LengthTooLargeKept => {
            (vec![length((size + 1).to_string())], body.to_vec())
        }
        Of::NoLengthKept => (Vec::new(), body.to_vec()),
        Of::TwoLengths => {
            let lengths = [size, size + 1].map(|size| length(size.to_string()));
            (lengths.to_vec(), body.to_vec())
        }
        Of::LengthNoNumber => (vec![length("many".to_owned())], body.to_vec()),
        Of::LengthAndChunks | Of::UnaskedCoding => {
            let fields = match how {
                Of::LengthAndChunks => vec![length(size.to_string()), chunked],
                _ => vec![("Transfer-Encoding", "gzip, chunked".to_owned())],
            };
            let first = if size == 0 {
                Vec::new()
            } else {
                chunk(format!("{size:x}"), b"")
            };
            (fields, [first.as_slice(), b"0\r\n\r\n"].concat())
        }
        Of::ChunkSizeNoNumber => (vec![chunked], chunk("many".to_owned(), b"0\r\n\r\n")),
        Of::ChunkRunsOn => {
            let told = format!("{:x}", size - 1);
            (vec![chunked], chunk(told, b"0\r\n\r\n"))
        }
        Of::TrailerNoField => {
            let last = b"0\r\nwireproof\r\n\r\n";
            let body = match size {
                0 => last.to_vec(),
                _ => chunk(format!("{size:x}"), last),
            };
            (vec![chunked], body)
        }
        Of::LastChunkMissing if size == 0 => (vec![chunked], Vec::new()),
        Of::LastChunkMissing => (vec![chunked], chunk(format!("{size:x}"), b"")),
        Of::BytesBefore | Of::BytesBehind | Of::HeadCut | Of::BodyCut | Of::NoStatusLine => {
            let fields = match reply.framing {
                Framing::Length => vec![length(size.to_string())],
                Framing::Chunked => vec![chunked],
                Framing::Close | Framing::Bodiless => Vec::new(),
            };
            let body = match (reply.framing, size) {
                (Framing::Bodiless, _) => Vec::new(),
                (Framing::Chunked, 0) => b"0\r\n\r\n".to_vec(),
                (Framing::Chunked, _) => chunk(format!("{size:x}"), b"0\r\n\r\n"),
                _ => body.to_vec(),
            };
            (fields, body)
        }
    };
    let head = head(reply, &fields);
    let bytes = match how {
        Of::HeadCut => head[..head.len() / 2].to_vec(),
        Of::BodyCut => [head.as_slice(), &body[..body.len() / 2]].concat(),
        Of::BytesBefore => [b"\r\n", head.as_slice(), &body].concat(),
        Of::BytesBehind => [head.as_slice(), &body, b"wireproof"].concat(),
        Of::NoStatusLine => [b"wireproof ", head.as_slice(), &body].concat(),
        _ => [head, body].concat(),
    };
    let kept = matches!(how, Of::LengthTooLargeKept | Of::NoLengthKept);
    (bytes, kept)
}

fn head(reply: &Reply, framing: &[(&str, String)]) -> Vec<u8> {
    let mut headers: Headers = reply.headers.clone();
    headers.remove("Content-Length");
    headers.remove("Transfer-Encoding");
    for (name, value) in framing {
        headers.append(*name, value);
    }
    let (version, status) = (reply.version.as_str(), reply.status);
    let mut head = format!("{version} {status} {}\r\n", reply.reason);
    for (name, value) in headers.iter() {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{OfFraming, bytes, read};
    use crate::message::{Exchange, Framing, How, Reply, Request};
    use rstest::rstest;

    fn reply(framing: Framing, body: &'static str) -> Reply {
        Reply {
            framing,
            ..Reply::new(200).header("X-Kind", "fine").body(body)
        }
    }

    #[test]
    fn every_wrong_framing_of_every_reply_is_seen_by_the_client() {
        for framing in [
            Framing::Length,
            Framing::Chunked,
            Framing::Close,
            Framing::Bodiless,
        ] {
            for body in ["", "hello"] {
                let reply = match framing {
                    Framing::Bodiless => Reply {
                        status: 204,
                        ..reply(framing, "")
                    },
                    _ => reply(framing, body),
                };
                let whole = Exchange::new(Request::new("GET", "/"), "http://h", Ok(reply.clone()));
                for (name, how) in OfFraming::ALL {
                    if how.concerns(&reply) {
                        let exchange = read(how, &reply, &whole);
                        assert!(exchange.misframed().is_some(), "{framing:?} {body}: {name}");
                    }
                }
            }
        }
    }

    #[rstest]
    #[case(OfFraming::LengthTooSmall, "Content-Length: 4\r\n\r\nhello", None)]
    #[case(
        OfFraming::LengthTooLargeKept,
        "Content-Length: 6\r\n\r\nhello",
        Some(How::Stalled)
    )]
    #[case(
        OfFraming::TwoLengths,
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        Some(How::Garbled)
    )]
    #[case(
        OfFraming::LastChunkMissing,
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        Some(How::Cut)
    )]
    #[case(
        OfFraming::ChunkRunsOn,
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
        Some(How::Garbled)
    )]
    #[case(
        OfFraming::TrailerNoField,
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nwireproof\r\n\r\n",
        Some(How::Garbled)
    )]
    #[case(
        OfFraming::BytesBehind,
        "Content-Length: 5\r\n\r\nhellowireproof",
        None
    )]
    #[case(OfFraming::BodyCut, "Content-Length: 5\r\n\r\nhe", Some(How::Cut))]
    fn the_bytes_are_wrong_as_their_name_says(
        #[case] how: OfFraming,
        #[case] wire: &str,
        #[case] broken: Option<How>,
    ) {
        let reply = reply(Framing::Length, "hello");
        let text = String::from_utf8(bytes(how, &reply).0).unwrap();
        assert_eq!(text, format!("HTTP/1.1 200 \r\nX-Kind: fine\r\n{wire}"));
        let whole = Exchange::new(Request::new("GET", "/"), "http://h", Ok(reply.clone()));
        let read = read(how, &reply, &whole);
        assert!(read.misframed().is_some());
        assert_eq!(read.outcome.err().map(|broken| broken.how), broken);
    }
}
