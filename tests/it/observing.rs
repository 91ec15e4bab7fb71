//! `wireproof observe` as tests start it, what its report says, and uploads that pass through it.

use crate::program::{Serving, command, curl, folder, signal};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

pub(crate) const PROTOCOL: &str =
    "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}";
pub(crate) const VERSION: &str = "api-version: 2012-11-01.4.0";

/// `wireproof observe` with the JSON report that it writes.
pub(crate) struct Observing {
    pub(crate) serving: Serving,
    pub(crate) report: PathBuf,
    pub(crate) _folder: tempfile::TempDir,
}

impl Observing {
    pub(crate) fn start<S: AsRef<OsStr>>(
        suite: &str,
        upstream: &str,
        more: impl IntoIterator<Item = S>,
    ) -> Self {
        let folder = folder();
        let report = folder.path().join("report.json");
        let to = format!("json={}", report.display());
        let mut observe = command(["observe", suite, "--upstream", upstream, "--report", &to]);
        Self {
            serving: Serving::of(observe.args(more)),
            report,
            _folder: folder,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.serving.url
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.url().trim_start_matches("http://")).unwrap();
        patient(connection)
    }

    /// Ends it, and gives its report after it was seen that it ended with that code.
    #[track_caller]
    pub(crate) fn ends(self, code: u8) -> Report {
        let (ended, rest) = self.serving.stop("-INT");
        let text = fs::read_to_string(&self.report).unwrap();
        assert_eq!(ended, Some(code.into()), "{rest}\n{text}");
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["exit"], code);
        Report(report)
    }
}

/// Runs `wireproof observe` with these words as long as something is done through it; gives what it printed on standard
/// output and standard error, one of which tells where it listens.
pub(crate) fn overheard(words: &[&str], told_on: Told, act: impl FnOnce(&str)) -> (String, String) {
    let mut child = command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    match told_on {
        Told::Stdout => out.read_line(&mut line),
        Told::Stderr => err.read_line(&mut line),
    }
    .unwrap();
    act(line.strip_prefix("listening on ").unwrap().trim_end());
    signal(&child, "-INT");
    // Standard output first: a report is more than a pipe holds.
    let (mut printed, mut said) = (String::new(), String::new());
    out.read_to_string(&mut printed).unwrap();
    err.read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    (printed, said)
}

/// Where `observe` tells that it listens: on standard error where a report has standard output to itself.
#[derive(Clone, Copy)]
pub(crate) enum Told {
    Stdout,
    Stderr,
}

/// A JSON report.
pub(crate) struct Report(pub(crate) Value);

impl Report {
    pub(crate) fn scenarios(&self) -> &Vec<Value> {
        self.0["suites"][0]["scenarios"].as_array().unwrap()
    }

    /// The ids of all broken clauses, or what was looked at where there is no clause.
    pub(crate) fn broken(&self) -> BTreeSet<String> {
        let findings = self
            .scenarios()
            .iter()
            .flat_map(|one| one["findings"].as_array().unwrap());
        findings
            .map(|finding| {
                let clause = finding["clause"].as_str();
                clause
                    .unwrap_or(finding["actual"].as_str().unwrap())
                    .to_owned()
            })
            .collect()
    }

    /// What was judged of the server, by operation.
    pub(crate) fn of_server(&self) -> Vec<&Value> {
        let of_server = |one: &&Value| one["id"].as_str().unwrap().contains("/server/");
        self.scenarios().iter().filter(of_server).collect()
    }

    /// How many requests each scenario had.
    pub(crate) fn requests(&self) -> BTreeMap<&str, u64> {
        let count = |one| -> (&str, u64) {
            let one: &Value = one;
            (
                one["id"].as_str().unwrap(),
                one["requests"].as_u64().unwrap(),
            )
        };
        self.scenarios().iter().map(count).collect()
    }
}

pub(crate) fn patient(connection: TcpStream) -> TcpStream {
    connection
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    connection
}

pub(crate) fn packet(url: &str, kind: &str, more: &[&str]) -> String {
    let kind = format!("BITS-Packet-Type: {kind}");
    let mut arguments = vec!["-X", "BITS_POST", "-H", &kind];
    if !more.contains(&"--data-binary") {
        arguments.extend(["-H", "Content-Length: 0"]);
    }
    arguments.extend(more);
    arguments.push(url);
    curl(&arguments).ends(0).stdout
}

pub(crate) fn session(created: &str) -> String {
    let line = created
        .lines()
        .find(|line| line.starts_with("BITS-Session-Id:"));
    line.unwrap_or_else(|| panic!("{created}"))
        .trim_end()
        .to_owned()
}

/// Uploads three fragments, the first longer than what is kept of a body.
pub(crate) fn upload(url: &str, folder: &Path, more: &[&str]) {
    let parts = [3 << 20, 1000, 1];
    let length: usize = parts.iter().sum();
    let session = session(&packet(
        url,
        "Create-Session",
        &[&["-H", PROTOCOL], more].concat(),
    ));
    let mut first = 0;
    for part in parts {
        let file = folder.join("part");
        fs::write(&file, vec![b'x'; part]).unwrap();
        let data = format!("@{}", file.display());
        let range = format!("Content-Range: bytes {first}-{}/{length}", first + part - 1);
        let body = [
            "-H",
            &session,
            "-H",
            &range,
            "-H",
            "Content-Type:",
            "--data-binary",
            &data,
        ];
        let stored = packet(url, "Fragment", &[&body, more].concat());
        first += part;
        let told = format!("BITS-Received-Content-Range: {first}\r\n");
        assert!(stored.contains(&told), "{stored}");
    }
    packet(url, "Close-Session", &[&["-H", &session], more].concat());
    let fetched = curl(
        &[
            &[
                "--output",
                "/dev/null",
                "--write-out",
                "%{size_download}",
                url,
            ],
            more,
        ]
        .concat(),
    );
    assert!(fetched.ends(0).stdout.parse::<usize>().unwrap() >= length);
}
