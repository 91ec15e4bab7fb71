//! The part `load`: a thousand connections for ten minutes, most of which read, while some write, some upload, and some are
//! broken off again and again.

use super::{
    BAG, JSON, VERSION, XML, hpc_cases, make_jobs, make_sessions, number,
    support::{Line, Serving, Table, conversations, load, request},
};
use std::{
    net::SocketAddr,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};

/// What goes wrong for those who ask for it, by the value of their `X-Break`.
const BREAKS: &str = "\
cues:
  - { on: { header: { X-Break: reset } }, do: { reset: before-head } }
  - { on: { header: { X-Break: close } }, do: { close: after-head } }
  - { on: { header: { X-Break: late } }, do: { delay: 50ms } }
  - { on: { header: { X-Break: slow } }, do: { slow: 2000 } }
  - { on: { header: { X-Break: stall } }, do: { stall: { at: before-head, for: 100ms } } }
  - { on: { header: { X-Break: garbage } }, do: { garbage: \"no HTTP at all\" } }
  - { on: { header: { X-Break: refused } }, do: { reply: { status: 503 } } }
  - { on: { header: { X-Break: cut } }, do: { upload: { read: 10, then: reset } } }
";
const KINDS: [&str; 8] = [
    "reset", "close", "late", "slow", "stall", "garbage", "refused", "cut",
];

/// Jobs that readers and writers work on; jobs stay for ever, so nobody makes others while memory is watched.
const JOBS: usize = 100;
/// How many subtasks the one job has that is cancelled and queued again all the time.
const SWEEP: &str = "20000";

/// How long between two requests of a reader: a thousand clients that ask as fast as they can would measure their own queue.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs it for `WIREPROOF_BENCH_SECONDS` over `WIREPROOF_BENCH_CONNECTIONS` connections.
pub(super) fn crowd(table: &mut Table, folder: &Path) {
    let seconds = number("WIREPROOF_BENCH_SECONDS", 600) as u64;
    let connections = number("WIREPROOF_BENCH_CONNECTIONS", 1_000);
    let cues = folder.join("breaks.yaml");
    std::fs::write(&cues, BREAKS).expect("the folder takes a file");
    let cues = cues.to_str().expect("a path of ASCII").to_owned();
    let data = folder.join("crowd").to_string_lossy().into_owned();
    // What is remembered of the past is full when memory is looked at first: the journal, and sessions that have ended.
    let common = ["--cues", &cues, "--set", "journal-bytes=262144"];
    let ended = ["--set", "session-limit=1000"];
    let hpc = Serving::ours(&[&["hpc-pack"], &common[..], &ended[..]].concat());
    let bits = Serving::ours(
        &[
            &[
                "bits-upload",
                "--data-dir",
                &data,
                "--set",
                "overwrite=true",
            ],
            &common[..],
        ]
        .concat(),
    );
    make_jobs(hpc.addr, JOBS);
    make_sweep(hpc.addr);
    let session = make_sessions(hpc.addr, 1);
    let reads = Rc::new(hpc_cases(&session).map(|case| case.request));
    let warm = Duration::from_secs((seconds / 5).max(2));
    let rest = Duration::from_secs(seconds).saturating_sub(warm);
    let part = (connections / 20).max(1);
    let run = |time: Duration| {
        let reads = Rc::clone(&reads);
        let (hpc, bits) = (hpc.addr, bits.addr);
        conversations(hpc, connections - 4 * part, async move |number, line| {
            let until = Instant::now() + time;
            let mut others = JoinSet::new();
            // All others go on beside the first of the readers.
            if number == 0 {
                others.spawn_local(requeued(hpc, until));
                for at in 0..part {
                    others.spawn_local(writer(hpc, at, until));
                    others.spawn_local(uploader(bits, at, until));
                    for of in [
                        (hpc, "/WindowsHPC/Job/1/CustomProperties", "POST"),
                        (bits, "/dir/ping", "BITS_POST"),
                    ] {
                        others.spawn_local(victim(of, at, until));
                    }
                }
            }
            let mut at = number;
            while Instant::now() < until {
                line.send(&[&reads[at % reads.len()]]).await;
                at += 1;
                sleep(PAUSE).await;
            }
            while let Some(ended) = others.join_next().await {
                ended.expect("a client comes to its end");
            }
        })
    };
    run(warm);
    let before = [hpc.resident(), bits.resident()];
    let mut tally = run(rest);
    let after = [hpc.resident(), bits.resident()];
    table.at_most(
        "load: 99.9 of 100 reads, beside writers, uploads and defects",
        tally.quantile(0.999),
        100.0,
        "ms",
    );
    table.note("load: 99 of 100 reads", tally.quantile(0.99), "ms");
    table.note("load: the longest read", tally.quantile(1.0), "ms");
    table.note("load: reads", tally.rate(), "/s");
    for (name, at) in [("head node", 0), ("upload server", 1)] {
        let figure = format!("load: memory that the {name} adds behind the warm-up");
        table.at_most(&figure, after[at] - before[at], 5.0, "MiB");
        table.note("load: memory at the end", after[at], "MiB");
    }
}

fn bag(pairs: &[(&str, &str)]) -> String {
    let inner: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
        })
        .collect();
    format!("{BAG}{inner}</ArrayOfProperty>")
}

