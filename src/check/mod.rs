//! Evaluates matchers: clauses and expectations against an exchange give findings.
//!
//! In: an exchange, the contract or expectations, a scope for templates. Out: findings, and which clauses were kept.
//! It must not know mocks or clients.

pub(crate) mod body;
mod capture;
mod expectation;
mod explain;
mod finding;
mod json;
mod judge;
mod matcher;
mod message;
mod mismatch;
mod named;
mod render;
mod shape;
mod summary;
mod text;
mod types;
mod value;
mod view;
mod xml;

pub(crate) use body::Subject;
pub(crate) use matcher::plain as as_text;
pub(crate) use render::Env;
pub(crate) use types::word as type_word;
/// The readers of bodies, for whoever changes bodies.
pub(crate) mod bodies {
    pub(crate) use super::{
        json::{compiled as json_path, parse as parse_json},
        xml::{
            Document, Dom, Node, OwnedElement as Element, Selected, parse_owned as parse_xml, write,
        },
    };
}

pub use finding::{ClauseRef, Diff, Finding};
pub use judge::{Judge, Judged, clause_ref, holds};
pub use mismatch::Mismatch;
pub use render::Wrong;

#[cfg(test)]
mod tests;
