//! Every limit, set low and reached: the answer is the one that `docs/limits.md` tells, and without the limit it is not given.

use crate::{
    Case, SAID,
    cues::cued,
    limits_probes::{
        Probe, first_of_two_sessions, half_a_body, half_a_head, idle, journal, large_body,
        late_fragment, long_head, long_url, long_value, no_head, reads_late, reads_slowly,
        second_batch, second_connection, second_job, second_reply_of_60_kilobytes, second_session,
        second_task, second_upload, sweep, trickles, unwanted_body, upload, waits_while_it_stops,
    },
    program::folder,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::Duration,
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
