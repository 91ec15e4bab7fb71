//! What a client may make grow, and what it gets where it may not.

use super::{
    Bench,
    batches::{envelope, opened},
    body, line, properties as bag, text,
};
use crate::{
    hpc_pack::{HeadNode, Quirks, Settings},
    message::Reply,
    mock::{Answer, Begin, BodyEnd, Clock, Head, Ids, Model, Sink},
};
use rstest::rstest;
use std::{ops::ControlFlow, time::Duration};

const XML: &str = "application/xml";

#[track_caller]
fn is_full(reply: &Reply) {
    let told = text(reply);
    assert_eq!(reply.status, 503, "{told}");
    assert!(told.starts_with("<HpcWebServiceFault "), "{told}");
    assert!(told.contains("<Code>267386880</Code>"), "{told}");
}

fn sweep(bench: &mut Bench, job: i32, size: &str, command: &str) {
    let made = bench.ask(&bag("POST Jobs", &[("Name", "sweeps")]));
    assert_eq!(made.status, 200);
    let task = [
        ("CommandLine", command),
        ("Type", "ParametricSweep"),
        ("EndValue", size),
    ];
    let added = bench.ask(&bag(&format!("POST Job/{job}/Tasks"), &task));
    assert_eq!(added.status, 200, "{}", text(&added));
}

fn value(bench: &mut Bench, job: i32, name: &str) -> String {
    let reply = bench.ask(&line(&format!("GET Job/{job}?Properties={name}")));
    let told = text(&reply);
    let (_, rest) = told.split_once("<Value>").unwrap_or_default();
    rest.split("</Value>").next().unwrap_or_default().to_owned()
}

#[test]
fn one_job_too_many_is_refused_and_nothing_else() {
    let mut bench = Bench::new(Settings::default().job_limits(2, 10, 10));
    for _ in 0..2 {
        assert_eq!(bench.ask(&bag("POST Jobs", &[])).status, 200);
    }
    is_full(&bench.ask(&bag("POST Jobs", &[])));
    is_full(&bench.ask(&body(line("POST Jobs/JobFile"), XML, "<Job/>")));
    let renamed = bench.ask(&bag("PUT Job/2", &[("Name", "b")]));
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    assert_eq!(bench.ask(&line("POST Job/2/Submit")).status, 200);
}

#[test]
fn one_task_too_many_is_refused_in_whatever_job_it_comes() {
    let mut bench = Bench::new(Settings::default().job_limits(10, 3, 10));
    for _ in 0..2 {
        bench.ask(&bag("POST Jobs", &[]));
    }
    let task = |job: i32| bag(&format!("POST Job/{job}/Tasks"), &[("CommandLine", "echo")]);
    for job in [1, 2, 1] {
        assert_eq!(bench.ask(&task(job)).status, 200);
    }
    is_full(&bench.ask(&task(2)));
    let file = "<Job><Tasks><Task CommandLine=\"echo\"/></Tasks></Job>";
    is_full(&bench.ask(&body(line("POST Jobs/JobFile"), XML, file)));
    assert_eq!(bench.node.scheduler().held().tasks, 3);
    let bare = "<Job><Tasks/></Job>";
    let made = bench.ask(&body(line("POST Jobs/JobFile"), XML, bare));
    assert_eq!(made.status, 200, "{}", text(&made));
}

#[test]
fn a_job_file_that_is_refused_leaves_nothing_behind() {
    let mut bench = Bench::new(Settings::default());
    let before = bench.node.scheduler().held();
    let long = "x".repeat(3_000);
    let file = format!(
        "<Job><Tasks><Task CommandLine=\"a\"/><Task CommandLine=\"b\"><EnvironmentVariables><Variable>\
         <Name>A</Name><Value>{long}</Value></Variable></EnvironmentVariables></Task></Tasks></Job>"
    );
    let refused = bench.ask(&body(line("POST Jobs/JobFile"), XML, &file));
    assert_eq!(refused.status, 400, "{}", text(&refused));
    assert_eq!(bench.node.scheduler().held(), before);
}

