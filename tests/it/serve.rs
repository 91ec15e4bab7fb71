//! `wireproof serve`, used by curl.

use crate::{
    Case,
    program::{Serving, curl, folder, wireproof, write},
};
use serde_json::Value;
use std::fs;

pub(crate) const CASES: &[Case] = &[
    (
        "curl creates, attaches to and closes a session",
        &["curl"],
        sessions,
    ),
    (
        "curl uploads a file with bits and fetches it",
        &["curl"],
        upload,
    ),
    (
        "exactly one line on stdout, and a signal ends it with 0",
        &["kill"],
        one_line,
    ),
    (
        "what is uploaded survives in the data folder",
        &["curl"],
        data_dir,
    ),
    (
        "tls is trusted through the authority that is written",
        &["curl"],
        tls,
    ),
    ("basic and ntlm let only the right user in", &["curl"], auth),
    (
        "a setting and a quirk change what is served",
        &["curl"],
        settings,
    ),
    ("settings and quirks are listed", &[], help_settings),
    ("wrong settings are refused with what is right", &[], wrong),
    ("nobody serves everybody by accident", &[], open),
    (
        "a suite without a mock is served from its documents",
        &["curl"],
        documented,
    ),
];

const PROTOCOL: &str = "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}";

fn sessions() {
    let serving = Serving::start(["hpc-pack"]);
    let base = format!("{}/WindowsHPC", serving.url);
    let version = "api-version: 2012-11-01.4.0";
    let json = "Content-Type: application/json";
    let ask = |more: &[&str], path: &str| {
        let url = format!("{base}{path}");
        let asked = [
            &["-H", version, "-H", "Accept: application/json"],
            more,
            &[&url],
        ]
        .concat();
        let ran = curl(&asked).ends(0);
        let (head, body) = ran.stdout.split_once("\r\n\r\n").unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    };
    let start = r#"{"MaxMessageSize":65536,"Password":"s3cret!","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"HPC\\me"}"#;
    let (status, made) = ask(&["-H", json, "-d", start], "/Sessions/Create?durable=False");
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = i32::try_from(made["Id"].as_i64().unwrap()).unwrap();
    let attach = format!("/Session/{id}/Attach?durable=False");
    let (status, attached) = ask(&[], &attach);
    assert_eq!(status, 200, "{attached}");
    let attached: Value = serde_json::from_str(&attached).unwrap();
    assert_eq!(attached["Id"], id);
    let nobodys = format!("/Session/{}/Attach?durable=False", id.wrapping_add(1));
    assert_eq!(ask(&[], &nobodys).0, 404);
    let closed = ask(&["-H", json, "-d", ""], &format!("/Session/{id}/Close"));
    assert_eq!(closed, (200, String::new()));
    let (status, gone) = ask(&[], &attach);
    assert!((400..500).contains(&status), "{status} {gone}");
}

/// One packet of BITS, sent by curl.
fn packet(url: &str, kind: &str, more: &[&str]) -> String {
    let kind = format!("BITS-Packet-Type: {kind}");
    let mut arguments = vec!["-X", "BITS_POST", "-H", &kind];
    if !more.contains(&"--data-binary") {
        arguments.extend(["-H", "Content-Length: 0"]);
    }
    arguments.extend(more);
    arguments.push(url);
    curl(&arguments).stdout
}

fn field<'a>(reply: &'a str, name: &str) -> &'a str {
    reply
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no `{name}` in {reply}"))
        .trim_end()
}

fn upload_to(url: &str, content: &str) {
    let created = packet(url, "Create-Session", &["-H", PROTOCOL]);
    assert!(created.starts_with("HTTP/1.1 200"), "{created}");
    let session = format!("BITS-Session-Id: {}", field(&created, "BITS-Session-Id"));
    let length = content.len();
    let range = format!("Content-Range: bytes 0-{}/{length}", length - 1);
    let stored = packet(
        url,
        "Fragment",
        &[
            "-H",
            &session,
            "-H",
            &range,
            "-H",
            "Content-Type:",
            "--data-binary",
            content,
        ],
    );
    assert_eq!(
        field(&stored, "BITS-Received-Content-Range"),
        length.to_string()
    );
    let closed = packet(url, "Close-Session", &["-H", &session]);
    assert!(closed.starts_with("HTTP/1.1 200"), "{closed}");
}

fn upload() {
    let serving = Serving::start(["bits-upload"]);
    let url = format!("{}/dir/hello.txt", serving.url);
    upload_to(&url, "hello, world");
    let fetched = curl(&[&url]).stdout;
    assert!(fetched.ends_with("\r\n\r\nhello, world"), "{fetched}");
}

fn one_line() {
    for signal in ["-INT", "-TERM"] {
        let serving = Serving::start(["bits-upload"]);
        assert!(
            serving.url.starts_with("http://127.0.0.1:"),
            "{}",
            serving.url
        );
        assert_eq!(serving.stop(signal), (Some(0), String::new()));
    }
}

