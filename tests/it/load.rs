//! A crowd of clients, some of them broken off on cue: what they cost is given back, and none is forgotten at the end.
//!
//! What can be counted is counted: open files of the process, sessions, jobs, entries of the journal. Memory has a margin,
//! and nothing here asks how long anything takes; `cargo bench --bench serve -- load` does.

use crate::{
    Case,
    hpc_curl::bag,
    program::{Serving, folder, pause, write},
};
use serde_json::Value;
use std::{fs, io, net::SocketAddr, path::Path};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

pub(crate) const CASES: &[Case] = &[
    (
        "what a crowd costs is given back, whatever breaks",
        &["/proc/self/status"],
        crowd,
    ),
    (
        "a server that is asked to stop answers every request that it accepted",
        &["kill"],
        stop,
    ),
];

/// How many clients there are at once, where as many files may be open.
const CLIENTS: usize = 1_000;
/// How many crowds come before memory is looked at, and how many then.
const WAVES: (usize, usize) = (2, 3);
/// How much memory may grow after the first crowds. Three crowds leave 3,000 connections behind and 8,000 requests: 4 KiB
/// lost with each connection would be seen, while what the allocator keeps of freed memory would not.
const MARGIN: u64 = 10 << 20;
/// What the journal may hold.
const JOURNAL: u64 = 256 * 1024;

/// What goes wrong for those who ask for it, by the value of their `X-Break`.
const BREAKS: &str = "\
cues:
  - { on: { header: { X-Break: reset } }, do: { reset: before-head } }
  - { on: { header: { X-Break: half } }, do: { reset: 10 } }
  - { on: { header: { X-Break: close } }, do: { close: after-head } }
  - { on: { header: { X-Break: stall } }, do: { stall: { at: before-head, for: 50ms } } }
  - { on: { header: { X-Break: late } }, do: { delay: 50ms } }
  - { on: { header: { X-Break: slow } }, do: { slow: 2000 } }
  - { on: { header: { X-Break: garbage } }, do: { garbage: \"no HTTP at all\" } }
  - { on: { header: { X-Break: refused } }, do: { reply: { status: 503 } } }
  - { on: { header: { X-Break: cut } }, do: { upload: { read: 10, then: reset } } }
";
const KINDS: [&str; 9] = [
    "reset", "half", "close", "stall", "late", "slow", "garbage", "refused", "cut",
];

const VERSION: &str = "api-version: 2012-11-01.4.0\r\n";
const XML: &str = "Content-Type: application/xml\r\n";
const START: &str = r#"{"MaxMessageSize":65536,"Password":"p","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"u"}"#;

/// A client and its connection.
struct Client {
    tcp: TcpStream,
}

impl Client {
    async fn new(addr: SocketAddr) -> Self {
        Self {
            tcp: TcpStream::connect(addr).await.unwrap(),
        }
    }

    async fn send(&mut self, line: &str, fields: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let request =
            format!("{line} HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {length}\r\n\r\n{body}");
        self.tcp.write_all(request.as_bytes()).await
    }

    /// Reads one reply: head and body; none where the connection ends before.
    async fn reply(&mut self) -> Option<(String, String)> {
        let mut got = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&got);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
                let whole = match field("Content-Length: ") {
                    Some(length) => {
                        (body.len() >= length.parse().unwrap()).then(|| body.to_owned())
                    }
                    None => body.ends_with("0\r\n\r\n").then(|| unchunked(body)),
                };
                if let Some(body) = whole {
                    return Some((head.to_owned(), body));
                }
            }
            match self.tcp.read_buf(&mut got).await {
                Ok(read) if read > 0 => {}
                _ => return None,
            }
        }
    }

    /// A request whose reply has that status: its head and body.
    async fn ask(&mut self, status: u16, line: &str, fields: &str, body: &str) -> (String, String) {
        self.send(line, fields, body).await.unwrap();
        let reply = self.reply().await;
        let (head, body) = reply.unwrap_or_else(|| panic!("no reply to {line}"));
        let wanted = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&wanted), "{line}: {head}\n{body}");
        (head, body)
    }
}

/// A body without the framing of its chunks.
fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body += &behind[..size];
        rest = &behind[size + 2..];
    }
    body
}

/// One of the two mocks, and what its clients do.
trait Suite {
    const NAME: &'static str;
    /// Makes what the clients work on; how many sessions are open then.
    async fn prepare(addr: SocketAddr) -> usize;
    /// Reads, three times.
    async fn read(client: &mut Client, number: usize);
    /// Writes, and undoes it where the mock would keep it; how many sessions it leaves open.
    async fn write(client: &mut Client, number: usize) -> usize;
    /// What is asked for where something is to break.
    const BROKEN: (&'static str, &'static str);
    /// Goes away in the middle of what it sends; whether it leaves a session open.
    async fn leave(client: &mut Client, number: usize) -> bool;
}

