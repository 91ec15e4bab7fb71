//! Requests and replies on the wire.

use super::{held, settled, start, talk, until};
use crate::mock::{Ending, ServerOptions};
use std::{net::SocketAddr, time::Duration};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

#[tokio::test]
async fn a_reply_has_the_names_of_the_model_and_the_date_of_the_clock() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(
        got,
        "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Content-Length: 5\r\nConnection: close\r\n\r\nhello"
    );
}

#[tokio::test]
async fn the_model_sees_the_names_of_the_request_as_they_were_sent() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /names HTTP/1.0\r\nhOST: x\r\nBITS-Session-Id: {A}\r\n\r\n",
    )
    .await;
    assert!(got.ends_with("hOST BITS-Session-Id"), "{got}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\noneGET /hello HTTP/1.1\r\nHost: h\r\n\r\n\
         POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
         GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    let bodies: Vec<_> = got
        .split("HTTP/1.1 200 OK")
        .skip(1)
        .map(|reply| reply.rsplit("\r\n\r\n").next().unwrap())
        .collect();
    assert_eq!(bodies, ["one", "hello", "two", "hello"]);
    let connections: Vec<_> = server
        .journal()
        .received()
        .iter()
        .map(|entry| entry.connection)
        .collect();
    assert_eq!(connections, [1; 4]);
}

#[tokio::test]
async fn http_1_0_gets_its_own_status_line_and_a_closed_connection() {
    let (server, _) = start(held());
    let got = talk(server.addr(), "GET /chunked HTTP/1.0\r\n\r\n").await;
    assert!(
        got.starts_with("HTTP/1.0 200 OK\r\n") && got.ends_with("\r\n\r\nhello"),
        "{got}"
    );
    assert!(!got.contains("chunked"), "{got}");
}

#[tokio::test]
async fn a_reply_can_be_chunked_or_end_with_its_connection() {
    let (server, _) = start(held());
    let got = talk(server.addr(), "GET /close HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(got.contains("Connection: close\r\n\r\nhello"), "{got}");
    let got = talk(
        server.addr(),
        "GET /chunked HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(got.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{got}");
}

#[tokio::test]
async fn head_is_answered_without_a_body() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "HEAD /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        got.contains("Content-Length: 5\r\n") && got.ends_with("\r\n\r\n"),
        "{got}"
    );
}

