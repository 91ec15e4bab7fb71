//! Servers that mean harm: the run ends, with findings, and takes little memory.

use crate::{
    Case,
    program::{Ran, Serving, command, folder, pause},
};
use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

pub(crate) const CASES: &[Case] = &[
    ("a reply that never ends is cut off", &[], endless),
    ("a head of a gibibyte is cut off", &[], endless_head),
    (
        "a reply that trickles ends with the time allowed",
        &[],
        trickle,
    ),
    (
        "redirects are not followed, so no loop is entered",
        &[],
        redirects,
    ),
    (
        "compression is neither asked for nor undone",
        &[],
        compressed,
    ),
    ("bombs of JSON are told and not read", &[], json_bombs),
    ("bombs of XML are told and not read", &[], xml_bombs),
    ("TLS that breaks anywhere ends the run", &[], broken_tls),
];

/// What all of a run may take at most, in bytes.
const MOST: u64 = 100 << 20;

type Attack = dyn Fn(&mut TcpStream) -> io::Result<()> + Send + Sync;

/// A server that reads a head and then does its worst.
pub(crate) struct Hostile {
    pub(crate) url: String,
    /// The heads that were read.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Hostile {
    fn new(attack: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, attack): (_, Arc<Attack>) = (heads.clone(), Arc::new(attack));
        // It lives as long as the test program: nobody waits for it.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, attack) = (kept.clone(), attack.clone());
                thread::spawn(move || {
                    let mut stream = stream;
                    while let Some(head) = head(&mut stream) {
                        kept.lock().unwrap().push(head);
                        // A client that has had enough goes away.
                        if attack(&mut stream).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, heads }
    }

    fn check(&self, suite: &str, options: &[&str]) -> (Ran, u64) {
        let mut words = vec!["check", suite, "--url", &self.url, "--can", "all"];
        words.extend(options);
        watched(&mut command(words))
    }
}

/// Up to the empty line; none where the client is gone.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Runs it to its end, and looks how much memory it took at most.
pub(crate) fn watched(command: &mut Command) -> (Ran, u64) {
    let folder = folder();
    let file = |name: &str| fs::File::create(folder.path().join(name)).unwrap();
    let mut child = command
        .stdout(Stdio::from(file("out")))
        .stderr(Stdio::from(file("err")))
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let mut looks = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(now.unwrap_or_default() * 1024);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        looks += 1;
        if looks > 6_000 {
            child.kill().unwrap();
            panic!("{command:?} does not end");
        }
        pause();
    };
    let read = |name: &str| {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let ran = Ran {
        code: ended.code().unwrap_or(-1),
        stdout: read("out"),
        stderr: read("err"),
    };
    assert!(peak > 0, "nobody told how much memory it took");
    assert!(peak < MOST, "{} MiB\n{}", peak >> 20, ran.all());
    (ran, peak)
}

const GREETING: &str = "examples/greeting";

/// Standard output in one line, wherever it is wrapped.
#[track_caller]
pub(crate) fn tells(ran: &Ran, text: &str) {
    let line: Vec<&str> = ran.stdout.split_whitespace().collect();
    assert!(
        line.join(" ").contains(text),
        "no `{text}` in {}",
        ran.all()
    );
}

fn endless() {
    for how in [
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Content-Length: 999999999999",
    ] {
        let chunked = how.starts_with('T');
        let server = Hostile::new(move |stream| {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{how}\r\n\r\n"
            )?;
            let block = vec![b' '; 65_536];
            loop {
                if chunked {
                    stream.write_all(b"10000\r\n")?;
                }
                stream.write_all(&block)?;
                if chunked {
                    stream.write_all(b"\r\n")?;
                }
            }
        });
        let (ran, _) = server.check(GREETING, &["--timeout", "60s"]);
        let ran = ran.ends(1);
        tells(&ran, "the body of the reply is larger than");
    }
}

