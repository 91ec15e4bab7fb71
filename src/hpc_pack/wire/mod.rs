//! Requests of strangers to calls of the domain, and what the domain says to replies.
//!
//! It knows HTTP, XML and JSON as the pages print them; it must not decide what a scheduler or a
//! session does.

mod accept;
mod bags;
mod batch;
mod call;
mod cued;
mod dispatch;
mod envelopes;
mod faults;
mod json;
mod names;
mod operations;
mod query;
mod records;
mod refusals;
mod routes;
pub(crate) mod rules;
mod scheduler;
mod scheduler_lists;
mod scheduler_tasks;
mod scheduler_xml;
mod secrets;
mod session;
mod session_info;
mod start_info;
mod versions;
mod xml;

pub(crate) use accept::{Media, negotiate};
pub(crate) use call::{Call, Flow, Params, Rest, WireReply};
pub(crate) use cued::{FAULTS, cued};
pub(crate) use dispatch::dispatch;
pub(crate) use faults::{Fault, code};
pub(crate) use names::{HEADER_NAMES, media, ns};
#[cfg(test)]
pub(crate) use operations::ROUTES;
pub(crate) use operations::{Accepts, Method, Operation, Route, Rules};
pub(crate) use query::Query;
pub(crate) use routes::{Found, find};
pub(crate) use secrets::{mask, mask_reply};
pub(crate) use versions::{ApiVersion, Shape, Stated, shape};
