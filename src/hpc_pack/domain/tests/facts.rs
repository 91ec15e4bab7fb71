use crate::hpc_pack::domain::catalogue::{
    ALL, CREATE, Catalogue, JOB_LIST_DEFAULT, JobProperty, NOWHERE, NodeProperty, SET, SUBMIT,
    TASK_LIST_DEFAULT, TaskProperty,
};
use rstest::rstest;
use serde_json::Value as Json;

/// What the pages say of an operation, out of the vendored facts.
fn operation(id: &str) -> Json {
    let text = include_str!("../../../../tests/data/hpc-pack-operations.json");
    let all: Vec<Json> = serde_json::from_str(text).unwrap();
    all.into_iter()
        .find(|operation| operation["id"] == id)
        .unwrap()
}

fn documented(id: &str) -> Vec<String> {
    let names = operation(id)["properties"].as_array().unwrap().clone();
    names
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn gettable<P: Catalogue>() -> Vec<String> {
    P::GETTABLE
        .iter()
        .map(|property| property.facts().name.to_owned())
        .collect()
}

#[rstest]
#[case("get_job", gettable::<JobProperty>(), 62)]
#[case("get_job_list", gettable::<JobProperty>(), 62)]
#[case("get_task", gettable::<TaskProperty>(), 44)]
#[case("get_subtask", gettable::<TaskProperty>(), 44)]
#[case("get_task_list", gettable::<TaskProperty>(), 44)]
#[case("get_node", gettable::<NodeProperty>(), 18)]
#[case("get_node_list", gettable::<NodeProperty>(), 18)]
fn what_can_be_got_is_what_the_pages_list(
    #[case] id: &str,
    #[case] ours: Vec<String>,
    #[case] count: usize,
) {
    assert_eq!(ours, documented(id));
    assert_eq!(ours.len(), count);
}

#[rstest]
#[case("create_job", CREATE, 45)]
#[case("set_job_properties", SET, 45)]
#[case("submit_job", SUBMIT, 46)]
fn what_can_be_set_on_a_job_is_what_the_pages_list(
    #[case] id: &str,
    #[case] flag: u8,
    #[case] count: usize,
) {
    let named = |name: &String| JobProperty::named(name).unwrap();
    let documented = documented(id);
    assert_eq!(documented.len(), count);
    assert!(
        documented
            .iter()
            .all(|name| named(name).facts().settable & flag != 0)
    );
    let ours = JobProperty::GETTABLE.iter().chain([&JobProperty::Password]);
    assert_eq!(
        ours.filter(|property| property.facts().settable & flag != 0)
            .count(),
        count
    );
}

#[rstest]
#[case("add_task")]
#[case("set_task_properties")]
#[case("set_subtask_properties")]
fn what_can_be_set_on_a_task_is_what_the_pages_list(#[case] id: &str) {
    let documented = documented(id);
    for property in TaskProperty::GETTABLE {
        let facts = property.facts();
        let expected = if documented.iter().any(|name| name == facts.name) {
            ALL
        } else {
            NOWHERE
        };
        assert_eq!(facts.settable, expected, "{}", facts.name);
    }
    assert_eq!(documented.len(), 25);
}

#[test]
fn lists_give_the_documented_properties_where_none_is_named() {
    let parameter = |id: &str| {
        let parameters = operation(id)["uri_params"].as_array().unwrap().clone();
        let found = parameters
            .into_iter()
            .find(|parameter| parameter["name"] == "Properties")
            .unwrap();
        found["default"].as_str().unwrap().to_owned()
    };
    let names = |names: Vec<&str>| names.join(",");
    assert_eq!(
        parameter("get_job_list"),
        names(JOB_LIST_DEFAULT.iter().map(|p| p.facts().name).collect())
    );
    assert_eq!(
        parameter("get_task_list"),
        names(TASK_LIST_DEFAULT.iter().map(|p| p.facts().name).collect())
    );
}

#[test]
fn names_are_known_in_any_letter_case() {
    assert_eq!(
        TaskProperty::named("Commandline"),
        Some(TaskProperty::CommandLine)
    );
    assert_eq!(JobProperty::named("priority"), Some(JobProperty::Priority));
    assert_eq!(JobProperty::named("Colour"), None);
}
