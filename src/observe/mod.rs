//! A checking proxy between a real client and a real server.
//!
//! In: connections. Out: the same bytes on the other side, and every exchange that passed as a value, judged by the contract.
//! It must not change a byte, and nothing that passes may wait for a judgement.
//!
//! # Why
//! The proxy carries bytes and not messages: whatever parses a message and writes it again loses the case of names, the places
//! of chunks or the way a connection ended. Each connection of a client has one of its own to the server, so what is bound to
//! a connection (NTLM) passes through. A tap reads along and finds where messages end; to judge them is left to a thread of its
//! own behind a bounded queue.

mod draft;
mod draft_bodies;
mod draft_cleanup;
mod draft_find;
mod draft_steps;
mod draft_values;
mod draft_weave;
mod draft_yaml;
mod ends;
mod judge;
mod judge_bodies;
mod judge_groups;
mod kept;
mod observed;
mod open;
mod passed;
mod proxy;
mod pump;
mod result;
mod secrets;
mod secrets_body;
mod shared;
mod tap;

pub use draft::{Draft, DraftOptions, Recording, draft, snapshot_path};
pub use judge::{Found, Judgement};
pub use observed::{End, Extent, Observed};
pub use passed::{Flaw, Side, Tally};
pub use proxy::{Proxy, ProxyError, ProxyOptions};
pub use result::result;
pub use secrets::secrets;

#[cfg(test)]
mod tests;
