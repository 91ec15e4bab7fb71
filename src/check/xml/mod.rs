//! XML bodies: read within limits into a tree, asked by XPath, written again.
//!
//! In: the bytes of a body. Out: a [`Document`], or a sentence that says why it is none. It must not know contracts.

mod tree;
mod write;
mod xpath;

pub(crate) use tree::{Attribute, Document, Element, Node, XSI, parse};
pub(crate) use write::{pretty, write};
pub(crate) use xpath::{Dom, Selected};
