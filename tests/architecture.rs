//! The arrows of `ARCHITECTURE.md`, enforced: a module names only those it may know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each module, and those that it may name; only such as stand above it.
const ARROWS: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("mask", &["message"]),
    ("auth", &[]),
    ("source", &["message"]),
    ("contract", &["message", "source"]),
    ("scenario", &["message", "source", "contract"]),
    ("suite", &["source", "contract", "scenario"]),
    (
        "plan",
        &["message", "source", "contract", "scenario", "suite"],
    ),
    ("client", &["message", "auth", "source", "plan"]),
    (
        "check",
        &["message", "source", "contract", "scenario", "plan"],
    ),
    (
        "snapshot",
        &[
            "message", "source", "contract", "scenario", "suite", "plan", "check",
        ],
    ),
    ("mock", &["message", "auth", "source", "contract"]),
    ("hpc_pack", &["message", "auth", "source", "mock"]),
    ("bits_upload", &["message", "auth", "mock"]),
    (
        "runner",
        &[
            "message",
            "auth",
            "source",
            "contract",
            "scenario",
            "suite",
            "plan",
            "client",
            "check",
            "snapshot",
            "mock",
            "hpc_pack",
            "bits_upload",
        ],
    ),
    (
        "prove",
        &[
            "message", "source", "contract", "scenario", "suite", "plan", "client", "check",
            "snapshot", "mock", "runner",
        ],
    ),
    (
        "observe",
        &[
            "message", "mask", "auth", "source", "contract", "scenario", "suite", "plan", "client",
            "check", "snapshot", "mock", "runner",
        ],
    ),
    (
        "report",
        &[
            "message", "mask", "source", "contract", "plan", "check", "runner", "prove", "observe",
        ],
    ),
];

/// What stands above all modules and may name any.
const TOP: &[&str] = &["lib", "main", "cli", "api"];

/// The modules that may name the libraries that carry bytes, and those libraries.
const WIRE: (&[&str], &[&str]) = (
    &["mock", "client", "observe"],
    &[
        "hyper",
        "hyper_util",
        "http_body_util",
        "reqwest",
        "wiremock",
    ],
);

#[test]
fn the_table_itself_has_no_cycle() {
    for (at, (module, to)) in ARROWS.iter().enumerate() {
        for other in *to {
            assert!(
                ARROWS[..at].iter().any(|(above, _)| above == other),
                "{module} -> {other}, which does not stand above it"
            );
        }
    }
}

#[test]
fn every_module_stands_in_the_table() {
    let known: BTreeSet<&str> = ARROWS
        .iter()
        .map(|(m, _)| *m)
        .chain(TOP.iter().copied())
        .collect();
    for (module, _) in files() {
        assert!(
            known.contains(module.as_str()),
            "src/{module} is not in ARROWS"
        );
    }
}

#[test]
fn modules_name_only_those_that_they_may_know() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, file) in files() {
        let Some(to) = allowed.get(module.as_str()) else {
            continue;
        };
        for used in modules_named(&code(&file)) {
            let is_module = allowed.contains_key(used.as_str()) || TOP.contains(&used.as_str());
            if is_module && used != module && !to.contains(&used.as_str()) {
                wrong.push(format!("{}: {module} -> {used}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that are not drawn:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_path_climbs_past_its_module() {
    let modules: Vec<&str> = ARROWS.iter().map(|(m, _)| *m).collect();
    let mut wrong = Vec::new();
    for (module, file) in files() {
        let code = code(&file);
        if code.contains("super::super") {
            wrong.push(format!("{}: super::super", file.display()));
        }
        // In `src/NAME/mod.rs`, `super` is the crate.
        if file.ends_with(Path::new(&module).join("mod.rs")) {
            for other in &modules {
                if code.contains(&format!("super::{other}::")) {
                    wrong.push(format!("{}: super::{other}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "write crate::module::Item:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_those_that_carry_bytes_name_the_libraries_for_it() {
    let (may, libraries) = WIRE;
    let mut wrong = Vec::new();
    for (module, file) in files() {
        if may.contains(&module.as_str()) {
            continue;
        }
        let code = code(&file);
        for library in libraries {
            let named = code.match_indices(&format!("{library}::")).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named {
                wrong.push(format!("{}: {library}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "named outside {may:?}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_reader_of_paths_sees_groups_and_passes_comments_over() {
    let text = "use crate::{check::{Finding, Diff}, plan, runner::Event};\n// crate::mock\nlet x = crate::report::summary();";
    let named = modules_named(&without_comments(text));
    assert_eq!(named, ["check", "plan", "report", "runner"]);
}

/// Every Rust file of `src` with the module it belongs to.
fn files() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let first = path.strip_prefix(&root).unwrap().iter().next().unwrap();
                let module = Path::new(first).file_stem().unwrap().to_str().unwrap();
                found.push((module.to_owned(), path.clone()));
            }
        }
    }
    assert!(
        found.len() > 20,
        "the sources are where they are looked for"
    );
    found.sort();
    found
}

fn code(file: &Path) -> String {
    without_comments(&fs::read_to_string(file).unwrap())
}

fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first segment behind every `crate::`, groups taken apart; sorted, each once.
fn modules_named(code: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (at, mark) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + mark.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(identifier(rest));
            continue;
        };
        let (mut depth, mut start) = (0_usize, true);
        for (index, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && depth == 0 && c.is_alphabetic() => {
                    found.insert(identifier(&group[index..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found.remove("");
    found.into_iter().collect()
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
