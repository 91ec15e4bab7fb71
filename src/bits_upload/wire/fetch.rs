use crate::{
    bits_upload::{
        domain::{Content, Stored},
        quirks::{Quirk, Quirks},
    },
    message::{Framing, Headers, Reply, Request},
    mock::Answer,
};
use bytes::Bytes;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

/// How many ranges one request may ask for, and how many bytes they may come to; beyond, all is sent.
const RANGES: usize = 32;
const MULTIPART: u64 = 16 << 20;
const BOUNDARY: &str = "wireproof-7df0354d-249b-430f-820d-3d2a9bef4931";

/// Answers GET or HEAD of a file: whole, one range, or several. Source: MC-BUP 3.5, RFC 2616 14.35.
pub(crate) fn fetch(request: &Request, stored: Stored, quirks: Quirks) -> Answer {
    let modified = httpdate::fmt_http_date(stored.modified.system());
    let plain = |status: u16| {
        Reply::new(status)
            .header("Accept-Ranges", "bytes")
            .header("Last-Modified", modified.clone())
    };
    let wanted = ranges(&request.headers, &modified, stored.length)
        .filter(|_| !quirks.has(Quirk::IgnoresRanges));
    let (head, start, mut length) = match wanted.as_deref() {
        None => {
            let head = plain(200).header("Content-Type", "application/octet-stream");
            (head, 0, stored.length)
        }
        Some([]) => {
            let all = format!("bytes */{}", stored.length);
            let head = plain(416).header("Content-Range", all);
            (head, 0, 0)
        }
        Some([(first, end)]) => {
            let range = format!("bytes {first}-{}/{}", end - 1, stored.length);
            let head = plain(206)
                .header("Content-Type", "application/octet-stream")
                .header("Content-Range", range);
            (head, *first, end - first)
        }
        Some(several) => return multipart(request, plain(206), stored, several),
    };
    if head.status == 206 && quirks.has(Quirk::ShortensRanges) {
        length = length.saturating_sub(1);
    }
    let told = if request.method == "HEAD" && quirks.has(Quirk::TellsNoLengthOnHead) {
        0
    } else {
        length
    };
    let mut head = head.header("Content-Length", told.to_string());
    if request.method == "HEAD" {
        head.framing = Framing::Bodiless;
        return Answer::Reply(head);
    }
    match stored.content {
        _ if length == 0 => Answer::Reply(head),
        Content::Bytes(bytes) => Answer::Reply(head.body(slice(&bytes, start, length))),
        Content::File(file) => Answer::File {
            head,
            file,
            start,
            length,
        },
    }
}

fn slice(bytes: &Bytes, start: u64, length: u64) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).map_or(bytes.len(), |at| at.min(bytes.len()));
    bytes.slice(at(start)..at(start + length))
}

/// The ranges asked for that lie within the file, each as first and end; none: all of it is wanted;
/// an empty list: none of them does.
fn ranges(headers: &Headers, modified: &str, length: u64) -> Option<Vec<(u64, u64)>> {
    let wanted = headers.get("Range")?;
    if headers.get("If-Range").is_some_and(|date| date != modified) {
        return None;
    }
    let (unit, list) = wanted.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    for (n, part) in list
        .split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .enumerate()
    {
        if n == RANGES {
            return None;
        }
        let (first, last) = part.split_once('-')?;
        let range = match (first.trim(), last.trim()) {
            ("", last) => (length.saturating_sub(number(last)?), length),
            (first, "") => (number(first)?, length),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                (first, last.saturating_add(1).min(length))
            }
        };
        if range.0 < range.1 {
            ranges.push(range);
        }
    }
    let bytes: u64 = ranges.iter().map(|(first, end)| end - first).sum();
    (ranges.len() < 2 || bytes <= MULTIPART).then_some(ranges)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Beyond 64 bits it lies behind the end of any file.
    digits.then(|| text.parse().unwrap_or(u64::MAX - 1))
}

