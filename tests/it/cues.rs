//! What goes wrong on cue, as clients see it: on raw sockets, with curl, with Python, and from outside.

use crate::{
    Case,
    program::{Serving, command, curl, folder, run, wireproof, write},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    process::Command,
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
        "cues are placed, seen and taken away from outside",
        &[],
        from_outside,
    ),
    (
        "the admin interface beyond this machine wants its token",
        &[],
        token,
    ),
    (
        "sessions are dropped, the clock moved and everything reset from outside",
        &[],
        led,
    ),
    (
        "after a restart a data folder has its sessions and a head node no jobs",
        &[],
        restart,
    ),
    (
        "a session of a head node is lost on cue and from outside",
        &[],
        lost_session,
    ),
    (
        "a suite without a mock of its own is struck too",
        &[],
        documented,
    ),
    ("curl gets what each cue sends", &["curl"], curl_gets),
    (
        "curl retries until it has its reply",
        &["curl"],
        curl_retries,
    ),
    (
        "curl goes on with a download where it was cut",
        &["curl"],
        curl_continues,
    ),
    (
        "python requests and its retries meet every break",
        &["python3", "requests"],
        python_requests,
    ),
    (
        "a resuming bits client goes on from the right offset",
        &["python3"],
        resuming,
    ),
];

const PROTOCOL: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

/// Starts a mock with a file of cues.
fn cued(suite: &str, cues: &str, more: &[&str]) -> Serving {
    let folder = folder();
    let file = write(folder.path().join("cues.yaml"), cues);
    Serving::start([&[suite, "--cues", &file], more].concat())
}

fn address(url: &str) -> &str {
    url.strip_prefix("http://").unwrap()
}

/// What came over a connection, and how it ended: `closed`, `reset`, or `open` where nothing more came.
struct Seen {
    bytes: Vec<u8>,
    end: &'static str,
    took: Duration,
}

