//! Servers that are right and have much to say: nobody is blamed for a long list, and it takes little memory.

use crate::{
    Case,
    hostile::{answering, tells, watched},
    program::{command, folder},
};
use std::{fs, path::Path};

pub(crate) const CASES: &[Case] = &[
    ("a long list of XML is judged whole", &[], long_xml),
    ("a long list of JSON is judged whole", &[], long_json),
    (
        "one thing that is wrong in a long list is found",
        &[],
        one_is_wrong,
    ),
    (
        "a list longer than what is read is not judged, and nobody is blamed for a promise",
        &[],
        too_long,
    ),
];

const SPACE: &str = "http://schemas.microsoft.com/HPCS2008R2/common";
/// How many jobs there are: with their properties many times what a list of a page has.
const JOBS: usize = 8_000;
const PROPERTIES: [&str; 6] = ["Id", "Name", "State", "Owner", "Priority", "SubmitTime"];

/// A contract of a list, with the clauses that the suites have: shapes, counts, each, and comparisons with other rows.
const CONTRACT: &str = r#"
contract: jobs
title: Jobs
documents:
  page: { title: Jobs, url: "https://example.org/jobs" }
namespaces: { c: "http://schemas.microsoft.com/HPCS2008R2/common" }
shapes:
  Property:
    xml: { root: Property, namespace: "http://schemas.microsoft.com/HPCS2008R2/common" }
    members: [{ name: Name, is: string }, { name: Value, is: string }]
  Properties: { xml: { root: Properties, namespace: "http://schemas.microsoft.com/HPCS2008R2/common" }, repeats: Property }
  Object:
    xml: { root: Object, namespace: "http://schemas.microsoft.com/HPCS2008R2/common" }
    members: [{ name: Properties, shape: Properties }]
  ObjectList: { xml: { root: ArrayOfObject, namespace: "http://schemas.microsoft.com/HPCS2008R2/common" }, repeats: Object }
volatile: [{ header: Content-Length, as: integer }]
operations:
  - id: xml
    title: Jobs as XML
    method: GET
    path: /xml
    source: ["page"]
    reply: { status: 200, header: { Content-Type: application/xml }, example: { text: "<a/>" } }
  - id: json
    title: Jobs as JSON
    method: GET
    path: /json
    source: ["page"]
    reply: { status: 200, header: { Content-Type: application/json }, example: { json: [] } }
clauses:
  - id: shape
    level: must
    says: A list has the shape of one.
    source: ["page"]
    on: [xml, json]
    then: { shape: ObjectList }
    broken-by: [{ body: null }]
  - id: xml.rows-alike
    level: must
    says: All rows have as many properties as the first, and names that are known.
    source: ["page"]
    on: [xml]
    then:
      xml:
        "count(/c:ArrayOfObject/c:Object[count(c:Properties/c:Property) != count(/c:ArrayOfObject/c:Object[1]/c:Properties/c:Property)])": 0
        "/c:ArrayOfObject/c:Object/c:Properties/c:Property/c:Name": { each: { word-of: "Id Name {{ 'State Owner Priority' }} SubmitTime" } }
        "//c:Property[c:Name = 'Id']/c:Value": { each: { is: integer }, count: { at-least: 1 } }
    broken-by: [{ body: null }]
  - id: json.rows-alike
    level: must
    says: All rows have properties with names that are known.
    source: ["page"]
    on: [json]
    then:
      json:
        "$[*].Properties[*].Name": { each: { word-of: "Id Name {{ 'State Owner Priority' }} SubmitTime" } }
        "$..[?@.Name == 'Id'].Value": { each: { matches: "^[0-9]+$" }, count: { at-least: 1 } }
    broken-by: [{ body: null }]
"#;

fn suite(operation: &str) -> tempfile::TempDir {
    let folder = folder();
    let scenarios = folder.path().join("jobs/list");
    fs::create_dir_all(&scenarios).unwrap();
    fs::write(folder.path().join("jobs/contract.yaml"), CONTRACT).unwrap();
    let scenario = format!(
        "scenario: The list is as it should be\ncontract: jobs\nsteps:\n  - {{ id: list, operation: {operation}, expect: [{{ status: 200 }}] }}\n  - {{ id: again, operation: {operation}, expect: [{{ status: 200 }}] }}\n"
    );
    fs::write(scenarios.join("all.yaml"), scenario).unwrap();
    folder
}

