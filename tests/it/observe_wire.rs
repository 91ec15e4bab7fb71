//! What passes through `wireproof observe` on the wire: raw sockets on both sides.

use crate::{
    Case,
    observing::{Observing, patient},
};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    thread,
};

pub(crate) const CASES: &[Case] = &[
    (
        "the bytes that arrive are the bytes that were sent",
        &[],
        bytes,
    ),
    (
        "a client that breaks the rules is passed on and found",
        &[],
        client,
    ),
    (
        "a server that breaks off is passed on and found",
        &[],
        server,
    ),
    (
        "a head of any length passes in bounded memory and is found",
        &[],
        endless_head,
    ),
];

/// A server that is only a socket, and a proxy before it.
pub(crate) fn before_a_socket() -> (TcpListener, Observing) {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let observing = Observing::start("bits-upload", &url, [""; 0]);
    (upstream, observing)
}

/// Sends bytes in pieces, answers with bytes, and compares both at the other end.
pub(crate) fn passes(upstream: &TcpListener, observing: &Observing, sent: &[u8], answer: &[u8]) {
    let mut client = observing.connect();
    let mut server = patient(upstream.accept().unwrap().0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for piece in sent.chunks(1000) {
                client.write_all(piece).unwrap();
            }
            client.shutdown(Shutdown::Write).unwrap();
            let mut got = Vec::new();
            client.read_to_end(&mut got).unwrap();
            assert!(got == answer, "{}", got.escape_ascii());
        });
        let mut got = Vec::new();
        server.read_to_end(&mut got).unwrap();
        assert!(got == sent, "{}", got.escape_ascii());
        server.write_all(answer).unwrap();
        drop(server);
    });
}

fn bytes() {
    let (upstream, observing) = before_a_socket();
    let ack = b"HTTP/1.1 200  ok\r\nbits-packet-TYPE:Ack\r\nSet-Cookie: a\r\nset-cookie:  b \r\nContent-Length: 0\r\n\r\n";
    let ping = b"BITS_POST //a/./b%2f?c=%41 HTTP/1.1\r\nBITS-PACKET-type:  PING\r\nhOST:x\r\nX: \xff\r\nContent-Length: 0\r\n\r\n";
    passes(&upstream, &observing, ping, ack);
    // Sent ahead, and in chunks with all that may stand between them.
    let chunked = b"BITS_POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n05;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n";
    passes(
        &upstream,
        &observing,
        &[&ping[..], chunked].concat(),
        &ack.repeat(2),
    );
    let old = b"BITS_POST /o HTTP/1.0\r\n\r\n";
    passes(
        &upstream,
        &observing,
        old,
        b"HTTP/1.0 200 OK\r\n\r\nto the end",
    );
    let report = observing.ends(1);
    let answered: u64 = report
        .requests()
        .iter()
        .filter(|(id, _)| id.contains("/server/"))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(answered, 4);
}

fn client() {
    let (upstream, observing) = before_a_socket();
    let ack = b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";
    let twice = b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    passes(&upstream, &observing, twice, ack);
    let half = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf";
    passes(&upstream, &observing, half, ack);
    passes(
        &upstream,
        &observing,
        b"\x16\x03\x01\0\xff\0\r\n\r\n",
        b"\x15\x03\x01",
    );
    let ping =
        b"BITS_POST /p HTTP/1.1\r\nHost: x\r\nBITS-Packet-Type: Ping\r\nContent-Length: 0\r\n\r\n";
    passes(&upstream, &observing, &ping.repeat(3), &ack.repeat(3));
    let report = observing.ends(1);
    let broken: Vec<_> = report.broken().into_iter().collect();
    for says in [
        "two Content-Length values differ",
        "the client ended the connection within a body",
    ] {
        assert!(
            broken.iter().any(|one| one.contains(says)),
            "{says}: {broken:?}"
        );
    }
    let requests = report.requests();
    assert_eq!(requests["bits-upload/server/ping"], 3);
    assert_eq!(requests["bits-upload/client/connections"], 3);
}

fn server() {
    let (upstream, observing) = before_a_socket();
    let ping =
        b"BITS_POST /p HTTP/1.1\r\nHost: x\r\nBITS-Packet-Type: Ping\r\nContent-Length: 0\r\n\r\n";
    let answers: [&[u8]; 3] = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    ];
    for answer in answers {
        passes(&upstream, &observing, ping, answer);
    }
    let get = b"GET /p HTTP/1.1\r\nHost: x\r\n\r\n";
    passes(&upstream, &observing, get, b"<html>no http</html>\r\n\r\n");
    drop(upstream);
    let mut client = observing.connect();
    // The reset is told once: to whoever sends or reads first behind it.
    let sent = client.write_all(ping);
    assert!(sent.is_err() || client.read_to_end(&mut Vec::new()).is_err());
    // Four requests, and no reply to any.
    let report = observing.ends(3);
    let broken: Vec<_> = report.broken().into_iter().collect();
    for says in [
        "closed: connection closed before the first byte of a reply",
        "cut: connection closed within the head of the reply",
        "cut: connection closed after 5 of 10 bytes of the body",
        "garbled: no HTTP reply",
        "unreachable: no connection to",
    ] {
        assert!(
            broken.iter().any(|one| one.contains(says)),
            "{says}: {broken:?}"
        );
    }
}

fn endless_head() {
    const MIB: usize = 1 << 20;
    let (upstream, observing) = before_a_socket();
    let length = 1024 * MIB;
    let mut client = observing.connect();
    let mut server = patient(upstream.accept().unwrap().0);
    let (mut arrived, piece) = (0, vec![b'a'; MIB]);
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
            for _ in 0..length / MIB {
                client.write_all(&piece).unwrap();
            }
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut buffer = vec![0; MIB];
        loop {
            match server.read(&mut buffer).unwrap() {
                0 => break,
                read => arrived += read,
            }
        }
    });
    assert_eq!(arrived, length + 19);
    server.write_all(b"HTTP/1.1 431 No\r\n\r\n").unwrap();
    drop(server);
    client.read_to_end(&mut Vec::new()).unwrap();
    let peak = observing.serving.peak_memory();
    assert!(peak < 100 * MIB as u64, "{peak}");
    let report = observing.ends(3);
    assert_eq!(report.broken(), ["a longer one".to_owned()].into());
}
