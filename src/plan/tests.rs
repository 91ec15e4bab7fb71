use super::{PlanOptions, Planned, Skip, TargetPart, TargetTraits, Value, plan};
use crate::{
    contract,
    message::How,
    scenario::{self, Suite},
    source::{Look, SourceFile},
};
use rstest::rstest;
use std::{path::Path, sync::Arc};

const CONTRACT: &str = r#"
contract: doors
title: Doors
documents: { api: { title: The API, url: "https://example.org/api" } }
capabilities: { locks: Doors can be locked. }
traits:
  form: { values: [short, long], default: short, says: Which paths there are. }
  house: { default: my house, says: The house. }
vars: { upload_path: up, limit: 5, key: { secret: open-sesame } }
operations:
  - id: open
    method: GET
    path: { form: { short: "/{house}/{door}", long: "/v1/{door}/{*rest}" } }
    header: { X-Mode: gentle }
    source: [api]
    reply: { status: 200, empty: true }
  - id: lock
    method: POST
    path: "/lock"
    where: { form: short }
    source: [api]
    reply: { status: 200, empty: true }
clauses:
  - id: open.succeeds
    level: must
    says: A door opens.
    source: [api]
    proved-by: scenario
    broken-by: [{ status: 500 }]
"#;

const STEPS: &str = r#"
sequences:
  enter:
    args: [name]
    gives: [key]
    steps:
      - id: in
        operation: open
        path: { door: "{{ name }}" }
        capture: { key: { header: X-Key } }
"#;

const PLAIN: &str = "steps: [{ operation: open, path: { door: a } }]";

fn suite(scenarios: &[&str]) -> Suite {
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", CONTRACT));
    assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
    let contract = Arc::new(contract.unwrap());
    let (sequences, problems) =
        scenario::read_sequences(&SourceFile::new("steps.yaml", STEPS), &contract);
    assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
    let scenarios = scenarios
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let text = format!("scenario: Number {at}\ncontract: doors\n{text}");
            let file = SourceFile::new(format!("{at}.yaml"), text);
            let id = format!("doors/area/s{at}");
            let (scenario, problems) = scenario::read(&file, &id, None, &contract, &sequences);
            assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
            Arc::new(scenario.unwrap())
        })
        .collect();
    Suite {
        contract,
        sequences,
        scenarios,
    }
}

fn mocked() -> PlanOptions {
    PlanOptions {
        mocked: true,
        run_id: "wireproof-1".into(),
        ..PlanOptions::default()
    }
}

fn url() -> PlanOptions {
    PlanOptions {
        mocked: false,
        ..mocked()
    }
}

fn target(form: &str) -> TargetTraits {
    TargetTraits {
        can: Vec::new(),
        traits: [("form".to_owned(), form.to_owned())].into(),
    }
}

fn planned(scenarios: &[&str], target: &TargetTraits, options: &PlanOptions) -> Planned {
    let planned = plan(&suite(scenarios), target, options);
    assert!(
        planned.problems.is_empty(),
        "{}",
        planned.problems.render(Look::PLAIN)
    );
    planned
}

fn ids(planned: &Planned) -> Vec<&str> {
    planned.plans.iter().map(|plan| plan.id.as_str()).collect()
}

/// The path as text, values that are filled in later in angle brackets.
fn path(parts: &[TargetPart]) -> String {
    parts
        .iter()
        .map(|part| match part {
            TargetPart::Text(text) => text.clone(),
            TargetPart::Raw(template)
            | TargetPart::Segment(template)
            | TargetPart::Rest(template) => {
                format!("<{}>", template.text)
            }
        })
        .collect()
}

#[rstest]
#[case("short", "/base/my%20house/<{{ path['door'] }}>")]
#[case("long", "/base/v1/<{{ path['door'] }}>/")]
fn a_path_is_that_of_the_targets_form_behind_the_path_of_its_url(
    #[case] form: &str,
    #[case] expected: &str,
) {
    let options = PlanOptions {
        base_path: "/base/".into(),
        ..url()
    };
    let planned = planned(&[PLAIN], &target(form), &options);
    let send = &planned.plans[0].steps[0][0].send;
    assert_eq!(path(&send.target), expected);
    assert_eq!(send.operation, Some(0));
    assert_eq!(send.header[0].0, "X-Mode");
}

