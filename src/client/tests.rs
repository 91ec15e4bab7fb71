use super::{
    Client, ClientOptions, Credentials, CutAt, Limits, Origin, Outgoing, Scheme,
    testing::{Answer, Then, server},
};
use crate::message::{Exchange, Framing, How, Request, Version};
use bytes::Bytes;
use rstest::rstest;
use std::time::Duration;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn client() -> Client {
    Client::new(&ClientOptions::default()).unwrap()
}

fn says(bytes: impl AsRef<[u8]>, then: Then) -> Answer {
    (bytes.as_ref().to_vec(), then)
}

fn get(origin: &Origin) -> Outgoing {
    let mut outgoing = Outgoing::new(origin.clone(), Request::new("GET", "/x?y=1"));
    outgoing.timeout = Duration::from_millis(400);
    outgoing
}

/// The same request in a form that goes through reqwest.
fn pooled(origin: &Origin) -> Outgoing {
    let mut outgoing = get(origin);
    outgoing.request.headers.append("Accept", "*/*");
    outgoing
}

fn how(exchange: &Exchange) -> How {
    exchange.outcome.as_ref().unwrap_err().how
}

fn detail(exchange: &Exchange) -> &str {
    &exchange.outcome.as_ref().unwrap_err().detail
}

#[rstest]
#[case(says("", Then::Close), How::Closed, "closed before the first byte")]
#[case(says("", Then::Reset), How::Reset, "reset before the first byte")]
#[case(says("", Then::Stall), How::Stalled, "before the first byte")]
#[case(
    says("HTTP/1.1 200 OK\r\nA:", Then::Close),
    How::Cut,
    "after 19 bytes of the reply's head"
)]
#[case(
    says("HTTP/1.1 200 OK\r\nA:", Then::Stall),
    How::Stalled,
    "after 19 bytes of the reply's head"
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Close),
    How::Cut,
    "after 3 of 9 bytes of the body"
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Reset),
    How::Reset,
    "after 3 of 9 bytes of the body"
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Stall),
    How::Stalled,
    "after 3 of 9 bytes of the body"
)]
#[case(
    says(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
        Then::Close
    ),
    How::Cut,
    "after 2 bytes of the body"
)]
#[case(
    says(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        Then::Keep
    ),
    How::Garbled,
    "no hexadecimal number: `zz"
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Then::Keep),
    How::Garbled,
    "is no length"
)]
#[case(says("SSH-2.0-OpenSSH_9.2\r\n", Then::Keep), How::Garbled, "`SSH-2.0")]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", Then::Keep),
    How::TooLarge,
    "larger than 100 bytes"
)]
#[case(says(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(200)), Then::Close), How::TooLarge, "larger than 100 bytes")]
#[case(says(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}", "x".repeat(200)), Then::Keep), How::TooLarge, "larger than 100 bytes")]
#[case(says(format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(5000)), Then::Keep), How::TooLarge, "head of the reply")]
#[tokio::test]
async fn every_break_is_told_apart(#[case] answer: Answer, #[case] kind: How, #[case] told: &str) {
    let (origin, _) = server(vec![vec![answer]]).await;
    let mut outgoing = get(&origin);
    outgoing.limits = Limits {
        head: 4096,
        body: 100,
    };
    let exchange = client().connections().send(&outgoing).await;
    assert_eq!(how(&exchange), kind, "{exchange:?}");
    assert!(detail(&exchange).contains(told), "{}", detail(&exchange));
}