/// Sends bytes, and reads until the reply is complete, the connection ends, or nothing more comes.
fn talk(url: &str, request: &[u8]) -> Seen {
    let mut tcp = TcpStream::connect(address(url)).unwrap();
    let begun = Instant::now();
    tcp.set_read_timeout(Some(Duration::from_millis(700)))
        .unwrap();
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
    fn head(&self) -> Option<(&str, &[u8])> {
        let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.bytes[..end]).ok()?;
        head.starts_with("HTTP/")
            .then(|| (head, &self.bytes[end + 4..]))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let (head, _) = self.head()?;
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn status(&self) -> u16 {
        let (head, _) = self.head().unwrap_or_else(|| panic!("{}", self.told()));
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(self.head().unwrap().1).unwrap()
    }

    /// In the words of the documentation.
    fn told(&self) -> String {
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

fn packet(kind: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "BITS_POST /up.bin HTTP/1.1\r\nHost: x\r\nBITS-Packet-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn create() -> Vec<u8> {
    let offered = format!("BITS-Supported-Protocols: {PROTOCOL}\r\n");
    packet("Create-Session", &offered, b"")
}

fn fragment(session: &str, range: &str) -> Vec<u8> {
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

/// A request to the admin interface.
fn admin(url: &str, method: &str, path: &str, body: &str) -> Seen {
    let host = address(url);
    admin_with(url, method, path, body, &format!("Host: {host}\r\n"))
}

fn admin_with(url: &str, method: &str, path: &str, body: &str, headers: &str) -> Seen {
    let length = body.len();
    let request = format!(
        "{method} /__wireproof{path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    talk(url, request.as_bytes())
}

fn from_outside() {
    let serving = Serving::start(["hpc-pack"]);
    let url = &serving.url;
    let body = r#"{"cues": [
        {"on": {"operation": "get-version", "nth": 2}, "do": {"reset": "before-head"}},
        {"on": {"header": {"X-Test": "yes"}}, "do": {"fault": "internal-error"}}
    ]}"#;
    let placed = admin(url, "POST", "/cues", body);
    assert_eq!(
        (placed.status(), placed.json()),
        (201, json!({ "ids": [1, 2] }))
    );
    let get = |more: &str| {
        let request = format!(
            "GET /WindowsHPC/Version?api-version=2012-11-01.4.0 HTTP/1.1\r\nHost: x\r\n{more}\r\n"
        );
        talk(url, request.as_bytes()).told()
    };
    let right = get("Authorization: Basic aGFuczpnZWhlaW0=\r\n");
    assert!(right.starts_with("200 OK"), "{right}");
    assert_eq!(get(""), "reset before the head");
    assert!(get("X-Test: yes\r\n").starts_with("500 Internal Server Error"));

    let cues = admin(url, "GET", "/cues", "").json();
    let counts = cues["cues"].as_array().unwrap().iter();
    let counts: Vec<_> = counts
        .map(|cue| (cue["fitted"].clone(), cue["struck"].clone()))
        .collect();
    assert_eq!(counts, [(json!(3), json!(1)), (json!(1), json!(1))]);

    let unmatched = admin(url, "GET", "/unmatched", "").json();
    let one = &unmatched["requests"][0];
    assert_eq!(one["operation"], "get-version");
    assert_eq!(one["request"]["header"]["Authorization"], "Basic ***");
    assert_eq!(
        one["spared"],
        json!([
            { "cue": 1, "because": ["nth: this is number 1 of the requests that fit"] },
            { "cue": 2, "because": ["header X-Test: yes is asked, absent came"] },
        ])
    );

    let journal = |query: &str| {
        let seen = admin(url, "GET", &format!("/journal{query}"), "");
        let entries = seen.json()["entries"].as_array().unwrap().clone();
        let numbers = entries
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(journal(""), [1, 2, 3]);
    assert_eq!(journal("?operation=get-version&status=200"), [1, 2]);
    assert_eq!(journal("?ending=struck"), [2]);
    assert_eq!(journal("?status=500&path=/WindowsHPC/{what}"), [3]);
    assert_eq!(journal("?method=PUT"), [0; 0]);
    assert_eq!(journal("?after=1&limit=1"), [3]);
    let all = admin(url, "GET", "/journal", "");
    assert!(!String::from_utf8_lossy(&all.bytes).contains("aGFuczpnZWhlaW0="));

    assert_eq!(admin(url, "DELETE", "/cues/2", "").status(), 204);
    assert!(get("X-Test: yes\r\n").starts_with("200 OK"));
    let wrong = admin(
        url,
        "POST",
        "/cues",
        "{\"cues\": [{\"do\": {\"cutt\": 1}}]}",
    );
    assert_eq!(wrong.status(), 400);
    assert_eq!(wrong.json()["problems"][0]["help"], "did you mean `cut`?");
    assert_eq!(admin(url, "DELETE", "/journal", "").status(), 204);
    assert_eq!(journal(""), [0; 0]);

    // A page of somebody else's gets nowhere, whatever name it has for this machine.
    for headers in [
        "Host: rebound.example\r\n".to_owned(),
        format!("Host: {}\r\nOrigin: http://evil.example\r\n", address(url)),
    ] {
        let seen = admin_with(url, "GET", "/cues", "", &headers);
        assert_eq!(seen.status(), 403, "{headers}");
    }
    // Without any Host it is no request of HTTP/1.1 at all.
    assert_eq!(admin_with(url, "GET", "/cues", "", "").status(), 400);
    let closed = Serving::start(["hpc-pack", "--no-admin"]);
    assert_eq!(admin(&closed.url, "GET", "/cues", "").status(), 404);
}

fn token() {
    let listening = [
        "serve",
        "bits-upload",
        "--listen",
        "0.0.0.0:0",
        "--allow-open",
    ];
    let here = |serving: &Serving| serving.url.replace("0.0.0.0", "127.0.0.1");
    let open = Serving::of(&mut command(listening));
    assert_eq!(admin(&here(&open), "GET", "/", "").status(), 404);

    let mut guarded = command(listening);
    guarded.args([
        "--admin-token-env",
        "WIREPROOF_TOKEN",
        "--admin-host",
        "mock.test",
    ]);
    let guarded = Serving::of(guarded.env("WIREPROOF_TOKEN", "s3cret-token"));
    let url = here(&guarded);
    let ask = |headers: &str| admin_with(&url, "GET", "/", "", headers).status();
    assert_eq!(ask("Host: 127.0.0.1\r\n"), 403);
    assert_eq!(
        ask("Host: 127.0.0.1\r\nAuthorization: Bearer s3cret\r\n"),
        403
    );
    let right = "Authorization: Bearer s3cret-token\r\n";
    assert_eq!(ask(&format!("Host: 127.0.0.1\r\n{right}")), 200);
    assert_eq!(ask(&format!("Host: mock.test:80\r\n{right}")), 200);
    assert_eq!(ask(&format!("Host: evil.example\r\n{right}")), 403);
    let mut empty = command([
        "serve",
        "bits-upload",
        "--admin-token-env",
        "WIREPROOF_TOKEN",
    ]);
    run(empty.env("WIREPROOF_TOKEN", ""))
        .ends(2)
        .says("is empty");
}

fn opened(url: &str) -> String {
    let created = talk(url, &create());
    created.field("BITS-Session-Id").unwrap().to_owned()
}

fn led() {
    let serving = Serving::start(["bits-upload"]);
    let url = &serving.url;
    let sent = |session: &str, range: &str| talk(url, &fragment(session, range)).status();
    let session = opened(url);
    assert_eq!(sent(&session, "0-9/30"), 200);
    let dropped = admin(url, "DELETE", &format!("/sessions/{session}"), "");
    assert_eq!(
        (dropped.status(), dropped.json()),
        (200, json!({ "dropped": 1 }))
    );
    assert_eq!(sent(&session, "10-19/30"), 500);
    assert_eq!(
        admin(url, "DELETE", &format!("/sessions/{session}"), "").status(),
        404
    );

    // Fourteen days are what a session lasts without progress.
    let session = opened(url);
    assert_eq!(sent(&session, "0-9/30"), 200);
    let clock = || -> String { admin(url, "GET", "/clock", "").json()["now"].to_string() };
    let before = clock();
    let moved = admin(url, "POST", "/clock", "{\"advance\": \"15d\"}");
    assert_eq!(moved.json()["held"], false);
    assert!(clock()[..11] > before[..11], "{before} {}", clock());
    assert_eq!(sent(&session, "10-19/30"), 500);

    let (session, other) = (opened(url), opened(url));
    assert_eq!(sent(&session, "0-29/30"), 200);
    let close = packet(
        "Close-Session",
        &format!("BITS-Session-Id: {session}\r\n"),
        b"",
    );
    assert_eq!(talk(url, &close).status(), 200);
    let file = || talk(url, b"GET /up.bin HTTP/1.1\r\nHost: x\r\n\r\n").status();
    assert_eq!(file(), 200);
    admin(
        url,
        "POST",
        "/cues",
        "cues: [{ on: { operation: ping }, do: { cut: 0 } }]",
    );
    assert_eq!(admin(url, "POST", "/reset", "").status(), 204);
    assert_eq!(
        admin(url, "GET", "/journal", "").json()["entries"],
        json!([])
    );
    assert_eq!(admin(url, "GET", "/cues", "").json(), json!({ "cues": [] }));
    assert_eq!(
        admin(url, "GET", "/unmatched", "").json(),
        json!({ "requests": [] })
    );
    assert_eq!((file(), sent(&other, "0-9/30")), (404, 500));
}

fn restart() {
    let folder = folder();
    let data = folder.path().join("data");
    let serving = Serving::start(["bits-upload", "--data-dir", data.to_str().unwrap()]);
    let url = &serving.url;
    let session = opened(url);
    assert_eq!(talk(url, &fragment(&session, "0-9/30")).status(), 200);
    // A kept connection ends with the old life.
    let mut kept = TcpStream::connect(address(url)).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    kept.write_all(&packet("Ping", "", b"")).unwrap();
    assert!(kept.read(&mut [0; 512]).unwrap() > 0);
    assert_eq!(admin(url, "POST", "/restart", "").status(), 204);
    assert_eq!(kept.read(&mut [0; 512]).unwrap(), 0);
    assert_eq!(talk(url, &fragment(&session, "10-19/30")).status(), 200);

    let serving = Serving::start(["hpc-pack"]);
    let url = &serving.url;
    let job = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"/>";
    let length = job.len();
    let create = format!(
        "POST /WindowsHPC/Jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{job}"
    );
    assert_eq!(talk(url, create.as_bytes()).status(), 200);
    let ask = || talk(url, b"GET /WindowsHPC/Job/1 HTTP/1.1\r\nHost: x\r\n\r\n").status();
    assert_eq!(ask(), 200);
    assert_eq!(admin(url, "POST", "/restart", "").status(), 204);
    assert_eq!(ask(), 404);
}

fn lost_session() {
    let cues = "cues: [{ on: { operation: attach-session, nth: 2 }, do: { drop-session: true }, commit: after }]\n";
    let serving = cued("hpc-pack", cues, &[]);
    let url = &serving.url;
    let start = r#"{"MaxMessageSize":65536,"Password":"s3cret!","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"HPC\\me"}"#;
    let ask = |method: &str, path: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{method} /WindowsHPC{path}?durable=False HTTP/1.1\r\nHost: x\r\napi-version: 2012-11-01.4.0\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        talk(url, request.as_bytes())
    };
    for time in 1..=2 {
        let created = ask("POST", "/Sessions/Create", start);
        assert_eq!(created.status(), 201);
        // Its body comes in chunks.
        let told = String::from_utf8_lossy(&created.bytes);
        let id = told.split("\"Id\":").nth(1).unwrap();
        let id = id.split(',').next().unwrap();
        let attach = format!("/Session/{id}/Attach");
        assert_eq!(ask("GET", &attach, "").status(), 200);
        if time == 2 {
            let dropped = admin(url, "DELETE", &format!("/sessions/{id}"), "");
            assert_eq!(dropped.json(), json!({ "dropped": 1 }));
        }
        let gone = ask("GET", &attach, "");
        assert_eq!(
            (gone.status(), &gone.json()["Code"]),
            (404, &json!(50_331_649))
        );
    }
    let journal = admin(url, "GET", "/journal?operation=create-session", "");
    assert!(!String::from_utf8_lossy(&journal.bytes).contains("s3cret!"));
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

/// Each break, and what it is to curl: its exit code.
const BREAKS: [(&str, i32); 9] = [
    ("{ close: before-head }", 52),
    ("{ reset: before-head }", 56),
    ("{ close: after-head }", 18),
    ("{ reset: 10 }", 56),
    ("{ cut: 17 }", 18),
    ("{ content-length: 999 }", 18),
    ("{ garbage: \"no HTTP at all\" }", 1),
    ("{ stall: before-head }", 28),
    ("{ upload: { read: 0, then: reset } }", 56),
];

/// Cues that strike each second of the requests that fit, each with another break.
fn breaks() -> String {
    let cues = BREAKS.iter().enumerate().map(|(at, (what, _))| {
        let nth = 2 * at + 1;
        format!("  - on: {{ operation: get-job-list, nth: {nth} }}\n    do: {what}\n")
    });
    format!("cues:\n{}", cues.collect::<String>())
}

fn curl_gets() {
    let serving = cued("hpc-pack", &breaks(), &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    for (what, code) in BREAKS {
        let broken = curl(&["--max-time", "2", &url]);
        assert_eq!(broken.code, code, "{what}: {}", broken.all());
        curl(&[&url]).ends(0).shows("HTTP/1.1 200 OK");
    }
    let cues = "cues:\n  - do: { reply: { status: 503, header: { Retry-After: \"1\", X-Why: [a, b] }, body: wait } }\n";
    let serving = cued("hpc-pack", cues, &[]);
    let got = curl(&[&serving.url]).ends(0).stdout;
    assert!(
        got.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{got}"
    );
    for field in [
        "Retry-After: 1\r\n",
        "X-Why: a\r\n",
        "X-Why: b\r\n",
        "Content-Length: 4\r\n",
    ] {
        assert!(got.contains(field), "{field} in {got}");
    }
    assert!(got.ends_with("\r\n\r\nwait"), "{got}");
}

fn curl_retries() {
    let mut cues = breaks();
    cues += "  - on: { operation: get-version, times: 2 }\n    do: { reply: { status: 503 } }\n";
    let serving = cued("hpc-pack", &cues, &[]);
    let jobs = format!("{}/WindowsHPC/Jobs", serving.url);
    let retry = ["--retry", "2", "--retry-delay", "0", "--max-time", "2"];
    for (what, _) in BREAKS {
        let ran = curl(
            &[
                &retry[..],
                &["--retry-all-errors", "--retry-max-time", "20", &jobs],
            ]
            .concat(),
        );
        assert_eq!(ran.code, 0, "{what}: {}", ran.all());
        assert!(
            ran.stdout.contains("HTTP/1.1 200 OK"),
            "{what}: {}",
            ran.all()
        );
    }
    let version = format!(
        "{}/WindowsHPC/Version?api-version=2012-11-01.4.0",
        serving.url
    );
    // A status of that kind is tried again without being asked for.
    let ran = curl(&["--retry", "2", "--retry-delay", "1", &version]).ends(0);
    assert!(ran.stdout.contains("HTTP/1.1 200 OK"), "{}", ran.all());
    let journal = admin(&serving.url, "GET", "/journal?operation=get-version", "").json();
    let statuses: Vec<&Value> = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["reply"]["status"])
        .collect();
    assert_eq!(statuses, [503, 503, 200]);
    let journal = admin(&serving.url, "GET", "/journal?operation=get-job-list", "").json();
    assert_eq!(
        journal["entries"].as_array().unwrap().len(),
        2 * BREAKS.len()
    );
}

fn curl_continues() {
    let cues = "cues:\n  - on: { operation: fetch, nth: 1 }\n    do: { cut: 40000 }\n  - on: { operation: fetch, nth: 2 }\n    do: { reset: 30000 }\n";
    let serving = cued("bits-upload", cues, &[]);
    let session = opened(&serving.url);
    let data: Vec<u8> = (0..100_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    let more = format!("BITS-Session-Id: {session}\r\nContent-Range: bytes 0-99999/100000\r\n");
    assert_eq!(
        talk(&serving.url, &packet("Fragment", &more, &data)).status(),
        200
    );
    let close = packet(
        "Close-Session",
        &format!("BITS-Session-Id: {session}\r\n"),
        b"",
    );
    assert_eq!(talk(&serving.url, &close).status(), 200);

    let folder = folder();
    let file = folder.path().join("fetched");
    let url = format!("{}/up.bin", serving.url);
    let go_on = || {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--noproxy",
            "*",
            "--max-time",
            "20",
            "--continue-at",
            "-",
        ]);
        let ran = run(curl.arg("--output").arg(&file).arg(&url));
        (ran.code, fs::read(&file).unwrap_or_default())
    };
    let (code, got) = go_on();
    assert_eq!((code, got.len()), (18, 40_000));
    let (code, got) = go_on();
    // What a reset finds unread may be lost, never wrong.
    assert!(
        code == 56 && (40_000..=70_000).contains(&got.len()),
        "{code} {}",
        got.len()
    );
    assert!(data.starts_with(&got));
    let (code, got) = go_on();
    assert!(code == 0 && got == data, "{code} {}", got.len());
}

/// A script of the folder `clients`, and the JSON that it prints.
fn python(script: &str, arguments: &[&str]) -> Value {
    let path = format!("{}/tests/it/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    run(Command::new("python3").arg(path).args(arguments))
        .ends(0)
        .json()
}

fn python_requests() {
    let cues = breaks();
    let serving = cued("hpc-pack", &cues, &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    let plain = python("retrying.py", &["plain", &url, "9"]);
    // In the words of urllib3, as requests hands them on.
    let expected = json!([
        ["ConnectionError", "RemoteDisconnected"],
        ["ConnectionError", "ConnectionResetError"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ChunkedEncodingError", "ConnectionResetError"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ConnectionError", "BadStatusLine"],
        ["ReadTimeout", "ReadTimeoutError"],
        ["ConnectionError", "ConnectionResetError"],
    ]);
    assert_eq!(plain, expected);

    let cues = "cues:
  - on: { operation: get-job-list, nth: 1 }
    do: { reset: before-head }
  - on: { operation: get-job-list, nth: 2 }
    do: { close: before-head }
  - on: { operation: get-job-list, nth: 3 }
    do: { garbage: \"no HTTP at all\" }
  - on: { operation: get-job-list, nth: 4 }
    do: { reply: { status: 503, header: { Retry-After: \"1\" } } }
  - on: { operation: get-job-list, nth: 5 }
    do: { stall: before-head }
";
    let serving = cued("hpc-pack", cues, &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    let retried = python("retrying.py", &["retry", &url, "5"]);
    assert_eq!(retried["status"], 200, "{retried}");
    assert_eq!(retried["retries"], 5, "{retried}");
    let took = retried["seconds"].as_f64().unwrap();
    assert!(took >= 1.0, "Retry-After is honoured: {retried}");
    let journal = admin(&serving.url, "GET", "/journal?operation=get-job-list", "").json();
    assert_eq!(journal["entries"].as_array().unwrap().len(), 6);
}

fn resuming() {
    // What strikes the second fragment of 1000 bytes, and the offset that the server then tells.
    let table = [
        ("{ reset: before-head }", "before", 2_000),
        ("{ reset: before-head }", "after", 1_000),
        ("{ close: before-head }", "before", 2_000),
        ("{ close: before-head }", "after", 1_000),
        ("{ upload: { read: 400, then: reset } }", "before", 1_400),
        ("{ upload: { read: 400, then: reset } }", "after", 1_000),
        ("{ upload: { read: 400, then: close } }", "before", 1_400),
        ("{ upload: { read: 400, then: close } }", "after", 1_000),
        ("{ upload: { read: 0, then: stall } }", "before", 1_000),
        ("{ stall: before-head }", "before", 2_000),
        ("{ stall: before-head }", "after", 1_000),
        ("{ garbage: oops }", "before", 2_000),
        ("{ fault: storage }", "after", 1_000),
        ("{ fault: storage }", "before", 2_000),
        ("{ restart: true, reset: before-head }", "before", 2_000),
        ("{ restart: true, reset: before-head }", "after", 1_000),
    ];
    for (what, commit, offset) in table {
        let cues = format!(
            "cues:\n  - on: {{ operation: fragment, nth: 2 }}\n    do: {what}\n    commit: {commit}\n"
        );
        let folder = folder();
        let data = folder.path().join("data");
        let serving = cued(
            "bits-upload",
            &cues,
            &["--data-dir", data.to_str().unwrap()],
        );
        let saw = python(
            "bits_cued.py",
            &[&format!("{}/up.bin", serving.url), "4500", "1000"],
        );
        assert_eq!(saw["same"], true, "{what} {commit}: {saw}");
        assert_eq!(saw["resumed"], json!([offset]), "{what} {commit}: {saw}");
    }
}
