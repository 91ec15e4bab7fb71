//! `wireproof check`: every exit code, and what a report says.

use crate::{
    Case,
    nginx::{Nginx, free_port},
    program::{Ran, Serving, command, folder, run, wireproof, write},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::Stdio,
};

pub(crate) const CASES: &[Case] = &[
    (
        "a suite that is kept exits 0 and says what was proved",
        &[],
        conforms,
    ),
    ("one file of a suite is checked alone", &[], one_file),
    (
        "a file elsewhere belongs to the suite that it names",
        &[],
        loose_file,
    ),
    ("a broken promise exits 1 and is explained", &[], findings),
    ("a broken should fails only when strict", &[], strict),
    (
        "the fields of the json report are those of the contract",
        &[],
        json_fields,
    ),
    ("every report is made from one run", &[], all_reports),
    (
        "nginx knows no bits and gets findings that can be acted on",
        &["nginx"],
        nginx,
    ),
    ("a port where nothing listens exits 3", &[], nobody),
    ("nothing selected exits 4", &[], nothing),
    ("all skipped exits 4", &[], all_skipped),
    (
        "our own server passes strictly and as in its snapshots when checked by its url twice",
        &[],
        served,
    ),
    (
        "a difference to a snapshot is a note unless it is asked for strictly",
        &[],
        noted,
    ),
    ("a dry run sends nothing", &[], dry_run),
    (
        "an interrupt cleans up and exits 130",
        &["kill"],
        interrupted,
    ),
    ("a reader that goes away does no harm", &["sh"], broken_pipe),
    ("a password is in no output", &[], secrets),
];

const GREETING: &str = "examples/greeting";

/// A copy of the example suite in which one text of a file is another.
fn changed(file: &str, from: &str, to: &str) -> (tempfile::TempDir, String) {
    let folder = folder();
    let suite = folder.path().join("greeting");
    for path in [
        "contract.yaml",
        "greetings/names-who-was-asked-for.yaml",
        "languages/known-ones.yaml",
    ] {
        let mut text = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(GREETING)
                .join(path),
        )
        .unwrap();
        if path == file {
            assert!(text.contains(from), "{path} has no `{from}`");
            text = text.replace(from, to);
        }
        write(suite.join(path), &text);
    }
    let path = suite.to_str().unwrap().to_owned();
    (folder, path)
}

/// The example's reply is edited so that the name is another: a behaviour is broken.
fn another_name() -> (tempfile::TempDir, String) {
    changed(
        "contract.yaml",
        "json: { name: Ada, text",
        "json: { name: Bob, text",
    )
}

fn conforms() {
    let ran = wireproof(["check", GREETING]).ends(0);
    let last = "\
2 scenarios in ";
    assert!(ran.stdout.contains(last), "{}", ran.all());
    ran.shows("5 clauses kept, 0 broken, 0 not exercised")
        .shows("Greeting API: 4/4 must, 1/1 should")
        .says("PASS");
}

fn one_file() {
    wireproof([
        "check",
        "examples/greeting/greetings/names-who-was-asked-for.yaml",
    ])
    .ends(0)
    .shows("1 scenario in ");
    wireproof(["check", "examples/greeting/greetings"])
        .ends(0)
        .shows("1 scenario in ");
    wireproof(["check", "bits-upload/fetch/byte-range"])
        .ends(0)
        .shows("1 scenario in ");
}

fn loose_file() {
    let folder = folder();
    let text = "scenario: A ping is answered\ncontract: bits-upload\neffects: reads\nsteps:\n  - id: ping\n    operation: ping\n    path: { remote: x }\n    expect: [{ status: 200 }]\n";
    let file = write(folder.path().join("ping.yaml"), text);
    wireproof(["check", &file]).ends(0).shows("1 scenario in ");
}

fn findings() {
    let (_folder, suite) = another_name();
    wireproof(["check", &suite])
        .ends(1)
        .says("FAIL")
        .shows("must broken: greet.names-who-was-asked-for (1 place, on mock)")
        .shows("The reply names the person that the path names.")
        .shows("https://example.org/greeting/guide")
        .shows("names-who-was-asked-for.yaml:")
        .shows("GET /greetings/Ada HTTP/1.1")
        .shows("expected  \"Ada\"")
        .shows("actual    \"Bob\"")
        .shows("exit 1: findings");
}

fn strict() {
    let (_folder, suite) = changed(
        "contract.yaml",
        "json: [de, en, fr] }",
        "json: [fr, en, de] }",
    );
    wireproof(["check", &suite])
        .ends(0)
        .shows("should broken: languages.sorted");
    wireproof(["check", &suite, "--strict"])
        .ends(1)
        .shows("should broken: languages.sorted");
}

