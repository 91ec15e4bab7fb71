use bytes::Bytes;
use std::{
    io::{ErrorKind, IoSlice},
    net::SocketAddr,
    ops::Range,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A request as it goes out, with the fields that every request needs.
pub(crate) fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = head(method, target, fields, body.len());
    out.extend_from_slice(body);
    out
}

/// The head of a request whose body, of that length, is sent behind it.
pub(crate) fn head(method: &str, target: &str, fields: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (name, value) in fields {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        head.extend(["Content-Length: ", &length.to_string(), "\r\n"]);
    }
    head += "\r\n";
    head.into_bytes()
}

/// A connection that is kept open: a request out, a reply in.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    buf: Vec<u8>,
    /// How much of `buf` has been read.
    held: usize,
}

/// A reply, as long as the connection sends nothing else.
#[derive(Debug)]
pub(crate) struct Received<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// Every byte of it.
    pub(crate) raw: &'a [u8],
    body: Range<usize>,
    chunked: bool,
}

impl Received<'_> {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let head = str::from_utf8(&self.raw[..self.body.start]).ok()?;
        head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body, put together where it came in chunks.
    pub(crate) fn body(&self) -> Bytes {
        let mut rest = &self.raw[self.body.clone()];
        if !self.chunked {
            return Bytes::copy_from_slice(rest);
        }
        let mut body = Vec::new();
        while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
            let size = usize::try_from(size).expect("it is in memory");
            body.extend_from_slice(&rest[start..start + size]);
            rest = &rest[start + size + 2..];
            if size == 0 {
                break;
            }
        }
        body.into()
    }

    /// Whether the body came in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        self.chunked
    }
}

impl Line {
    /// Connects.
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is a socket");
        Self {
            stream,
            buf: vec![0; 16 * 1024],
            held: 0,
        }
    }

    /// Hands over as much of a request as the connection takes at once; tells how much that was.
    pub(crate) fn begin(&mut self, pieces: &[&[u8]]) -> usize {
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        match self.stream.try_write_vectored(&slices) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            sent => sent.expect("the server reads"),
        }
    }

    /// Sends a request, given in pieces, and waits for the whole reply.
    pub(crate) async fn send(&mut self, pieces: &[&[u8]]) -> Received<'_> {
        let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut left = &mut slices[..];
        while !left.is_empty() {
            let sent = self.stream.write_vectored(left).await;
            IoSlice::advance_slices(&mut left, sent.expect("the server reads"));
        }
        self.held = 0;
        let mut framed = None;
        loop {
            if self.held == self.buf.len() {
                self.buf.resize(self.held * 2, 0);
            }
            let room = &mut self.buf[self.held..];
            let read = self.stream.read(room).await.expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            self.held += read;
            if framed.is_none() {
                framed = framing(&self.buf[..self.held]);
            }
            let Some((status, start, length)) = framed else {
                continue;
            };
            let held = &self.buf[start..self.held];
            let whole = match length {
                Some(length) => held.len() >= length,
                None => held.ends_with(b"0\r\n\r\n"),
            };
            if whole {
                return Received {
                    status,
                    raw: &self.buf[..self.held],
                    body: start..self.held,
                    chunked: length.is_none(),
                };
            }
        }
    }
}

/// Status, begin of the body and its length, which is none for chunks.
fn framing(bytes: &[u8]) -> Option<(u16, usize, Option<usize>)> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut reply = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(start) = reply.parse(bytes).expect("the reply is HTTP") else {
        return None;
    };
    let length = reply
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-length"))
        .map(|field| {
            let text = str::from_utf8(field.value).expect("a length is text");
            text.parse().expect("a length is a number")
        });
    Some((reply.code.expect("it was parsed"), start, length))
}
