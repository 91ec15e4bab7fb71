//! Each defect on a raw socket: exactly what the wire should show.

use super::{start, until};
use crate::{
    message::Reply,
    mock::{
        At, Clock, Commit, Cues, Defect, Ending, Head, Moment, Server, ServerOptions, Strike, Then,
    },
};
use rstest::rstest;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};

/// Strikes every request whose path is not `/spared`.
struct Always(Strike);

impl Cues for Always {
    fn strike(&self, head: &Head, _now: Moment) -> Option<Strike> {
        (head.request.path() != "/spared").then(|| self.0.clone())
    }
}

pub(super) fn striking(strike: Strike, clock: Clock) -> (Server, Arc<super::Fake>) {
    start(ServerOptions {
        clock,
        cues: Some(Arc::new(Always(strike))),
        ..ServerOptions::default()
    })
}

const GET: &str = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
/// The head of the reply to [`GET`].
const HEAD: &str = "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\n\
    Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 5\r\n\r\n";

/// What comes, and how it ends: `fin`, `rst` or `open`.
async fn see(addr: SocketAddr, sent: &str) -> (String, &'static str) {
    let mut tcp = TcpStream::connect(addr).await.unwrap();
    tcp.write_all(sent.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    let end = loop {
        match timeout(Duration::from_millis(300), tcp.read_buf(&mut got)).await {
            Err(_) => break "open",
            Ok(Ok(0)) => break "fin",
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                break "rst";
            }
        }
    };
    (String::from_utf8_lossy(&got).into_owned(), end)
}

#[rstest]
#[case(Defect::Close(At::Byte(0)), 0, "fin")]
#[case(Defect::Close(At::Byte(10)), 10, "fin")]
#[case(Defect::Close(At::Body(0)), HEAD.len(), "fin")]
#[case(Defect::Close(At::Body(2)), HEAD.len() + 2, "fin")]
#[case(Defect::Close(At::Body(99)), HEAD.len() + 5, "fin")]
#[case(Defect::Reset(At::Byte(0)), 0, "rst")]
#[case(Defect::Reset(At::Body(2)), HEAD.len() + 2, "rst")]
#[case(Defect::Reset(At::Body(5)), HEAD.len() + 5, "rst")]
#[case(Defect::Stall(At::Byte(0), None), 0, "open")]
#[case(Defect::Stall(At::Body(3), None), HEAD.len() + 3, "open")]
#[tokio::test]
async fn a_reply_breaks_at_its_place(
    #[case] defect: Defect,
    #[case] bytes: usize,
    #[case] end: &str,
) {
    for commit in [Commit::Before, Commit::After] {
        let strike = Strike {
            commit,
            ..Strike::with(defect.clone())
        };
        let (server, model) = striking(strike, Clock::held(Clock::START));
        let (got, how) = see(server.addr(), GET).await;
        assert_eq!(how, end);
        let seen = usize::from(commit == Commit::Before);
        assert_eq!(model.heard().len(), seen, "{commit:?}");
        if seen == 1 {
            assert_eq!(got, &format!("{HEAD}hello")[..bytes]);
        }
        assert_eq!(server.journal().received()[0].ending, Ending::Struck);
    }
}

#[tokio::test]
async fn garbage_comes_in_place_of_the_reply() {
    let garbage = Defect::Garbage(b"\x00\x01 no HTTP".to_vec());
    let (server, _) = striking(Strike::with(garbage), Clock::held(Clock::START));
    let seen = see(server.addr(), GET).await;
    assert_eq!(seen, ("\u{0}\u{1} no HTTP".to_owned(), "fin"));
    assert_eq!(server.journal().received()[0].reply, None);
}

#[rstest]
#[case(9, "fin")]
#[case(2, "fin")]
#[case(5, "fin")]
#[tokio::test]
async fn a_content_length_can_be_wrong(#[case] length: u64, #[case] end: &str) {
    let defect = Defect::ContentLength(length);
    let (server, _) = striking(Strike::with(defect), Clock::held(Clock::START));
    let (got, how) = see(server.addr(), GET).await;
    assert!(
        got.contains(&format!("Content-Length: {length}\r\n")),
        "{got}"
    );
    assert!(got.ends_with("\r\n\r\nhello"), "{got}");
    assert_eq!(how, end);
}

#[tokio::test]
async fn a_stall_with_an_end_goes_on_when_the_clock_gets_there() {
    let defect = Defect::Stall(At::Body(3), Some(Duration::from_secs(30)));
    let (server, _) = striking(Strike::with(defect), Clock::held(Clock::START));
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    for _ in 0..2 {
        tcp.write_all(GET.as_bytes()).await.unwrap();
        until(&mut tcp, "\r\n\r\nhel").await;
        server.clock().advance(Duration::from_secs(30));
        until(&mut tcp, "lo").await;
    }
}

