use super::{
    body::{Step, Unframed},
    head::{has_word, reply_of},
};
use crate::{
    message::{Broken, Framing, How, Reply, Request},
    mock::{BodyLength, Clock},
};
use bytes::{Buf as _, BytesMut};
use std::{fmt::Write as _, io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

/// The largest reply that is taken, head and body together.
const MOST: usize = 16 * 1024 * 1024;
/// How long a peer has in the time of the machine where the mock's clock skips its waits.
const SKIPPED: Duration = Duration::from_secs(2);

/// Sends a request of the model's own over a connection of its own, as exactly as the model wrote it.
///
/// The time allowed runs on the mock's clock. A clock that skips waits would give the peer no time at all, so it
/// is moved only when the peer has kept silent for a moment of the machine's.
pub(super) async fn ask(
    clock: &Clock,
    origin: &str,
    request: &Request,
    allowed: Duration,
) -> Result<Reply, Broken> {
    let deadline = clock.now().after(allowed);
    let late = async {
        if clock.skips() {
            sleep(allowed.min(SKIPPED)).await;
        }
        clock.reach(deadline).await;
    };
    tokio::select! {
        biased;
        result = exchange(origin, request) => result,
        () = late => Err(broken(
            How::Stalled,
            format!("no whole reply within {} s", allowed.as_secs_f32()),
        )),
    }
}

async fn exchange(origin: &str, request: &Request) -> Result<Reply, Broken> {
    let authority = origin
        .strip_prefix("http://")
        .map(|rest| rest.split('/').next().unwrap_or_default())
        .ok_or_else(|| {
            broken(
                How::Unreachable,
                format!("`{origin}` is no http:// address"),
            )
        })?;
    let address = if authority
        .rsplit(']')
        .next()
        .is_some_and(|end| end.contains(':'))
    {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut tcp = TcpStream::connect(&address)
        .await
        .map_err(|error| broken(How::Unreachable, format!("{address}: {error}")))?;
    // Only slower where it cannot be set.
    let _ = tcp.set_nodelay(true);

    let head = head_of(request, authority);
    let mut sent = tcp.write_all(head.as_bytes()).await;
    if sent.is_ok() {
        sent = tcp.write_all(&request.body).await;
    }
    // A peer may answer before it has read everything, so a failed write is not yet the outcome.
    let mut buf = BytesMut::new();
    let (mut reply, mut unframed) = loop {
        if let Some(found) = reply_head(&mut buf, &request.method)? {
            break found;
        }
        match more(&mut tcp, &mut buf).await {
            Ok(true) => {}
            Ok(false) if buf.is_empty() => {
                let detail = "the connection was closed before a reply".to_owned();
                return Err(match sent {
                    Ok(()) => broken(How::Closed, detail),
                    Err(error) => broken_by(&error, How::Closed, None),
                });
            }
            Ok(false) => {
                return Err(broken(
                    How::Cut,
                    "the connection was closed within the head of the reply".to_owned(),
                ));
            }
            Err(error) => return Err(broken_by(&error, How::Closed, None)),
        }
    };
    let mut body = Vec::new();
    loop {
        if body.len() + buf.len() > MOST {
            return Err(broken(
                How::TooLarge,
                format!("the reply is larger than {MOST} bytes"),
            ));
        }
        match unframed.step(&buf) {
            Step::Body(range) => {
                body.extend_from_slice(&buf[range.clone()]);
                buf.advance(range.end);
            }
            Step::Done(_) => break,
            Step::Malformed(why) => return Err(broken(How::Garbled, why.to_owned())),
            Step::More(done) => {
                buf.advance(done);
                match more(&mut tcp, &mut buf).await {
                    Ok(true) => {}
                    Ok(false) if unframed.is_endless() => break,
                    Ok(false) => {
                        let detail = format!(
                            "the connection was closed after {} bytes of the body",
                            body.len()
                        );
                        reply.body = body.into();
                        return Err(Broken {
                            how: How::Cut,
                            detail,
                            partial: Some(Box::new(reply)),
                        });
                    }
                    Err(error) => {
                        reply.body = body.into();
                        return Err(broken_by(&error, How::Cut, Some(reply)));
                    }
                }
            }
        }
    }
    reply.body = body.into();
    Ok(reply)
}

fn head_of(request: &Request, authority: &str) -> String {
    let clean = |text: &str| text.replace(['\r', '\n', '\0'], " ");
    let mut head = format!(
        "{} {} {}\r\n",
        clean(&request.method),
        clean(&request.target),
        request.version.as_str()
    );
    let headers = &request.headers;
    if !headers.contains("Host") {
        let _ = write!(head, "Host: {authority}\r\n");
    }
    for (name, value) in headers.iter() {
        let _ = write!(head, "{}: {}\r\n", clean(name), clean(value));
    }
    let stated = headers.contains("Content-Length") || headers.contains("Transfer-Encoding");
    if !stated && (!request.body.is_empty() || request.method != "GET") {
        let _ = write!(head, "Content-Length: {}\r\n", request.body.len());
    }
    if !headers.contains("Connection") {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    head
}

/// Takes the head of a reply off the buffer, where a whole one stands there; interim replies are skipped.
fn reply_head(buf: &mut BytesMut, method: &str) -> Result<Option<(Reply, Unframed)>, Broken> {
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 128];
        let mut parsed = httparse::Response::new(&mut fields);
        let size = match parsed.parse(buf) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) if buf.len() > 64 * 1024 => {
                return Err(broken(
                    How::TooLarge,
                    "the head of the reply is larger than 64 KiB".to_owned(),
                ));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(broken(How::Garbled, error.to_string())),
        };
        let status = parsed.code.unwrap_or_default();
        let mut reply = reply_of(&parsed);
        buf.advance(size);
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let unframed;
        (reply.framing, unframed) = if method == "HEAD" || matches!(status, 101 | 204 | 304) {
            (Framing::Bodiless, Unframed::new(BodyLength::Unstated))
        } else if has_word(&reply.headers, "Transfer-Encoding", "chunked") {
            (Framing::Chunked, Unframed::new(BodyLength::Chunked))
        } else if let Some(value) = reply.headers.get("Content-Length") {
            let length = value
                .parse()
                .map_err(|_| broken(How::Garbled, format!("Content-Length is `{value}`")))?;
            (Framing::Length, Unframed::new(BodyLength::Bytes(length)))
        } else {
            (Framing::Close, Unframed::endless())
        };
        return Ok(Some((reply, unframed)));
    }
}

async fn more(tcp: &mut TcpStream, buf: &mut BytesMut) -> io::Result<bool> {
    buf.reserve(16 * 1024);
    Ok(tcp.read_buf(buf).await? > 0)
}

fn broken(how: How, detail: String) -> Broken {
    Broken {
        how,
        detail,
        partial: None,
    }
}

fn broken_by(error: &io::Error, otherwise: How, partial: Option<Reply>) -> Broken {
    let how = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => How::Reset,
        _ => otherwise,
    };
    Broken {
        how,
        detail: error.to_string(),
        partial: partial.map(Box::new),
    }
}