#[rstest]
#[case(says("", Then::Close), How::Closed)]
#[case(says("", Then::Reset), How::Reset)]
#[case(says("", Then::Stall), How::Stalled)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Close),
    How::Cut
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Reset),
    How::Reset
)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::Stall),
    How::Stalled
)]
#[case(says("SSH-2.0-OpenSSH_9.2\r\n", Then::Keep), How::Garbled)]
#[case(
    says("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", Then::Keep),
    How::TooLarge
)]
#[case(says(format!("HTTP/1.1 200 OK\r\nA: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(5000)), Then::Keep), How::TooLarge)]
#[case(says(format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(500_000)), Then::Keep), How::TooLarge)]
#[tokio::test]
async fn reqwest_tells_breaks_by_the_same_words(#[case] answer: Answer, #[case] kind: How) {
    let (origin, _) = server(vec![vec![answer]]).await;
    let mut outgoing = pooled(&origin);
    outgoing.limits = Limits {
        head: 4096,
        body: 100,
    };
    let exchange = client().connections().send(&outgoing).await;
    assert_eq!(how(&exchange), kind, "{exchange:?}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_unreachable_on_both_ways() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let origin = Origin::parse(&url).unwrap().0;
    for outgoing in [get(&origin), pooled(&origin)] {
        let exchange = client().connections().send(&outgoing).await;
        assert_eq!(how(&exchange), How::Unreachable);
        assert!(
            detail(&exchange).contains("refused"),
            "{}",
            detail(&exchange)
        );
    }
}

#[tokio::test]
async fn a_partial_reply_is_kept_with_what_had_arrived() {
    let cut = "HTTP/1.1 201 Made\r\nContent-Length: 9\r\n\r\nabc";
    let (origin, _) = server(vec![
        vec![says(cut, Then::Close)],
        vec![says(cut, Then::Close)],
    ])
    .await;
    for outgoing in [get(&origin), pooled(&origin)] {
        let exchange = client().connections().send(&outgoing).await;
        let partial = exchange.outcome.unwrap_err().partial.unwrap();
        assert_eq!((partial.status, &partial.body[..]), (201, &b"abc"[..]));
    }
}

#[tokio::test]
async fn reqwest_and_the_exact_client_put_the_same_bytes_on_the_wire() {
    for (method, body) in [
        ("GET", ""),
        ("POST", ""),
        ("BITS_POST", "abc"),
        ("DELETE", ""),
        ("PUT", "x"),
    ] {
        let answers = vec![vec![says(OK, Then::Keep)], vec![says(OK, Then::Keep)]];
        let (origin, read) = server(answers).await;
        let mut request = Request::new(method, "/a%20b/c;d?q=1&r=%272%27");
        request.headers.append("Accept", "application/json");
        request.headers.append("Content-Type", "text/plain");
        request
            .headers
            .append("X-Some-Thing", "  two  words ".trim());
        request.body = Bytes::from(body);
        let mut outgoing = Outgoing::new(origin, request);
        let client = client();
        let first = client.connections().send(&outgoing).await;
        outgoing.exact = true;
        let second = client.connections().send(&outgoing).await;
        let read = read.lock().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&read[0]),
            String::from_utf8_lossy(&read[1]),
            "{method}"
        );
        assert!(
            first.connection > 1 << 32,
            "the first went through reqwest: {first:?}"
        );
        assert!(second.connection < 1 << 32, "the second did not");
        assert_eq!(first.outcome.unwrap().body, second.outcome.unwrap().body);
        assert!(String::from_utf8_lossy(&read[0]).starts_with(&format!(
            "{method} /a%20b/c;d?q=1&r=%272%27 HTTP/1.1\r\nHost: "
        )));
    }
}

#[rstest]
#[case("/a/../b", "a")]
#[case("/./b", "a")]
#[case("/a#b", "a")]
#[case("/", "BITS-Session-Id")]
#[case("/\u{e4}", "a")]
#[tokio::test]
async fn what_reqwest_would_change_is_sent_as_it_is(#[case] target: &str, #[case] name: &str) {
    let (origin, read) = server(vec![vec![says(OK, Then::Keep)]]).await;
    let mut outgoing = pooled(&origin);
    outgoing.request.target = target.to_owned();
    outgoing.request.headers.append(name, "1");
    client()
        .connections()
        .send(&outgoing)
        .await
        .outcome
        .unwrap();
    let read = String::from_utf8(read.lock().unwrap()[0].clone()).unwrap();
    assert!(
        read.starts_with(&format!("GET {target} HTTP/1.1\r\n")),
        "{read}"
    );
    assert!(read.contains(&format!("\r\n{name}: 1\r\n")), "{read}");
}

#[tokio::test]
async fn a_kept_connection_carries_the_next_request_and_a_new_one_does_not() {
    let answers = vec![
        vec![says(OK, Then::Keep), says(OK, Then::Keep)],
        vec![says(OK, Then::Keep)],
    ];
    let (origin, _) = server(answers).await;
    let mut connections = client().connections();
    let first = connections.send(&get(&origin)).await;
    let mut fresh = get(&origin);
    fresh.fresh = true;
    let second = connections.send(&fresh).await;
    let third = connections.send(&get(&origin)).await;
    assert_eq!(first.connection, third.connection);
    assert_ne!(first.connection, second.connection);
}