#[test]
fn rows_become_plans_of_their_own_with_their_values() {
    let rows = "rows: [{ door: Front }, { door: back door }]\nsteps: [{ operation: open, path: { door: \"{{ door }}\" } }]";
    let planned = planned(&[rows], &target("short"), &url());
    assert_eq!(
        ids(&planned),
        ["doors/area/s0@Front", "doors/area/s0@back-door"]
    );
    let value = |at: usize, name: &str| {
        let found = planned.plans[at]
            .vars
            .iter()
            .find(|(known, _)| known == name);
        match &found.unwrap().1 {
            Value::Json(json) => json.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(value(1, "door"), "back door");
    assert_ne!(
        value(0, "run_id"),
        value(1, "run_id"),
        "names of things made do not meet"
    );
    assert!(
        value(0, "run_id")
            .as_str()
            .unwrap()
            .starts_with("wireproof-1-")
    );
}

#[test]
fn the_embedded_mock_has_one_run_id_so_that_snapshots_hold() {
    let planned = planned(&[PLAIN, PLAIN], &target("short"), &mocked());
    for plan in &planned.plans {
        assert!(plan.vars.iter().any(|(name, value)| name == "run_id"
            && matches!(value, Value::Json(json) if json == "wireproof-1")));
    }
}

#[test]
fn a_sequence_stands_in_its_place_with_its_arguments_and_keeps_its_path() {
    let using = "
steps:
  - { id: first, use: enter, with: { name: \"{{ upload_path }}\" } }
  - { operation: open, header: { X-Key: \"{{ key }}\" } }
";
    let planned = planned(&[using], &target("short"), &url());
    let steps = &planned.plans[0].steps;
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0][0].id, "first.in");
    assert_eq!(steps[0][0].with[0].0, "name");
    assert_eq!(steps[0][0].send.path[0].1.text, "{{ name }}");
    assert!(
        steps[1][0].with.is_empty(),
        "arguments are known within only"
    );
    assert_eq!(
        path(&steps[1][0].send.target),
        "/my%20house/<{{ path['door'] }}>"
    );
}

#[rstest]
#[case("needs: [locks]", url(), Some(Skip::Lacks("locks".into())))]
#[case("needs: [locks]", mocked(), None)]
#[case("needs: [real-server]", mocked(), Some(Skip::NeedsServer))]
#[case("needs: [real-server]", url(), None)]
#[case("needs: [real-server, locks]", url(), Some(Skip::Lacks("locks".into())))]
#[case("where: { form: long }", url(), Some(Skip::Other("form".into(), vec!["long".into()], "short".into())))]
#[case("where: { form: long }", mocked(), None)]
#[case("where: { form: long }", PlanOptions { fixed: vec!["form".into()], ..mocked() }, Some(Skip::Other("form".into(), vec!["long".into()], "short".into())))]
#[case("where: { form: [long, short] }", url(), None)]
#[case("effects: writes", url(), Some(Skip::Writes))]
#[case("effects: writes", mocked(), None)]
#[case("effects: writes", PlanOptions { allow_writes: true, ..url() }, None)]
fn a_scenario_is_skipped_where_its_target_is_not_for_it(
    #[case] head: &str,
    #[case] options: PlanOptions,
    #[case] skip: Option<Skip>,
) {
    let scenario = format!("{head}\n{PLAIN}");
    let planned = planned(&[&scenario], &target("short"), &options);
    let skips: Vec<_> = planned.skipped.iter().map(|one| one.skip.clone()).collect();
    assert_eq!(skips, skip.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(planned.plans.len(), usize::from(skip.is_none()));
    if head == "where: { form: long }" && skip.is_none() {
        assert_eq!(
            planned.plans[0].target.traits["form"], "long",
            "the mock is started so"
        );
    }
}

#[test]
fn an_operation_that_such_a_target_does_not_have_skips_the_scenario() {
    let lock = "effects: writes\nsteps: [{ operation: lock }]";
    let planned = planned(&[lock], &target("long"), &mocked());
    assert_eq!(planned.skipped[0].skip, Skip::NoOperation("lock".into()));
}

#[test]
fn expectations_for_other_targets_are_dropped() {
    let scenario = "
steps:
  - operation: open
    path: { door: a }
    expect:
      - { where: { form: long }, proves: open.succeeds, status: 201 }
      - { where: { form: short }, proves: open.succeeds, status: 200 }
      - { status: { at-most: 299 } }
";
    let planned = planned(&[scenario], &target("short"), &url());
    let expect = &planned.plans[0].steps[0][0].expect;
    assert_eq!(expect.len(), 2);
    assert_eq!(expect[0].traits[0].1, ["short"]);
}

#[rstest]
#[case(&[], "up", "5")]
#[case(&[("upload_path", "x"), ("upload_path", "y"), ("limit", "7")], "y", "7")]
#[case(&[("limit", "many")], "up", "\"many\"")]
fn variables_are_replaced_from_outside_by_their_type(
    #[case] given: &[(&str, &str)],
    #[case] text: &str,
    #[case] number: &str,
) {
    let options = PlanOptions {
        vars: given
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        ..url()
    };
    let planned = planned(&[PLAIN], &target("short"), &options);
    let json = |name: &str| match planned.plans[0]
        .vars
        .iter()
        .find(|(known, _)| known == name)
    {
        Some((_, Value::Json(json))) => json.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(json("upload_path"), text);
    assert_eq!(json("limit").to_string(), number);
    assert!(planned.variables.contains("limit") && !planned.variables.contains("nothing"));
}

#[rstest]
#[case::default(PLAIN, &[], "open-sesame")]
#[case::from_outside(PLAIN, &[("key", "given")], "given")]
#[case::of_the_scenario("vars: { key: own }\nsteps: [{ operation: open, path: { door: \"{{ key }}\" } }]", &[], "own")]
fn a_secret_of_the_contract_stays_secret_wherever_its_value_comes_from(
    #[case] scenario: &str,
    #[case] given: &[(&str, &str)],
    #[case] expected: &str,
) {
    let options = PlanOptions {
        vars: given
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        ..url()
    };
    let planned = planned(&[scenario], &target("short"), &options);
    let vars = &planned.plans[0].vars;
    let found = vars.iter().find(|(name, _)| name == "key");
    assert!(matches!(found, Some((_, Value::Secret(text))) if text == expected));
}

#[test]
fn a_path_that_lacks_a_value_is_a_problem_at_its_step() {
    let scenario = "steps:\n  - { operation: open }";
    let found = plan(&suite(&[PLAIN]), &target("short"), &url());
    assert!(found.problems.is_empty());
    let mut suite = suite(&[PLAIN]);
    let mut lacking = (*suite.scenarios[0]).clone();
    if let scenario::StepKind::Send(send) = &mut lacking.steps[0].kind {
        send.path.clear();
    }
    suite.scenarios = vec![Arc::new(lacking)];
    let problems = plan(&suite, &target("short"), &url()).problems;
    assert_eq!(problems.len(), 1, "{scenario}");
    assert_eq!(problems.0[0].code, "missing-parameter");
}

#[test]
fn patterns_select() {
    let all = [PLAIN; 7];
    let options = PlanOptions {
        only: vec!["doors/*/s*".into()],
        skip: vec!["s3".into(), "s4".into()],
        ..url()
    };
    assert_eq!(ids(&planned(&all, &target("short"), &options)).len(), 5);
}

#[test]
fn headers_of_the_run_stand_behind_those_of_the_step() {
    let scenario =
        "steps: [{ operation: open, path: { door: a }, header: { x-mode: rough, X-One: \"1\" } }]";
    let headers = vec![
        ("X-ONE".to_owned(), "2".to_owned()),
        ("X-Two".to_owned(), "2".to_owned()),
    ];
    let planned = planned(
        &[scenario],
        &target("short"),
        &PlanOptions { headers, ..url() },
    );
    let header = &planned.plans[0].steps[0][0].send.header;
    let fields: Vec<_> = header
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_ref().unwrap().text.as_str()))
        .collect();
    assert_eq!(
        fields,
        [("x-mode", "rough"), ("X-One", "1"), ("X-Two", "2")]
    );
}

#[test]
fn a_file_that_is_not_there_is_a_problem_before_anything_is_sent() {
    let scenario = "steps: [{ operation: open, path: { door: a }, body: { file: no-such.bin } }]";
    let found = plan(&suite(&[scenario]), &target("short"), &url());
    assert!(found.plans.is_empty());
    assert!(
        found.problems.to_string().starts_with("0.yaml:3:"),
        "{}",
        found.problems
    );
    assert!(found.problems.to_string().contains("no-such.bin"));
}

#[rstest]
#[case(&["all"], true)]
#[case(&["locks"], true)]
#[case(&["other"], false)]
fn a_target_can_what_it_names_or_all(#[case] can: &[&str], #[case] planned_for: bool) {
    let target = TargetTraits {
        can: can.iter().map(|name| (*name).to_owned()).collect(),
        ..target("short")
    };
    let scenario = format!("needs: [locks]\n{PLAIN}");
    let planned = planned(&[&scenario], &target, &url());
    assert_eq!(planned.plans.len(), usize::from(planned_for));
}

#[test]
fn the_path_of_the_url_is_not_put_before_a_step_that_goes_elsewhere() {
    let scenario = "steps: [{ operation: open, path: { door: a }, at: \"http://localhost:1\" }]";
    let options = PlanOptions {
        base_path: "/base/".into(),
        ..url()
    };
    let planned = planned(&[scenario], &target("short"), &options);
    let send = &planned.plans[0].steps[0][0].send;
    assert_eq!(path(&send.target), "/my%20house/<{{ path['door'] }}>");
}

#[rstest]
#[case("reset", How::Reset)]
#[case("stall", How::Stalled)]
#[case("close", How::Closed)]
fn a_request_that_is_cut_ends_as_it_says(#[case] then: &str, #[case] how: How) {
    let scenario = format!(
        "steps: [{{ operation: open, path: {{ door: a }}, body: {{ text: abc }}, cut: {{ after: 1, then: {then} }} }}]"
    );
    let planned = planned(&[&scenario], &target("short"), &url());
    let cut = planned.plans[0].steps[0][0].send.cut.as_ref();
    assert_eq!(cut.expect("it is cut").then, how);
}

#[test]
fn single_requests_are_sent_at_once_and_sequences_of_several_are_not() {
    let parallel = |steps: &str| format!("steps: [{{ parallel: [{steps}] }}]");
    let open = "{ operation: open, path: { door: a } }";
    let named = "{ operation: open, path: { door: \"{{ name }}\" } }";
    let using = "{ id: one, use: enter, with: { name: a } }";
    let both = parallel(&format!("{open}, {using}"));
    let planned = planned(&[&both], &target("short"), &url());
    assert_eq!(planned.plans[0].steps.len(), 1);
    assert_eq!(planned.plans[0].steps[0].len(), 2);
    for steps in [
        // A sequence of two requests, and one whose request is two at once.
        format!("      - {named}\n      - {open}\n"),
        format!("      - parallel: [{named}, {open}]\n"),
    ] {
        let mut suite = suite(&[&both]);
        let text = format!("sequences:\n  enter:\n    args: [name]\n    steps:\n{steps}");
        let (sequences, problems) =
            scenario::read_sequences(&SourceFile::new("steps.yaml", text), &suite.contract);
        assert!(problems.is_empty(), "{}", problems.render(Look::PLAIN));
        suite.sequences = sequences;
        let found = plan(&suite, &target("short"), &url());
        assert_eq!(found.problems.0[0].code, "parallel");
        assert!(found.plans.is_empty());
    }
}

#[test]
fn bytes_that_are_too_many_are_a_problem_at_their_place() {
    let scenario = "vars: { big: { bytes: 268435457 } }\nsteps: [{ operation: open, path: { door: a }, body: { slice: [big, 0, 1] } }]";
    let found = plan(&suite(&[scenario]), &target("short"), &url());
    assert_eq!(found.problems.0[0].code, "too-large");
    let scenario = "vars: { small: { bytes: 1000 } }\nsteps: [{ operation: open, path: { door: a }, body: { slice: [small, 0, 1] } }]";
    assert_eq!(
        planned(&[scenario], &target("short"), &url()).plans.len(),
        1
    );
}

#[test]
fn the_files_of_a_plan_are_those_whose_names_are_known_before_it_runs() {
    let body = |file: &str| {
        format!("{{ operation: open, path: {{ door: a }}, body: {{ file: {file} }} }}")
    };
    let scenario = format!(
        "steps: [{}, {}, {{ operation: open, path: {{ door: a }}, body: {{ text: x }} }}]\ncleanup: [{}]",
        body("Cargo.toml"),
        body("\"{{ upload_path }}\""),
        body("build.rs"),
    );
    let planned = planned(&[&scenario], &target("short"), &url());
    assert_eq!(
        planned.plans[0].files(),
        [Path::new("Cargo.toml"), Path::new("build.rs")]
    );
}
