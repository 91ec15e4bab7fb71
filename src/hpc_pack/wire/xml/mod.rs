//! XML as this service speaks it: a small tree out of bytes, and text without insignificant white space.
//!
//! In: bodies of strangers. DTDs, deep nesting, too many elements, other encodings than UTF-8 are
//! refused; any prefix may stand for a namespace. It must not know what the elements mean.

mod reader;
mod writer;

pub(crate) use reader::{Element, Malformed, each_child, parse};
pub(crate) use writer::Writer;
