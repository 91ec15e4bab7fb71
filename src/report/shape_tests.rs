//! What others rely on in the reports: the same bytes from a JSON file, the fields of HAR 1.2, and JUnit as it is read.

use super::{
    KnownReport, PlaceReport, Report, Style, Totals, github, har, html, junit, markdown, merge,
    sample::built, summary,
};
use rstest::rstest;
use serde_json::Value;
use std::collections::BTreeSet;
use sxd_document::{
    Package,
    dom::{ChildOfElement, Element},
    parser,
};

type Form = fn(&Report) -> String;

const FORMS: [(&str, Form); 8] = [
    ("console", |report| summary(report, Style::default(), false)),
    ("console -v", |report| {
        summary(report, Style::default(), true)
    }),
    ("json", json),
    ("junit", junit),
    ("github", github),
    ("markdown", markdown),
    ("html", html),
    ("har", har),
];

fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is JSON")
}

fn again(report: &Report) -> Report {
    serde_json::from_str(&json(report)).expect("it is a report still")
}

/// An entry of a file of known differences that fails the run, or does not.
fn known(clause: &str, problem: Option<&str>) -> KnownReport {
    KnownReport {
        scenario: None,
        clause: Some(clause.to_owned()),
        reason: "IIS 6 | does <so>".to_owned(),
        until: None,
        product: None,
        excused: 1,
        problem: problem.map(str::to_owned),
        place: PlaceReport {
            file: "known.yaml".to_owned(),
            line: 7,
            column: 3,
            text: String::new(),
        },
    }
}

fn with_known() -> Report {
    let mut report = built();
    report.known = vec![
        known("fragment.range", None),
        known("fragment.gap-*", Some("now conforms, remove it")),
        known("every.*", Some("has expired, it held until 2026-01-01")),
    ];
    report
}

fn nothing_ran() -> Report {
    let mut report = built();
    for suite in &mut report.suites {
        suite.scenarios.retain(|one| one.outcome == "skipped");
    }
    report.totals = Totals::of(&report.suites);
    report.exit = 4;
    report
}

fn interrupted() -> Report {
    let mut report = built();
    report.interrupted = true;
    report.strict = true;
    report.exit = 130;
    report
}

fn two_targets() -> Report {
    let mut report = built();
    let mut other = report.suites[0].clone();
    other.target = "http://other.example".to_owned();
    other.scenarios.truncate(2);
    report.suites.push(other);
    report.totals = Totals::of(&report.suites);
    report
}

fn old() -> Report {
    serde_json::from_str(include_str!("fixtures/schema-1.json")).expect("it is of this schema")
}

#[rstest]
#[case::one_of_everything(built())]
#[case::known_differences(with_known())]
#[case::nothing_ran(nothing_ran())]
#[case::interrupted(interrupted())]
#[case::two_targets(two_targets())]
#[case::of_an_earlier_version(old())]
fn every_form_of_a_merged_report_has_the_bytes_of_the_direct_one(#[case] direct: Report) {
    let merged = merge(vec![again(&direct)]).expect("there is one");
    for (name, form) in FORMS {
        assert_eq!(form(&merged), form(&direct), "{name}");
    }
}

/// The report without some scenarios, as a shard of the run has it; its clauses count what was checked there.
fn shard(whole: &Report, index: usize) -> Report {
    let mut part = whole.clone();
    let suite = &mut part.suites[0];
    let mut at = 0;
    suite.scenarios.retain(|_| {
        at += 1;
        at % 2 == index
    });
    for (at, clause) in suite.clauses.iter_mut().enumerate() {
        if at % 2 != index {
            "not exercised".clone_into(&mut clause.outcome);
            clause.checked = 0;
        }
    }
    part.totals = Totals::of(&part.suites);
    part
}

#[test]
fn every_form_of_merged_shards_has_the_bytes_of_the_whole_run() {
    let mut direct = with_known();
    // As a run has them.
    direct.suites[0].scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    let shards = [0, 1].map(|index| again(&shard(&direct, index)));
    assert!(shards.iter().all(|part| part.totals.all() < 7));
    let merged = merge(shards.into()).expect("there are two");
    for (name, form) in FORMS {
        assert_eq!(form(&merged), form(&direct), "{name}");
    }
}

#[test]
fn a_report_of_an_earlier_version_is_read_without_the_fields_that_came_later() {
    let report = old();
    let finding = &report.suites[0].scenarios[0].findings[0];
    assert_eq!(
        (finding.times, &finding.form, &finding.known),
        (1, &None, &None)
    );
    assert!(report.known.is_empty() && report.suites[0].scenarios[0].snapshots.is_none());
    // Nothing is added to it when it is written again, but line ends and blanks.
    let value: Value =
        serde_json::from_str(include_str!("fixtures/schema-1.json")).expect("it is JSON");
    let written: Value = serde_json::from_str(&json(&report)).expect("it is JSON");
    assert_eq!(written, value);
    let both = merge(vec![again(&report), built()]).expect("there are two");
    assert_eq!(both.suites.len(), 2);
}

