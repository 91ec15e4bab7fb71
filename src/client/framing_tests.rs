//! What stands before a reply and in the lines of its chunks, over a socket.

use super::{
    Client, ClientOptions, Outgoing,
    testing::{Answer, Then, server},
};
use crate::message::{Exchange, How, Request};
use rstest::rstest;
use std::time::Duration;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What the client makes of the replies of one connection, in order.
async fn told(replies: &[&str], pooled: bool) -> Vec<Exchange> {
    let answer = |reply: &&str| -> Answer { (reply.as_bytes().to_vec(), Then::Keep) };
    let (origin, _) = server(vec![replies.iter().map(answer).collect()]).await;
    let mut request = Request::new("GET", "/");
    if pooled {
        request.headers.append("Accept", "*/*");
    }
    let mut outgoing = Outgoing::new(origin, request);
    outgoing.timeout = Duration::from_secs(2);
    let client = Client::new(&ClientOptions::default()).unwrap();
    let mut connections = client.connections();
    let mut exchanges = Vec::new();
    for _ in replies {
        exchanges.push(connections.send(&outgoing).await);
    }
    exchanges
}

#[rstest]
#[case::one("\r\n", "\r\n")]
#[case::two("\r\n\r\n", "\r\n\r\n")]
#[case::line_feed("\n", "\n")]
#[case::carriage_return("\r", "\r")]
#[case::behind_an_interim_reply("HTTP/1.1 100 Continue\r\n\r\n\r\n", "\r\n")]
#[case::before_an_interim_reply("\r\nHTTP/1.1 100 Continue\r\n\r\n", "\r\n")]
#[case::before_both("\r\nHTTP/1.1 100 Continue\r\n\r\n\n", "\r\n\n")]
#[tokio::test]
async fn empty_lines_before_the_status_line_belong_to_no_reply(
    #[case] before: &str,
    #[case] lead: &str,
) {
    let reply = format!("{before}{OK}");
    let exchanges = told(&[&reply, OK, &reply], false).await;
    for (exchange, lead) in exchanges.iter().zip([lead, "", lead]) {
        assert_eq!(exchange.reply().unwrap().body, "ok");
        assert_eq!(exchange.connection, exchanges[0].connection);
        assert_eq!(
            (&exchange.excess[..], exchange.lead),
            (lead.as_bytes(), lead.len())
        );
        let wrong = (!lead.is_empty()).then(|| {
            let shown = lead.escape_default();
            format!(
                "{} bytes that stand before the status line: `{shown}`",
                lead.len()
            )
        });
        assert_eq!(exchange.misframed(), wrong);
    }
}

#[tokio::test]
async fn bytes_before_a_reply_are_told_apart_from_those_behind_it() {
    let both = &told(&[&format!("\r\n{OK}\n more")], false).await[0];
    assert_eq!((&both.excess[..], both.lead), (&b"\r\n\n more"[..], 2));
    assert_eq!(
        both.misframed().unwrap(),
        "2 bytes that stand before the status line: `\\r\\n`; 6 bytes that belong to no reply: `\\n more`"
    );
}

#[tokio::test]
async fn empty_lines_without_end_are_too_large_and_a_reply_behind_many_is_read() {
    let lines = "\r\n".repeat(20_000);
    let many = &told(&[&format!("{lines}{OK}")], false).await[0];
    assert_eq!(many.reply().unwrap().body, "ok");
    assert_eq!((many.excess.len(), many.lead), (4096, 4096));
    let endless = &told(&[&format!("{lines}{lines}")], false).await[0];
    assert_eq!(endless.outcome.as_ref().unwrap_err().how, How::TooLarge);
}

/// Whoever tells what to do about it has to know which of the two it was.
#[tokio::test]
async fn a_head_that_is_too_large_is_told_apart_from_a_body() {
    let field = |length: usize| format!("X: {}\r\n", "x".repeat(length));
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
    let most = 65_536 - head(&field(0)).len();
    for pooled in [false, true] {
        let whole = &told(&[&head(&field(60_000))], pooled).await[0];
        assert!(whole.outcome.is_ok(), "{pooled}");
        for fields in [field(70_000), field(500_000)] {
            let large = &told(&[&head(&fields)], pooled).await[0];
            let broken = large.outcome.as_ref().unwrap_err();
            assert_eq!(broken.how, How::TooLarge);
            assert!(broken.partial.is_none(), "{pooled}");
            assert!(broken.detail.contains("65536 bytes"), "{broken}");
        }
        let body = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
        let large = &told(&[body], pooled).await[0];
        let broken = large.outcome.as_ref().unwrap_err();
        assert_eq!(broken.how, How::TooLarge);
        assert!(broken.partial.is_some(), "{pooled} {broken}");
    }
    assert!(told(&[&head(&field(most))], false).await[0].outcome.is_ok());
    let one_more = &told(&[&head(&field(most + 1))], false).await[0];
    assert_eq!(one_more.outcome.as_ref().unwrap_err().how, How::TooLarge);
}

#[tokio::test]
async fn a_head_of_more_fields_than_a_pool_reads_is_told_as_such() {
    let fields = "X: y\r\n".repeat(101);
    let reply = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok");
    assert!(told(&[&reply], false).await[0].outcome.is_ok());
    let many = &told(&[&reply], true).await[0];
    let broken = many.outcome.as_ref().unwrap_err();
    assert_eq!(broken.how, How::TooLarge);
    assert!(broken.detail.contains("more than 100 fields"), "{broken}");
}

