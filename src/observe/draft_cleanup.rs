//! What takes back what a draft makes, where the contract has an operation that obviously does.

use super::{
    draft_steps::Step,
    draft_values::From,
    draft_weave::Weave,
    draft_yaml::{key, quoted},
};
use crate::contract::{Contract, Operation, Segment};
use std::fmt::Write;

/// Words with which the name of such an operation begins, the more thorough first.
const ENDS: [&str; 5] = ["delete-", "remove-", "cancel-", "close-", "end-"];

/// `cleanup:` of a draft: for each thing that a capture identifies.
pub(super) fn cleanup(
    steps: &[Step<'_>],
    contract: &Contract,
    weave: &mut Weave<'_, '_>,
) -> String {
    let mut out = String::new();
    // What was made last goes first.
    let captured = weave.captured();
    let mut captured: Vec<_> = captured
        .map(|(at, var, given)| (at, var.to_owned(), given.clone()))
        .collect();
    captured.reverse();
    for (at, var, given) in &captured {
        let at = *at;
        let by_path = contract
            .operations
            .iter()
            .filter(|operation| takes_in_path(operation, contract, var));
        let by_header = contract.operations.iter().filter(|operation| {
            matches!(&given.from, From::Header(name) if operation
                .request_header
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name)))
        });
        let Some(operation) = thorough(by_path).or_else(|| thorough(by_header)) else {
            continue;
        };
        if out.is_empty() {
            out += "cleanup:\n";
        }
        let _ = writeln!(out, "  - operation: {}", key(&operation.id));
        let mut fields = Vec::new();
        if let From::Header(name) = &given.from
            && operation
                .request_header
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        {
            fields.push(format!(
                "{}: {}",
                key(name),
                quoted(&format!("{{{{ {var} }}}}"))
            ));
        } else {
            let _ = writeln!(
                out,
                "    path: {{ {}: {} }}",
                key(base(var)),
                quoted(&format!("{{{{ {var} }}}}"))
            );
        }
        // How the maker asked, such as the version it gave, holds here too.
        let request = &steps[at].observed.exchange.request;
        for name in &operation.request_header {
            let passing = ["content-length", "content-type", "accept"];
            if passing.iter().any(|known| name.eq_ignore_ascii_case(known))
                || operation
                    .header
                    .iter()
                    .any(|(known, _)| known.eq_ignore_ascii_case(name))
                || matches!(&given.from, From::Header(own) if own.eq_ignore_ascii_case(name))
            {
                continue;
            }
            if let Some(value) = request
                .headers
                .get(name)
                .filter(|value| !value.contains('{'))
            {
                fields.push(format!("{}: {}", key(name), quoted(&weave.text(0, value))));
            }
        }
        if !fields.is_empty() {
            let _ = writeln!(out, "    header: {{ {} }}", fields.join(", "));
        }
        let query: Vec<_> = request
            .query_pairs()
            .into_iter()
            .filter(|(name, value)| operation.query.contains(name) && !value.contains('{'))
            .map(|(name, value)| format!("{}: {}", key(&name), quoted(&weave.text(0, &value))))
            .collect();
        if !query.is_empty() {
            let _ = writeln!(out, "    query: {{ {} }}", query.join(", "));
        }
    }
    out
}

/// The name in a path that a variable stands for: `job` of `job_2`.
fn base(var: &str) -> &str {
    match var.rsplit_once('_') {
        Some((base, number)) if number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => var,
    }
}

/// Whether nothing but that name, and traits of the target, has to be filled into its path.
fn takes_in_path(operation: &Operation, contract: &Contract, var: &str) -> bool {
    operation.paths.iter().any(|pattern| {
        let mut names = pattern.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) if !contract.traits.contains_key(name) => Some(name.as_str()),
            Segment::Rest(name) => Some(name.as_str()),
            Segment::Name(_) | Segment::Literal(_) => None,
        });
        names.next() == Some(base(var)) && names.next().is_none()
    })
}

fn thorough<'c>(operations: impl Iterator<Item = &'c Operation>) -> Option<&'c Operation> {
    operations
        .filter_map(|operation| {
            let rank = ENDS
                .iter()
                .position(|word| operation.id.starts_with(word))?;
            Some((rank, operation))
        })
        .min_by_key(|(rank, operation)| (*rank, operation.id.len()))
        .map(|(_, operation)| operation)
}
