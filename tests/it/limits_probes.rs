//! How a client reaches each limit of a server, and what it gets there.

use crate::{
    cues::{PROTOCOL, Seen, fragment, packet, talk_for},
    program::{Serving, pause},
};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A server, and how long something of it is waited for.
pub(crate) struct Probe {
    pub(crate) serving: Serving,
    pub(crate) patience: Duration,
}

impl Probe {
    fn address(&self) -> &str {
        let url = &self.serving.url;
        url.split_once("://")
            .map_or(url.as_str(), |(_, address)| address)
    }

    fn connect(&self) -> TcpStream {
        let tcp = TcpStream::connect(self.address()).unwrap();
        tcp.set_read_timeout(Some(self.patience)).unwrap();
        tcp
    }

    /// Sends bytes and reads to the end of the connection, or until nothing more comes.
    fn talk(&self, bytes: &[u8]) -> Seen {
        talk_for(&format!("http://{}", self.address()), bytes, self.patience)
    }
}

/// The status, and what tells a fault.
fn answer(seen: &Seen) -> String {
    let Some((head, body)) = seen.head() else {
        return "nothing".to_owned();
    };
    let mut told = head.split(' ').nth(1).unwrap().to_owned();
    let body = String::from_utf8_lossy(body);
    if let Some((_, code)) = body.split_once("<Code>") {
        told = format!("{told} fault {}", code.split('<').next().unwrap());
    }
    if let Some(code) = seen
        .field("BITS-Error-Code")
        .filter(|_| told.starts_with(['4', '5']))
    {
        told = format!("{told} {code}");
    }
    told
}

/// The same, and how the connection ended.
fn ending(seen: &Seen) -> String {
    format!("{} {}", answer(seen), seen.end)
}

const GET: &str = "GET /none HTTP/1.1\r\nHost: x\r\n";

pub(crate) fn second_connection(probe: &Probe) -> String {
    let mut first = probe.connect();
    first.write_all(format!("{GET}\r\n").as_bytes()).unwrap();
    assert!(first.read(&mut [0; 100]).unwrap() > 0);
    ending(&probe.talk(b""))
}

pub(crate) fn long_head(probe: &Probe) -> String {
    let long = "x".repeat(600);
    answer(&probe.talk(format!("{GET}Connection: close\r\nA: {long}\r\n\r\n").as_bytes()))
}

pub(crate) fn half_a_head(probe: &Probe) -> String {
    ending(&probe.talk(GET.as_bytes()))
}

pub(crate) fn no_head(probe: &Probe) -> String {
    ending(&probe.talk(b""))
}

pub(crate) fn idle(probe: &Probe) -> String {
    ending(&probe.talk(format!("{GET}\r\n").as_bytes()))
}