#[test]
fn a_job_with_more_subtasks_than_are_left_fails_and_says_why() {
    let mut bench = Bench::new(Settings::default().job_limits(10, 10, 100));
    for job in 1..=3 {
        sweep(&mut bench, job, "40", "echo *");
        assert_eq!(
            bench.ask(&line(&format!("POST Job/{job}/Submit"))).status,
            200
        );
    }
    bench.sleep(Duration::from_secs(5));
    assert_eq!(value(&mut bench, 1, "State"), "Finished");
    assert_eq!(value(&mut bench, 2, "State"), "Finished");
    assert_eq!(value(&mut bench, 3, "State"), "Failed");
    let why = value(&mut bench, 3, "ErrorMessage");
    assert!(why.contains("40 subtasks") && why.contains("100"), "{why}");
    assert_eq!(bench.node.scheduler().held().subtasks, 80);
}

#[test]
fn a_job_that_is_cancelled_before_it_runs_gives_its_subtasks_back() {
    let mut bench = Bench::new(Settings::default().job_limits(10, 10, 100));
    sweep(&mut bench, 1, "90", "echo *");
    let held = bag("PUT Job/1", &[("HoldUntil", "2099-01-01T00:00:00Z")]);
    assert_eq!(bench.ask(&held).status, 200);
    bench.ask(&line("POST Job/1/Submit"));
    bench.sleep(Duration::from_secs(1));
    assert_eq!(value(&mut bench, 1, "State"), "Queued");
    assert_eq!(bench.node.scheduler().held().subtasks, 90);
    bench.ask(&line("POST Job/1/Cancel?Forced=True"));
    bench.sleep(Duration::from_secs(1));
    assert_eq!(value(&mut bench, 1, "State"), "Canceled");
    assert_eq!(bench.node.scheduler().held().subtasks, 0);
}

#[test]
fn texts_of_jobs_fill_the_memory_that_they_may_and_no_more() {
    let mut bench = Bench::new(Settings::default().job_memory(200_000));
    let text_of = "x".repeat(2_000);
    let mut made = 0;
    let refused = loop {
        let reply = bench.ask(&bag("POST Jobs", &[("Project", &text_of[..80])]));
        if reply.status != 200 {
            break reply;
        }
        made += 1;
        let custom = bag(
            &format!("POST Job/{made}/CustomProperties"),
            &[("a", &text_of[..1_000])],
        );
        let reply = bench.ask(&custom);
        if reply.status != 200 {
            break reply;
        }
    };
    is_full(&refused);
    assert!((50..200).contains(&made), "{made}");
    assert!(bench.node.scheduler().held().bytes <= 200_000);
    // What is there can be read, run and cancelled.
    assert_eq!(bench.ask(&line("GET Job/1")).status, 200);
    assert_eq!(bench.ask(&line("POST Job/1/Cancel")).status, 200);
}

#[test]
fn what_takes_the_place_of_something_else_adds_nothing() {
    let mut bench = Bench::new(Settings::default());
    sweep(&mut bench, 1, "5", "echo *");
    let change = |round: usize| {
        let value = format!("{:0>50}", round % 10);
        [
            bag("PUT Job/1", &[("Name", &value)]),
            bag("POST Job/1/CustomProperties", &[("a", &value)]),
            bag("POST Job/1/EnvVariables", &[("b", &value)]),
            bag("PUT Job/1/Task/1", &[("Name", &value)]),
            bag("POST Job/1/Task/1/CustomProperties", &[("c", &value)]),
            bag("POST Job/1/Task/1/EnvVariables", &[("d", &value)]),
        ]
    };
    let mut held = None;
    for round in 0..20 {
        for request in change(round) {
            let reply = bench.ask(&request);
            assert_eq!(reply.status, 200, "{}", text(&reply));
        }
        let now = bench.node.scheduler().held();
        assert_eq!(*held.get_or_insert(now), now, "round {round}");
    }
}

#[test]
fn what_commands_print_counts_too() {
    let mut bench = Bench::new(Settings::default().job_memory(300_000));
    let long = "y".repeat(1_000);
    for job in 1..=3 {
        sweep(&mut bench, job, "200", &format!("echo {long} *"));
        let submitted = bench.ask(&line(&format!("POST Job/{job}/Submit")));
        assert_eq!(submitted.status, 200);
    }
    bench.sleep(Duration::from_secs(2));
    let states: Vec<_> = (1..=3).map(|job| value(&mut bench, job, "State")).collect();
    assert_eq!(states, ["Finished", "Finished", "Failed"]);
    let why = value(&mut bench, 3, "ErrorMessage");
    assert!(why.contains("no room"), "{why}");
    is_full(&bench.ask(&bag("POST Jobs", &[])));
    assert!(bench.node.scheduler().held().bytes > 300_000);
}

