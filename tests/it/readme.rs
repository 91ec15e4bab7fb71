//! The commands of README.md, taken from its text.

use crate::{
    Case,
    program::{self, Serving, wireproof},
};
use std::fs;

pub(crate) const CASES: &[Case] = &[
    ("every command does what the text shows", &[], commands),
    (
        "every command of the program is one that the text or the help names",
        &[],
        named,
    ),
];

/// A command line and the output shown below it.
fn shown() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => inside = line == "```console",
            Some(command) if inside => found.push((command.to_owned(), Vec::new())),
            None if inside => found
                .last_mut()
                .expect("a command comes first")
                .1
                .push(line.to_owned()),
            _ => {}
        }
    }
    found
}

/// Without what differs from run to run: ports and times.
fn steady(line: &str) -> String {
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let time = regex::Regex::new(r"in \d+(\.\d+)? (ms|s):").unwrap();
    let line = port.replace_all(line.trim_end(), "127.0.0.1:PORT");
    time.replace_all(&line, "in TIME:").into_owned()
}

fn commands() {
    let commands = shown();
    assert!(commands.len() >= 6, "the commands are found: {commands:?}");
    for (command, output) in commands {
        if command == "cargo test" {
            // It is what runs now.
            continue;
        }
        let command = command.replace("cargo run --release --", "wireproof");
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words[0], "wireproof", "{command}");
        let seen = if ["serve", "observe"].contains(&words[1]) {
            let serving = Serving::of(&mut program::command(&words[1..]));
            format!("listening on {}\n", serving.url)
        } else if command.contains("--url https://server") {
            // Nobody is there: that the options are taken is seen by what comes of it.
            let mut words = words.clone();
            words.truncate(words.iter().position(|word| *word == "--report").unwrap());
            words.extend(["--timeout", "2s", "--dry-run"]);
            wireproof(&words[1..]).ends(0).stdout
        } else {
            wireproof(&words[1..]).ends(0).stdout
        };
        let seen: Vec<String> = seen.lines().map(steady).collect();
        for line in output.iter().filter(|line| *line != "...") {
            assert!(
                seen.contains(&steady(line)),
                "`{command}` does not show `{line}` but\n{}",
                seen.join("\n")
            );
        }
    }
}

fn named() {
    let help = wireproof(["--help"]).ends(0).stdout;
    for command in [
        "check",
        "serve",
        "observe",
        "prove",
        "lint",
        "list",
        "explain",
        "new",
        "schema",
        "completions",
    ] {
        assert!(
            help.contains(&format!("  {command} ")),
            "{command} is not in {help}"
        );
    }
}
