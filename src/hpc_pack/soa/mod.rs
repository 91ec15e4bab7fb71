//! Sessions of services and their batches: created, attached to, sent to, read, closed, ended by time.
//!
//! In: values. Out: values, or why the broker refuses. It must not know HTTP, XML or JSON.

mod batch;
mod batches;
mod message;
mod refused;
mod service;
mod session;
mod store;

pub(crate) use batch::Delivery;
pub(crate) use message::{Message, Output, Reason, Response, Status, Wanted, Work};
pub(crate) use refused::Refused;
pub use service::{Service, ServiceAnswer};
pub(crate) use service::{Version, built_in};
pub(crate) use session::{Session, Start};
pub(crate) use store::Soa;
