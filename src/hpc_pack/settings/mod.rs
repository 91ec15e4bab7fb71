//! What can be set on the head node: typed for Rust, by name for `--set` and `--help-settings`.
//!
//! A new setting is a field of [`Settings`] and a row of the table.

mod table;
mod types;

#[cfg(test)]
mod tests;

pub(crate) use table::LISTED;
pub use types::{Form, GenericEncoding, Hosting, Settings, SoaNames};
