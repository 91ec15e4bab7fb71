//! `--write-known FILE`: what is added, what is taken out, what stays.

use crate::{
    Case,
    program::{Ran, Serving, folder, wireproof, write},
    targets::wrong_greeting,
};
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    (
        "what is new is written with a reason to fill in, and excuses nothing until somebody has",
        &[],
        added,
    ),
    (
        "what now conforms is taken out and all else stays as it was",
        &[],
        pruned,
    ),
    ("what stands there is not written twice", &[], not_twice),
    (
        "what another file excuses is not new",
        &[],
        excused_elsewhere,
    ),
    (
        "the file that a target names is kept up, whether it is typed again or not",
        &[],
        of_a_target,
    ),
    (
        "a part of a run takes out only what it shows to conform",
        &[],
        a_part,
    ),
    (
        "nothing is written where we could not run or nothing ran",
        &[],
        nothing_written,
    ),
    (
        "a file that cannot be edited is refused before anything is sent",
        &[],
        refused,
    ),
    (
        "the example of the text is a file of known differences",
        &[],
        example,
    ),
];

const GOOD: &str = "examples/greeting";
const SCENARIO: &str = "greeting/greetings/names-who-was-asked-for";

fn check(file: &Path, suite: &str, options: &[&str]) -> Ran {
    let file = file.to_str().unwrap();
    let mut words = vec!["check", suite, "--write-known", file];
    words.extend(options);
    wireproof(words)
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

fn added() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = folder.path().join("known.yaml");
    let shown = file.to_str().unwrap();
    check(&file, &suite, &[])
        .ends(1)
        .says("1 difference added, 0 taken out");
    let written = text(&file);
    assert_eq!(written.matches("- clause: ").count(), 1, "{written}");
    assert!(written.ends_with("  reason: \"\"\n"), "{written}");
    // Which is refused where it stands, and nothing is sent.
    let line = written.lines().count();
    let both = ["--known", shown];
    for options in [&both[..], &[]] {
        let mut words = vec!["check", suite.as_str(), "--known", shown];
        words.extend(options.first().map(|_| "--write-known"));
        words.extend(options.first().map(|_| shown));
        wireproof(words)
            .ends(2)
            .says(&format!("known.yaml:{line}:11"))
            .says("nobody has filled in the reason");
        assert_eq!(text(&file), written);
    }
    // A second run finds nothing new, and touches nothing.
    check(&file, &suite, &[])
        .ends(1)
        .says("nothing in it changes");
    assert_eq!(text(&file), written);
    let filled = written.replace("reason: \"\"", "reason: Bob is the default");
    write(&file, &filled);
    check(&file, &suite, &both)
        .ends(0)
        .shows("Bob is the default");
    assert_eq!(text(&file), filled);
}

fn pruned() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = folder.path().join("known.yaml");
    let shown = file.to_str().unwrap();
    // One file for `--known` and `--write-known`, which is not there yet.
    check(&file, &suite, &["--known", shown]).ends(1);
    let own = text(&file);
    let clause = own.lines().find(|line| line.starts_with('-')).unwrap();
    let before = "# of the proxies\n\n- scenario: greeting/languages/known-ones # gone soon\n  reason: Once\n\n# the clause\n";
    let rest = format!("{clause}\n  # within\n  reason: It greets Bob\n# end\n");
    write(&file, &format!("{before}{rest}"));
    check(&file, &suite, &["--known", shown])
        .ends(0)
        .says("taken out, for it now conforms: greeting/languages/known-ones")
        .says("0 differences added, 1 taken out");
    let after = text(&file);
    assert_eq!(after, format!("# of the proxies\n\n# the clause\n{rest}"));
    // Without `--known` the run fails, and the file is kept up all the same.
    check(&file, &suite, &[]).ends(1);
    assert_eq!(text(&file), after);
    check(&file, GOOD, &["--known", shown]).ends(0);
    assert_eq!(text(&file), "# of the proxies\n\n# the clause\n# end\n[]\n");
    // And back again.
    check(&file, &suite, &["--known", shown]).ends(1);
    assert!(text(&file).starts_with("# of the proxies\n\n# the clause\n# end\n- clause: "));
    assert!(!text(&file).contains("[]"), "{}", text(&file));
}

fn not_twice() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = folder.path().join("known.yaml");
    for entry in [
        format!("scenario: {SCENARIO}\n  reason: x"),
        format!("scenario: {SCENARIO}\n  reason: For a while\n  until: 2020-02-29"),
        "scenario: greeting/*/names-*\n  reason: ''".to_owned(),
    ] {
        let before = format!("- {entry}\n");
        write(&file, &before);
        check(&file, &suite, &[])
            .ends(1)
            .says("nothing in it changes");
        assert_eq!(text(&file), before);
    }
}

fn excused_elsewhere() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let known = folder.path().join("known.yaml");
    write(&known, &format!("- scenario: {SCENARIO}\n  reason: x\n"));
    let file = folder.path().join("new.yaml");
    check(&file, &suite, &["--known", known.to_str().unwrap()])
        .ends(0)
        .says("nothing in it changes");
    assert!(!file.exists());
}

