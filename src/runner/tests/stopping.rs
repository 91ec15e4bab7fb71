//! What ends a run before its end, and that what it made is cleaned up.

use super::{OPEN, against, first, lines, ok, options, planned, status, suite};
use crate::{
    client::{
        Origin,
        testing::{Then, server},
    },
    runner::{Event, Outcome, RunOptions, ScenarioResult, Stop, Target, UrlTarget, run},
};
use std::time::Duration;

/// Options under which no reply comes too late, however slow the machine is.
fn patient() -> RunOptions {
    RunOptions {
        timeout: Duration::from_secs(30),
        ..options()
    }
}

#[tokio::test]
async fn a_server_that_stops_answering_is_given_up_after_a_few_scenarios() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let result = against(Origin::parse(&url).unwrap().0, &[OPEN; 20], options()).await;
    let blocked = |one: &&ScenarioResult| !matches!(one.outcome, Outcome::Skipped(_));
    assert_eq!(result.suites[0].scenarios.iter().filter(blocked).count(), 3);
    assert_eq!(
        result.suites[0].scenarios[19].outcome,
        Outcome::Skipped("the server stopped answering".into())
    );
    assert!(result.any_sent && !result.any_reply);
    let why = format!("nothing answers at {url}: ");
    let errored = |one: &&ScenarioResult| matches!(&one.outcome, Outcome::Errored(said) if said.starts_with(&why));
    assert_eq!(result.suites[0].scenarios.iter().filter(errored).count(), 3);
    assert!(result.suites[0].clauses.iter().all(|one| one.checked == 0));
}

#[tokio::test]
async fn fail_fast_leaves_out_what_comes_behind_the_first_finding() {
    let (origin, read) = server(vec![vec![status(500)], vec![ok("")]]).await;
    let options = RunOptions {
        fail_fast: true,
        ..patient()
    };
    let result = against(origin, &[OPEN; 5], options).await;
    assert_eq!(first(&result).outcome, Outcome::Failed);
    let left = &result.suites[0].scenarios[1..];
    let why = Outcome::Skipped("stopped at the first finding".into());
    assert!(left.iter().all(|one| one.outcome == why), "{result:?}");
    assert_eq!(read.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_interrupt_ends_polling_and_cleans_up() {
    let polls = (0..2000).map(|_| ok("wait")).collect::<Vec<_>>();
    let (origin, read) = server(vec![polls]).await;
    let scenario = "
steps:
  - { id: poll, operation: open, path: { name: a }, repeat: { until: { body: done }, every: 20ms, at-most: 60s } }
cleanup:
  - { operation: shut }
";
    let stop = Stop::new();
    let options = RunOptions {
        stop: stop.clone(),
        ..patient()
    };
    let url = Target::Url(UrlTarget { origin });
    let mut told = Vec::new();
    let asking = async {
        // In the middle of the polling, that is behind its second request.
        while read.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.ask();
    };
    let running = run(
        vec![planned(&suite(&[scenario, OPEN]), url)],
        options,
        |event| {
            told.push(match event {
                Event::Planned { .. } => "planned",
                Event::Started { .. } => "started",
                Event::Finished { .. } => "finished",
                Event::Interrupted => "interrupted",
            });
        },
    );
    let (result, ()) = tokio::join!(running, asking);
    let result = result.unwrap();
    assert!(result.interrupted);
    assert_eq!(
        first(&result).outcome,
        Outcome::Skipped("interrupted".into())
    );
    assert_eq!(result.suites[0].scenarios[1].requests, 0);
    assert_eq!(
        lines(&read.lock().unwrap()).last().unwrap(),
        "DELETE /open/a"
    );
    assert!(told.contains(&"interrupted"), "{told:?}");
    assert_eq!(told.iter().filter(|one| **one == "finished").count(), 2);
}

#[tokio::test]
async fn an_interrupt_waits_for_the_request_under_way_so_that_what_it_made_is_cleaned_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = Stop::new();
    let asked = stop.clone();
    let served = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 1000];
        let _ = stream.read(&mut bytes).await.unwrap();
        asked.ask();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(&ok("made").0).await.unwrap();
        let count = stream.read(&mut bytes).await.unwrap();
        let _ = stream.write_all(&status(204).0).await;
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    let scenario = "
steps:
  - { id: make, operation: open, path: { name: a }, capture: { door: { header: X-Door } } }
  - { id: more, operation: open }
cleanup:
  - { operation: shut, header: { X-Made: \"{{ door }}\" } }
";
    let options = RunOptions { stop, ..patient() };
    let result = against(Origin::parse(&url).unwrap().0, &[scenario], options).await;
    let cleaned = served.await.unwrap();
    assert!(
        cleaned.starts_with("DELETE /open/a") && cleaned.contains("X-Made: oak"),
        "{cleaned}"
    );
    assert_eq!(first(&result).requests, 2);
}

#[tokio::test]
async fn a_slow_server_is_cleaned_up_behind_too() {
    let (origin, read) = server(vec![
        vec![ok("x"), (Vec::new(), Then::Stall)],
        vec![status(204)],
    ])
    .await;
    let scenario = "
steps:
  - { id: make, operation: open, path: { name: a }, capture: { door: { header: X-Door } } }
  - { id: hang, operation: open, timeout: 100ms, expect: [{ status: 200 }] }
cleanup:
  - { operation: shut, header: { X-Made: \"{{ door }}\" } }
";
    let result = against(origin, &[scenario], patient()).await;
    assert_eq!(first(&result).outcome, Outcome::Blocked);
    assert_eq!(lines(&read.lock().unwrap())[2], "DELETE /open/a");
}

#[tokio::test]
async fn a_server_that_goes_away_is_one_finding_and_breaks_no_promise() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let once = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        drop(listener);
        let _ = peer.read(&mut [0; 4096]).unwrap();
        peer.write_all(
            b"HTTP/1.1 200 OK\r\nX-Door: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    });
    let result = against(Origin::parse(&url).unwrap().0, &[OPEN; 5], patient()).await;
    once.join().unwrap();
    let scenarios = &result.suites[0].scenarios;
    assert_eq!(scenarios[1].outcome, Outcome::Failed, "{scenarios:?}");
    assert_eq!(scenarios[1].findings[0].clause.as_ref().map(|_| ()), None);
    let findings: usize = scenarios.iter().map(|one| one.findings.len()).sum();
    assert_eq!(findings, 1, "{scenarios:?}");
    let skipped = Outcome::Skipped("the server stopped answering".into());
    assert!(scenarios[2..].iter().all(|one| one.outcome == skipped));
    let broken = crate::runner::ClauseOutcome::Broken;
    assert!(
        result.suites[0]
            .clauses
            .iter()
            .all(|one| one.outcome != broken)
    );
}
