use super::{Call, Calls, verify};
use crate::{
    api::{bits_upload, forms, hpc_pack},
    message::{Reply, Request},
    mock::{At, Clock, Cue, CueId, Ending, Entry, Ids, Moment, Operations},
};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

fn entry(number: u64, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Entry {
    Entry {
        number,
        at: Moment(0),
        connection: 1,
        request: Request {
            headers: headers.iter().copied().collect(),
            body: body.to_owned().into(),
            ..Request::new(method, target)
        },
        request_bytes: body.len() as u64,
        reply: Some(Reply::new(200)),
        reply_bytes: 0,
        ending: Ending::Replied,
        cue: None,
    }
}

/// One letter for each request: `c`reate-session, `f`ragment, `e`nd (close-session), `p`ing, `x` for what is none.
fn journal(letters: &str) -> Vec<Entry> {
    let numbered = letters.chars().zip(1..);
    let entry = |(letter, number)| {
        let kind = match letter {
            'c' => "create-session",
            'f' => "fragment",
            'e' => "close-session",
            _ => "ping",
        };
        let method = if letter == 'x' { "PUT" } else { "BITS_POST" };
        entry(number, method, "/a", &[("BITS-Packet-Type", kind)], "")
    };
    numbered.map(entry).collect()
}

fn operations() -> Operations {
    forms::operations(&crate::bits_upload::KIND, &[])
}

fn create() -> Call {
    Call::to("create-session")
}

fn fragment() -> Call {
    Call::to("fragment")
}

fn close() -> Call {
    Call::to("close-session")
}

#[rstest]
#[case("cffe", vec![create(), fragment().times(2), close()], true)]
#[case("cfpxfe", vec![create(), fragment().times(2), close()], true)]
#[case("cfe", vec![create(), fragment().times(2), close()], false)]
#[case("cfffe", vec![create(), fragment().times(2), close()], false)]
#[case("cfffe", vec![create(), fragment().at_least(2), close()], true)]
#[case("ce", vec![create(), fragment().at_most(3), close()], true)]
#[case("cffffe", vec![create(), fragment().at_most(3), close()], false)]
#[case("ecf", vec![create(), fragment(), close()], false)]
#[case("cfcf", vec![create(), fragment(), create(), fragment()], true)]
#[case("cf", vec![create(), fragment(), close().never()], true)]
#[case("cfe", vec![create(), fragment(), close().never()], false)]
#[case("cff", vec![create(), fragment().at_least(1), Call::any().method("BITS_POST")], true)]
#[case("", vec![], true)]
#[case("", vec![create().at_most(1)], true)]
#[case("", vec![create()], false)]
#[case("cfec", vec![create(), fragment(), close()], false)]
fn calls_in_order_are_found_as_a_regular_expression_would(
    #[case] came: &str,
    #[case] calls: Vec<Call>,
    #[case] met: bool,
) {
    let result = verify(&Calls::in_order(calls), &journal(came), &operations());
    assert_eq!(result.is_ok(), met, "{result:?}");
}

#[rstest]
#[case("fc", vec![create(), fragment()], true)]
#[case("ffc", vec![create(), fragment()], false)]
#[case("ffc", vec![create(), fragment().at_least(2)], true)]
#[case("c", vec![create(), fragment().at_least(1)], false)]
#[case("c", vec![create(), fragment().never()], true)]
#[case("f", vec![fragment().at_most(0)], false)]
fn calls_in_any_order_are_counted(#[case] came: &str, #[case] calls: Vec<Call>, #[case] met: bool) {
    let result = verify(&Calls::any_order(calls), &journal(came), &operations());
    assert_eq!(result.is_ok(), met, "{result:?}");
}

#[test]
fn what_was_not_met_shows_the_nearest_request_and_what_differed_line_by_line() {
    let came = [
        entry(1, "BITS_POST", "/a", &[("BITS-Packet-Type", "ping")], ""),
        entry(
            2,
            "BITS_POST",
            "/up/b.bin",
            &[
                ("BITS-Packet-Type", "fragment"),
                ("Content-Range", "bytes 0-9/30"),
            ],
            "0123456789",
        ),
    ];
    let wanted = fragment()
        .path("/up/{name}")
        .header("Content-Range", "bytes 10-19/30")
        .body_contains("567");
    let unmet = verify(&wanted.into(), &came, &operations()).unwrap_err();
    assert_eq!(
        unmet.to_string(),
        "\
fragment /up/{name}, Content-Range: bytes 10-19/30, body with `567` was expected exactly once, and came 0 times
the nearest is #2 BITS_POST /up/b.bin -> 200
    operation             fragment
    path                  /up/{name}
  - header Content-Range  bytes 10-19/30
  + header Content-Range  bytes 0-9/30
    body                  contains 567
2 requests in all:
  #1 BITS_POST /a -> 200
  #2 BITS_POST /up/b.bin -> 200"
    );
}

#[test]
fn what_came_too_often_out_of_order_or_not_at_all_is_told() {
    let told = |calls: Calls, came: &str| {
        let unmet = verify(&calls, &journal(came), &operations()).unwrap_err();
        let text = unmet.to_string();
        text.split(" in all:").next().unwrap().to_owned()
    };
    assert_eq!(
        told(create().into(), "cfc"),
        "create-session was expected exactly once, and came 2 times: #1, #3\n3 requests"
    );
    assert_eq!(
        told(Calls::in_order([create(), fragment().times(2)]), "cfcf"),
        "#3 BITS_POST /a -> 200 came out of order: fragment was expected exactly 2 times before it\n  \
           - operation  fragment\n  + operation  create-session\n4 requests"
    );
    assert_eq!(
        told(Calls::in_order([create(), fragment()]), "cff"),
        "#3 BITS_POST /a -> 200 came out of order: nothing more was expected behind fragment\n3 requests"
    );
    assert_eq!(
        told(Calls::in_order([create(), close()]), "cf"),
        "call 2 in order, close-session, was expected exactly once, and came 0 times there\n\
         the nearest is #1 BITS_POST /a -> 200\n  - operation  close-session\n  + operation  create-session\n2 requests"
    );
    assert_eq!(
        told(Call::to("pong").into(), ""),
        "pong: there is no operation `pong`; did you mean `ping`?"
    );
}

async fn ask(url: &str, text: &str) -> String {
    let mut tcp = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    tcp.write_all(text.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    // How it ends is for the tests of the door.
    let _ = tcp.read_to_end(&mut got).await;
    String::from_utf8(got).unwrap()
}

const PING: &str = "BITS_POST /a HTTP/1.1\r\nHost: x\r\nBITS-Packet-Type: Ping\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn a_mock_takes_cues_tells_what_they_spared_and_verifies_what_came() {
    let bits = bits_upload()
        .clock(Clock::held(Clock::START))
        .ids(Ids::seeded(1))
        .start()
        .await
        .unwrap();
    let lost = Cue::on("ping").nth(2).reset(At::BEFORE_HEAD);
    assert_eq!(bits.cue(lost), Ok(CueId(1)));
    assert!(bits.cue(Cue::on("pong")).is_err());
    assert!(bits.cue(Cue::any().fault("no-such-fault")).is_err());
    assert!(ask(&bits.url(), PING).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(ask(&bits.url(), PING).await, "");
    bits.verify(Call::to("ping").times(2));
    assert!(bits.verified(Call::to("ping")).is_err());
    let spared = bits.unmatched();
    assert_eq!(spared.len(), 1);
    assert_eq!(spared[0].operation.as_deref(), Some("ping"));
    bits.reset();
    assert!(bits.received().is_empty() && bits.unmatched().is_empty());
    assert!(bits.cues().placed().is_empty());
    assert!(!bits.drop_session("{00000000-0000-0000-0000-000000000000}"));
    // The interface for others is there only where it was asked for.
    let index = "GET /__wireproof/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(ask(&bits.url(), index).await.starts_with("HTTP/1.1 404 "));
    let led = bits_upload().admin().start().await.unwrap();
    assert!(ask(&led.url(), index).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
#[should_panic(expected = "get-version was expected at least 2 times, and came 1 times")]
async fn verify_panics_with_what_was_expected() {
    let hpc = hpc_pack().start().await.unwrap();
    let get = "GET /WindowsHPC/Version?api-version=2012-11-01.4.0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ask(&hpc.url(), get).await;
    hpc.verify(Call::to("get-version").at_least(2));
}
