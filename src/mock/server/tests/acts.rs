//! What befalls the server on cue, and the admin interface at the door.

use super::{start, talk, until};
use crate::mock::{
    Act, Admin, Clock, Commit, CueBook, Cues, Ending, Head, Model, Moment, Operations,
    ServerOptions, Strike, server::tests::Fake,
};
use rstest::rstest;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Does that on the path `/struck`.
struct On(Vec<Act>, Commit);

impl Cues for On {
    fn strike(&self, head: &Head, _now: Moment) -> Option<Strike> {
        (head.request.path() == "/struck").then(|| Strike {
            acts: self.0.clone(),
            commit: self.1,
            ..Strike::default()
        })
    }
}

#[rstest]
#[case(Commit::Before)]
#[case(Commit::After)]
#[tokio::test]
async fn a_restart_ends_every_connection_and_later_ones_live_on(#[case] commit: Commit) {
    let cues = On(vec![Act::Restart], commit);
    let (server, model) = start(ServerOptions {
        cues: Some(Arc::new(cues)),
        ..ServerOptions::default()
    });
    let mut idle = TcpStream::connect(server.addr()).await.unwrap();
    idle.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    until(&mut idle, "\r\n\r\nhello").await;

    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /struck HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let got = until(&mut tcp, "\r\n\r\n").await;
    assert!(got.contains("Connection: close\r\n"), "{got}");
    for mut ended in [tcp, idle] {
        let read = timeout(Duration::from_secs(5), ended.read(&mut [0; 1])).await;
        assert_eq!(read.expect("it ends").unwrap(), 0);
    }
    let seen = if commit == Commit::Before {
        ["GET /hello", "GET /struck", "Complete", "restart"]
    } else {
        ["GET /hello", "restart", "GET /struck", "Complete"]
    };
    assert_eq!(model.heard(), seen);

    // A connection of the new life is kept.
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    for _ in 0..2 {
        tcp.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        until(&mut tcp, "\r\n\r\nhello").await;
    }
    // And it ends with the server, as if there had been no restart.
    let down = timeout(Duration::from_secs(5), server.shutdown());
    down.await.expect("nothing holds it up");
}

#[tokio::test]
async fn the_clock_jumps_and_sessions_go() {
    let acts = vec![Act::Advance(Duration::from_secs(90)), Act::DropSession];
    let (server, model) = start(ServerOptions {
        clock: Clock::held(Clock::START),
        cues: Some(Arc::new(On(acts, Commit::After))),
        ..ServerOptions::default()
    });
    let end = "GET /struck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let got = talk(server.addr(), end).await;
    assert!(
        got.contains("Date: Thu, 01 Jan 2026 00:01:30 GMT\r\n"),
        "{got}"
    );
    assert_eq!(model.heard(), ["drop Of", "GET /struck", "Complete"]);
    assert_eq!(server.journal().received()[0].ending, Ending::Replied);
}

fn with_admin(listen: &str) -> (crate::mock::Server, Arc<Fake>, Arc<CueBook>) {
    let model = Arc::new(Fake::default());
    let clock = Clock::system();
    let behind: Arc<dyn Model> = model.clone();
    let book = Arc::new(CueBook::new(behind, clock.clone(), Operations::unknown()));
    let options = ServerOptions {
        listen: listen.parse().unwrap(),
        clock,
        allow_open: true,
        auth: crate::mock::Auth::Basic {
            users: vec![crate::auth::User::new("hans", "geheim")],
        },
        cues: Some(book.clone()),
        admin: Some(Arc::new(Admin::new("fake", Arc::clone(&book)))),
        ..ServerOptions::default()
    };
    let server = crate::mock::Server::start(model.clone(), options).unwrap();
    (server, model, book)
}

