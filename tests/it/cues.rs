//! What goes wrong on cue, as clients see it: on raw sockets, with curl, with Python, and from outside.

use crate::{
    Case,
    program::{Serving, folder, wireproof, write},
};
use serde_json::Value;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[
    (
        "every example of the documentation shows what clients get",
        &[],
        documentation,
    ),
    (
        "all mistakes in a file of cues are told and nothing is served",
        &[],
        mistakes,
    ),
    (
        "a suite without a mock of its own is struck too",
        &[],
        documented,
    ),
];

pub(crate) const PROTOCOL: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

/// Starts a mock with a file of cues.
pub(crate) fn cued(suite: &str, cues: &str, more: &[&str]) -> Serving {
    let folder = folder();
    let file = write(folder.path().join("cues.yaml"), cues);
    Serving::start([&[suite, "--cues", &file], more].concat())
}

pub(crate) fn address(url: &str) -> &str {
    url.strip_prefix("http://").unwrap()
}

/// What came over a connection, and how it ended: `closed`, `reset`, or `open` where nothing more came.
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: &'static str,
    pub(crate) took: Duration,
}

/// Sends bytes, and reads until the reply is complete, the connection ends, or nothing more comes.
pub(crate) fn talk(url: &str, request: &[u8]) -> Seen {
    talk_for(url, request, Duration::from_millis(700))
}

/// The same, waiting that long for more.
pub(crate) fn talk_for(url: &str, request: &[u8], wait: Duration) -> Seen {
    let mut tcp = TcpStream::connect(address(url)).unwrap();
    let begun = Instant::now();
    tcp.set_read_timeout(Some(wait)).unwrap();
    tcp.write_all(request).unwrap();
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let end = match tcp.read(&mut piece) {
            Ok(0) => "closed",
            Ok(read) => {
                bytes.extend_from_slice(&piece[..read]);
                continue;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset",
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                "open"
            }
            Err(error) => panic!("{error}"),
        };
        let took = begun.elapsed();
        return Seen { bytes, end, took };
    }
}

impl Seen {
    pub(crate) fn head(&self) -> Option<(&str, &[u8])> {
        let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.bytes[..end]).ok()?;
        head.starts_with("HTTP/")
            .then(|| (head, &self.bytes[end + 4..]))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (head, _) = self.head()?;
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn status(&self) -> u16 {
        let (head, _) = self.head().unwrap_or_else(|| panic!("{}", self.told()));
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.head().unwrap().1).unwrap()
    }

    /// In the words of the documentation.
    pub(crate) fn told(&self) -> String {
        let Some((head, body)) = self.head() else {
            return match (self.bytes.len(), self.end) {
                (0, "open") => "silence".to_owned(),
                (0, end) => format!("{end} before the head"),
                (bytes, end) => format!("{bytes} bytes that are no HTTP, {end}"),
            };
        };
        let status = head.lines().next().unwrap().split_once(' ').unwrap().1;
        let length = self.field("Content-Length").unwrap_or("?");
        let mut told = format!("{status}, {} of {length} bytes", body.len());
        if self.end != "open" {
            told += ", ";
            told += self.end;
        }
        told
    }
}

pub(crate) fn packet(kind: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "BITS_POST /up.bin HTTP/1.1\r\nHost: x\r\nBITS-Packet-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn create() -> Vec<u8> {
    let offered = format!("BITS-Supported-Protocols: {PROTOCOL}\r\n");
    packet("Create-Session", &offered, b"")
}

pub(crate) fn fragment(session: &str, range: &str) -> Vec<u8> {
    let (span, _) = range.split_once('/').unwrap();
    let (first, last) = span.split_once('-').unwrap();
    let length = last.parse::<usize>().unwrap() + 1 - first.parse::<usize>().unwrap();
    let more = format!("BITS-Session-Id: {session}\r\nContent-Range: bytes {range}\r\n");
    packet("Fragment", &more, &vec![b'x'; length])
}