struct Hpc;
struct Bits;

/// Jobs that the clients work on; nobody makes others, since jobs stay for ever.
const JOBS: usize = 100;

impl Suite for Hpc {
    const NAME: &'static str = "hpc-pack";
    const BROKEN: (&'static str, &'static str) = ("POST /WindowsHPC/Job/1/CustomProperties", XML);

    async fn prepare(addr: SocketAddr) -> usize {
        let mut client = Client::new(addr).await;
        let fields = [VERSION, XML].concat();
        for job in 1..=JOBS {
            client
                .ask(200, "POST /WindowsHPC/Jobs", &fields, &bag(&[]))
                .await;
            let task = bag(&[("CommandLine", "sleep 1000")]);
            let line = format!("POST /WindowsHPC/Job/{job}/Tasks");
            client.ask(200, &line, &fields, &task).await;
            let sweep = bag(&[
                ("CommandLine", "echo *"),
                ("Type", "ParametricSweep"),
                ("EndValue", "50"),
            ]);
            client.ask(200, &line, &fields, &sweep).await;
            let line = format!("POST /WindowsHPC/Job/{job}/Submit");
            client.ask(200, &line, &fields, &bag(&[])).await;
        }
        0
    }

    async fn read(client: &mut Client, number: usize) {
        let job = number % JOBS + 1;
        let lists = "GET /WindowsHPC/Jobs?RowsPerRead=10";
        let (head, _) = client.ask(200, lists, VERSION, "").await;
        assert!(head.contains("x-ms-continuation-queryId"), "{head}");
        let tasks = format!("GET /WindowsHPC/Job/{job}/Tasks");
        client.ask(200, &tasks, VERSION, "").await;
        let job = format!("GET /WindowsHPC/Job/{job}");
        client.ask(200, &job, VERSION, "").await;
    }

    async fn write(client: &mut Client, number: usize) -> usize {
        let json = [VERSION, "Accept: application/json\r\n"].concat();
        let start = [&json, "Content-Type: application/json\r\n"].concat();
        let create = "POST /WindowsHPC/Sessions/Create?durable=False";
        let (_, made) = client.ask(201, create, &start, START).await;
        let made: Value = serde_json::from_str(&made).unwrap();
        let id = &made["Id"];
        let octets = [VERSION, "Content-Type: application/octet-stream\r\n"].concat();
        let batch = format!("POST /WindowsHPC/Session/{id}/batch/b{number}");
        let send = format!("{batch}?commit=True&genericservice=False");
        let envelope = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>";
        let sent = format!(
            "<HPCServer2008_WebAPI_MessageArray>{envelope}</HPCServer2008_WebAPI_MessageArray>"
        );
        client.send(&send, &octets, &sent).await.unwrap();
        // Whether it likes the envelope is of no interest here.
        client.reply().await.unwrap();
        let close = format!("POST /WindowsHPC/Session/{id}/Close");
        client.ask(200, &close, &json, "").await;
        let fields = [VERSION, XML].concat();
        let custom = format!(
            "POST /WindowsHPC/Job/{}/CustomProperties",
            number % JOBS + 1
        );
        let text = "x".repeat(100 + number % 100);
        client
            .ask(200, &custom, &fields, &bag(&[("about", &text)]))
            .await;
        // A running job that is changed is planned anew.
        let job = format!("PUT /WindowsHPC/Job/{}", number % JOBS + 1);
        let changed = bag(&[("RuntimeSeconds", &(100_000 + number).to_string())]);
        client.ask(200, &job, &fields, &changed).await;
        // It was closed, which is remembered.
        0
    }

    async fn leave(client: &mut Client, _number: usize) -> bool {
        let half =
            "POST /WindowsHPC/Jobs HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n<Arr";
        client.tcp.write_all(half.as_bytes()).await.unwrap();
        false
    }
}

const PROTOCOL: &str = "BITS-Packet-Type: Create-Session\r\nBITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\n";

async fn opened(client: &mut Client, file: &str) -> String {
    let line = format!("BITS_POST /dir/{file}");
    let (head, _) = client.ask(200, &line, PROTOCOL, "").await;
    let id = head
        .lines()
        .find(|line| line.starts_with("BITS-Session-Id"));
    format!(
        "{}\r\n",
        id.unwrap_or_else(|| panic!("no session in {head}"))
    )
}

