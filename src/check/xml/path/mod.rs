//! What an XPath gives in a document.
//!
//! In: an expression as `source::xpath` reads it, a [`Tree`](super::Tree), prefixes. Out: a [`Value`], or what the
//! writer of the expression did wrong. It must not know who asks, nor change the document.

mod axes;
mod compare;
mod evaluate;
mod steps;
mod values;

pub(crate) use evaluate::{Evaluation, Stand};
pub(crate) use values::{Value, number_of};
