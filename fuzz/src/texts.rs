//! What people and programs write: contracts, scenarios, snapshots, reports.

use super::talk::field;
use std::sync::{Arc, LazyLock};
use wireproof::{
    contract::{self, Contract},
    message::{Exchange, Reply, Request},
    plan::{PlanOptions, TargetTraits, plan},
    report::{Report, Style, compare, github, junit, markdown, merge, summary},
    scenario::{self, Suite},
    snapshot::{self, Header, Names, Recorded},
    source::{Look, Problems, SourceFile},
};

/// A contract that knows most words of contracts.
static GREETING: LazyLock<Arc<Contract>> = LazyLock::new(|| {
    let text = include_str!("../../examples/greeting/contract.yaml");
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", text));
    Arc::new(contract.unwrap_or_else(|| panic!("{problems}")))
});

/// A contract whose replies have values that snapshots mask.
static VOLATILE: LazyLock<Contract> = LazyLock::new(|| {
    let text = include_str!("volatile.yaml");
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", text));
    contract.unwrap_or_else(|| panic!("{problems}"))
});

/// A contract: read, or every mistake told at a place that is in it.
pub fn contract_yaml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", text));
    told(contract.is_none(), &problems);
}

/// A scenario: read and planned, or every mistake told. The same text is read as a file of sequences too.
pub fn scenario_yaml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let file = SourceFile::new("scenario.yaml", text);
    let (sequences, problems) = scenario::read_sequences(&file, &GREETING);
    told(false, &problems);
    let (read, problems) = scenario::read(&file, "greeting/a/b", None, &GREETING, &sequences);
    told(read.is_none(), &problems);
    if let Some(scenario) = read {
        let suite = Suite {
            contract: Arc::clone(&GREETING),
            sequences,
            scenarios: vec![Arc::new(scenario)],
        };
        let options = PlanOptions {
            mocked: true,
            run_id: "fuzz".to_owned(),
            ..PlanOptions::default()
        };
        let planned = plan(&suite, &TargetTraits::default(), &options);
        told(false, &planned.problems);
    }
}

/// Whether there are problems where there must be, all of them at a place in the file and fit to be shown.
fn told(must: bool, problems: &Problems) {
    assert!(!must || !problems.is_empty(), "nothing read, nothing said");
    for problem in problems.iter() {
        let span = problem.place.span;
        assert!(
            problem.place.file.text.get(span.start..span.end).is_some(),
            "no such place: {problem}"
        );
        let (line, column) = problem.place.line_column();
        assert!(line > 0 && column > 0);
    }
    if !problems.is_empty() {
        assert!(!problems.render(Look::PLAIN).is_empty());
    }
}

/// A reply: the first line is the media type, the second the value of a masked field, the rest is the body.
///
/// Its snapshot is the same each time, does not differ from itself, and comes out of its file as it went in.
pub fn snapshots(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (media, value, body) = (next(), next(), next());
    let reply = Reply::new(200)
        .header("Content-Type", field(media))
        .header("X-Id", field(value))
        .header("X-When", field(value))
        .body(body.to_vec());
    let exchange = Exchange::new(
        Request::new("GET", "/a"),
        "http://mock.example:8443",
        Ok(reply),
    );
    let names = Names(vec![(
        "mock.example:8443".to_owned(),
        "authority".to_owned(),
    )]);
    let steps = [
        Recorded {
            step: "one",
            operation: Some(0),
            exchange: &exchange,
        },
        Recorded {
            step: "two",
            operation: Some(0),
            exchange: &exchange,
        },
    ];
    let text = snapshot::record(&VOLATILE, &names, &steps);
    assert_eq!(text, snapshot::record(&VOLATILE, &names, &steps));
    assert!(snapshot::compare(&text, &text).is_empty());
    // What one step says cannot pass for another step.
    assert_eq!(text.matches("\n--- step ").count(), 1, "{text}");
    let file = Header::default().write(&text);
    let contents = snapshot::contents(&file).unwrap_or_else(|error| panic!("{error}: {file}"));
    assert_eq!(contents, text.trim_matches('\n'));
    assert!(snapshot::compare(&contents, &text).is_empty());
}

/// A report in JSON: written as it was read, told in every form, merged and compared.
pub fn report_json(data: &[u8]) {
    let Ok(report) = serde_json::from_slice::<Report>(data) else {
        return;
    };
    let text = serde_json::to_string(&report).expect("a report is JSON");
    let again: Report = serde_json::from_str(&text).expect("what we write, we read");
    assert_eq!(report, again);
    for verbose in [false, true] {
        let style = Style {
            colour: verbose,
            width: data.len() % 200,
        };
        assert!(!summary(&report, style, verbose).is_empty() || report.suites.is_empty());
    }
    assert!(junit(&report).contains("<testsuites"));
    assert!(!markdown(&report).is_empty());
    let _annotations = github(&report);
    let same = compare(&report, &again);
    assert_eq!(same.differences(), 0, "{}", same.text(Style::default()));
    let merged = merge(vec![report, again]).expect("two reports make one");
    assert!(junit(&merged).contains("<testsuites"));
}
