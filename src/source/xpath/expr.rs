//! What an expression consists of.
//!
//! Plain values, which are made by `parse` and read where an expression is evaluated. It must not know how they are
//! written.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Text(String),
    Number(f64),
    Call(Function, Vec<Expr>),
    Path(Start, Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    /// At the document.
    Root,
    /// Where one stands.
    Here,
    /// At what an expression gives, as far as its predicates hold.
    At(Box<Expr>, Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) axis: Axis,
    pub(crate) test: Test,
    pub(crate) predicates: Vec<Expr>,
}

/// What a node of a step must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// `node()`
    Any,
    /// `text()`
    Text,
    /// `comment()` or `processing-instruction()`: no tree has them.
    Nothing,
    /// `*`
    Named,
    /// `p:*`
    Prefix(String),
    /// `name` or `p:name`
    Name(Option<String>, String),
}

/// Pairs of variants and the words for them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            pub(super) fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// Which nodes a step goes to.
    Axis {
        Ancestor = "ancestor",
        AncestorOrSelf = "ancestor-or-self",
        Attribute = "attribute",
        Child = "child",
        Descendant = "descendant",
        DescendantOrSelf = "descendant-or-self",
        Following = "following",
        FollowingSibling = "following-sibling",
        Parent = "parent",
        Preceding = "preceding",
        PrecedingSibling = "preceding-sibling",
        Itself = "self",
    }
}

words! {
    Function {
        Boolean = "boolean",
        Ceiling = "ceiling",
        Concat = "concat",
        Contains = "contains",
        Count = "count",
        False = "false",
        Floor = "floor",
        Last = "last",
        LocalName = "local-name",
        Name = "name",
        NamespaceUri = "namespace-uri",
        NormalizeSpace = "normalize-space",
        Not = "not",
        Number = "number",
        Position = "position",
        Round = "round",
        StartsWith = "starts-with",
        String = "string",
        StringLength = "string-length",
        Substring = "substring",
        SubstringAfter = "substring-after",
        SubstringBefore = "substring-before",
        Sum = "sum",
        Translate = "translate",
        True = "true",
    }
}

impl Function {
    /// The fewest and the most arguments it takes.
    pub(super) fn takes(self) -> (usize, usize) {
        match self {
            Self::Last | Self::Position | Self::True | Self::False => (0, 0),
            Self::LocalName
            | Self::Name
            | Self::NamespaceUri
            | Self::NormalizeSpace
            | Self::Number
            | Self::String
            | Self::StringLength => (0, 1),
            Self::Boolean
            | Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Not
            | Self::Round
            | Self::Sum => (1, 1),
            Self::Contains | Self::StartsWith | Self::SubstringAfter | Self::SubstringBefore => {
                (2, 2)
            }
            Self::Substring => (2, 3),
            Self::Translate => (3, 3),
            Self::Concat => (2, usize::MAX),
        }
    }
}
