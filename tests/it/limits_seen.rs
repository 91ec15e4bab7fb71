//! Every limit, set low and reached: the answer is the one that `docs/limits.md` tells, and without the limit it is not given.

use crate::{
    Case, SAID,
    cues::{PROTOCOL, Seen, cued, fragment, packet, talk_for},
    program::{Serving, folder, pause},
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[(
    "every limit of docs/limits.md is reached, gives its answer, and gives it because it is set",
    &[],
    reached,
)];

/// A limit: the suite that is served, what is set beside it, its name and value, what a client gets, and how it gets there.
struct Row(
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
    fn(&Probe) -> String,
);

const HPC: &str = "hpc-pack";
const BITS: &str = "bits-upload";
const FULL: &str = "503 fault 267386880";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(BITS, &[], "connections", "1", "503 closed", second_connection),
    Row(BITS, &[], "head-bytes", "500", "431", long_head),
    Row(BITS, &[], "head-time", "200", "408 closed", half_a_head),
    Row(BITS, &[], "head-time", "200", "nothing closed", no_head),
    Row(BITS, &["--tls"], "head-time", "200", "nothing closed", no_head),
    Row(BITS, &[], "idle-time", "200", "404 closed", idle),
    Row(HPC, &[], "body-bytes", "100", FAULT_413, large_body),
    Row(BITS, &[], "body-idle", "200", "408 closed", half_a_body),
    Row(BITS, &["--data-dir", FOLDER], "write-idle", "200", "reset", reads_late),
    Row(HPC, &["--set", "body-idle=300"], "least-rate", "1000000", "408", trickles),
    Row(BITS, &["--data-dir", FOLDER, "--set", "write-idle=1500"], "least-rate", "4294967295", "reset", reads_slowly),
    Row(HPC, &[], "reply-memory", "100000", "503", second_reply_of_60_kilobytes),
    Row(HPC, &["--set", "body-memory=100"], "drain-bytes", "10", "503 fault 267386880 closed", unwanted_body),
    Row(HPC, &[], "grace", "200", "nothing closed", waits_while_it_stops),
    Row(BITS, &[], "journal-bytes", "3000", "the oldest are forgotten", journal),
    Row(HPC, &[], "body-limit", "100", FAULT_413, large_body),
    Row(HPC, &[], "body-memory", "100", FULL, large_body),
    Row(HPC, &[], "job-limit", "1", FULL, second_job),
    Row(HPC, &[], "task-limit", "1", FULL, second_task),
    Row(HPC, &[], "subtask-limit", "10", "Failed, and says why", sweep),
    Row(HPC, &[], "job-memory", "700", FULL, second_job),
    Row(HPC, &[], "session-limit", "1", "400 fault 33554432", second_session),
    Row(HPC, &[], "batch-limit", "1", "400 fault 33554448", second_batch),
    Row(HPC, &[], "batch-size-limit", "10", "400 fault 33554448", second_batch),
    Row(HPC, &[], "batch-memory", "10", "400 fault 33554448", second_batch),
    Row(BITS, &[], "max-upload-size", "10", "500 0x80200020", upload),
    Row(BITS, &["--set", "too-large=413"], "max-upload-size", "10", "413 0x80200020", upload),
    Row(BITS, &[], "max-fragment-size", "4", "413", upload),
    Row(BITS, &[], "session-timeout", "1", "500 0x8020001F", late_fragment),
    Row(BITS, &[], "sessions-per-user", "1", "500 0x8020001F", first_of_two_sessions),
    Row(BITS, &[], "max-sessions", "1", "503", second_upload),
    Row(BITS, &[], "disk-space", "5", "500 0x80070070", upload),
    Row(BITS, &[], "max-header-value", "100", "400 0x80070057", long_value),
    Row(BITS, &[], "max-url", "100", "414 0x80070057", long_url),
];

const FAULT_413: &str = "413 fault 267386880";

