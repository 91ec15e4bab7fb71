//! Who is asking: `Basic` (RFC 7617) and NTLMv2 (\[MS-NLMP\]), for both ends of a connection.
//!
//! In: names, passwords and the values of `Authorization` and `WWW-Authenticate`. Out: the value that answers,
//! or whether it proves the password. It must not know connections, and never prints a secret.

mod basic;
pub mod ntlm;
mod user;

pub use basic::Basic;
pub use user::User;
