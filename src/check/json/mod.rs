//! JSON bodies: read within limits into a tree, asked by JSONPath, laid out.
//!
//! In: the bytes of a body. Out: a [`Tree`], or why it is none. It must not know contracts.

mod path;
mod pretty;
mod query;
mod read;
mod tree;

pub(crate) use path::{compiled, is_singular, parse};
pub(crate) use pretty::{Layout, pretty};
pub(crate) use query::select;
pub(crate) use read::read;
pub(crate) use tree::{Json, Tree};

/// Why a body was not read.
pub(crate) use super::xml::Unread;

#[cfg(test)]
mod tests;
