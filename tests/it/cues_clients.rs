//! What goes wrong on cue, as clients that are not ours take it: curl and Python.

use crate::{
    Case,
    cues::{cued, packet, talk},
    cues_led::{admin, opened},
    program::{curl, folder, run},
};
use serde_json::{Value, json};
use std::{fs, process::Command};

pub(crate) const CASES: &[Case] = &[
    ("curl gets what each cue sends", &["curl"], curl_gets),
    (
        "curl retries until it has its reply",
        &["curl"],
        curl_retries,
    ),
    (
        "curl goes on with a download where it was cut",
        &["curl"],
        curl_continues,
    ),
    (
        "python requests and its retries meet every break",
        &["python3", "requests"],
        python_requests,
    ),
    (
        "a resuming bits client goes on from the right offset",
        &["python3"],
        resuming,
    ),
];

/// Each break, and what it is to curl: its exit code.
const BREAKS: [(&str, i32); 9] = [
    ("{ close: before-head }", 52),
    ("{ reset: before-head }", 56),
    ("{ close: after-head }", 18),
    ("{ reset: 10 }", 56),
    ("{ cut: 17 }", 18),
    ("{ content-length: 999 }", 18),
    ("{ garbage: \"no HTTP at all\" }", 1),
    ("{ stall: before-head }", 28),
    ("{ upload: { read: 0, then: reset } }", 56),
];

/// Cues that strike each second of the requests that fit, each with another break.
fn breaks() -> String {
    let cues = BREAKS.iter().enumerate().map(|(at, (what, _))| {
        let nth = 2 * at + 1;
        format!("  - on: {{ operation: get-job-list, nth: {nth} }}\n    do: {what}\n")
    });
    format!("cues:\n{}", cues.collect::<String>())
}

fn curl_gets() {
    let serving = cued("hpc-pack", &breaks(), &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    for (what, code) in BREAKS {
        let broken = curl(&["--max-time", "2", &url]);
        assert_eq!(broken.code, code, "{what}: {}", broken.all());
        curl(&[&url]).ends(0).shows("HTTP/1.1 200 OK");
    }
    let cues = "cues:\n  - do: { reply: { status: 503, header: { Retry-After: \"1\", X-Why: [a, b] }, body: wait } }\n";
    let serving = cued("hpc-pack", cues, &[]);
    let got = curl(&[&serving.url]).ends(0).stdout;
    assert!(
        got.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{got}"
    );
    for field in [
        "Retry-After: 1\r\n",
        "X-Why: a\r\n",
        "X-Why: b\r\n",
        "Content-Length: 4\r\n",
    ] {
        assert!(got.contains(field), "{field} in {got}");
    }
    assert!(got.ends_with("\r\n\r\nwait"), "{got}");
}

fn curl_retries() {
    let mut cues = breaks();
    cues += "  - on: { operation: get-version, times: 2 }\n    do: { reply: { status: 503 } }\n";
    let serving = cued("hpc-pack", &cues, &[]);
    let jobs = format!("{}/WindowsHPC/Jobs", serving.url);
    let retry = ["--retry", "2", "--retry-delay", "0", "--max-time", "2"];
    for (what, _) in BREAKS {
        let ran = curl(
            &[
                &retry[..],
                &["--retry-all-errors", "--retry-max-time", "20", &jobs],
            ]
            .concat(),
        );
        assert_eq!(ran.code, 0, "{what}: {}", ran.all());
        assert!(
            ran.stdout.contains("HTTP/1.1 200 OK"),
            "{what}: {}",
            ran.all()
        );
    }
    let version = format!(
        "{}/WindowsHPC/Version?api-version=2012-11-01.4.0",
        serving.url
    );
    // A status of that kind is tried again without being asked for.
    let ran = curl(&["--retry", "2", "--retry-delay", "1", &version]).ends(0);
    assert!(ran.stdout.contains("HTTP/1.1 200 OK"), "{}", ran.all());
    let journal = admin(&serving.url, "GET", "/journal?operation=get-version", "").json();
    let statuses: Vec<&Value> = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["reply"]["status"])
        .collect();
    assert_eq!(statuses, [503, 503, 200]);
    let journal = admin(&serving.url, "GET", "/journal?operation=get-job-list", "").json();
    assert_eq!(
        journal["entries"].as_array().unwrap().len(),
        2 * BREAKS.len()
    );
}

