//! Many clients at once: none is lost when the server stops, and what they cost is given back.

use super::{held, settled, start, until};
use crate::mock::{Ending, ServerOptions};
use std::time::Duration;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

/// How many requests are under way.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_many_requests_under_way_are_answered_when_the_server_stops() {
    let (server, model) = start(ServerOptions {
        journal_bytes: 16 << 20,
        ..held()
    });
    let mut clients = Vec::new();
    for number in 0..MANY {
        let mut tcp = TcpStream::connect(server.addr()).await.unwrap();
        let half = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n{number:03}");
        tcp.write_all(half.as_bytes()).await.unwrap();
        clients.push(tcp);
    }
    settled(|| model.heard().len() == MANY).await;
    let down = tokio::spawn(async move {
        let journal = server.journal().clone();
        server.shutdown().await;
        journal
    });
    for (number, mut tcp) in clients.into_iter().enumerate() {
        tcp.write_all(b"end").await.unwrap();
        let got = until(&mut tcp, &format!("\r\n\r\n{number:03}end")).await;
        assert!(got.starts_with("HTTP/1.1 200 OK"), "{got}");
    }
    let journal = timeout(Duration::from_secs(10), down)
        .await
        .expect("it stops")
        .unwrap();
    let received = journal.received();
    assert_eq!(received.len(), MANY);
    assert!(received.iter().all(|entry| entry.ending == Ending::Replied));
}
