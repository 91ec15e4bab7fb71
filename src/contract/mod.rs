//! What the documents promise: documents, operations, clauses, and which operation a request is.
//!
//! In: `contract.yaml` as a located tree. Out: a [`Contract`] with every family of clauses expanded.
//! It must not know scenarios, mocks or how a clause is evaluated.

mod counterexample_keys;
mod expectation;
pub(crate) mod expectation_keys;
mod find;
pub(crate) mod keys;
mod names;
mod paths;
mod pattern;
mod read;
mod read_clause;
mod read_edit;
mod read_expectation;
mod read_named;
mod read_operation;
mod types;

#[cfg(test)]
pub(crate) use names::LIMITS;
pub(crate) use names::known_names;
pub(crate) use paths::{PathKind, check_path};
pub(crate) use pattern::SEGMENT;
pub(crate) use read::check_variable_name;
pub(crate) use read_expectation::{
    Vocabulary, read_expectation, read_fields, read_offset, read_slice,
};
pub(crate) use read_operation::read_traits;

pub use expectation::{BodyExpectation, Expectation, Named, RequestExpectation};
pub use find::operation_scope;
pub use read::read;
pub(crate) use types::REAL_SERVER;
pub use types::{
    Clause, Contract, Counterexample, Document, DocumentedReply, Edit, InPractice, Judges,
    Latitude, Level, Omitted, Operation, PathPattern, ProvedBy, Redaction, Segment, Shape,
    ShapeMember, Trait, XmlChange,
};

/// The JSON schema of contract files, for editors.
#[must_use]
pub fn schema() -> String {
    crate::source::json_schema(&keys::CONTRACT, "A contract of wireproof")
}

#[cfg(test)]
mod mistakes_tests;
#[cfg(test)]
#[path = "read_tests.rs"]
pub(crate) mod tests;
