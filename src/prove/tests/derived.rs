//! What is derived from a reply, and on which exchanges of a run it is tried.

use super::{
    contract,
    proof::{CONTRACT, POOLED, options, suite},
};
use crate::{
    message::{Exchange, Reply},
    prove::{
        change::apply,
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
        "/Property/Name contradicted",
        "/Property/Value removed",
        "/Property/Value renamed",
        "/Property/Value moved",
        "/Property/Value contradicted",
        "/Property[Id] removed",
        "/Property[Id] contradicted",
        "/Property[Id]/Value retyped",
        "/Property[Id]/Value emptied",
        "/Property[Kind] removed",
        "/Property[Kind] contradicted",
        "/Property[Kind]/Value retyped",
    ];
    assert_eq!(names, expected);
    for (name, twice) in [
        ("/Property/Value", "<Value>7</Value><Value>8</Value>"),
        (
            "/Property[Id]",
            "<Value>7</Value></Property><Property><Name>Id</Name><Value>8</Value></Property>",
        ),
        (
            "/Property[Kind]",
            "<Property><Name>Kind</Name><Value>x</Value></Property></Bag>",
        ),
    ] {
        let name = format!("200 member /Bag{name} contradicted");
        let one = all.iter().find(|one| one.name == name).expect("a change");
        let changed = apply(&one.change, &reply).expect("another reply");
        let body = String::from_utf8_lossy(&changed.body).into_owned();
        assert!(body.contains(twice), "{name}: {body}");
    }
}

#[test]
fn one_more_of_a_list_contradicts_nothing() {
    let contract = contract(CONTRACT);
    let reply = Reply::new(200).body("<a><b>1</b><b>2</b><c>3</c></a>");
    let all = changes(&contract.operations[0], &reply, &BTreeSet::new());
    let names = all.iter().map(|one| one.name.as_str());
    let contradicted: Vec<_> = names
        .filter(|name| name.ends_with("contradicted"))
        .collect();
    assert_eq!(contradicted, ["200 member /a/c contradicted"]);
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
