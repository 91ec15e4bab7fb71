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
mod mismatch;
mod render;
mod shape;
mod text;
mod types;
mod value;
mod view;
mod xml;

pub(crate) use body::Subject;
pub(crate) use types::word as type_word;

pub use finding::{ClauseRef, Diff, Finding};
pub use judge::{Judge, Judged, clause_ref, holds};
pub use mismatch::Mismatch;
pub use render::Wrong;
