//! What `fuzz/` fuzzes, run in every test: its seeds, and mutations of them that are the same each time.

use crate::{Case, fuzz::TARGETS};
use proptest::{
    prelude::{Strategy, any},
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    ("every target takes its seeds", &[], seeds),
    ("every target takes mutations of its seeds", &[], mutations),
    ("every target has a binary and seeds", &[], complete),
];

/// How many mutations each target gets.
const ROUNDS: u32 = 64;

/// The seeds of a target, by name, so that the order is the same each time.
fn seeds_of(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

fn seeds() {
    for (target, run) in TARGETS {
        for (_, seed) in seeds_of(target) {
            run(&seed);
        }
        run(b"");
    }
}

/// One change of some bytes.
fn change(bytes: &mut Vec<u8>, (kind, at, other, byte): &(u8, Index, Index, u8)) {
    if bytes.is_empty() {
        bytes.push(*byte);
        return;
    }
    let (at, other) = (at.index(bytes.len()), other.index(bytes.len()));
    let (from, to) = (at.min(other), at.max(other));
    match kind % 6 {
        0 => bytes[at] = *byte,
        1 => bytes.insert(at, *byte),
        2 => drop(bytes.drain(from..to)),
        3 => {
            let piece = bytes[from..to].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => bytes.truncate(at),
        _ => bytes[at] ^= 1 << (byte % 8),
    }
}

fn mutations() {
    for (target, run) in TARGETS {
        let seeds = seeds_of(target);
        let config = Config {
            cases: ROUNDS,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let changes = proptest::collection::vec(any::<(u8, Index, Index, u8)>(), 1..8);
        let strategy = (any::<Index>(), changes).prop_map(|(seed, changes)| {
            let mut bytes = seeds[seed.index(seeds.len())].1.clone();
            for one in &changes {
                change(&mut bytes, one);
            }
            bytes
        });
        let ran = TestRunner::new_with_rng(config, rng).run(&strategy, |bytes| {
            run(&bytes);
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{target}: {error}");
        }
    }
}

fn complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let mut files: Vec<_> = fs::read_dir(root.join("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, names);
    let documented =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fuzzing.md")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let file = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(file.contains(&format!("wireproof_fuzz::{name}(")), "{name}");
        assert!(documented.contains(&format!("`{name}`")), "docs: {name}");
    }
}
