//! The same server behind the real door: bytes in, bytes out.

use super::{data, offset};
use crate::{
    bits_upload::{self, Notification, Settings},
    message::{Headers, Reply},
    mock::{Options, Server, ServerOptions},
};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
};

/// A server on a port of its own.
async fn serve(settings: &Settings, folder: Option<&Path>) -> Server {
    // Binding needs the runtime that the test runs in.
    tokio::task::yield_now().await;
    let options = Options {
        set: settings.pairs(),
        data_dir: folder.map(Path::to_owned),
        ..Options::default()
    };
    let model = bits_upload::start(&options).unwrap();
    Server::start(model, ServerOptions::default()).unwrap()
}

/// A connection that speaks raw HTTP.
struct Wire(TcpStream);

impl Wire {
    fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.addr()).unwrap();
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(20)))
            .unwrap();
        Self(stream)
    }

    /// Sends, and reads one reply.
    fn say(&mut self, head: &str, body: &[u8]) -> Reply {
        self.0
            .write_all(head.replace('\n', "\r\n").as_bytes())
            .unwrap();
        self.0.write_all(b"\r\n\r\n").unwrap();
        self.0.write_all(body).unwrap();
        self.hear()
    }

    fn hear(&mut self) -> Reply {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
        let text = String::from_utf8(text).unwrap();
        let (status, fields) = text.split_once("\r\n").unwrap();
        let mut reply = Reply::new(status.split(' ').nth(1).unwrap().parse().unwrap());
        reply.reason = status.split(' ').next().unwrap().to_owned();
        reply.headers = fields
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect::<Headers>();
        let length = reply
            .headers
            .get("Content-Length")
            .unwrap()
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        reply.body = body.into();
        reply
    }
}

fn packet(kind: &str, id: &str, rest: &str) -> String {
    format!(
        "BITS_POST /d/f HTTP/1.1\nHost: h\nbits-packet-type: {kind}\nBITS-Session-Id: {id}\n{rest}"
    )
}

