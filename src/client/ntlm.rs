//! NTLM on the connection that it authenticates: three messages, the last with the request itself.

use super::{
    Credentials, CutAt, Limits,
    exact::{Excess, Sent, Wire, encode},
};
use crate::{
    auth::{
        User,
        ntlm::{Token, authenticate, negotiate},
    },
    message::{Broken, How, Reply, Request},
};
use bytes::Bytes;
use std::time::{Duration, UNIX_EPOCH};

/// Up to this size a body goes with the first message too, so that a server which wants no credentials at all gets the
/// request once and whole. Beyond, the first message comes without it, as curl's does.
const SMALL_BODY: usize = 16 << 10;

/// From 1601, where NTLM counts from, to 1970, in units of 100 ns.
const EPOCH_1601: u64 = 116_444_736_000_000_000;

/// How the request is sent, apart from what it says.
pub(super) struct Way<'a> {
    /// The request target as it stands in the first line.
    pub(super) form: &'a str,
    pub(super) cut: Option<CutAt>,
    pub(super) limits: Limits,
    pub(super) timeout: Duration,
}

/// Sends a request on a connection that nobody has authenticated yet. Gives the last exchange, with the request it was.
pub(super) async fn shake(
    wire: &mut Wire,
    credentials: &Credentials,
    request: &Request,
    way: &Way<'_>,
) -> (Sent, Request) {
    let mut first = with(request, &Token::value("NTLM", &negotiate()));
    let small = request.body.len() <= SMALL_BODY;
    if !small {
        first.body = Bytes::new();
        first.headers.set("Content-Length", "0");
    }
    let sent = over(wire, &first, None, way).await;
    let Ok(reply) = &sent.outcome else {
        return (sent, first);
    };
    let challenge = challenge(reply).filter(|_| sent.reusable);
    let Some(challenge) = challenge else {
        if small || reply.status == 401 || !sent.reusable {
            return (sent, first);
        }
        // Nobody asked for credentials, and nobody has the body yet.
        let second = over(wire, request, way.cut, way).await;
        return (behind(sent.excess, second), request.clone());
    };
    let answer = random().and_then(|random| {
        let user = User::new(&credentials.user, &credentials.password);
        authenticate(&challenge.message, &user, random, time(reply))
            .map_err(|error| error.to_string())
    });
    let message = match answer {
        Ok(message) => message,
        Err(detail) => {
            let broken = Broken {
                how: How::Garbled,
                detail,
                partial: sent.outcome.ok().map(Box::new),
            };
            let sent = Sent {
                outcome: Err(broken),
                reusable: false,
                answered: true,
                excess: sent.excess,
            };
            return (sent, first);
        }
    };
    let second = with(request, &Token::value(&challenge.scheme, &message));
    let sent = behind(sent.excess, over(wire, &second, way.cut, way).await);
    // Some servers tell a wrong password by 403. Where 403 means something else, the handshake is made once more, no harm done.
    wire.authenticated = matches!(&sent.outcome, Ok(reply) if !matches!(reply.status, 401 | 403));
    (sent, second)
}

/// The second exchange, with what belonged to no reply in the first, where nothing does in itself.
fn behind(first: Excess, mut second: Sent) -> Sent {
    if second.excess.bytes.is_empty() {
        second.excess = first;
    }
    second
}

fn with(request: &Request, authorization: &str) -> Request {
    let mut request = request.clone();
    request.headers.append("Authorization", authorization);
    request
}

async fn over(wire: &mut Wire, request: &Request, cut: Option<CutAt>, way: &Way<'_>) -> Sent {
    let bytes = encode(request, way.form, cut);
    wire.exchange(&bytes, &request.method, cut, way.limits, way.timeout)
        .await
}

fn challenge(reply: &Reply) -> Option<Token> {
    let mut values = reply.headers.all("WWW-Authenticate");
    values
        .find_map(Token::parse)
        .filter(|_| reply.status == 401)
}

fn random() -> Result<[u8; 8], String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("the operating system gives no random bytes: {error}"))?;
    Ok(bytes)
}

/// The server's own time from `Date`, which it compares the answer with; used where its challenge tells none.
fn time(reply: &Reply) -> u64 {
    let date = reply.headers.get("Date").unwrap_or_default();
    let since = httpdate::parse_http_date(date)
        .ok()
        .and_then(|date| date.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    EPOCH_1601 + since.as_secs() * 10_000_000
}
