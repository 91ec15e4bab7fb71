//! What a person is told who makes a mistake: one file with many, and the schemas.

use super::{read, read_sequences};
use crate::{
    contract,
    source::{Look, Problems, SourceFile},
};
use proptest::prelude::{ProptestConfig, prop, proptest};
use rstest::rstest;
use std::{env, fs, path::Path};

const SCENARIO: &str = include_str!("testdata/mistakes.yaml");
const CONTRACT: &str = include_str!("testdata/contract-mistakes.yaml");
const STEPS: &str = include_str!("testdata/steps-mistakes.yaml");

fn told(problems: &Problems) -> String {
    let told = |problem: &crate::source::Problem| {
        let help = problem.help.as_deref().unwrap_or("-");
        format!("{problem} [{}] help: {help}\n", problem.code)
    };
    problems.iter().map(told).collect()
}

#[test]
fn every_mistake_of_a_scenario_is_told_with_its_place() {
    let contract = contract::tests::whole();
    let (sequences, _) = read_sequences(&SourceFile::new("steps.yaml", STEPS), &contract);
    let file = SourceFile::new("mistakes.yaml", SCENARIO);
    let (scenario, problems) = read(&file, "greeting/mistakes", None, &contract, &sequences);
    assert!(scenario.is_none());
    insta::assert_snapshot!(told(&problems));
}

#[test]
fn every_mistake_of_sequences_is_told_with_its_place() {
    let contract = contract::tests::whole();
    let (_, problems) = read_sequences(&SourceFile::new("steps.yaml", STEPS), &contract);
    insta::assert_snapshot!(told(&problems));
}

#[test]
fn every_mistake_of_a_contract_is_told_with_its_place() {
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", CONTRACT));
    assert!(contract.is_none());
    insta::assert_snapshot!(told(&problems));
    let shown = problems.render(Look::PLAIN);
    let first = problems.iter().next().unwrap().to_string();
    assert!(shown.contains(&first), "{shown}");
}

#[test]
fn the_schemas_are_those_of_the_tables() {
    for (name, schema) in [
        ("scenario", super::schema()),
        ("contract", contract::schema()),
    ] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        if env::var_os("WIREPROOF_WRITE_SCHEMAS").is_some() {
            fs::write(&path, &schema).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == schema,
            "{} is old: run with WIREPROOF_WRITE_SCHEMAS=1",
            path.display()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_damage_to_a_file_makes_a_reader_panic(cut in 0usize..4000, put in "[ -~\n]{0,6}", lines in prop::collection::vec(0usize..120, 0..4)) {
        let contract = contract::tests::whole();
        for text in [SCENARIO, CONTRACT, STEPS, contract::tests::WHOLE] {
            let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let damaged = format!("{}{put}{}", &text[..at], &text[at..]);
            let kept: Vec<&str> = damaged.lines().enumerate().filter(|(n, _)| !lines.contains(n)).map(|(_, l)| l).collect();
            let file = SourceFile::new("x.yaml", kept.join("\n"));
            let (sequences, _) = read_sequences(&file, &contract);
            let _ = read(&file, "x", None, &contract, &sequences);
            let _ = contract::read(&file);
        }
    }
}

#[rstest]
#[case::path("request: { method: GET, path: ../x }", "a path begins with `/`")]
#[case::blank("request: { method: GET, path: /a b }", "a path holds no blanks")]
#[case::method("request: { method: G T, path: / }", "a method is a word")]
#[case::name(
    "request: { method: GET, path: / }, header: { \"X:Y\": z }",
    "the name of a header field"
)]
#[case::value(
    r#"request: { method: GET, path: / }, header: { X: "a\r\nY: z" }"#,
    "no line break"
)]
#[case::values(
    r#"request: { method: GET, path: / }, header: { X: [a, "b\0"] }"#,
    "no line break"
)]
#[case::host(
    "request: { method: GET, path: / }, at: \"ftp://h\"",
    "only `http` and `https`"
)]
fn what_is_no_http_is_a_mistake_at_its_place(#[case] step: &str, #[case] why: &str) {
    let contract = contract::tests::whole();
    let text =
        format!("scenario: X\ncontract: greeting\neffects: writes\nsteps:\n  - {{ {step} }}\n");
    let file = SourceFile::new("x.yaml", text);
    let (_, problems) = read(&file, "greeting/x", None, &contract, &Default::default());
    let told = problems.to_string();
    assert_eq!(problems.len(), 1, "{told}");
    assert!(
        told.starts_with("x.yaml:5:") && told.contains(why),
        "{told}"
    );
}