impl Suite for Bits {
    const NAME: &'static str = "bits-upload";
    const BROKEN: (&'static str, &'static str) =
        ("BITS_POST /dir/broken", "BITS-Packet-Type: Ping\r\n");

    async fn prepare(_addr: SocketAddr) -> usize {
        0
    }

    async fn read(client: &mut Client, _number: usize) {
        for _ in 0..3 {
            let (line, fields) = Self::BROKEN;
            client.ask(200, line, fields, "").await;
        }
    }

    async fn write(client: &mut Client, number: usize) -> usize {
        let file = format!("file-{number}");
        let session = opened(client, &file).await;
        let line = format!("BITS_POST /dir/{file}");
        for (start, end) in [(0, 2_000), (2_000, 5_000)] {
            let fields = format!(
                "BITS-Packet-Type: Fragment\r\n{session}Content-Range: bytes {start}-{}/5000\r\n",
                end - 1
            );
            let content = "x".repeat(end - start);
            client.ask(200, &line, &fields, &content).await;
        }
        let close = format!("BITS-Packet-Type: Close-Session\r\n{session}");
        client.ask(200, &line, &close, "").await;
        0
    }

    async fn leave(client: &mut Client, number: usize) -> bool {
        let file = format!("left-{number}");
        let session = opened(client, &file).await;
        let half = format!(
            "BITS_POST /dir/{file} HTTP/1.1\r\nHost: h\r\nBITS-Packet-Type: Fragment\r\n{session}\
             Content-Range: bytes 0-99999/100000\r\nContent-Length: 100000\r\n\r\nhalf of it"
        );
        client.tcp.write_all(half.as_bytes()).await.unwrap();
        true
    }
}

/// As many clients as may be, each with a connection, all of them open at once; how many sessions are open then.
async fn wave<S: Suite + 'static>(addr: SocketAddr, clients: usize) -> usize {
    let mut open = Vec::new();
    for _ in 0..clients {
        open.push(Client::new(addr).await);
    }
    let mut tasks = JoinSet::new();
    for (number, mut client) in open.into_iter().enumerate() {
        tasks.spawn_local(async move {
            match number % 10 {
                0..=5 => S::read(&mut client, number).await,
                6 => return S::write(&mut client, number).await,
                7 | 8 => {
                    let kind = KINDS[number / 10 % KINDS.len()];
                    let fields = format!("{VERSION}{}X-Break: {kind}\r\n", S::BROKEN.1);
                    // How it ends is what the cue says: where it ends at all, the server is done with it.
                    if client.send(S::BROKEN.0, &fields, &bag(&[])).await.is_ok() {
                        client.reply().await;
                    }
                }
                _ => return usize::from(S::leave(&mut client, number).await),
            }
            0
        });
    }
    let mut left = 0;
    while let Some(ended) = tasks.join_next().await {
        left += ended.unwrap();
    }
    left
}

/// How many files may be open, as the system says.
fn most_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok())
        .unwrap_or(usize::MAX)
}

/// What a crowd may leave behind, once it has settled.
#[derive(Debug)]
struct Live {
    files: usize,
    memory: u64,
}

/// Looks when no connection is open any more.
fn live(serving: &Serving, idle: usize) -> Live {
    for _ in 0..600 {
        if serving.open_files() <= idle {
            break;
        }
        pause();
    }
    Live {
        files: serving.open_files(),
        memory: serving.memory(),
    }
}

fn crowd() {
    crowd_of::<Hpc>();
    crowd_of::<Bits>();
}

