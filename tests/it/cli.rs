//! What is typed is never ignored, and what was found is never lost.

use crate::{
    Case,
    program::{Serving, command, curl, folder, run, wireproof, write},
};
use std::{
    fs,
    process::{Command, Stdio},
};

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
        &["kill"],
        interrupted_early,
    ),
    (
        "an interrupt against a URL cleans up, writes the report and ends with 130",
        &["kill"],
        interrupted_against_a_url,
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

/// The shortest wait for another program that there is: until it has said that it catches an interrupt.
fn catches_interrupts(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    // Signal 2 is the second bit.
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 0b10 != 0
}

fn interrupt(process: u32) {
    let sent = Command::new("kill")
        .args(["-INT", &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn interrupted_early() {
    let folder = folder();
    for verb in ["check", "prove"] {
        let report = folder.path().join(format!("{verb}.json"));
        let to = format!("json={}", report.display());
        let child = command([verb, "--report", &to])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !catches_interrupts(child.id()) {
            std::thread::yield_now();
        }
        interrupt(child.id());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130), "{verb}: {ended:?}");
        let text = fs::read_to_string(&report).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["exit"], 130, "{verb}");
    }
}

/// A server that interrupts the run while the run waits for its first reply.
fn interrupted_against_a_url() {
    use std::io::{BufRead, BufReader, Write};
    let folder = folder();
    let suite = folder.path().join("greeting");
    for path in ["contract.yaml", "greetings/names-who-was-asked-for.yaml"] {
        let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/greeting");
        write(
            suite.join(path),
            &fs::read_to_string(from.join(path)).unwrap(),
        );
    }
    write(
        suite.join("greetings/cleans-up.yaml"),
        "scenario: What was made is taken away\ncontract: greeting\neffects: writes\nsteps:\n\
         \x20 - { id: make, request: { method: POST, path: /made }, capture: { made: { header: Location } } }\n\
         \x20 - { id: more, request: { method: POST, path: /more } }\n\
         cleanup:\n  - { request: { method: DELETE, path: \"{{ made }}\" } }\n",
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    let suite = suite.to_str().unwrap();
    let mut child = command([
        "check",
        suite,
        "--url",
        &url,
        "--allow-writes",
        "--jobs",
        "1",
        "--report",
        &to,
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let process = child.id();
    let (heard, told) = std::sync::mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let said = std::thread::spawn(move || {
        let lines: Vec<String> = stderr
            .lines()
            .map_while(Result::ok)
            .inspect(|line| {
                if line.contains("interrupted") {
                    // Nobody waits any more after the first time.
                    let _ = heard.send(());
                }
            })
            .collect();
        lines.join("\n")
    });
    let served = std::thread::spawn(move || {
        let mut asked: Vec<String> = Vec::new();
        // Until what was made is gone.
        while !asked.iter().any(|line| line.starts_with("DELETE ")) {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut writer = stream;
            loop {
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    lines.push(line);
                }
                let Some(first) = lines.into_iter().next() else {
                    break;
                };
                if asked.is_empty() {
                    interrupt(process);
                    // Only once the run has said so does the reply come that it waits for.
                    told.recv_timeout(std::time::Duration::from_secs(60))
                        .unwrap();
                }
                asked.push(first);
                let reply =
                    "HTTP/1.1 201 Created\r\nLocation: /made/1\r\nContent-Length: 0\r\n\r\n";
                if writer.write_all(reply.as_bytes()).is_err()
                    || asked.iter().any(|line| line.starts_with("DELETE "))
                {
                    break;
                }
            }
        }
        asked
    });
    let ended = child.wait_with_output().unwrap();
    let said = said.join().unwrap();
    let asked = served.join().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(asked[0].starts_with("POST /made "), "{asked:?}");
    assert!(
        asked.last().unwrap().starts_with("DELETE /made/1 "),
        "{asked:?}"
    );
    let text = fs::read_to_string(&report).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["exit"], 130);
    assert_eq!(value["interrupted"], true);
    let scenarios = value["suites"][0]["scenarios"].as_array().unwrap();
    let other = scenarios
        .iter()
        .find(|one| one["id"] != "greeting/greetings/cleans-up");
    assert_eq!(other.unwrap()["outcome"], "skipped", "{text}");
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
