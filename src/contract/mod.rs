//! What the documents promise: documents, operations, clauses, and which operation a request is.
//!
//! In: `contract.yaml` as a located tree. Out: a [`Contract`] with every family of clauses expanded.
//! It must not know scenarios, mocks or how a clause is evaluated.

mod expectation;
mod types;

pub use expectation::{BodyExpectation, Expectation, RequestExpectation};
pub use types::{
    Clause, Contract, Counterexample, Document, DocumentedReply, Edit, InPractice, Judges,
    Latitude, Level, Omitted, Operation, PathPattern, ProvedBy, Redaction, Segment, Shape,
    ShapeMember, Trait, XmlChange,
};