/// Blocks of a language with the block of `text` behind each.
fn examples(document: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in document.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    let pairs = blocks.windows(2).filter_map(|pair| match pair {
        [(yaml, cues), (text, shown)] if yaml == "yaml" && text == "text" => {
            Some((cues.clone(), shown.clone()))
        }
        _ => None,
    });
    pairs.collect()
}

fn documentation() {
    let document = include_str!("../../docs/cues.md");
    let examples = examples(document);
    assert_eq!(examples.len(), document.matches("```yaml").count());
    let mut wrong = Vec::new();
    for (cues, shown) in examples {
        let hpc = shown.contains("WindowsHPC");
        let serving = cued(if hpc { "hpc-pack" } else { "bits-upload" }, &cues, &[]);
        let mut session = String::new();
        for line in shown.lines() {
            let (asked, expected) = line.split_once(": ").unwrap();
            let request = match asked.split_once(' ') {
                Some(("Fragment", range)) => fragment(&session, range),
                Some((method, path)) => {
                    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
                }
                None if asked == "Create" => create(),
                None => packet(asked, "", b""),
            };
            let seen = talk(&serving.url, &request);
            if asked == "Create" {
                session = seen.field("BITS-Session-Id").unwrap().to_owned();
            }
            let (expected, least) = match expected.rsplit_once(", after ") {
                Some((expected, time)) => {
                    let millis = time.strip_suffix(" ms").unwrap().parse().unwrap();
                    (expected, Duration::from_millis(millis))
                }
                None => (expected, Duration::ZERO),
            };
            // A connection that was left open is waited for, and that is no time of the cue's.
            let waited = if seen.end == "open" { 700 } else { 0 };
            let took = seen.took.saturating_sub(Duration::from_millis(waited));
            if seen.told() != expected || took < least {
                wrong.push(format!(
                    "{asked}: {} after {took:?}, not {expected}",
                    seen.told()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn mistakes() {
    let folder = folder();
    let at = |name: &str, text: &str| write(folder.path().join(name), text);
    let file = at(
        "cues.yaml",
        "cues:\n  - on: { operation: fragmnt }\n    do: { cut: 1, reset: before-head }\n  - do: { fault: no-session }\n    comit: after\n",
    );
    let ran = wireproof(["serve", "bits-upload", "--cues", &file])
        .ends(2)
        .says("4 mistakes in the input")
        .says("cues.yaml:2:22")
        .says("did you mean `fragment`?")
        .says("cues.yaml:3:19")
        .says("cues.yaml:4:18")
        .says("did you mean `no-session-id`?")
        .says("cues.yaml:5:5")
        .says("did you mean `commit`?");
    assert_eq!(ran.stdout, "");
    let other = at("other.yaml", "contract: hpc-pack\ncues: []\n");
    wireproof(["serve", "bits-upload", "--cues", &other])
        .ends(2)
        .says("the cues are for `hpc-pack`, and `bits-upload` is served");
    wireproof(["serve", "bits-upload", "--cues", "no-such-file.yaml"])
        .ends(2)
        .says("there is no such file");
    wireproof([
        "serve",
        "bits-upload",
        "--admin-token-env",
        "NO_SUCH_VARIABLE_HERE",
    ])
    .ends(2)
    .says("`NO_SUCH_VARIABLE_HERE` is not set");
    wireproof(["schema", "cues"])
        .ends(0)
        .shows("\"Cues of wireproof\"");
    wireproof(["serve", "bits-upload", "--help-settings"])
        .ends(0)
        .shows("documented faults")
        .shows("session-not-found");
}

fn documented() {
    let cues = "contract: greeting\ncues:\n  - on: { operation: greet }\n    do: { reply: { status: 503 } }\n";
    let serving = cued("examples/greeting", cues, &[]);
    let greet = talk(
        &serving.url,
        b"GET /greetings/anna HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(greet.status(), 503, "{}", greet.told());
    let folder = folder();
    let file = write(
        folder.path().join("cues.yaml"),
        "cues: [{ do: { fault: none } }]",
    );
    wireproof(["serve", "examples/greeting", "--cues", &file])
        .ends(2)
        .says("`none` is no documented fault of `greeting`");
}
