use crate::{
    client::Origin,
    observe::{End, Observed, Proxy, ProxyOptions, Side},
};
use std::{io, sync::mpsc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// A proxy before a listener that the test accepts from itself.
struct Between {
    proxy: Proxy,
    upstream: TcpListener,
    seen: mpsc::Receiver<Observed>,
}

impl Between {
    async fn start() -> Self {
        let (tell, seen) = mpsc::channel();
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = options(&upstream);
        let proxy = Proxy::start(options, move |one| drop(tell.send(one))).unwrap();
        Self {
            proxy,
            upstream,
            seen,
        }
    }

    /// A client's end and the server's end of one connection.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = connect(&self.proxy).await;
        let (server, _) = self.upstream.accept().await.unwrap();
        (client, server)
    }
}

fn options(upstream: &TcpListener) -> ProxyOptions {
    let url = format!("http://{}", upstream.local_addr().unwrap());
    ProxyOptions::new(Origin::parse(&url).unwrap().0)
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let url = proxy.url();
    let addr = url.strip_prefix("http://").unwrap();
    TcpStream::connect(addr).await.unwrap()
}

/// Exactly so many bytes, within a time that is long for all of them.
async fn take(from: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let read = from.read_exact(&mut bytes);
    timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap();
    bytes
}

/// All up to the end, or how it broke.
async fn rest(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.read_to_end(&mut bytes);
    timeout(Duration::from_secs(20), read).await.unwrap()?;
    Ok(bytes)
}

#[tokio::test]
async fn what_one_side_sends_arrives_at_the_other_byte_for_byte() {
    let between = Between::start().await;
    let request = b"pUt  /a//b/../c?x=%41 HTTP/1.1\r\nhOST:x\r\nX:  1\t\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
        00005;e=\"1\"\r\nhello\r\n0\r\nTrailer: yes\r\n\r\nGET /next HTTP/1.0\r\n\r\n";
    let reply = b"HTTP/1.1 200 \r\nbits-SESSION-id: {a}\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n";
    let (mut client, mut server) = between.connect().await;
    client.write_all(request).await.unwrap();
    assert_eq!(take(&mut server, request.len()).await, request);
    server.write_all(reply).await.unwrap();
    assert_eq!(take(&mut client, reply.len()).await, reply);
}

#[tokio::test]
async fn empty_lines_before_a_reply_pass_as_they_are_and_are_told() {
    let between = Between::start().await;
    let (mut client, mut server) = between.connect().await;
    for lead in ["\r\n", "", "\r\n\r\n"] {
        client.write_all(GET).await.unwrap();
        take(&mut server, GET.len()).await;
        let reply = [lead.as_bytes(), OK].concat();
        server.write_all(&reply).await.unwrap();
        assert_eq!(take(&mut client, reply.len()).await, reply);
        let one = between.seen.recv().unwrap();
        assert_eq!(&one.exchange.excess[..], lead.as_bytes());
        assert_eq!(one.exchange.misframed().is_some(), !lead.is_empty());
    }
    let (tally, flaws) = between.proxy.stop().await.unwrap();
    assert_eq!((tally.replied, tally.not_judged()), (3, 0));
    assert!(flaws.is_empty(), "{flaws:?}");
}

#[tokio::test]
async fn bytes_that_are_no_http_pass_unchanged_both_ways() {
    let noise: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let between = Between::start().await;
    let (mut client, mut server) = between.connect().await;
    let (up, down) = (noise.clone(), noise.clone());
    let (mut client_reads, mut client_writes) = client.split();
    let (mut server_reads, mut server_writes) = server.split();
    let mut arrived = [Vec::new(), Vec::new()];
    let [at_server, at_client] = &mut arrived;
    let all = async {
        tokio::try_join!(
            async {
                client_writes.write_all(&up).await?;
                client_writes.shutdown().await
            },
            async {
                server_writes.write_all(&down).await?;
                server_writes.shutdown().await
            },
            server_reads.read_to_end(at_server),
            client_reads.read_to_end(at_client),
        )
    };
    timeout(Duration::from_secs(30), all)
        .await
        .unwrap()
        .unwrap();
    assert!(arrived.iter().all(|bytes| *bytes == noise));
    let (_, flaws) = between.proxy.stop().await.unwrap();
    assert!(
        flaws.iter().any(|flaw| flaw.side == Side::Client),
        "{flaws:?}"
    );
}

#[tokio::test]
async fn one_side_may_close_and_still_be_answered() {
    let between = Between::start().await;
    let (mut client, mut server) = between.connect().await;
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut server).await.unwrap(), b"GET / HTTP/1.0\r\n\r\n");
    server
        .write_all(b"HTTP/1.0 200 OK\r\n\r\nlate")
        .await
        .unwrap();
    drop(server);
    assert_eq!(
        rest(&mut client).await.unwrap(),
        b"HTTP/1.0 200 OK\r\n\r\nlate"
    );
    let one = between.seen.recv().unwrap();
    assert_eq!(&one.exchange.reply().unwrap().body[..], b"late");
}

