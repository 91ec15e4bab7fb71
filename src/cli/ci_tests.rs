//! The examples of docs/ci: every command line of ours in them is read by our own parser of arguments.

use super::{
    args::{Arguments, Command},
    values::ReportKind,
};
use crate::source::{Node, Problems, SourceFile, Yaml};
use clap::Parser;
use rstest::rstest;
use std::{collections::BTreeSet, fs, path::Path};

/// The file as YAML, and every text in it.
fn read(name: &str) -> (Node, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/ci")
        .join(name);
    let file = SourceFile::new(name, fs::read_to_string(path).unwrap());
    let mut problems = Problems::default();
    let root = Node::parse(&file, &mut problems);
    assert!(problems.is_empty(), "{problems}");
    let root = root.unwrap();
    let mut texts = Vec::new();
    gather(&root, &mut texts);
    (root, texts)
}

fn gather(node: &Node, into: &mut Vec<String>) {
    match &node.yaml {
        Yaml::Scalar(scalar) => into.push(scalar.text.clone()),
        Yaml::List(elements) => elements.iter().for_each(|node| gather(node, into)),
        Yaml::Map(members) => members.iter().for_each(|(_, node)| gather(node, into)),
    }
}

/// Words as a shell makes them of one command: double quotes go, what follows a `||` is another command.
fn words(command: &str) -> Vec<String> {
    let command = command.split("||").next().unwrap().replace("\\\n", " ");
    command
        .split_whitespace()
        .map(|word| word.replace('"', ""))
        .collect()
}

/// Every value of a matrix, put in for its variable.
fn expanded(name: &str, text: &str) -> Vec<String> {
    let shards = ["1", "2", "3"];
    let mut all = Vec::new();
    for target in ["staging", "uploads"] {
        for shard in shards {
            let text = if name == "github.yml" {
                text.replace("${{ matrix.target }}", target)
                    .replace("${{ matrix.shard }}", &format!("{shard}/3"))
                    .replace("${{ matrix.part }}", shard)
                    .replace("$GITHUB_STEP_SUMMARY", "summary.md")
            } else {
                text.replace("$TARGET", target).replace("$SHARD", shard)
            };
            assert!(!text.contains("${{") && !text.contains("$T"), "{text}");
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all
}

#[rstest]
#[case("github.yml")]
#[case("gitlab.yml")]
fn every_command_is_one_of_ours_and_what_is_joined_is_what_was_written(#[case] name: &str) {
    let (_, texts) = read(name);
    let (mut written, mut joined, mut shards) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for text in texts
        .iter()
        .filter(|text| text.trim_start().starts_with("wireproof "))
    {
        for line in expanded(name, text.trim()) {
            let arguments = match Arguments::try_parse_from(words(&line)) {
                Ok(arguments) => arguments,
                Err(error) => panic!("{line}\n{error}"),
            };
            match arguments.command {
                Command::Check(check) => {
                    let shard = check.shard.unwrap();
                    shards.insert((check.target.clone(), shard.index, shard.count));
                    let report = &check.output.report[0];
                    assert_eq!(report.kind, ReportKind::Json);
                    assert!(written.insert(report.file.clone().unwrap()), "{line}");
                }
                Command::Merge(merge) => joined.extend(merge.files),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(shards.len(), 6, "two targets in three shards");
    assert_eq!(written.len(), 6);
    assert_eq!(written, joined);
}

#[test]
fn the_matrix_of_each_example_is_the_one_that_is_put_in_above() {
    let list = |node: &Node| {
        let mut texts = Vec::new();
        gather(node, &mut texts);
        texts
    };
    let (github, _) = read("github.yml");
    let matrix = github
        .get("jobs")
        .and_then(|jobs| jobs.get("check")?.get("strategy")?.get("matrix"));
    let matrix = matrix.unwrap();
    assert_eq!(list(matrix.get("target").unwrap()), ["staging", "uploads"]);
    assert_eq!(list(matrix.get("shard").unwrap()), ["1/3", "2/3", "3/3"]);
    assert_eq!(
        list(matrix.get("include").unwrap()),
        ["1/3", "1", "2/3", "2", "3/3", "3"]
    );
    let (gitlab, _) = read("gitlab.yml");
    let matrix = gitlab
        .get("check")
        .and_then(|job| job.get("parallel")?.get("matrix"));
    let matrix = &matrix.unwrap().as_list().unwrap()[0];
    assert_eq!(list(matrix.get("TARGET").unwrap()), ["staging", "uploads"]);
    assert_eq!(list(matrix.get("SHARD").unwrap()), ["1", "2", "3"]);
}
