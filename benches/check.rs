//! `wireproof check` against a bare reqwest loop that sends the same requests: `cargo bench --bench check [-- PART...]`.
//!
//! Both are programs that start, run against the same bare hyper server and exit; they take turns.

mod support;

use std::{
    env,
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, ExitCode},
};
use support::{Serving, Table, asked, median, ran, ratio, role, wall};

const STEPS: usize = 2000;
/// How often both sides take their turn.
const ROUNDS: usize = 9;
/// How often a program is started that runs for a few milliseconds.
const STARTS: usize = 41;
/// What the server sends: what a small API would.
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 46\r\n\r\n{\"id\":7,\"name\":\"a small thing\",\"tags\":[\"one\"]}";

fn main() -> ExitCode {
    if let Some(ended) = role() {
        return ended;
    }
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let server = Serving::bare(REPLY, folder.path());
    let url = server.url();
    let mut table = Table::new("check: wall time, as a multiple of a bare reqwest loop's");
    if asked("steps") {
        steps(&mut table, folder.path(), &url);
    }
    if asked("files") {
        files(&mut table, folder.path(), &url);
    }
    if asked("start") {
        start(&mut table, folder.path(), &url);
    }
    table.end()
}

fn check(what: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireproof"));
    command.arg("check").arg(what).args(["--url", url]);
    command
}

fn bare(url: &str, count: usize) -> Command {
    let mut command = Command::new(env::current_exe().expect("a program has a path"));
    command.args(["--role", "loop", url, &count.to_string()]);
    command
}

/// One scenario of 2,000 steps.
fn steps(table: &mut Table, folder: &Path, url: &str) {
    let suite = folder.join("steps/things");
    contract(&suite);
    let mut text = scenario("Many small requests");
    for number in 0..STEPS {
        text += &step(number);
    }
    let file = suite.join("things/many.yaml");
    fs::write(&file, text).expect("the temporary folder takes a file");
    let [ours, loops] = in_turns(|| check(&file, url), || bare(url, STEPS), ROUNDS);
    table.at_most(
        "2,000 steps with three expectations each in one scenario",
        ratio(&ours, &loops),
        2.0,
        "",
    );
    table.note("ours", median(ours), "ms");
    table.note("bare reqwest loop", median(loops), "ms");
    table.at_most(
        "  its peak memory",
        ran(&mut check(&file, url)).peak,
        30.0,
        "MiB",
    );
}

/// 2,000 files of one step.
fn files(table: &mut Table, folder: &Path, url: &str) {
    let suite = folder.join("files/things");
    contract(&suite);
    for number in 0..STEPS {
        let text = scenario(&format!("Small request {number}")) + &step(number);
        let file = suite.join(format!("things/one-{number:04}.yaml"));
        fs::write(file, text).expect("the temporary folder takes a file");
    }
    let [ours, loops] = in_turns(|| check(&suite, url), || bare(url, STEPS), ROUNDS);
    table.at_most(
        "2,000 files of one step each",
        ratio(&ours, &loops),
        5.0,
        "",
    );
    table.note("ours", median(ours), "ms");
    table.note("bare reqwest loop", median(loops), "ms");
    table.note("peak memory", ran(&mut check(&suite, url)).peak, "MiB");
}

/// Files with one step.
fn start(table: &mut Table, folder: &Path, url: &str) {
    let suite = folder.join("one/things");
    contract(&suite);
    let file = suite.join("things/one.yaml");
    let text = scenario("One small request") + &step(0);
    fs::write(&file, text).expect("the temporary folder takes a file");
    // What one request takes: a loop of 201 against one of 1, so that starting the process is not counted.
    let [many, once] = in_turns(|| bare(url, 201), || bare(url, 1), STARTS);
    let request = (median(many) - median(once.clone())) / 200.0;
    table.note("one request", request, "ms");
    table.note(
        "start to exit of a bare reqwest program with one request",
        median(once),
        "ms",
    );

    let [own, version] = in_turns(|| check(&file, url), version, STARTS);
    table.at_most(
        "one step, contract of 20 clauses: start to exit, less the request",
        median(own) - request,
        10.0,
        "ms",
    );
    table.note("wireproof --version", median(version), "ms");
    table.at_most("  its peak memory", peak(|| check(&file, url)), 20.0, "MiB");

    // A Ping is the smallest request of a bundled suite; attaching to an unknown session that of the larger one.
    for (name, file) in [
        ("bits-upload", "scenarios/bits-upload/ping/alone.yaml"),
        (
            "hpc-pack",
            "scenarios/hpc-pack/session/attach-to-unknown.yaml",
        ),
    ] {
        let own = Serving::ours(&[name]);
        let url = own.url();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let command = || {
            let mut command = check(&file, &url);
            command.args(["--can", "all", "--allow-writes"]);
            command
        };
        let took = (0..STARTS).map(|_| ms(command()));
        let figure = format!("one file of {name}, start to exit, less the request");
        table.at_most(&figure, median(took.collect()) - request, 60.0, "ms");
        table.at_most("  its peak memory", peak(command), 20.0, "MiB");
    }
}

fn version() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireproof"));
    command.arg("--version");
    command
}

