//! Snapshots: what the replies of a scenario look like, with everything masked that the contract does not fix.
//!
//! In: the last exchange of each step, the contract, a snapshot file or one from the program. Out: canonical text, findings
//! with only what differs, and files in insta's format. It must not know mocks or clients.

mod assert;
mod canonical;
mod compare;
mod file;
mod redact;

pub use assert::assert;
pub use canonical::{Recorded, record};
pub use compare::{compare, statuses_of};
pub use file::{Header, SnapshotError, contents, path, read};
pub use redact::Names;

#[cfg(test)]
mod tests;
