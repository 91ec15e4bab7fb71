//! `wireproof.toml`, `--failed`, `merge` and `compare`.

use crate::{
    Case,
    program::{Ran, Serving, command, folder, run, wireproof, write},
};
use serde_json::Value;
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    ("a named target is checked as the file says", &[], named),
    ("what is typed wins over the file", &[], typed_wins),
    ("all targets make one report", &[], all),
    ("every mistake in the file is located", &[], mistakes),
    (
        "all mistakes are told at once, in the words of TOML",
        &[],
        all_mistakes,
    ),
    ("an empty secret is refused", &[], empty_secrets),
    ("a mistyped URL is not told again", &[], mistyped),
    ("the example of the text can be read", &[], example),
];

pub(crate) const GREETING: &str = "examples/greeting";
const PASSWORD: &str = "s3cret-of-ada";

/// A suite whose documented reply greets somebody else.
pub(crate) fn wrong_greeting(folder: &Path) -> String {
    let suite = folder.join("greeting");
    for path in [
        "contract.yaml",
        "greetings/names-who-was-asked-for.yaml",
        "languages/known-ones.yaml",
    ] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(GREETING);
        let text = fs::read_to_string(from.join(path)).unwrap();
        write(
            suite.join(path),
            &text.replace("json: { name: Ada, text", "json: { name: Bob, text"),
        );
    }
    suite.to_str().unwrap().to_owned()
}