#[rstest]
#[case::markdown(
    markdown,
    "- known.yaml:7: fragment.gap-* now conforms, remove it (IIS 6 \\| does &lt;so&gt;)\n- known.yaml:7: every.* has expired, it held until 2026-01-01"
)]
#[case::github(
    github,
    "::error file=known.yaml,line=7,col=3,title=known difference now conforms%2C remove it::fragment.gap-* now conforms, remove it: IIS 6 | does <so>\n::error file=known.yaml,line=7,col=3,title=known difference has expired"
)]
#[case::junit(
    junit,
    "<testsuite name=\"known differences\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"2\">"
)]
#[case::console(
    |report: &Report| summary(report, Style::default(), false),
    "known.yaml:7: fragment.gap-* now conforms, remove it"
)]
#[case::html(html, "<strong class=\"broken\">now conforms, remove it</strong>")]
fn a_known_difference_that_fails_the_run_is_told(#[case] form: Form, #[case] told: &str) {
    let text = form(&with_known());
    assert!(text.contains(told), "no `{told}` in {text}");
    // One that still holds fails nothing, and is no news.
    let mut fine = built();
    fine.known = vec![known("fragment.range", None)];
    let text = form(&fine);
    assert!(!text.contains("now conforms") && !text.contains("that fail the run"));
    assert!(!text.contains("<testsuite name=\"known") && !text.contains("title=known difference"));
}

/// Each member is there and of its kind: `s`tring, `n`umber, `a`rray, `o`bject.
#[track_caller]
fn has(value: &Value, members: &[(&str, char)]) {
    for (name, kind) in members {
        let is = match &value[*name] {
            Value::String(_) => 's',
            Value::Number(_) => 'n',
            Value::Array(_) => 'a',
            Value::Object(_) => 'o',
            _ => '-',
        };
        assert_eq!(is, *kind, "`{name}` of {value}");
    }
}

#[rstest]
#[case::one_of_everything(built(), 3)]
#[case::two_targets(two_targets(), 4)]
#[case::without_a_reply(old(), 1)]
fn har_has_each_field_that_version_1_2_requires(#[case] report: Report, #[case] number: usize) {
    let archive: Value = serde_json::from_str(&har(&report)).expect("it is JSON");
    let log = &archive["log"];
    has(log, &[("version", 's'), ("creator", 'o'), ("entries", 'a')]);
    assert_eq!(log["version"], "1.2");
    has(&log["creator"], &[("name", 's'), ("version", 's')]);
    let entries = log["entries"].as_array().expect("it is one");
    assert_eq!(entries.len(), number);
    let instant =
        regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$").expect("it is one");
    for entry in entries {
        let whole = [
            ("startedDateTime", 's'),
            ("time", 'n'),
            ("request", 'o'),
            ("response", 'o'),
            ("cache", 'o'),
            ("timings", 'o'),
        ];
        has(entry, &whole);
        assert!(instant.is_match(entry["startedDateTime"].as_str().expect("it is text")));
        let timings = &entry["timings"];
        has(timings, &[("send", 'n'), ("wait", 'n'), ("receive", 'n')]);
        let spent =
            ["send", "wait", "receive"].map(|part| timings[part].as_i64().expect("it is one"));
        assert_eq!(
            entry["time"],
            spent.iter().sum::<i64>(),
            "the time is the sum of its parts"
        );
        let both = [
            ("httpVersion", 's'),
            ("cookies", 'a'),
            ("headers", 'a'),
            ("headersSize", 'n'),
            ("bodySize", 'n'),
        ];
        let (request, response) = (&entry["request"], &entry["response"]);
        has(
            request,
            &[("method", 's'), ("url", 's'), ("queryString", 'a')],
        );
        assert!(
            request["url"]
                .as_str()
                .is_some_and(|url| url.starts_with("http://"))
        );
        has(
            response,
            &[
                ("status", 'n'),
                ("statusText", 's'),
                ("content", 'o'),
                ("redirectURL", 's'),
            ],
        );
        has(&response["content"], &[("size", 'n'), ("mimeType", 's')]);
        for message in [request, response] {
            has(message, &both);
            let pairs = message["headers"].as_array().into_iter().flatten();
            for pair in pairs.chain(request["queryString"].as_array().into_iter().flatten()) {
                has(pair, &[("name", 's'), ("value", 's')]);
            }
        }
        if let Some(post) = request.get("postData") {
            has(post, &[("mimeType", 's'), ("text", 's')]);
            assert!(post.get("params").is_none(), "it excludes `text`");
        }
    }
}

