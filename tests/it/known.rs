//! `--known FILE`: each of its rules.

use crate::{
    Case,
    program::{Ran, folder, wireproof, write},
    targets::wrong_greeting,
};
use serde_json::Value;
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    (
        "a known difference fails nothing and stays in the report",
        &[],
        excused,
    ),
    (
        "a known difference of another clause excuses nothing",
        &[],
        another,
    ),
    ("what now conforms is to be removed", &[], conforms),
    (
        "only what was selected and executed can be stale",
        &[],
        not_executed,
    ),
    ("what has expired excuses nothing", &[], expired),
    (
        "every mistake in a file of known differences is located",
        &[],
        mistakes,
    ),
    ("an error of ours is never excused", &[], ours),
];

const SCENARIO: &str = "greeting/greetings/names-who-was-asked-for";

/// Standard output in one line, wherever it is wrapped.
#[track_caller]
fn tells(ran: &Ran, text: &str) {
    let line: Vec<&str> = ran.stdout.split_whitespace().collect();
    assert!(
        line.join(" ").contains(text),
        "no `{text}` in {}",
        ran.all()
    );
}

fn check(folder: &Path, suite: &str, known: &str, options: &[&str]) -> Ran {
    let file = folder.join("known.yaml");
    write(&file, known);
    let file = file.to_str().unwrap();
    let mut words = vec!["check", suite, "--known", file];
    words.extend(options);
    wireproof(words)
}

/// The clause that is broken, as the report names it.
fn broken(folder: &Path, suite: &str) -> String {
    let file = folder.join("plain.json");
    wireproof([
        "check",
        suite,
        "--report",
        &format!("json={}", file.display()),
    ])
    .ends(1);
    let report: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let clauses = report["suites"][0]["clauses"].as_array().unwrap();
    let broken: Vec<_> = clauses
        .iter()
        .filter(|one| one["outcome"] == "broken")
        .collect();
    assert_eq!(broken.len(), 1, "{broken:?}");
    broken[0]["id"].as_str().unwrap().to_owned()
}

fn excused() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let clause = broken(folder.path(), &suite);
    let json = folder.path().join("report.json");
    let to = format!("json={}", json.display());
    for entry in [
        format!("clause: {clause}"),
        format!("clause: greeting/{clause}"),
        format!("scenario: {SCENARIO}"),
        "scenario: greeting/greetings".to_owned(),
        "scenario: greeting/*/names-*".to_owned(),
    ] {
        let known = format!(
            "- {entry}\n  reason: Greets Bob since 2.1\n  until: 2999-01-01\n  product: '2.1'\n"
        );
        let ran = check(folder.path(), &suite, &known, &["--report", &to]).ends(0);
        ran.shows("Greets Bob since 2.1").shows("2 passed");
        let report: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
        assert_eq!(report["exit"], 0);
        assert!(
            report["known"][0]["excused"].as_u64().unwrap() > 0,
            "{report}"
        );
        let scenarios = report["suites"][0]["scenarios"].as_array().unwrap();
        let one = scenarios.iter().find(|one| one["id"] == SCENARIO).unwrap();
        assert_eq!(one["findings"][0]["known"], "Greets Bob since 2.1");
        let clauses = report["suites"][0]["clauses"].as_array().unwrap();
        let one = clauses
            .iter()
            .find(|one| one["id"] == clause.as_str())
            .unwrap();
        assert_eq!(
            one["outcome"], "broken",
            "what is known is broken all the same"
        );
    }
}

fn another() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let known = "- scenario: greeting/languages\n  reason: Not this\n";
    let ran = check(folder.path(), &suite, known, &[]).ends(1);
    tells(
        &ran,
        "known.yaml:1: greeting/languages now conforms, remove it",
    );
    tells(&ran, "1 failed");
}

fn conforms() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let clause = broken(folder.path(), &suite);
    for (entry, name) in [
        (format!("clause: {clause}"), clause.as_str()),
        (format!("scenario: {SCENARIO}"), SCENARIO),
    ] {
        let known = format!("- {entry}\n  reason: Once it was so\n");
        let ran = check(folder.path(), "examples/greeting", &known, &[]).ends(1);
        tells(
            &ran,
            &format!("known.yaml:1: {name} now conforms, remove it"),
        );
        tells(&ran, "2 passed");
    }
}

fn not_executed() {
    let folder = folder();
    let good = "examples/greeting";
    for entry in [
        format!("scenario: {SCENARIO}"),
        "scenario: bits-upload/**".to_owned(),
        "clause: fragment.gap-refused".to_owned(),
    ] {
        let known = format!("- {entry}\n  reason: Elsewhere\n");
        check(folder.path(), good, &known, &["--only", "languages"]).ends(0);
    }
    let suite = wrong_greeting(folder.path());
    let clause = broken(folder.path(), &suite);
    let known = format!("- clause: {clause}\n  reason: A part of a run cannot tell\n");
    check(folder.path(), good, &known, &["--only", "languages"]).ends(0);
}

fn expired() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let known = format!("- scenario: {SCENARIO}\n  reason: For a while\n  until: 2020-02-29\n");
    check(folder.path(), &suite, &known, &[])
        .ends(1)
        .shows("has expired")
        .shows("1 failed");
    check(
        folder.path(),
        "examples/greeting",
        &known,
        &["--only", "languages"],
    )
    .ends(1)
    .shows("has expired");
}

fn mistakes() {
    let folder = folder();
    let good = format!("- scenario: {SCENARIO}\n");
    for (known, at, found) in [
        (good.clone(), "1:3", "needs `reason`"),
        (format!("{good}  reason: ''\n"), "2:11", "the text is empty"),
        (
            format!("{good}  reason: a\n  untill: b\n"),
            "3:3",
            "did you mean `until`",
        ),
        (
            format!("{good}  reason: a\n  until: 2026-02-30\n"),
            "3:10",
            "not a date",
        ),
        (
            format!("{good}  clause: x\n  reason: a\n"),
            "1:3",
            "either a `scenario` or a `clause`",
        ),
        (
            "- reason: a\n".to_owned(),
            "1:3",
            "either a `scenario` or a `clause`",
        ),
        (
            "- clause: fragment.gap-refusd\n  reason: a\n".to_owned(),
            "1:11",
            "did you mean `fragment.gap-refused`",
        ),
        (
            "- scenario: gap\n  reason: a part of a name is none\n".to_owned(),
            "1:13",
            "names no scenario",
        ),
        (
            "scenario: x\n".to_owned(),
            "1:1",
            "a list of known differences",
        ),
    ] {
        let ran = check(folder.path(), "examples/greeting", &known, &[]).ends(2);
        for text in [format!("known.yaml:{at}").as_str(), found] {
            assert!(
                ran.stderr.contains(text),
                "{known}: no {text}: {}",
                ran.all()
            );
        }
    }
    let known = format!("{good}  reason: a\n");
    check(folder.path(), "examples/greeting", &known, &["--fail-fast"])
        .ends(2)
        .says("--fail-fast");
}

fn ours() {
    let folder = folder();
    let known = "- scenario: bits-upload/**\n  reason: Nobody is there\n";
    let url = format!("http://127.0.0.1:{}", crate::nginx::free_port());
    check(
        folder.path(),
        "bits-upload",
        known,
        &[
            "--url",
            &url,
            "--allow-writes",
            "--can",
            "all",
            "--only",
            "gap",
        ],
    )
    .ends(3);
}
