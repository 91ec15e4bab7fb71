//! wireproof: a mock and conformance harness for HTTP contracts.

pub mod message;
pub mod mock;
