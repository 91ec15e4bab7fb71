//! The contract of BITS uploads against facts that were written down from the documents independently of it.

use crate::Case;
use serde_json::Value;
use std::collections::BTreeSet;
use wireproof::{
    contract::{Clause, Contract},
    suite::SuiteFiles,
};

pub(crate) const CASES: &[Case] = &[
    (
        "each packet is an operation with the headers of the documents",
        &[],
        packets,
    ),
    (
        "every status and code that a clause names is one that the documents give",
        &[],
        clauses,
    ),
    (
        "every code of the documents is named by a clause, or it is said why not",
        &[],
        codes,
    ),
];

/// Codes that no client can bring about at will, or that no stance asks for.
const NOT_ASKED: &[(&str, &str)] = &[
    (
        "0x80070005",
        "no permission, uploads not enabled, file exists: several codes are in use, so statuses are judged (A05, A25)",
    ),
    (
        "0x80070070",
        "a full disk cannot be brought about from outside",
    ),
    (
        "0x80070112",
        "needs a server application that keeps silent for five minutes",
    ),
    (
        "0x80200023",
        "needs a misconfigured directory; no status is documented with it (A26)",
    ),
];

/// Statuses that a stance accepts besides those of the documents: HTTP itself has them for what is too large or encoded in another way.
const ACCEPTED: &[(&str, u64)] = &[
    ("oversized-header", 413),
    ("oversized-header", 431),
    ("fragment.unsupported-encoding", 415),
];

fn facts() -> Vec<Value> {
    let all: Vec<Value> =
        serde_json::from_str(include_str!("../data/bits-upload-packets.json")).unwrap();
    all.into_iter()
        .filter(|fact| fact["request"]["method"] == "BITS_POST")
        .collect()
}

fn contract() -> Contract {
    let files = SuiteFiles::embedded("bits-upload").unwrap();
    files
        .contract()
        .unwrap_or_else(|_| panic!("the contract cannot be read"))
}

fn array<'f>(fact: &'f Value, name: &str) -> impl Iterator<Item = &'f Value> {
    fact[name].as_array().into_iter().flatten()
}

/// The names of header fields whose demand passes.
fn names(message: &Value, demanded: impl Fn(&str) -> bool) -> BTreeSet<&str> {
    array(message, "headers")
        .filter(|header| demanded(header["required"].as_str().unwrap()))
        .map(|header| header["name"].as_str().unwrap())
        .collect()
}

fn packets() {
    let contract = contract();
    let facts = facts();
    let documented: BTreeSet<&str> = facts
        .iter()
        .map(|fact| fact["id"].as_str().unwrap())
        .collect();
    let ours = contract
        .operations
        .iter()
        .filter(|operation| operation.method == "BITS_POST");
    let mut ours: BTreeSet<&str> = ours.map(|operation| operation.id.as_str()).collect();
    // No operation: what the protocol does not know is nobody's.
    ours.insert("unknown-packet");
    assert_eq!(ours, documented);
    for fact in facts.iter().filter(|fact| fact["id"] != "unknown-packet") {
        let id = fact["id"].as_str().unwrap();
        let operation = contract.operation(id).unwrap();
        let packet = ("BITS-Packet-Type".to_owned(), id.to_owned());
        assert!(
            operation
                .header
                .iter()
                .any(|header| header.0 == packet.0 && header.1.eq_ignore_ascii_case(&packet.1)),
            "{id}"
        );
        let sent: BTreeSet<&str> = operation
            .request_header
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!(
            sent,
            names(&fact["request"], |demand| !demand.starts_with("NO")),
            "{id}"
        );

        let replies: BTreeSet<&str> = operation
            .reply
            .header
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let mut all = BTreeSet::new();
        let mut statuses = BTreeSet::new();
        for response in array(fact, "responses") {
            all.extend(names(response, |_| true));
            if let Some(status @ 200..=299) = response["status"].as_u64() {
                statuses.insert(status);
                let missing: Vec<_> = names(response, |_| true)
                    .difference(&replies)
                    .copied()
                    .collect();
                assert!(missing.is_empty(), "{id} lacks {missing:?}");
            }
        }
        let invented: Vec<_> = replies.difference(&all).collect();
        assert!(
            invented.is_empty(),
            "{id} has {invented:?}, which no document lists"
        );
        for status in &operation.reply.status {
            assert!(statuses.contains(&u64::from(*status)), "{id}: {status}");
        }
        assert!(operation.reply.empty, "{id}");
    }
}