const CREATE: &str = "BITS_POST /d/f HTTP/1.1\nHost: h\nBITS-Packet-Type: Create-Session\nBITS-Supported-Protocols: {7DF0354D-249B-430f-820D-3D2A9BEF4931}\nContent-Length: 0";

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_over_one_connection_and_over_one_per_packet_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&Settings::default().overwrite(true), Some(folder.path())).await;
    let data = data(3 << 20);
    for keep in [true, false] {
        let mut wire = Wire::to(&server);
        let created = wire.say(CREATE, b"");
        let names: Vec<_> = created
            .headers
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        assert!(names.contains(&"BITS-Session-Id".to_owned()), "{names:?}");
        let id = created.headers.get("BITS-Session-Id").unwrap().to_owned();
        for first in (0..data.len()).step_by(1 << 20) {
            if !keep {
                wire = Wire::to(&server);
            }
            let end = first + (1 << 20);
            let range = format!(
                "Content-Range: bytes {first}-{}/{}\nContent-Length: {}",
                end - 1,
                data.len(),
                1 << 20
            );
            let ack = wire.say(&packet("Fragment", &id, &range), &data[first..end]);
            assert_eq!((ack.status, offset(&ack)), (200, Some(end as u64)));
        }
        assert_eq!(
            wire.say(&packet("Close-Session", &id, "Content-Length: 0"), b"")
                .status,
            200
        );
        assert_eq!(wire.say("GET /d/f HTTP/1.1\nHost: h", b"").body, data);
        let part = wire.say("GET /d/f HTTP/1.1\nHost: h\nRange: bytes=5-9", b"");
        assert_eq!((part.status, &part.body[..]), (206, &data[5..10]));
        assert_eq!(
            std::fs::read(folder.path().join("files/d/f")).unwrap(),
            data
        );
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_within_a_body_leaves_what_it_brought() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(folder.path())] {
        let server = serve(&Settings::default(), folder).await;
        let data = data(100_000);
        let id = Wire::to(&server)
            .say(CREATE, b"")
            .headers
            .get("BITS-Session-Id")
            .unwrap()
            .to_owned();
        let mut wire = Wire::to(&server);
        let range = "Content-Range: bytes 0-99999/100000\nContent-Length: 100000";
        let head = packet("Fragment", &id, range).replace('\n', "\r\n");
        wire.0.write_all(head.as_bytes()).unwrap();
        wire.0.write_all(b"\r\n\r\n").unwrap();
        wire.0.write_all(&data[..60_000]).unwrap();
        drop(wire);
        // Whatever the server has seen of it by now: that is where the upload goes on.
        // Each time on a new connection: where the old one is heard late, it may take over once more.
        let mut at = 0;
        while at < data.len() {
            let mut wire = Wire::to(&server);
            let range = format!(
                "Content-Range: bytes {at}-99999/100000\nContent-Length: {}",
                data.len() - at
            );
            let ack = wire.say(&packet("Fragment", &id, &range), &data[at..]);
            assert!([200, 416].contains(&ack.status), "{ack:?}");
            at = usize::try_from(offset(&ack).unwrap()).unwrap();
            assert!(at <= 60_000 || ack.status == 200, "{at} {ack:?}");
        }
        let mut wire = Wire::to(&server);
        assert_eq!(
            wire.say(&packet("Close-Session", &id, "Content-Length: 0"), b"")
                .status,
            200
        );
        assert_eq!(wire.say("GET /d/f HTTP/1.1\nHost: h", b"").body, data);
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_answered_in_kind_and_closed() {
    let server = serve(&Settings::default(), None).await;
    let create = CREATE
        .replace("1.1", "1.0")
        .replace("\nHost: h", "")
        .replace("\nContent-Length: 0", "");
    let mut wire = Wire::to(&server);
    let created = wire.say(&create, b"");
    assert_eq!((created.status, created.reason.as_str()), (200, "HTTP/1.0"));
    assert_eq!(
        wire.0.read(&mut [0]).unwrap(),
        0,
        "the connection is closed"
    );
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_really_asked_and_its_reply_can_be_fetched() {
    // A wireproof server plays the application: it answers 405 to a POST, which is relayed.
    let application = serve(&Settings::default(), None).await;
    let settings = Settings::default()
        .notification(Notification::ByValue)
        .notification_url(format!("{}/x", application.url()));
    let server = serve(&settings, None).await;
    let mut wire = Wire::to(&server);
    let id = wire
        .say(CREATE, b"")
        .headers
        .get("BITS-Session-Id")
        .unwrap()
        .to_owned();
    let range = "Content-Range: bytes 0-8/9\nContent-Length: 9";
    let ack = wire.say(&packet("Fragment", &id, range), &data(9));
    assert_eq!(
        (ack.status, ack.headers.get("BITS-Error-Context")),
        (405, Some("0x7"))
    );
    let asked = application.journal().received();
    let asked = &asked.last().unwrap().request;
    assert_eq!(
        (asked.method.as_str(), &asked.body[..]),
        ("POST", &data(9)[..])
    );
    server.shutdown().await;

    // One that answers: three lines of its own.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings =
        settings.notification_url(format!("http://{}/app", listener.local_addr().unwrap()));
    let server = serve(&settings, None).await;
    let app = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(&data(9)) {
            let mut bytes = [0; 512];
            let n = stream.read(&mut bytes).unwrap();
            seen.extend_from_slice(&bytes[..n]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe reply")
            .unwrap();
    });
    let mut wire = Wire::to(&server);
    let id = wire
        .say(CREATE, b"")
        .headers
        .get("BITS-Session-Id")
        .unwrap()
        .to_owned();
    let ack = wire.say(&packet("Fragment", &id, range), &data(9));
    assert_eq!(ack.status, 200, "{ack:?}");
    let url = ack.headers.get("BITS-Reply-URL").unwrap().to_owned();
    let path = url.strip_prefix("http://h").unwrap();
    assert_eq!(
        &wire.say(&format!("GET {path} HTTP/1.1\nHost: h"), b"").body[..],
        b"the reply"
    );
    app.join().unwrap();
    server.shutdown().await;
}
