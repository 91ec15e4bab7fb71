//! What a person writes: YAML read once into a located tree, readers that collect every mistake,
//! and the syntax of templates and matchers.
//!
//! In: the text of a file. Out: a tree with byte spans, and [`Problems`]. It must not know what a
//! contract or a scenario is.

mod matcher;
mod place;
mod template;
mod tree;

pub use matcher::{Literal, Matcher, MatcherKind, Type};
pub use place::{Place, Problem, Problems, SourceFile, Span};
pub use template::{Scope, Template, TemplateError};
pub use tree::{Node, Scalar, Yaml};