fn elements<'d>(of: Element<'d>) -> Vec<Element<'d>> {
    let children = of.children().into_iter();
    children.filter_map(ChildOfElement::element).collect()
}

fn named(of: &[Element<'_>], name: &str) -> usize {
    of.iter()
        .filter(|one| one.name().local_part() == name)
        .count()
}

/// Source: the attributes that Jenkins' JUnit plugin and GitLab's unit test reports read.
#[rstest]
#[case::one_of_everything(built())]
#[case::known_differences(with_known())]
#[case::nothing_ran(nothing_ran())]
#[case::two_targets(two_targets())]
#[case::of_an_earlier_version(old())]
fn junit_is_as_jenkins_and_gitlab_read_it(#[case] report: Report) {
    let text = junit(&report);
    let package = parser::parse(&text).expect("it is XML");
    let root = root_of(&package);
    assert_eq!(root.name().local_part(), "testsuites");
    let number = |of: Element<'_>, name: &str| -> usize {
        let value = of
            .attribute_value(name)
            .unwrap_or_else(|| panic!("no `{name}`: {text}"));
        value
            .parse()
            .unwrap_or_else(|why| panic!("{name}={value}: {why}"))
    };
    let mut sums = [0; 4];
    let counts = ["tests", "failures", "errors", "skipped"];
    for suite in elements(root) {
        assert_eq!(suite.name().local_part(), "testsuite");
        assert!(
            suite
                .attribute_value("name")
                .is_some_and(|name| !name.is_empty())
        );
        let cases = elements(suite);
        assert_eq!(named(&cases, "testcase"), cases.len());
        let inside: Vec<_> = cases.iter().flat_map(|case| elements(*case)).collect();
        let counted = [
            cases.len(),
            named(&inside, "failure"),
            named(&inside, "error"),
            named(&inside, "skipped"),
        ];
        for (at, name) in counts.into_iter().enumerate() {
            assert_eq!(number(suite, name), counted[at], "{name}");
            sums[at] += counted[at];
        }
        let mut names = BTreeSet::new();
        for case in cases {
            let [name, class, time] = ["name", "classname", "time"].map(|name| {
                let value = case.attribute_value(name);
                value
                    .filter(|value| !value.is_empty())
                    .unwrap_or_else(|| panic!("no `{name}`"))
            });
            assert!(names.insert((class, name)), "two cases are {class} {name}");
            assert!(time.parse::<f64>().is_ok_and(|time| time >= 0.0), "{time}");
            let parts = elements(case);
            let known = ["failure", "error", "skipped", "system-out"];
            assert_eq!(
                known.map(|name| named(&parts, name)).iter().sum::<usize>(),
                parts.len()
            );
            // One verdict at most, with words for the list of failures.
            let verdicts: Vec<_> = parts
                .iter()
                .filter(|part| part.name().local_part() != "system-out")
                .collect();
            assert!(verdicts.len() <= 1);
            for verdict in verdicts {
                assert!(
                    verdict
                        .attribute_value("message")
                        .is_some_and(|text| !text.is_empty())
                );
            }
        }
    }
    for (at, name) in counts.into_iter().enumerate() {
        assert_eq!(number(root, name), sums[at], "{name}");
    }
    let totals = report.totals;
    let failing = report
        .known
        .iter()
        .filter(|entry| entry.problem.is_some())
        .count() as u64;
    let told = [
        totals.all() + failing,
        totals.failed + totals.blocked + failing,
        totals.errored,
        totals.skipped,
    ];
    assert_eq!(sums.map(|sum| sum as u64), told);
}

/// The outermost element.
fn root_of(package: &Package) -> Element<'_> {
    let children = package.as_document().root().children();
    let mut elements = children.into_iter().filter_map(|child| child.element());
    elements.next().expect("it has one")
}

#[test]
fn junit_shows_what_a_passed_case_came_upon() {
    let text = junit(&built());
    let package = parser::parse(&text).expect("it is XML");
    let root = root_of(&package);
    let cases = elements(elements(root)[0]);
    let case = cases
        .iter()
        .find(|case| case.attribute_value("name") == Some("bits-upload/fragment/range"));
    let parts = elements(*case.expect("it is there"));
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].name().local_part(), "system-out");
    let said: String = parts[0]
        .children()
        .into_iter()
        .filter_map(|child| child.text().map(|text| text.text().to_owned()))
        .collect();
    assert!(said.contains("should broken: fragment.range"), "{said}");
}
