use super::{Cue, CueBook, CueError, Field, Known, Operations, read, schema};
use crate::{
    contract,
    message::{Reply, Request},
    mock::{
        Act, At, Clock, Commit, Cues as _, Defect, Head, Model, Moment, Strike, Then,
        server::tests::Fake,
    },
    source::SourceFile,
};
use rstest::rstest;
use std::{sync::Arc, time::Duration};

const CONTRACT: &str = r#"
contract: greeting
title: Greeting
documents: { guide: { title: Guide, url: "https://example.org/guide" } }
operations:
  - { id: greet, title: Greet, method: GET, path: "/greet/{name}", source: [guide], reply: { status: 200 } }
  - { id: leave, title: Leave, method: POST, path: "/leave", source: [guide], reply: { status: 200 } }
clauses: []
"#;

pub(super) fn operations() -> Operations {
    let read = || {
        let (contract, problems) = contract::read(&SourceFile::new("contract.yaml", CONTRACT));
        assert!(problems.is_empty(), "{problems:?}");
        contract.map(Arc::new)
    };
    Operations::of(read, [])
}

/// A file read for the greeting, which knows the fault `gone`.
pub(super) fn reading(text: &str) -> (Vec<Cue>, Vec<String>) {
    const FAULTS: &[crate::mock::Fault] = &[crate::mock::Fault {
        id: "gone",
        says: "Gone.",
    }];
    let known = Known {
        suite: "greeting",
        operations: &operations(),
        faults: FAULTS,
    };
    let (cues, problems) = read(&SourceFile::new("cues.yaml", text), &known);
    let problems = problems.iter().map(|problem| {
        let help = problem.help.as_deref().unwrap_or_default();
        format!("{problem} | {help}")
    });
    (cues, problems.collect())
}

fn book(cues: Vec<Cue>) -> (CueBook, Clock) {
    let clock = Clock::held(Clock::START);
    let model: Arc<dyn Model> = Arc::new(Fake::default());
    let book = CueBook::new(model, clock.clone(), operations());
    book.place_all(cues).unwrap();
    (book, clock)
}

fn ask(book: &CueBook, clock: &Clock, request: &Request) -> Option<Strike> {
    book.strike(&Head::of(request), clock.now())
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_the_keys_make() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/cues.schema.json");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(stored, schema(), "write it with: wireproof schema cues");
}