/// The error codes in a text, in capitals behind `0x`.
fn codes_in(text: &str) -> Vec<String> {
    text.match_indices("0x8")
        .filter_map(|(at, _)| text.get(at + 2..at + 10))
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .map(|digits| format!("0x{}", digits.to_ascii_uppercase()))
        .collect()
}

/// The statuses in a sentence: numbers of three digits that count no characters.
fn statuses_in(says: &str) -> Vec<u64> {
    let words: Vec<_> = says.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let units = words.iter().skip(1).chain([&""]);
    words
        .iter()
        .zip(units)
        .filter(|(word, unit)| word.len() == 3 && **unit != "characters")
        .filter_map(|(word, _)| word.parse().ok())
        .filter(|status| (200..600).contains(status))
        .collect()
}

/// The packets that a clause is about: those it is on, or the first word of its id; all of them where it names none.
fn about<'f>(clause: &Clause, facts: &'f [Value]) -> Vec<&'f Value> {
    let named = |id: &str| {
        clause.on.iter().any(|on| on == id)
            || clause.family.as_deref() == Some(id)
            || clause.id.split('.').next() == Some(id)
    };
    let found: Vec<_> = facts
        .iter()
        .filter(|fact| named(fact["id"].as_str().unwrap()))
        .collect();
    if found.is_empty() {
        facts.iter().collect()
    } else {
        found
    }
}

fn clauses() {
    let (contract, facts) = (contract(), facts());
    let mut seen = 0;
    // GET is not of this protocol.
    for clause in contract
        .clauses
        .iter()
        .filter(|clause| !clause.id.starts_with("fetch."))
    {
        let (codes, statuses) = (codes_in(&clause.says), statuses_in(&clause.says));
        let about = about(clause, &facts);
        let responses: Vec<_> = about
            .iter()
            .flat_map(|fact| array(fact, "responses"))
            .collect();
        let gives = |status: Option<u64>, code: Option<&String>| {
            responses.iter().any(|response| {
                let printed = response["error_code"].as_str().unwrap_or_default();
                status.is_none_or(|status| response["status"] == status)
                    && code.is_none_or(|code| codes_in(printed).contains(code))
            })
        };
        for status in &statuses {
            assert!(
                gives(Some(*status), None) || ACCEPTED.contains(&(clause.id.as_str(), *status)),
                "{}: no document gives {status}",
                clause.id
            );
        }
        for code in &codes {
            assert!(
                gives(None, Some(code)),
                "{}: no document gives {code}",
                clause.id
            );
        }
        if let ([status], [code]) = (statuses.as_slice(), codes.as_slice()) {
            assert!(
                gives(Some(*status), Some(code)),
                "{}: {status} comes with another code than {code}",
                clause.id
            );
        }
        seen += statuses.len() + codes.len();
    }
    assert!(seen >= 20, "only {seen} statuses and codes were looked at");
}

fn codes() {
    let contract = contract();
    let facts = facts();
    let named: BTreeSet<String> = contract
        .clauses
        .iter()
        .flat_map(|clause| codes_in(&clause.says))
        .collect();
    let printed: BTreeSet<String> = facts
        .iter()
        .flat_map(|fact| array(fact, "responses"))
        .filter_map(|response| response["error_code"].as_str())
        .flat_map(codes_in)
        .collect();
    assert!(printed.len() >= 5, "{printed:?}");
    for code in &printed {
        let excused = NOT_ASKED.iter().any(|(known, _)| known == code);
        assert_ne!(named.contains(code), excused, "{code}");
    }
}
