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
    ("an empty secret is refused", &[], empty_secrets),
    ("a mistyped URL is not told again", &[], mistyped),
    ("the example of the text can be read", &[], example),
    ("what failed is run again alone", &[], failed),
    ("shards are merged into the whole", &[], merged),
    (
        "durations of an earlier run make shards even",
        &[],
        durations,
    ),
    ("two runs are compared clause by clause", &[], compared),
    (
        "what is no report is refused with its place",
        &[],
        no_report,
    ),
];

const GREETING: &str = "examples/greeting";
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

fn json(path: &Path) -> Value {
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

fn failed() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    wireproof(["check", &suite, "--report", &to])
        .ends(1)
        .shows("2 scenarios in ");
    let report = report.to_str().unwrap();
    wireproof(["check", &suite, "--failed", report])
        .ends(1)
        .shows("1 scenario in ");
    // Mended: the one that failed is run, and passes.
    wireproof(["check", GREETING, "--failed", report])
        .ends(0)
        .shows("1 scenario in ");
    let good = folder.path().join("good.json");
    wireproof([
        "check",
        GREETING,
        "--report",
        &format!("json={}", good.display()),
    ])
    .ends(0);
    wireproof(["check", GREETING, "--failed", good.to_str().unwrap()])
        .ends(4)
        .says("nothing of it failed in that report");
}

fn merged() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = |name: &str| folder.path().join(name);
    let to = |name: &str| format!("json={}", file(name).display());
    wireproof(["check", &suite, "--report", &to("whole")]).ends(1);
    let mut codes = Vec::new();
    for part in ["1", "2"] {
        let shard = format!("{part}/2");
        codes.push(wireproof(["check", &suite, "--shard", &shard, "--report", &to(part)]).code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "one shard holds the broken one");
    let parts = [file("1"), file("2")].map(|path| path.to_str().unwrap().to_owned());
    let junit = format!("junit={}", file("junit.xml").display());
    let joined = to("joined");
    wireproof([
        "merge", &parts[0], &parts[1], "--report", &joined, "--report", &junit,
    ])
    .ends(1)
    .shows("2 scenarios in ")
    .shows("1 passed, 1 failed");
    let (whole, joined) = (json(&file("whole")), json(&file("joined")));
    assert_eq!(whole["totals"], joined["totals"]);
    assert_eq!(
        whole["suites"][0]["clauses"],
        joined["suites"][0]["clauses"]
    );
    let of = |report: &Value| {
        let scenarios = report["suites"][0]["scenarios"].as_array().unwrap().clone();
        let told = |one: &Value| (one["id"].clone(), one["outcome"].clone());
        scenarios.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(of(&whole), of(&joined));
    let junit = fs::read_to_string(file("junit.xml")).unwrap();
    assert!(
        junit.contains("tests=\"2\"") && junit.contains("failures=\"1\""),
        "{junit}"
    );
    // A shard in which nothing ran takes nothing from the others.
    wireproof([
        "check",
        GREETING,
        "--only",
        "absent",
        "--report",
        &to("none"),
    ])
    .ends(4);
    wireproof(["check", GREETING, "--report", &to("good")]).ends(0);
    let [none, good] = [file("none"), file("good")].map(|path| path.to_str().unwrap().to_owned());
    wireproof(["merge", &none]).ends(4);
    wireproof(["merge", &none, &good]).ends(0);
    wireproof(["merge"]).ends(2);
}

/// What is run and what is skipped of a shard.
fn selected(options: &[&str]) -> Vec<String> {
    let mut words = vec!["check", "--dry-run", "--url", "http://127.0.0.1:9"];
    words.extend(options);
    let shown = wireproof(words).ends(0).stdout;
    let mut suite = String::new();
    let mut found = Vec::new();
    for line in shown.lines() {
        let id = |kind: &str| {
            let rest = line.strip_prefix("  ")?.strip_prefix(kind)?.trim_start();
            Some(rest.split(": ").next().unwrap())
        };
        match (id("run "), id("skip ")) {
            (Some(id), _) => found.push(format!("run {suite} {id}")),
            (None, Some(id)) => found.push(format!("skip {suite} {id}")),
            (None, None) if line.starts_with(' ') => {}
            (None, None) => line.clone_into(&mut suite),
        }
    }
    found
}

fn durations() {
    let folder = folder();
    let report = folder.path().join("earlier.json");
    let path = report.to_str().unwrap();
    let to = format!("json={path}");
    wireproof(["check", GREETING, "bits-upload/fragment", "--report", &to]).ends(0);
    // As if one scenario had taken as long as all others together.
    let mut earlier = json(&report);
    let mut long = String::new();
    for suite in earlier["suites"].as_array_mut().unwrap() {
        let bits = suite["suite"] == "bits-upload";
        for scenario in suite["scenarios"].as_array_mut().unwrap() {
            scenario["elapsed_ms"] = 1.into();
            if bits && long.is_empty() {
                scenario["elapsed_ms"] = 10_000.into();
                long = scenario["id"].as_str().unwrap().to_owned();
            }
        }
    }
    write(&report, &earlier.to_string());
    let all = ["--allow-writes", "--can", "all"];
    let what = [&[GREETING, "bits-upload/fragment"][..], &all].concat();
    let mut whole = selected(&what);
    assert!(whole.len() > 10, "{whole:?}");
    for durations in [&[][..], &["--durations", path]] {
        let mut seen = Vec::new();
        for shard in ["1/3", "2/3", "3/3"] {
            let part = selected(&[&what[..], &["--shard", shard], durations].concat());
            if !durations.is_empty() && part.iter().any(|one| one.ends_with(&long)) {
                let run = part.iter().filter(|one| one.starts_with("run")).count();
                assert!(run == 1, "the long one has company: {part:?}");
            }
            seen.extend(part);
        }
        seen.sort();
        whole.sort();
        assert_eq!(seen, whole, "each scenario is in one shard");
    }
    wireproof(["check", GREETING, "--durations", path])
        .ends(2)
        .says("--shard");
}

fn compared() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, bad) = (file("good"), file("bad"));
    wireproof(["check", GREETING, "--report", &format!("json={good}")]).ends(0);
    wireproof(["check", &suite, "--report", &format!("json={bad}")]).ends(1);
    wireproof(["compare", &good, &good])
        .ends(0)
        .shows("5 clauses and 2 scenarios compared: no difference");
    wireproof(["compare", &good, &bad])
        .ends(1)
        .shows("(must): kept -> broken")
        .shows("scenario greeting/greetings/names-who-was-asked-for: passed -> failed");
    wireproof(["compare", &bad, &good])
        .ends(1)
        .shows("(must): broken -> kept");
}

fn no_report() {
    let folder = folder();
    let path = folder.path().join("report.json");
    for (text, says) in [
        ("{\n  \"schema\": 1,,", "report.json:2:15"),
        ("{\"schema\": 2}", "its `schema` is 2"),
        ("[]", "it has no `schema`"),
        ("{\"schema\": 1}", "missing field"),
    ] {
        write(&path, text);
        let path = path.to_str().unwrap();
        wireproof(["merge", path]).ends(2).says(says);
        wireproof(["compare", path, path]).ends(2).says(says);
        wireproof(["check", GREETING, "--failed", path])
            .ends(2)
            .says(says);
    }
}
