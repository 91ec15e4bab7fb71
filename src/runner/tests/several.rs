//! Steps that are sent more than once, and several that are sent at once.

use super::{against, clauses, first, ok, options, planned, suite};
use crate::{
    client::testing::server,
    runner::{ClauseOutcome, MockModel, MockTarget, Outcome, Target, run},
};
use std::time::Duration;

#[tokio::test]
async fn polling_ends_when_the_expectation_fits_and_counts_every_poll() {
    let (origin, _) = server(vec![vec![ok("wait"), ok("wait"), ok("done")]]).await;
    let scenario = "
steps:
  - id: poll
    operation: open
    path: { name: a }
    repeat: { until: { body: done }, every: 1ms, at-most: 10s, proves: open.succeeds }
    expect: [{ body: done }]
";
    let result = against(origin, &[scenario], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Passed, "{result:?}");
    assert_eq!(first(&result).requests, 3);
    assert_eq!(clauses(&result)[0], ("open.named", ClauseOutcome::Kept, 3));
    assert_eq!(
        clauses(&result)[2],
        ("open.succeeds", ClauseOutcome::Kept, 1)
    );
}

#[tokio::test]
async fn against_the_mock_polling_takes_no_time() {
    let target = Target::Mock(MockTarget {
        model: MockModel::Documented,
        settings: Vec::new(),
        quirks: Vec::new(),
    });
    let scenario = "
steps:
  - id: poll
    operation: open
    path: { name: a }
    repeat: { until: { body: never }, every: 10s, at-most: 60s }
";
    let mut options = options();
    options.timeout = Duration::from_secs(10);
    let result = run(vec![planned(&suite(&[scenario]), target)], options, |_| {})
        .await
        .unwrap();
    assert_eq!(first(&result).outcome, Outcome::Blocked);
    assert_eq!(first(&result).requests, 7);
    assert!(first(&result).elapsed < Duration::from_secs(5));
}

#[tokio::test]
async fn steps_at_once_have_connections_of_their_own_and_give_their_captures() {
    let (origin, _) = server(vec![vec![ok("x"), ok("x")], vec![ok("x")], vec![ok("x")]]).await;
    let scenario = "
steps:
  - parallel:
      - { id: a, operation: open, path: { name: a }, capture: { one: { body: true } } }
      - { id: b, operation: open, path: { name: b }, capture: { two: { header: X-Door } } }
  - { id: c, operation: open, path: { name: c }, header: { X: \"{{ one }}{{ two }}\" } }
";
    let scenario = scenario.replace("{ body: true }", "{ header: X-Door }");
    let mut options = options();
    options.keep_trace = true;
    let result = against(origin, &[&scenario], options).await;
    assert_eq!(first(&result).outcome, Outcome::Passed, "{result:?}");
    let trace = &first(&result).trace;
    assert_ne!(trace[0].exchange.connection, trace[1].exchange.connection);
    assert_eq!(trace[2].exchange.request.headers.get("X"), Some("oakoak"));
}
