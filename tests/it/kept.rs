//! No output takes the place of an input, under whatever name it is given.

use crate::{
    Case,
    program::{Serving, command, folder, run, wireproof, write},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) const CASES: &[Case] = &[
    (
        "what a check reads is replaced by none of its reports",
        &[],
        of_check,
    ),
    (
        "what a target names is replaced by no report",
        &[],
        of_targets,
    ),
    (
        "what other commands read is replaced by nothing",
        &[],
        of_others,
    ),
    (
        "the report that a run goes on from may be replaced by its like",
        &[],
        goes_on,
    ),
];

const GREETING: &str = "examples/greeting";

/// Runs the command with the file under each of its names; `OUT` stands for it. It is refused, and the file stays as it was.
#[track_caller]
fn stays(words: &[&str], file: &Path) {
    let before = fs::read(file).unwrap();
    let (link, hard) = (with(file, "link"), with(file, "hard"));
    let _ = fs::remove_file(&link);
    let _ = fs::remove_file(&hard);
    #[cfg(unix)]
    std::os::unix::fs::symlink(file, &link).unwrap();
    #[cfg(not(unix))]
    fs::write(&link, "").unwrap();
    fs::hard_link(file, &hard).unwrap();
    let names = if cfg!(unix) {
        vec![file.to_owned(), link.clone(), hard.clone()]
    } else {
        vec![file.to_owned()]
    };
    for name in names {
        let words = words
            .iter()
            .map(|word| word.replace("OUT", name.to_str().unwrap()));
        let mut command = command(words);
        run(command.env("WIREPROOF_TEST_PASSWORD", "s3cret"))
            .ends(2)
            .says("would replace it; name another file");
        assert!(fs::read(file).unwrap() == before, "{}", name.display());
    }
    fs::remove_file(link).unwrap();
    fs::remove_file(hard).unwrap();
}

fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap().to_owned();
    name.push(".");
    name.push(ending);
    file.with_file_name(name)
}

/// A certificate that is one.
fn certificate(folder: &Path) -> PathBuf {
    let ca = folder.join("ca.pem");
    let serving = Serving::start(["bits-upload", "--tls", "--ca-out", ca.to_str().unwrap()]);
    drop(serving);
    ca
}

/// A suite with a scenario whose body is a file.
fn suite(folder: &Path) -> PathBuf {
    let suite = folder.join("greeting");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(GREETING);
    let contract = fs::read_to_string(from.join("contract.yaml")).unwrap();
    write(suite.join("contract.yaml"), &contract);
    let operation = contract
        .lines()
        .find_map(|line| line.trim().strip_prefix("- id: "))
        .unwrap();
    write(
        suite.join("bodies/sent.yaml"),
        &format!(
            "scenario: A file is sent\ncontract: greeting\neffects: reads\nsteps:\n  - id: sent\n    request: {{ method: POST, path: /x }}\n    body: {{ file: job.xml }}\n# {operation}\n"
        ),
    );
    write(suite.join("bodies/job.xml"), "<Job/>");
    suite
}

