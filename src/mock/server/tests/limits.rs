//! What a client may cost, and what it gets beyond.

use super::{held, settled, start, talk, until};
use crate::mock::{Ending, Limits, ServerOptions};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

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
        format!("GET /a HTTP/1.1\r\nHost: h\r\nA: {long}\r\n\r\n"),
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    assert!(got.ends_with("refused GET HeadTooLarge"), "{got}");
    // Without an end, too.
    let got = talk(server.addr(), format!("GET /{long}{long}")).await;
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    let many = "A: b\r\n".repeat(140);
    let got = talk(
        server.addr(),
        format!("GET /a HTTP/1.1\r\nHost: h\r\n{many}\r\n"),
    )
    .await;
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
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 413 ") && got.ends_with("refused POST BodyTooLarge"));
    assert!(model.heard().is_empty());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
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
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n1",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 408 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(1)"]);
    assert_eq!(talk(server.addr(), "").await, "");
    let got = talk(server.addr(), "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(got.ends_with("hello"), "{got}");
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let (server, _) = start(limited(Limits {
        write_idle: Duration::from_millis(60),
        ..Limits::default()
    }));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    settled(|| {
        let received = server.journal().received();
        received
            .first()
            .is_some_and(|entry| entry.ending == Ending::ReplyCut)
    })
    .await;
}

/// A few bytes at a time, never standing still for long.
async fn trickle(tcp: &mut TcpStream, piece: &[u8]) -> Vec<u8> {
    let mut got = Vec::new();
    for _ in 0..1000 {
        // Whether it is still taken shows in what comes back.
        let _ = tcp.write_all(piece).await;
        if timeout(Duration::from_millis(10), tcp.read_buf(&mut got))
            .await
            .is_ok()
        {
            return got;
        }
    }
    panic!("a body that trickles is read for ever");
}

#[tokio::test]
async fn a_body_that_trickles_is_told_that_it_is_too_slow() {
    let (server, model) = start(limited(Limits {
        body_idle: Duration::from_millis(300),
        least_rate: 100_000,
        ..Limits::default()
    }));
    for (framing, piece) in [
        ("Content-Length: 100000", &b"12"[..]),
        ("Transfer-Encoding: chunked", b"2\r\n12\r\n"),
    ] {
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        let head = format!("POST /a HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        let got = trickle(&mut tcp, piece).await;
        let got = String::from_utf8_lossy(&got);
        assert!(got.starts_with("HTTP/1.1 408 "), "{got}");
    }
    let heard = model.heard();
    assert!(
        heard[1].starts_with("Cut(") && heard[3].starts_with("Cut("),
        "{heard:?}"
    );
    // One that nobody wants, too.
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
        .await
        .unwrap();
    let got = trickle(&mut tcp, b"12").await;
    assert!(got.starts_with(b"HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_body_that_comes_fast_enough_may_take_longer_than_standing_still_may() {
    let (server, _) = start(limited(Limits {
        body_idle: Duration::from_millis(200),
        least_rate: 10,
        ..Limits::default()
    }));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 80\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..40 {
        tcp.write_all(b"12").await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until(&mut tcp, "1212").await;
}

#[tokio::test]
async fn who_reads_a_few_bytes_at_a_time_is_cut_off() {
    let (server, _) = start(limited(Limits {
        write_idle: Duration::from_millis(300),
        least_rate: u32::MAX,
        ..Limits::default()
    }));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let mut room = vec![0; 64 * 1024];
    let reading = async {
        // Never still for as long as it may stand still, and never fast enough.
        while tcp.read(&mut room).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), reading)
        .await
        .expect("it is cut off");
    settled(|| server.journal().received()[0].ending == Ending::ReplyCut).await;
}

#[tokio::test]
async fn replies_that_nobody_takes_leave_room_for_so_many_others() {
    let (server, _) = start(limited(Limits {
        reply_memory: 20_000_000,
        ..Limits::default()
    }));
    let ask = "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let mut slow = Vec::new();
    // Two of eight million bytes fit, three do not.
    for count in 1..=2 {
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        tcp.write_all(ask.as_bytes()).await.unwrap();
        settled(|| server.journal().received().len() == count).await;
        slow.push(tcp);
    }
    let got = talk(server.addr(), ask).await;
    assert!(
        got.starts_with("HTTP/1.1 503 "),
        "{}",
        &got[..got.len().min(200)]
    );
    let small = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert!(talk(server.addr(), small).await.ends_with("hello"));
    slow.pop();
    let again = async { while !talk(server.addr(), ask).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(Duration::from_secs(5), again)
        .await
        .expect("the room is given back");
}

#[tokio::test]
async fn a_reply_alone_is_sent_however_large_it_is() {
    let (server, _) = start(limited(Limits {
        reply_memory: 1,
        ..Limits::default()
    }));
    let ask = "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for _ in 0..2 {
        let got = talk(server.addr(), ask).await;
        assert!(got.starts_with("HTTP/1.1 200 ") && got.len() > 8_000_000);
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let (server, _) = start(limited(Limits {
        connections: 1,
        ..Limits::default()
    }));
    let mut first = TcpStream::connect(server.addr()).await.unwrap();
    first
        .write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until(&mut first, "hello").await;
    let got = talk(server.addr(), "").await;
    assert!(got.starts_with("HTTP/1.1 503 "), "{got}");
    drop(first);
    let again = async {
        let ask = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        while !talk(server.addr(), ask).await.ends_with("hello") {}
    };
    timeout(Duration::from_secs(5), again)
        .await
        .expect("the place is given back");
}
