//! Servers of BITS that are not ours, judged by the suite: what they do wrong is found, and nothing else.

use crate::{
    Case,
    program::{Ran, find, folder, wireproof},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[
    (
        "a foreign server that keeps offsets in a folder gets the findings of its deviations alone",
        &["python3"],
        in_a_folder,
    ),
    (
        "a foreign server of the other profile gets the findings of its deviations alone",
        &["python3"],
        in_memory,
    ),
    (
        "the wrong profile is noted and breaks no promise",
        &["python3"],
        other_profile,
    ),
    (
        "a server that breaks down gives findings and no crash",
        &["python3"],
        broken,
    ),
];

/// A server written in Python, stopped when it is dropped.
struct Foreign {
    child: Child,
    url: String,
}

impl Foreign {
    /// Starts a file of `tests/it/servers` and waits for the line with its URL.
    fn start(script: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(find("python3").unwrap())
            .arg(format!(
                "{}/tests/it/servers/{script}",
                env!("CARGO_MANIFEST_DIR")
            ))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        assert!(
            url.starts_with("http://"),
            "{script} {arguments:?} said `{url}`"
        );
        let url = url.trim_end().to_owned();
        Self { child, url }
    }

    /// What `check` says about it: the run, and its report.
    fn check(&self, more: &[&str]) -> (Ran, Value) {
        let url = format!("{}/dir", self.url);
        let folder = folder();
        let file = folder.path().join("report.json");
        let report = format!("json={}", file.display());
        let mut arguments = vec!["check", "bits-upload", "--url", &url, "--allow-writes"];
        arguments.extend(["--can", "readable-destination", "--report", &report]);
        arguments.extend(more);
        let ran = wireproof(arguments);
        let report = fs::read_to_string(file).unwrap_or_else(|why| panic!("{why}: {}", ran.all()));
        (ran, serde_json::from_str(&report).unwrap())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ids of the clauses that a report calls broken.
fn broken_clauses(report: &Value) -> BTreeSet<String> {
    let clauses = report["suites"][0]["clauses"].as_array().unwrap().iter();
    clauses
        .filter(|clause| clause["outcome"] == "broken")
        .map(|clause| clause["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The server with those deviations gets these findings and no others; nothing hides behind what went wrong of ours.
#[track_caller]
fn judged(server: &Foreign, more: &[&str], exit: i32, expected: &[&[&str]]) {
    let (ran, report) = server.check(more);
    let expected: BTreeSet<String> = expected.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(broken_clauses(&report), expected, "{}", ran.all());
    ran.ends(exit);
    let totals = &report["totals"];
    assert_eq!(totals["errored"], 0, "{totals}");
    assert!(
        expected.is_empty() || totals["passed"].as_u64().unwrap() > 0,
        "{totals}"
    );
}

/// 404 where 500 is documented: a warning, since the code is right (A13). A second Close-Session is not among them: it
/// is answered as this server answers for every session that it does not know, and that is all that is asked of it.
const UNKNOWN_404: &[&str] = &[
    // An id that was never given: 500.
    "session.unknown-status",
    // A Fragment after the end of its session: 500.
    "session.ended-status",
    // What is no id at all: 500, or 400 as a wrong header; 404 is neither.
    "session.malformed-status",
];
const NO_ACCEPT_ENCODING: &[&str] = &["create-session.accept-encoding"];
/// Clients go on from the offset told. Where a right offset is only the precondition of something else, that is not
/// exercised: a byte, a gap, a second connection are taken as they should be.
const RANGE_FOR_OFFSET: &[&str] = &[
    // The value is no number.
    "fragment.received-range-is-an-offset",
    // It does not tell which byte is expected next.
    "fragment.stored-in-order",
];

/// Deviations, the exit code, and lists of the clauses that they break.
type Row = (
    &'static [&'static str],
    i32,
    &'static [&'static [&'static str]],
);

/// 64 MiB take their time: single deviations are judged without them.
fn quick(deviations: &[&str]) -> &'static [&'static str] {
    if deviations.len() == 1 {
        &["--skip", "large-file"]
    } else {
        &[]
    }
}

fn in_a_folder() {
    let rows: &[Row] = &[
        (&[], 0, &[]),
        (&["404-to-unknown-sessions"], 0, &[UNKNOWN_404]),
        (&["no-accept-encoding"], 0, &[NO_ACCEPT_ENCODING]),
        (&["range-for-offset"], 1, &[RANGE_FOR_OFFSET]),
        (
            &[
                "404-to-unknown-sessions",
                "no-accept-encoding",
                "range-for-offset",
            ],
            1,
            &[UNKNOWN_404, NO_ACCEPT_ENCODING, RANGE_FOR_OFFSET],
        ),
    ];
    for (deviations, exit, clauses) in rows {
        let folder = folder();
        let mut arguments = vec![folder.path().to_str().unwrap()];
        arguments.extend(*deviations);
        let server = Foreign::start("bits_folder.py", &arguments);
        judged(&server, quick(deviations), *exit, clauses);
    }
}

/// A number that is no HRESULT is found by its form, and wherever a certain code is expected.
const DECIMAL: &[&str] = &[
    "create-session.error-code-form",
    "fragment.error-code-form",
    "close-session.error-code-form",
    "cancel-session.error-code-form",
    "create-session.error-code-prefix",
    "fragment.error-code-prefix",
    "close-session.error-code-prefix",
    "cancel-session.error-code-prefix",
    "packet-type.unknown-code",
    "create-session.no-common-protocol-answer",
    "create-session.no-protocols-answer",
    "session.unknown-code",
    "session.ended-code",
    "fragment.bad-range-status",
];
const FORGETFUL: &[&str] = &["fragment.resumes-after-a-cut"];

fn in_memory() {
    let rows: &[Row] = &[
        (&[], 0, &[]),
        (&["decimal-error-codes"], 1, &[DECIMAL]),
        (&["forgets-all-after-a-cut"], 1, &[FORGETFUL]),
        (
            &["decimal-error-codes", "forgets-all-after-a-cut"],
            1,
            &[DECIMAL, FORGETFUL],
        ),
    ];
    for (deviations, exit, clauses) in rows {
        let server = Foreign::start("bits_memory.py", deviations);
        let mut more = vec!["--set", "overlap=trim"];
        more.extend(quick(deviations));
        judged(&server, &more, *exit, clauses);
    }
}

fn other_profile() {
    // Nobody told the suite that this server trims; that it does is noted, and no finding that fails a run.
    let server = Foreign::start("bits_memory.py", &[]);
    let noted: &[&[&str]] = &[&["fragment.overlap-refused"]];
    judged(&server, &["--strict", "--skip", "large-file"], 0, noted);
    let folder = folder();
    let server = Foreign::start("bits_folder.py", &[folder.path().to_str().unwrap()]);
    let noted: &[&[&str]] = &[&["fragment.overlap-trimmed"]];
    let declared = ["--strict", "--set", "overlap=trim", "--skip", "large-file"];
    judged(&server, &declared, 0, noted);
}

fn broken() {
    // How it breaks, the exit code, whether it stops answering, and what is said of an exchange.
    let rows = [
        ("hangs", 3, true, "stalled"),
        ("trickles", 3, true, "stalled"),
        ("drops", 3, false, "closed"),
        ("garbage", 3, false, "no HTTP reply"),
        ("endless", 1, false, "too-large"),
        ("says-200", 1, false, "nothing (absent)"),
        ("falters", 1, true, "stalled"),
    ];
    for (way, exit, silent, said) in rows {
        let server = Foreign::start("bits_broken.py", &[way]);
        let began = Instant::now();
        let (ran, report) = server.check(&["--timeout", "1s"]);
        let took = began.elapsed();
        let ran = ran.ends(exit);
        assert!(took < Duration::from_secs(120), "{way}: {took:?}");
        assert_eq!(report["exit"], exit, "{way}");
        assert_eq!(report["totals"]["errored"], 0, "{way}");
        let scenarios = report["suites"][0]["scenarios"].as_array().unwrap();
        let found: Vec<String> = scenarios
            .iter()
            .flat_map(|scenario| scenario["findings"].as_array().unwrap())
            .map(|finding| finding["actual"].to_string())
            .collect();
        assert!(
            found.iter().any(|actual| actual.contains(said)),
            "{way} is not told with `{said}`: {found:#?}"
        );
        // One line for all that was not asked any more.
        let line = "the server stopped answering";
        let lines = ran.stdout.matches(line).count();
        assert_eq!(lines, usize::from(silent), "{way}: {}", ran.all());
    }
}
