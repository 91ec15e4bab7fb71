//! What an exchange is asked as a whole: whether it broke, how its reply was framed, how long it took.

use super::{broken, exchange, expectation, fits, judge, sample, told};
use crate::{
    message::{Broken, Framing, How, Reply, Version},
    source::Scope,
};
use rstest::rstest;
use std::time::Duration;

#[test]
fn framing_version_and_time_are_those_of_the_exchange() {
    let mut reply = Reply::new(204);
    reply.framing = Framing::Bodiless;
    reply.version = Version::Http10;
    let mut exchange = exchange(reply);
    assert!(fits(
        "{ framing: none, version: HTTP/1.0, body: null }",
        &exchange
    ));
    exchange.elapsed = Duration::from_millis(2001);
    let late = expectation("{ status: 204, within: 2s }");
    let at = |url| {
        judge()
            .against_url(url)
            .fits(&late, &exchange, None, &Scope::new())
            .is_ok()
    };
    assert!(at(false), "wall time counts against URLs only");
    assert!(!at(true));
    exchange.elapsed = Duration::from_secs(2);
    assert!(
        judge()
            .against_url(true)
            .fits(&late, &exchange, None, &Scope::new())
            .is_ok()
    );
}

#[rstest]
#[case("{ broken: true }", true)]
#[case("{ broken: { how: reset } }", true)]
#[case("{ broken: { how: [cut, reset] } }", true)]
#[case("{ broken: { how: cut } }", false)]
#[case("{ status: 200 }", false)]
#[case("{ not: { status: 200 } }", false)]
#[case("{ header: { X: null } }", false)]
#[case("{ request: { method: GET } }", false)]
#[case("{ any: [{ status: 200 }, { broken: true }] }", true)]
#[case("{ any: [{ status: 200 }, { status: 500 }] }", false)]
#[case("{ status: 200, any: [{ broken: true }] }", false)]
fn a_broken_exchange_fits_only_what_expects_it(#[case] yaml: &str, #[case] fit: bool) {
    assert_eq!(
        fits(yaml, &broken(How::Reset)),
        fit,
        "{}",
        told(yaml, &broken(How::Reset))
    );
}

#[rstest]
#[case("{ framing: { not: wrong } }", false)]
#[case("{ framing: wrong }", true)]
#[case("{ framing: [length, chunked, close, none] }", false)]
#[case("{ any: [{ framing: length }, { framing: close }] }", false)]
#[case("{ any: [{ framing: length }, { framing: wrong }] }", true)]
// Of what did not come whole nothing else is said.
#[case("{ status: 200, framing: wrong }", false)]
#[case("{ not: { framing: length } }", false)]
fn of_a_reply_that_is_cut_the_framing_is_wrong(#[case] yaml: &str, #[case] fit: bool) {
    for how in [How::Cut, How::Garbled] {
        assert_eq!(
            fits(yaml, &broken(how)),
            fit,
            "{}",
            told(yaml, &broken(how))
        );
    }
    assert!(
        !fits(yaml, &broken(How::Reset)),
        "a reset tells nothing of it"
    );
    assert!(!fits(yaml, &broken(How::Stalled)), "nor does silence");
}

#[test]
fn of_a_reply_with_bytes_behind_it_or_two_ends_the_framing_is_wrong() {
    let right = sample();
    assert!(fits("{ framing: { not: wrong } }", &right));
    assert!(!fits("{ framing: wrong }", &right));
    let mut behind = sample();
    behind.excess = "more".into();
    let mut two = sample();
    if let Ok(reply) = &mut two.outcome {
        reply.framing = Framing::Chunked;
        reply.headers.set("Content-Length", "5");
    }
    for wrong in [behind, two] {
        assert!(fits("{ status: 200, framing: wrong }", &wrong));
        assert!(!fits("{ framing: [length, chunked, close, none] }", &wrong));
    }
}

#[test]
fn a_whole_reply_is_not_broken() {
    assert!(!fits("{ broken: true }", &sample()));
    assert!(!fits("{ broken: { how: reset } }", &sample()));
}

#[test]
fn what_arrived_of_a_broken_reply_can_be_captured_but_is_no_reply() {
    let mut exchange = broken(How::Cut);
    exchange.outcome = Err(Broken {
        how: How::Cut,
        detail: "cut".to_owned(),
        partial: Some(Box::new(Reply::new(200))),
    });
    assert!(!fits("{ status: 200 }", &exchange));
}
