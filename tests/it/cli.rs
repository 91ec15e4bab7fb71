//! What is typed is never ignored, and what was found is never lost.

use crate::{
    Case,
    program::{folder, wireproof, write},
};

pub(crate) const CASES: &[Case] = &[
    (
        "a folder of scenarios stands in place of every bundled suite",
        &[],
        scenarios,
    ),
    (
        "a file of certificates is read for every target",
        &[],
        certificates,
    ),
];

fn scenarios() {
    let folder = folder();
    let empty = folder.path().to_str().unwrap();
    let file = write(folder.path().join("file"), "");
    for command in ["check", "prove", "serve", "list", "lint"] {
        for absent in ["/nosuch", &file] {
            wireproof([command, "bits-upload", "--scenarios", absent])
                .ends(2)
                .says(&format!("there is no folder `{absent}` of scenarios"));
        }
        wireproof([command, "bits-upload", "--scenarios", empty])
            .ends(2)
            .says(&format!("there is no suite in `{empty}`"));
    }
    wireproof(["check", "bits-upload/fragment", "--scenarios", "examples"])
        .ends(2)
        .says("suites are greeting");
    let ping = "scenario: A ping\ncontract: bits-upload\neffects: reads\nsteps:\n  - { id: a, operation: ping, path: { remote: x } }\n";
    let ping = write(folder.path().join("ping.yaml"), ping);
    wireproof(["check", &ping, "--scenarios", "examples"])
        .ends(2)
        .says("there is no suite in `examples`");
    for place in ["examples", "examples/greeting"] {
        wireproof(["check", "greeting", "--scenarios", place]).ends(0);
        wireproof(["check", "greeting/languages", "--scenarios", place])
            .ends(0)
            .shows("1 scenario in ");
    }
    wireproof(["check", "bits-upload/ping", "--scenarios", "scenarios"]).ends(0);
}

fn certificates() {
    let folder = folder();
    let text = write(folder.path().join("no.pem"), "no certificate");
    for file in ["/nosuch.pem", &text] {
        for target in [&[][..], &["--url", "http://127.0.0.1:9"], &["--dry-run"]] {
            wireproof(
                ["check", "bits-upload/ping", "--ca", file]
                    .iter()
                    .chain(target),
            )
            .ends(2)
            .says(file);
            let pair = ["--client-cert", file, "--client-key", file];
            wireproof(
                ["check", "bits-upload/ping"]
                    .iter()
                    .chain(&pair)
                    .chain(target),
            )
            .ends(2)
            .says(file);
        }
    }
}
