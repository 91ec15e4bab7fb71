//! Batches past their limits.

use super::{envelope, furnished, is_fault, line, seen, with};
use crate::hpc_pack::Settings;

#[test]
fn a_batch_past_its_limits_is_a_fault_and_stays_as_it_was() {
    let mut bench = furnished(Settings::default().batch_limits(1, 4096));
    let before = seen(&mut bench);
    let send = |batch: &str, inputs: usize, size: usize| {
        let one = envelope("Echo", &"x".repeat(size), "data");
        let body = format!("<Batch>{}</Batch>", one.repeat(inputs));
        with(
            &format!("POST Session/1/batch/{batch}?commit=True&genericservice=False"),
            "application/octet-stream",
            body.as_bytes(),
        )
    };
    for (what, request) in [
        ("one batch too many", send("other", 1, 1)),
        ("too many bytes", send("b", 100, 1)),
        ("a message that is too large", send("b", 1, 70_000)),
        ("a name that is too long", send(&"n".repeat(129), 1, 1)),
        ("a name of other characters", send("a%2Ab", 1, 1)),
        (
            "no records",
            with(
                "POST Session/1/batch/b?commit=True&genericservice=True",
                "application/octet-stream",
                b"no record",
            ),
        ),
    ] {
        is_fault(what, &bench.ask(&request));
    }
    for query in [
        "count=-2",
        "count=x",
        "count=99999999999",
        "reset=maybe",
        "genericservice=2",
    ] {
        let target = format!("POST Session/1/batch/b/Response?{query}");
        is_fault(&target, &bench.ask(&line(&target)));
    }
    assert_eq!(seen(&mut bench), before);
}
