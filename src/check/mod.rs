//! Evaluates matchers: clauses and expectations against an exchange give findings.
//!
//! In: an exchange, the contract or expectations, a scope for templates. Out: findings, and which clauses were kept.
//! It must not know mocks or clients.

mod finding;

pub use finding::{ClauseRef, Diff, Finding};
