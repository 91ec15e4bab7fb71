//! What reqwest sends unchanged goes through its pool.

use super::{
    Outgoing,
    head::{text, too_large},
};
use crate::message::{Broken, Exchange, Framing, Headers, How, Reply, Request, Version};
use hyper_util::client::legacy::connect::HttpInfo;
use std::{collections::HashSet, error::Error, io, time::Duration};
use tokio::time::{Instant, timeout_at};

/// A client that adds and follows nothing.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_title_case_headers()
        .tcp_nodelay(true)
        .build()
}

/// Whether reqwest puts exactly these bytes on the wire, and nothing about the connection matters.
pub(super) fn can_send(outgoing: &Outgoing, request: &Request) -> bool {
    let mut names = HashSet::new();
    let headers = &request.headers;
    let length = request.body.len().to_string();
    !outgoing.exact
        && !outgoing.fresh
        && outgoing.raw.is_none()
        && outgoing.cut.is_none()
        && !outgoing.origin.tls
        && request.version == Version::Http11
        && headers
            .iter()
            .next()
            .is_some_and(|(name, _)| name == "Host")
        && headers.contains("Accept")
        && !headers.contains("Transfer-Encoding")
        && !headers.contains("Expect")
        && !headers.contains("Connection")
        && headers
            .get("Content-Length")
            .map_or(request.body.is_empty(), |stated| stated == length)
        && headers.iter().all(|(name, value)| {
            names.insert(name.to_ascii_lowercase())
                && title_case(name)
                && reqwest::header::HeaderValue::from_str(value).is_ok()
        })
        && !request.target.contains('#')
        && url(outgoing, request).is_some()
}

