//! Several clients at once on one job or batch.

use super::{Bench, XML, bag, envelope, furnished, line, text, with};
use crate::{
    hpc_pack::Settings,
    message::Request,
    mock::{Answer, Begin, BodyEnd, Head, Model},
};
use std::{ops::ControlFlow, sync::Barrier, thread, time::Duration};

/// Sends a request from any thread; nothing waits here.
fn ask(bench: &Bench, request: &Request) -> u16 {
    let answer = match bench.node.begin(&Head::of(request), bench.now) {
        Begin::Answer(answer) => answer,
        Begin::Body(mut sink) => match sink.chunk(&request.body) {
            ControlFlow::Break(answer) => answer,
            ControlFlow::Continue(()) => bench.node.end(sink, BodyEnd::Complete, bench.now),
        },
    };
    match answer {
        Answer::Reply(reply) => reply.status,
        other => panic!("{other:?}"),
    }
}

/// Sends requests from threads of their own at once.
fn together(bench: &Bench, requests: Vec<Request>) -> Vec<u16> {
    let start = Barrier::new(requests.len());
    let start = &start;
    thread::scope(|scope| {
        let send = |request: Request| {
            scope.spawn(move || {
                start.wait();
                ask(bench, &request)
            })
        };
        let all: Vec<_> = requests.into_iter().map(send).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn of_two_writers_on_one_job_one_is_refused_or_both_are_heard() {
    for round in 0..20 {
        let mut bench = furnished(Settings::default());
        let writers = 4;
        let together = |requests| together(&bench, requests);
        // Tasks added at once are all there, under numbers of their own.
        let add = || with("POST Job/1/Tasks", XML, &bag(&[("CommandLine", "echo")]));
        assert_eq!(together((0..writers).map(|_| add()).collect()), [200; 4]);
        // Properties set at once: those of one of them, never a mixture.
        let set = |n: usize| {
            let (name, project) = (format!("name {n}"), format!("project {n}"));
            with(
                "PUT Job/1",
                XML,
                &bag(&[("Name", &name), ("Project", &project)]),
            )
        };
        assert_eq!(together((0..writers).map(set).collect()), [200; 4]);
        // Submitted at once: once.
        let submit = || with("POST Job/1/Submit", XML, b"");
        let statuses = together((0..writers).map(|_| submit()).collect());
        let good = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(good, 1, "round {round}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 400].contains(status)),
            "{statuses:?}"
        );
        // Cancelled while it is changed: each is heard or refused.
        let cancel = with("POST Job/1/Cancel?Forced=True", XML, b"");
        let statuses = together(vec![cancel, set(9), add(), submit()]);
        assert_eq!(statuses[0], 200, "round {round}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 400].contains(status)),
            "{statuses:?}"
        );

        let tasks = bench.ask(&line(
            "GET Job/1/Tasks?RowsPerRead=100&Properties=JobTaskId",
        ));
        for id in 1..=5 {
            assert_eq!(
                text(&tasks)
                    .matches(&format!("<Value>{id}</Value>"))
                    .count(),
                1,
                "{}",
                text(&tasks)
            );
        }
        let job = bench.ask(&line("GET Job/1?Properties=Name,Project"));
        let numbers: Vec<_> = text(&job)
            .split("</Value>")
            .filter_map(|part| part.chars().last().filter(char::is_ascii_digit))
            .collect();
        assert_eq!(numbers[0], numbers[1], "{}", text(&job));
    }
}

#[test]
fn of_two_writers_on_one_batch_one_commits_and_no_request_is_lost() {
    for round in 0..20 {
        let mut bench = furnished(Settings::default());
        let content = format!("<Batch>{}</Batch>", envelope("Echo", "more", "data"));
        let send = || {
            let to = "POST Session/1/batch/b?commit=False&genericservice=False";
            with(to, "application/octet-stream", content.as_bytes())
        };
        assert_eq!(together(&bench, vec![send(), send(), send()]), [200; 3]);
        let commit = || with("POST Session/1/batch/b/Commit", XML, b"");
        let statuses = together(&bench, vec![commit(), commit(), commit(), send()]);
        let committed = statuses[..3].iter().filter(|status| **status == 201);
        assert_eq!(committed.count(), 1, "round {round}: {statuses:?}");
        let known = |status: &u16| [200, 201].contains(status) || (400..500).contains(status);
        assert!(statuses.iter().all(known), "round {round}: {statuses:?}");
        // The one that was there before, three, and the last where it was in time.
        let expected = 4 + usize::from(statuses[3] == 200);
        bench.sleep(Duration::from_secs(5));
        let to = "POST Session/1/batch/b/Response?genericservice=False&count=-1&reset=False";
        let responses = bench.ask(&with(to, XML, b""));
        let count = format!("<Count>{expected}</Count>");
        assert!(
            text(&responses).contains(&count),
            "{statuses:?}: {}",
            text(&responses)
        );
        // Closed by two at once it is closed, and nobody is told otherwise (A73).
        let close = || with("POST session/1/Close", XML, b"");
        assert_eq!(together(&bench, vec![close(), close()]), [200; 2]);
    }
}