#[rstest]
#[case::blank(" ")]
#[case::text("wireproof ")]
#[tokio::test]
async fn what_else_stands_before_a_status_line_makes_the_reply_no_http(#[case] before: &str) {
    let only = &told(&[&format!("{before}{OK}")], false).await[0];
    assert_eq!(only.outcome.as_ref().unwrap_err().how, How::Garbled);
    assert!(only.misframed().is_some());
}

#[tokio::test]
async fn interim_replies_alone_may_stand_before_a_reply() {
    let interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 199 X\r\n\r\n";
    let only = &told(&[&format!("{interim}{OK}")], false).await[0];
    assert_eq!(only.reply().unwrap().body, "ok");
    assert!(only.misframed().is_none());
}

#[rstest]
#[case::field("0\r\nA: b\r\nC:\td\u{e4} \r\n\r\n", true)]
#[case::empty_value("0\r\nA:\r\n\r\n", true)]
#[case::no_colon("0\r\nno colon here\r\n\r\n", false)]
#[case::no_name("0\r\n: b\r\n\r\n", false)]
#[case::blank_before_the_colon("0\r\nA : b\r\n\r\n", false)]
#[case::folded("0\r\nA: b\r\n c\r\n\r\n", false)]
#[case::folded_at_once("0\r\n A: b\r\n\r\n", false)]
#[case::control("0\r\nA: \u{1}\r\n\r\n", false)]
#[case::delete("0\r\nA: \u{7f}\r\n\r\n", false)]
#[case::nul("0\r\nA: b\0\r\n\r\n", false)]
#[case::bare_carriage_return("0\r\nA: b\rC: d\r\n\r\n", false)]
#[case::bare_line_feed("0\r\nA: b\nC: d\r\n\r\n", false)]
#[case::line_feeds_alone("0\r\nA: b\n\n", false)]
#[case::length("0\r\ncontent-length: 5\r\n\r\n", false)]
#[case::coding("0\r\nTransfer-Encoding: chunked\r\n\r\n", false)]
#[case::trailer("0\r\nTrailer: A\r\n\r\n", false)]
#[case::sizes("0002\r\nhi\r\n00A\r\n0123456789\r\n000\r\n\r\n", true)]
#[case::sixteen_digits("0000000000000002\r\nhi\r\n0\r\n\r\n", true)]
#[case::blank_behind_the_size("2 \r\nhi\r\n0 \t\r\n\r\n", true)]
#[case::blank_before_the_size(" 2\r\nhi\r\n0\r\n\r\n", false)]
#[case::blank_within_the_size("1 0\r\n0123456789abcdef\r\n0\r\n\r\n", false)]
#[case::no_size("2\r\nhi\r\n\r\n\r\n", false)]
#[case::no_size_but_an_extension(";a=b\r\n\r\n", false)]
#[case::sign("+2\r\nhi\r\n0\r\n\r\n", false)]
#[case::prefix("0x2\r\nhi\r\n0\r\n\r\n", false)]
#[case::size_that_ends_with_a_line_feed("2\nhi\r\n0\r\n\r\n", false)]
#[case::chunk_that_ends_with_a_line_feed("2\r\nhi\n0\r\n\r\n", false)]
#[case::extensions("2;a;b=c ; d = \"e;\\\"f\" \r\nhi\r\n0;z\r\n\r\n", true)]
#[case::extension_without_name("2;\r\nhi\r\n0\r\n\r\n", false)]
#[case::extension_without_value("2;a=\r\nhi\r\n0\r\n\r\n", false)]
#[case::extension_of_two_words("2;a b\r\nhi\r\n0\r\n\r\n", false)]
#[case::extension_with_an_open_quote("2;a=\"b\r\nhi\r\n0\r\n\r\n", false)]
#[case::extension_with_a_bare_carriage_return("2;a\rb\r\nhi\r\n0\r\n\r\n", false)]
#[case::extension_with_a_line_feed("2;a\nb\r\nhi\r\n0\r\n\r\n", false)]
#[tokio::test]
async fn the_lines_of_chunks_and_their_trailer_are_http_or_wrong_framing(
    #[case] body: &str,
    #[case] right: bool,
) {
    let reply = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let only = &told(&[&reply], false).await[0];
    assert_eq!(only.misframed().is_none(), right, "{:?}", only.outcome);
    if !right {
        let broken = only.outcome.as_ref().unwrap_err();
        assert_eq!(broken.how, How::Garbled, "{broken}");
        assert!(broken.partial.is_some(), "the head had come");
    }
}

/// What the docs say of steps that the pool sends.
#[tokio::test]
async fn a_pool_shows_a_trailer_that_is_no_field_and_not_what_stands_before_a_reply() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon here\r\n\r\n";
    let trailer = &told(&[chunked], true).await[0];
    assert!(trailer.is_pooled() || trailer.outcome.is_err());
    assert!(trailer.misframed().is_some(), "{trailer:?}");
    let before = &told(&[&format!("\r\n{OK}")], true).await[0];
    assert!(before.is_pooled());
    assert_eq!(before.misframed(), None);
}
