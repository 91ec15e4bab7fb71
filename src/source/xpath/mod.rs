//! XPath 1.0 as it is written: text to an expression. What it gives is found in `check`.
//!
//! In: the text of a path. Out: an [`Expr`], or what is wrong and where. It must not know documents, nor which prefixes
//! there are.
//!
//! Everything of the recommendation but the namespace axis, variables, `id` and `lang`, for which no document of a
//! server that is judged has a use.

mod expr;
mod parse;
mod tokens;

#[cfg(test)]
mod tests;

pub(crate) use expr::{Axis, Comparison, Expr, Function, Operator, Start, Step, Test};
pub(crate) use parse::parse;
pub(crate) use tokens::name_length;