fn of_check() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let known = write(at("known.yaml"), "# nothing yet\n[]\n");
    for to in ["json=OUT", "html=OUT", "har=OUT"] {
        let words = ["check", GREETING, "--known", &known, "--report", to];
        stays(&words, &at("known.yaml"));
    }
    let earlier = text(&at("earlier.json"));
    let to = format!("json={earlier}");
    wireproof(["check", GREETING, "--report", &to]).ends(0);
    let shard = ["--shard", "1/2", "--durations", &earlier];
    let words = [&["check", GREETING][..], &shard, &["--report", "json=OUT"]].concat();
    stays(&words, &at("earlier.json"));
    let words = [
        "check", GREETING, "--failed", &earlier, "--report", "html=OUT",
    ];
    stays(&words, &at("earlier.json"));
    let words = [
        "check",
        GREETING,
        "--failed",
        &earlier,
        "--write-known",
        "OUT",
    ];
    stays(&words, &at("earlier.json"));
    let ca = certificate(folder.path());
    let ca_text = text(&ca);
    let words = ["check", GREETING, "--ca", &ca_text, "--report", "json=OUT"];
    stays(&words, &ca);
    let suite = suite(folder.path());
    let shown = text(&suite);
    for file in ["contract.yaml", "bodies/sent.yaml", "bodies/job.xml"] {
        let words = ["check", &shown, "--report", "markdown=OUT"];
        stays(&words, &suite.join(file));
    }
    let scenario = text(&suite.join("bodies/sent.yaml"));
    let words = ["check", &scenario, "--report", "json=OUT"];
    stays(&words, &suite.join("bodies/sent.yaml"));
    let snapshot = write(at("snapshots/greeting/a.snap"), "---\n---\n");
    let folder_of = text(&at("snapshots"));
    let words = [
        "check",
        GREETING,
        "--snapshots",
        &folder_of,
        "--report",
        "json=OUT",
    ];
    stays(&words, Path::new(&snapshot));
}

fn of_targets() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let ca = certificate(folder.path());
    for (name, content) in [
        ("pw", "s3cret\n"),
        ("token", "t0ken\n"),
        ("known.yaml", "[]\n"),
    ] {
        write(at(name), content);
    }
    let config = write(
        at("wireproof.toml"),
        "[target.a]\nurl = \"http://127.0.0.1:9\"\nuser = \"ada\"\npassword-file = \"pw\"\nca = \"ca.pem\"\nknown = \"known.yaml\"\nheaders = { X-Token = { file = \"token\" } }\n",
    );
    for file in [
        at("wireproof.toml"),
        at("pw"),
        at("token"),
        at("known.yaml"),
        ca,
    ] {
        let words = [
            "check", GREETING, "--target", "a", "--config", &config, "--report", "json=OUT",
        ];
        stays(&words, &file);
    }
}

fn of_others() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let report = at("a.json").to_str().unwrap().to_owned();
    let to = format!("json={report}");
    wireproof(["check", GREETING, "--report", &to]).ends(0);
    for to in ["json=OUT", "junit=OUT"] {
        stays(&["merge", &report, &report, "--report", to], &at("a.json"));
    }
    let cues = write(at("cues.yaml"), "cues: []\n");
    let serve = ["serve", "bits-upload", "--tls", "--ca-out", "OUT"];
    stays(&[&serve[..], &["--cues", &cues]].concat(), &at("cues.yaml"));
    let suite = suite(folder.path());
    let shown = suite.to_str().unwrap();
    let contract = suite.join("contract.yaml");
    stays(&["prove", shown, "--report", "json=OUT"], &contract);
    let upstream = ["--upstream", "https://127.0.0.1:9"];
    let observe = [&["observe", shown][..], &upstream].concat();
    stays(
        &[&observe[..], &["--report", "json=OUT"]].concat(),
        &contract,
    );
    stays(
        &[&observe[..], &["--tls", "--ca-out", "OUT"]].concat(),
        &contract,
    );
    let ca = certificate(folder.path());
    let trusted = ca.to_str().unwrap();
    let words = ["--ca", trusted, "--report", "html=OUT"];
    stays(&[&observe[..], &words].concat(), &ca);
}

fn goes_on() {
    let folder = folder();
    let report = folder.path().join("report.json");
    let path = report.to_str().unwrap();
    let to = format!("json={path}");
    wireproof(["check", GREETING, "--report", &to]).ends(0);
    let mut earlier: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    let scenario = &mut earlier["suites"][0]["scenarios"][0];
    scenario["outcome"] = "failed".into();
    fs::write(&report, earlier.to_string()).unwrap();
    wireproof(["check", GREETING, "--failed", path, "--report", &to]).ends(0);
    let now: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(now["totals"]["passed"], 1, "{now}");
}
