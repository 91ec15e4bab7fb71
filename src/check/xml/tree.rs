use super::read::Reading;
use std::borrow::Cow;

/// The namespace of `i:nil` and `xsi:type`.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A whole document: sixteen bytes for each node, in the order of the document, which say where in the body it stands.
/// Comments and processing instructions are left out.
///
/// # Why
/// A list of tens of thousands of jobs has a million nodes, and a server chooses their number. Names and texts are
/// read from the body when they are asked for, so that the tree takes the less memory the longer they are.
#[derive(Debug)]
pub(crate) struct Tree<'b> {
    pub(super) body: Cow<'b, str>,
    pub(super) nodes: Vec<Node>,
    /// URIs; the first is that of names without one.
    pub(super) namespaces: Vec<String>,
    /// Whether it began with an XML declaration.
    pub(super) declared: bool,
}

/// What stands at a place of the tree. The document itself is node 0, its element node 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The kind in the topmost bits, the number of the namespace below.
    pub(super) head: u32,
    /// Where its name begins in the body; of text, where it begins.
    pub(super) from: u32,
    /// The node it stands in.
    pub(super) parent: u32,
    /// Of an element the first node behind all that is in it; of text, where it ends in the body.
    pub(super) end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Element,
    Attribute,
    Declaration,
    Text,
}

const NAMESPACE: u32 = (1 << 28) - 1;

impl Node {
    pub(super) fn new(kind: Kind, namespace: u32, from: u32, parent: u32, end: u32) -> Self {
        Self {
            head: ((kind as u32) << 28) | namespace,
            from,
            parent,
            end,
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self.head >> 28 {
            0 => Kind::Document,
            1 => Kind::Element,
            2 => Kind::Attribute,
            3 => Kind::Declaration,
            _ => Kind::Text,
        }
    }

    pub(super) fn namespace(self) -> u32 {
        self.head & NAMESPACE
    }
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Element<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) at: u32,
}

impl Tree<'_> {
    /// The root element.
    pub(crate) fn root(&self) -> Element<'_> {
        Element { tree: self, at: 1 }
    }

    pub(super) fn node(&self, at: u32) -> Node {
        self.nodes[at as usize]
    }

    /// The number of nodes, that of the document among them.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("a body has fewer bytes than this has numbers")
    }

    /// The first node behind it and all that is in it.
    pub(super) fn behind(&self, at: u32) -> u32 {
        let node = self.node(at);
        match node.kind() {
            Kind::Document => self.len(),
            Kind::Element => node.end,
            Kind::Attribute | Kind::Declaration | Kind::Text => at + 1,
        }
    }

    /// Its attributes without the declarations of namespaces.
    pub(super) fn attributes(&self, at: u32) -> impl Iterator<Item = u32> {
        self.heads(at)
            .filter(|one| self.node(*one).kind() == Kind::Attribute)
    }

    /// Attributes and declarations of an element, in the order in which they stand there.
    pub(super) fn heads(&self, at: u32) -> std::ops::Range<u32> {
        let end = self.behind(at);
        let mut next = at + 1;
        while next < end && matches!(self.node(next).kind(), Kind::Attribute | Kind::Declaration) {
            next += 1;
        }
        at + 1..next
    }

    /// The elements and texts directly within it.
    pub(super) fn children(&self, at: u32) -> Children<'_> {
        let is_parent = matches!(self.node(at).kind(), Kind::Document | Kind::Element);
        Children {
            tree: self,
            next: if is_parent { self.heads(at).end } else { 0 },
            end: if is_parent { self.behind(at) } else { 0 },
        }
    }

    /// Whether it begins within so many bytes of the body.
    pub(crate) fn is_within(&self, at: u32, most: usize) -> bool {
        self.node(at).from as usize <= most
    }

    /// Name of an element, attribute or declaration as it is written.
    pub(super) fn name(&self, at: u32) -> &str {
        let rest = &self.body[self.node(at).from as usize..];
        let end = rest
            .bytes()
            .position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'>' | b'/'));
        &rest[..end.unwrap_or(rest.len())]
    }

    /// The name of an element or attribute behind its prefix.
    pub(crate) fn local(&self, at: u32) -> &str {
        let name = self.name(at);
        name.split_once(':').map_or(name, |(_, local)| local)
    }

    pub(super) fn prefix(&self, at: u32) -> &str {
        self.name(at)
            .split_once(':')
            .map_or("", |(prefix, _)| prefix)
    }

    pub(super) fn namespace(&self, at: u32) -> &str {
        &self.namespaces[self.node(at).namespace() as usize]
    }

    /// The value of an attribute or declaration, or what a text says.
    pub(super) fn value(&self, at: u32) -> Cow<'_, str> {
        let node = self.node(at);
        if node.kind() == Kind::Text {
            return super::text::decoded(&self.body[node.from as usize..node.end as usize]);
        }
        let rest = &self.body[node.from as usize..];
        let open = rest.find(['"', '\'']).unwrap_or(rest.len());
        let quote = rest[open..].chars().next().unwrap_or('"');
        let value = rest.get(open + 1..).unwrap_or_default();
        super::text::attribute(value.split(quote).next().unwrap_or_default())
    }

    /// What XPath calls the string value.
    pub(super) fn string(&self, at: u32) -> Cow<'_, str> {
        if !matches!(self.node(at).kind(), Kind::Document | Kind::Element) {
            return self.value(at);
        }
        let mut found: Option<Cow<'_, str>> = None;
        for one in at + 1..self.behind(at) {
            if self.node(one).kind() == Kind::Text {
                let text = self.value(one);
                found = Some(match found {
                    None => text,
                    Some(before) => Cow::Owned(before.into_owned() + &text),
                });
            }
        }
        found.unwrap_or_default()
    }
}

