//! What bad input gets: a clear message, exit 2, nothing sent.

use crate::{
    Case,
    program::{Serving, folder, wireproof, write},
};
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    (
        "a run that leaves everything out says by which option",
        &[],
        all_skipped,
    ),
    (
        "a suite that does not exist is named with the nearest",
        &[],
        unknown_suite,
    ),
    ("a file that does not exist is named", &[], missing_file),
    (
        "yaml that cannot be read is shown at its place",
        &[],
        broken_yaml,
    ),
    ("all mistakes of a file are told at once", &[], all_mistakes),
    ("a folder without a contract is no suite", &[], no_suite),
    ("a url of another scheme is refused", &[], scheme),
    (
        "names that nobody knows are told with the nearest",
        &[],
        names,
    ),
    ("options that cannot be are refused", &[], options),
    (
        "a report that cannot be written is told before anything is sent",
        &[],
        unwritable,
    ),
    (
        "a new suite is written once and never over another",
        &[],
        new,
    ),
    ("list gives the fields that scripts rely on", &[], list),
    (
        "every command that the example and a new suite name does what it should",
        &[],
        named_commands,
    ),
    (
        "what only a real server shows is left to one",
        &[],
        real_server,
    ),
    (
        "explain tells all of a clause and of an operation",
        &[],
        explain,
    ),
    ("completions and help are data", &[], completions),
    ("lint tells what it read", &[], lint),
];

fn all_skipped() {
    wireproof(["check", "bits-upload/ping", "--skip", "**"])
        .ends(4)
        .says("nothing is selected: --skip ** leaves nothing of ");
    wireproof(["check", "bits-upload/ping", "--only", "nosuch"])
        .ends(4)
        .says("no id of a scenario fits");
    // What was mistyped keeps nothing from running, and selects nothing.
    for (option, more) in [("--skip", &[][..]), ("--only", &["--only", "alone"])] {
        wireproof([&["check", "bits-upload/ping", option, "nosuch"], more].concat())
            .ends(2)
            .says(&format!(
                "{option} `nosuch` names no scenario of these suites"
            ));
    }
}

fn unknown_suite() {
    wireproof(["check", "bits-uplod"])
        .ends(2)
        .says("did you mean `bits-upload`?");
    wireproof(["list", "hpc-pak"])
        .ends(2)
        .says("did you mean `hpc-pack`?");
    wireproof(["check", "bits-upload/fetch/byte-rang"])
        .ends(2)
        .says("did you mean `bits-upload/fetch/byte-range`?");
}

fn missing_file() {
    wireproof(["check", "no/such/file.yaml"])
        .ends(2)
        .says("`no/such/file.yaml`");
}

fn broken_yaml() {
    let folder = folder();
    let file = write(
        folder.path().join("broken.yaml"),
        "contract: bits-upload\nsteps: [\n",
    );
    wireproof(["check", &file])
        .ends(2)
        .says("broken.yaml:")
        .says("nothing was sent");
}

fn all_mistakes() {
    let folder = folder();
    let text = "\
scenario: Two mistakes
contract: bits-upload
effects: reads
steps:
  - id: ping
    operation: pong
    path: { remote: x }
  - id: other
    operation: ping
    expct: [{ status: 200 }]
";
    let file = write(folder.path().join("two.yaml"), text);
    wireproof(["lint", &file])
        .ends(2)
        .says("2 mistakes")
        .says("two.yaml:6:16")
        .says("`ping`")
        .says("two.yaml:10:5")
        .says("did you mean `expect`?");
}

fn no_suite() {
    let folder = folder();
    wireproof(["check", folder.path().to_str().unwrap()])
        .ends(2)
        .says("contract.yaml");
}

fn scheme() {
    wireproof(["check", "bits-upload", "--url", "ftp://host/"])
        .ends(2)
        .says("`http`");
    wireproof(["check", "bits-upload", "--url", "127.0.0.1:80"])
        .ends(2)
        .says("http://");
}

