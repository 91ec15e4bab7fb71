//! Clients that close their half of the connection behind their request: they read on, and get what they asked for.

use super::{Fake, defects::striking, held, settled, start};
use crate::mock::{At, Clock, Commit, Defect, Ending, Server, ServerOptions, Strike, Then};
use rstest::rstest;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

const GET: &str = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";

/// Sends that, and no more.
async fn half(addr: SocketAddr, sent: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(addr).await.unwrap();
    tcp.write_all(sent.as_bytes()).await.unwrap();
    tcp.shutdown().await.unwrap();
    tcp
}

/// All that comes, to the end of the connection.
async fn rest(mut tcp: TcpStream) -> String {
    let mut got = Vec::new();
    timeout(Duration::from_secs(10), tcp.read_to_end(&mut got))
        .await
        .expect("the connection ends")
        .unwrap();
    String::from_utf8(got).unwrap()
}

/// Nothing comes for a while, nor does the connection end.
async fn is_silent(tcp: &TcpStream) {
    let early = timeout(Duration::from_millis(150), tcp.readable()).await;
    assert!(early.is_err(), "nothing comes before its time");
}

/// A server that waits for its clock before it answers, with and without a cue.
fn waiting(how: &str) -> (Server, Arc<Fake>, &'static str) {
    let late = |strike| striking(strike, Clock::held(Clock::START));
    let delay = |commit| Strike {
        delay: Duration::from_secs(60),
        commit,
        ..Strike::default()
    };
    let ((server, model), sent) = match how {
        "model" => (start(held()), WAIT),
        "before" => (late(delay(Commit::Before)), GET),
        "after" => (late(delay(Commit::After)), GET),
        "stall" => {
            let stall = Defect::Stall(At::Byte(0), Some(Duration::from_secs(60)));
            (late(Strike::with(stall)), GET)
        }
        other => panic!("{other}"),
    };
    (server, model, sent)
}

#[rstest]
#[case("model", "woke", Ending::Replied)]
#[case("before", "hello", Ending::Replied)]
#[case("after", "hello", Ending::Replied)]
#[case("stall", "hello", Ending::Struck)]
#[tokio::test]
async fn who_has_closed_its_half_gets_its_reply_however_late(
    #[case] how: &str,
    #[case] end: &str,
    #[case] ending: Ending,
) {
    let (server, _, sent) = waiting(how);
    let tcp = half(server.addr(), sent).await;
    is_silent(&tcp).await;
    server.clock().advance(Duration::from_secs(60));
    let got = rest(tcp).await;
    assert!(
        got.starts_with("HTTP/1.1 200 ") && got.ends_with(end),
        "{got}"
    );
    assert_eq!(server.journal().received()[0].ending, ending);
}

#[tokio::test]
async fn all_that_it_asked_for_before_is_answered() {
    let (server, model) = start(held());
    let tcp = half(server.addr(), &[WAIT, POST, GET].concat()).await;
    is_silent(&tcp).await;
    server.clock().advance(Duration::from_secs(60));
    let got = rest(tcp).await;
    assert_eq!(got.matches("HTTP/1.1 200 ").count(), 3, "{got}");
    assert_eq!(model.heard().len(), 5);
}

#[tokio::test]
async fn a_question_of_the_model_is_asked_for_it() {
    let (server, _) = start(held());
    let (other, _) = start(ServerOptions::default());
    let ask = format!("GET /ask?{} HTTP/1.1\r\nHost: h\r\n\r\n", other.addr());
    let got = rest(half(server.addr(), &ask).await).await;
    assert!(got.ends_with("question"), "{got}");
}

#[tokio::test]
async fn an_upload_that_stalls_for_a_time_stalls_for_that_time() {
    let stall = Then::Stall(Some(Duration::from_millis(400)));
    let (server, _) = striking(Strike::with(Defect::Upload(2, stall)), Clock::system());
    let begun = Instant::now();
    assert_eq!(rest(half(server.addr(), POST).await).await, "");
    assert!(begun.elapsed() >= Duration::from_millis(390));
}

#[rstest]
#[case(Defect::Stall(At::Byte(0), None))]
#[case(Defect::Upload(2, Then::Stall(None)))]
#[tokio::test]
async fn a_stall_without_end_ends_with_the_half_of_its_client(#[case] defect: Defect) {
    let (server, _) = striking(Strike::with(defect), Clock::system());
    let mut tcp = half(server.addr(), POST).await;
    let end = timeout(Duration::from_secs(5), tcp.read(&mut [0; 1])).await;
    // In order, or with a reset for what was never read.
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

#[rstest]
#[case("model")]
#[case("before")]
#[case("after")]
#[tokio::test]
async fn who_resets_the_connection_is_gone_at_once(
    #[case] how: &str,
    #[values(false, true)] half_first: bool,
) {
    let (server, _, sent) = waiting(how);
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(sent.as_bytes()).await.unwrap();
    if half_first {
        tcp.shutdown().await.unwrap();
    }
    sleep(Duration::from_millis(50)).await;
    tcp.set_zero_linger().unwrap();
    drop(tcp);
    settled(|| !server.journal().received().is_empty()).await;
    assert_eq!(server.journal().received()[0].ending, Ending::Gone);
}

#[rstest]
#[case("model")]
#[case("before")]
#[case("after")]
#[tokio::test]
async fn who_has_closed_all_is_gone_when_its_reply_comes_back(#[case] how: &str) {
    let (server, _, sent) = waiting(how);
    let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
    tcp.write_all(sent.as_bytes()).await.unwrap();
    drop(tcp);
    sleep(Duration::from_millis(50)).await;
    assert!(server.journal().received().is_empty());
    server.clock().advance(Duration::from_secs(60));
    settled(|| {
        let all = server.journal().received();
        all.first()
            .is_some_and(|entry| entry.ending == Ending::Gone)
    })
    .await;
}
