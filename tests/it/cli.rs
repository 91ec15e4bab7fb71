//! What is typed is never ignored, and what was found is never lost.

use crate::{
    Case,
    program::{Serving, command, curl, folder, run, wireproof, write},
};
use std::{fs, process::Command};

pub(crate) const CASES: &[Case] = &[
    (
        "a folder of scenarios stands in place of every bundled suite",
        &[],
        scenarios,
    ),
    (
        "a file of certificates is read for every target",
        &[],
        certificates,
    ),
    (
        "a report that cannot be written takes nothing else with it",
        &[],
        full,
    ),
    (
        "two reports to one place are refused, and no empty file is left",
        &[],
        one_place,
    ),
    (
        "an interrupt at any moment ends with 130 and a whole report",
        &["sh", "kill"],
        interrupted_early,
    ),
    ("a pattern names ids, not titles", &[], patterns),
    ("a user of a server is the only one let in", &["curl"], user),
    (
        "what has no meaning for a server or a new suite is refused",
        &[],
        refused,
    ),
    (
        "an annotation names no file that is only in the program",
        &[],
        annotations,
    ),
];

fn scenarios() {
    let folder = folder();
    let empty = folder.path().to_str().unwrap();
    let file = write(folder.path().join("file"), "");
    for command in ["check", "prove", "serve", "list", "lint"] {
        for absent in ["/nosuch", &file] {
            wireproof([command, "bits-upload", "--scenarios", absent])
                .ends(2)
                .says(&format!("there is no folder `{absent}` of scenarios"));
        }
        wireproof([command, "bits-upload", "--scenarios", empty])
            .ends(2)
            .says(&format!("there is no suite in `{empty}`"));
    }
    wireproof(["check", "bits-upload/fragment", "--scenarios", "examples"])
        .ends(2)
        .says("suites are greeting");
    let ping = "scenario: A ping\ncontract: bits-upload\neffects: reads\nsteps:\n  - { id: a, operation: ping, path: { remote: x } }\n";
    let ping = write(folder.path().join("ping.yaml"), ping);
    wireproof(["check", &ping, "--scenarios", "examples"])
        .ends(2)
        .says("there is no suite in `examples`");
    for place in ["examples", "examples/greeting"] {
        wireproof(["check", "greeting", "--scenarios", place]).ends(0);
        wireproof(["check", "greeting/languages", "--scenarios", place])
            .ends(0)
            .shows("1 scenario in ");
    }
    wireproof(["check", "bits-upload/ping", "--scenarios", "scenarios"]).ends(0);
}

fn certificates() {
    let folder = folder();
    let text = write(folder.path().join("no.pem"), "no certificate");
    for file in ["/nosuch.pem", &text] {
        for target in [&[][..], &["--url", "http://127.0.0.1:9"], &["--dry-run"]] {
            wireproof(
                ["check", "bits-upload/ping", "--ca", file]
                    .iter()
                    .chain(target),
            )
            .ends(2)
            .says(file);
            let pair = ["--client-cert", file, "--client-key", file];
            wireproof(
                ["check", "bits-upload/ping"]
                    .iter()
                    .chain(&pair)
                    .chain(target),
            )
            .ends(2)
            .says(file);
        }
    }
}

#[cfg(target_os = "linux")]
fn full() {
    let folder = folder();
    let json = folder.path().join("report.json");
    let written = format!("json={}", json.display());
    for command in ["check", "prove"] {
        wireproof([command, "examples/greeting", "--report", "json=/dev/full"])
            .ends(3)
            .shows("exit 0: ")
            .says("cannot write `/dev/full`");
    }
    wireproof([
        "check",
        "examples/greeting",
        "--report",
        "junit=/dev/full",
        "--report",
        &written,
    ])
    .ends(3)
    .shows("exit 0: ");
    assert!(fs::read_to_string(json).unwrap().contains("\"schema\": 1"));
}

#[cfg(not(target_os = "linux"))]
fn full() {}

