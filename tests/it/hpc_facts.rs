//! The contract of HPC Pack against facts that were written down from the pages independently of it.

use crate::Case;
use serde_json::Value;
use std::collections::BTreeSet;
use wireproof::{
    contract::{Contract, Operation, Segment},
    suite::SuiteFiles,
};

pub(crate) const CASES: &[Case] = &[
    (
        "each of the 42 pages is an operation, and nothing else is",
        &[],
        operations,
    ),
    (
        "methods, paths and statuses of success are those of the pages",
        &[],
        lines,
    ),
    ("parameters and headers are those of the pages", &[], fields),
    (
        "lists of properties are those of the pages, in their order",
        &[],
        properties,
    ),
    (
        "what needs api-version, and how errors are told, is as the pages say",
        &[],
        versions,
    ),
    ("bodies of success are those of the pages", &[], bodies),
];

/// Operations that fail only where an api-version is given, a wrong one: their legacy error is listed under `omitted`.
const CANNOT_FAIL: [&str; 2] = ["get-version", "get-job-templates"];

fn facts() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/hpc-pack-operations.json")).unwrap()
}

fn contract() -> Contract {
    let files = SuiteFiles::embedded("hpc-pack").unwrap();
    files
        .contract()
        .unwrap_or_else(|_| panic!("the contract cannot be read"))
}

/// Calls `look` with each page and its operation.
fn each(look: impl Fn(&Contract, &Operation, &Value)) {
    let contract = contract();
    for fact in facts() {
        let id = text(&fact, "id").replace('_', "-");
        let operation = contract
            .operation(&id)
            .unwrap_or_else(|| panic!("no operation {id}"));
        look(&contract, operation, &fact);
    }
}

fn text<'f>(fact: &'f Value, name: &str) -> &'f str {
    fact[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {fact}"))
}

fn names(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|item| {
        item.as_str()
            .map_or_else(|| text(item, "name").to_owned(), str::to_owned)
    })
    .collect()
}

fn operations() {
    let contract = contract();
    let pages: BTreeSet<_> = facts()
        .iter()
        .map(|fact| text(fact, "id").replace('_', "-"))
        .collect();
    let ours: BTreeSet<_> = contract
        .operations
        .iter()
        .map(|operation| operation.id.clone())
        .collect();
    assert_eq!(ours, pages);
    assert_eq!(contract.operations.len(), 42);
    each(|contract, operation, fact| {
        assert_eq!(operation.title, text(fact, "title"), "{}", operation.id);
        let page = contract.url_of(&operation.source[0]);
        assert_eq!(page, Some(text(fact, "source")), "{}", operation.id);
        let azure = operation
            .traits
            .contains(&("hosting".to_owned(), vec!["azure".to_owned()]));
        assert_eq!(Value::Bool(azure), fact["azure_only"], "{}", operation.id);
    });
}

/// A path as the page prints it, with the names that the contract has for its values.
fn path(printed: &str) -> String {
    let path = printed
        .split_once("{port}")
        .map_or(printed, |(_, path)| path);
    [
        // A typo of one page (A03).
        ("/MicrosoftHPC/", "/WindowsHPC/"),
        ("{HPC_cluster_name}", "{cluster}"),
        ("{job_identifier}", "{job}"),
        ("{subtask_identifier}", "{subtask}"),
        ("{task_identifier}", "{task}"),
        ("{session_identifier}", "{session}"),
        ("{batch_name}", "{batch}"),
        ("{node_group_name}", "{group}"),
        ("{node_name}", "{node}"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (from, to)| path.replace(from, to))
}

fn our_path(operation: &Operation, form: &str) -> Option<String> {
    let pattern = operation.paths.iter().find(|pattern| {
        pattern
            .only
            .as_ref()
            .is_none_or(|(name, value)| name == "form" && value == form)
    })?;
    let segments = pattern.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Name(name) => format!("/{{{name}}}"),
        Segment::Rest(name) => format!("/{{*{name}}}"),
    });
    Some(segments.collect())
}

