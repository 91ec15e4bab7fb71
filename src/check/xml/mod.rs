//! XML bodies: read within limits into a tree, asked by XPath, laid out, changed and written again.
//!
//! In: the bytes of a body. Out: a [`Tree`], or why it is none. It must not know contracts.

mod functions;
mod names;
mod owned;
mod path;
mod pretty;
mod read;
mod text;
mod tree;
mod write;
mod xpath;

#[cfg(test)]
mod tests;

pub(crate) use owned::{Document, Element as OwnedElement, Node, parse as parse_owned};
pub(crate) use pretty::{Layout, pretty};
pub(crate) use tree::{Element, Tree, parse};
pub(crate) use write::write;
pub(crate) use xpath::{Dom, Found, Place, Selected, find, place, select};

/// Why a body was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is not what it should be.
    No(String),
    /// It is more than we read: nobody can say what it is.
    TooMuch(String),
    /// It has this whole number, of more digits than are told apart.
    Inexact(String),
}