#[tokio::test]
async fn a_reset_of_the_server_is_a_reset_for_the_client() {
    let between = Between::start().await;
    let (mut client, mut server) = between.connect().await;
    client.write_all(GET).await.unwrap();
    take(&mut server, GET.len()).await;
    server.set_zero_linger().unwrap();
    drop(server);
    let error = rest(&mut client).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(between.seen.recv().unwrap().end, End::Server);
}

#[tokio::test]
async fn a_reset_of_the_client_is_a_reset_for_the_server() {
    let between = Between::start().await;
    let (mut client, mut server) = between.connect().await;
    client.write_all(GET).await.unwrap();
    take(&mut server, GET.len()).await;
    client.set_zero_linger().unwrap();
    drop(client);
    let error = rest(&mut server).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(between.seen.recv().unwrap().end, End::Client);
}

#[tokio::test]
async fn a_connection_that_nobody_upstream_takes_is_reset_and_told() {
    let Between {
        proxy, upstream, ..
    } = Between::start().await;
    drop(upstream);
    let mut client = connect(&proxy).await;
    // The reset is told once: to whoever sends or reads first behind it.
    let sent = client.write_all(GET).await;
    assert!(sent.is_err() || rest(&mut client).await.is_err());
    let (tally, flaws) = proxy.stop().await.unwrap();
    assert_eq!((tally.connections, tally.exchanges), (1, 0));
    let [flaw] = &flaws[..] else {
        panic!("{flaws:?}")
    };
    assert_eq!(flaw.side, Side::Server);
    assert!(flaw.actual.contains("unreachable"), "{flaw:?}");
}

#[tokio::test]
async fn each_connection_of_a_client_has_one_of_its_own_upstream() {
    let between = Between::start().await;
    let mut ends = Vec::new();
    for _ in 0..3 {
        ends.push(between.connect().await);
    }
    for round in 0..2 {
        for (number, (client, server)) in ends.iter_mut().enumerate() {
            let request = format!("GET /{number}/{round} HTTP/1.1\r\n\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            assert_eq!(take(server, request.len()).await, request.as_bytes());
            server.write_all(OK).await.unwrap();
            take(client, OK.len()).await;
        }
    }
    let seen: Vec<_> = (0..6).map(|_| between.seen.recv().unwrap()).collect();
    for one in &seen {
        let expected = format!("/{}/", one.exchange.connection - 1);
        assert!(one.exchange.request.target.starts_with(&expected));
    }
}

#[tokio::test]
async fn a_judge_that_does_not_come_to_an_end_holds_up_nothing() {
    let (release, held) = mpsc::channel::<()>();
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(options(&upstream), move |_| {
        let _ = held.recv();
    })
    .unwrap();
    let mut client = connect(&proxy).await;
    let (mut server, _) = upstream.accept().await.unwrap();
    let (requests, replies) = (GET.repeat(100), OK.repeat(100));
    for _ in 0..50 {
        client.write_all(&requests).await.unwrap();
        take(&mut server, requests.len()).await;
        server.write_all(&replies).await.unwrap();
        take(&mut client, replies.len()).await;
    }
    let tally = proxy.tally();
    assert_eq!((tally.exchanges, tally.replied), (5000, 5000));
    assert!((900..=904).contains(&tally.overflowed), "{tally:?}");
    drop(release);
    assert_eq!(proxy.stop().await.unwrap().0.not_judged(), tally.overflowed);
}

#[tokio::test]
async fn what_is_under_way_may_end_before_the_proxy_does() {
    let between = Between::start().await;
    let (mut idle, _idle_server) = between.connect().await;
    let (mut client, mut server) = between.connect().await;
    client.write_all(GET).await.unwrap();
    take(&mut server, GET.len()).await;
    let stopping = tokio::spawn(between.proxy.stop());
    assert_eq!(rest(&mut idle).await.unwrap(), b"");
    server.write_all(OK).await.unwrap();
    assert_eq!(rest(&mut client).await.unwrap(), OK);
    let (tally, _) = stopping.await.unwrap().unwrap();
    assert_eq!((tally.replied, tally.not_judged()), (1, 0));
}

#[tokio::test]
async fn what_never_ends_is_counted_as_not_judged() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = ProxyOptions {
        grace: Duration::from_millis(50),
        ..options(&upstream)
    };
    let proxy = Proxy::start(options, |_| {}).unwrap();
    let mut client = connect(&proxy).await;
    let (mut server, _) = upstream.accept().await.unwrap();
    client.write_all(GET).await.unwrap();
    take(&mut server, GET.len()).await;
    let endless = b"HTTP/1.1 200 OK\r\n\r\n and on ";
    server.write_all(endless).await.unwrap();
    take(&mut client, endless.len()).await;
    let (tally, _) = proxy.stop().await.unwrap();
    assert_eq!((tally.replied, tally.unfinished), (0, 1));
}

#[tokio::test]
async fn beyond_this_machine_it_listens_only_when_allowed() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = ProxyOptions {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..options(&upstream)
    };
    let error = Proxy::start(open, |_| {}).unwrap_err();
    assert!(error.to_string().contains("--allow-open"), "{error}");
}