fn lines() {
    each(|_, operation, fact| {
        let id = &operation.id;
        assert_eq!(operation.method, text(fact, "method"), "{id}");
        let forms = operation.traits.iter().find(|(name, _)| name == "form");
        for (form, canonical, printed) in [
            ("2016", "canonical_path_2016", "uri_2016"),
            ("pre2016", "canonical_path_pre2016", "uri_pre2016"),
        ] {
            let there = forms.is_none_or(|(_, values)| values.iter().any(|value| value == form));
            if fact[canonical].is_null() {
                assert!(!there, "{id} has no form {form}");
                continue;
            }
            assert!(there, "{id} has the form {form}");
            let ours = our_path(operation, form).unwrap();
            assert_eq!(ours, path(text(fact, printed)), "{id}");
            assert!(
                ours.eq_ignore_ascii_case(&path(text(fact, canonical))),
                "{id}: {ours}"
            );
        }
        let statuses: Vec<u16> = match &fact["success_status"] {
            Value::Number(one) => vec![u16::try_from(one.as_u64().unwrap()).unwrap()],
            several => {
                let several = several
                    .as_str()
                    .map_or_else(|| several.to_string(), str::to_owned);
                several
                    .split(|c: char| !c.is_ascii_digit())
                    .filter_map(|word| word.parse().ok())
                    .collect()
            }
        };
        assert!(!statuses.is_empty(), "{id}");
        assert_eq!(operation.reply.status, statuses, "{id}");
    });
}

/// Names as a set; header fields compare in lower case.
fn set<S: AsRef<str>>(names: impl IntoIterator<Item = S>, lower: bool) -> BTreeSet<String> {
    let name = |name: S| match lower {
        true => name.as_ref().to_lowercase(),
        false => name.as_ref().to_owned(),
    };
    names.into_iter().map(name).collect()
}

fn fields() {
    each(|_, operation, fact| {
        let id = &operation.id;
        let parameters = fact["uri_params"].as_array().unwrap();
        let query = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query");
        let query: Vec<_> = query.map(|parameter| text(parameter, "name")).collect();
        assert_eq!(set(&operation.query, false), set(query, false), "{id}");
        assert_eq!(
            set(&operation.request_header, true),
            set(names(&fact["request_headers"]), true),
            "{id}"
        );
        // Six pages print `Pack`, where two print the `Server` that was replaced (A30).
        let headers = names(&fact["response_headers"])
            .into_iter()
            .filter(|name| !name.starts_with('('))
            .map(|name| {
                if name == "Pack" {
                    "Server".to_owned()
                } else {
                    name
                }
            });
        let ours = operation.reply.header.iter().map(|(name, _)| name);
        assert_eq!(set(ours, true), set(headers, true), "{id}");
    });
}

fn properties() {
    each(|_, operation, fact| {
        let id = &operation.id;
        let listed = names(&fact["properties"]);
        let roles = fact["properties_role"].as_str().unwrap_or_default();
        let mut expected: BTreeSet<&str> = match roles {
            "" => BTreeSet::new(),
            // Get Node has no choice: it gives them all.
            "returned" => BTreeSet::from(["gettable"]),
            // What can be got is what can be sorted by: the contract has that list once.
            roles => roles
                .split('/')
                .filter(|role| *role != "sortable")
                .collect(),
        };
        let parameters = fact["uri_params"].as_array().unwrap();
        let chosen = parameters
            .iter()
            .find(|parameter| parameter["name"] == "Properties");
        if let Some(default) = chosen.and_then(|parameter| parameter["default"].as_str()) {
            expected.insert("default");
            let ours = operation
                .properties
                .get("default")
                .map(|names| names.join(","));
            assert_eq!(ours.as_deref(), Some(default), "{id}");
        }
        for role in expected.iter().filter(|role| **role != "default") {
            assert_eq!(
                operation.properties.get(*role),
                Some(&listed),
                "{role} of {id}"
            );
        }
        let ours: BTreeSet<&str> = operation.properties.keys().map(String::as_str).collect();
        assert_eq!(ours, expected, "{id}");
    });
}