/// The fields that scripts rely on, and nothing else of a report.
fn relied_on(report: &Value) -> Value {
    let pick = |value: &Value, names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| ((*name).to_owned(), value[*name].clone()))
            .collect()
    };
    let each = |list: &Value, f: &dyn Fn(&Value) -> Value| -> Value {
        list.as_array().unwrap().iter().map(f).collect()
    };
    let finding = |f: &Value| {
        pick(
            f,
            &["clause", "level", "step", "subject", "expected", "actual"],
        )
    };
    let scenario = |s: &Value| {
        let mut picked = pick(s, &["id", "outcome"]);
        picked["findings"] = each(&s["findings"], &finding);
        picked
    };
    let suite = |s: &Value| {
        let mut picked = pick(s, &["suite", "target"]);
        picked["scenarios"] = each(&s["scenarios"], &scenario);
        picked["clauses"] = each(&s["clauses"], &|c| {
            pick(c, &["id", "level", "outcome", "checked"])
        });
        picked
    };
    let mut picked = pick(report, &["schema", "exit", "totals"]);
    picked["suites"] = each(&report["suites"], &suite);
    picked
}

fn json_fields() {
    let (_folder, suite) = another_name();
    let ran = wireproof(["check", &suite, "--report", "json=-"]).ends(1);
    let clause = |id: &str, level: &str, outcome: &str, checked: u64| json!({ "id": id, "level": level, "outcome": outcome, "checked": checked });
    let expected = json!({
        "schema": 1,
        "exit": 1,
        "suites": [{
            "suite": "greeting",
            "target": "mock",
            "scenarios": [
                {
                    "id": "greeting/greetings/names-who-was-asked-for",
                    "outcome": "failed",
                    "findings": [{
                        "clause": "greet.names-who-was-asked-for",
                        "level": "must",
                        "step": "greet",
                        "subject": "json $.name",
                        "expected": "\"Ada\"",
                        "actual": "\"Bob\"",
                    }],
                },
                { "id": "greeting/languages/known-ones", "outcome": "passed", "findings": [] },
            ],
            "clauses": [
                clause("greet.status", "must", "kept", 2),
                clause("languages.status", "must", "kept", 1),
                clause("greet.text", "must", "kept", 2),
                clause("greet.names-who-was-asked-for", "must", "broken", 1),
                clause("languages.sorted", "should", "kept", 1),
            ],
        }],
        "totals": { "passed": 1, "failed": 1, "blocked": 0, "skipped": 0, "errored": 0 },
    });
    assert_eq!(relied_on(&ran.json()), expected, "{}", ran.all());
}

fn all_reports() {
    let (folder, suite) = another_name();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let reports = [
        "json=a.json",
        "junit=a.xml",
        "markdown=a.md",
        "github=a.txt",
    ]
    .map(|report| {
        let (kind, name) = report.split_once('=').unwrap();
        format!("--report={kind}={}", file(name))
    });
    let mut arguments = vec!["check".to_owned(), suite];
    arguments.extend(reports);
    wireproof(&arguments).ends(1).shows("exit 1");
    let text = |name: &str| fs::read_to_string(file(name)).unwrap();
    for (name, part) in [
        ("a.json", "\"exit\": 1"),
        (
            "a.xml",
            "<failure message=\"must broken: greet.names-who-was-asked-for",
        ),
        ("a.md", "## wireproof: exit 1"),
        ("a.txt", "::error file="),
    ] {
        assert!(text(name).contains(part), "{name}: {}", text(name));
    }
}

fn nginx() {
    let nginx = Nginx::start();
    let url = format!("{}/dir", nginx.url);
    let ran = wireproof([
        "check",
        "bits-upload",
        "--url",
        &url,
        "--allow-writes",
        "--report",
        "json=-",
    ])
    .ends(1);
    let report = ran.json();
    let suite = &report["suites"][0];
    assert_eq!(suite["target"], json!(url));
    let findings: Vec<&Value> = suite["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|scenario| scenario["findings"].as_array().unwrap())
        .collect();
    // Somebody who reads one of them can act on it: what was asked, what came, where that is written.
    let telling = findings.iter().find(|finding| {
        finding["actual"]
            .as_str()
            .is_some_and(|actual| actual.contains("405"))
    });
    let telling = telling.unwrap_or_else(|| panic!("no finding shows nginx's 405: {}", ran.all()));
    let line = telling["exchange"]["request"]["line"].as_str().unwrap();
    assert!(line.starts_with("BITS_POST /dir/"), "{line}");
    assert!(telling["step_place"]["line"].as_u64().unwrap() > 1);
    assert!(report["totals"]["errored"] == 0, "{}", report["totals"]);
    // Read only: what writes is left out, and it is said.
    wireproof(["check", "bits-upload", "--url", &url]).shows("--allow-writes");
}

fn nobody() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let ran = wireproof([
        "check",
        "bits-upload",
        "--url",
        &url,
        "--allow-writes",
        "--report",
        "json=-",
    ])
    .ends(3);
    assert_eq!(ran.json()["exit"], 3);
    wireproof(["check", "bits-upload", "--url", &url, "--allow-writes"])
        .ends(3)
        .shows("nothing answers at http://127.0.0.1:")
        .shows("refused")
        .shows(" 0 broken");
}