fn names() {
    let check = |arguments: &[&str]| {
        let mut all = vec!["check", "bits-upload", "--url", "http://127.0.0.1:9"];
        all.extend(arguments);
        wireproof(all).ends(2)
    };
    check(&["--can", "readable-destinaton"]).says("did you mean `readable-destination`?");
    check(&["--set", "overlp=trim"]).says("did you mean `overlap`?");
    check(&["--set", "overlap=often"]).says("reject, trim");
    check(&["--var", "upload_pth=x"]).says("did you mean `upload_path`?");
}

fn options() {
    wireproof(["check", "--no-such-option"])
        .ends(2)
        .says("--no-such-option");
    wireproof(["check", "--jobs", "0"]).ends(2);
    wireproof(["check", "--timeout", "soon"])
        .ends(2)
        .says("30s");
    wireproof(["check", "--report", "pdf=x"])
        .ends(2)
        .says("json, junit");
    wireproof(["check", "--shard", "3/2"])
        .ends(2)
        .says("no shard");
    wireproof(["check", "--header", "no colon"])
        .ends(2)
        .says("NAME:VALUE");
    wireproof([
        "check",
        "bits-upload",
        "--url",
        "http://127.0.0.1:9",
        "--ca",
        "/no/such.pem",
        "--user",
        "x",
    ])
    .ends(2)
    .says("--password-env");
    wireproof(["frobnicate"]).ends(2);
    wireproof(Vec::<&str>::new()).ends(2);
}

fn unwritable() {
    wireproof([
        "check",
        "examples/greeting",
        "--report",
        "json=/no/such/folder/a.json",
    ])
    .ends(2)
    .says("/no/such/folder/a.json");
}

fn new() {
    let folder = folder();
    let suite = folder.path().join("my-api");
    let suite = suite.to_str().unwrap();
    wireproof(["new", suite]).ends(0).shows("contract.yaml");
    wireproof(["lint", suite])
        .ends(0)
        .shows("my-api: 2 operations, 5 clauses, 2 scenarios");
    wireproof(["check", suite]).ends(0).shows("2 scenarios");
    wireproof(["new", suite]).ends(2).says("there already");
    wireproof(["new", "No Id"]).ends(2).says("small letters");
}

/// Those of the example, and those that `new` writes and tells.
fn named_commands() {
    let folder = folder();
    let suite = folder.path().join("my-api");
    let told = wireproof(["new", suite.to_str().unwrap()]).ends(0).stderr;
    let mut texts = vec![told.replace("     wireproof", "now: wireproof")];
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/greeting");
    for folder in [&example, &suite] {
        for file in [
            "contract.yaml",
            "greetings/names-who-was-asked-for.yaml",
            "languages/known-ones.yaml",
        ] {
            texts.push(fs::read_to_string(folder.join(file)).unwrap());
        }
    }
    let command = regex::Regex::new("(?:`|now: )wireproof ([^`\n]+)").unwrap();
    let mut run = Vec::new();
    for found in texts.iter().flat_map(|text| command.captures_iter(text)) {
        let words: Vec<&str> = found[1].split(' ').collect();
        // What is named without a suite is told of, not shown.
        if words.len() > 1 {
            wireproof(&words).ends(0);
            run.push(words[0].to_owned());
        }
    }
    run.sort();
    assert_eq!(run, ["check", "explain", "explain", "prove"]);
}

