//! The table of operations against the facts of the pages, which were written down independently.

use crate::hpc_pack::{
    Form, Hosting, Quirks, Settings,
    wire::{Found, ROUTES, Route, Rules, find},
};
use rstest::rstest;
use serde_json::Value;

fn facts() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../tests/data/hpc-pack-operations.json")).unwrap()
}

fn fact<'f>(facts: &'f [Value], id: &str) -> &'f Value {
    facts
        .iter()
        .find(|fact| fact["id"] == id)
        .unwrap_or_else(|| panic!("no page for {id}"))
}

/// A documented path with values in place of its parameters.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|segment| match segment {
            "{HPC_cluster_name}" => "ALPHA",
            parameter if parameter.starts_with('{') => "7",
            literal => literal,
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn found(method: &str, path: &str, settings: &Settings) -> Option<&'static Route> {
    match find(method, path, settings, Quirks::default()) {
        Found::Route(route, _) => Some(route),
        Found::OtherMethods(_) | Found::Nothing => None,
    }
}

#[test]
fn there_is_a_row_for_each_of_the_42_pages_and_no_other() {
    let facts = facts();
    let mut pages: Vec<_> = facts
        .iter()
        .map(|fact| fact["id"].as_str().unwrap())
        .collect();
    let mut rows: Vec<_> = ROUTES.iter().map(|route| route.id).collect();
    pages.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, pages);
    assert_eq!(rows.len(), 42);
}

#[rstest]
#[case(Form::V2016, "canonical_path_2016")]
#[case(Form::V2016, "uri_2016")]
#[case(Form::Pre2016, "canonical_path_pre2016")]
#[case(Form::Pre2016, "uri_pre2016")]
fn every_documented_line_leads_to_its_operation_in_any_case(
    #[case] form: Form,
    #[case] field: &str,
) {
    let settings = Settings::default().form(form).cluster("ALPHA");
    for fact in facts() {
        let Some(path) = fact[field].as_str() else {
            assert_eq!(fact["id"], "get_clusters");
            continue;
        };
        let path = path.trim_start_matches("https://{head_node_name}:{port}");
        let path = path.trim_start_matches("http://{head_node_name}:{port}");
        if path.starts_with("/MicrosoftHPC/") {
            continue; // A03: a typing error of two pages.
        }
        let method = fact["method"].as_str().unwrap();
        for path in [
            filled(path),
            filled(path).to_uppercase(),
            filled(path).to_lowercase(),
            filled(path).replace('/', "//"),
            filled(path) + "/",
        ] {
            let route =
                found(method, &path, &settings).unwrap_or_else(|| panic!("{method} {path}"));
            assert_eq!(route.id, fact["id"], "{method} {path}");
        }
    }
}

#[test]
fn status_rules_and_headers_are_those_of_the_page() {
    let facts = facts();
    for route in ROUTES {
        let fact = fact(&facts, route.id);
        let status = &fact["success_status"];
        let status = status.get(0).unwrap_or(status);
        assert_eq!(
            status.as_u64(),
            Some(u64::from(route.success)),
            "{}",
            route.id
        );
        let group = match route.rules {
            Rules::Sp2 | Rules::Sp2ByDate => "sp2",
            Rules::Sp3 => "sp3",
            Rules::Sp4 => "sp4",
            Rules::Soa => "soa",
        };
        assert_eq!(fact["group"], group, "{}", route.id);
        let listed = |name: &str| {
            let headers = fact["response_headers"].as_array().unwrap();
            headers.iter().any(|header| header["name"] == name)
        };
        assert_eq!(
            listed("x-ms-hpc-authoritychain"),
            route.lists_authority_chain(),
            "{}",
            route.id
        );
        assert_eq!(
            listed("Transfer-Encoding"),
            route.lists_transfer_encoding(),
            "{}",
            route.id
        );
    }
}

#[test]
fn one_form_is_served_and_the_other_is_not() {
    let new = Settings::default().cluster("ALPHA");
    let old = new.clone().form(Form::Pre2016);
    assert!(found("GET", "/WindowsHPC/ALPHA/Jobs", &new).is_none());
    assert!(found("GET", "/WindowsHPC/Clusters", &new).is_none());
    assert!(found("GET", "/WindowsHPC/Jobs", &old).is_none());
    assert!(found("GET", "/WindowsHPC/BETA/Jobs", &old).is_none());
    assert!(found("GET", "/WindowsHPC/ALPHA/Clusters", &old).is_none());
    assert_eq!(
        found("GET", "/WindowsHPC/Clusters", &old).unwrap().id,
        "get_clusters"
    );
    assert_eq!(
        found("GET", "/windowshpc/alpha/jobs", &old).unwrap().id,
        "get_job_list"
    );
}

#[test]
fn on_premises_has_no_soa_and_all_of_the_scheduler() {
    let settings = Settings::default()
        .hosting(Hosting::OnPremises)
        .form(Form::Pre2016)
        .cluster("ALPHA");
    for route in ROUTES {
        let path = format!(
            "/WindowsHPC{}/{}",
            if route.id == "get_clusters" {
                ""
            } else {
                "/ALPHA"
            },
            route.path.join("/")
        );
        let there = found(route.method.as_str(), &path, &settings).is_some();
        assert_eq!(there, route.rules != Rules::Soa, "{path}");
    }
}

#[rstest]
#[case("POST", "/WindowsHPC/Session/Create")]
#[case("GET", "/WindowsHPC/Sessions/7/Attach")]
#[case("GET", "/MicrosoftHPC/Jobs")]
#[case("GET", "/WindowsHPC/Jobs/../Nodes")]
#[case("GET", "/WindowsHPC")]
#[case("GET", "/")]
#[case("GET", "")]
#[case("GET", "/WindowsHPC/Job/%FF")]
#[case("GET", "/WindowsHPC/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p")]
fn what_no_page_documents_leads_nowhere(#[case] method: &str, #[case] path: &str) {
    let found = find(method, path, &Settings::default(), Quirks::default());
    assert!(matches!(found, Found::Nothing), "{found:?}");
}

#[test]
fn values_of_a_path_come_decoded_and_in_order() {
    let path = "/WindowsHPC/Job/1/Task/2%30/SubTask/%33/Cancel";
    let settings = Settings::default();
    let Found::Route(_, params) = find("POST", path, &settings, Quirks::default()) else {
        panic!("not found");
    };
    assert_eq!(params, ["1", "20", "3"]);
}

#[test]
fn another_method_is_told_those_there_are() {
    let settings = Settings::default();
    let Found::OtherMethods(methods) =
        find("DELETE", "/WindowsHPC/Job/7", &settings, Quirks::default())
    else {
        panic!("not told");
    };
    assert_eq!(methods, ["GET", "PUT"]);
}
