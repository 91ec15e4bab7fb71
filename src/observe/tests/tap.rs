use crate::{
    contract::Level,
    message::{How, Version},
    observe::{
        End, Flaw, Observed, Side, Tally,
        shared::Shared,
        tap::{Gone, Queued, Tap},
    },
};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use rstest::rstest;
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    time::Duration,
};

/// What happens on a connection.
#[derive(Clone, Copy, Debug)]
enum On<'a> {
    Sent(&'a [u8]),
    Received(&'a [u8]),
    /// So many milliseconds pass.
    Later(u64),
    ServerEnds(Gone),
    ClientEnds,
    ClientGone,
    Stop,
}
use On::{ClientEnds, ClientGone, Later, Received, Sent, ServerEnds, Stop};

struct Read {
    exchanges: Vec<Observed>,
    tally: Tally,
    flaws: Vec<Flaw>,
}

fn drained(queue: &Receiver<Queued>) -> Vec<Observed> {
    queue.try_iter().map(|queued| queued.apart().0).collect()
}

fn read_with_room(events: &[On<'_>], room: usize) -> Read {
    let shared = Arc::new(Shared::new("http://up:1".to_owned()));
    let (queue, waiting) = sync_channel(room);
    let mut tap = Tap::new(&shared, queue, 7);
    for event in events {
        match event {
            Sent(bytes) => tap.client(bytes),
            Received(bytes) => tap.server(bytes),
            Later(millis) => {
                let earlier = Duration::from_millis(*millis);
                tap.rests -= earlier;
                for open in &mut tap.open {
                    open.began -= earlier;
                    open.sent -= earlier;
                }
            }
            ServerEnds(gone) => tap.server_ended(*gone),
            ClientEnds => tap.client_ended(),
            ClientGone => tap.client_gone(),
            Stop => tap.stopped(),
        }
    }
    Read {
        exchanges: drained(&waiting),
        tally: shared.tally(),
        flaws: shared.flaws(),
    }
}

fn read(events: &[On<'_>]) -> Read {
    read_with_room(events, 100)
}

const GET: &[u8] = b"GET /a?b HTTP/1.1\r\nhOsT: x\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn an_exchange_is_told_as_it_stood_on_the_wire() {
    let put = b"PUT /a%20b HTTP/1.1\r\nhOsT: x\r\nContent-Length: 5\r\n\r\nhello";
    let got = read(&[Sent(put), Received(OK)]);
    let [one] = &got.exchanges[..] else {
        panic!("{:?}", got.exchanges)
    };
    let exchange = &one.exchange;
    assert_eq!(exchange.request.target, "/a%20b");
    assert_eq!(exchange.request.headers.iter().next(), Some(("hOsT", "x")));
    assert_eq!(&exchange.request.body[..], b"hello");
    assert_eq!(&exchange.reply().unwrap().body[..], b"hi");
    assert_eq!(
        (exchange.connection, exchange.origin.as_str()),
        (7, "http://up:1")
    );
    assert_eq!(one.end, End::Replied);
    assert!(one.request_body.ended && !one.request_body.cut);
    assert_eq!((one.request_body.bytes, one.reply_body.bytes), (5, 2));
    assert_eq!((got.tally.exchanges, got.tally.replied), (1, 1));
    assert_eq!(got.tally.not_judged(), 0);
    assert!(got.flaws.is_empty());
}

#[test]
fn requests_that_are_sent_ahead_meet_their_replies_in_order() {
    let second = b"HEAD /2 HTTP/1.1\r\n\r\n";
    let replies = [OK, b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n"].concat();
    let got = read(&[Sent(&[GET, second].concat()), Received(&replies)]);
    let seen: Vec<_> = got
        .exchanges
        .iter()
        .map(|one| {
            (
                one.exchange.request.target.as_str(),
                one.exchange.reply().unwrap().status,
            )
        })
        .collect();
    assert_eq!(seen, [("/a?b", 200), ("/2", 404)]);
}

#[test]
fn a_reply_of_http_1_0_ends_with_its_connection() {
    let got = read(&[
        Sent(b"GET / HTTP/1.0\r\n\r\n"),
        Received(b"HTTP/1.0 200 OK\r\n\r\nto the"),
        Received(b" end"),
        ServerEnds(Gone::Closed),
        ClientEnds,
    ]);
    let reply = got.exchanges[0].exchange.reply().unwrap();
    assert_eq!(
        (reply.version, &reply.body[..]),
        (Version::Http10, &b"to the end"[..])
    );
}

#[test]
fn interim_replies_are_passed_over() {
    let head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let got = read(&[
        Sent(head),
        Received(b"HTTP/1.1 100 Continue\r\n\r\n"),
        Sent(b"ab"),
        Received(OK),
    ]);
    assert_eq!(got.exchanges.len(), 1);
    assert_eq!(&got.exchanges[0].exchange.request.body[..], b"ab");
}

#[rstest]
#[case::next(b"", false)]
#[case::body(b"ab", true)]
fn a_body_that_was_not_asked_for_is_told_from_the_next_request(
    #[case] body: &[u8],
    #[case] ended: bool,
) {
    let head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let denied = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n";
    let then = [body, GET].concat();
    let got = read(&[Sent(head), Received(denied), Sent(&then), Received(OK)]);
    let seen: Vec<_> = got
        .exchanges
        .iter()
        .map(|one| {
            (
                &one.exchange.request.body[..],
                one.request_body.ended,
                one.exchange.reply().unwrap().status,
            )
        })
        .collect();
    assert_eq!(seen, [(body, ended, 401), (b"", true, 200)]);
    assert!(got.flaws.is_empty(), "{:?}", got.flaws);
}

#[rstest]
#[case::first(&[Sent(GET), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::reset(&[Sent(GET), ServerEnds(Gone::Reset)], How::Reset, End::Server)]
#[case::head(&[Sent(GET), Received(b"HTTP/1.1 2"), ServerEnds(Gone::Closed)], How::Cut, End::Server)]
#[case::body(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), ServerEnds(Gone::Closed)], How::Cut, End::Server)]
#[case::endless(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\n\r\nhi"), ServerEnds(Gone::Reset)], How::Reset, End::Server)]
#[case::garbage(&[Sent(GET), Received(b"<html>\r\n\r\n")], How::Garbled, End::Server)]
#[case::trailer(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon here\r\n\r\n")], How::Garbled, End::Server)]
#[case::trailer_of_framing(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n")], How::Garbled, End::Server)]
#[case::chunks(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")], How::Garbled, End::Server)]
#[case::lengths(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")], How::Garbled, End::Server)]
#[case::dropped(&[Sent(GET), Received(OK), Sent(GET), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::dropped_ahead(&[Sent(GET), Sent(GET), Later(900), Received(OK), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::dropped_behind_another(&[Sent(GET), Later(200), Sent(GET), Received(OK), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::crossed(&[Sent(GET), Later(200), Received(OK), Later(600), Sent(GET), ServerEnds(Gone::Closed)], How::Closed, End::Nobody)]
#[case::crossed_by_a_reset(&[Sent(GET), Later(200), Received(OK), Later(600), Sent(GET), ServerEnds(Gone::Reset)], How::Reset, End::Nobody)]
#[case::crossed_far_away(&[Sent(GET), Later(200), Received(OK), Later(600), Sent(GET), Later(100), ServerEnds(Gone::Closed)], How::Closed, End::Nobody)]
#[case::dropped_near_by(&[Sent(GET), Received(OK), Later(600), Sent(GET), Later(200), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::dropped_in_its_own_time(&[Sent(GET), Later(900), Received(OK), Later(600), Sent(GET), Later(300), ServerEnds(Gone::Closed)], How::Closed, End::Server)]
#[case::patience(&[Sent(GET), ClientGone], How::Closed, End::Client)]
#[case::half(&[Sent(b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi"), ClientEnds, ServerEnds(Gone::Closed)], How::Closed, End::Client)]
fn who_broke_an_exchange_is_told(#[case] events: &[On<'_>], #[case] how: How, #[case] end: End) {
    let got = read(events);
    let last = got.exchanges.last().unwrap();
    let broken = last.exchange.outcome.as_ref().unwrap_err();
    assert_eq!((broken.how, last.end), (how, end), "{broken}");
}

#[test]
fn requests_behind_a_reply_that_closes_are_nobody_s_fault() {
    let close = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let got = read(&[
        Sent(&GET.repeat(3)),
        Received(close),
        ServerEnds(Gone::Closed),
    ]);
    let ends: Vec<_> = got.exchanges.iter().map(|one| one.end).collect();
    assert_eq!(ends, [End::Replied, End::Nobody, End::Nobody]);
    assert_eq!(noted(&got), 2);
}

/// How many requests are noted as left without a reply by nobody's fault.
fn noted(got: &Read) -> u64 {
    let [flaw] = &got.flaws[..] else {
        panic!("{:?}", got.flaws)
    };
    assert_eq!((flaw.side, flaw.level), (Side::Server, Level::May));
    assert_eq!(flaw.expected, "a reply to every request");
    flaw.times
}

const HALF: &[u8] = b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi";

#[rstest]
#[case::as_it_came(&[Later(600), Sent(GET), ServerEnds(Gone::Closed)], 1)]
#[case::at_once(&[ServerEnds(Gone::Closed), Sent(GET)], 1)]
#[case::before(&[ServerEnds(Gone::Closed), Sent(GET), Sent(GET), ClientEnds], 2)]
#[case::within_a_body(&[ServerEnds(Gone::Closed), Sent(GET), Sent(HALF), ClientEnds], 2)]
#[case::within_a_body_that_is_reset(&[ServerEnds(Gone::Closed), Sent(HALF), ClientGone], 1)]
fn a_request_that_crossed_the_end_of_its_connection_is_noted_and_counted(
    #[case] then: &[On<'_>],
    #[case] lost: u64,
) {
    let first = [Sent(GET), Later(200), Received(OK)];
    let got = read(&[&first, then].concat());
    assert_eq!(noted(&got), lost);
    assert_eq!((got.tally.exchanges, got.tally.replied), (1 + lost, 1));
    assert!(got.exchanges[1..].iter().all(|one| one.end == End::Nobody));
}

#[test]
fn what_is_left_of_a_body_behind_the_end_of_the_server_is_no_request() {
    let denied = b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let got = read(&[
        Sent(HALF),
        Received(denied),
        ServerEnds(Gone::Closed),
        Sent(GET),
        ClientEnds,
    ]);
    assert_eq!(got.exchanges.len(), 1);
    assert!(got.flaws.is_empty(), "{:?}", got.flaws);
}

#[rstest]
#[case::first(&[Sent(GET), Received(b"\r\n"), Received(OK)], 0)]
#[case::within_one_piece(&[Sent(GET), Received(b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")], 0)]
#[case::next(&[Sent(GET), Received(OK), Sent(GET), Received(b"\r\n"), Received(OK)], 1)]
#[case::asked_ahead(&[Sent(GET), Sent(GET), Received(OK), Received(b"\r\n"), Received(OK)], 1)]
#[case::behind_an_interim_reply(&[Sent(GET), Received(b"HTTP/1.1 100 Continue\r\n\r\n\r\n"), Received(OK)], 0)]
fn an_empty_line_before_a_reply_belongs_to_none_and_the_connection_is_read_on(
    #[case] events: &[On<'_>],
    #[case] at: usize,
) {
    let got = read(&[events, &[Sent(GET), Received(OK)]].concat());
    assert_eq!(got.exchanges.len(), at + 2);
    for (place, one) in got.exchanges.iter().enumerate() {
        assert_eq!(&one.exchange.reply().unwrap().body[..], b"hi");
        let misframed = one.exchange.misframed();
        assert_eq!(misframed.is_some(), place == at, "{place}: {misframed:?}");
        assert_eq!(one.exchange.lead, one.exchange.excess.len());
        assert!(
            place != at
                || misframed
                    .unwrap()
                    .contains("before the status line: `\\r\\n")
        );
    }
    assert_eq!(got.tally.not_judged(), 0);
    assert!(got.flaws.is_empty());
}

#[test]
fn empty_lines_without_end_take_no_memory() {
    let shared = Arc::new(Shared::new(String::new()));
    let (queue, _waiting) = sync_channel(1);
    let mut tap = Tap::new(&shared, queue, 1);
    tap.client(GET);
    for _ in 0..64 {
        tap.server(&b"\r\n".repeat(10_000));
        assert!(tap.received.is_empty());
        assert_eq!(tap.open[0].excess.len(), 4096);
    }
}

#[rstest]
#[case(b" there")]
#[case(b"\r\n")]
fn bytes_behind_a_reply_are_its_excess(#[case] behind: &[u8]) {
    let got = read(&[Sent(GET), Received(&[OK, behind].concat())]);
    assert_eq!(&got.exchanges[0].exchange.excess[..], behind);
    assert_eq!(got.exchanges[0].exchange.lead, 0);
}

#[rstest]
#[case::lengths(&[Sent(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")], Side::Client, Level::Must, "two Content-Length values differ")]
#[case::chunk(&[Sent(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX")], Side::Client, Level::Must, "a chunk is longer than its size says")]
#[case::tls(&[Sent(b"\x16\x03\x01\x02\x00\x01")], Side::Client, Level::Must, "`\\x16\\x03")]
#[case::half(&[Sent(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"), ClientGone], Side::Client, Level::May, "within a body")]
#[case::head(&[Sent(b"POST / HT"), ClientGone], Side::Client, Level::May, "within a head")]
#[case::unasked(&[Received(OK)], Side::Server, Level::Must, "HTTP/1.1 200 OK")]
#[case::unasked_line(&[Received(b"\r\n")], Side::Server, Level::Must, "`\\r\\n`")]
fn what_is_no_exchange_is_a_flaw(
    #[case] events: &[On<'_>],
    #[case] side: Side,
    #[case] level: Level,
    #[case] says: &str,
) {
    let got = read(events);
    let [flaw] = &got.flaws[..] else {
        panic!("{:?}", got.flaws)
    };
    assert_eq!((flaw.side, flaw.level, flaw.times), (side, level, 1));
    assert!(flaw.actual.contains(says), "{flaw:?}");
}

#[test]
fn a_head_without_end_is_a_flaw_and_takes_no_more_memory_than_the_limit() {
    let shared = Arc::new(Shared::new(String::new()));
    let (queue, _waiting) = sync_channel(1);
    let mut tap = Tap::new(&shared, queue, 1);
    tap.client(b"GET / HTTP/1.1\r\nX: ");
    for _ in 0..64 {
        tap.client(&[b'a'; 64 << 10]);
        assert!(tap.sent.len() <= 192 << 10);
    }
    assert_eq!(shared.flaws().len(), 1);
    assert!(shared.flaws()[0].expected.contains("128 KiB"));
}

#[test]
fn a_server_may_say_that_it_has_waited_long_enough() {
    let late = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    let got = read(&[
        Sent(GET),
        Received(OK),
        Received(late),
        ServerEnds(Gone::Closed),
    ]);
    assert_eq!(got.exchanges.len(), 1);
    assert!(got.flaws.is_empty());
}

#[rstest]
#[case::bare("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")]
#[case::with_a_body("HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate")]
#[case::in_chunks("HTTP/1.1 408 Late\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlate\r\n0\r\n\r\n")]
fn behind_a_408_that_nobody_asked_for_a_connection_is_read_on(
    #[case] late: &str,
    #[values(1, 7, 1000)] piece: usize,
) {
    let mut events = vec![Sent(GET), Received(OK)];
    events.extend(late.as_bytes().chunks(piece).map(Received));
    for _ in 0..3 {
        events.extend([Sent(GET), Received(OK)]);
    }
    let got = read(&events);
    assert_eq!((got.exchanges.len(), got.tally.replied), (4, 4));
    assert_eq!(got.tally.not_judged(), 0);
    let [flaw] = &got.flaws[..] else {
        panic!("{:?}", got.flaws)
    };
    assert_eq!(
        (flaw.side, flaw.level, flaw.times),
        (Side::Server, Level::Must, 1)
    );
}

#[rstest]
#[case::unasked(&[Received(OK)])]
#[case::late_and_garbled(&[Received(b"HTTP/1.1 408 L\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")])]
#[case::excess(&[Sent(GET), Received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi there")])]
#[case::garbled(&[Sent(GET), Received(b"<html>\r\n\r\n")])]
fn what_a_client_asks_behind_what_nobody_can_read_is_counted_as_not_judged(
    #[case] astray: &[On<'_>],
) {
    let first = [Sent(GET), Received(OK)];
    let ended = read(&[&first, astray, &[ClientEnds]].concat());
    assert_eq!(ended.tally.not_judged(), 0);
    let went_on = read(&[&first, astray, &[Sent(GET), Received(OK), Sent(GET)]].concat());
    assert_eq!(went_on.tally.unread, 1);
}

#[test]
fn what_the_queue_does_not_take_is_counted() {
    let events: Vec<_> = (0..5).flat_map(|_| [Sent(GET), Received(OK)]).collect();
    let got = read_with_room(&events, 2);
    assert_eq!(got.exchanges.len(), 2);
    assert_eq!((got.tally.exchanges, got.tally.overflowed), (5, 3));
}

#[rstest]
#[case::open(&[Sent(GET), Stop], 1)]
#[case::within_a_head(&[Sent(b"GET /"), Stop], 1)]
#[case::two(&[Sent(&[]), Sent(GET), Sent(GET), Stop], 2)]
#[case::idle(&[Sent(GET), Received(OK), Stop], 0)]
fn what_is_open_in_the_end_is_counted_as_not_judged(
    #[case] events: &[On<'_>],
    #[case] unfinished: u64,
) {
    assert_eq!(read(events).tally.unfinished, unfinished);
}

#[rstest]
#[case(b"CONNECT h:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")]
#[case(
    b"GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
)]
fn what_is_no_http_any_more_is_read_no_further(#[case] request: &[u8], #[case] reply: &[u8]) {
    let got = read(&[
        Sent(request),
        Received(reply),
        Sent(b"\0\0"),
        Received(b"\0"),
        ClientGone,
    ]);
    assert_eq!((got.exchanges.len(), got.tally.unread), (1, 1));
    assert!(got.flaws.is_empty());
}

proptest! {
    #[test]
    fn an_exchange_is_the_same_wherever_the_bytes_are_split(cut in 1_usize..40, back in 1_usize..40) {
        let put = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n";
        let reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        let events: Vec<_> = put.chunks(cut).map(Sent).chain(reply.chunks(back).map(Received)).collect();
        let got = read(&[&events[..], &events[..]].concat());
        prop_assert_eq!(got.exchanges.len(), 2);
        for one in &got.exchanges {
            prop_assert_eq!(&one.exchange.request.body[..], b"hello!");
            prop_assert_eq!(&one.exchange.reply().unwrap().body[..], b"hi");
        }
        prop_assert!(got.flaws.is_empty());
    }

    #[test]
    fn no_bytes_make_the_tap_panic(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)), 0..12), end in 0..4) {
        let mut events = vec![Sent(GET)];
        events.extend(pieces.iter().map(|(up, bytes)| if *up { Sent(bytes) } else { Received(bytes) }));
        events.push([ServerEnds(Gone::Closed), ServerEnds(Gone::Reset), ClientEnds, ClientGone][end as usize]);
        events.extend([ClientGone, Stop]);
        let _ = read(&events);
    }
}