pub(crate) fn half_a_body(probe: &Probe) -> String {
    ending(&probe.talk(b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"))
}

const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

pub(crate) fn reads_late(probe: &Probe) -> String {
    let mut tcp = probe.connect();
    tcp.write_all(LARGE).unwrap();
    for _ in 0..20 {
        pause();
    }
    read_all(tcp)
}

pub(crate) fn reads_slowly(probe: &Probe) -> String {
    let mut tcp = probe.connect();
    tcp.write_all(LARGE).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        // How a connection ended is told once.
        if let Err(why) = tcp.read(&mut [0; 400_000]) {
            return ended(&why);
        }
        pause();
    }
    read_all(tcp)
}

fn read_all(mut tcp: TcpStream) -> String {
    let read = io::copy(&mut tcp, &mut io::sink());
    read.map_or_else(|why| ended(&why), |_| "whole".to_owned())
}

fn ended(why: &io::Error) -> String {
    match why.kind() {
        ErrorKind::ConnectionReset => "reset".to_owned(),
        other => other.to_string(),
    }
}

/// A body that comes a little at a time, and never stands still.
pub(crate) fn trickles(probe: &Probe) -> String {
    let mut tcp = probe.connect();
    tcp.set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    tcp.write_all(&hpc("POST Jobs", &["Content-Length: 10000000"], ""))
        .unwrap();
    let begun = Instant::now();
    let mut got = [0; 12];
    while begun.elapsed() < probe.patience {
        // Whether it is still taken shows in what comes back.
        let _ = tcp.write_all(&[b' '; 200]);
        if tcp.read_exact(&mut got).is_ok() {
            return String::from_utf8_lossy(&got[9..]).into_owned();
        }
    }
    "nothing".to_owned()
}

pub(crate) fn second_reply_of_60_kilobytes(probe: &Probe) -> String {
    let ask = b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut first = probe.connect();
    first.write_all(ask).unwrap();
    // Its reply is on its way when some of it has come.
    assert!(first.read(&mut [0; 100]).unwrap() > 0);
    answer(&probe.talk(ask))
}

pub(crate) fn unwanted_body(probe: &Probe) -> String {
    ending(&probe.talk(&hpc("POST Jobs", &[], &" ".repeat(30_000))))
}

pub(crate) fn waits_while_it_stops(probe: &Probe) -> String {
    let mut tcp = probe.connect();
    tcp.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    // It is accepted when one that came behind it is answered.
    probe.talk(b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    probe.serving.signal("-TERM");
    match tcp.read(&mut [0; 100]) {
        Ok(0) => "nothing closed".to_owned(),
        // Given up at once, the connection may end either way.
        Err(why) if why.kind() == ErrorKind::ConnectionReset => "nothing closed".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn journal(probe: &Probe) -> String {
    let close = |line: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            probe.address()
        )
    };
    for _ in 0..30 {
        probe.talk(close("GET /none").as_bytes());
    }
    let shown = probe
        .talk(close("GET /__wireproof/journal").as_bytes())
        .json();
    let (kept, dropped) = (
        shown["entries"].as_array().unwrap().len(),
        &shown["dropped"],
    );
    assert_eq!(kept as u64 + dropped.as_u64().unwrap(), 30);
    match kept {
        1..20 => "the oldest are forgotten".to_owned(),
        kept => format!("{kept} of 30 are kept"),
    }
}

/// A request to the head node.
fn hpc(line: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let (method, path) = line.split_once(' ').unwrap();
    let length = format!("Content-Length: {}", body.len());
    let mut head = format!(
        "{method} /WindowsHPC/{path} HTTP/1.1\r\nHost: x\r\napi-version: 2011-11-01\r\nContent-Type: application/xml\r\n"
    );
    let fields: &[&str] = if fields
        .iter()
        .any(|field| field.starts_with("Content-Length"))
    {
        fields
    } else {
        &[fields, &[&length]].concat()
    };
    for field in fields {
        head = head + field + "\r\n";
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// Asks the head node on a connection of its own.
fn asked(probe: &Probe, line: &str, body: &str) -> Seen {
    probe.talk(&hpc(line, &["Connection: close"], body))
}

fn properties(properties: &[(&str, &str)]) -> String {
    let each = properties.iter().map(|(name, value)| {
        format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
    });
    format!(
        "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">{}</ArrayOfProperty>",
        each.collect::<String>()
    )
}

pub(crate) fn large_body(probe: &Probe) -> String {
    answer(&asked(probe, "POST Jobs", &properties(&[("Name", "n")])))
}

pub(crate) fn second_job(probe: &Probe) -> String {
    asked(probe, "POST Jobs", "");
    answer(&asked(probe, "POST Jobs", ""))
}

pub(crate) fn second_task(probe: &Probe) -> String {
    asked(probe, "POST Jobs", "");
    let task = properties(&[("CommandLine", "echo")]);
    assert_eq!(asked(probe, "POST Job/1/Tasks", &task).status(), 200);
    answer(&asked(probe, "POST Job/1/Tasks", &task))
}

pub(crate) fn sweep(probe: &Probe) -> String {
    asked(probe, "POST Jobs", "");
    let task = [
        ("CommandLine", "echo *"),
        ("Type", "ParametricSweep"),
        ("EndValue", "40"),
    ];
    asked(probe, "POST Job/1/Tasks", &properties(&task));
    assert_eq!(asked(probe, "POST Job/1/Submit", "").status(), 200);
    for _ in 0..200 {
        let seen = asked(probe, "GET Job/1?Properties=State,ErrorMessage", "");
        let told = String::from_utf8_lossy(&seen.bytes);
        if told.contains("Finished") {
            return "Finished".to_owned();
        }
        if told.contains("<Value>Failed") && told.contains("40 subtasks") {
            return "Failed, and says why".to_owned();
        }
        pause();
    }
    panic!("the job does not end");
}

fn session(probe: &Probe) -> Seen {
    let start = "<WebSessionStartInfo xmlns=\"http://hpc.microsoft.com/\"><MaxMessageSize>65536</MaxMessageSize>\
                 <Password>p</Password><Runtime>-1</Runtime><ServiceName>CcpEchoSvc</ServiceName>\
                 <Username>u</Username></WebSessionStartInfo>";
    asked(probe, "POST Sessions/Create?durable=False", start)
}

pub(crate) fn second_session(probe: &Probe) -> String {
    assert_eq!(session(probe).status(), 201);
    answer(&session(probe))
}

pub(crate) fn second_batch(probe: &Probe) -> String {
    let made = session(probe);
    let made = String::from_utf8_lossy(&made.bytes);
    let (_, id) = made.split_once("<Id>").unwrap();
    let id = id.split('<').next().unwrap();
    let send = |name: &str| {
        let body = "<x/>";
        let length = format!("Content-Length: {}", body.len());
        let path = format!("POST Session/{id}/batch/{name}?commit=False&genericservice=False");
        let request = String::from_utf8(hpc(&path, &["Connection: close", &length], body)).unwrap();
        answer(
            &probe.talk(
                request
                    .replace("application/xml", "application/octet-stream")
                    .as_bytes(),
            ),
        )
    };
    send("a");
    send("b")
}

/// The id of a new session of the upload server.
fn created(probe: &Probe) -> String {
    let seen = probe.talk(&upload_packet());
    assert_eq!(seen.status(), 200);
    seen.field("BITS-Session-Id").unwrap().to_owned()
}

fn upload_packet() -> Vec<u8> {
    let fields = format!(
        "BITS-Supported-Protocols: {}\r\nConnection: close\r\n",
        PROTOCOL
    );
    packet("Create-Session", &fields, b"")
}

/// The answer to ten bytes of eleven.
fn sent(probe: &Probe, session: &str) -> String {
    let request = fragment(session, "0-9/11");
    let closing = b"Connection: close\r\n";
    let at = request.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
    answer(&probe.talk(&[&request[..at], closing, &request[at..]].concat()))
}

pub(crate) fn upload(probe: &Probe) -> String {
    let session = created(probe);
    sent(probe, &session)
}

pub(crate) fn late_fragment(probe: &Probe) -> String {
    let session = created(probe);
    for _ in 0..24 {
        pause();
    }
    sent(probe, &session)
}

pub(crate) fn first_of_two_sessions(probe: &Probe) -> String {
    let first = created(probe);
    created(probe);
    sent(probe, &first)
}

pub(crate) fn second_upload(probe: &Probe) -> String {
    created(probe);
    answer(&probe.talk(&upload_packet()))
}

pub(crate) fn long_value(probe: &Probe) -> String {
    let long = format!(
        "Content-Name: {}\r\nBITS-Supported-Protocols: {}\r\nConnection: close\r\n",
        "n".repeat(101),
        PROTOCOL
    );
    answer(&probe.talk(&packet("Create-Session", &long, b"")))
}

pub(crate) fn long_url(probe: &Probe) -> String {
    let packet = String::from_utf8(upload_packet()).unwrap();
    answer(
        &probe.talk(
            packet
                .replace("/up.bin", &format!("/{}", "u".repeat(101)))
                .as_bytes(),
        ),
    )
}