fn reached() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let table = fs::read_to_string(table).unwrap();
    let told = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: BTreeSet<_> = told.filter_map(|row| row.split('`').next()).collect();
    let seen: BTreeSet<_> = ROWS.iter().map(|row| row.2).collect();
    assert_eq!(told, seen, "a limit that nobody reaches here");
    // Most of them wait for a server, so few at a time are enough.
    let mut wrong = Vec::new();
    for rows in ROWS.chunks(4) {
        thread::scope(|scope| {
            let tried = rows.iter().map(|row| (row, scope.spawn(|| tried(row))));
            for (row, tried) in tried.collect::<Vec<_>>() {
                let (with, without) = tried.join().unwrap();
                if with.as_deref() != Ok(row.4) || without.as_deref() == Ok(row.4) {
                    let (name, value, expected) = (row.2, row.3, row.4);
                    wrong.push(format!(
                        "{name}={value}: {expected:?} expected, {with:?} came; without it {without:?}"
                    ));
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a client gets where the limit is set, and where it is not; or why its probe could not go on.
fn tried(row: &Row) -> (Result<String, String>, Result<String, String>) {
    let Row(suite, beside, name, value, _, probe) = row;
    let data = folder();
    fs::create_dir(data.path().join("files")).unwrap();
    let large = File::create(data.path().join("files/large")).unwrap();
    // Takes no room on the disk.
    large.set_len(256 << 20).unwrap();
    let path = data.path().to_str().unwrap();
    let beside = beside
        .iter()
        .map(|word| if *word == FOLDER { path } else { word });
    let beside: Vec<_> = beside.collect();
    let cues = CUES.replace("LONG", &"x".repeat(60_000));
    let get = |more: &[&str], patience| {
        let serving = cued(suite, &cues, &[&beside, more].concat());
        let server = Probe { serving, patience };
        catch_unwind(AssertUnwindSafe(|| probe(&server))).map_err(|_| SAID.take())
    };
    let set = format!("{name}={value}");
    (
        get(&["--set", &set], Duration::from_secs(20)),
        get(&[], Duration::from_millis(1_500)),
    )
}

/// Stands for a folder that holds a large file.
const FOLDER: &str = "FOLDER";

/// A reply that stands still on its way, the next one, and one that never comes.
const CUES: &str = r#"
cues:
  - on: { path: "/long", nth: 1 }
    do: { reply: { status: 200, body: LONG }, stall: { at: 10, for: 1h } }
  - on: { path: "/long" }
    do: { reply: { status: 200, body: LONG } }
  - on: { path: "/never" }
    do: { delay: 1h }
"#;

/// A server, and how long something of it is waited for.
struct Probe {
    serving: Serving,
    patience: Duration,
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

fn second_connection(probe: &Probe) -> String {
    let mut first = probe.connect();
    first.write_all(format!("{GET}\r\n").as_bytes()).unwrap();
    assert!(first.read(&mut [0; 100]).unwrap() > 0);
    ending(&probe.talk(b""))
}

fn long_head(probe: &Probe) -> String {
    let long = "x".repeat(600);
    answer(&probe.talk(format!("{GET}Connection: close\r\nA: {long}\r\n\r\n").as_bytes()))
}

fn half_a_head(probe: &Probe) -> String {
    ending(&probe.talk(GET.as_bytes()))
}

fn no_head(probe: &Probe) -> String {
    ending(&probe.talk(b""))
}

fn idle(probe: &Probe) -> String {
    ending(&probe.talk(format!("{GET}\r\n").as_bytes()))
}

fn half_a_body(probe: &Probe) -> String {
    ending(&probe.talk(b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"))
}

const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn reads_late(probe: &Probe) -> String {
    let mut tcp = probe.connect();
    tcp.write_all(LARGE).unwrap();
    for _ in 0..20 {
        pause();
    }
    read_all(tcp)
}

fn reads_slowly(probe: &Probe) -> String {
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
fn trickles(probe: &Probe) -> String {
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

fn second_reply_of_60_kilobytes(probe: &Probe) -> String {
    let ask = b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut first = probe.connect();
    first.write_all(ask).unwrap();
    // Its reply is on its way when some of it has come.
    assert!(first.read(&mut [0; 100]).unwrap() > 0);
    answer(&probe.talk(ask))
}

fn unwanted_body(probe: &Probe) -> String {
    ending(&probe.talk(&hpc("POST Jobs", &[], &" ".repeat(30_000))))
}

fn waits_while_it_stops(probe: &Probe) -> String {
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

fn journal(probe: &Probe) -> String {
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

fn large_body(probe: &Probe) -> String {
    answer(&asked(probe, "POST Jobs", &properties(&[("Name", "n")])))
}

fn second_job(probe: &Probe) -> String {
    asked(probe, "POST Jobs", "");
    answer(&asked(probe, "POST Jobs", ""))
}

fn second_task(probe: &Probe) -> String {
    asked(probe, "POST Jobs", "");
    let task = properties(&[("CommandLine", "echo")]);
    assert_eq!(asked(probe, "POST Job/1/Tasks", &task).status(), 200);
    answer(&asked(probe, "POST Job/1/Tasks", &task))
}

fn sweep(probe: &Probe) -> String {
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

fn second_session(probe: &Probe) -> String {
    assert_eq!(session(probe).status(), 201);
    answer(&session(probe))
}

fn second_batch(probe: &Probe) -> String {
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

fn upload(probe: &Probe) -> String {
    let session = created(probe);
    sent(probe, &session)
}

fn late_fragment(probe: &Probe) -> String {
    let session = created(probe);
    for _ in 0..24 {
        pause();
    }
    sent(probe, &session)
}

fn first_of_two_sessions(probe: &Probe) -> String {
    let first = created(probe);
    created(probe);
    sent(probe, &first)
}

fn second_upload(probe: &Probe) -> String {
    created(probe);
    answer(&probe.talk(&upload_packet()))
}

fn long_value(probe: &Probe) -> String {
    let long = format!(
        "Content-Name: {}\r\nBITS-Supported-Protocols: {}\r\nConnection: close\r\n",
        "n".repeat(101),
        PROTOCOL
    );
    answer(&probe.talk(&packet("Create-Session", &long, b"")))
}

fn long_url(probe: &Probe) -> String {
    let packet = String::from_utf8(upload_packet()).unwrap();
    answer(
        &probe.talk(
            packet
                .replace("/up.bin", &format!("/{}", "u".repeat(101)))
                .as_bytes(),
        ),
    )
}
