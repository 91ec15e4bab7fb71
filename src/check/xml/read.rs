use super::{
    Unread,
    names::{Names, is_name, split},
    text::{entity, is_blank, is_char},
    tree::{Kind, Node, Tree, XML},
};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event, attributes::Attribute},
};
use std::{borrow::Cow, collections::HashMap};

/// How deep elements may be nested.
const DEPTH: usize = 64;
/// How many nodes a document may have at least: 48 MiB of them.
const NODES: usize = 3_000_000;
/// So many bytes of a longer body allow one node more. A list has one for every ten.
const BYTES: usize = 5;
/// How many namespaces a document may declare.
const NAMESPACES: usize = 1000;
/// The namespace of declarations themselves.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A document that is being read.
pub(super) struct Reading<'b> {
    tree: Tree<'b>,
    body: &'b str,
    /// The elements that are open, outermost first.
    open: Vec<u32>,
    /// Prefix and number of namespace, those declared last at the end.
    scopes: Vec<(&'b str, u32)>,
    /// How many scopes there were when each element began.
    marks: Vec<usize>,
    numbers: HashMap<String, u32>,
    done: bool,
}

impl<'b> Reading<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, Unread> {
        if bytes.starts_with(&[0xfe, 0xff]) || bytes.starts_with(&[0xff, 0xfe]) {
            return no("it is UTF-16, and only UTF-8 is read");
        }
        if u32::try_from(bytes.len()).is_err() {
            return Err(Unread::TooMuch(format!("{} bytes", bytes.len())));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let body = match std::str::from_utf8(bytes) {
            Ok(body) => body,
            Err(e) => return no(format!("byte {} is no UTF-8", e.valid_up_to())),
        };
        if body.trim().is_empty() {
            return no("it is empty");
        }
        let unknown = |(_, c): &(usize, char)| !is_char(*c);
        // Bytes are looked at first, since nearly all bodies have no such character.
        let may = |b: u8| (b < b' ' && !matches!(b, b'\t' | b'\r' | b'\n')) || b == 0xef;
        if body.bytes().any(may)
            && let Some((at, c)) = body.char_indices().find(unknown)
        {
            return no(format!(
                "character U+{:04X} is none of XML (at byte {at})",
                u32::from(c)
            ));
        }
        Ok(Self {
            tree: Tree {
                body: Cow::Borrowed(body),
                nodes: vec![Node::new(Kind::Document, 0, 0, 0, 0)],
                namespaces: vec![String::new()],
                declared: false,
            },
            body,
            open: Vec::new(),
            scopes: Vec::new(),
            marks: Vec::new(),
            numbers: HashMap::from([(String::new(), 0)]),
            done: false,
        })
    }

    pub(super) fn run(mut self) -> Result<Tree<'b>, Unread> {
        let mut reader = Reader::from_str(self.body);
        reader.config_mut().enable_all_checks(true);
        loop {
            let at = reader.buffer_position();
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(e) => return no(format!("{e} (at byte {})", reader.error_position())),
            };
            match event {
                Event::Decl(decl) => {
                    if at != 0 {
                        return no(format!(
                            "an XML declaration stands behind its beginning (at byte {at})"
                        ));
                    }
                    match decl.version() {
                        Err(e) => return no(format!("{e} (at byte {at})")),
                        Ok(version) if version != "1.0" => {
                            return no(format!(
                                "it says it is XML {version}, which readers of XML 1.0 refuse"
                            ));
                        }
                        Ok(_) => {}
                    }
                    if let Some(Ok(encoding)) = decl.encoding()
                        && !encoding.eq_ignore_ascii_case("utf-8")
                        && !encoding.eq_ignore_ascii_case("us-ascii")
                    {
                        return no(format!(
                            "it says it is {encoding:?}, and only UTF-8 is read"
                        ));
                    }
                    self.tree.declared = true;
                }
                Event::DocType(_) => return no("it has a DTD, which is not read"),
                Event::Start(start) => self.start(&start)?,
                Event::Empty(start) => {
                    self.start(&start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) if text.contains("]]>") => {
                    return no(format!("`]]>` stands in a text (at byte {at})"));
                }
                Event::Text(text) => self.text(&text, 0, 0, at)?,
                Event::CData(_) if self.open.is_empty() => {
                    return no(format!(
                        "text stands outside the root element (at byte {at})"
                    ));
                }
                Event::CData(text) => self.text(&text, "<![CDATA[".len(), "]]>".len(), at)?,
                Event::GeneralRef(reference) => {
                    if let Err(e) = reference.resolve_char_ref() {
                        return no(format!("{e} (at byte {at})"));
                    }
                    if entity(&reference).is_none() {
                        let name: &str = &reference;
                        return no(format!("entity &{name}; is not declared (at byte {at})"));
                    }
                    self.text(&reference, 1, 1, at)?;
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(open) = self.open.last() {
            let name = self.tree.local(*open);
            return no(format!("it ends within element <{name}>"));
        }
        if !self.done {
            return no("it has no element");
        }
        Ok(self.tree)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Unread> {
        if self.open.is_empty() && self.done {
            return no("it has more than one root element");
        }
        if self.open.len() == DEPTH {
            return no(format!("its elements are nested more than {DEPTH} deep"));
        }
        self.marks.push(self.scopes.len());
        let parent = self.open.last().copied().unwrap_or_default();
        let name = start.name().0;
        if !is_name(name) {
            return no(format!("an element cannot be called {name:?}"));
        }
        let from = self.offset(name);
        let at = self.add(Kind::Element, from, parent, 0)?;
        let mut names = Names::default();
        for attribute in start.attributes().with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(e) => return no(format!("an attribute is wrong: {e}")),
            };
            let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value,
                Err(e) => return no(format!("an attribute is wrong: {e}")),
            };
            self.head(&attribute, &value, at, &mut names)?;
        }
        let namespace = self.resolve(split(name).0, true)?;
        self.set_namespace(at, namespace);
        let mut expanded = Names::default();
        for attribute in at + 1..self.tree.len() {
            if self.tree.node(attribute).kind() == Kind::Attribute {
                let from = self.tree.node(attribute).from as usize;
                let end = from + self.tree.name(attribute).len();
                let (prefix, local) = split(&self.body[from..end]);
                let namespace = self.resolve(prefix, false)?;
                if !prefix.is_empty() && !expanded.insert((namespace, local)) {
                    return no(format!(
                        "an attribute is wrong: {local} stands twice on one element, with one namespace"
                    ));
                }
                self.set_namespace(attribute, namespace);
            }
        }
        self.open.push(at);
        Ok(())
    }

    fn head(
        &mut self,
        attribute: &Attribute<'_>,
        value: &str,
        element: u32,
        names: &mut Names<&'b str>,
    ) -> Result<(), Unread> {
        let name = attribute.key.0;
        let from = self.offset(name);
        let name = &self.body[from..from + name.len()];
        if !is_name(name) {
            return no(format!("an attribute cannot be called {name:?}"));
        }
        let before = from
            .checked_sub(1)
            .map(|at| &self.body.as_bytes()[at..from]);
        if !before.is_some_and(|b| matches!(b, b" " | b"\t" | b"\r" | b"\n")) {
            return no(format!(
                "an attribute is wrong: no blank stands before {name}"
            ));
        }
        if attribute.value.contains('<') {
            return no(format!(
                "an attribute is wrong: `<` stands in the value of {name}"
            ));
        }
        if !names.insert(name) {
            return no(format!(
                "an attribute is wrong: {name} stands twice on one element"
            ));
        }
        let (prefix, local) = split(name);
        let declared = match (prefix, local) {
            ("", "xmlns") => Some(""),
            ("xmlns", prefix) => Some(prefix),
            _ => None,
        };
        let kind = match declared {
            None => Kind::Attribute,
            Some(prefix) => {
                if !may_be_bound(prefix, value) {
                    return no(format!("an attribute is wrong: {name} cannot be {value:?}"));
                }
                let number = self.number(value)?;
                self.scopes.push((prefix, number));
                if self.scopes.len() > NAMESPACES {
                    return no(format!("more than {NAMESPACES} namespaces are declared"));
                }
                Kind::Declaration
            }
        };
        self.add(kind, from, element, 0)?;
        Ok(())
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        self.tree.nodes[element as usize].end = self.tree.len();
        if let Some(mark) = self.marks.pop() {
            self.scopes.truncate(mark);
        }
        self.done |= self.open.is_empty();
    }

    /// Text that goes so far beyond what is given: the signs around it.
    fn text(&mut self, text: &str, before: usize, behind: usize, at: u64) -> Result<(), Unread> {
        let Some(open) = self.open.last().copied() else {
            return if is_blank(text) {
                Ok(())
            } else {
                no(format!(
                    "text stands outside the root element (at byte {at})"
                ))
            };
        };
        if text.is_empty() {
            return Ok(());
        }
        let from = self.offset(text);
        let end = u32::try_from(from + text.len() + behind).unwrap_or(u32::MAX);
        let last = self.tree.len() - 1;
        let node = self.tree.node(last);
        if node.kind() == Kind::Text && node.parent == open {
            self.tree.nodes[last as usize].end = end;
            return Ok(());
        }
        self.add(Kind::Text, from - before, open, end)?;
        Ok(())
    }

    fn add(&mut self, kind: Kind, from: usize, parent: u32, end: u32) -> Result<u32, Unread> {
        let at = self.tree.len();
        let most = most(self.body);
        if self.tree.nodes.len() > most {
            return Err(Unread::TooMuch(format!(
                "more than {most} elements, attributes and texts"
            )));
        }
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        self.tree.nodes.push(Node::new(kind, 0, from, parent, end));
        Ok(at)
    }

    fn set_namespace(&mut self, at: u32, namespace: u32) {
        let node = self.tree.node(at);
        self.tree.nodes[at as usize] =
            Node::new(node.kind(), namespace, node.from, node.parent, node.end);
    }

    fn resolve(&mut self, prefix: &str, is_element: bool) -> Result<u32, Unread> {
        if prefix == "xml" {
            return self.number(XML);
        }
        if prefix.is_empty() && !is_element {
            return Ok(0);
        }
        match self.scopes.iter().rev().find(|(p, _)| *p == prefix) {
            Some((_, number)) => Ok(*number),
            None if prefix.is_empty() => Ok(0),
            None => no(format!("prefix {prefix:?} is not declared")),
        }
    }

    fn number(&mut self, uri: &str) -> Result<u32, Unread> {
        if let Some(number) = self.numbers.get(uri) {
            return Ok(*number);
        }
        if self.tree.namespaces.len() > NAMESPACES {
            return no(format!("more than {NAMESPACES} namespaces are declared"));
        }
        let number = u32::try_from(self.tree.namespaces.len()).unwrap_or_default();
        self.tree.namespaces.push(uri.to_owned());
        self.numbers.insert(uri.to_owned(), number);
        Ok(number)
    }

    /// Where a part of the body begins in it.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.body.as_ptr() as usize)
    }
}

fn most(body: &str) -> usize {
    NODES.max(body.len() / BYTES)
}

fn no<T>(why: impl Into<String>) -> Result<T, Unread> {
    Err(Unread::No(why.into()))
}

/// Whether a declaration may bind a prefix to a namespace (Namespaces in XML 1.0, 2.2 and 3).
fn may_be_bound(prefix: &str, uri: &str) -> bool {
    match prefix {
        "xml" => uri == XML,
        "xmlns" => false,
        _ => uri != XML && uri != XMLNS && (prefix.is_empty() || !uri.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn a_longer_body_may_have_more_nodes() {
        assert_eq!(most("<a/>"), 3_000_000);
        assert_eq!(most(&" ".repeat(15_000_500)), 3_000_100);
    }
}
