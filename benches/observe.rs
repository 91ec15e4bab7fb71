//! `wireproof observe` before a bare hyper server, against no proxy and against a bare hyper reverse proxy:
//! `cargo bench --bench observe [-- PART...]`.
//!
//! `WIREPROOF_BENCH_REQUESTS` says how many requests a turn of `latency` has (default 3000) and, four times as many, one of
//! `throughput`; `WIREPROOF_BENCH_UPLOAD_MIB` how large the upload is (default 4096).

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use support::{
    Conversation, Line, Serving, Table, asked, conversations, head, load, median, ratio, request,
    role, runtime,
};

const CONNECTIONS: usize = 32;
/// How often each side takes its turn.
const ROUNDS: usize = 9;
const MIB: usize = 1 << 20;
const PIECE: usize = 2 * MIB;
/// What a server of the contract answers to a Ping.
const ACK: &[u8] = b"HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nContent-Length: 0\r\n\r\n";

fn main() -> ExitCode {
    if let Some(ended) = role() {
        return ended;
    }
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let mut table = Table::new("observe: what a checking proxy costs");
    if asked("latency") {
        latency(&mut table, folder.path());
    }
    if asked("throughput") {
        throughput(&mut table, folder.path());
    }
    if asked("upload") {
        upload(&mut table, folder.path());
    }
    table.end()
}

/// A proxy of ours before a server, and the file of its report.
fn observing(server: &Serving, folder: &Path) -> (Serving, PathBuf) {
    let file = folder.join("report.json");
    let report = format!("json={}", file.display());
    let ours = Serving::of(&[
        "observe",
        "bits-upload",
        "--upstream",
        &server.url(),
        "--report",
        &report,
    ]);
    (ours, file)
}

fn ping() -> Vec<u8> {
    let fields = [("BITS-Packet-Type", "Ping")];
    request("BITS_POST", "/dir/ping.bin", &fields, b"")
}

/// One connection, one request after the other: with and without the proxy.
fn latency(table: &mut Table, folder: &Path) {
    let server = Serving::bare(ACK, folder);
    let (ours, report) = observing(&server, folder);
    let bare = Serving::proxy(&server);
    let requests = number("WIREPROOF_BENCH_REQUESTS", 3000);
    let turn = |side: &Serving| {
        let request = ping();
        let hold = async move |_, conversation: &mut Conversation| {
            for _ in 0..requests {
                conversation.send(&[&request]).await;
            }
        };
        conversations(side.addr, 1, hold).quantile(0.5)
    };
    let sides = [&server, &ours, &bare];
    let mut medians = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for step in 0..3 {
            let at = (round + step) % 3;
            let took = turn(sides[at]);
            // The first turn of each warms it up.
            if round > 0 {
                medians[at].push(took);
            }
        }
    }
    let [direct, observed, proxied] = medians;
    let more = |with: &[f64]| {
        median(
            with.iter()
                .zip(&direct)
                .map(|(with, direct)| with - direct)
                .collect(),
        )
    };
    table.at_most("time added at the median", more(&observed), 0.15, "ms");
    table.note(
        "time that a bare hyper proxy adds at the median",
        more(&proxied),
        "ms",
    );
    table.note("without a proxy", median(direct.clone()), "ms");
    judged(table, ours, &report);
}

/// Many connections at once, in turns through our proxy and through a bare one.
fn throughput(table: &mut Table, folder: &Path) {
    let server = Serving::bare(ACK, folder);
    let (ours, report) = observing(&server, folder);
    let bare = Serving::proxy(&server);
    let requests = number("WIREPROOF_BENCH_REQUESTS", 3000) * 4;
    let turn = |side: &Serving| {
        let request = ping();
        load(side.addr, CONNECTIONS, requests, move |_| request.clone()).rate()
    };
    let sides = [&ours, &bare];
    let mut rates = [const { Vec::new() }; 2];
    for round in 0..=ROUNDS {
        for at in [round % 2, 1 - round % 2] {
            let rate = turn(sides[at]);
            if round > 0 {
                rates[at].push(rate);
            }
        }
    }
    let [observed, proxied] = rates;
    table.at_least(
        &format!("requests each second over {CONNECTIONS} connections, to a bare hyper proxy's"),
        ratio(&observed, &proxied),
        0.5,
        "",
    );
    table.note("ours", median(observed), "/s");
    table.note("bare hyper proxy", median(proxied), "/s");
    table.note("peak memory", ours.peak(), "MiB");
    judged(table, ours, &report);
}

/// One upload in one request, through the proxy to a server that throws it away.
fn upload(table: &mut Table, folder: &Path) {
    let mib = number("WIREPROOF_BENCH_UPLOAD_MIB", 4096);
    let server = Serving::bare(ACK, folder);
    let (ours, report) = observing(&server, folder);
    let bare = Serving::proxy(&server);
    let piece = vec![b'x'; PIECE];
    let fields = [("BITS-Packet-Type", "Ping")];
    let head = head("BITS_POST", "/large.bin", &fields, mib * MIB);
    let mut pieces = vec![head.as_slice()];
    pieces.extend((0..mib * MIB / PIECE).map(|_| piece.as_slice()));
    let send = |side: &Serving| {
        runtime().block_on(async {
            let mut line = Line::open(side.addr).await;
            let began = Instant::now();
            assert_eq!(line.send(&pieces).await.status, 200);
            mib as f64 / began.elapsed().as_secs_f64()
        })
    };
    let [rate, base] = [send(&ours), send(&bare)];
    let figure = format!("peak memory on an upload of {mib} MiB");
    table.at_most(&figure, ours.peak(), 64.0, "MiB");
    table.note("ours", rate, "MiB/s");
    table.note("bare hyper proxy", base, "MiB/s");
    judged(table, ours, &report);
}

/// Stops the proxy and tells how much of what passed it judged.
fn judged(table: &mut Table, ours: Serving, report: &Path) {
    ours.interrupt();
    let text = fs::read_to_string(report).expect("it writes its report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    let scenarios = report["suites"][0]["scenarios"].as_array();
    let (mut all, mut left) = (0.0, 0.0);
    for scenario in scenarios.expect("there is one suite") {
        let id = scenario["id"].as_str().unwrap_or_default();
        let requests = scenario["requests"].as_f64().unwrap_or_default();
        match id.split('/').nth(1) {
            Some("server") => all += requests,
            Some("observe") => left += requests,
            _ => {}
        }
    }
    table.note("exchanges judged", all, "");
    table.note("exchanges only forwarded", left, "");
}

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: `{text}`"))
    })
}
