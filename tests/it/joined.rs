//! Reports that are read again: `--failed`, `--durations`, `merge` and `compare`.

use crate::{
    Case,
    program::{folder, wireproof, write},
    targets::{GREETING, json, wrong_greeting},
};
use serde_json::Value;
use std::fs;

pub(crate) const CASES: &[Case] = &[
    ("what failed is run again alone", &[], failed),
    (
        "what an interrupt came before is run again with what failed",
        &[],
        unreached,
    ),
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
        .says("in that report nothing of it failed");
}

fn unreached() {
    let folder = folder();
    let report = folder.path().join("report.json");
    let path = report.to_str().unwrap();
    let to = format!("json={path}");
    wireproof(["check", GREETING, "--report", &to]).ends(0);
    let mut earlier = json(&report);
    let scenarios = earlier["suites"][0]["scenarios"].as_array_mut().unwrap();
    let ids: Vec<String> = scenarios
        .iter()
        .map(|scenario| scenario["id"].as_str().unwrap().to_owned())
        .collect();
    let reasons = [
        ("interrupted", true),
        (
            "needs `soa`, which the target is not declared to have",
            false,
        ),
    ];
    for (scenario, (why, _)) in scenarios.iter_mut().zip(reasons) {
        scenario["outcome"] = "skipped".into();
        scenario["why"] = why.into();
    }
    write(&report, &earlier.to_string());
    let ran = wireproof(["check", GREETING, "--failed", path, "--dry-run"]).ends(0);
    for (id, (why, again)) in ids.iter().zip(reasons) {
        assert_eq!(
            ran.stdout.contains(id.as_str()),
            again,
            "{why}: {}",
            ran.all()
        );
    }
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
