//! Uploads into a folder against a bare hyper handler that writes the same bodies to a file:
//! `cargo bench --bench upload [-- PART...]`.
//!
//! `WIREPROOF_BENCH_UPLOAD_MIB` says how large the upload is (default 4096); twice that must be free in the
//! folder of temporary files.

mod support;

use std::{
    cell::RefCell,
    env,
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Command, ExitCode},
    time::Instant,
};
use support::{
    Conversation, Line, Serving, Table, Tally, asked, conversations, head, median, ratio, role,
    runtime,
};

const MIB: usize = 1 << 20;
const FRAGMENT: usize = 2 * MIB;
/// Each has its number in its first bytes.
const BLOCK: usize = 4096;
/// How many fragments go to one side before the other takes its turn.
const TURN: usize = 64;
const SESSIONS: usize = 1000;
const PROTOCOL: (&str, &str) = (
    "BITS-Supported-Protocols",
    "{7df0354d-249b-430f-820d-3d2a9bef4931}",
);

fn main() -> ExitCode {
    if let Some(ended) = role() {
        return ended;
    }
    let mut table =
        Table::new("upload: into a folder, as a part of what a bare hyper handler stores");
    if asked("large") {
        large(&mut table);
    }
    if asked("sessions") {
        sessions(&mut table);
    }
    table.end()
}

/// One side of the comparison.
struct Side {
    server: Serving,
    line: Line,
    session: String,
    /// MiB each second, one for each turn.
    rates: Vec<f64>,
}

fn large(table: &mut Table) {
    let mib = env::var("WIREPROOF_BENCH_UPLOAD_MIB").map_or(4096, |text| {
        text.parse()
            .expect("WIREPROOF_BENCH_UPLOAD_MIB is a number")
    });
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let free = free_mib(folder.path());
    assert!(
        free > 2 * mib + 1024,
        "{free} MiB are free; set WIREPROOF_BENCH_UPLOAD_MIB to less than {mib}"
    );
    let fragments = mib * MIB / FRAGMENT;
    let [data, bare] = ["data", "bare"].map(|name| folder.path().join(name));
    fs::create_dir(&bare).expect("the temporary folder takes a folder");
    runtime().block_on(async {
        let ours = Serving::ours(&["bits-upload", "--data-dir", &data.to_string_lossy()]);
        let mut sides = [side(ours).await, side(Serving::bare_upload(&bare)).await];
        let mut body = vec![0; FRAGMENT];
        for first in (0..fragments).step_by(TURN) {
            let turn = first..fragments.min(first + TURN);
            for at in [first / TURN % 2, 1 - first / TURN % 2] {
                let side = &mut sides[at];
                let began = Instant::now();
                for number in turn.clone() {
                    fill(&mut body, number, 0);
                    side.fragment(number, fragments, &body).await;
                }
                let sent = (turn.len() * FRAGMENT / MIB) as f64;
                side.rates.push(sent / began.elapsed().as_secs_f64());
            }
        }
        let [ours, theirs] = &mut sides;
        ours.close().await;
        for file in [data.join("files/large.bin"), bare.join("large.bin")] {
            verify(&file, fragments);
        }
        let figure = format!("{mib} MiB in fragments of 2 MiB, throughput");
        table.at_least(&figure, ratio(&ours.rates, &theirs.rates), 0.6, "");
        table.note("ours", median(ours.rates.clone()), "MiB/s");
        table.note("bare hyper handler", median(theirs.rates.clone()), "MiB/s");
        let cost = |side: &Side| side.server.cpu() / mib as f64 * 1e6;
        table.note("processor time for each MiB, ours", cost(ours), "us");
        table.note(
            "processor time for each MiB, bare hyper handler",
            cost(theirs),
            "us",
        );
        table.at_most("  its peak memory", ours.server.peak(), 64.0, "MiB");
    });
}

async fn side(server: Serving) -> Side {
    let mut line = Line::open(server.addr).await;
    let create = packet("/large.bin", "Create-Session", &[PROTOCOL], 0);
    let reply = line.send(&[&create]).await;
    assert!(reply.status < 400, "{}", String::from_utf8_lossy(reply.raw));
    let session = reply
        .field("BITS-Session-Id")
        .unwrap_or_default()
        .to_owned();
    Side {
        server,
        line,
        session,
        rates: Vec::new(),
    }
}

impl Side {
    async fn fragment(&mut self, number: usize, of: usize, body: &[u8]) {
        let first = number * FRAGMENT;
        let next = first + body.len();
        let range = format!("bytes {first}-{}/{}", next - 1, of * FRAGMENT);
        let fields = [
            ("BITS-Session-Id", self.session.as_str()),
            ("Content-Range", range.as_str()),
        ];
        let head = packet("/large.bin", "Fragment", &fields, body.len());
        let reply = self.line.send(&[&head, body]).await;
        let held = reply.field("BITS-Received-Content-Range");
        assert_eq!(held, Some(next.to_string().as_str()));
    }

    async fn close(&mut self) {
        let fields = [("BITS-Session-Id", self.session.as_str())];
        let close = packet("/large.bin", "Close-Session", &fields, 0);
        let reply = self.line.send(&[&close]).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(reply.raw));
    }
}

/// The head of a packet whose body is sent behind it.
fn packet(target: &str, kind: &str, fields: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut all = vec![("BITS-Packet-Type", kind)];
    all.extend(fields);
    head("BITS_POST", target, &all, length)
}

/// Bytes that no other fragment has in that place; these begin with the n-th block.
fn fill(body: &mut [u8], number: usize, first: usize) {
    for (at, block) in body.chunks_exact_mut(BLOCK).enumerate() {
        block[..8].copy_from_slice(&(number as u64).to_le_bytes());
        block[8..16].copy_from_slice(&((first + at) as u64).to_le_bytes());
    }
}

