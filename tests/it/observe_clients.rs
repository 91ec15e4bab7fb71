//! `wireproof observe` between real clients in Python and `serve`.

use crate::{
    Case,
    observing::Observing,
    program::{Serving, folder, run},
};
use std::{fs, path::Path, process::Command};

pub(crate) const CASES: &[Case] = &[
    (
        "a python client uploads through it over tls and exactly the quirk's clauses are reported",
        &["python3"],
        python,
    ),
    (
        "a python client that breaks off and resumes is noted, and the server is not blamed",
        &["python3"],
        resuming,
    ),
    (
        "jobs and sessions pass without a finding",
        &["requests"],
        jobs,
    ),
];

/// Uploads over one connection of TLS, as Python does it.
const UPLOADS: &str = r#"
import http.client, ssl, sys
from urllib.parse import urlsplit
url, ca, data = urlsplit(sys.argv[1]), sys.argv[2], bytes(5 << 20)
tls = ssl.create_default_context(cafile=ca)
connection = http.client.HTTPSConnection(url.hostname, url.port, context=tls, timeout=30)
def send(kind, body=b"", **more):
    fields = {name.replace("_", "-"): value for name, value in more.items()}
    connection.request("BITS_POST", url.path, body, {"BITS-Packet-Type": kind, **fields})
    reply = connection.getresponse()
    assert reply.status == 200 and reply.read() == b"", reply.status
    return reply
created = send("Create-Session", BITS_Supported_Protocols="{7df0354d-249b-430f-820d-3d2a9bef4931}")
session = {"BITS_Session_Id": created.getheader("BITS-Session-Id")}
for first in range(0, len(data), 2 << 20):
    part = data[first:first + (2 << 20)]
    span = "bytes %d-%d/%d" % (first, first + len(part) - 1, len(data))
    stored = send("Fragment", part, Content_Range=span, **session)
    assert stored.getheader("BITS-Received-Content-Range") == str(first + len(part))
send("Close-Session", **session)
"#;

/// A server over TLS, a proxy before it that speaks TLS too, and the file of the authority to trust.
fn over_tls(folder: &Path, quirk: &[&str]) -> (Serving, Observing, String) {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (ca, upstream) = (file("ca.pem"), file("upstream.pem"));
    let tls = ["bits-upload", "--tls", "--ca-out", &upstream];
    let serving = Serving::start([&tls, quirk].concat());
    let more = ["--tls", "--ca-out", &ca, "--ca", &upstream];
    let observing = Observing::start("bits-upload", &serving.url, more);
    (serving, observing, ca)
}

fn python() {
    let folder = folder();
    let quirk = ["--quirk", "answers-another-protocol"];
    let (_serving, observing, ca) = over_tls(folder.path(), &quirk);
    let url = format!("{}/dir/x.bin", observing.url());
    run(Command::new("python3").args(["-c", UPLOADS, &url, &ca])).ends(0);
    let report = observing.ends(1);
    let clause = "create-session.protocol-offered".to_owned();
    assert_eq!(report.broken(), [clause].into());
    assert_eq!(report.requests()["bits-upload/server/fragment"], 3);
}

fn resuming() {
    let folder = folder();
    let source = folder.path().join("source.bin");
    // Behind the last fragment that is cut another follows.
    fs::write(&source, vec![7; 14 << 20]).unwrap();
    let (_serving, observing, ca) = over_tls(folder.path(), &[]);
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/clients/bits_resume.py"
    );
    let url = format!("{}/dir/x.bin", observing.url());
    let saw = run(Command::new("python3")
        .args([script, &url, &ca])
        .arg(&source))
    .ends(0);
    assert_eq!(saw.json()["same"], true);
    let report = observing.ends(0);
    for scenario in report.of_server() {
        assert_eq!(scenario["findings"], serde_json::json!([]), "{scenario}");
    }
    // The client breaks off three times, and resumes.
    assert_eq!(report.requests()["bits-upload/client/connections"], 3);
}

fn hpc_client(name: &str, url: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/clients")
        .join(name);
    let mut python = Command::new("python3");
    python.arg("-B").arg(script).arg(url).env("NO_PROXY", "*");
    let ran = run(&mut python).ends(0);
    assert!(ran.stdout.ends_with(": ok\n"), "{}", ran.all());
}

fn jobs() {
    let serving = Serving::start(["hpc-pack"]);
    let observing = Observing::start("hpc-pack", &serving.url, [""; 0]);
    hpc_client("hpc_jobs.py", observing.url());
    hpc_client("hpc_session.py", observing.url());
    let report = observing.ends(0);
    for scenario in report.of_server() {
        assert_eq!(scenario["findings"], serde_json::json!([]), "{scenario}");
    }
    assert!(report.of_server().len() > 15);
    assert!(report.requests()["hpc-pack/server/create-job"] > 1);
}
