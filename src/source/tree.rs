use super::Span;

/// A node of a YAML document with the place it stands at.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The bytes of the node; of a list or map from its first to its last member.
    pub span: Span,
    /// What it is.
    pub yaml: Yaml,
}

/// The three shapes of YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in written order; keys are scalars. A duplicate key is a problem when read.
    Map(Vec<(Node, Node)>),
}

/// A scalar as written. What it means is asked of it: `"1"` is never a number, `1` is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text with quotes and escapes resolved.
    pub text: String,
    /// Whether it was quoted or a block: then it is text, whatever it looks like.
    pub quoted: bool,
}
