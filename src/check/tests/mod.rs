//! Tests of judging whole exchanges, by a small contract.

mod ambiguous;
mod exchanges;
mod expectations;
mod judging;
mod named;
mod shapes;
mod telling;

use super::Judge;
use crate::{
    contract::{Contract, Expectation, ProvedBy, read},
    message::{Broken, Exchange, How, Reply, Request},
    source::{Scope, SourceFile},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

const TEXT: &str = include_str!("contract.yaml");

fn contract(text: &str) -> Contract {
    let file = SourceFile::new("contract.yaml", text);
    let (contract, problems) = read(&file);
    assert!(problems.is_empty(), "{problems:?}");
    contract.expect("a contract")
}

static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| Arc::new(contract(TEXT)));

fn judge() -> Judge {
    Judge::new(Arc::clone(&CONTRACT), BTreeMap::new())
}

/// An expectation as a clause's `then` has it, read from YAML in flow style.
fn expectation(yaml: &str) -> Expectation {
    let clause = format!(
        "  - {{ id: t.t, level: must, says: T., source: [doc], on: any, then: {yaml}, broken-by: [{{ status: 500 }}] }}\n"
    );
    let text = TEXT.replace("clauses:\n", &format!("clauses:\n{clause}"));
    match contract(&text).clauses.swap_remove(0).proved_by {
        ProvedBy::Invariant { then, .. } => *then,
        ProvedBy::Scenario => unreachable!("it has a `then`"),
    }
}

fn exchange(reply: Reply) -> Exchange {
    let mut request = Request::new("GET", "/orders/7?Detail=full%20text");
    request.headers.append("X-Token", "abc");
    request.headers.append("Accept", "a");
    request.headers.append("Accept", "b");
    request.body = "{\"a\": 1}".into();
    Exchange::new(request, "http://h", Ok(reply))
}

/// A reply of JSON with many header fields.
fn sample() -> Exchange {
    exchange(
        json_reply(r#"{"Id": 7, "Name": "Ann", "Tags": ["a", "b"], "Empty": [], "Nil": null, "Price": 1.5, "Ok": true, "Sub": {"x": 1, "y": 2}}"#)
            .header("X-One", "1")
            .header("X-Many", "a")
            .header("X-Many", "b")
            .header("X-Same", "a")
            .header("X-Same", "a")
            .header("X-Big", "9007199254740993")
            .header("X-Words", "one, Two")
            .header("X-Blank", ""),
    )
}

fn broken(how: How) -> Exchange {
    let request = Request::new("GET", "/orders/7");
    let broken = Broken {
        how,
        detail: "the peer did it".to_owned(),
        partial: None,
    };
    Exchange::new(request, "http://h", Err(broken))
}

fn json_reply(body: &str) -> Reply {
    Reply::new(200)
        .header("Content-Type", "application/json")
        .body(body.to_owned())
}

fn xml_reply(body: &str) -> Reply {
    Reply::new(200)
        .header("Content-Type", "application/xml")
        .body(body.to_owned())
}

/// Whether it fits; panics where it cannot be judged.
fn fits(yaml: &str, exchange: &Exchange) -> bool {
    fits_in(yaml, exchange, &Scope::new())
}

fn fits_in(yaml: &str, exchange: &Exchange, scope: &Scope) -> bool {
    match judge().fits(&expectation(yaml), exchange, Some(0), scope) {
        Ok(()) => true,
        Err(mismatch) => {
            assert!(mismatch.wrong.is_none(), "{mismatch:?}");
            false
        }
    }
}

/// All mismatches as `subject: expected ... / actual`.
fn told(yaml: &str, exchange: &Exchange) -> String {
    let expect = crate::scenario::Expect {
        proves: Vec::new(),
        traits: Vec::new(),
        what: expectation(yaml),
    };
    let judged = judge().expects(&[expect], exchange, Some(0), &Scope::new(), true);
    let lines: Vec<_> = judged
        .findings
        .iter()
        .map(|f| format!("{}: expected {}, got {}", f.subject, f.expected, f.actual))
        .chain(
            judged
                .wrong
                .iter()
                .map(|wrong| format!("wrong: {}", wrong.message)),
        )
        .collect();
    lines.join("\n")
}
