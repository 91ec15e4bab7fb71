//! `wireproof serve` against a bare hyper server that sends the same bytes: `cargo bench --bench serve [-- PART...]`.
//!
//! Both servers are processes of their own and get the same requests from the same load generator, in turns.

mod crowd;
mod support;

use std::{
    cell::{Cell, RefCell},
    env,
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};
use support::{Line, Serving, Table, asked, load, median, ratio, request, role, runtime};

const CONNECTIONS: usize = 32;
/// How often both sides take their turn.
const ROUNDS: usize = 9;
/// How long one turn takes, about.
const TURN: Duration = Duration::from_millis(700);
const VERSION: (&str, &str) = ("api-version", "2012-11-01.4.0");
const JSON: (&str, &str) = ("Accept", "application/json");
const XML: (&str, &str) = ("Content-Type", "application/xml; charset=utf-8");
const BAG: &str = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">";

fn main() -> ExitCode {
    if let Some(ended) = role() {
        return ended;
    }
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let mut table =
        Table::new("serve: replies each second, as a part of what a bare hyper server sends");
    if asked("ping") {
        ping(&mut table, folder.path());
    }
    if asked("hpc") {
        hpc(&mut table, folder.path());
    }
    if asked("memory") {
        memory(&mut table);
    }
    if asked("jobs") {
        many(&mut table);
    }
    if asked("cues") {
        cues(&mut table, folder.path());
    }
    if asked("load") {
        crowd::crowd(&mut table, folder.path());
    }
    table.end()
}

/// One kind of request that is compared.
struct Case {
    name: &'static str,
    request: Vec<u8>,
    least: f64,
}

fn hpc_cases(session: &str) -> [Case; 3] {
    let attach = format!("/WindowsHPC/Session/{session}/Attach?durable=False");
    [
        Case {
            name: "Attach to Session, JSON",
            request: request("GET", &attach, &[VERSION, JSON], b""),
            least: 0.75,
        },
        Case {
            name: "GET Job, all properties, XML",
            request: request("GET", "/WindowsHPC/Job/1", &[VERSION], b""),
            least: 0.6,
        },
        Case {
            name: "GET Jobs?RowsPerRead=10, XML",
            request: request("GET", "/WindowsHPC/Jobs?RowsPerRead=10", &[VERSION], b""),
            least: 0.5,
        },
    ]
}

fn ping_case() -> Case {
    let fields = [("BITS-Packet-Type", "Ping")];
    Case {
        name: "Ping",
        request: request("BITS_POST", "/dir/ping.bin", &fields, b""),
        least: 0.75,
    }
}

fn ping(table: &mut Table, folder: &Path) {
    let data = folder.join("data");
    let ours = Serving::ours(&["bits-upload", "--data-dir", &data.to_string_lossy()]);
    against_bare(table, &ours, &ping_case(), folder);
}

fn hpc(table: &mut Table, folder: &Path) {
    let ours = Serving::ours(&["hpc-pack"]);
    make_jobs(ours.addr, 20);
    let session = make_sessions(ours.addr, 1);
    for case in hpc_cases(&session) {
        against_bare(table, &ours, &case, folder);
    }
}

/// Requests that many cues spare: the journal tells of each why.
fn cues(table: &mut Table, folder: &Path) {
    let with = |number: usize| {
        let file = folder.join(format!("{number}.yaml"));
        let cue = "  - { on: { path: /leave }, do: { cut: 1 } }\n";
        std::fs::write(&file, format!("cues:\n{}", cue.repeat(number)))
            .expect("the temporary folder takes a file");
        Serving::ours(&["bits-upload", "--cues", &file.to_string_lossy()])
    };
    let [few, many] = in_turns([&with(1_000), &with(10_000)], &ping_case());
    table.at_most(
        "what each of 10,000 cues costs a request that it spares, against 1,000",
        ratio(&few.rates, &many.rates) / 10.0,
        2.0,
        "",
    );
    table.note("requests that 10,000 cues spare", median(many.rates), "/s");
}

fn against_bare(table: &mut Table, ours: &Serving, case: &Case, folder: &Path) {
    let raw = one(ours.addr, &case.request).0;
    let bare = Serving::bare(&raw, folder);
    let sides = in_turns([ours, &bare], case);
    let name = format!(
        "{}, {CONNECTIONS} connections, {} bytes",
        case.name,
        raw.len()
    );
    table.at_least(
        &name,
        ratio(&sides[0].rates, &sides[1].rates),
        case.least,
        "",
    );
    table.note("ours", median(sides[0].rates.clone()), "/s");
    table.note("bare hyper", median(sides[1].rates.clone()), "/s");
    let cost = |side: &Side| side.cpu / side.replies as f64 * 1e6;
    table.note("processor time for each reply, ours", cost(&sides[0]), "us");
    table.note(
        "processor time for each reply, bare hyper",
        cost(&sides[1]),
        "us",
    );
}