fn endless_head() {
    let server = Hostile::new(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        let line = format!("X-More: {}\r\n", "x".repeat(1_000));
        let block = line.repeat(64);
        for _ in 0..((1_usize << 30) / block.len()) {
            stream.write_all(block.as_bytes())?;
        }
        stream.write_all(b"Content-Length: 0\r\n\r\n")
    });
    let (ran, _) = server.check(GREETING, &["--timeout", "60s"]);
    assert!(matches!(ran.code, 1 | 3), "{}", ran.all());
    assert!(ran.stdout.contains("connection"), "{}", ran.all());
    // One field that never ends.
    let server = Hostile::new(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-More: ")?;
        loop {
            stream.write_all(&[b'x'; 65_536])?;
        }
    });
    let (ran, _) = server.check(GREETING, &["--timeout", "60s"]);
    assert!(matches!(ran.code, 1 | 3), "{}", ran.all());
}

fn trickle() {
    let server = Hostile::new(|stream| {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
        )?;
        loop {
            stream.write_all(b" ")?;
            pause();
        }
    });
    let (ran, _) = server.check(GREETING, &["--timeout", "500ms"]);
    let ran = ran.ends(1);
    tells(&ran, "not whole within 500ms");
}

fn redirects() {
    let server = Hostile::new(|stream| {
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    });
    let (ran, _) = server.check(GREETING, &[]);
    let ran = ran.ends(1);
    tells(&ran, "302 Found");
    let heads = server.heads.lock().unwrap();
    assert!(
        !heads.is_empty() && heads.iter().all(|head| !head.contains("/again")),
        "{heads:?}"
    );
}

fn compressed() {
    let server = Hostile::new(|stream| {
        // A gigabyte of zeros begins like this; nobody unpacks it.
        let body = [&b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xec\xc1\x01\x01\0\0\0\x80\x90\xfe\xaf\xee\x08\x0a"[..], &[0; 500]].concat();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body)
    });
    let (ran, _) = server.check(GREETING, &[]);
    let ran = ran.ends(1);
    tells(
        &ran,
        "body has the `Content-Encoding: gzip`, which the request did not ask for",
    );
    let heads = server.heads.lock().unwrap();
    assert!(!heads.is_empty());
    for head in heads.iter() {
        assert!(
            !head.to_ascii_lowercase().contains("accept-encoding"),
            "{head}"
        );
    }
}

/// A server that answers everything with that body.
pub(crate) fn answering(content_type: &'static str, body: Vec<u8>) -> Hostile {
    let body = Arc::new(body);
    Hostile::new(move |stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body)
    })
}

fn json_bombs() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (body, told) in [
        ("[".repeat(1_000_000), "no JSON: recursion limit"),
        (nested(129), "no JSON: recursion limit"),
        // As many as are read: an array has no members.
        (
            format!("[{}0]", "0,".repeat(500_000)),
            "actual nothing (absent)",
        ),
        // More than that is not judged at all: that is no finding.
        (
            format!("[{}0]", "0,".repeat(7_000_000)),
            "the body is not judged: it has more than",
        ),
        (
            format!("{{{}\"a\":0}}", "\"a\":{\"a\":0},".repeat(200_000)),
            "no JSON: the member `a` stands twice",
        ),
        // Each with a name of its own.
        (
            format!(
                "{{{}\"a\":0}}",
                (0..200_000)
                    .map(|n| format!("\"k{n}\":0,"))
                    .collect::<String>()
            ),
            "actual nothing (absent)",
        ),
        (
            format!("{{\"name\":{}}}", "9".repeat(10_000_000)),
            "number out of range",
        ),
        (
            "{\"name\":1e999999999,\"text\":1}".to_owned(),
            "number out of range",
        ),
        (
            format!(
                "{{\"text\":7,\"name\":\"{}\"}}",
                "\\u0000".repeat(2_000_000)
            ),
            "actual \"\\u{0}\\u{0}",
        ),
    ] {
        let server = answering("application/json", body.into_bytes());
        let (ran, _) = server.check(GREETING, &["--timeout", "60s"]);
        let not_judged = told.contains("not judged");
        let ran = ran.ends(if not_judged { 3 } else { 1 });
        tells(&ran, told);
        assert!(
            ran.stdout.len() < 1 << 20,
            "{} bytes are told",
            ran.stdout.len()
        );
    }
}