/// Several ranges in one body, in the order in which they were asked for.
fn multipart(request: &Request, head: Reply, stored: Stored, ranges: &[(u64, u64)]) -> Answer {
    let mut body = Vec::new();
    let mut content = stored.content;
    for (first, end) in ranges {
        let part = format!(
            "\r\n--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{}/{}\r\n\r\n",
            end - 1,
            stored.length
        );
        body.extend_from_slice(part.as_bytes());
        match &mut content {
            Content::Bytes(bytes) => body.extend_from_slice(&slice(bytes, *first, end - first)),
            Content::File(file) => {
                if read_range(file, *first, end - first, &mut body).is_err() {
                    return Answer::Reply(Reply::new(500).header("Content-Length", "0"));
                }
            }
        }
    }
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let kind = format!("multipart/byteranges; boundary={BOUNDARY}");
    let mut head = head
        .header("Content-Type", kind)
        .header("Content-Length", body.len().to_string());
    if request.method == "HEAD" {
        head.framing = Framing::Bodiless;
        return Answer::Reply(head);
    }
    Answer::Reply(head.body(body))
}

fn read_range(file: &mut File, first: u64, length: u64, into: &mut Vec<u8>) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(first))?;
    file.by_ref().take(length).read_to_end(into).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{fetch, ranges};
    use crate::{
        bits_upload::{
            domain::{Content, Stored},
            quirks::Quirks,
        },
        message::{Headers, Reply, Request},
        mock::{Answer, Moment},
    };
    use bytes::Bytes;
    use rstest::rstest;

    fn get(range: &str) -> Reply {
        let mut request = Request::new("GET", "/x");
        request.headers.append("Range", range);
        let stored = Stored {
            content: Content::Bytes(Bytes::from_static(b"0123456789")),
            length: 10,
            modified: Moment(0),
        };
        match fetch(&request, stored, Quirks::default()) {
            Answer::Reply(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case("bytes=0-3", 206, "0123", Some("bytes 0-3/10"))]
    #[case("bytes=7-", 206, "789", Some("bytes 7-9/10"))]
    #[case("bytes=-2", 206, "89", Some("bytes 8-9/10"))]
    #[case("bytes=8-100", 206, "89", Some("bytes 8-9/10"))]
    #[case("bytes=-100", 206, "0123456789", Some("bytes 0-9/10"))]
    #[case("bytes=10-", 416, "", Some("bytes */10"))]
    #[case("bytes=-0", 416, "", Some("bytes */10"))]
    #[case("bytes=99999999999999999999-", 416, "", Some("bytes */10"))]
    #[case("bytes=5-3", 200, "0123456789", None)]
    #[case("lines=0-3", 200, "0123456789", None)]
    #[case("bytes=x", 200, "0123456789", None)]
    fn one_range_is_given_or_refused_as_http_says(
        #[case] range: &str,
        #[case] status: u16,
        #[case] body: &str,
        #[case] told: Option<&str>,
    ) {
        let reply = get(range);
        assert_eq!((reply.status, &reply.body[..]), (status, body.as_bytes()));
        assert_eq!(reply.headers.get("Content-Range"), told);
        let length = body.len().to_string();
        assert_eq!(reply.headers.get("Content-Length"), Some(&*length));
    }

    #[test]
    fn several_ranges_come_in_their_order_in_one_body() {
        let reply = get("bytes=8-9, 0-1");
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        let (late, early) = (body.find("\r\n\r\n89\r\n"), body.find("\r\n\r\n01\r\n"));
        assert_eq!(reply.status, 206);
        assert!(late.is_some() && late < early, "{body}");
    }

    #[test]
    fn a_flood_of_ranges_is_answered_with_the_whole() {
        let headers: Headers = [("Range", format!("bytes={}", "0-,".repeat(100)))]
            .into_iter()
            .collect();
        assert_eq!(ranges(&headers, "", 10), None);
    }
}
