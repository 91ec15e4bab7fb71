use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

/// The namespace of `i:nil` and `xsi:type`.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How deep elements may be nested.
const DEPTH: usize = 64;
/// How large a document may be, in bytes.
const BYTES: usize = 16 * 1024 * 1024;
/// How many elements and attributes a document may have: each takes some hundred bytes here, and a server chooses their number.
const NODES: usize = 80_000;

/// A whole document; comments and processing instructions are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Whether it began with an XML declaration.
    pub(crate) declared: bool,
    /// The root element.
    pub(crate) root: Element,
}

/// An element with its names resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Element {
    /// As written, empty where there is none.
    pub(crate) prefix: String,
    /// The name behind the prefix.
    pub(crate) local: String,
    /// Empty where there is none.
    pub(crate) namespace: String,
    /// Without the declarations of namespaces.
    pub(crate) attributes: Vec<Attribute>,
    /// The declarations that stand on it: prefix (empty: the default one) and URI.
    pub(crate) declarations: Vec<(String, String)>,
    /// Child elements and text in order; texts are never adjacent.
    pub(crate) nodes: Vec<Node>,
}

/// An attribute with its name resolved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) prefix: String,
    pub(crate) local: String,
    pub(crate) namespace: String,
    pub(crate) value: String,
}

/// What an element contains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// The child elements in order.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All text below it, in order: its string value in XPath.
    pub(crate) fn text(&self) -> String {
        fn gather(element: &Element, into: &mut String) {
            for node in &element.nodes {
                match node {
                    Node::Text(text) => into.push_str(text),
                    Node::Element(child) => gather(child, into),
                }
            }
        }
        let mut text = String::new();
        gather(self, &mut text);
        text
    }

    /// Whether it says `i:nil="true"` (or `1`).
    pub(crate) fn is_nil(&self) -> bool {
        self.attributes.iter().any(|a| {
            a.local == "nil" && a.namespace == XSI && matches!(a.value.trim(), "true" | "1")
        })
    }

    /// Whether it has child elements.
    pub(crate) fn has_children(&self) -> bool {
        self.children().next().is_some()
    }

    /// The element that is reached by taking the n-th node, and again.
    pub(crate) fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match self.nodes.get_mut(*first)? {
            Node::Element(element) => element.at_mut(rest),
            Node::Text(_) => None,
        }
    }

    /// The same for reading.
    pub(crate) fn at(&self, path: &[usize]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match self.nodes.get(*first)? {
            Node::Element(element) => element.at(rest),
            Node::Text(_) => None,
        }
    }
}