fn verify(file: &Path, fragments: usize) {
    let mut open = File::open(file).expect("it was published");
    let [mut wanted, mut held] = [vec![0; FRAGMENT], vec![0; FRAGMENT]];
    for number in 0..fragments {
        fill(&mut wanted, number, 0);
        open.read_exact(&mut held).expect("it is long enough");
        assert!(
            held == wanted,
            "fragment {number} of {} is wrong",
            file.display()
        );
    }
    assert_eq!(open.read(&mut held).expect("it can be read"), 0);
}

fn free_mib(folder: &Path) -> usize {
    let mut df = Command::new("df");
    let told = df.arg("-Pm").arg(folder).output().expect("df is there");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let fields = told.lines().nth(1).map(str::split_ascii_whitespace);
    let free = fields.and_then(|mut fields| fields.nth(3));
    free.and_then(|free| free.parse().ok())
        .expect("df tells MiB")
}

/// 1,000 sessions at once, each on a connection of its own, so that 1,000 fragments are under way; and 1,000 sessions
/// that are all open while 32 connections carry them.
fn sessions(table: &mut Table) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let [data, bare] = ["data", "bare"].map(|name| folder.path().join(name));
    fs::create_dir(&bare).expect("the temporary folder takes a folder");
    let data_dir = data.to_string_lossy().into_owned();
    let ours = Serving::ours(&["bits-upload", "--data-dir", &data_dir]);
    let theirs = Serving::bare_upload(&bare);
    for connections in [SESSIONS, 32] {
        let kind = format!("over-{connections}");
        let before = [&ours, &theirs].map(Serving::cpu);
        let mut tally = at_once(&ours, connections, &kind);
        let mut base = at_once(&theirs, connections, &kind);
        let cost = |side: &Serving, before: f64| (side.cpu() - before) / SESSIONS as f64 * 1e6;
        let costs = [cost(&ours, before[0]), cost(&theirs, before[1])];
        let wrong = |folder: &Path| {
            let right = |number: &usize| {
                let held = fs::read(folder.join(name(&kind, *number))).unwrap_or_default();
                held == content(*number)
            };
            (SESSIONS - (0..SESSIONS).filter(right).count()) as f64
        };
        let figure =
            format!("1,000 sessions with 1 MiB each over {connections} connections: wrong files");
        table.at_most(&figure, wrong(&data.join("files")), 0.0, "");
        let most = tally.quantile(0.99);
        table.at_most("  99% of their requests within", most, 500.0, "ms");
        table.note(
            "99% at the bare hyper handler within",
            base.quantile(0.99),
            "ms",
        );
        table.note("half of them within", tally.quantile(0.5), "ms");
        table.note(
            "half at the bare hyper handler within",
            base.quantile(0.5),
            "ms",
        );
        table.note("all took", tally.took.as_secs_f64(), "s");
        table.note(
            "all took at the bare hyper handler",
            base.took.as_secs_f64(),
            "s",
        );
        table.note("processor time for each session", costs[0], "us");
        table.note(
            "processor time for each session, bare hyper handler",
            costs[1],
            "us",
        );
        table.note("wrong files at the bare hyper handler", wrong(&bare), "");
        table.note("peak memory", ours.peak(), "MiB");
    }
}

/// What is sent in each session, one after the other: Create-Session, four fragments, Close-Session.
const PACKETS: usize = 6;
const PIECE: usize = MIB / 4;

/// Sends the n-th packet of every session before any connection comes to the next.
///
/// One fragment is in memory before the first request goes out, and only its numbers are changed for the next: a load
/// generator that made 1,000 MiB meanwhile, or fetched them from all over the memory, would be measured itself.
fn at_once(server: &Serving, connections: usize, kind: &str) -> Tally {
    let kind = kind.to_owned();
    let ids = RefCell::new(vec![String::new(); SESSIONS]);
    let body = RefCell::new(vec![0; PIECE]);
    fill(&mut body.borrow_mut(), 0, 0);
    conversations(
        server.addr,
        connections,
        async move |first, conversation: &mut Conversation| {
            for at in 0..PACKETS {
                for number in (first..SESSIONS).step_by(connections) {
                    let target = format!("/{}", name(&kind, number));
                    if at == 0 {
                        let create = packet(&target, "Create-Session", &[PROTOCOL], 0);
                        let reply = conversation.send(&[&create]).await;
                        let told = reply.field("BITS-Session-Id").unwrap_or_default();
                        told.clone_into(&mut ids.borrow_mut()[number]);
                        continue;
                    }
                    let id = ids.borrow()[number].clone();
                    let session = ("BITS-Session-Id", id.as_str());
                    if at == PACKETS - 1 {
                        let close = packet(&target, "Close-Session", &[session], 0);
                        conversation.send(&[&close]).await;
                        continue;
                    }
                    let (begin, next) = ((at - 1) * PIECE, at * PIECE);
                    let range = format!("bytes {begin}-{}/{MIB}", next - 1);
                    let fields = [session, ("Content-Range", range.as_str())];
                    let head = packet(&target, "Fragment", &fields, PIECE);
                    fill(&mut body.borrow_mut(), number, begin / BLOCK);
                    let reply = conversation.send_shared(&head, &body).await;
                    let held = reply.field("BITS-Received-Content-Range");
                    assert_eq!(held, Some(next.to_string().as_str()));
                }
            }
        },
    )
}

fn name(kind: &str, number: usize) -> String {
    format!("{kind}-{number}.bin")
}

fn content(number: usize) -> Vec<u8> {
    let mut body = vec![0; MIB];
    fill(&mut body, number, 0);
    body
}
