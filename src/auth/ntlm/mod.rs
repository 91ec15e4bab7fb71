//! NTLMv2 as \[MS-NLMP\] describes it, without signing and sealing, which HTTP does not use.
//!
//! Three messages: the client's [`negotiate`], the server's [`challenge`], the client's [`authenticate`], which the
//! server reads as an [`Authenticate`]. Each stands in base64 behind the scheme in `Authorization` or
//! `WWW-Authenticate`; the caller sees to it that all three use one connection.
//!
//! # Why
//! The crates that speak it either refuse curl's first message or let in any password from a client that sends
//! no integrity code. Here the proof of the password is always checked; the code over the messages never, since
//! what it protects, the negotiated flags, is not used.

mod client;
mod crypto;
mod message;
mod server;

pub use client::{authenticate, negotiate};
pub use message::{Kind, NtlmError, Token};
pub use server::{Authenticate, challenge};