/// Begins a request and feeds it that much of a body.
fn begun(node: &HeadNode, bytes: usize) -> (Box<dyn Sink>, ControlFlow<Answer>) {
    let head = Head::of(&body(line("POST Jobs"), XML, "1234"));
    let Begin::Body(mut sink) = node.begin(&head, Clock::START) else {
        panic!("it takes a body");
    };
    let flow = sink.chunk(&vec![b' '; bytes]);
    (sink, flow)
}

#[test]
fn bodies_that_are_on_their_way_share_what_there_is() {
    let node = HeadNode::for_test(Settings::default().body_memory(1_000));
    let (first, flow) = begun(&node, 600);
    assert!(flow.is_continue());
    let (second, flow) = begun(&node, 600);
    let ControlFlow::Break(Answer::Reply(reply)) = flow else {
        panic!("there was no room");
    };
    is_full(&reply);
    drop(second);
    // It is given back when a body is complete or cut.
    node.end(first, BodyEnd::Cut(600), Clock::START);
    assert!(begun(&node, 600).1.is_continue());
    assert!(begun(&node, 1_000).1.is_continue());
}

#[test]
fn purged_batches_are_remembered_as_many_as_there_may_be() {
    let mut bench = opened(
        Bench::new(Settings::default().batch_limits(3, 1 << 20)),
        "CcpEchoSvc",
    );
    let batch = format!("<Batch>{}</Batch>", envelope("Echo", "one", "data"));
    for number in 0..6 {
        let at = format!("Session/1/batch/b{number}");
        let send = line(&format!("POST {at}?commit=False&genericservice=False"));
        let sent = bench.ask(&body(send, "application/octet-stream", &batch));
        assert_eq!(sent.status, 200, "{}", text(&sent));
        let purged = bench.ask(&line(&format!("POST {at}/Purge")));
        assert_eq!(purged.status, 200, "{}", text(&purged));
    }
    let mut status = |number: i32| {
        bench
            .ask(&line(&format!("GET Session/1/batch/b{number}/Status")))
            .status
    };
    assert_eq!((status(0), status(2)), (404, 404));
    assert_eq!((status(3), status(5)), (400, 400));
}

#[test]
fn batches_without_requests_take_room_too() {
    let mut bench = opened(
        Bench::new(Settings::default().batch_memory(2_000)),
        "CcpEchoSvc",
    );
    let mut send = |number: i32| {
        let at = format!("POST Session/1/batch/b{number}?commit=False&genericservice=False");
        bench
            .ask(&body(line(&at), "application/octet-stream", "<x/>"))
            .status
    };
    assert_eq!(send(0), 200);
    let refused = (1..100).find(|number| send(*number) == 400);
    assert!(refused.is_some_and(|number| number < 20), "{refused:?}");
}

#[rstest]
#[case(Ids::seeded(1), true)]
#[case(Ids::random(), false)]
fn ids_of_sessions_count_up_only_with_a_seed(#[case] ids: Ids, #[case] counts: bool) {
    let node = HeadNode::new(Settings::default(), Quirks::default(), ids);
    let mut bench = Bench {
        node,
        now: Clock::START,
    };
    let start = r#"{"ServiceName":"CcpEchoSvc","Username":"u","Password":"p","MaxMessageSize":1,"Runtime":-1}"#;
    let made: Vec<i64> = (0..8)
        .map(|_| {
            let create = line("POST Sessions/Create?durable=False");
            let reply = bench.ask(&body(create, "application/json", start));
            let told: serde_json::Value = match serde_json::from_slice(&reply.body) {
                Ok(told) => told,
                Err(_) => {
                    let told = text(&reply);
                    let (_, rest) = told.split_once("<Id>").expect("an id");
                    rest.split('<').next().unwrap().parse().unwrap()
                }
            };
            told["Id"].as_i64().or(told.as_i64()).expect("an id")
        })
        .collect();
    assert!(made.iter().all(|id| (1..=i64::from(i32::MAX)).contains(id)));
    assert_eq!(made == [1, 2, 3, 4, 5, 6, 7, 8], counts, "{made:?}");
    // Steps of equal size would give the next one away.
    let steps: std::collections::BTreeSet<_> =
        made.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps.len() == 1, counts, "{made:?}");
}