#[tokio::test]
async fn the_admin_interface_is_asked_without_credentials_and_leaves_no_trace() {
    let (server, model, book) = with_admin("127.0.0.1:0");
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    let body = "cues: [{ do: { cut: 0 } }]";
    let post = format!(
        "POST /__wireproof/cues HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    tcp.write_all(post.as_bytes()).await.unwrap();
    until(&mut tcp, "HTTP/1.1 100 Continue\r\n\r\n").await;
    tcp.write_all(body.as_bytes()).await.unwrap();
    let got = until(&mut tcp, "{\"ids\":[1]}\n").await;
    assert!(got.starts_with("HTTP/1.1 201 Created\r\n"), "{got}");
    // The cue is about everything, and spares the interface all the same.
    let get = "GET /__wireproof/cues HTTP/1.1\r\nHost: localhost\r\n\r\n";
    tcp.write_all(get.as_bytes()).await.unwrap();
    let got = until(&mut tcp, "}\n").await;
    assert!(got.contains("\"fitted\":0"), "{got}");
    assert_eq!(book.placed()[0].fitted, 0);
    assert!(server.journal().received().is_empty());
    assert!(model.heard().is_empty());
    tcp.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let got = until(&mut tcp, "Unauthenticated").await;
    assert!(got.starts_with("HTTP/1.1 401 "), "{got}");
    assert_eq!(server.journal().received()[0].number, 1);
}

#[rstest]
#[case(
    "Content-Length: BYTES",
    "localhost",
    413,
    "the body is longer than 1024 KiB"
)]
#[case(
    "Transfer-Encoding: chunked",
    "localhost",
    413,
    "the body is longer than 1024 KiB"
)]
#[case("Content-Length: BYTES", "evil.example", 403, "")]
#[tokio::test]
async fn a_body_of_the_admin_interface_has_its_limit(
    #[case] announced: &str,
    #[case] host: &str,
    #[case] status: u16,
    #[case] why: &str,
) {
    let (server, _, _) = with_admin("127.0.0.1:0");
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    let head = format!(
        "POST /__wireproof/cues HTTP/1.1\r\nHost: HOST\r\n{}\r\n\r\n",
        announced.replace("BYTES", &(64 << 20).to_string())
    );
    tcp.write_all(head.replace("HOST", host).as_bytes())
        .await
        .unwrap();
    let (mut read, mut write) = tcp.into_split();
    let writing = tokio::spawn(async move {
        let piece = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
        for _ in 0..1024 {
            if write.write_all(piece.as_bytes()).await.is_err() {
                break;
            }
        }
    });
    let mut got = Vec::new();
    while !got.ends_with(b"}\n") {
        let read = timeout(Duration::from_secs(10), read.read_buf(&mut got)).await;
        let read = read.expect("it answers").unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&got));
    }
    let got = String::from_utf8(got).unwrap();
    assert!(got.starts_with(&format!("HTTP/1.1 {status} ")), "{got}");
    assert!(got.contains("Connection: close\r\n"), "{got}");
    assert!(got.contains(&format!("{{\"error\":\"{why}")), "{got}");
    writing.abort();
}

#[tokio::test]
async fn beyond_this_machine_there_is_no_admin_interface_without_a_token() {
    let (server, _, _) = with_admin("0.0.0.0:0");
    let port = server.addr().port();
    let request = format!(
        "GET /__wireproof/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    );
    let here = ([127, 0, 0, 1], port).into();
    let got = talk(here, request).await;
    assert!(got.starts_with("HTTP/1.1 404 "), "{got}");
    assert!(got.contains("--admin-token-env"), "{got}");
}

#[tokio::test]
async fn a_slow_body_has_its_head_at_once() {
    struct Slow;
    impl Cues for Slow {
        fn strike(&self, _head: &Head, _now: Moment) -> Option<Strike> {
            crate::mock::Cue::any().slow(1).settled().into()
        }
    }
    let (server, _) = start(ServerOptions {
        clock: Clock::held(Clock::START),
        cues: Some(Arc::new(Slow)),
        ..ServerOptions::default()
    });
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    // The first byte of the body goes out with no wait before it.
    until(&mut tcp, "\r\n\r\nh").await;
    for rest in ["e", "l", "l", "o"] {
        let early = timeout(Duration::from_millis(50), tcp.read(&mut [0; 1])).await;
        assert!(early.is_err(), "nothing comes before its second");
        server.clock().advance(Duration::from_secs(1));
        until(&mut tcp, rest).await;
    }
}