fn crowd_of<S: Suite + 'static>() {
    let folder = folder();
    let cues = write(folder.path().join("breaks.yaml"), BREAKS);
    let data = folder.path().join("data");
    let journal = format!("journal-bytes={JOURNAL}");
    let mut words = vec![S::NAME, "--cues", &cues, "--set", &journal];
    if S::NAME == Bits::NAME {
        words.extend([
            "--data-dir",
            data.to_str().unwrap(),
            "--set",
            "overwrite=true",
        ]);
    }
    let serving = Serving::start(words);
    let addr: SocketAddr = serving.url.trim_start_matches("http://").parse().unwrap();
    let clients = CLIENTS.min(most_files().saturating_sub(200));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let rest = serving.open_files();
    let mut left = local.block_on(&runtime, S::prepare(addr));
    let mut waves = |count: usize| {
        for _ in 0..count {
            left = local.block_on(&runtime, wave::<S>(addr, clients));
            // What was left open would be open for days.
            let dropped = local.block_on(&runtime, dropped(addr));
            assert_eq!(dropped, left, "{}: sessions", S::NAME);
        }
    };
    waves(WAVES.0);
    let before = live(&serving, rest);
    assert_eq!(before.files, rest, "{}: open files", S::NAME);
    waves(WAVES.1);
    let after = live(&serving, rest);
    assert_eq!(after.files, rest, "{}: open files", S::NAME);
    let grown = after.memory.saturating_sub(before.memory);
    assert!(grown < MARGIN, "{}: {before:?} to {after:?}", S::NAME);
    local.block_on(&runtime, kept::<S>(addr));
    if S::NAME == Bits::NAME {
        // Files of the clients that came to their end, and nothing of the others.
        let finished = (0..clients).filter(|number| number % 10 == 6).count();
        assert_eq!(files_in(&data.join("files/dir")), finished);
    }
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Drops all sessions; how many there were.
async fn dropped(addr: SocketAddr) -> usize {
    let mut client = Client::new(addr).await;
    let host = format!("DELETE /__wireproof/sessions HTTP/1.1\r\nHost: {addr}\r\n\r\n");
    client.tcp.write_all(host.as_bytes()).await.unwrap();
    let (_, body) = client.reply().await.unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    usize::try_from(told["dropped"].as_u64().unwrap()).unwrap()
}

/// What the mock holds for good: its jobs and its journal, as much as before and no more.
async fn kept<S: Suite>(addr: SocketAddr) {
    let mut client = Client::new(addr).await;
    let line = format!("GET /__wireproof/journal HTTP/1.1\r\nHost: {addr}\r\n\r\n");
    client.tcp.write_all(line.as_bytes()).await.unwrap();
    let (_, body) = client.reply().await.unwrap();
    let journal: Value = serde_json::from_str(&body).unwrap();
    let entries = journal["entries"].as_array().unwrap().len();
    assert!(entries > 10 && entries < 5_000, "{entries} entries");
    assert!(journal["dropped"].as_u64().unwrap() > 5_000, "{journal}");
    if S::NAME == Hpc::NAME {
        let list = "GET /WindowsHPC/Jobs?RowsPerRead=1000&Properties=Id";
        let (_, jobs) = client.ask(200, list, VERSION, "").await;
        assert_eq!(jobs.matches("<Object>").count(), JOBS);
    }
}

/// Requests of all kinds are under way, some of them not yet read, when the signal comes: each gets its whole reply.
fn stop() {
    let serving = Serving::start(["hpc-pack"]);
    let addr: SocketAddr = serving.url.trim_start_matches("http://").parse().unwrap();
    let clients = 300.min(most_files().saturating_sub(200));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        Hpc::prepare(addr).await;
        let mut open = Vec::new();
        for number in 0..clients {
            let mut client = Client::new(addr).await;
            let body = bag(&[("Name", &format!("n{number}"))]);
            let head = format!(
                "POST /WindowsHPC/Jobs HTTP/1.1\r\nHost: h\r\n{VERSION}{XML}Content-Length: {}\r\n\r\n",
                body.len()
            );
            match number % 3 {
                // Whole, and the reply not read.
                0 => client.send("GET /WindowsHPC/Jobs", VERSION, "").await.unwrap(),
                // Without the rest of its body, or of its head.
                1 => client.tcp.write_all(head.as_bytes()).await.unwrap(),
                _ => client.tcp.write_all(&head.as_bytes()[..60]).await.unwrap(),
            }
            let rest = match number % 3 {
                0 => String::new(),
                1 => body,
                _ => format!("{}{body}", &head[60..]),
            };
            open.push((client, rest));
        }
        // All of them are accepted once one who came later has a reply: connections are taken in their order.
        let mut last = Client::new(addr).await;
        last.ask(200, "GET /WindowsHPC/Version", VERSION, "").await;
        let stopping = tokio::task::spawn_blocking(move || serving.stop("-TERM"));
        let mut tasks = JoinSet::new();
        for (number, (mut client, rest)) in open.into_iter().enumerate() {
            tasks.spawn_local(async move {
                client.tcp.write_all(rest.as_bytes()).await.unwrap();
                let reply = client.reply().await;
                let (head, body) = reply.unwrap_or_else(|| panic!("{number} has no reply"));
                assert!(head.starts_with("HTTP/1.1 200 OK"), "{number}: {head}");
                let end = ["</ArrayOfObject>", "</int>"][usize::from(number % 3 > 0)];
                assert!(body.contains(end), "{number}: {body}");
                assert!(client.reply().await.is_none(), "{number} is kept open");
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let (code, _) = stopping.await.unwrap();
        assert_eq!(code, Some(0), "the server did not end well");
    });
}