fn peak(command: impl Fn() -> Command) -> f64 {
    median((0..5).map(|_| ran(&mut command()).peak).collect())
}

fn ms(mut command: Command) -> f64 {
    wall(&mut command).as_secs_f64() * 1000.0
}

fn in_turns(
    ours: impl Fn() -> Command,
    bare: impl Fn() -> Command,
    rounds: usize,
) -> [Vec<f64>; 2] {
    // The first turn finds nothing in the page cache.
    ms(ours());
    ms(bare());
    (0..rounds).map(|_| [ms(ours()), ms(bare())]).fold(
        [Vec::new(), Vec::new()],
        |[mut a, mut b], [one, other]| {
            a.push(one);
            b.push(other);
            [a, b]
        },
    )
}

fn scenario(title: &str) -> String {
    format!("scenario: {title}\ncontract: things\neffects: reads\nsteps:\n")
}

fn step(number: usize) -> String {
    format!(
        "  - id: step-{number}\n    operation: get-thing\n    path: {{ id: \"{number}\" }}\n    expect:\n      - {{ proves: thing.found, status: 200 }}\n      - {{ proves: thing.typed, header: {{ Content-Type: application/json }} }}\n      - {{ proves: thing.named, json: {{ \"$.name\": a small thing }} }}\n"
    )
}

/// A contract of one operation and 20 clauses, two of which are judged on every exchange.
fn contract(suite: &Path) {
    let mut text = "contract: things\ntitle: Things API\ndocuments:\n  guide: { title: Guide, url: \"https://example.org/guide\" }\noperations:\n  - id: get-thing\n    method: GET\n    path: \"/items/{id}\"\n    source: [\"guide § Things\"]\n    reply: { status: 200, header: { Content-Type: application/json }, example: { json: { id: 7 } } }\nclauses:\n".to_owned();
    for (id, then) in [
        ("status", "status: 200"),
        ("id", "json: { \"$.id\": { is: integer } }"),
    ] {
        writeln!(text, "  - {{ id: thing.{id}, level: must, says: It has a {id}., source: [\"guide § Things\"], on: [get-thing], then: {{ {then} }}, broken-by: [{{ status: 500 }}] }}")
            .expect("a string takes all");
    }
    let more = (0..15).map(|number| format!("more-{number}"));
    let named = ["found", "typed", "named"].map(str::to_owned);
    for id in named.into_iter().chain(more) {
        writeln!(text, "  - {{ id: thing.{id}, level: must, says: It is {id}., source: [\"guide § Things\"], proved-by: scenario, broken-by: [{{ status: 500 }}] }}")
            .expect("a string takes all");
    }
    fs::create_dir_all(suite.join("things")).expect("the temporary folder takes a folder");
    fs::write(suite.join("contract.yaml"), text).expect("the temporary folder takes a file");
}