fn value(name: &str, job: usize) -> String {
    match name {
        "Id" => job.to_string(),
        "Name" => format!("Weather &amp; tides {job}"),
        "SubmitTime" => "1/2/2024 3:04:05 AM".to_owned(),
        _ => "Finished".to_owned(),
    }
}

fn xml(jobs: usize) -> String {
    let mut body = format!("<ArrayOfObject xmlns=\"{SPACE}\">");
    for job in 1..=jobs {
        body += "<Object><Properties>";
        for name in PROPERTIES {
            let value = value(name, job);
            body.extend([
                "<Property><Name>",
                name,
                "</Name><Value>",
                &value,
                "</Value></Property>",
            ]);
        }
        body += "</Properties></Object>";
    }
    body + "</ArrayOfObject>"
}

fn json(jobs: usize) -> String {
    let rows: Vec<String> = (1..=jobs)
        .map(|job| {
            let properties = PROPERTIES.map(|name| {
                let value = value(name, job);
                format!("{{\"Name\":\"{name}\",\"Value\":\"{value}\"}}")
            });
            format!("{{\"Properties\":[{}]}}", properties.join(","))
        })
        .collect();
    format!("[{}]", rows.join(","))
}

/// Checks a server that answers with that, with every report; tells what it came to.
fn checked(kind: &str, body: String, options: &[&str]) -> crate::program::Ran {
    let suite = suite(kind);
    let content_type = if kind == "xml" {
        "application/xml"
    } else {
        "application/json"
    };
    let server = answering(content_type, body.into_bytes());
    let path = |name: &str| suite.path().join(name).display().to_string();
    let mut words = vec![
        "check".to_owned(),
        path("jobs"),
        "--url".to_owned(),
        server.url.clone(),
        "--timeout".to_owned(),
        "60s".to_owned(),
    ];
    for report in ["json", "html", "har", "junit", "markdown"] {
        words.extend(["--report".to_owned(), format!("{report}={}", path(report))]);
    }
    words.extend(options.iter().map(|word| (*word).to_owned()));
    let (ran, _) = watched(&mut command(words));
    for report in ["json", "html", "har", "junit", "markdown"] {
        let length = fs::metadata(Path::new(&path(report))).unwrap().len();
        assert!(length < 4 << 20, "{report} has {length} bytes");
    }
    ran
}

fn long_xml() {
    let ran = checked("xml", xml(JOBS), &[]).ends(0);
    tells(&ran, "2 clauses kept, 0 broken");
}

fn long_json() {
    let ran = checked("json", json(2 * JOBS), &[]).ends(0);
    tells(&ran, "2 clauses kept, 0 broken");
}

fn one_is_wrong() {
    let body = xml(JOBS);
    let at = body.rfind("<Name>Id</Name>").unwrap();
    let mut wrong = body.clone();
    wrong.replace_range(at..at + 15, "<Name>No</Name>");
    let ran = checked("xml", wrong, &[]).ends(1);
    tells(&ran, "1 clause kept, 1 broken");
    tells(&ran, &format!("[{}]", (JOBS - 1) * PROPERTIES.len()));
    tells(&ran, "actual \"No\"");
    let length = body.len();
    tells(&ran, &format!("{length} bytes"));
    let body = json(JOBS);
    let at = body.rfind("\"Id\"").unwrap();
    let mut wrong = body;
    wrong.replace_range(at..at + 4, "null");
    let ran = checked("json", wrong, &[]).ends(1);
    tells(&ran, &format!("$[{}].Properties[0].Name", JOBS - 1));
    tells(&ran, "actual null (null)");
}

fn too_long() {
    for options in [&[][..], &["--body-limit", "1MiB"]] {
        let jobs = if options.is_empty() { 90_000 } else { JOBS };
        let ran = checked("json", json(jobs), options).ends(1);
        tells(&ran, "the body of the reply is larger than");
        tells(&ran, "--body-limit");
        tells(&ran, "0 clauses kept, 0 broken");
    }
}
