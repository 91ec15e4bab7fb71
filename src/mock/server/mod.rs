//! The door of our own: HTTP/1.0 and 1.1 over TCP or TLS, as exact as a mock needs it.
//!
//! In: connections. Out: what the model answers, byte for byte, and a journal of it. It knows a model only by
//! its trait and must not know any protocol above HTTP.
//!
//! # Why
//! Heads are parsed by `httparse`, the parser of hyper, but the loop around it is ours. With hyper's server on
//! top, header names of requests are lost, a reply of HTTP/1.1 cannot end with its connection, a head that is
//! too large or too slow is answered before the model can word it, each request is converted twice, and every
//! defect needs a second layer that guesses which reply the bytes belong to.

mod accept;
mod ask;
mod body;
mod connection;
mod exchange;
mod guard;
mod head;
mod intake;
mod limits;
mod lives;
mod options;
mod reply;
mod room;
mod send;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use accept::Server;
pub use limits::Limits;
pub use options::{Auth, ServerError, ServerOptions};

pub(crate) use body::{Step, Unframed};
pub(crate) use head::{Parsed, looks_like_request, parse, reply_of, text};
pub(crate) use wire::Wire;
