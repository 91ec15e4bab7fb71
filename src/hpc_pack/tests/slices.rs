//! A request for a job that has much to do waits, and others are answered meanwhile.

use super::{Bench, body, line, properties, text};
use crate::{
    hpc_pack::Settings,
    message::{Reply, Request},
    mock::{Answer, Begin, BodyEnd, Head, Model, Outcome, Token},
};
use rstest::rstest;
use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const XML: &str = "application/xml";

/// A job whose sweep is to be expanded, and another job.
fn busy(settings: Settings) -> Bench {
    let mut bench = Bench::new(settings);
    for asked in [
        properties("POST Jobs", &[]),
        properties(
            "POST Job/1/Tasks",
            &[
                ("CommandLine", "echo *"),
                ("Type", "ParametricSweep"),
                ("EndValue", "20000"),
            ],
        ),
        properties("POST Job/1/Submit", &[]),
    ] {
        let reply = bench.ask(&asked);
        assert_eq!(reply.status, 200, "{}", text(&reply));
    }
    bench.sleep(Duration::from_secs(1));
    bench
}

/// What the model says at first.
fn begun(bench: &Bench, request: &Request) -> Answer {
    match bench.node.begin(&Head::of(request), bench.now) {
        Begin::Answer(answer) => answer,
        Begin::Body(mut sink) => match sink.chunk(&request.body) {
            ControlFlow::Break(answer) => answer,
            ControlFlow::Continue(()) => bench.node.end(sink, BodyEnd::Complete, bench.now),
        },
    }
}

#[track_caller]
fn waits(bench: &Bench, answer: Answer) -> Token {
    match answer {
        Answer::Wait { until, token } => {
            assert_eq!(until, bench.now, "it waits for nothing but its turn");
            token
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn replied(answer: Answer) -> Reply {
    match answer {
        Answer::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

/// Comes back as often as it takes.
fn comes_back(bench: &Bench, token: Token) -> (Reply, usize) {
    let mut turns = 0;
    let mut answer = bench.node.resume(token, Outcome::Woke, bench.now);
    while let Answer::Wait { token, .. } = answer {
        turns += 1;
        answer = bench.node.resume(token, Outcome::Woke, bench.now);
    }
    (replied(answer), turns)
}

#[test]
fn a_job_with_much_to_do_lets_others_have_their_turn() {
    let bench = busy(Settings::default());
    let token = waits(&bench, begun(&bench, &line("GET Job/1")));
    let other = replied(begun(&bench, &properties("POST Jobs", &[])));
    assert_eq!(other.status, 200);
    let other = replied(begun(&bench, &line("GET Job/2")));
    assert_eq!(other.status, 200);
    let (reply, turns) = comes_back(&bench, token);
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(text(&reply).contains("Finished"), "{}", text(&reply));
    assert!(turns >= 70, "{turns}");
    // It is done now.
    replied(begun(&bench, &line("GET Job/1")));
}

#[test]
fn it_is_known_whether_somebody_waits_for_the_scheduler() {
    let bench = Bench::new(Settings::default());
    let node = &bench.node;
    for _ in 0..50 {
        let (asks, had) = (AtomicBool::new(false), AtomicBool::new(false));
        let guard = node.scheduler();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                asks.store(true, Ordering::SeqCst);
                let _turn = node.scheduler();
                had.store(true, Ordering::SeqCst);
            });
            while !asks.load(Ordering::SeqCst) || node.threads_at_the_lock() == 0 {
                std::thread::yield_now();
            }
            drop(guard);
            while node.threads_at_the_lock() > 0 {
                node.give_way();
            }
            let _next = node.scheduler();
            assert!(had.load(Ordering::SeqCst), "the other had no turn");
        });
    }
}

#[test]
fn a_body_that_waits_keeps_its_room() {
    let bench = busy(Settings::default().body_memory(500));
    let custom = properties("POST Job/1/CustomProperties", &[("a", &"x".repeat(200))]);
    assert!((251..500).contains(&custom.body.len()));
    let token = waits(&bench, begun(&bench, &custom));
    let refused = replied(begun(&bench, &custom));
    assert_eq!(refused.status, 503, "{}", text(&refused));
    let (reply, turns) = comes_back(&bench, token);
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(turns > 1);
    let again = replied(begun(&bench, &custom));
    assert_eq!(
        again.status,
        200,
        "the room is given back: {}",
        text(&again)
    );
}

/// A job of so many tasks that is not submitted.
fn large(tasks: usize) -> Bench {
    let mut bench = Bench::new(Settings::default());
    let tasks: String = (0..tasks)
        .map(|number| format!("<Task CommandLine=\"echo {number}\"/>"))
        .collect();
    let file = format!("<Job Name=\"f\"><Tasks>{tasks}</Tasks></Job>");
    let made = bench.ask(&body(line("POST Jobs/JobFile"), XML, &file));
    assert_eq!(made.status, 200, "{}", text(&made));
    bench
}

#[rstest]
#[case("GET Job/1?Render=HpcJobXml", "<Task ", 10_000 / 50)]
#[case("GET Job/1/Tasks?RowsPerRead=10000", "<Object>", 10_000 / 62)]
#[case(
    "GET Job/1/Tasks?RowsPerRead=10&SortTasksBy=CommandLine",
    "<Object>",
    10_000 / 500
)]
fn what_shows_many_tasks_lets_others_have_their_turn(
    #[case] ask: &str,
    #[case] shown: &str,
    #[case] least: usize,
) {
    let bench = large(10_000);
    let token = waits(&bench, begun(&bench, &line(ask)));
    // Nothing that it holds keeps others from reading or changing the same job.
    let other = replied(begun(&bench, &line("GET Job/1")));
    assert_eq!(other.status, 200, "{}", text(&other));
    let task = properties("POST Job/1/Tasks", &[("CommandLine", "echo")]);
    assert_eq!(replied(begun(&bench, &task)).status, 200);
    let (reply, turns) = comes_back(&bench, token);
    assert_eq!(reply.status, 200);
    assert!(turns + 1 >= least, "{turns}");
    let count = text(&reply).matches(shown).count();
    assert!(count == 10 || count >= 10_000, "{count}");
}

#[test]
fn a_job_that_somebody_waits_to_see_may_be_gone_with_a_restart() {
    let bench = large(200);
    let token = waits(&bench, begun(&bench, &line("GET Job/1?Render=HpcJobXml")));
    bench.node.restart(bench.now);
    assert_eq!(comes_back(&bench, token).0.status, 408);
}

#[test]
fn a_job_file_holds_every_task_however_many_there_are() {
    let mut bench = Bench::new(Settings::default());
    let tasks: String = (0..230)
        .map(|number| format!("<Task CommandLine=\"echo {number}\"/>"))
        .collect();
    let file = format!("<Job Name=\"f\"><Tasks>{tasks}</Tasks></Job>");
    let made = bench.ask(&body(line("POST Jobs/JobFile"), XML, &file));
    assert_eq!(made.status, 200, "{}", text(&made));
    let got = bench.ask(&line("GET Job/1?Render=HpcJobXml"));
    let got = text(&got);
    assert_eq!(got.matches("<Task ").count(), 230, "{got}");
    let places: Vec<_> = (0..230)
        .map(|number| got.find(&format!("\"echo {number}\"")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(got.ends_with("</Tasks></Job>"), "{got}");
}