#[tokio::test]
async fn a_connection_closed_between_two_requests_is_replaced_once() {
    let answers = vec![
        vec![says(OK, Then::Close)],
        vec![says("", Then::Close)],
        vec![says(OK, Then::Keep)],
    ];
    let (origin, read) = server(answers).await;
    let mut connections = client().connections();
    assert!(connections.send(&get(&origin)).await.outcome.is_ok());
    let second = connections.send(&get(&origin)).await;
    assert_eq!(
        how(&second),
        How::Closed,
        "the new connection is not replaced again"
    );
    assert_eq!(read.lock().unwrap().len(), 2);
}

/// The server takes the second request of its first connection and closes: it may have carried it out.
#[rstest]
#[case("GET", None)]
#[case("HEAD", None)]
#[case("POST", Some(How::Closed))]
#[case("BITS_POST", Some(How::Closed))]
#[case("DELETE", Some(How::Closed))]
#[tokio::test]
async fn only_what_changes_nothing_is_sent_again(
    #[case] method: &str,
    #[case] ending: Option<How>,
) {
    let answers = vec![vec![says(OK, Then::Keep)], vec![says(OK, Then::Keep)]];
    let (origin, read) = server(answers).await;
    let mut connections = client().connections();
    assert!(connections.send(&get(&origin)).await.outcome.is_ok());
    let mut second = get(&origin);
    second.request.method = method.into();
    let second = connections.send(&second).await;
    assert_eq!(
        second.outcome.as_ref().err().map(|broken| broken.how),
        ending
    );
    assert_eq!(second.again, ending.is_none());
    let answered = 1 + usize::from(ending.is_none());
    assert_eq!(read.lock().unwrap().len(), answered);
}

#[rstest]
#[case("GET", true)]
#[case("POST", false)]
#[tokio::test]
async fn what_changes_something_is_not_sent_over_a_connection_that_has_rested(
    #[case] method: &str,
    #[case] is_kept: bool,
) {
    let ok = || says(OK, Then::Keep);
    let (origin, _) = server(vec![vec![ok(), ok()], vec![ok()]]).await;
    let mut connections = client().connections();
    connections.rest = Duration::ZERO;
    let first = connections.send(&get(&origin)).await;
    let mut second = get(&origin);
    second.request.method = method.into();
    let second = connections.send(&second).await;
    assert!(second.outcome.is_ok());
    assert_eq!(first.connection == second.connection, is_kept);
}

#[tokio::test]
async fn bytes_behind_the_end_of_a_reply_are_told() {
    let answers = vec![
        vec![says(format!("{OK}garbage"), Then::Keep)],
        vec![says(OK, Then::Keep)],
    ];
    let (origin, _) = server(answers).await;
    let mut connections = client().connections();
    let first = connections.send(&get(&origin)).await;
    assert_eq!(
        (&first.outcome.as_ref().unwrap().body[..], &first.excess[..]),
        (&b"ok"[..], &b"garbage"[..])
    );
    let second = connections.send(&get(&origin)).await;
    assert_ne!(first.connection, second.connection);
    assert!(second.excess.is_empty());
}

#[rstest]
#[case(How::Closed)]
#[case(How::Reset)]
#[tokio::test]
async fn a_request_is_cut_within_its_body(#[case] then: How) {
    let (origin, read) = server(vec![vec![says("", Then::Close)]]).await;
    let mut outgoing = get(&origin);
    outgoing.request.body = Bytes::from_static(b"0123456789");
    outgoing.cut = Some(CutAt { after: 4, then });
    let exchange = client().connections().send(&outgoing).await;
    assert_eq!(how(&exchange), then, "{exchange:?}");
    if then == How::Closed {
        let read = read.lock().unwrap();
        assert!(read[0].ends_with(b"Content-Length: 10\r\n\r\n0123"));
    }
}

#[tokio::test]
async fn raw_bytes_are_sent_as_they_are() {
    let (origin, read) = server(vec![vec![says(OK, Then::Keep)]]).await;
    let mut outgoing = get(&origin);
    outgoing.raw = Some(Bytes::from_static(b"get  /\tHTTP/9\nx\r\n\r\n"));
    client().connections().send(&outgoing).await;
    assert_eq!(read.lock().unwrap()[0], b"get  /\tHTTP/9\nx\r\n\r\n");
}