/// What one side came to over all its turns.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    cpu: f64,
    replies: usize,
}

fn in_turns(servers: [&Serving; 2], case: &Case) -> [Side; 2] {
    let turn = |server: &Serving, requests: usize| {
        let request = case.request.clone();
        load(server.addr, CONNECTIONS, requests, move |_| request.clone())
    };
    // The first turn of each warms it up and says how many requests a turn is.
    let counts = servers.map(|server| {
        turn(server, 500);
        (turn(server, 2000).rate() * TURN.as_secs_f64()) as usize
    });
    let mut sides = [Side::default(), Side::default()];
    for round in 0..ROUNDS {
        // Whoever goes second may find the machine in another mood: so that changes too.
        for at in [round % 2, 1 - round % 2] {
            let before = servers[at].cpu();
            let tally = turn(servers[at], counts[at]);
            sides[at].cpu += servers[at].cpu() - before;
            sides[at].replies += tally.replies;
            sides[at].rates.push(tally.rate());
        }
    }
    sides
}

/// The bytes of one reply, and its body as text.
fn one(addr: SocketAddr, request: &[u8]) -> (Vec<u8>, String) {
    runtime().block_on(async {
        let mut line = Line::open(addr).await;
        let reply = line.send(&[request]).await;
        let text = String::from_utf8_lossy(&reply.body()).into_owned();
        assert!(reply.status < 400, "{} {text}", reply.status);
        (reply.raw.to_vec(), text)
    })
}

/// Jobs of one task each, left in Configuring.
fn make_jobs(addr: SocketAddr, count: usize) {
    let name = "<Property><Name>Name</Name><Value>bench</Value></Property></ArrayOfProperty>";
    let body = format!("{BAG}{name}");
    let job = request("POST", "/WindowsHPC/Jobs", &[VERSION, XML], body.as_bytes());
    load(addr, CONNECTIONS, count, move |_| job.clone());
    let command =
        "<Property><Name>CommandLine</Name><Value>echo bench</Value></Property></ArrayOfProperty>";
    let body = format!("{BAG}{command}");
    load(addr, CONNECTIONS, count, move |number| {
        let target = format!("/WindowsHPC/Job/{}/Tasks", number + 1);
        request("POST", &target, &[VERSION, XML], body.as_bytes())
    });
}

/// Sessions; gives the id of one.
fn make_sessions(addr: SocketAddr, count: usize) -> String {
    let body = br#"{"MaxMessageSize":65536,"Password":"wireproof-Passw0rd","Runtime":86400,"ServiceName":"CcpEchoSvc","Username":"HPC\\bench"}"#;
    let json = ("Content-Type", "application/json");
    let target = "/WindowsHPC/Sessions/Create?durable=False";
    let create = request("POST", target, &[VERSION, JSON, json], body);
    let (_, text) = one(addr, &create);
    if count > 1 {
        load(addr, CONNECTIONS, count - 1, move |_| create.clone());
    }
    let value: serde_json::Value = serde_json::from_str(&text).expect("a session is JSON");
    value["Id"].to_string().trim_matches('"').to_owned()
}

fn memory(table: &mut Table) {
    let requests = number("WIREPROOF_BENCH_REQUESTS", 1_000_000);
    let hpc = Serving::ours(&["hpc-pack"]);
    let session = make_sessions(hpc.addr, 1);
    let [attach, ..] = hpc_cases(&session);
    let bits = Serving::ours(&["bits-upload"]);
    for (server, case) in [(&hpc, attach), (&bits, ping_case())] {
        let request = case.request;
        let send = |count| {
            let request = request.clone();
            load(server.addr, CONNECTIONS, count, move |_| request.clone())
        };
        // Connections and threads are there before anything is counted; the journal is not full yet.
        send(CONNECTIONS * 4);
        let before = server.resident();
        send(requests);
        let name = format!("{}: memory that {requests} requests add", case.name);
        table.at_most(&name, server.peak() - before, 10.0, "MiB");
    }
}

