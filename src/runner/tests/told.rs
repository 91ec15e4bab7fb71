//! Values that a reply told, and that nobody can use.

use super::{against, first, ok, options, subjects};
use crate::{client::testing::server, runner::Outcome};
use rstest::rstest;

/// The second step makes its request of what the first was told.
fn told(second: &str) -> String {
    format!(
        "
steps:
  - id: first
    operation: open
    path: {{ name: a }}
    capture: {{ key: {{ json: $.key }} }}
  - {{ id: second, {second} }}
cleanup:
  - {{ operation: shut }}
"
    )
}

#[rstest]
#[case::path("request: { method: GET, path: '{{ key }}' }", "\"oak\"")]
#[case::server("at: '{{ key }}', operation: open", "\"o a k\"")]
#[case::filter(
    "operation: open, path: { name: \"{{ key | capture('k') }}\" }",
    "null"
)]
#[case::field("operation: open, header: { A: '{{ key }}' }", "\"a\\nb\"")]
#[tokio::test]
async fn a_request_that_cannot_be_made_of_what_was_told_breaks_what_it_was_to_prove(
    #[case] request: &str,
    #[case] key: &str,
) {
    let body = format!("{{\"key\":{key}}}");
    for (expect, clause, outcome) in [
        (
            "{ proves: open.succeeds, status: 200 }",
            Some("open.succeeds"),
            Outcome::Failed,
        ),
        (
            "{ proves: open.polite, status: 200 }",
            Some("open.polite"),
            Outcome::Blocked,
        ),
        ("{ status: 200 }", None, Outcome::Blocked),
    ] {
        let (origin, read) = server(vec![vec![ok(&body), ok("x"), ok("x")]]).await;
        let scenario = told(&format!("{request}, expect: [{expect}]"));
        let result = against(origin, &[&scenario], options()).await;
        assert_eq!(first(&result).outcome, outcome, "{result:?}");
        assert_eq!(
            subjects(first(&result)).last(),
            Some(&(clause, "second", "request"))
        );
        assert_eq!(read.lock().unwrap().len(), 2, "the cleanup runs");
    }
}

#[tokio::test]
async fn what_is_expected_of_what_was_told_and_cannot_be_worked_out_is_not_fulfilled() {
    let (origin, _) = server(vec![vec![ok("{\"key\":null}"), ok("x"), ok("x")]]).await;
    let expect = "{ proves: open.succeeds, body: \"{{ key | capture('k') }}\" }";
    let scenario = told(&format!("operation: open, expect: [{expect}]"));
    let result = against(origin, &[&scenario], options()).await;
    assert_eq!(first(&result).outcome, Outcome::Failed, "{result:?}");
    assert_eq!(
        subjects(first(&result)).last(),
        Some(&(Some("open.succeeds"), "second", "body"))
    );
}

/// What a file alone says wrong stays a mistake of ours.
#[tokio::test]
async fn a_request_that_no_reply_has_part_in_is_our_error() {
    let (origin, _) = server(vec![vec![ok("x")]]).await;
    let scenario = "
vars: { place: none }
steps:
  - { id: one, request: { method: GET, path: '{{ place }}' }, expect: [{ proves: open.succeeds, status: 200 }] }
";
    let result = against(origin, &[scenario], options()).await;
    assert!(
        matches!(first(&result).outcome, Outcome::Errored(_)),
        "{result:?}"
    );
}
