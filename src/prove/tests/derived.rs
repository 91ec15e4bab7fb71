//! What is derived from a reply, and on which exchanges of a run it is tried.

use super::{
    contract,
    proof::{CONTRACT, POOLED, options, suite},
};
use crate::{
    message::{Exchange, Reply},
    prove::{
        derive::changes,
        evidence::{Evidence, gather},
        generic::{Attempt, counterexamples},
    },
    runner::{RunOptions, StepTrace, run},
};
use std::{collections::BTreeSet, sync::Arc};

#[test]
fn properties_are_changed_by_their_names_and_attributes_are_members() {
    let contract = contract(CONTRACT);
    let body = "<Bag k='1' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'>\
        <Property><Name>Id</Name><Value>7</Value></Property>\
        <Property><Name>Kind</Name><Value i:nil='true'/></Property></Bag>";
    let reply = Reply::new(200).body(body);
    let all = changes(&contract.operations[0], &reply, &BTreeSet::new());
    let names: Vec<&str> = all
        .iter()
        .filter_map(|one| one.name.strip_prefix("200 member /Bag"))
        .collect();
    let expected = [
        " renamed",
        " emptied",
        "/@k removed",
        "/@k renamed",
        "/@k retyped",
        "/@k emptied",
        " in another namespace",
        "/Property removed",
        "/Property renamed",
        "/Property moved",
        "/Property emptied",
        "/Property/Name removed",
        "/Property/Name renamed",
        "/Property/Name retyped",
        "/Property/Name moved",
        "/Property/Name emptied",
        "/Property/Value removed",
        "/Property/Value renamed",
        "/Property/Value moved",
        "/Property[Id] removed",
        "/Property[Id]/Value retyped",
        "/Property[Id]/Value emptied",
        "/Property[Kind] removed",
        "/Property[Kind]/Value retyped",
    ];
    assert_eq!(names, expected);
}

#[test]
fn what_only_a_further_poll_shows_is_tried_too_and_what_shows_the_same_is_not_tried_again() {
    let suite = suite(CONTRACT, "200", POOLED);
    let contract = Arc::clone(&suite.contract);
    let options = RunOptions {
        keep_trace: true,
        ..options()
    };
    let mut ran = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(run(vec![suite], options, |_| {}))
        .expect("a run");
    let trace = ran.suites[0].scenarios[0].trace.remove(0);
    let with_body = |body: &str| {
        let reply = trace.exchange.reply().expect("a reply").clone();
        StepTrace {
            plan: Arc::clone(&trace.plan),
            at: trace.at,
            cleanup: trace.cleanup,
            operation: trace.operation,
            exchange: Arc::new(Exchange {
                outcome: Ok(reply.body(body.to_owned())),
                ..Exchange::clone(&trace.exchange)
            }),
            scope: trace.scope.clone(),
            last: trace.last,
        }
    };
    let tried = |bodies: &[&str]| -> Vec<Attempt> {
        let traces: Vec<_> = bodies.iter().map(|body| with_body(body)).collect();
        let evidence: Vec<Evidence> = gather(&contract, traces.iter());
        counterexamples(&contract, &evidence, &BTreeSet::new(), 1)
    };
    let places = |bodies: &[&str], name: &str| -> Option<usize> {
        let attempts = tried(bodies);
        let one = attempts.iter().find(|one| one.name == name)?;
        Some(one.places.len())
    };
    let (first, later) = (r#"{"text":"a"}"#, r#"{"text":"a","more":1}"#);
    assert_eq!(places(&[first], "200 member /more removed"), None);
    assert_eq!(places(&[first, later], "200 member /more removed"), Some(1));
    assert_eq!(places(&[first, later], "200 member /text emptied"), Some(2));
    assert_eq!(places(&[first, first], "200 member /text emptied"), Some(1));
}