fn post(target: &str, body: &str) -> Vec<u8> {
    request("POST", target, &[VERSION, XML], body.as_bytes())
}

/// The last job: one sweep, submitted.
fn make_sweep(addr: SocketAddr) {
    let job = format!("/WindowsHPC/Job/{}", JOBS + 1);
    let task = bag(&[
        ("CommandLine", "sleep 100000"),
        ("Type", "ParametricSweep"),
        ("EndValue", SWEEP),
    ]);
    for request in [
        post("/WindowsHPC/Jobs", &bag(&[])),
        post(&format!("{job}/Tasks"), &task),
        post(&format!("{job}/Submit"), &bag(&[])),
    ] {
        load(addr, 1, 1, move |_| request.clone());
    }
}

/// Cancels the large job and queues it again, so that its sweep is planned again each time.
async fn requeued(addr: SocketAddr, until: Instant) {
    let job = format!("/WindowsHPC/Job/{}", JOBS + 1);
    let mut line = Line::open(addr).await;
    while Instant::now() < until {
        for what in ["Cancel?Forced=True", "Requeue"] {
            let reply = line.send(&[&post(&format!("{job}/{what}"), "")]).await;
            assert!(reply.status < 400, "{what}: {}", reply.status);
            sleep(PAUSE).await;
        }
    }
}

/// Changes jobs, and makes sessions that it closes.
async fn writer(addr: SocketAddr, at: usize, until: Instant) {
    let mut line = Line::open(addr).await;
    let job = format!("/WindowsHPC/Job/{}", at % JOBS + 1);
    let body = br#"{"MaxMessageSize":65536,"Password":"p","Runtime":86400,"ServiceName":"CcpEchoSvc","Username":"u"}"#;
    let json = ("Content-Type", "application/json");
    let create = "/WindowsHPC/Sessions/Create?durable=False";
    let create = request("POST", create, &[VERSION, JSON, json], body);
    while Instant::now() < until {
        let about = bag(&[("about", &"x".repeat(200))]);
        let custom = post(&format!("{job}/CustomProperties"), &about);
        let reply = line.send(&[&custom]).await;
        assert!(reply.status < 400, "{}", reply.status);
        let made = line.send(&[&create]).await;
        assert_eq!(made.status, 201);
        let made: serde_json::Value =
            serde_json::from_slice(&made.body()).expect("a session is JSON");
        let close = format!("/WindowsHPC/session/{}/Close", made["Id"]);
        let closed = line
            .send(&[&request("POST", &close, &[VERSION], b"")])
            .await;
        assert_eq!(closed.status, 200);
        sleep(PAUSE).await;
    }
}

/// Uploads the same file again and again.
async fn uploader(addr: SocketAddr, at: usize, until: Instant) {
    let mut line = Line::open(addr).await;
    let target = format!("/dir/file-{at}");
    let protocol = (
        "BITS-Supported-Protocols",
        "{7df0354d-249b-430f-820d-3d2a9bef4931}",
    );
    let content = vec![b'x'; 64 * 1024];
    while Instant::now() < until {
        let create = [("BITS-Packet-Type", "Create-Session"), protocol];
        let reply = line
            .send(&[&request("BITS_POST", &target, &create, b"")])
            .await;
        assert_eq!(reply.status, 200);
        let session = reply
            .field("BITS-Session-Id")
            .expect("a session")
            .to_owned();
        let session = ("BITS-Session-Id", &*session);
        for (range, kind) in [("bytes 0-65535/65536", "Fragment"), ("", "Close-Session")] {
            let kind_of = ("BITS-Packet-Type", kind);
            let packet = match kind {
                "Fragment" => {
                    let fields = [kind_of, session, ("Content-Range", range)];
                    request("BITS_POST", &target, &fields, &content)
                }
                _ => request("BITS_POST", &target, &[kind_of, session], b""),
            };
            let reply = line.send(&[&packet]).await;
            assert_eq!(reply.status, 200, "{kind}");
        }
        sleep(PAUSE).await;
    }
}

/// A client whose requests are broken off; it comes back each time.
async fn victim((addr, target, method): (SocketAddr, &str, &str), at: usize, until: Instant) {
    let mut kinds = KINDS.iter().cycle().skip(at);
    while Instant::now() < until {
        let kind = kinds.next().expect("there is always another");
        let fields = [
            VERSION,
            XML,
            ("BITS-Packet-Type", "Ping"),
            ("X-Break", kind),
            ("Connection", "close"),
        ];
        let asked = request(method, target, &fields, bag(&[("a", "b")]).as_bytes());
        if let Ok(mut tcp) = TcpStream::connect(addr).await {
            // How it ends is what the cue says.
            let _ = tcp.write_all(&asked).await;
            let _ = tcp.read_to_end(&mut Vec::new()).await;
        }
        sleep(PAUSE / 5).await;
    }
}