fn data_dir() {
    let folder = folder();
    let data = folder.path().to_str().unwrap();
    let start = || Serving::start(["bits-upload", "--data-dir", data]);
    let serving = start();
    upload_to(&format!("{}/kept.txt", serving.url), "kept");
    drop(serving);
    let again = start();
    let fetched = curl(&[&format!("{}/kept.txt", again.url)]).stdout;
    assert!(fetched.ends_with("\r\n\r\nkept"), "{fetched}");
}

fn tls() {
    let folder = folder();
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let serving = Serving::start(["bits-upload", "--tls", "--ca-out", ca]);
    assert!(serving.url.starts_with("https://"), "{}", serving.url);
    let url = format!("{}/none", serving.url);
    assert!(
        fs::read_to_string(ca)
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    assert!(
        curl(&["--cacert", ca, &url])
            .stdout
            .starts_with("HTTP/1.1 404")
    );
    assert_eq!(curl(&[&url]).code, 60, "an authority that nobody trusts");
}

fn auth() {
    for (kind, option) in [("basic", "--basic"), ("ntlm", "--ntlm")] {
        let mut command = crate::program::command(["serve", "bits-upload", "--auth", kind]);
        command
            .args(["--user", "hans", "--password-env", "IT_PASSWORD"])
            .env("IT_PASSWORD", "s3cret!");
        let serving = Serving::of(&mut command);
        let status = |user: &str| {
            let got = curl(&[option, "--user", user, &format!("{}/none", serving.url)]).stdout;
            // NTLM begins with a challenge: the last status line counts.
            let last = got.lines().rfind(|line| line.starts_with("HTTP/"));
            last.unwrap_or_default()
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(status("hans:s3cret!"), "404", "{kind}");
        for wrong in ["hans:wrong", "otto:s3cret!"] {
            assert!(
                ["401", "403"].contains(&status(wrong).as_str()),
                "{kind} let {wrong} in"
            );
        }
    }
}

fn settings() {
    let serving = Serving::start(["bits-upload", "--set", "uploads=disabled"]);
    let refused = packet(
        &format!("{}/x", serving.url),
        "Create-Session",
        &["-H", PROTOCOL],
    );
    assert!(!refused.starts_with("HTTP/1.1 200"), "{refused}");
}

fn help_settings() {
    for suite in ["bits-upload", "hpc-pack"] {
        let ran = wireproof(["serve", suite, "--help-settings"]).ends(0);
        assert!(ran.stdout.contains("settings of"), "{}", ran.all());
        assert!(ran.stdout.contains("quirks"), "{}", ran.all());
    }
}

fn wrong() {
    wireproof(["serve", "bits-uplod"])
        .ends(2)
        .says("did you mean `bits-upload`?");
    wireproof(["serve", "bits-upload", "--set", "overlp=trim"])
        .ends(2)
        .says("did you mean `overlap`?");
    wireproof(["serve", "bits-upload", "--set", "overlap=sometimes"])
        .ends(2)
        .says("reject | trim");
    wireproof(["serve", "bits-upload", "--quirk", "no-such"])
        .ends(2)
        .says("has no quirk `no-such`");
    wireproof(["serve", "bits-upload", "--auth", "basic"])
        .ends(2)
        .says("--user");
    wireproof([
        "serve",
        "bits-upload",
        "--auth",
        "basic",
        "--user",
        "x",
        "--password-env",
        "IT_NO_SUCH",
    ])
    .ends(2)
    .says("`IT_NO_SUCH` is not set");
    wireproof([
        "serve",
        "bits-upload",
        "--cert",
        "/no/such.pem",
        "--key",
        "/no/such.pem",
    ])
    .ends(2)
    .says("/no/such.pem");
}

fn open() {
    wireproof(["serve", "bits-upload", "--listen", "0.0.0.0:0"])
        .ends(2)
        .says("--allow-open");
}

fn documented() {
    let folder = folder();
    let suite = folder.path().join("mine");
    let suite = suite.to_str().unwrap();
    wireproof(["new", suite]).ends(0);
    let serving = Serving::start([suite]);
    let greeting = curl(&[&format!("{}/greetings/Ada", serving.url)]).stdout;
    assert!(greeting.starts_with("HTTP/1.1 200"), "{greeting}");
    assert!(greeting.contains("Hello, Ada!"), "{greeting}");
    let other = curl(&[&format!("{}/nothing", serving.url)]).stdout;
    assert!(other.starts_with("HTTP/1.1 404"), "{other}");
    let file = write(
        folder.path().join("broken/contract.yaml"),
        "contract: broken\n",
    );
    wireproof(["serve", file.trim_end_matches("/contract.yaml")])
        .ends(2)
        .says("contract.yaml");
}