/// A head node with 100,000 jobs, beside one with a few.
fn many(table: &mut Table) {
    let jobs = number("WIREPROOF_BENCH_JOBS", 100_000);
    let sessions = jobs / 10;
    let [few, full] = [(); 2].map(|()| Serving::ours(&["hpc-pack"]));
    make_jobs(few.addr, 20);
    make_jobs(full.addr, jobs);
    let ids = [
        make_sessions(few.addr, 1),
        make_sessions(full.addr, sessions),
    ];
    for (case, other) in hpc_cases(&ids[1]).iter().zip(hpc_cases(&ids[0])) {
        // The session's id is part of the request, and of the same length or nearly so.
        let sides = both(&full, case, &few, &other);
        let name = format!(
            "{}: with {jobs} jobs, {sessions} sessions, to with few",
            case.name
        );
        table.at_least(&name, ratio(&sides[0].rates, &sides[1].rates), 0.9, "");
        let cost = |side: &Side| side.cpu / side.replies as f64 * 1e6;
        table.note("processor time for each reply, full", cost(&sides[0]), "us");
        table.note("processor time for each reply, few", cost(&sides[1]), "us");
    }
    finish(table, &full, jobs);
}

fn both(full: &Serving, case: &Case, few: &Serving, other: &Case) -> [Side; 2] {
    let mut sides = [Side::default(), Side::default()];
    let mut counts = [2000; 2];
    for round in 0..=ROUNDS {
        for at in [round % 2, 1 - round % 2] {
            let (server, request) = [(full, &case.request), (few, &other.request)][at];
            let request = request.clone();
            let before = server.cpu();
            let tally = load(server.addr, CONNECTIONS, counts[at], move |_| {
                request.clone()
            });
            if round == 0 {
                counts[at] = (tally.rate() * TURN.as_secs_f64()) as usize;
                continue;
            }
            sides[at].cpu += server.cpu() - before;
            sides[at].replies += tally.replies;
            sides[at].rates.push(tally.rate());
        }
    }
    sides
}

/// Submits every job, waits for the last to finish, and reads all the while.
fn finish(table: &mut Table, server: &Serving, jobs: usize) {
    let addr = server.addr;
    let readers = std::thread::spawn(move || read_until_finished(addr, jobs));
    let began = Instant::now();
    load(addr, CONNECTIONS / 2, jobs, move |number| {
        let target = format!("/WindowsHPC/Job/{}/Submit", number + 1);
        let body = format!("{BAG}</ArrayOfProperty>");
        request("POST", &target, &[VERSION, XML], body.as_bytes())
    });
    let submitted = began.elapsed();
    let mut times = readers.join().expect("the readers read");
    times.sort_unstable();
    let ms = |at: usize| times[at].as_secs_f64() * 1000.0;
    let last = times.len() - 1;
    table.at_most(
        "longest read while all jobs are submitted and finish",
        ms(last),
        50.0,
        "ms",
    );
    table.note("99.9% of the reads within", ms(last * 999 / 1000), "ms");
    table.note("reads", times.len() as f64, "");
    table.note("all jobs submitted in", submitted.as_secs_f64(), "s");
    table.note(
        "all jobs finished after",
        began.elapsed().as_secs_f64(),
        "s",
    );
    let name = format!("peak memory with {jobs} jobs, all finished, and their sessions");
    table.at_most(&name, server.peak(), 1024.0, "MiB");
}

/// Reads a job, a list and the last job in turns until none is left that has not finished; gives how long each read took.
fn read_until_finished(addr: SocketAddr, jobs: usize) -> Vec<Duration> {
    let times = Rc::new(RefCell::new(Vec::new()));
    let over = Rc::new(Cell::new(false));
    let local = tokio::task::LocalSet::new();
    let (kept, done) = (times.clone(), over.clone());
    local.block_on(&runtime(), async move {
        let targets = [
            format!("/WindowsHPC/Job/{}", jobs / 2),
            "/WindowsHPC/Jobs?RowsPerRead=10".to_owned(),
            format!("/WindowsHPC/Job/{jobs}?Properties=Id,State"),
        ];
        let readers = targets.map(|target| {
            let (kept, done) = (kept.clone(), done.clone());
            tokio::task::spawn_local(async move {
                let read = request("GET", &target, &[VERSION], b"");
                let mut line = Line::open(addr).await;
                while !done.get() {
                    let began = Instant::now();
                    let reply = line.send(&[&read]).await;
                    kept.borrow_mut().push(began.elapsed());
                    assert_eq!(reply.status, 200);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        });
        all_finished(addr, jobs).await;
        done.set(true);
        for reader in readers {
            reader.await.expect("a reader reads");
        }
    });
    times.take()
}

/// Comes back when every job has finished.
async fn all_finished(addr: SocketAddr, jobs: usize) {
    let mut line = Line::open(addr).await;
    for job in 1..=jobs {
        let target = format!("/WindowsHPC/Job/{job}?Properties=State");
        let read = request("GET", &target, &[VERSION], b"");
        loop {
            let reply = line.send(&[&read]).await;
            let text = String::from_utf8_lossy(&reply.body()).into_owned();
            if text.contains("Finished") {
                break;
            }
            assert!(!text.contains("Failed"), "{text}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: `{text}`"))
    })
}
