//! A scenario file as written: a conversation of steps and what is expected of each reply.
//!
//! In: a YAML file as a located tree, and the contract it names. Out: a [`Scenario`], or every mistake in it. It must not
//! know targets or how anything is sent.

mod flow;
pub(crate) mod keys;
mod parts;
mod read;
mod read_capture;
mod read_step;
mod types;

pub use read::{read, read_sequences};
pub use types::{
    Auth, BodySource, Capture, CaptureFrom, Connection, Cut, Effects, Expect, Repeat, Scenario,
    Send, Sequence, Step, StepKind, Suite, Var,
};

/// The JSON schema of scenario files, for editors.
#[must_use]
pub fn schema() -> String {
    crate::source::json_schema(&keys::SCENARIO, "A scenario of wireproof")
}

#[cfg(test)]
mod mistakes_tests;
