use super::{
    Unread,
    tree::{self, Kind, Tree, XSI},
};

/// A whole document that can be changed; comments and processing instructions are left out.
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
    #[cfg(test)]
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

/// Reads a document that is to be changed; the same is refused as by [`tree::parse`].
///
/// # Errors
/// Why it is no XML, words that follow "the body is no XML: "; or why we do not read it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, String> {
    match tree::parse(bytes) {
        Ok(tree) => Ok(Document {
            declared: tree.declared,
            root: element(&tree, 1),
        }),
        Err(Unread::No(why) | Unread::TooMuch(why) | Unread::Inexact(why)) => Err(why),
    }
}

fn element(tree: &Tree<'_>, at: u32) -> Element {
    let mut element = Element {
        prefix: tree.prefix(at).to_owned(),
        local: tree.local(at).to_owned(),
        namespace: tree.namespace(at).to_owned(),
        ..Element::default()
    };
    for one in tree.heads(at) {
        let value = tree.value(one).into_owned();
        let (prefix, local) = (tree.prefix(one).to_owned(), tree.local(one).to_owned());
        match (tree.node(one).kind(), prefix.as_str()) {
            (Kind::Attribute, _) => element.attributes.push(Attribute {
                prefix,
                local,
                namespace: tree.namespace(one).to_owned(),
                value,
            }),
            // `xmlns` itself declares the default one.
            (_, "") => element.declarations.push((String::new(), value)),
            (_, _) => element.declarations.push((local, value)),
        }
    }
    for one in tree.children(at) {
        element.nodes.push(match tree.node(one).kind() {
            Kind::Element => Node::Element(self::element(tree, one)),
            _ => Node::Text(tree.value(one).into_owned()),
        });
    }
    element
}

#[cfg(test)]
mod tests {
    use super::{Node, Unread, parse, tree};
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
    #[case("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "b stands twice")]
    #[case("<a b='1'c='2'/>", "no blank stands before c")]
    #[case("<a b='<'/>", "`<` stands in the value of b")]
    #[case("<a b='&unknown;'/>", "attribute is wrong")]
    #[case("<a b='x & y'/>", "attribute is wrong")]
    #[case("<a xmlns:p=''/>", "xmlns:p cannot be")]
    #[case("<a xmlns:xml='u'/>", "xmlns:xml cannot be")]
    #[case("<a xmlns:xmlns='u'/>", "xmlns:xmlns cannot be")]
    #[case("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "cannot be")]
    #[case("<a xmlns='http://www.w3.org/2000/xmlns/'/>", "cannot be")]
    #[case("<xmlns:a/>", "prefix \"xmlns\" is not declared")]
    #[case("<1a/>", "cannot be called")]
    #[case("<a:b:c xmlns:a='u'/>", "cannot be called")]
    #[case("<a xmlns:p='u' p:='1'/>", "cannot be called")]
    #[case("<a 1='2'/>", "cannot be called")]
    #[case("<a>]]></a>", "`]]>`")]
    #[case("<a>\u{1}</a>", "U+0001")]
    #[case("<a>\u{ffff}</a>", "U+FFFF")]
    #[case("<\0a\0/\0>\0", "U+0000")]
    #[case("<a>&#0;</a>", "0x0 character is not permitted")]
    #[case("<a>&#xD800;</a>", "at byte 3")]
    #[case("<a>&#+65;</a>", "at byte 3")]
    #[case("<a>x & y</a>", "")]
    #[case("<a></b>", "")]
    #[case("<a/></a>", "")]
    #[case("<a><!-- -- --></a>", "")]
    #[case("<![CDATA[]]><a/>", "outside the root")]
    #[case("\u{a0}<a/>", "outside the root")]
    #[case("<a/>&#32;", "outside the root")]
    #[case(" <?xml version='1.0'?><a/>", "declaration stands behind")]
    #[case("<a/><?xml version='1.0'?>", "declaration stands behind")]
    #[case("<?xml encoding='utf-8'?><a/>", "version")]
    #[case("<a/><!DOCTYPE a>", "DTD")]
    #[case("{\"a\":1}", "outside the root")]
    #[case("<?xml version='1.0' encoding='utf-16'?><a/>", "only UTF-8")]
    #[case("<?xml version='1.1'?><a/>", "XML 1.1")]
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
    fn characters_that_serializers_refer_to_are_read_though_no_document_may_have_them() {
        // .NET writes a task's coloured output so, and its clients read it.
        assert!(parse(b"<a b='&#x1B;[0m'>&#x1B;[0m</a>").is_ok());
    }

    #[test]
    fn utf_16_is_refused_by_name_in_both_orders() {
        for bytes in [b"\xff\xfe<\0", b"\xfe\xff\0<"] {
            let message = parse(bytes).expect_err("refused");
            assert!(message.contains("UTF-16"), "{message}");
        }
    }

    #[test]
    fn elements_attributes_and_texts_are_counted_together_and_comments_are_not() {
        let many = |text: &str| format!("<a>{}</a>", text.repeat(400_000));
        assert!(tree::parse(many("<b c=''/>").as_bytes()).is_ok());
        let more = |text: &str, times: usize| format!("<a>{}</a>", text.repeat(times));
        assert!(tree::parse(more("<!--<b-->", 100_000).as_bytes()).is_ok());
        for (text, each) in [("<b/>", 1), ("<b/>x", 2), ("<b c=''/>", 2)] {
            // The document and its element count, too.
            let most = 2_999_999 / each;
            assert!(tree::parse(more(text, most).as_bytes()).is_ok(), "{text}");
            let message = tree::parse(more(text, most + each).as_bytes()).expect_err("refused");
            let Unread::TooMuch(message) = message else {
                panic!("{message:?}");
            };
            assert!(message.contains("3000000 elements"), "{message}");
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
