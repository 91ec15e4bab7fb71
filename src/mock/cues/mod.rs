//! What is to go wrong, for which requests: cues from a file, from Rust, or from outside while a mock runs.
//!
//! In: cues, and heads of requests. Out: what strikes a request, and why nothing did. It knows a contract only to
//! tell operations apart, and must not know how a strike is carried out.
//!
#![doc = include_str!("../../../docs/cues.md")]

mod book;
mod cue;
mod due;
mod keys;
mod operations;
mod read;
mod read_do;
mod which;
mod write;

#[cfg(test)]
mod any_tests;
#[cfg(test)]
mod tests;

pub use book::{CueBook, CueError, CueId, Placed, Unmatched};
pub use cue::{Cue, Until};
pub use operations::Operations;
pub use read::{Known, read};
pub use which::{Field, Which};

pub(crate) use read::span;
pub(crate) use which::{Compiled, Line};
pub(crate) use write::{body, header};

/// The JSON schema of files of cues, for editors.
#[must_use]
pub fn schema() -> String {
    crate::source::json_schema(&keys::CUES, "Cues of wireproof")
}