fn versions() {
    each(|contract, operation, fact| {
        let id = &operation.id;
        let has = |clause: &str| contract.clause(&format!("{id}.{clause}")).is_some();
        let rules = operation
            .facts
            .get("rules")
            .map(|rules| format!("{rules:?}"));
        let group = if fact["azure_only"] == true {
            "soa"
        } else {
            text(fact, "group")
        };
        assert!(
            rules.is_some_and(|rules| rules.contains(&format!("\"{group}\""))),
            "{id} is {group}"
        );
        let errors = fact["errors"].as_array().unwrap();
        let required = errors.iter().any(|error| error["status"] == 400);
        // The page of Get Active Head Node demands it without naming the 400 (A15): its clauses are weaker, not absent.
        assert_eq!(has("version-required"), required || group == "sp4", "{id}");
        assert_eq!(
            has("version-required-body"),
            required || group == "sp4",
            "{id}"
        );
        let cannot_fail = CANNOT_FAIL.contains(&id.as_str());
        let legacy = fact["error_body_rule"] == "legacy" && !cannot_fail;
        assert_eq!(has("legacy-error"), legacy, "{id}");
        if cannot_fail {
            let told = |says: &str| says.contains(&operation.title) && says.contains("string");
            let omitted = contract.omitted.iter().any(|omitted| told(&omitted.says));
            assert!(
                omitted,
                "{id}: nobody says why its legacy error is no clause"
            );
        }
        assert!(has("fault") && has("status"), "{id}");
        let chain =
            names(&fact["response_headers"]).contains(&"x-ms-hpc-authoritychain".to_owned());
        assert_eq!(has("authority-chain"), chain, "{id}");
    });
}

/// The root element and its namespace in an example of a page.
fn root(example: &str) -> (&str, Option<&str>) {
    let inner = example
        .strip_prefix('<')
        .unwrap_or_else(|| panic!("no XML: {example}"));
    let tag = inner.split('>').next().unwrap_or_default();
    let name = tag.split([' ', '/']).next().unwrap_or_default();
    let namespace = tag
        .split_once(" xmlns=\"")
        .and_then(|(_, rest)| rest.split('"').next());
    (name, namespace)
}

fn bodies() {
    each(|contract, operation, fact| {
        let id = &operation.id;
        let (xml, json) = (&fact["response_body_xml"], &fact["response_body_json"]);
        assert_eq!(
            operation.reply.empty,
            xml.is_null() && json.is_null(),
            "{id}"
        );
        assert_eq!(
            contract.clause(&format!("{id}.no-body")).is_some(),
            operation.reply.empty,
            "{id}"
        );
        // Job files and batches are told apart by a parameter; what has one kind of body names its shape.
        let example = xml
            .as_str()
            .or_else(|| xml["RestPropRender"].as_str())
            .or_else(|| xml["evidence_based"].as_str());
        let (Some(example), Some(shape)) = (example, &operation.reply.shape) else {
            let several = xml.is_null() || xml.is_object() || id == "get-responses";
            assert!(several, "{id} names no shape for {xml}");
            return;
        };
        let shape = &contract.shapes[shape];
        let (name, namespace) = root(example);
        assert_eq!(shape.root.as_deref(), Some(name), "{id}");
        if let Some(ours) = &shape.namespace {
            assert_eq!(Some(ours.as_str()), namespace, "{id}");
        }
        for member in shape.members.iter().map(|member| &member.name) {
            assert!(
                example.contains(&format!("<{member}>"))
                    || example.contains(&format!("<{member} ")),
                "{member} of {id}"
            );
        }
    });
}
