//! The limits as a user sets them, and the table in which they stand.

use crate::{
    Case,
    program::{Serving, command, curl, wireproof},
};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

pub(crate) const CASES: &[Case] = &[
    (
        "every limit is in --help-settings and in docs/limits.md with its default",
        &[],
        documented,
    ),
    ("a limit is set like a setting", &["curl"], set),
    ("a limit that is misspelt is told", &[], misspelt),
    (
        "a server that is open to others is so only when told, and says so",
        &[],
        open,
    ),
];

/// What bounds something that a client can make grow, beside the limits of every server.
const OF_MOCKS: [(&str, &[&str]); 2] = [
    (
        "hpc-pack",
        &[
            "body-limit",
            "body-memory",
            "job-limit",
            "task-limit",
            "subtask-limit",
            "job-memory",
            "session-limit",
            "batch-limit",
            "batch-size-limit",
            "batch-memory",
        ],
    ),
    (
        "bits-upload",
        &[
            "max-upload-size",
            "max-fragment-size",
            "session-timeout",
            "sessions-per-user",
            "max-sessions",
            "disk-space",
            "max-header-value",
            "max-url",
        ],
    ),
];

/// Names and defaults in a part of `--help-settings`.
fn shown(help: &str, part: &str) -> Vec<(String, String)> {
    let (_, rest) = help.split_once(part).unwrap();
    let mut found = Vec::new();
    let mut name = None;
    for line in rest.lines().skip(1) {
        if let Some(says) = line.strip_prefix("      ") {
            let (_, default) = says.rsplit_once("Default: ").unwrap();
            found.push((
                name.take().unwrap(),
                default.trim_end_matches('.').to_owned(),
            ));
        } else if let Some(setting) = line.strip_prefix("  ") {
            name = Some(setting.split('=').next().unwrap().to_owned());
        } else {
            break;
        }
    }
    found
}

fn documented() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let table = fs::read_to_string(table).unwrap();
    let is_there = |name: &str, default: &str| {
        let row = table
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/limits.md has no row `{name}`"));
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert_eq!(cells[2], default, "{row}");
        assert!(!cells[1].is_empty() && !cells[3].is_empty(), "{row}");
    };
    let mut rows = 0;
    for (suite, names) in OF_MOCKS {
        let help = wireproof(["serve", suite, "--help-settings"])
            .ends(0)
            .stdout;
        let limits = shown(&help, "limits of every server");
        assert!(limits.len() >= 12, "{help}");
        for (name, default) in &limits {
            is_there(name, default);
        }
        rows = limits.len();
        let settings = shown(&help, "settings of");
        for name in names {
            let (_, default) = settings
                .iter()
                .find(|(known, _)| known == name)
                .unwrap_or_else(|| panic!("{suite} has no setting {name}"));
            is_there(name, default);
        }
        // A limit of every server hides no setting of a mock.
        for (name, _) in &limits {
            assert!(settings.iter().all(|(known, _)| known != name), "{name}");
        }
    }
    rows += OF_MOCKS.iter().map(|(_, names)| names.len()).sum::<usize>();
    let told = table.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(told, rows, "docs/limits.md has rows that stand for nothing");
}

fn set() {
    let serving = Serving::start([
        "hpc-pack",
        "--set",
        "head-bytes=500",
        "--set",
        "job-limit=1",
    ]);
    let jobs = format!("{}/WindowsHPC/Jobs", serving.url);
    let version = ["-H", "api-version: 2011-11-01", "-d", ""];
    let ask = |more: &[&str]| {
        let arguments = [&version[..], more, &[jobs.as_str()]].concat();
        curl(&arguments).stdout
    };
    assert!(ask(&[]).starts_with("HTTP/1.1 200"));
    let refused = ask(&[]);
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("<HpcWebServiceFault "), "{refused}");
    let long = format!("X-Long: {}", "x".repeat(600));
    assert!(ask(&["-H", &long]).starts_with("HTTP/1.1 431"));
}

fn misspelt() {
    wireproof(["serve", "hpc-pack", "--set", "conections=5"])
        .ends(2)
        .says("did you mean `connections`?");
    wireproof(["serve", "hpc-pack", "--set", "head-time=soon"])
        .ends(2)
        .says("MILLISECONDS");
}

fn open() {
    let mut child = command([
        "serve",
        "bits-upload",
        "--listen",
        "0.0.0.0:0",
        "--allow-open",
    ])
    .stdin(Stdio::null())
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut told = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut told)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told.contains("open to everybody"), "{told}");
    wireproof(["serve", "bits-upload", "--listen", "0.0.0.0:0"])
        .ends(2)
        .says("--allow-open");
}
