//! What a client may cost, and what it gets beyond.

use super::{held, settled, start, talk, until};
use crate::mock::{Ending, Limits, ServerOptions};
use std::time::Duration;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

fn limited(limits: Limits) -> ServerOptions {
    ServerOptions { limits, ..held() }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_the_words_of_the_model() {
    let (server, _) = start(limited(Limits {
        head_bytes: 1000,
        ..Limits::default()
    }));
    let long = "x".repeat(2000);
    let got = talk(
        server.addr(),
        format!("GET /a HTTP/1.1\r\nA: {long}\r\n\r\n"),
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    assert!(got.ends_with("refused GET HeadTooLarge"), "{got}");
    // Without an end, too.
    let got = talk(server.addr(), format!("GET /{long}{long}")).await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    let many = "A: b\r\n".repeat(140);
    let got = talk(server.addr(), format!("GET /a HTTP/1.1\r\n{many}\r\n")).await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let (server, model) = start(limited(Limits {
        body_bytes: 10,
        ..Limits::default()
    }));
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nContent-Length: 11\r\n\r\n01234567890",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 413 ") && got.ends_with("refused POST BodyTooLarge"));
    assert!(model.heard().is_empty());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 413 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(6)"]);
}

#[tokio::test]
async fn who_is_too_slow_is_told_so() {
    let brief = Duration::from_millis(60);
    let (server, model) = start(limited(Limits {
        head_time: brief,
        body_idle: brief,
        idle_time: brief,
        ..Limits::default()
    }));
    let got = talk(server.addr(), "GET /hello HTTP/1.1\r\nHost").await;
    assert!(
        got.starts_with("HTTP/1.1 408 ") && got.ends_with("refused GET Timeout"),
        "{got}"
    );
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n1",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 408 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(1)"]);
    assert_eq!(talk(server.addr(), "").await, "");
    let got = talk(server.addr(), "GET /hello HTTP/1.1\r\n\r\n").await;
    assert!(got.ends_with("hello"), "{got}");
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let (server, _) = start(limited(Limits {
        write_idle: Duration::from_millis(60),
        ..Limits::default()
    }));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /large HTTP/1.1\r\n\r\n").await.unwrap();
    settled(|| {
        let received = server.journal().received();
        received
            .first()
            .is_some_and(|entry| entry.ending == Ending::ReplyCut)
    })
    .await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let (server, _) = start(limited(Limits {
        connections: 1,
        ..Limits::default()
    }));
    let mut first = TcpStream::connect(server.addr()).await.unwrap();
    first
        .write_all(b"GET /hello HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    until(&mut first, "hello").await;
    let got = talk(server.addr(), "").await;
    assert!(got.starts_with("HTTP/1.1 503 "), "{got}");
    drop(first);
    let again = async {
        let ask = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
        while !talk(server.addr(), ask).await.ends_with("hello") {}
    };
    timeout(Duration::from_secs(5), again)
        .await
        .expect("the place is given back");
}
