//! The HPC Pack head node: a stateful mock of the web service under `/WindowsHPC`.
//!
//! In: requests as [`crate::mock::Model`] gets them. Out: replies as documented, or deviating where a
//! quirk says so. `domain` and `soa` know nothing of HTTP, XML or JSON; `wire` is mostly tables.
//!
//! # How an operation is plugged in
//! A row of `wire::routes` fixes method, path, rules and status. `wire::dispatch` names for each
//! operation one function `fn(&HeadNode, &Call) -> Result<Flow, Fault>`; it is called after route,
//! versions, `Content-Type` and the length of the body have been found good, with the whole body in
//! `Call::body`. It gives back a `WireReply` (status of the row unless it names another; common headers
//! are added behind it) or a `Fault`, which gets its documented shape behind it.

mod collected;
mod domain;
mod model;
mod quirks;
mod service_file;
mod settings;
mod soa;
mod wire;

#[cfg(test)]
mod tests;

pub use model::{HeadNode, KIND};
pub use settings::{Form, GenericEncoding, Hosting, Settings, SoaNames};
pub use soa::{Service, ServiceAnswer};

pub(crate) use quirks::{Quirk, Quirks};

/// The id of its suite and contract.
pub(crate) const SUITE: &str = "hpc-pack";
