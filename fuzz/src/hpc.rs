//! The head node: bodies, batches, filters and job files.

use super::talk::{Peer, request};
use std::fmt::Write as _;
use wireproof::{hpc_pack, message::Reply};

const XML: &str = "application/xml";
const OCTETS: &str = "application/octet-stream";
const START: &str = r#"{"ServiceName":"CcpEchoSvc","Username":"u","Password":"p","MaxMessageSize":65536,"Runtime":-1}"#;

/// Operations with a body: method, path, media type.
const BODIES: &[(&str, &str, &str)] = &[
    ("POST", "Jobs", XML),
    ("POST", "Job/1/Tasks", XML),
    ("PUT", "Job/1", XML),
    ("PUT", "Job/1/Task/1", XML),
    ("POST", "Job/1/Submit", XML),
    ("POST", "Job/1/Cancel", XML),
    ("POST", "Job/1/CustomProperties", XML),
    ("POST", "Job/1/EnvVariables", XML),
    ("POST", "Job/1/Task/1/EnvVariables", XML),
    ("POST", "Job/1/Requeue", XML),
    ("POST", "Sessions/Create?durable=False", XML),
    ("POST", "Sessions/Create?durable=False", "application/json"),
];

/// A head node that small inputs cannot make large.
fn node() -> Peer {
    Peer::start(&hpc_pack::KIND, &[("subtask-limit", "1000")])
}

fn send(node: &mut Peer, method: &str, path: &str, media: &str, body: &[u8]) -> Option<Reply> {
    let mut request = request(method, &format!("/WindowsHPC/{path}"), body);
    request.headers.append("api-version", "2012-11-01");
    request.headers.append("Content-Type", media);
    node.ask(&request)
}

/// Sends it, and demands a reply that keeps the promises of every reply.
fn asked(node: &mut Peer, method: &str, path: &str, media: &str, body: &[u8]) -> Reply {
    let reply = send(node, method, path, media, body).expect("the operation answers");
    assert!(
        (200..300).contains(&reply.status) || (400..500).contains(&reply.status),
        "{method} {path}: {}",
        reply.status
    );
    let media = reply.headers.get("Content-Type").unwrap_or_default();
    if media.contains("json") {
        serde_json::from_slice::<serde_json::Value>(&reply.body).expect("a reply in JSON is JSON");
    }
    if media.contains("xml") {
        std::str::from_utf8(&reply.body).expect("a reply in XML is UTF-8");
    }
    reply
}

/// The first byte picks an operation; the rest is its body, in XML or JSON.
pub fn hpc_bodies(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let (method, path, media) = BODIES[usize::from(*first) % BODIES.len()];
    let mut node = node();
    let bag = b"<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"/>";
    asked(&mut node, "POST", "Jobs", XML, bag);
    asked(&mut node, "POST", "Job/1/Tasks", XML, bag);
    asked(&mut node, method, path, media, body);
    for view in [
        "Jobs?RowsPerRead=10",
        "Job/1",
        "Job/1?Render=HpcJobXml",
        "Job/1/Tasks?ExpandParametric=True&RowsPerRead=10",
        "Job/1/EnvVariables",
        "Job/1/CustomProperties",
    ] {
        asked(&mut node, "GET", view, XML, b"");
    }
}

/// A batch of a SOAP service: sent, committed, answered.
pub fn soap_batches(data: &[u8]) {
    batch(data, "False");
}

/// A batch of a generic service; every other encoding by the first byte.
pub fn generic_batches(data: &[u8]) {
    batch(data, "True");
}

fn batch(data: &[u8], generic: &str) {
    let utf16 = generic == "True" && data.first() == Some(&1);
    let (set, body): (&[(&str, &str)], _) = if utf16 {
        (&[("generic-encoding", "utf-16")], &data[1..])
    } else {
        (&[], data)
    };
    let mut node = Peer::start(&hpc_pack::KIND, set);
    let made = asked(
        &mut node,
        "POST",
        "Sessions/Create?durable=False",
        "application/json",
        START.as_bytes(),
    );
    assert_eq!(made.status, 201);
    // With a seed, ids count from 1.
    let at = "Session/1/batch/b";
    let generic = format!("genericservice={generic}");
    asked(
        &mut node,
        "POST",
        &format!("{at}?commit=True&{generic}"),
        OCTETS,
        body,
    );
    asked(
        &mut node,
        "POST",
        &format!("{at}/Response?{generic}&count=-1"),
        OCTETS,
        b"",
    );
    asked(
        &mut node,
        "POST",
        &format!("{at}/Response?{generic}&reset=True&clientdata=x"),
        OCTETS,
        b"",
    );
}

/// A filter, or any other parameters of lists where the text has `&` in it.
pub fn filters(data: &[u8]) {
    let mut text = String::new();
    for byte in data {
        if byte.is_ascii_alphanumeric() || b"&=,$".contains(byte) {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes every text");
        }
    }
    let mut node = node();
    for name in ["a", "b"] {
        let bag = format!(
            "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"><Property><Name>Name</Name>\
             <Value>{name}</Value></Property></ArrayOfProperty>"
        );
        asked(&mut node, "POST", "Jobs", XML, bag.as_bytes());
    }
    for list in ["Jobs", "Nodes", "Job/1/Tasks"] {
        let path = format!("{list}?Render=RestPropRender&$filter={text}");
        let reply = asked(&mut node, "GET", &path, XML, b"");
        // A list goes on where it says that it does.
        if let Some(id) = reply.headers.get("x-ms-continuation-QueryId") {
            let next = format!("{list}?Render=RestPropRender&QueryId={id}");
            asked(&mut node, "GET", &next, XML, b"");
        }
    }
}

/// A job file. What was made of it is written out, read in by another head node, and written out the same.
pub fn job_files(data: &[u8]) {
    let mut first = node();
    if asked(&mut first, "POST", "Jobs/JobFile", XML, data).status != 200 {
        return;
    }
    let view = "Job/1?Render=HpcJobXml";
    let written = asked(&mut first, "GET", view, XML, b"");
    let mut second = node();
    let made = asked(&mut second, "POST", "Jobs/JobFile", XML, &written.body);
    let file = String::from_utf8_lossy(&written.body).into_owned();
    assert_eq!(
        made.status,
        200,
        "{file}\nis refused: {}",
        String::from_utf8_lossy(&made.body)
    );
    let again = asked(&mut second, "GET", view, XML, b"");
    assert_eq!(file, String::from_utf8_lossy(&again.body));
}
