//! Bodies that nobody can read, or that are missing.

use super::{BAG, furnished, good_body, is_fault, path_with, seen, with};
use crate::hpc_pack::{
    Settings,
    wire::{Accepts, Method, ROUTES},
};

/// Bodies that nobody takes, and what is wrong with them.
fn wrong_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let root = |inner: &str| format!("{BAG}{inner}</ArrayOfProperty>").into_bytes();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text =
            format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-16\"?>{BAG}</ArrayOfProperty>");
        text.encode_utf16().flat_map(bytes).collect()
    };
    let deep = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    let bomb = "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;&x;&x;&x;&x;&x;'>]>";
    vec![
        ("no XML", b"Name=first".to_vec()),
        ("JSON", br#"{"Name":"first"}"#.to_vec()),
        ("a lone bracket", b"<".to_vec()),
        ("a tag that is cut", b"<ArrayOfProperty xmlns=\"http://sche".to_vec()),
        ("a document that is cut", root("")[..BAG.len()].to_vec()),
        ("an end that fits no start", format!("{BAG}</ArrayOfObject>").into_bytes()),
        ("two roots", [root(""), root("")].concat()),
        ("text behind the root", [root(""), b"x".to_vec()].concat()),
        ("another root", b"<ArrayOfObject xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"/>".to_vec()),
        ("another namespace", b"<ArrayOfProperty xmlns=\"http://example.com/\"><Property><Name>Name</Name></Property></ArrayOfProperty>".to_vec()),
        ("no namespace", b"<ArrayOfProperty><Property><Name>Name</Name><Value>x</Value></Property></ArrayOfProperty>".to_vec()),
        ("a prefix that is not declared", b"<q:ArrayOfProperty/>".to_vec()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("Latin-1", [BAG.as_bytes(), b"<Property><Name>Name</Name><Value>\xE9</Value></Property></ArrayOfProperty>"].concat()),
        ("Latin-1 that says so", [b"<?xml version='1.0' encoding='iso-8859-1'?>".to_vec(), root("")].concat()),
        ("a DTD", [b"<!DOCTYPE a>".to_vec(), root("")].concat()),
        ("a DTD with entities", [bomb.as_bytes(), &root("<Property><Name>Name</Name><Value>&y;</Value></Property>")].concat()),
        ("a file asked for", [b"<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>".to_vec(), root("<Property><Name>Name</Name><Value>&f;</Value></Property>")].concat()),
        ("an entity of nobody", root("<Property><Name>Name</Name><Value>&nbsp;</Value></Property>")),
        ("ten thousand levels", root(&deep(10_000))),
        ("a hundred thousand levels that are not closed", "<a>".repeat(100_000).into_bytes()),
        ("a NUL", root("<Property><Name>Name</Name><Value>\0</Value></Property>")),
        ("an attribute twice", b"<ArrayOfProperty a='1' a='2' xmlns='http://schemas.microsoft.com/HPCS2008R2/common'/>".to_vec()),
    ]
}

#[test]
fn a_body_that_cannot_be_read_is_a_fault_on_every_operation_that_takes_one() {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    for route in ROUTES.iter().filter(|route| route.accepts != Accepts::None) {
        let line = path_with(route, usize::MAX, "");
        let (media, _) = good_body(route);
        for (what, body) in wrong_bodies() {
            let any_root = route.accepts == Accepts::Octets;
            if any_root && matches!(what, "another root" | "another namespace" | "no namespace") {
                continue;
            }
            for media in [media, "application/xml"] {
                if any_root && media == "application/xml" {
                    continue;
                }
                let query = if route.id == "create_session" {
                    "?durable=False"
                } else {
                    ""
                };
                let reply = bench.ask(&with(&format!("{line}{query}"), media, &body));
                is_fault(&format!("{line} with {what}"), &reply);
                assert_eq!(reply.status, 400, "{line} with {what}");
            }
        }
        // Of a type that nobody takes, or in an encoding that nobody reads.
        let (_, content) = good_body(route);
        for media in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml; charset=utf-16",
            ";",
            "xml",
        ] {
            let reply = bench.ask(&with(&line, media, &content));
            is_fault(&format!("{line} of type {media}"), &reply);
            let wanted: &[u16] = if route.id == "create_session" {
                &[400, 415]
            } else {
                &[415]
            };
            assert!(
                wanted.contains(&reply.status),
                "{line} of type {media}: {}",
                reply.status
            );
        }
    }
    assert_eq!(seen(&mut bench), before);
}

#[test]
fn an_empty_body_does_where_the_pages_allow_it_and_nowhere_else() {
    for route in ROUTES.iter().filter(|route| route.method != Method::Get) {
        let mut bench = furnished(Settings::default());
        let (media, _) = good_body(route);
        let query = if route.id == "create_session" {
            "?durable=False"
        } else {
            ""
        };
        let line = format!("{}{query}", path_with(route, usize::MAX, ""));
        let reply = bench.ask(&with(&line, media, b""));
        match route.id {
            "create_job_from_xml" | "create_session" | "send_requests" => is_fault(&line, &reply),
            _ => assert!(reply.status < 500, "{line}: {}", reply.status),
        }
    }
}