fn xml_bombs() {
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><l>&b;</l>";
    let space = "http://schemas.microsoft.com/HPCS2008R2/common";
    let list = |inner: &str| format!("<ArrayOfObject xmlns=\"{space}\">{inner}</ArrayOfObject>");
    let many = |what: fn(usize) -> String| (0..100_000).map(what).collect::<String>();
    for (body, told) in [
        (laughs.to_owned(), "DTD"),
        (laughs.replace("<!DOCTYPE", "<!doctype"), "no XML"),
        (list("&b;"), "entity &b; is not declared"),
        ("<a>".repeat(1_000_000), "nested more than 64 deep"),
        ("<a>".repeat(65), "nested more than 64 deep"),
        // Many siblings are no harm; that they are no objects is what is wrong.
        (list(&"<a/>".repeat(200_000)), "element a"),
        (list(&"<Object/>".repeat(200_000)), "member Properties"),
        (
            list(&"<a/>".repeat(3_900_000)),
            "the body is not judged: it has more than",
        ),
        (
            list(&format!("<a {}/>", many(|n| format!("a{n}='' ")))),
            "element a",
        ),
        (
            list(&format!("<a {}/>", "a='' ".repeat(2_000_000))),
            "stands twice",
        ),
        (
            list(&format!(
                "<a {}/>",
                many(|n| format!("xmlns:a{n}='u:{n}' "))
            )),
            "namespaces are declared",
        ),
        (list(&many(|n| format!("<a{n}/>"))), "element a0"),
        (list(&"x".repeat(8_000_000)), "(8000000 characters)"),
        (list(&"&lt;".repeat(1_000_000)), "(1000000 characters)"),
        (
            list(&"<![CDATA[]]>x".repeat(1_000_000)),
            "(1000000 characters)",
        ),
    ] {
        let server = answering("application/xml; charset=utf-8", body.into_bytes());
        let (ran, _) = server.check("hpc-pack/node/list", &["--timeout", "60s"]);
        let not_judged = told.contains("not judged");
        let ran = ran.ends(if not_judged { 3 } else { 1 });
        tells(&ran, told);
        assert!(
            ran.stdout.len() < 1 << 20,
            "{} bytes are told",
            ran.stdout.len()
        );
    }
}

/// Hands everything on, and what the server says only up to so many bytes of each connection.
fn cutting(upstream: &str, after: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let upstream = upstream.trim_start_matches("https://").to_owned();
    let cuts = Arc::new(AtomicUsize::new(0));
    let counted = cuts.clone();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(mut server) = TcpStream::connect(&upstream) else {
                return;
            };
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut from, &mut to));
            let cuts = counted.clone();
            thread::spawn(move || {
                let mut left = after;
                let mut buffer = [0; 4096];
                while left > 0 {
                    let most = left.min(buffer.len());
                    match server.read(&mut buffer[..most]) {
                        Ok(length @ 1..) if client.write_all(&buffer[..length]).is_ok() => {
                            left -= length;
                        }
                        _ => return,
                    }
                }
                cuts.fetch_add(1, SeqCst);
                // Both sides of it, or the thread above holds it open.
                let _ = client.shutdown(std::net::Shutdown::Both);
                let _ = server.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (url, cuts)
}

fn broken_tls() {
    let server = Serving::start(["hpc-pack", "--tls"]);
    let mut told = Vec::new();
    // Within the first record, the handshake, and what comes behind it.
    for after in [1, 60, 300, 700, 1_000, 1_300, 1_600, 2_000, 2_600, 4_000] {
        let (url, cuts) = cutting(&server.url, after);
        let (ran, _) = watched(&mut command([
            "check",
            "hpc-pack/node",
            "--url",
            &url,
            "--insecure",
            "--timeout",
            "10s",
            "--can",
            "all",
        ]));
        assert!(
            cuts.load(SeqCst) > 0,
            "nothing was cut after {after} bytes: {}",
            ran.all()
        );
        assert!(matches!(ran.code, 1 | 3), "after {after}: {}", ran.all());
        assert!(!ran.stderr.contains("panicked"), "{}", ran.all());
        told.push(ran.code);
    }
    assert!(told.contains(&3), "no handshake was cut: {told:?}");
    assert!(told.contains(&1), "no reply was cut: {told:?}");
}
