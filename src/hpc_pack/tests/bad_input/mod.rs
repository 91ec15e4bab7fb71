//! What no client should send, on every operation: a fault, and the state as it was.

mod batches;
mod bodies;
mod ids;
mod lists;
mod values;
mod writers;

use super::{
    BAG, Bench, bag,
    batches::{envelope, opened},
    line, sent, text,
};
use crate::{
    hpc_pack::{
        Settings,
        wire::{Accepts, Route},
    },
    message::{Reply, Request},
};
use std::time::Duration;

const XML: &str = "application/xml; charset=utf-8";

/// Looks at all that can be seen of the state.
const VIEWS: &[&str] = &[
    "GET Jobs?RowsPerRead=1000&Properties=Id,Name,State,ChangeTime,Owner",
    "GET Job/1",
    "GET Job/1?Render=HpcJobXml",
    "GET Job/1/CustomProperties",
    "GET Job/1/EnvVariables",
    "GET Job/1/Tasks?ExpandParametric=True&RowsPerRead=1000",
    "GET Job/1/Task/1",
    "GET Job/1/Task/1/CustomProperties",
    "GET Job/1/Task/1/EnvVariables",
    "GET Job/2?Properties=State,ErrorMessage",
    "GET Job/2/Tasks?ExpandParametric=True&RowsPerRead=1000",
    "GET Nodes?RowsPerRead=100",
    "GET Session/1/Attach?durable=False",
    "GET session/1/batch/b/Status",
];

/// A head node with a job of two tasks that is being configured, one with a sweep that runs, and a session with a batch.
fn furnished(settings: Settings) -> Bench {
    let mut bench = opened(Bench::new(settings), "CcpEchoSvc");
    for (line, pairs) in [
        ("POST Jobs", &[("Name", "first")][..]),
        (
            "POST Job/1/Tasks",
            &[("CommandLine", "echo a"), ("Name", "plain")],
        ),
        ("POST Job/1/CustomProperties", &[("colour", "red")]),
        ("POST Job/1/EnvVariables", &[("A", "1")]),
        ("POST Job/1/Task/1/EnvVariables", &[("B", "2")]),
        ("POST Jobs", &[("Name", "second")]),
        (
            "POST Job/2/Tasks",
            &[
                ("CommandLine", "ping -t *"),
                ("Type", "ParametricSweep"),
                ("EndValue", "3"),
            ],
        ),
        ("POST Job/2/Submit", &[]),
    ] {
        let reply = bench.ask(&with(line, XML, &bag(pairs)));
        assert_eq!(reply.status, 200, "{line}: {}", text(&reply));
    }
    let batch = format!("<Batch>{}</Batch>", envelope("Echo", "one", "data"));
    let sent = bench.ask(&with(
        "POST Session/1/batch/b?commit=False&genericservice=False",
        "application/octet-stream",
        batch.as_bytes(),
    ));
    assert_eq!(sent.status, 200, "{}", text(&sent));
    bench.sleep(Duration::from_secs(1));
    bench
}

fn seen(bench: &mut Bench) -> Vec<String> {
    VIEWS
        .iter()
        .map(|view| {
            let reply = bench.ask(&line(view));
            assert_eq!(reply.status, 200, "{view}: {}", text(&reply));
            text(&reply).to_owned()
        })
        .collect()
}

/// Whether it is a fault for what the client did wrong, with a code and a message.
#[track_caller]
fn is_fault(what: &str, reply: &Reply) {
    let body = text(reply);
    let fault = body.starts_with("<HpcWebServiceFault ")
        && body.contains("<Code>")
        && body.contains("<Message>");
    assert!(
        (400..500).contains(&reply.status) && fault,
        "{what}: {} {body}",
        reply.status
    );
    assert!(body.len() < 4096, "{what}: the fault repeats what it got");
}

/// A path of the row with one value in place of the parameter at that place, and good values in place of the others.
fn path_with(route: &Route, at: usize, value: &str) -> String {
    let mut place = 0;
    let segments: Vec<_> = route
        .path
        .iter()
        .map(|segment| {
            if !segment.starts_with('{') {
                return *segment;
            }
            place += 1;
            match *segment {
                _ if place == at.wrapping_add(1) => value,
                "{batch}" => "b",
                "{node}" => "HEADNODE",
                _ => "1",
            }
        })
        .collect();
    format!("{} {}", route.method.as_str(), segments.join("/"))
}

fn parameters(route: &Route) -> Vec<&'static str> {
    let all = route.path.iter().copied();
    all.filter(|segment| segment.starts_with('{')).collect()
}

/// A body that the operation takes.
fn good_body(route: &Route) -> (&'static str, Vec<u8>) {
    match (route.accepts, route.id) {
        (Accepts::None, _) => (XML, Vec::new()),
        (Accepts::Octets, _) => (
            "application/octet-stream",
            format!("<Batch>{}</Batch>", envelope("Echo", "two", "data")).into_bytes(),
        ),
        (Accepts::SessionStart, _) => (
            "application/json",
            br#"{"ServiceName":"CcpEchoSvc","Username":"u","Password":"p","MaxMessageSize":1,"Runtime":-1}"#.to_vec(),
        ),
        (Accepts::Xml, "create_job_from_xml") => (XML, b"<Job/>".to_vec()),
        (Accepts::Xml, id) if id.starts_with("cancel") => (
            XML,
            b"<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">m</string>".to_vec(),
        ),
        (Accepts::Xml, _) => (XML, bag(&[("Name", "changed")])),
    }
}

/// A request with a body of that type.
fn with(to: &str, media: &str, body: &[u8]) -> Request {
    sent(line(to), media, body.to_vec())
}