fn guarded() -> Serving {
    Serving::of(
        command(["serve", "bits-upload", "--auth", "basic", "--user", "ada"])
            .args(["--password-env", "WIREPROOF_TEST_PASSWORD"])
            .env("WIREPROOF_TEST_PASSWORD", PASSWORD),
    )
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A file with one target, checked with a few scenarios.
fn with_target(folder: &Path, target: &str, options: &[&str]) -> Ran {
    let config = folder.join("wireproof.toml");
    write(&config, target);
    let config = config.to_str().unwrap();
    let only = ["--only", "bits-upload/fragment", "-v"];
    run(command(["check", "--config", config])
        .args(only)
        .args(options)
        .env("WIREPROOF_TEST_PASSWORD", PASSWORD)
        .env("WIREPROOF_TEST_EMPTY", ""))
}

fn named() {
    let server = guarded();
    let folder = folder();
    let url = &server.url;
    write(folder.path().join("password"), &format!("{PASSWORD}\n"));
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    for password in [
        "password-env = \"WIREPROOF_TEST_PASSWORD\"",
        "password-file = \"password\"",
    ] {
        let target = format!(
            "[target.here]\nurl = \"{url}\"\nsuite = \"bits-upload\"\nuser = \"ada\"\n{password}\n\
             can = \"all\"\nallow-writes = true\nset = {{ overlap = \"reject\" }}\njobs = 1\ntimeout = \"20s\"\n"
        );
        let ran = with_target(
            folder.path(),
            &target,
            &["--target", "here", "--report", &to],
        );
        let ran = ran.ends(0);
        assert!(!ran.all().contains(PASSWORD), "{}", ran.all());
        let report = json(&report);
        assert_eq!(
            report["suites"].as_array().unwrap().len(),
            1,
            "only its suite"
        );
        assert_eq!(report["suites"][0]["target"], "here");
        assert!(report["totals"]["passed"].as_u64().unwrap() > 3, "{report}");
    }
}

fn typed_wins() {
    let server = guarded();
    let folder = folder();
    let target = format!(
        "[target.here]\nurl = \"{}\"\nsuite = \"bits-upload\"\nuser = \"bob\"\n\
         password-env = \"WIREPROOF_TEST_PASSWORD\"\ncan = \"all\"\nallow-writes = true\n",
        server.url
    );
    let refused = with_target(folder.path(), &target, &["--target", "here"]);
    assert_ne!(refused.code, 0, "bob is let in: {}", refused.all());
    with_target(
        folder.path(),
        &target,
        &["--target", "here", "--user", "ada"],
    )
    .ends(0);
}

fn all() {
    let (one, other) = (
        Serving::start(["bits-upload"]),
        Serving::start(["bits-upload"]),
    );
    let folder = folder();
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    let targets = format!(
        "[target.one]\nurl = \"{}\"\nsuite = \"bits-upload\"\nallow-writes = true\ncan = \"all\"\n\
         [target.other]\nurl = \"{}\"\nsuite = \"bits-upload\"\n",
        one.url, other.url
    );
    let ran = with_target(
        folder.path(),
        &targets,
        &["--target", "all", "--report", &to],
    );
    ran.ends(0)
        .shows("bits-upload on one")
        .shows("bits-upload on other");
    let report = json(&report);
    let suites = report["suites"].as_array().unwrap();
    assert_eq!(suites.len(), 2);
    let outcomes = |at: usize, outcome: &str| {
        let scenarios = suites[at]["scenarios"].as_array().unwrap();
        scenarios
            .iter()
            .filter(|one| one["outcome"] == outcome)
            .count()
    };
    assert!(outcomes(0, "passed") > 3);
    assert!(outcomes(1, "skipped") > 3, "the other allows no writes");
    let passed = outcomes(0, "passed") + outcomes(1, "passed");
    assert_eq!(report["totals"]["passed"], passed);
}

fn mistakes() {
    let url = "url = \"http://127.0.0.1:9\"\nsuite = \"bits-upload\"\n";
    for (rest, at, found) in [
        ("pasword-env = \"A\"", "4:1", "did you mean `password-env`"),
        ("password = \"geheim\"", "4:1", "password-env"),
        (
            "user = \"a\"\npassword-env = \"NOT_SET_AT_ALL\"",
            "5:16",
            "is not set",
        ),
        (
            "user = \"a\"\npassword-file = \"nowhere\"",
            "5:17",
            "cannot be read",
        ),
        ("password-env = \"PATH\"", "4:1", "needs `user`"),
        ("timeout = 30", "4:11", "a number and a unit"),
        ("jobs = 0", "4:8", "1 or more"),
        ("rate = \"5/m\"", "4:8", "requests for each second"),
        ("insecure = \"yes\"", "4:12", "`true` or `false`"),
        ("auth = \"basik\"", "4:8", "did you mean `basic`"),
        ("client-cert = \"a.pem\"", "4:1", "needs `client-key`"),
        (
            "set = { overlapp = \"trim\" }",
            "4:20",
            "did you mean `overlap`",
        ),
        (
            "set = { overlap = \"trimm\" }",
            "4:19",
            "did you mean `trim`",
        ),
        (
            "can = [\"readable-destinatoin\"]",
            "4:8",
            "did you mean `readable-destination`",
        ),
        (
            "vars = { upload_pth = \"x\" }",
            "4:10",
            "did you mean `upload_path`",
        ),
        (
            "vars = { upload_path = { env = \"NOT_SET_AT_ALL\" } }",
            "4:32",
            "is not set",
        ),
        (
            "headers = { \"X A\" = \"x\" }",
            "4:13",
            "no name of a header field",
        ),
        ("proxy = ", "4:9", ""),
    ] {
        let folder = folder();
        let text = format!("[target.here]\n{url}{rest}\n");
        let ran = with_target(folder.path(), &text, &["--target", "here"]).ends(2);
        let place = format!("wireproof.toml:{at}");
        assert!(
            ran.stderr.contains(&place),
            "{rest}: no {place}: {}",
            ran.all()
        );
        assert!(
            ran.stderr.contains(found),
            "{rest}: no {found}: {}",
            ran.all()
        );
        assert!(!ran.all().contains("geheim"), "{}", ran.all());
    }
    let folder = folder();
    let text = "[target.here]\nurl = \"ftp://x\"\nsuite = \"bits-uplaod\"\n";
    with_target(folder.path(), text, &["--target", "here"])
        .ends(2)
        .says("wireproof.toml:2:7");
    with_target(
        folder.path(),
        &text.replace("ftp", "http"),
        &["--target", "here"],
    )
    .ends(2)
    .says("wireproof.toml:3:9")
    .says("did you mean `bits-upload`");
    with_target(
        folder.path(),
        &format!("[target.here]\n{url}"),
        &["--target", "hree"],
    )
    .ends(2)
    .says("did you mean `here`");
    wireproof(["check", "--target", "x", "--config", "/nowhere.toml"])
        .ends(2)
        .says("there is no such file");
}

fn all_mistakes() {
    let text = "[target.a]\nurl = \"http://127.0.0.1:9\"\ninsecure = \"yes\"\ntimeout = 3\nset = [\"a\"]\nknown = {}\nsuite = \"hpc-pakc\"\n[target.b]\nuser = \"x\"\n[target.c]\nurl = \"http://127.0.0.1:9\"\ncan = [\"soaa\"]\nset = { fomr = \"2016\" }\n";
    let folder = folder();
    let ran = with_target(folder.path(), text, &["--target", "all"]).ends(2);
    for (place, told) in [
        ("3:12", "`true` or `false`"),
        ("4:11", "a number and a unit"),
        ("5:7", "and this is an array"),
        ("12:8", "did you mean `soa`?"),
        ("6:9", "and this is a table"),
        ("7:9", "did you mean `hpc-pack`?"),
        ("9:1", "`url =` is where it is"),
        ("13:16", "did you mean `form`?"),
    ] {
        let place = format!("wireproof.toml:{place}: ");
        assert!(ran.stderr.contains(&place), "no {place}: {}", ran.all());
        assert!(ran.stderr.contains(told), "no {told}: {}", ran.all());
    }
    for yaml in ["a map", "a list", "`url:`"] {
        assert!(!ran.stderr.contains(yaml), "{yaml}: {}", ran.all());
    }
    let text = "[target.a]\nurl = http://h\njobs = 3\nuser = ada\n";
    with_target(folder.path(), text, &["--target", "a"])
        .ends(2)
        .says("wireproof.toml:2:7: ")
        .says("wireproof.toml:4:8: ");
}

fn empty_secrets() {
    for (rest, place) in [
        (
            "user = \"ada\"\npassword-env = \"WIREPROOF_TEST_EMPTY\"",
            "4:16",
        ),
        ("user = \"ada\"\npassword-file = \"empty\"", "4:17"),
        (
            "headers = { X-Key = { env = \"WIREPROOF_TEST_EMPTY\" } }",
            "3:29",
        ),
        ("headers = { X-Key = { file = \"empty\" } }", "3:30"),
    ] {
        let folder = folder();
        write(folder.path().join("empty"), "\n");
        let text = format!("[target.here]\nurl = \"http://127.0.0.1:1\"\n{rest}\n");
        with_target(folder.path(), &text, &["--target", "here"])
            .ends(2)
            .says(&format!("wireproof.toml:{place}"))
            .says("is empty");
    }
    let typed = ["check", "bits-upload", "--url", "http://127.0.0.1:1"];
    let access = ["--user", "bob", "--password-env", "WIREPROOF_TEST_EMPTY"];
    run(command(typed.iter().chain(&access)).env("WIREPROOF_TEST_EMPTY", ""))
        .ends(2)
        .says("`WIREPROOF_TEST_EMPTY` is empty");
}

fn mistyped() {
    for line in [
        "url = \"http://bob:p/geheim@127.0.0.1:1\"",
        "url = \"bob:geheim@127.0.0.1:1\"",
        "url = \"http://bob:p@geheim@127.0.0.1:1\"",
        "url = \"http://127.0.0.1:1/?token=geheim\"",
        "url = \"http://127.0.0.1:1/\"\nproxy = \"bob:geheim@127.0.0.1:1\"",
    ] {
        let folder = folder();
        let text = format!("[target.here]\n{line}\n");
        let ran = with_target(folder.path(), &text, &["--target", "here"]).ends(2);
        assert!(!ran.all().contains("geheim"), "{}", ran.all());
    }
    for proxy in ["bob:geheim@127.0.0.1:1", "https://bob:p/geheim@127.0.0.1:1"] {
        let ran = wireproof(["check", "--url", "http://127.0.0.1:1", "--proxy", proxy]).ends(2);
        assert!(!ran.all().contains("geheim"), "{}", ran.all());
    }
}

/// The block of README.md, as it stands there.
fn example() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = text
        .split("```toml\n")
        .nth(1)
        .expect("the text has a block of TOML");
    let block = block.split("```").next().unwrap();
    let folder = folder();
    let config = folder.path().join("wireproof.toml");
    write(&config, block);
    write(folder.path().join("known.yaml"), "[]\n");
    let authority = folder.path().join("private-ca.pem");
    let authority = authority.to_str().unwrap();
    drop(Serving::start([
        "bits-upload",
        "--tls",
        "--ca-out",
        authority,
    ]));
    let config = config.to_str().unwrap();
    let ran = run(
        command(["check", "--target", "all", "--dry-run", "--config", config])
            .env("STAGING_PASSWORD", "a")
            .env("UPLOAD_PASSWORD", "b"),
    );
    ran.ends(0).shows("on staging").says("nothing was sent");
}