#[tokio::test]
async fn a_range_of_a_file_is_sent_piece_by_piece() {
    let (server, _) = start(held());
    let got = talk(
        server.addr(),
        "GET /file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    let body = got.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(body, "a".repeat(50_000) + &"b".repeat(100_000));
}

#[tokio::test]
async fn continue_is_said_only_where_the_body_is_wanted() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(
        b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(
        until(&mut tcp, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    tcp.write_all(b"body").await.unwrap();
    assert!(
        until(&mut tcp, "body")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );

    // Not wanted: the client either sends it all the same ...
    tcp.write_all(
        b"POST /hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n",
    )
    .await
    .unwrap();
    assert!(
        until(&mut tcp, "hello")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
    tcp.write_all(b"ignore").await.unwrap();
    // ... or begins the next request at once.
    tcp.write_all(
        b"POST /hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n",
    )
    .await
    .unwrap();
    until(&mut tcp, "hello").await;
    tcp.write_all(b"GET /names HTTP/1.1\r\nHost: h\r\nZ: 1\r\n\r\n")
        .await
        .unwrap();
    until(&mut tcp, "\r\n\r\nHost Z").await;
    assert_eq!(
        model.heard(),
        [
            "POST /a",
            "Complete",
            "POST /hello",
            "POST /hello",
            "GET /names"
        ]
    );
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_read_and_the_connection_goes_on() {
    let (server, _) = start(held());
    let body = "x".repeat(500_000);
    let got = talk(
        server.addr(),
        format!(
            "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n{body}\
             GET /names HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        ),
    )
    .await;
    assert_eq!(got.matches("HTTP/1.1 200 OK").count(), 2, "{got}");
    assert_eq!(server.journal().received()[0].request_bytes, 500_000);
}

#[tokio::test]
async fn a_sink_that_breaks_off_answers_early_and_closes_where_much_is_left() {
    let (server, _) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
        .await
        .unwrap();
    assert!(!until(&mut tcp, "early").await.contains("close"));
    tcp.write_all(b"67890GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until(&mut tcp, "hello").await;

    let got = talk(
        server.addr(),
        "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n12345",
    );
    // The server waits a moment for the rest, then gives up.
    let got = got.await;
    assert!(got.starts_with("HTTP/1.1 403 Forbidden\r\n") && got.contains("Connection: close"));
}

#[tokio::test]
async fn a_body_that_is_cut_is_told_to_the_model_with_the_bytes_that_came() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n1234")
        .await
        .unwrap();
    drop(tcp);
    settled(|| model.heard() == ["POST /a", "Cut(4)"]).await;
    settled(|| !server.journal().received().is_empty()).await;
    let entry = server.journal().received().remove(0);
    assert_eq!((entry.ending, entry.request_bytes), (Ending::RequestCut, 4));
    assert_eq!(entry.reply, None);
}

#[tokio::test]
async fn a_wait_ends_when_the_clock_gets_there_or_the_client_leaves() {
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    settled(|| model.heard().len() == 1).await;
    server.clock().advance(Duration::from_secs(60));
    until(&mut tcp, "woke").await;

    tcp.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    settled(|| model.heard().len() == 3).await;
    tcp.set_zero_linger().unwrap();
    drop(tcp);
    settled(|| model.heard().last().unwrap() == "7 Gone").await;
    settled(|| server.journal().received().len() == 2).await;
    assert_eq!(server.journal().received()[1].ending, Ending::Gone);
}

#[tokio::test]
async fn a_question_of_the_model_is_sent_and_its_answer_given_back() {
    let (server, _) = start(held());
    let (other, heard) = start(ServerOptions::default());
    let ask =
        |to: SocketAddr| format!("GET /ask?{to} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let got = talk(server.addr(), ask(other.addr())).await;
    assert!(
        got.starts_with("HTTP/1.1 200") && got.ends_with("question"),
        "{got}"
    );
    assert_eq!(heard.heard(), ["POST /echo", "Complete"]);

    let nobody = other.addr();
    other.shutdown().await;
    let got = talk(server.addr(), ask(nobody)).await;
    assert!(
        got.starts_with("HTTP/1.1 502") && got.ends_with("unreachable"),
        "{got}"
    );
}

#[tokio::test]
async fn a_question_is_given_up_on_the_clock_of_the_mock() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = silent.local_addr().unwrap();
    let (server, model) = start(held());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    let ask = format!("GET /ask?{to} HTTP/1.1\r\nHost: h\r\n\r\n");
    tcp.write_all(ask.as_bytes()).await.unwrap();
    settled(|| model.heard().len() == 1).await;
    let _open = silent.accept().await.unwrap();
    server.clock().advance(Duration::from_secs(5));
    until(&mut tcp, "stalled").await;
}

#[tokio::test]
async fn what_is_no_http_is_answered_400_and_closed() {
    let (server, model) = start(held());
    for wire in [
        "\u{1}\u{2}\u{3}\u{4}\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let got = talk(server.addr(), wire).await;
        assert!(
            got.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{wire:?}: {got}"
        );
        assert!(got.contains("Connection: close\r\n"), "{got}");
    }
    assert!(model.heard().is_empty());
    let got = talk(
        server.addr(),
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 400 "), "{got}");
    assert_eq!(model.heard(), ["POST /a", "Cut(0)"]);
}

#[tokio::test]
async fn a_common_client_is_served() {
    let (server, _) = start(ServerOptions::default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for turn in 0..20 {
        let body = "z".repeat(turn * 10_000);
        let sent = client
            .post(format!("{}/echo", server.url()))
            .body(body.clone());
        assert_eq!(sent.send().await.unwrap().text().await.unwrap(), body);
    }
    let large = client
        .get(format!("{}/large", server.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(large.bytes().await.unwrap().len(), 8_000_000);
}