/// Reads a document. A byte-order mark is skipped; a DTD, more than 64 levels, more than 16 MiB or 80,000 nodes,
/// undeclared prefixes and entities, and bytes that are no UTF-8 are refused.
///
/// # Errors
/// Why it is no XML, words that follow "the body is no XML: ".
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, String> {
    if bytes.len() > BYTES {
        return Err(format!(
            "it has {} bytes, more than the {BYTES} that are read",
            bytes.len()
        ));
    }
    if bytes.starts_with(&[0xfe, 0xff]) || bytes.starts_with(&[0xff, 0xfe]) {
        return Err("it is UTF-16, and only UTF-8 is read".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text =
        std::str::from_utf8(bytes).map_err(|e| format!("byte {} is no UTF-8", e.valid_up_to()))?;
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    // Before any of them is made; those within comments and CDATA count, too.
    let begins = bytes
        .windows(2)
        .filter(|two| two[0] == b'<' && !b"/!?".contains(&two[1]));
    if begins.take(NODES + 1).count() > NODES {
        return Err(too_many());
    }
    Parser::default().run(text)
}

#[derive(Default)]
struct Parser {
    open: Vec<Element>,
    scopes: Vec<(String, String)>,
    marks: Vec<usize>,
    root: Option<Element>,
    declared: bool,
    nodes: usize,
}

impl Parser {
    fn run(mut self, text: &str) -> Result<Document, String> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let at = reader.buffer_position();
            let event = reader
                .read_event()
                .map_err(|e| format!("{e} (at byte {})", reader.error_position()))?;
            match event {
                Event::Decl(decl) => {
                    if let Some(Ok(encoding)) = decl.encoding()
                        && !encoding.eq_ignore_ascii_case("utf-8")
                        && !encoding.eq_ignore_ascii_case("us-ascii")
                    {
                        return Err(format!(
                            "it says it is {encoding:?}, and only UTF-8 is read"
                        ));
                    }
                    self.declared = true;
                }
                Event::DocType(_) => return Err("it has a DTD, which is not read".to_owned()),
                Event::Start(start) => self.start(&start)?,
                Event::Empty(start) => {
                    self.start(&start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(&text.xml10_content(), at)?,
                Event::CData(text) => self.text(&text.xml10_content(), at)?,
                Event::GeneralRef(reference) => {
                    let text = match reference.resolve_char_ref() {
                        Err(e) => return Err(format!("{e} (at byte {at})")),
                        Ok(Some(c)) => c.to_string(),
                        Ok(None) => match quick_xml::escape::resolve_predefined_entity(
                            &reference.xml10_content(),
                        ) {
                            Some(text) => text.to_owned(),
                            None => {
                                return Err(format!(
                                    "entity &{}; is not declared (at byte {at})",
                                    reference.xml10_content()
                                ));
                            }
                        },
                    };
                    self.text(&text, at)?;
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(open) = self.open.last() {
            return Err(format!("it ends within element <{}>", open.local));
        }
        let root = self.root.ok_or("it has no element")?;
        Ok(Document {
            declared: self.declared,
            root,
        })
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.open.is_empty() && self.root.is_some() {
            return Err("it has more than one root element".to_owned());
        }
        if self.open.len() == DEPTH {
            return Err(format!("its elements are nested more than {DEPTH} deep"));
        }
        self.marks.push(self.scopes.len());
        let mut element = Element::default();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| format!("an attribute is wrong: {e}"))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|e| format!("an attribute is wrong: {e}"))?
                .into_owned();
            let (prefix, local) = split(attribute.key.0);
            if prefix.is_empty() && local == "xmlns" {
                element.declarations.push((String::new(), value));
            } else if prefix == "xmlns" {
                element.declarations.push((local.to_owned(), value));
            } else {
                attributes.push((prefix.to_owned(), local.to_owned(), value));
            }
            self.count()?;
        }
        self.count()?;
        self.scopes.extend(element.declarations.iter().cloned());
        let (prefix, local) = split(start.name().0);
        element.namespace = self.resolve(prefix)?;
        element.prefix = prefix.to_owned();
        element.local = local.to_owned();
        for (prefix, local, value) in attributes {
            let namespace = if prefix.is_empty() {
                String::new()
            } else {
                self.resolve(&prefix)?
            };
            element.attributes.push(Attribute {
                prefix,
                local,
                namespace,
                value,
            });
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        let Some(mut element) = self.open.pop() else {
            return;
        };
        // Room for more would take most of the memory of a long list.
        element.nodes.shrink_to_fit();
        element.attributes.shrink_to_fit();
        if let Some(mark) = self.marks.pop() {
            self.scopes.truncate(mark);
        }
        match self.open.last_mut() {
            Some(parent) => parent.nodes.push(Node::Element(element)),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str, at: u64) -> Result<(), String> {
        let Some(open) = self.open.last_mut() else {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "text stands outside the root element (at byte {at})"
                ))
            };
        };
        match open.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => open.nodes.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    fn resolve(&self, prefix: &str) -> Result<String, String> {
        if prefix == "xml" {
            return Ok(XML.to_owned());
        }
        match self.scopes.iter().rev().find(|(p, _)| p == prefix) {
            Some((_, uri)) => Ok(uri.clone()),
            None if prefix.is_empty() => Ok(String::new()),
            None => Err(format!("prefix {prefix:?} is not declared")),
        }
    }

    fn count(&mut self) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(too_many());
        }
        Ok(())
    }
}

