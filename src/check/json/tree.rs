use serde_json::{Map, Number, Value};

/// A whole document: twelve bytes for each name and value, in the order of the document, which say where in the body
/// it stands.
///
/// # Why
/// As for [`crate::check::xml::Tree`]: a value of `serde_json` takes some hundred bytes.
#[derive(Debug)]
pub(crate) struct Tree<'b> {
    pub(super) body: &'b [u8],
    /// Texts that are written with escapes, without them.
    pub(super) unescaped: String,
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Where a text begins; of lists and objects the first node behind them; of numbers the lower half.
    pub(super) from: u32,
    /// How long a text is; how much a list or object holds; of numbers the upper half.
    pub(super) size: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    False,
    True,
    Unsigned,
    Signed,
    Float,
    /// As it stands in the body.
    Text,
    /// One of those without their escapes.
    Unescaped,
    Array,
    Object,
    /// The name of a member, before its value, as it stands in the body.
    Name,
    UnescapedName,
}

/// A value of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Json<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) at: u32,
}

impl Tree<'_> {
    /// The value that the body is.
    pub(crate) fn root(&self) -> Json<'_> {
        Json { tree: self, at: 0 }
    }

    /// The value of that number.
    pub(crate) fn value(&self, at: u32) -> Json<'_> {
        Json { tree: self, at }
    }

    pub(super) fn node(&self, at: u32) -> Node {
        self.nodes[at as usize]
    }

    pub(super) fn text(&self, node: Node) -> &str {
        let range = node.from as usize..(node.from + node.size) as usize;
        match node.kind {
            Kind::Unescaped | Kind::UnescapedName => &self.unescaped[range],
            _ => std::str::from_utf8(&self.body[range]).unwrap_or_default(),
        }
    }
}

impl<'t> Json<'t> {
    pub(super) fn node(self) -> Node {
        self.tree.node(self.at)
    }

    /// What tells it from all others of its tree.
    pub(crate) fn number(self) -> u32 {
        self.at
    }

    fn to(self, at: u32) -> Self {
        Self { at, ..self }
    }

    /// The first node behind it and all that is in it.
    pub(super) fn behind(self) -> u32 {
        match self.node() {
            Node {
                kind: Kind::Array | Kind::Object,
                from,
                ..
            } => from,
            _ => self.at + 1,
        }
    }

    pub(crate) fn is_null(self) -> bool {
        self.node().kind == Kind::Null
    }

    pub(crate) fn is_array(self) -> bool {
        self.node().kind == Kind::Array
    }

    pub(crate) fn is_object(self) -> bool {
        self.node().kind == Kind::Object
    }

    /// Its type, for a person.
    pub(crate) fn kind(self) -> &'static str {
        match self.node().kind {
            Kind::Null => "null",
            Kind::False | Kind::True => "boolean",
            Kind::Unsigned | Kind::Signed | Kind::Float => "number",
            Kind::Array => "array",
            Kind::Object => "object",
            _ => "text",
        }
    }

    /// How many elements a list has, or members an object.
    pub(crate) fn len(self) -> Option<usize> {
        match self.node() {
            Node {
                kind: Kind::Array | Kind::Object,
                size,
                ..
            } => Some(size as usize),
            _ => None,
        }
    }

    /// The characters of a text.
    pub(crate) fn as_str(self) -> Option<&'t str> {
        let node = self.node();
        matches!(node.kind, Kind::Text | Kind::Unescaped).then(|| self.tree.text(node))
    }

    pub(crate) fn as_number(self) -> Option<Number> {
        let node = self.node();
        let bits = u64::from(node.from) | u64::from(node.size) << 32;
        match node.kind {
            Kind::Unsigned => Some(Number::from(bits)),
            Kind::Signed => Some(Number::from(bits.cast_signed())),
            Kind::Float => Number::from_f64(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The elements of a list, the values of an object.
    pub(crate) fn values(self) -> impl Iterator<Item = Self> {
        self.entries().map(|(_, value)| value)
    }

    /// Names and values of an object; of a list the values, with empty names.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        let mut next = self.at + 1;
        let end = self.behind();
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let node = self.tree.node(next);
            let is_name = matches!(node.kind, Kind::Name | Kind::UnescapedName);
            let value = self.to(next + u32::from(is_name));
            next = value.behind();
            Some(if is_name {
                (self.tree.text(node), value)
            } else {
                ("", value)
            })
        })
    }

    /// The member of that name.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        if !self.is_object() {
            return None;
        }
        self.entries()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The same as a value of `serde_json`.
    pub(crate) fn to_value(self) -> Value {
        match self.node().kind {
            Kind::False => Value::Bool(false),
            Kind::True => Value::Bool(true),
            Kind::Array => Value::Array(self.values().map(Self::to_value).collect()),
            Kind::Object => {
                let entries = self.entries();
                Value::Object(Map::from_iter(
                    entries.map(|(name, value)| (name.to_owned(), value.to_value())),
                ))
            }
            _ => match (self.as_str(), self.as_number()) {
                (Some(text), _) => Value::String(text.to_owned()),
                (None, Some(number)) => Value::Number(number),
                (None, None) => Value::Null,
            },
        }
    }

    /// Its JSON, as far as so many bytes of it go.
    pub(crate) fn shown(self, most: usize) -> String {
        let mut out = String::new();
        super::pretty::compact(self, most, &mut out);
        out
    }
}

impl std::fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown(200))
    }
}