/// `Content-Type`, not `BITS-Session-Id`: as hyper writes names.
fn title_case(name: &str) -> bool {
    let mut first = true;
    name.bytes().all(|byte| {
        let fits = byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_uppercase() == first;
        first = byte == b'-';
        fits && (byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// The URL, where writing it out again gives the same text.
fn url(outgoing: &Outgoing, request: &Request) -> Option<reqwest::Url> {
    let text = format!("{}{}", outgoing.origin, request.target);
    let url: reqwest::Url = text.parse().ok()?;
    (url.as_str() == text).then_some(url)
}

/// Sends it. Gives the outcome, and a number for the connection where there was one.
pub(super) async fn send(
    client: &reqwest::Client,
    outgoing: &Outgoing,
    request: &Request,
) -> (Result<Reply, Broken>, u64) {
    let deadline = Instant::now() + outgoing.timeout;
    let stalled = |reached: &str| Broken {
        how: How::Stalled,
        detail: format!("not whole within {:?}: stopped {reached}", outgoing.timeout),
        partial: None,
    };
    let building = reqwest::Method::from_bytes(request.method.as_bytes())
        .ok()
        .zip(url(outgoing, request))
        .map(|(method, url)| {
            let mut building = client.request(method, url);
            for (name, value) in request.headers.iter() {
                building = building.header(name, value);
            }
            if request.body.is_empty() {
                building
            } else {
                building.body(request.body.clone())
            }
        });
    let Some(building) = building else {
        let broken = Broken {
            how: How::Garbled,
            detail: "the request cannot be put into HTTP".to_owned(),
            partial: None,
        };
        return (Err(broken), 0);
    };
    let mut response = match timeout_at(deadline, building.send()).await {
        Err(_) => return (Err(stalled("before a whole head of a reply")), 0),
        Ok(Err(error)) => {
            let mut broken = told(&error, "before a whole head of a reply");
            if broken.how == How::TooLarge {
                // hyper takes more bytes than we do, and this many fields.
                let bytes = too_large("head", outgoing.limits.head);
                broken.detail = format!("{bytes}, or has more than 100 fields");
            }
            return (Err(broken), 0);
        }
        Ok(Ok(response)) => response,
    };
    let connection = response.extensions().get::<HttpInfo>().map_or(0, |info| {
        Exchange::POOLED | u64::from(info.local_addr().port())
    });
    let mut reply = head_of(&response, &request.method);
    let length = response.content_length();
    let head: usize = reply
        .headers
        .iter()
        .map(|(n, v)| n.len() + v.len() + 4)
        .sum();
    let limits = outgoing.limits;
    if head > limits.head {
        let broken = Broken {
            how: How::TooLarge,
            detail: too_large("head", limits.head),
            partial: None,
        };
        return (Err(broken), connection);
    }
    let mut body = Vec::new();
    let stop = loop {
        if body.len() > limits.body || length.is_some_and(|length| length > limits.body as u64) {
            break (How::TooLarge, too_large("body", limits.body));
        }
        let reached = || match length {
            Some(length) => format!("after {} of {length} bytes of the body", body.len()),
            None => format!("after {} bytes of the body", body.len()),
        };
        match timeout_at(deadline, response.chunk()).await {
            Err(_) => {
                let broken = stalled(&reached());
                break (broken.how, broken.detail);
            }
            Ok(Err(error)) => {
                let broken = told(&error, &reached());
                let how = if broken.how == How::Closed {
                    How::Cut
                } else {
                    broken.how
                };
                break (how, broken.detail);
            }
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            Ok(Ok(None)) => return (Ok(reply.body(body)), connection),
        }
    };
    reply.body = body.into();
    let broken = Broken {
        how: stop.0,
        detail: stop.1,
        partial: Some(Box::new(reply)),
    };
    (Err(broken), connection)
}

fn head_of(response: &reqwest::Response, method: &str) -> Reply {
    let headers: Headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), text(value.as_bytes())))
        .collect();
    let reason = response
        .extensions()
        .get::<hyper::ext::ReasonPhrase>()
        .map_or_else(
            || {
                response
                    .status()
                    .canonical_reason()
                    .unwrap_or_default()
                    .to_owned()
            },
            |reason| text(reason.as_bytes()),
        );
    let mut reply = Reply {
        version: if response.version() == reqwest::Version::HTTP_10 {
            Version::Http10
        } else {
            Version::Http11
        },
        status: response.status().as_u16(),
        reason,
        headers,
        ..Reply::default()
    };
    // hyper has refused what cannot be framed.
    reply.framing =
        super::head::framing(method, &reply).map_or(Framing::Close, |(framing, _)| framing);
    reply
}

/// What the chain of causes tells of a break. Whether a head had begun, hyper does not tell.
fn told(error: &reqwest::Error, reached: &str) -> Broken {
    let mut cause: Option<&dyn Error> = Some(error);
    let (mut how, mut innermost) = (None, String::new());
    while let Some(error) = cause {
        innermost = error.to_string();
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            how = if hyper.is_parse_too_large() {
                Some(How::TooLarge)
            } else if hyper.is_parse() {
                Some(How::Garbled)
            } else if hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled() {
                Some(How::Closed)
            } else {
                how
            };
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            how = match io.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Some(How::Reset),
                io::ErrorKind::UnexpectedEof => Some(How::Closed),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Some(How::Garbled),
                _ => how,
            };
        }
        cause = error.source();
    }
    let how = if error.is_connect() {
        How::Unreachable
    } else {
        how.unwrap_or(How::Garbled)
    };
    let detail = match how {
        How::Unreachable => format!("no connection: {innermost}"),
        How::Closed => format!("connection closed {reached}"),
        How::Reset => format!("connection reset {reached}"),
        _ => format!("{innermost} {reached}"),
    };
    Broken {
        how,
        detail,
        partial: None,
    }
}

/// How long connections may take to come about.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::title_case;
    use rstest::rstest;

    #[rstest]
    #[case("Accept", true)]
    #[case("Content-Type", true)]
    #[case("X-2go", true)]
    #[case("X-2Go", false)]
    #[case("api-version", false)]
    #[case("BITS-Session-Id", false)]
    #[case("Www-AUTH", false)]
    fn names_that_hyper_would_write_otherwise_are_seen(#[case] name: &str, #[case] kept: bool) {
        assert_eq!(title_case(name), kept);
    }
}