fn curl_continues() {
    let cues = "cues:\n  - on: { operation: fetch, nth: 1 }\n    do: { cut: 40000 }\n  - on: { operation: fetch, nth: 2 }\n    do: { reset: 30000 }\n";
    let serving = cued("bits-upload", cues, &[]);
    let session = opened(&serving.url);
    let data: Vec<u8> = (0..100_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    let more = format!("BITS-Session-Id: {session}\r\nContent-Range: bytes 0-99999/100000\r\n");
    assert_eq!(
        talk(&serving.url, &packet("Fragment", &more, &data)).status(),
        200
    );
    let close = packet(
        "Close-Session",
        &format!("BITS-Session-Id: {session}\r\n"),
        b"",
    );
    assert_eq!(talk(&serving.url, &close).status(), 200);

    let folder = folder();
    let file = folder.path().join("fetched");
    let url = format!("{}/up.bin", serving.url);
    let go_on = || {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--noproxy",
            "*",
            "--max-time",
            "20",
            "--continue-at",
            "-",
        ]);
        let ran = run(curl.arg("--output").arg(&file).arg(&url));
        (ran.code, fs::read(&file).unwrap_or_default())
    };
    let (code, got) = go_on();
    assert_eq!((code, got.len()), (18, 40_000));
    let (code, got) = go_on();
    // What a reset finds unread may be lost, never wrong.
    assert!(
        code == 56 && (40_000..=70_000).contains(&got.len()),
        "{code} {}",
        got.len()
    );
    assert!(data.starts_with(&got));
    let (code, got) = go_on();
    assert!(code == 0 && got == data, "{code} {}", got.len());
}

/// A script of the folder `clients`, and the JSON that it prints.
fn python(script: &str, arguments: &[&str]) -> Value {
    let path = format!("{}/tests/it/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    run(Command::new("python3").arg(path).args(arguments))
        .ends(0)
        .json()
}

fn python_requests() {
    let cues = breaks();
    let serving = cued("hpc-pack", &cues, &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    let plain = python("retrying.py", &["plain", &url, "9"]);
    // In the words of urllib3, as requests hands them on.
    let expected = json!([
        ["ConnectionError", "RemoteDisconnected"],
        ["ConnectionError", "ConnectionResetError"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ChunkedEncodingError", "ConnectionResetError"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ChunkedEncodingError", "IncompleteRead"],
        ["ConnectionError", "BadStatusLine"],
        ["ReadTimeout", "ReadTimeoutError"],
        ["ConnectionError", "ConnectionResetError"],
    ]);
    assert_eq!(plain, expected);

    let cues = "cues:
  - on: { operation: get-job-list, nth: 1 }
    do: { reset: before-head }
  - on: { operation: get-job-list, nth: 2 }
    do: { close: before-head }
  - on: { operation: get-job-list, nth: 3 }
    do: { garbage: \"no HTTP at all\" }
  - on: { operation: get-job-list, nth: 4 }
    do: { reply: { status: 503, header: { Retry-After: \"1\" } } }
  - on: { operation: get-job-list, nth: 5 }
    do: { stall: before-head }
";
    let serving = cued("hpc-pack", cues, &[]);
    let url = format!("{}/WindowsHPC/Jobs", serving.url);
    let retried = python("retrying.py", &["retry", &url, "5"]);
    assert_eq!(retried["status"], 200, "{retried}");
    assert_eq!(retried["retries"], 5, "{retried}");
    let took = retried["seconds"].as_f64().unwrap();
    assert!(took >= 1.0, "Retry-After is honoured: {retried}");
    let journal = admin(&serving.url, "GET", "/journal?operation=get-job-list", "").json();
    assert_eq!(journal["entries"].as_array().unwrap().len(), 6);
}

fn resuming() {
    // What strikes the second fragment of 1000 bytes, and the offset that the server then tells.
    let table = [
        ("{ reset: before-head }", "before", 2_000),
        ("{ reset: before-head }", "after", 1_000),
        ("{ close: before-head }", "before", 2_000),
        ("{ close: before-head }", "after", 1_000),
        ("{ upload: { read: 400, then: reset } }", "before", 1_400),
        ("{ upload: { read: 400, then: reset } }", "after", 1_000),
        ("{ upload: { read: 400, then: close } }", "before", 1_400),
        ("{ upload: { read: 400, then: close } }", "after", 1_000),
        ("{ upload: { read: 0, then: stall } }", "before", 1_000),
        ("{ stall: before-head }", "before", 2_000),
        ("{ stall: before-head }", "after", 1_000),
        ("{ garbage: oops }", "before", 2_000),
        ("{ fault: storage }", "after", 1_000),
        ("{ fault: storage }", "before", 2_000),
        ("{ restart: true, reset: before-head }", "before", 2_000),
        ("{ restart: true, reset: before-head }", "after", 1_000),
    ];
    for (what, commit, offset) in table {
        let cues = format!(
            "cues:\n  - on: {{ operation: fragment, nth: 2 }}\n    do: {what}\n    commit: {commit}\n"
        );
        let folder = folder();
        let data = folder.path().join("data");
        let serving = cued(
            "bits-upload",
            &cues,
            &["--data-dir", data.to_str().unwrap()],
        );
        let saw = python(
            "bits_cued.py",
            &[&format!("{}/up.bin", serving.url), "4500", "1000"],
        );
        assert_eq!(saw["same"], true, "{what} {commit}: {saw}");
        assert_eq!(saw["resumed"], json!([offset]), "{what} {commit}: {saw}");
    }
}