fn one_place() {
    let folder = folder();
    let file = folder.path().join("a");
    let one = format!("json={}", file.display());
    let same = format!("junit={}/./a", folder.path().display());
    wireproof([
        "check",
        "examples/greeting",
        "--report",
        &one,
        "--report",
        &same,
    ])
    .ends(2)
    .says("two reports cannot go to one file");
    wireproof([
        "check",
        "examples/greeting",
        "--report",
        "json=-",
        "--report",
        "junit=-",
    ])
    .ends(2)
    .says("only one report");
    wireproof(["check", "no-such-suite", "--report", &one]).ends(2);
    assert!(!file.exists());
    fs::write(&file, "kept").unwrap();
    wireproof(["check", "no-such-suite", "--report", &one]).ends(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
}

fn interrupted_early() {
    let folder = folder();
    for verb in ["check", "prove"] {
        for delay in ["0.02", "0.03", "0.05", "0.08"] {
            let report = folder.path().join(format!("{verb}-{delay}.json"));
            let script = format!(
                "{} {verb} --report json={} & sleep {delay}; kill -INT $!; wait $!",
                env!("CARGO_BIN_EXE_wireproof"),
                report.display()
            );
            // A shell without job control starts what runs beside it deaf to the interrupt.
            let ran = run(Command::new("sh").args(["-c", &format!("set -m; {script}")]));
            assert_eq!(ran.code, 130, "{verb} after {delay}: {}", ran.all());
            let text = fs::read_to_string(&report).unwrap();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["exit"], 130, "{verb} after {delay}");
        }
    }
}

fn patterns() {
    let ran = wireproof(["check", "examples/greeting", "--only", "the languages"])
        .ends(4)
        .says("ids begin with the suite's name");
    assert!(!ran.stdout.contains("must    should"), "{}", ran.all());
    assert!(!ran.stdout.contains("  not exercised: "), "{}", ran.all());
}

fn user() {
    let start = |extra: &[&str], password: &str| {
        let mut command = command(["serve", "bits-upload", "--user", "ada"]);
        command.args(extra).env("WIREPROOF_TEST_PASSWORD", password);
        command
    };
    let with = ["--password-env", "WIREPROOF_TEST_PASSWORD"];
    let server = Serving::of(&mut start(&with, "open sesame"));
    let ping = |user: &str| {
        let ping = [
            "-X",
            "BITS_POST",
            "-H",
            "BITS-Packet-Type: Ping",
            "-H",
            "Content-Length: 0",
        ];
        let url = format!("{}/file", server.url);
        curl(&[&ping[..], &["-u", user, &url]].concat())
            .ends(0)
            .stdout
    };
    assert!(ping("ada:open sesame").starts_with("HTTP/1.1 200"));
    assert!(ping("ada:wrong").starts_with("HTTP/1.1 403"));
    run(&mut start(&with, "")).ends(2).says("is empty");
    run(&mut start(&[], "")).ends(2).says("--password-env");
    run(&mut start(&["--password-env", "WIREPROOF_NOT_SET"], ""))
        .ends(2)
        .says("is not set");
}

fn refused() {
    let folder = folder();
    let place = folder.path().join("bits-upload");
    wireproof(["new", place.to_str().unwrap()])
        .ends(2)
        .says("is a suite of the program");
    assert!(!place.exists());
    wireproof([
        "serve",
        "hpc-pack",
        "--data-dir",
        folder.path().to_str().unwrap(),
    ])
    .ends(2)
    .says("keeps no files");
}

fn annotations() {
    let server = Serving::start(["hpc-pack"]);
    let with = [
        "--allow-writes",
        "--url",
        &server.url,
        "--report",
        "github=-",
    ];
    let ran = wireproof(["check", "bits-upload/ping"].iter().chain(&with))
        .ends(1)
        .shows("::error title=");
    assert!(!run_of(&ran.stdout, "file=<"), "{}", ran.stdout);
}

/// Whether an annotation has that among its properties.
fn run_of(annotations: &str, property: &str) -> bool {
    annotations
        .lines()
        .filter(|line| line.starts_with("::"))
        .any(|line| line.contains(property))
}
