//! How the protocol looks in HTTP: packets and their headers, errors and their codes, ranges, targets.
//!
//! In: heads of requests. Out: what the domain understands, and replies. It keeps no state.

mod ack;
mod content_range;
mod errors;
mod fetch;
mod notify;
mod packets;
mod target;

pub(crate) use ack::Acks;
pub(crate) use content_range::{ContentRange, parse};
#[cfg(test)]
pub(crate) use errors::{ERRORS, row_of};
pub(crate) use fetch::fetch;
pub(crate) use notify::{Files, answer, application_url, question, reply_url};
pub(crate) use packets::{Packet, is_known_header};
pub(crate) use target::{Target, file_name};

/// The only protocol there is: BITS 1.5 upload.
pub(crate) const PROTOCOL: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

/// All header fields that the server sends, in their documented case.
pub(crate) const HEADER_NAMES: &[&str] = &[
    "BITS-Packet-Type",
    "BITS-Protocol",
    "BITS-Session-Id",
    "BITS-Host-Id",
    "BITS-Host-Id-Fallback-Timeout",
    "BITS-Received-Content-Range",
    "BITS-Received-Range",
    "BITS-Reply-URL",
    "BITS-Error",
    "BITS-Error-Code",
    "BITS-Error-Context",
    "Accept-Encoding",
    "Content-Length",
    "Content-Type",
    "Content-Range",
    "Accept-Ranges",
    "Last-Modified",
    "Allow",
    "Connection",
    "Date",
];
