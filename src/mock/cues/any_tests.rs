//! Any cue, any request and any text: what holds of all of them.

use super::{
    Cue, Field, Until, Which,
    tests::{operations, reading},
};
use crate::{
    message::Request,
    mock::{Act, At, Commit, Defect, Moment, Strike, Then},
};
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any, prop_oneof, proptest},
};
use std::time::Duration;

/// `text` is what texts look like; few letters meet often, many need quotes.
fn fields(text: &'static str) -> impl Strategy<Value = Field> {
    prop_oneof![
        text.prop_map(Field::Is),
        vec("[!-~]{1,6}|[ab]", 1..3).prop_map(Field::OneOf),
        text.prop_map(Field::Contains),
        "[ab]{0,2}".prop_map(Field::Matches),
        Just(Field::Present),
        Just(Field::Absent),
    ]
}

fn which(text: &'static str) -> impl Strategy<Value = Which> {
    (
        option::of(prop_oneof![Just("greet"), Just("leave")]),
        option::of(prop_oneof![Just("GET"), Just("POST")]),
        option::of(prop_oneof![
            Just("/greet/{n}"),
            Just("/leave"),
            Just("/{*all}")
        ]),
        vec(("[AB]", fields(text)), 0..3),
    )
        .prop_map(|(operation, method, path, mut header)| {
            // A file has each name once.
            header.sort_by(|a, b| a.0.cmp(&b.0));
            header.dedup_by(|a, b| a.0 == b.0);
            Which {
                operation: operation.map(str::to_owned),
                method: method.map(str::to_owned),
                path: path.map(str::to_owned),
                header,
            }
        })
}

fn places() -> impl Strategy<Value = At> {
    prop_oneof![
        Just(At::BEFORE_HEAD),
        any::<u32>().prop_map(|n| At::Body(n.into()))
    ]
}

fn times() -> impl Strategy<Value = Duration> {
    (1_u64..100_000_000).prop_map(Duration::from_millis)
}

fn defects() -> impl Strategy<Value = Defect> {
    let then = prop_oneof![
        Just(Then::Close),
        Just(Then::Reset),
        option::of(times()).prop_map(Then::Stall)
    ];
    prop_oneof![
        places().prop_map(Defect::Close),
        places().prop_map(Defect::Reset),
        (places(), option::of(times())).prop_map(|(at, time)| Defect::Stall(at, time)),
        vec(any::<u8>(), 0..9).prop_map(Defect::Garbage),
        (1..u32::MAX).prop_map(|rate| Defect::Throttle(At::AFTER_HEAD, rate)),
        any::<u32>().prop_map(|bytes| Defect::ContentLength(bytes.into())),
        (any::<u32>(), then).prop_map(|(read, then)| Defect::Upload(read.into(), then)),
    ]
}

fn cues() -> impl Strategy<Value = Cue> {
    let until = prop_oneof![
        (0_u64..4_000_000_000_000).prop_map(|ms| Until::Moment(Moment(ms))),
        times().prop_map(Until::For)
    ];
    let commit = prop_oneof![Just(Commit::Before), Just(Commit::After)];
    (
        which("[ -~]{0,6}"),
        vec(1_u64..9, 0..3),
        option::of(1_u64..9),
        option::of((0.0..=1.0, any::<u64>())),
        option::of(until),
        option::of(defects()),
        option::of(times()),
        option::of(commit),
    )
        .prop_map(
            |(which, nth, times, odds, until, defect, advance, commit)| Cue {
                name: None,
                which,
                nth,
                times,
                odds,
                until,
                strike: Strike {
                    // There must be something that it does.
                    delay: Duration::from_secs(1),
                    acts: advance.map(Act::Advance).into_iter().collect(),
                    defect,
                    ..Strike::default()
                },
                commit,
            },
        )
}

fn requests() -> impl Strategy<Value = Request> {
    (
        prop_oneof![Just("GET"), Just("POST")],
        prop_oneof![Just("/greet/anna"), Just("/leave"), Just("/other")],
        vec(("[AB]", "[ab]{0,2}"), 0..4),
    )
        .prop_map(|(method, path, fields)| Request {
            headers: fields.into_iter().collect(),
            ..Request::new(method, path)
        })
}

/// What the documentation says of `on`, written down once more.
fn fits(which: &Which, request: &Request) -> bool {
    let operation = match (request.method.as_str(), request.target.as_str()) {
        ("GET", "/greet/anna") => "greet",
        ("POST", "/leave") => "leave",
        _ => "",
    };
    let path = match which.path.as_deref() {
        None | Some("/{*all}") => true,
        Some("/leave") => request.target == "/leave",
        Some(_) => request.target == "/greet/anna",
    };
    let values = |name: &str| -> Vec<String> {
        let all = request.headers.iter().filter(|(n, _)| *n == name);
        all.map(|(_, value)| value.to_owned()).collect()
    };
    path && which
        .operation
        .as_deref()
        .is_none_or(|wanted| wanted == operation)
        && which
            .method
            .as_ref()
            .is_none_or(|wanted| *wanted == request.method)
        && which.header.iter().all(|(name, field)| {
            let values = values(name);
            match field {
                Field::Is(text) => values.contains(text),
                Field::OneOf(texts) => texts.iter().any(|text| values.contains(text)),
                Field::Contains(text) | Field::Matches(text) => {
                    values.iter().any(|value| value.contains(text.as_str()))
                }
                Field::Present => !values.is_empty(),
                Field::Absent => values.is_empty(),
            }
        })
}

proptest! {
    #[test]
    fn a_cue_that_is_listed_is_read_again_as_it_was(cue in cues()) {
        let file = format!("{{\"cues\": [{}]}}", cue.to_json());
        let (read, problems) = reading(&file);
        assert_eq!(problems, [""; 0], "{file}");
        assert_eq!(read, [cue], "{file}");
    }

    #[test]
    fn requests_are_matched_as_documented(which in which("[ab]{0,2}"), request in requests()) {
        let compiled = which.compile(None).unwrap();
        let operations = operations();
        let operation = operations.of_request(&request);
        let expected = fits(&which, &request);
        assert_eq!(compiled.fits(&request, operation), expected);
        let lines = compiled.compare(&request, &request, operation);
        assert_eq!(lines.iter().all(|line| line.got.is_none()), expected, "{lines:?}");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\n]{0,200}") {
        let _ = reading(&text);
        let _ = reading(&format!("cues:\n  - on: {{ {text} }}\n    do: {{ {text} }}\n"));
    }
}
