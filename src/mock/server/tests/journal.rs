//! What the door writes down.

use super::{defects::striking, held, start, talk};
use crate::{
    message::Reply,
    mock::{Clock, Ending, ServerOptions, Strike},
};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_entry_has_heads_and_the_first_kib_of_bodies() {
    let (server, _) = start(held());
    let body = "q".repeat(3000);
    let request = format!(
        "POST /a?b HTTP/1.1\r\nHost: h\r\nX-Case: Kept\r\nConnection: close\r\nContent-Length: 3000\r\n\r\n{body}"
    );
    talk(server.addr(), request).await;
    let entry = server.journal().received().remove(0);
    assert_eq!((entry.number, entry.connection), (1, 1));
    assert_eq!(entry.request.target, "/a?b");
    let second = entry.request.headers.iter().nth(1);
    assert_eq!(second, Some(("X-Case", "Kept")));
    assert_eq!(
        (entry.request.body.len(), entry.request_bytes),
        (1024, 3000)
    );
    let reply = entry.reply.as_ref().unwrap();
    assert_eq!(
        (reply.status, reply.body.len(), entry.reply_bytes),
        (200, 1024, 3000)
    );
    assert_eq!(entry.ending, Ending::Replied);
    assert_eq!(entry.to_string(), "#1 POST /a?b -> 200");
}

#[tokio::test]
async fn of_a_body_that_does_not_go_out_no_bytes_are_told() {
    for (method, status, bytes) in [("GET", 204, 0), ("HEAD", 200, 0), ("GET", 200, 3)] {
        let strike = Strike {
            reply: Some(Reply::new(status).body("abc")),
            ..Strike::default()
        };
        let (server, _) = striking(strike, Clock::held(Clock::START));
        let request = format!("{method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        talk(server.addr(), request).await;
        let entry = server.journal().received().remove(0);
        assert_eq!(entry.reply_bytes, bytes, "{method} {status}");
        assert_eq!(entry.reply.unwrap().body.len() as u64, bytes);
    }
}

#[tokio::test]
async fn of_what_was_no_request_the_first_line_is_written_down() {
    let (server, _) = start(held());
    talk(
        server.addr(),
        "what is this\r\nAuthorization: hidden\r\n\r\n",
    )
    .await;
    let entry = server.journal().received().remove(0);
    assert_eq!(entry.request.method, "");
    assert_eq!(&entry.request.body[..], b"what is this\r");
    assert_eq!(entry.reply.unwrap().status, 400);
}

#[tokio::test]
async fn the_oldest_entries_go_when_the_bound_is_reached() {
    let (server, _) = start(ServerOptions {
        journal_bytes: 4000,
        ..held()
    });
    for number in 0..30 {
        talk(server.addr(), get(&format!("/hello?{number}"))).await;
    }
    let journal = server.journal();
    let received = journal.received();
    assert!(journal.bytes() <= 4000, "{}", journal.bytes());
    assert!(received.len() > 2, "{}", received.len());
    assert_eq!(received.len() as u64 + journal.dropped(), 30);
    assert_eq!(received.last().unwrap().request.target, "/hello?29");
    journal.clear();
    assert_eq!((journal.received().len(), journal.bytes()), (0, 0));
}

#[tokio::test]
async fn credentials_are_masked() {
    let (server, _) = start(held());
    let request = "GET /user HTTP/1.1\r\nHost: h\r\nauthorization: Basic c2VjcmV0OnNlY3JldA==\r\nConnection: close\r\n\r\n";
    assert!(talk(server.addr(), request).await.ends_with("secret"));
    let entry = server.journal().received().remove(0);
    let fields: Vec<_> = entry.request.headers.iter().collect();
    assert_eq!(fields[1], ("authorization", "Basic ***"));
}