/// What the mock of documented examples cannot show is skipped there, and not held against the suite.
fn real_server() {
    let folder = folder();
    let suite = folder.path().join("my-api");
    let suite = suite.to_str().unwrap();
    wireproof(["new", suite]).ends(0);
    let contract = format!("{suite}/contract.yaml");
    let clause = "  - id: greet.nobody\n    level: must\n    says: Nobody is not greeted.\n    source: [\"guide § Errors\"]\n    proved-by: scenario\n    broken-by: [{ status: 200 }, { status: 500 }]\n";
    let text = fs::read_to_string(&contract).unwrap();
    write(&contract, &format!("{text}{clause}"));
    let needs = |needs: &str| {
        write(
            format!("{suite}/greetings/nobody.yaml"),
            &format!(
                "scenario: Nobody is not greeted\ncontract: my-api\n{needs}steps:\n  - operation: greet\n    path: {{ name: nobody }}\n    expect: [{{ proves: greet.nobody, status: 404 }}]\n"
            ),
        )
    };
    needs("");
    wireproof(["check", suite]).ends(1);
    wireproof(["prove", suite]).ends(1);
    needs("needs: [real-server]\n");
    wireproof(["lint", suite]).ends(0).shows("3 scenarios");
    wireproof(["check", suite])
        .ends(0)
        .shows("skipped: 1 scenario, a real server is needed (`--url`)")
        .shows("2 passed, 1 skipped");
    wireproof(["prove", suite])
        .ends(0)
        .shows("left to a real server, not tried: greet.nobody")
        .shows("6 clauses, 92 counterexamples (84 derived): 92 caught, 0 escaped; 0 allowed")
        .shows("every counterexample that was tried was caught; 1 clause left to a real server");
    let left = wireproof(["prove", suite, "--report", "json=-"])
        .ends(0)
        .json();
    assert_eq!(left["left_to_a_real_server"][0], "greet.nobody");
    let listed = wireproof(["list", suite, "--clauses"]).ends(0);
    assert!(
        listed.stdout.contains("my-api/greetings/nobody"),
        "{}",
        listed.all()
    );
    // Whatever is at a URL is a server, and is asked.
    let server = Serving::start([suite]);
    wireproof(["check", suite, "--url", &server.url])
        .ends(1)
        .shows("must broken: greet.nobody");
    needs("needs: [real-sever]\n");
    wireproof(["lint", suite])
        .ends(2)
        .says("did you mean `real-server`?");
    needs("needs: [real-server]\nwhere: { form: none }\n");
    wireproof(["lint", suite]).ends(2).says("`form`");
    needs("needs: [real-server]\n");
    write(
        &contract,
        &format!("{text}{clause}capabilities: {{ real-server: mine }}\n"),
    );
    wireproof(["lint", suite])
        .ends(2)
        .says("known without being declared");
}

fn list() {
    let ran = wireproof(["list", "--format", "json"]).ends(0);
    let suites = ran.json()["suites"].clone();
    let ids: Vec<_> = suites
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["suite"].clone())
        .collect();
    assert_eq!(ids, ["bits-upload", "hpc-pack"]);
    for suite in suites.as_array().unwrap() {
        for field in ["operations", "scenarios", "clauses"] {
            let entries = suite[field].as_array().unwrap();
            assert!(!entries.is_empty(), "{field}");
            assert!(entries.iter().all(|entry| entry["id"].is_string()));
        }
        let clauses = suite["clauses"].as_array().unwrap();
        assert!(
            clauses
                .iter()
                .all(|c| ["must", "should", "may"].contains(&c["level"].as_str().unwrap()))
        );
    }
    wireproof(["list", "examples/greeting", "--clauses"])
        .ends(0)
        .shows("must   greet.text")
        .shows("greeting/languages/known-ones");
}

fn explain() {
    wireproof(["explain", "fragment.gap-refused"])
        .ends(0)
        .shows("must")
        .shows("https://learn.microsoft.com")
        .shows("bits-upload/fragment/gap")
        .shows("counterexamples");
    wireproof(["explain", "bits-upload/ping"])
        .ends(0)
        .shows("operation of bits-upload")
        .shows("BITS_POST");
    wireproof(["explain", "fragment.gap-refusd"])
        .ends(2)
        .says("did you mean `fragment.gap-refused`?");
    let greeting = "examples/greeting";
    wireproof(["explain", "greet.text"])
        .ends(2)
        .says("`greet.text` in bits-upload, hpc-pack")
        .says("`wireproof explain CLAUSE FOLDER`");
    for names in [
        &["greet.text", greeting][..],
        &["greeting/greet.text", "hpc-pack", greeting],
    ] {
        wireproof(["explain"].iter().chain(names))
            .ends(0)
            .shows("greet.text (must, clause of greeting)");
    }
}

fn completions() {
    for shell in ["bash", "zsh", "fish"] {
        wireproof(["completions", shell]).ends(0).shows("wireproof");
    }
    wireproof(["--help"]).ends(0).shows("Exit codes");
    wireproof(["--version"]).ends(0).shows("wireproof ");
}

fn lint() {
    wireproof(["lint"])
        .ends(0)
        .shows("bits-upload: ")
        .shows("hpc-pack: ");
    wireproof(["lint", "examples/greeting/contract.yaml"])
        .ends(0)
        .shows("greeting: ");
}