fn too_many() -> String {
    format!("it has more than {NODES} elements and attributes")
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::{Node, parse};
    use rstest::rstest;

    #[rstest]
    #[case("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DTD")]
    #[case("<a>", "ends within element <a>")]
    #[case("<a></b>", "expected")]
    #[case("<a/><b/>", "more than one root")]
    #[case("<a/>text", "outside the root")]
    #[case("<p:a/>", "prefix \"p\" is not declared")]
    #[case("<a p:b=''/>", "prefix \"p\" is not declared")]
    #[case("<a>&unknown;</a>", "not declared")]
    #[case("<a b='1' b='2'/>", "attribute is wrong")]
    #[case("  ", "empty")]
    #[case("{\"a\":1}", "outside the root")]
    #[case("<?xml version='1.0' encoding='utf-16'?><a/>", "only UTF-8")]
    fn what_is_no_xml_says_why(#[case] text: &str, #[case] why: &str) {
        let message = parse(text.as_bytes()).expect_err("refused");
        assert!(message.contains(why), "{message}");
    }

    #[test]
    fn depth_and_broken_utf8_are_refused_and_a_byte_order_mark_is_skipped() {
        let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        assert!(parse(deep(64).as_bytes()).is_ok());
        assert!(parse(deep(65).as_bytes()).is_err());
        assert!(parse(deep(100_000).as_bytes()).is_err());
        assert!(parse(b"<a>\xff</a>").is_err());
        assert!(parse(b"\xff\xfe<\0a\0/\0>\0").is_err());
        assert!(parse(b"\xef\xbb\xbf<a/>").is_ok());
    }

    #[test]
    fn utf_16_is_refused_by_name_in_both_orders() {
        for bytes in [b"\xff\xfe<\0", b"\xfe\xff\0<"] {
            let message = parse(bytes).expect_err("refused");
            assert!(message.contains("UTF-16"), "{message}");
        }
    }

    #[test]
    fn a_document_has_at_most_16_mib() {
        let text = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
        assert!(parse(text(16 << 20).as_bytes()).is_ok());
        let message = parse(text((16 << 20) + 1).as_bytes()).expect_err("refused");
        assert!(message.contains("more than the 16777216"), "{message}");
    }

    #[test]
    fn elements_and_attributes_are_counted_together_and_those_in_comments_too() {
        let elements = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n - 1));
        let attributes = |n: usize| format!("<a>{}</a>", "<b c='1'/>".repeat(n / 2));
        let commented = |n: usize| format!("<a><!--{}--></a>", "<b".repeat(n - 1));
        for text in [elements(80_000), attributes(79_999), commented(80_000)] {
            assert_eq!(parse(text.as_bytes()).err(), None);
        }
        for text in [elements(80_001), attributes(80_000), commented(80_001)] {
            let message = parse(text.as_bytes()).expect_err("refused");
            assert_eq!(message, "it has more than 80000 elements and attributes");
        }
    }

    #[test]
    fn names_are_resolved_and_text_is_put_together() {
        let document = parse(
            b"<a xmlns='u:1' xmlns:p='u:2'>x&amp;<![CDATA[<y>]]>&#33;<p:b p:c='1' d='2'/></a>",
        )
        .expect("XML");
        let root = &document.root;
        assert_eq!(root.namespace, "u:1");
        assert_eq!(root.nodes[0], Node::Text("x&<y>!".to_owned()));
        let child = root.children().next().expect("child");
        assert_eq!(
            (child.namespace.as_str(), child.local.as_str()),
            ("u:2", "b")
        );
        assert_eq!(child.attributes[0].namespace, "u:2");
        assert_eq!(child.attributes[1].namespace, "");
    }
}