fn nothing() {
    wireproof(["check", GREETING, "--only", "no-such-scenario"])
        .ends(4)
        .says("nothing is selected");
    let ran = wireproof(["check", GREETING, "--skip", "**", "--report", "json=-"]).ends(4);
    assert_eq!(ran.json()["exit"], 4);
    wireproof(["check", GREETING, "--dry-run", "--only", "no-such-scenario"]).ends(4);
}

fn all_skipped() {
    // Nobody is asked: the scenario writes, and nobody allowed that.
    let url = format!("http://127.0.0.1:{}", free_port());
    wireproof([
        "check",
        "bits-upload/close/publishes-the-file",
        "--url",
        &url,
        "--can",
        "all",
    ])
    .ends(4)
    .shows("--allow-writes");
}

/// Against our own server, with more arguments.
fn checked(serving: &Serving, suite: &str, more: &[&str]) -> Ran {
    let url = serving.url.as_str();
    let asked = [
        "check",
        suite,
        "--url",
        url,
        "--can",
        "all",
        "--allow-writes",
    ];
    wireproof(asked.iter().chain(more).copied())
}

fn served() {
    let rows: &[(&str, &[&str])] = &[
        ("bits-upload", &[]),
        ("hpc-pack", &[]),
        ("hpc-pack", &["--set", "form=pre2016"]),
    ];
    for (suite, set) in rows {
        let serving = Serving::start([&[*suite], *set].concat());
        for run in ["first", "second"] {
            let mut more = [*set, &["--strict", "--strict-snapshots"]].concat();
            if run == "second" && *suite == "bits-upload" {
                // 64 MiB take their time: once is enough.
                more.extend(["--skip", "large-file"]);
            }
            let ran = checked(&serving, suite, &more);
            assert_eq!(ran.code, 0, "{run} run of {suite} {set:?}: {}", ran.all());
        }
    }
}

fn noted() {
    let serving = Serving::start(["hpc-pack", "--set", "owner=HPC\\another"]);
    let only = ["--only", "job/created", "--strict"];
    let ran = checked(&serving, "hpc-pack", &only)
        .ends(0)
        .says("NOTE    ")
        .shows("HPC\\another");
    // Two scenarios, and one note.
    let notes = ran.stdout.matches("snapshot differs").count();
    assert_eq!(notes, 1, "{}", ran.stdout);
    let strictly = [&only[..], &["--strict-snapshots"]].concat();
    let ran = checked(&serving, "hpc-pack", &strictly)
        .ends(1)
        .says("FAIL");
    assert_eq!(ran.stdout.matches("snapshot differs").count(), 2);
}

fn dry_run() {
    let url = format!("http://127.0.0.1:{}", free_port());
    wireproof(["check", GREETING, "--url", &url, "--dry-run"])
        .ends(0)
        .shows("run   greeting/greetings/names-who-was-asked-for")
        .says("nothing was sent");
}

fn interrupted() {
    // A server that takes connections and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder();
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    let mut child = command([
        "check",
        GREETING,
        "--url",
        &url,
        "--timeout",
        "60s",
        "--report",
        &to,
    ])
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    // It has begun once it has connected.
    let (held, _) = listener.accept().unwrap();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    // What is under way may still be answered, or break; it breaks once the program knows.
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("interrupted") {
        line.clear();
        assert_ne!(
            told.read_line(&mut line).unwrap(),
            0,
            "it ended without a word"
        );
    }
    drop(held);
    drop(listener);
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(
        (&report["exit"], &report["interrupted"]),
        (&json!(130), &json!(true))
    );
}

fn broken_pipe() {
    let program = env!("CARGO_BIN_EXE_wireproof");
    let line = format!(
        "{program} check {GREETING} -v | true; {program} list --clauses | head -1; {program} --help | true"
    );
    let ran: Ran = run(std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(env!("CARGO_MANIFEST_DIR")));
    assert!(!ran.stderr.contains("panicked"), "{}", ran.all());
    assert!(!ran.stderr.contains("Broken pipe"), "{}", ran.all());
}

fn secrets() {
    let (folder, suite) = another_name();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let serving = Serving::start([suite.as_str()]);
    let mut check = command(["check", &suite, "--url", &serving.url, "-vv"]);
    check
        .args(["--user", "hans", "--password-env", "IT_SECRET"])
        .env("IT_SECRET", "Tr0ub4dor&3");
    check.args(["--header", "X-Api-Key: k-0123456789"]);
    let mut texts = Vec::new();
    for kind in ["json", "junit", "markdown", "github"] {
        check.arg(format!("--report={kind}={}", file(kind)));
    }
    let ran = run(&mut check).ends(1);
    texts.push(ran.stdout + &ran.stderr);
    texts.extend(
        ["json", "junit", "markdown", "github"].map(|kind| fs::read_to_string(file(kind)).unwrap()),
    );
    assert!(
        texts[1].contains("Basic ***"),
        "the credentials were sent: {}",
        texts[1]
    );
    for text in texts {
        for secret in ["Tr0ub4dor", "k-0123456789", "aGFuczpUcjB1YjRkb3ImMw"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}
