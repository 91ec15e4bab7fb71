//! What a person writes: YAML read once into a located tree, readers that collect every mistake,
//! and the syntax of templates and matchers.
//!
//! In: the text of a file. Out: a tree with byte spans, and [`Problems`]. It must not know what a
//! contract or a scenario is.

mod excerpt;
mod literal;
mod matcher;
mod message_object;
mod parse;
mod place;
mod problem;
mod read;
mod read_matcher;
mod schema;
mod scope;
mod table;
mod template;
mod toml;
mod tree;
mod unquoted;
mod value;
pub(crate) mod xpath;

pub(crate) use read::{Fields, Reading, nearest, suggestion};
pub(crate) use read_matcher::MATCHER;
pub(crate) use schema::json_schema;
pub(crate) use table::{Key, Shape as KeyShape, Table};
pub(crate) use tree::{is_inexact, quoted};
pub(crate) use unquoted::unquoted;

pub use matcher::{Literal, Matcher, MatcherKind, Order, Type};
pub use place::{Place, SourceFile, Span};
pub use problem::{Look, Problem, Problems};
pub use scope::Scope;
pub use template::{Template, TemplateError};
pub use tree::{Meaning, Node, Scalar, Yaml};