/// The suite is a folder beside the file of targets, which is in another folder than we are.
fn of_a_target() {
    let folder = folder();
    let wrong = wrong_greeting(&folder.path().join("wrong"));
    let server = Serving::start([&wrong]);
    let right = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOOD);
    for file in [
        "contract.yaml",
        "greetings/names-who-was-asked-for.yaml",
        "languages/known-ones.yaml",
    ] {
        let text = fs::read_to_string(right.join(file)).unwrap();
        write(folder.path().join("suites/greeting").join(file), &text);
    }
    let config = write(
        folder.path().join("wireproof.toml"),
        &format!(
            "[target.here]\nurl = \"{}\"\nsuite = \"suites/greeting\"\nknown = \"known.yaml\"\nallow-writes = true\n",
            server.url
        ),
    );
    let file = folder.path().join("known.yaml");
    let shown = file.to_str().unwrap();
    let target = ["check", "--target", "here", "--config", &config];
    let write_known = ["--write-known", shown];
    let typed_too = ["--known", shown, "--write-known", shown];
    wireproof(target.iter().chain(&write_known))
        .ends(1)
        .shows("greeting on here")
        .says("1 difference added, 0 taken out");
    let filled = text(&file).replace("reason: \"\"", "reason: Bob is the default");
    write(&file, &filled);
    wireproof(target).ends(0).shows("Bob is the default");
    for options in [&write_known[..], &typed_too] {
        let stale = "- clause: languages.sorted\n  reason: Once\n";
        write(&file, &format!("{filled}{stale}"));
        wireproof(target.iter().chain(options))
            .ends(0)
            .says("taken out, for it now conforms: languages.sorted");
        assert_eq!(text(&file), filled);
    }
    // No other output takes its place, nor that of the suite.
    for (name, whose) in [
        ("known.yaml", "`known` of a target"),
        ("suites/greeting/contract.yaml", "the suite"),
    ] {
        let report = format!("json={}", folder.path().join(name).display());
        wireproof(target.iter().chain(&["--report", &report]))
            .ends(2)
            .says(&format!("is the file of {whose}"));
    }
    // Of two folders of one name that which is typed is meant.
    wireproof(["check", &wrong].iter().chain(&target[1..]))
        .ends(0)
        .shows("greeting on here");
    let absent = fs::read_to_string(&config).unwrap();
    write(&config, &absent.replace("suites/greeting", "suites/gone"));
    wireproof(target)
        .ends(2)
        .says("wireproof.toml:3:9")
        .says("no folder of one (with a contract.yaml) beside this file");
}

fn a_part() {
    let folder = folder();
    let file = folder.path().join("known.yaml");
    let folder_entry = "- scenario: greeting/greetings\n  reason: A folder\n";
    let own = format!("- scenario: {SCENARIO}\n  reason: One\n");
    write(&file, &format!("{folder_entry}{own}"));
    check(&file, GOOD, &["--only", "languages"])
        .ends(0)
        .says("nothing in it changes");
    check(&file, GOOD, &["--only", "names-who"])
        .ends(0)
        .says("0 differences added, 1 taken out");
    assert_eq!(text(&file), folder_entry);
}

fn nothing_written() {
    let folder = folder();
    let suite = wrong_greeting(folder.path());
    let file = folder.path().join("known.yaml");
    let url = format!("http://127.0.0.1:{}", crate::nginx::free_port());
    check(&file, &suite, &["--url", &url])
        .ends(3)
        .says("is left as it was");
    assert!(!file.exists());
    check(&file, &suite, &["--only", "absent"])
        .ends(4)
        .says("is left as it was: nothing ran");
    assert!(!file.exists());
    check(&file, &suite, &["--dry-run"]).ends(0);
    assert!(!file.exists());
}

fn refused() {
    let folder = folder();
    let file = folder.path().join("known.yaml");
    for (before, says) in [
        (
            format!("[{{scenario: {SCENARIO}, reason: x}}]\n"),
            "known.yaml:1:2",
        ),
        ("- scenario: [\n".to_owned(), "known.yaml:"),
        (
            "- scenario: absent/x\n  reason: ''\n".to_owned(),
            "names no scenario",
        ),
    ] {
        write(&file, &before);
        check(&file, GOOD, &[]).ends(2).says(says);
        assert_eq!(text(&file), before);
    }
    check(&file, GOOD, &["--fail-fast"])
        .ends(2)
        .says("--fail-fast");
    check(&folder.path().join("absent/known.yaml"), GOOD, &[])
        .ends(2)
        .says("cannot write");
    // An alias that loses its anchor is noticed before the file is.
    let before = format!(
        "- scenario: {SCENARIO}\n  reason: &why Because\n- clause: fragment.gap-refused\n  reason: *why\n"
    );
    write(&file, &before);
    check(&file, GOOD, &[])
        .ends(3)
        .says("cannot be edited line by line");
    assert_eq!(text(&file), before);
}

/// The block of README.md, as it stands there.
fn example() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("reason:"))
        .expect("the text has a block of known differences");
    let folder = folder();
    let file = write(folder.path().join("known.yaml"), block);
    let only = ["--only", "greeting/languages"];
    wireproof(["check", GOOD, "--known", &file, only[0], only[1]]).ends(0);
}
