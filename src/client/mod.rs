//! Sends a request exactly as asked and tells how the exchange went.
//!
//! In: an [`Outgoing`], complete but for `Host`, `Content-Length` and credentials. Out: an [`Exchange`](crate::message::Exchange),
//! never an error: a connection that broke is a value. It must not know scenarios, contracts or what a reply should be.
//!
//! # Why two ways
//! reqwest sends what it can send unchanged: plain HTTP/1.1 with an `Accept` and names in `Title-Case`. For all else (it always
//! adds `Accept`, normalises paths, changes the case of names, hides how a connection broke) bytes are written and read here,
//! with `httparse` for heads. One test compares the bytes of both.

mod connections;
mod credentials;
mod dial;
mod exact;
#[cfg(test)]
mod framing_tests;
mod head;
mod ntlm;
mod outgoing;
mod pooled;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;

pub use connections::{Client, ClientError, ClientOptions, Connections};
pub use credentials::{Credentials, Scheme};
pub(crate) use dial::{Stream, dial};
pub(crate) use exact::read_reply;
pub(crate) use head::{empty_lines, framing, keeps, parse as parse_reply, shown};
pub use outgoing::{CutAt, Limits, Origin, OriginError, Outgoing};
pub use tls::{TlsError, TlsOptions};