#[tokio::test]
async fn a_throttle_takes_its_time_and_sends_everything() {
    let (server, _) = striking(
        Strike::with(Defect::Throttle(At::Byte(0), 400)),
        Clock::system(),
    );
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    let begun = Instant::now();
    tcp.write_all(GET.as_bytes()).await.unwrap();
    until(&mut tcp, "\r\n\r\nhello").await;
    let bytes = HEAD.len() + 5;
    let least = Duration::from_millis(bytes as u64 * 1000 / 400 - 150);
    assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());

    // Where nothing sleeps, it does not either.
    let clock = Clock::skipping(Clock::START);
    let (server, _) = striking(Strike::with(Defect::Throttle(At::Byte(0), 1)), clock);
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(GET.as_bytes()).await.unwrap();
    until(&mut tcp, "\r\n\r\nhello").await;
    let passed = server.clock().now().since(Clock::START);
    assert_eq!(passed, Duration::from_secs(bytes as u64));
}

#[rstest]
#[case(Then::Close, "fin")]
#[case(Then::Reset, "rst")]
#[case(Then::Stall(None), "open")]
#[tokio::test]
async fn an_upload_breaks_after_so_many_bytes(#[case] then: Then, #[case] end: &str) {
    let post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789";
    for (commit, heard) in [
        (Commit::Before, &["POST /a", "Cut(4)"][..]),
        (Commit::After, &[]),
    ] {
        let strike = Strike {
            commit,
            ..Strike::with(Defect::Upload(4, then))
        };
        let (server, model) = striking(strike, Clock::held(Clock::START));
        assert_eq!(see(server.addr(), post).await, (String::new(), end));
        assert_eq!(model.heard(), heard);
        let entry = server.journal().received().remove(0);
        assert_eq!((entry.ending, entry.request_bytes), (Ending::Struck, 4));
    }
}

#[rstest]
#[case(Then::Close, "fin")]
#[case(Then::Reset, "rst")]
#[case(Then::Stall(None), "open")]
#[tokio::test]
async fn an_upload_that_is_shorter_breaks_at_its_end(#[case] then: Then, #[case] end: &str) {
    let get = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    let chunked =
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let exact = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
    let early = "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
    for (request, heard, bytes) in [
        (get, &["GET /hello"][..], 0),
        (chunked, &["POST /a", "Complete"], 3),
        (exact, &["POST /a", "Complete"], 4),
        (early, &["POST /early"], 4),
    ] {
        for (commit, heard) in [(Commit::Before, heard), (Commit::After, &[])] {
            let strike = Strike {
                commit,
                ..Strike::with(Defect::Upload(4, then))
            };
            let (server, model) = striking(strike, Clock::held(Clock::START));
            assert_eq!(see(server.addr(), request).await, (String::new(), end));
            assert_eq!(model.heard(), heard, "{request}");
            let entry = server.journal().received().remove(0);
            assert_eq!(
                (entry.ending, entry.request_bytes, entry.reply),
                (Ending::Struck, bytes, None)
            );
        }
    }
}

#[tokio::test]
async fn a_stalled_upload_ends_with_its_time_and_with_its_client() {
    let stall = |time| Strike::with(Defect::Upload(0, Then::Stall(time)));
    let (server, _) = striking(
        stall(Some(Duration::from_secs(9))),
        Clock::skipping(Clock::START),
    );
    let post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234";
    assert_eq!(see(server.addr(), post).await, (String::new(), "fin"));

    let (server, model) = striking(stall(None), Clock::system());
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(post.as_bytes()).await.unwrap();
    super::settled(|| model.heard().len() == 2).await;
    drop(tcp);
    // A connection still served would hold this up for the whole grace.
    let down = timeout(Duration::from_secs(5), server.shutdown());
    down.await.expect("the connection has ended");
}

#[tokio::test]
async fn another_reply_can_stand_in_for_the_model_before_or_after_its_change() {
    for (commit, heard) in [
        (Commit::Before, &["POST /a", "Complete"][..]),
        (Commit::After, &[]),
    ] {
        let strike = Strike {
            reply: Some(Reply::new(503).body("later")),
            commit,
            ..Strike::default()
        };
        let (server, model) = striking(strike, Clock::held(Clock::START));
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        tcp.write_all(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
            .await
            .unwrap();
        let got = until(&mut tcp, "later").await;
        assert!(got.starts_with("HTTP/1.1 503 "), "{got}");
        assert_eq!(model.heard(), heard);
        // The connection goes on.
        tcp.write_all(b"GET /spared HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        assert!(
            until(&mut tcp, "\r\n\r\n")
                .await
                .starts_with("HTTP/1.1 200 ")
        );
    }
}

#[tokio::test]
async fn a_delay_passes_before_or_after_the_change_of_state() {
    for (commit, seen) in [(Commit::Before, 1), (Commit::After, 0)] {
        let strike = Strike {
            delay: Duration::from_secs(10),
            commit,
            ..Strike::default()
        };
        let (server, model) = striking(strike, Clock::held(Clock::START));
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        tcp.write_all(GET.as_bytes()).await.unwrap();
        assert!(
            timeout(Duration::from_millis(50), tcp.read(&mut [0; 1]))
                .await
                .is_err(),
            "nothing comes before its time"
        );
        assert_eq!(model.heard().len(), seen, "{commit:?}");
        server.clock().advance(Duration::from_secs(10));
        until(&mut tcp, "hello").await;
        assert_eq!(model.heard().len(), 1);
    }
}