#[tokio::test]
async fn a_reply_before_the_end_of_a_large_request_is_read_and_the_connection_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let mut outgoing = get(&Origin::parse(&url).unwrap().0);
    outgoing.request.body = Bytes::from(vec![0; 32 << 20]);
    outgoing.timeout = Duration::from_secs(5);
    let exchange = client().connections().send(&outgoing).await;
    assert_eq!(
        exchange.reply().map(|reply| reply.status),
        Some(413),
        "{:?}",
        exchange.outcome
    );
}

#[tokio::test]
async fn http_1_0_and_the_announcing_replies_are_understood() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Fine\r\nA-b: c\r\n\r\nto the end";
    let (origin, read) = server(vec![vec![says(answer, Then::Close)]]).await;
    let mut outgoing = get(&origin);
    outgoing.request.version = Version::Http10;
    let exchange = client().connections().send(&outgoing).await;
    let reply = exchange.outcome.unwrap();
    assert_eq!(
        (reply.version, reply.framing, reply.reason.as_str()),
        (Version::Http10, Framing::Close, "Fine")
    );
    assert_eq!(reply.body, "to the end");
    assert_eq!(reply.headers.iter().next(), Some(("A-b", "c")));
    assert!(read.lock().unwrap()[0].starts_with(b"GET /x?y=1 HTTP/1.0\r\n"));
}

#[rstest]
#[case(Scheme::Basic, 1)]
#[case(Scheme::BasicWhenChallenged, 2)]
#[tokio::test]
async fn basic_credentials_are_sent_at_once_or_after_a_challenge(
    #[case] scheme: Scheme,
    #[case] requests: usize,
) {
    let challenge =
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    let answers = if requests == 2 {
        vec![says(challenge, Then::Keep), says(OK, Then::Keep)]
    } else {
        vec![says(OK, Then::Keep)]
    };
    let (origin, read) = server(vec![answers]).await;
    let credentials = Credentials {
        user: "me".into(),
        password: "p:w".into(),
        scheme,
    };
    assert!(!format!("{credentials:?}").contains("p:w"));
    let client = Client::new(&ClientOptions {
        credentials: Some(credentials),
        ..ClientOptions::default()
    })
    .unwrap();
    let exchange = client.connections().send(&get(&origin)).await;
    assert_eq!(exchange.reply().unwrap().status, 200);
    let read = read.lock().unwrap();
    assert_eq!(read.len(), requests);
    assert!(
        String::from_utf8_lossy(&read[requests - 1]).contains("Authorization: Basic bWU6cDp3\r\n")
    );
    assert!(requests == 1 || !String::from_utf8_lossy(&read[0]).contains("Authorization"));
}

#[tokio::test]
async fn through_a_proxy_the_whole_url_is_asked_for() {
    let (proxy, read) = server(vec![vec![says(OK, Then::Keep)]]).await;
    let client = Client::new(&ClientOptions {
        proxy: Some(proxy.to_string()),
        ..ClientOptions::default()
    })
    .unwrap();
    let elsewhere = Origin::parse("http://nowhere.invalid:81").unwrap().0;
    client
        .connections()
        .send(&pooled(&elsewhere))
        .await
        .outcome
        .unwrap();
    assert!(read.lock().unwrap()[0].starts_with(
        b"GET http://nowhere.invalid:81/x?y=1 HTTP/1.1\r\nHost: nowhere.invalid:81\r\n"
    ));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_as_tls() {
    let (origin, _) = server(vec![vec![says("HTTP/1.1 400 No\r\n\r\n", Then::Close)]]).await;
    let mut outgoing = get(&Origin {
        tls: true,
        ..origin
    });
    outgoing.timeout = Duration::from_secs(2);
    let options = ClientOptions {
        tls: super::TlsOptions {
            insecure: true,
            ..Default::default()
        },
        ..Default::default()
    };
    let exchange = Client::new(&options)
        .unwrap()
        .connections()
        .send(&outgoing)
        .await;
    assert_eq!(how(&exchange), How::Tls, "{exchange:?}");
}
