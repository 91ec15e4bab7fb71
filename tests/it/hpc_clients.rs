//! The head node, used by clients that are not Rust and not ours: Python's requests and Java's HTTP client.
//!
//! Their scripts stand in `clients/`, written as such scripts are written.

use crate::{
    Case,
    program::{Serving, command, folder, run},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) const CASES: &[Case] = &[
    ("requests runs jobs", &["requests"], jobs_of_requests),
    (
        "requests runs jobs in the form before 2016 with credentials over tls",
        &["requests"],
        jobs_of_requests_over_tls,
    ),
    (
        "requests holds sessions on one connection",
        &["requests"],
        sessions_of_requests,
    ),
    ("java runs jobs and a session", &["javac"], java),
    (
        "java answers a challenge of basic over tls",
        &["javac"],
        java_over_tls,
    ),
];

const USER: &str = "HPC\\hans";
const WORD: &str = "pa:ss wörd";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/clients")
        .join(name)
}

fn python(name: &str, arguments: &[&str]) {
    let mut python = Command::new("python3");
    python
        .args(["-B", script(name).to_str().unwrap()])
        .args(arguments);
    // What an environment says of proxies and authorities, requests puts before what a script says.
    python
        .env("NO_PROXY", "*")
        .env("PYTHONIOENCODING", "utf-8")
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE");
    let ran = run(&mut python).ends(0);
    assert!(ran.stdout.ends_with(": ok\n"), "{}", ran.all());
}

/// Runs the client from its source, as JDK 11 and later do; without what makes a JVM of a second expensive.
fn run_java(arguments: &[&str]) {
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .arg(script("HpcClient.java"))
        .args(arguments);
    let ran = run(&mut java).ends(0);
    assert_eq!(ran.stdout.trim_end(), "java: ok", "{}", ran.all());
}

/// A head node over TLS that knows one user, and the file with its authority.
fn guarded(folder: &Path, more: &[&str]) -> (Serving, String) {
    let ca = folder.join("ca.pem").to_str().unwrap().to_owned();
    let mut serve = command(["serve", "hpc-pack", "--tls", "--ca-out", &ca]);
    serve
        .args(["--auth", "basic", "--user", USER])
        .args(["--password-env", "IT_PASSWORD"])
        .args(more)
        .env("IT_PASSWORD", WORD);
    (Serving::of(&mut serve), ca)
}

fn jobs_of_requests() {
    let serving = Serving::start(["hpc-pack"]);
    python("hpc_jobs.py", &[&serving.url]);
}

fn jobs_of_requests_over_tls() {
    let folder = folder();
    let (serving, ca) = guarded(
        folder.path(),
        &["--set", "form=pre2016", "--set", "cluster=Büro 7"],
    );
    python(
        "hpc_jobs.py",
        &[
            &serving.url,
            "--cluster",
            "--ca",
            &ca,
            "--user",
            USER,
            "--password",
            WORD,
        ],
    );
}

fn sessions_of_requests() {
    let serving = Serving::start(["hpc-pack"]);
    python("hpc_session.py", &[&serving.url]);
    let folder = folder();
    let (serving, ca) = guarded(folder.path(), &[]);
    python(
        "hpc_session.py",
        &[
            &serving.url,
            "--ca",
            &ca,
            "--user",
            USER,
            "--password",
            WORD,
        ],
    );
}

fn java() {
    let serving = Serving::start(["hpc-pack"]);
    run_java(&[&serving.url]);
}

fn java_over_tls() {
    let folder = folder();
    let (serving, ca) = guarded(folder.path(), &[]);
    run_java(&[&serving.url, &ca, USER, WORD]);
}