#[test]
fn every_key_is_read() {
    let (cues, problems) = reading(
        r#"
contract: greeting
cues:
  - name: all of it
    on:
      operation: greet
      method: GET
      path: "/greet/{name}"
      header: { A: x, B: [y, z], C: { contains: q }, D: { matches: "^r" }, E: { present: true }, F: null, G: { present: false } }
      nth: [1, 3]
      times: 2
      probability: 0.5
      seed: 9
      until: 2026-01-01T00:05:00Z
    do: { fault: gone, delay: 1500ms, slow: 10, drop-session: true, restart: true, advance: 14d }
    commit: before
  - on: { for: 5m }
    do: { reply: { status: 503, header: { Retry-After: "1", Set-Cookie: [a, b] }, json: { a: [1, "2", null] } } }
  - do: { reply: { status: 299, body: hi }, close: before-head }
  - do: { reply: { status: 298, hex: "00 ff" }, reset: 17 }
  - do: { cut: 2 KiB }
  - do: { content-length: 0 }
  - do: { garbage: { hex: 0001 } }
  - do: { stall: after-head }
  - do: { stall: { at: 3, for: 2s } }
  - do: { upload: { read: 5, then: stall, for: 1h } }
  - do: { upload: { read: 0, then: reset }, restart: false }
    commit: after
"#,
    );
    assert_eq!(problems, [""; 0]);
    let first = Cue {
        times: Some(2),
        odds: Some((0.5, 9)),
        strike: Strike {
            fault: Some("gone".to_owned()),
            acts: vec![
                Act::DropSession,
                Act::Restart,
                Act::Advance(Duration::from_secs(14 * 86_400)),
            ],
            delay: Duration::from_millis(1_500),
            defect: Some(Defect::Throttle(At::AFTER_HEAD, 10)),
            ..Strike::default()
        },
        ..Cue::on("greet")
            .name("all of it")
            .method("GET")
            .path("/greet/{name}")
            .header("A", "x")
            .header("B", Field::OneOf(vec!["y".into(), "z".into()]))
            .header("C", Field::Contains("q".into()))
            .header("D", Field::Matches("^r".into()))
            .header("E", Field::Present)
            .header("F", Field::Absent)
            .header("G", Field::Absent)
            .nth(1)
            .nth(3)
            .until(Moment(Clock::START.0 + 300_000))
            .commit(Commit::Before)
    };
    let sent = |status, media: &str, body: &'static [u8]| {
        Reply::new(status).header("Content-Type", media).body(body)
    };
    let retry = Reply::new(503)
        .header("Retry-After", "1")
        .header("Set-Cookie", "a")
        .header("Set-Cookie", "b")
        .header("Content-Type", "application/json")
        .body(r#"{"a":[1,"2",null]}"#);
    let expected = [
        first,
        Cue::any().lasting(Duration::from_secs(300)).reply(retry),
        Cue::any()
            .reply(sent(299, "text/plain; charset=utf-8", b"hi"))
            .close(At::BEFORE_HEAD),
        Cue::any()
            .reply(sent(298, "application/octet-stream", b"\x00\xff"))
            .reset(At::Body(17)),
        Cue::any().cut(2_048),
        Cue::any().content_length(0),
        Cue::any().garbage(*b"\x00\x01"),
        Cue::any().stall(At::AFTER_HEAD),
        Cue::any().pause(At::Body(3), Duration::from_secs(2)),
        Cue::any().upload(5, Then::Stall(Some(Duration::from_secs(3_600)))),
        Cue::any().upload(0, Then::Reset).commit(Commit::After),
    ];
    assert_eq!(cues.len(), expected.len());
    for (cue, expected) in cues.iter().zip(&expected) {
        assert_eq!(cue, expected);
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_with_their_places() {
    let (cues, problems) = reading(
        r#"contract: greetings
cues:
  - on: { operation: great, nth: 0, probability: 1.5, seed: x }
    doo: { close: before-head }
  - on: { path: greet, header: { "a b": x, C: { matches: "(" }, D: { contains: a, matches: b } }, seed: 1 }
    do: { fault: gon, reply: { status: 42 }, closes: 3 }
    commit: befor
  - on: { until: tomorrow, for: 5 }
    do: { close: after-hed, reset: before-head }
  - do: {}
  - do: { upload: { read: 5, then: close, for: 2s }, slow: 0 }
  - do: { reply: { status: 200, body: a, json: b, header: { A: "x\r\ny" } } }
  - do: { garbage: { hex: abc }, cut: 3 }
  - do: { reply: { status: 100 } }
"#,
    );
    assert_eq!(cues, []);
    insta::assert_snapshot!(problems.join("\n"));
}

#[rstest]
#[case("", "the file holds no YAML document")]
#[case("cues: 3", "a list of cues is meant here, and this is the number 3")]
#[case("- a", "a file of cues (a map) is meant here, and this is a list")]
#[case("{}", "a file of cues needs `cues`")]
#[case("cues: [", "expected")]
fn what_is_no_file_of_cues_is_told(#[case] text: &str, #[case] why: &str) {
    let (cues, problems) = reading(text);
    assert_eq!(cues, []);
    assert!(
        problems.len() == 1 && problems[0].contains(why),
        "{problems:?}"
    );
}

#[test]
fn the_first_cue_strikes_and_all_count() {
    let (book, clock) = book(vec![
        Cue::on("greet").nth(2).reset(At::BEFORE_HEAD),
        Cue::any().method("GET").nth(2).nth(3).close(At::AFTER_HEAD),
    ]);
    let greet = Request::new("GET", "/greet/anna");
    let other = Request::new("GET", "/elsewhere");
    let struck = |request| ask(&book, &clock, request).and_then(|strike| strike.defect);
    assert_eq!(struck(&greet), None);
    assert_eq!(struck(&greet), Some(Defect::Reset(At::BEFORE_HEAD)));
    assert_eq!(struck(&other), Some(Defect::Close(At::AFTER_HEAD)));
    assert_eq!(struck(&other), None);
    let counts: Vec<(u64, u64, bool)> = book
        .placed()
        .iter()
        .map(|placed| (placed.fitted, placed.struck, placed.spent))
        .collect();
    assert_eq!(counts, [(2, 1, true), (4, 1, true)]);
}

#[test]
fn a_cue_ends_by_the_clock_of_the_mock() {
    let (book, clock) = book(vec![Cue::any().lasting(Duration::from_secs(60)).cut(1)]);
    let request = Request::new("GET", "/");
    assert!(ask(&book, &clock, &request).is_some());
    clock.advance(Duration::from_secs(60));
    assert!(ask(&book, &clock, &request).is_none());
    assert!(book.placed()[0].spent);
}

#[test]
fn the_state_stays_as_it_is_behind_a_reply_of_the_cues_own_unless_told_otherwise() {
    let commit = |cue: &Cue| cue.settled().commit;
    assert_eq!(commit(&Cue::any().fault("gone")), Commit::After);
    assert_eq!(commit(&Cue::any().reply(Reply::new(503))), Commit::After);
    assert_eq!(commit(&Cue::any().reset(At::BEFORE_HEAD)), Commit::Before);
    let told = Cue::any().fault("gone").commit(Commit::Before);
    assert_eq!(commit(&told), Commit::Before);
}

#[test]
fn what_no_cue_struck_is_shown_with_the_reasons_and_without_secrets() {
    let (book, clock) = book(vec![
        Cue::on("leave")
            .header("Authorization", "Bearer right")
            .cut(1),
        Cue::on("greet").times(1).cut(1),
        Cue::any().path("/greet/{name}").probability(0.5, 0).cut(1),
    ]);
    let mut request = Request::new("GET", "/greet/anna");
    request.headers.append("Authorization", "Bearer secret");
    assert!(ask(&book, &clock, &request).is_some());
    assert!(book.unmatched().is_empty());
    // The second draw of the third cue is below one half, that of the third is, too; of the fourth it is not.
    for _ in 0..3 {
        ask(&book, &clock, &request);
    }
    let unmatched = book.unmatched();
    let last = unmatched.last().unwrap();
    assert_eq!(last.operation.as_deref(), Some("greet"));
    assert!(!format!("{unmatched:?}").contains("secret"));
    let because: Vec<(u64, String)> = last
        .because
        .iter()
        .map(|(id, lines)| (id.0, lines.join("; ")))
        .collect();
    let expected = [
        (
            1,
            "operation: leave is asked, greet came; \
             header Authorization: *** is asked, Bearer *** came"
                .to_owned(),
        ),
        (2, "times: it has struck as often as it may, 1".to_owned()),
        (
            3,
            "probability: number 4 of the requests that fit drew 0.9709, which is not below 0.5"
                .to_owned(),
        ),
    ];
    assert_eq!(because, expected);
    let listed = book.placed()[0].to_json().to_string();
    assert!(
        listed.contains("***") && !listed.contains("right"),
        "{listed}"
    );
    book.forget_unmatched();
    assert!(book.unmatched().is_empty());
}

#[rstest]
#[case("{ drop-session: false }", true)]
#[case("{ restart: false, drop-session: false }", true)]
#[case("{ restart: false, drop-session: true }", false)]
#[case("{ restart: false, cut: 1 }", false)]
fn a_cue_that_does_nothing_is_refused(#[case] what: &str, #[case] refused: bool) {
    let (_, problems) = reading(&format!("cues: [{{ do: {what} }}]"));
    let told = problems
        .iter()
        .any(|told| told.contains("nothing would befall"));
    assert_eq!(
        (told, problems.len()),
        (refused, usize::from(refused)),
        "{problems:?}"
    );
}

#[test]
fn what_no_cue_struck_is_kept_within_bounds() {
    let (book, clock) = book(vec![Cue::any().path("/never").cut(1)]);
    for number in 0..300 {
        ask(&book, &clock, &Request::new("GET", format!("/{number}")));
    }
    let unmatched = book.unmatched();
    assert_eq!(
        (unmatched.len(), unmatched[0].request.target.as_str()),
        (256, "/44")
    );
    for _ in 0..100 {
        let long = format!("/{}", "x".repeat(50_000));
        ask(&book, &clock, &Request::new("GET", long));
    }
    assert!(book.unmatched().len() <= 20, "{}", book.unmatched().len());
}

#[rstest]
#[case(Cue::on("greets").cut(1), "there is no operation `greets`; did you mean `greet`?")]
#[case(Cue::any().fault("gone"), "there is no documented fault `gone`")]
#[case(Cue::any().path("greet").cut(1), "`greet` is no path: a path begins with `/`")]
#[case(Cue::any().header("A", Field::Matches("(".into())).cut(1), "`(` is no regular expression")]
fn a_cue_that_cannot_be_meant_is_not_placed(#[case] cue: Cue, #[case] why: &str) {
    let (book, _) = book(vec![]);
    let right = Cue::any().cut(1);
    let error = book.place_all(vec![right, cue]).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
    assert_eq!(book.placed(), []);
}

#[rstest]
#[case(Field::Is("ab".into()), &["ab"], true)]
#[case(Field::Is("ab".into()), &["abc"], false)]
#[case(Field::Is("ab".into()), &["x", "ab"], true)]
#[case(Field::Is("ab".into()), &["AB"], false)]
#[case(Field::OneOf(vec!["a".into(), "b".into()]), &["b"], true)]
#[case(Field::OneOf(vec!["a".into(), "b".into()]), &["ab"], false)]
#[case(Field::Contains("b".into()), &["abc"], true)]
#[case(Field::Contains("b".into()), &["ac"], false)]
#[case(Field::Matches("^b".into()), &["bc"], true)]
#[case(Field::Matches("^b".into()), &["ab"], false)]
#[case(Field::Present, &[""], true)]
#[case(Field::Present, &[], false)]
#[case(Field::Absent, &[], true)]
#[case(Field::Absent, &[""], false)]
fn a_field_is_compared(#[case] field: Field, #[case] values: &[&str], #[case] fits: bool) {
    let which = Cue::any().header("x-test", field).which;
    let mut request = Request::new("GET", "/");
    for value in values {
        request.headers.append("X-Test", *value);
    }
    let compiled = which.compile(None).unwrap();
    assert_eq!(compiled.fits(&request, None), fits);
}

#[test]
fn there_is_a_bound_to_the_cues() {
    let (book, _) = book(vec![]);
    let all = vec![Cue::any().cut(1); 10_000];
    assert_eq!(book.place_all(all).unwrap().len(), 10_000);
    assert_eq!(book.place(Cue::any().cut(1)), Err(CueError::TooMany));
}
