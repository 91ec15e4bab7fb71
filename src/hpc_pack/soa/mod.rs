//! Sessions of services: created, attached to, closed, ended by time.
//!
//! In: values. Out: values, or why the broker refuses. It must not know HTTP, XML or JSON.

mod refused;
mod service;
mod session;
mod store;

pub(crate) use refused::Refused;
pub(crate) use service::{Service, Version, built_in};
pub(crate) use session::{Session, Start};
pub(crate) use store::Soa;