pub(super) struct Children<'t> {
    tree: &'t Tree<'t>,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        (self.next < self.end).then(|| {
            let one = self.next;
            self.next = self.tree.behind(one);
            one
        })
    }
}

impl<'t> Element<'t> {
    /// The name behind the prefix.
    pub(crate) fn local(self) -> &'t str {
        self.tree.local(self.at)
    }

    /// What tells it from all others of its tree.
    pub(crate) fn number(self) -> u32 {
        self.at
    }

    /// Empty where there is none.
    pub(crate) fn namespace(self) -> &'t str {
        self.tree.namespace(self.at)
    }

    /// The child elements in order.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let tree = self.tree;
        tree.children(self.at)
            .filter(move |one| tree.node(*one).kind() == Kind::Element)
            .map(move |at| Self { tree, at })
    }

    /// All text below it, in order: its string value in XPath.
    pub(crate) fn text(self) -> Cow<'t, str> {
        self.tree.string(self.at)
    }

    /// Whether it says `i:nil="true"` (or `1`).
    pub(crate) fn is_nil(self) -> bool {
        let tree = self.tree;
        tree.attributes(self.at).any(|a| {
            tree.local(a) == "nil"
                && tree.namespace(a) == XSI
                && matches!(tree.value(a).trim(), "true" | "1")
        })
    }

    /// Whether it has child elements.
    pub(crate) fn has_children(self) -> bool {
        self.children().next().is_some()
    }

    /// Whether it has text of its own that is more than layout.
    pub(crate) fn has_text(self) -> bool {
        self.tree.children(self.at).any(|one| {
            self.tree.node(one).kind() == Kind::Text && !self.tree.value(one).trim().is_empty()
        })
    }
}

impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "element {} ({})", self.local(), self.at)
    }
}

/// Reads a document. A byte-order mark is skipped; a DTD, more than 64 levels, undeclared prefixes and entities, and
/// bytes that are no UTF-8 are refused.
///
/// # Errors
/// Why it is no XML, words that follow "the body is no XML: "; or why we do not read it.
pub(crate) fn parse(body: &[u8]) -> Result<Tree<'_>, super::Unread> {
    Reading::new(body)?.run()
}
