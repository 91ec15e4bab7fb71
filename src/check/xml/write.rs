use super::{Attribute, Document, Element, Node};
use std::collections::BTreeMap;

/// Writes a document as it was read: prefixes and declarations are kept, missing declarations added.
pub(crate) fn write(document: &Document) -> String {
    let mut out = String::new();
    if document.declared {
        out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    }
    let mut scope = vec![("xml".to_owned(), XML.to_owned())];
    element(&document.root, &mut scope, &mut out);
    out
}

const XML: &str = "http://www.w3.org/XML/1998/namespace";

fn element(e: &Element, scope: &mut Vec<(String, String)>, out: &mut String) {
    let mark = scope.len();
    let mut declarations = e.declarations.clone();
    let lacks = |prefix: &str, uri: &str, declared: &[(String, String)]| {
        let bound = declared
            .iter()
            .rev()
            .chain(scope.iter().rev())
            .find(|(p, _)| p == prefix)
            .map_or("", |(_, u)| u.as_str());
        bound != uri
    };
    let declare = |prefix: &str, uri: &str, declared: &mut Vec<(String, String)>| {
        if lacks(prefix, uri, declared) {
            declared.retain(|(p, _)| p != prefix);
            declared.push((prefix.to_owned(), uri.to_owned()));
        }
    };
    // A name without namespace cannot carry a prefix.
    let prefix = if e.namespace.is_empty() {
        ""
    } else {
        &e.prefix
    };
    declare(prefix, &e.namespace, &mut declarations);
    for a in e.attributes.iter().filter(|a| !a.namespace.is_empty()) {
        declare(&a.prefix, &a.namespace, &mut declarations);
    }
    let name = qualified(prefix, &e.local);
    out.push('<');
    out.push_str(&name);
    for (prefix, uri) in &declarations {
        let name = match prefix.as_str() {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{prefix}"),
        };
        attribute(&name, uri, out);
    }
    for a in &e.attributes {
        attribute(&qualified(&a.prefix, &a.local), &a.value, out);
    }
    scope.extend(declarations);
    if e.nodes.is_empty() {
        out.push_str("/>");
    } else {
        out.push('>');
        for node in &e.nodes {
            match node {
                Node::Text(text) => out.push_str(&escape(text, false)),
                Node::Element(child) => element(child, scope, out),
            }
        }
        out.push_str("</");
        out.push_str(&name);
        out.push('>');
    }
    scope.truncate(mark);
}

/// Writes a document in one canonical form, so that only what matters differs: two blanks for each level, an element
/// with text alone on one line, attributes sorted, prefixes normalised. The namespace of the root is the default one,
/// others are `n1`, `n2` ... in the order they come; those in `known` (prefix, URI) keep their prefix.
pub(crate) fn pretty<'a>(
    document: &Document,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut names = Names {
        root: document.root.namespace.clone(),
        prefixes: BTreeMap::from([(XML.to_owned(), "xml".to_owned())]),
        known: known
            .into_iter()
            .map(|(p, u)| (u.to_owned(), p.to_owned()))
            .collect(),
        used: Vec::new(),
    };
    names.gather(&document.root);
    let mut out = String::new();
    names.element(&document.root, 0, &mut out);
    out
}

struct Names {
    root: String,
    prefixes: BTreeMap<String, String>,
    known: BTreeMap<String, String>,
    used: Vec<(String, String)>,
}

impl Names {
    fn gather(&mut self, e: &Element) {
        if !e.namespace.is_empty() && e.namespace != self.root {
            self.name(&e.namespace);
        }
        for a in sorted(e) {
            if !a.namespace.is_empty() {
                self.name(&a.namespace);
            }
        }
        for child in e.children() {
            self.gather(child);
        }
    }

    fn name(&mut self, uri: &str) {
        if self.prefixes.contains_key(uri) {
            return;
        }
        let prefix = match self.known.get(uri) {
            _ if uri == super::XSI => "i".to_owned(),
            Some(prefix) => prefix.clone(),
            None => format!("n{}", self.used.len() + 1),
        };
        self.used.push((prefix.clone(), uri.to_owned()));
        self.prefixes.insert(uri.to_owned(), prefix);
    }

    fn of(&self, uri: &str, local: &str) -> String {
        match self.prefixes.get(uri) {
            Some(prefix) => format!("{prefix}:{local}"),
            None => local.to_owned(),
        }
    }

    fn element(&self, e: &Element, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        // Elements take the default namespace where it is the root's; without a root namespace there is none.
        let name = if e.namespace == self.root {
            e.local.clone()
        } else if e.namespace.is_empty() {
            format!("{{}}{}", e.local)
        } else {
            self.of(&e.namespace, &e.local)
        };
        out.push_str(&indent);
        out.push('<');
        out.push_str(&name);
        if depth == 0 {
            if !self.root.is_empty() {
                attribute("xmlns", &self.root, out);
            }
            for (prefix, uri) in &self.used {
                attribute(&format!("xmlns:{prefix}"), uri, out);
            }
        }
        for a in sorted(e) {
            let name = if a.namespace.is_empty() {
                a.local.clone()
            } else {
                self.of(&a.namespace, &a.local)
            };
            attribute(&name, &a.value, out);
        }
        let mixed = e.has_children();
        if !mixed {
            let text = e.text();
            if text.is_empty() {
                out.push_str("/>\n");
            } else {
                out.push('>');
                out.push_str(&escape(&text, false));
                out.push_str("</");
                out.push_str(&name);
                out.push_str(">\n");
            }
            return;
        }
        out.push_str(">\n");
        for node in &e.nodes {
            match node {
                Node::Element(child) => self.element(child, depth + 1, out),
                // Blanks between elements are layout.
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(text) => {
                    out.push_str(&indent);
                    out.push_str("  ");
                    out.push_str(&escape(text.trim(), false));
                    out.push('\n');
                }
            }
        }
        out.push_str(&indent);
        out.push_str("</");
        out.push_str(&name);
        out.push_str(">\n");
    }
}

fn sorted(e: &Element) -> Vec<&Attribute> {
    let mut attributes: Vec<_> = e.attributes.iter().collect();
    attributes.sort_by(|a, b| (&a.namespace, &a.local).cmp(&(&b.namespace, &b.local)));
    attributes
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() {
        local.to_owned()
    } else {
        format!("{prefix}:{local}")
    }
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(&escape(value, true));
    out.push('"');
}

fn escape(text: &str, attribute: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' | '\t' if attribute => out.push_str(if c == '\n' { "&#10;" } else { "&#9;" }),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{super::parse, pretty, write};
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
    use rstest::rstest;

    #[rstest]
    #[case("<a xmlns=\"u:1\" xmlns:p=\"u:2\" p:c=\"1\" d=\"&lt;\"><p:b>x &amp; y</p:b><c/></a>")]
    #[case("<a b=\"&quot;&#10;&#9;\">\"\n\t</a>")]
    #[case(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><p:a xmlns:p=\"u:1\"><b xmlns=\"u:2\"><c xmlns=\"\"/></b></p:a>"
    )]
    fn what_was_read_is_written_as_it_was(#[case] text: &str) {
        assert_eq!(write(&parse(text.as_bytes()).expect("XML")), text);
    }

    #[test]
    fn a_changed_namespace_is_declared_where_it_is_needed() {
        let mut document = parse(b"<a xmlns=\"u:1\"><b/></a>").expect("XML");
        document.root.at_mut(&[0]).expect("b").namespace = "u:2".to_owned();
        assert_eq!(write(&document), "<a xmlns=\"u:1\"><b xmlns=\"u:2\"/></a>");
        document.root.namespace = String::new();
        assert_eq!(write(&document), "<a xmlns=\"\"><b xmlns=\"u:2\"/></a>");
    }

    #[test]
    fn prefixes_layout_and_the_order_of_attributes_do_not_show() {
        let one = parse(b"<a xmlns='u:1' xmlns:z='u:2' c='1' b='2'><z:x>1</z:x></a>").expect("XML");
        let two =
            parse(b"<q:a xmlns:q='u:1' b='2' c='1'>\n  <x xmlns='u:2'>1</x>\n</q:a>").expect("XML");
        assert_eq!(pretty(&one, []), pretty(&two, []));
        insta::assert_snapshot!(pretty(&one, [("h", "u:2")]), @r#"
        <a xmlns="u:1" xmlns:h="u:2" b="2" c="1">
          <h:x>1</h:x>
        </a>
        "#);
    }

    #[test]
    fn text_beside_elements_stays_and_the_prefix_of_nil_is_always_the_same() {
        let text =
            b"<a xmlns:x='http://www.w3.org/2001/XMLSchema-instance'> y <b x:nil='true'/>\n</a>";
        insta::assert_snapshot!(pretty(&parse(text).expect("XML"), []), @r#"
        <a xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
          y
          <b i:nil="true"/>
        </a>
        "#);
    }

    fn element() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<String>().prop_map(|t| super::escape(
                &t.chars().filter(|c| !c.is_control()).collect::<String>(),
                false
            )),
            "[a-c]".prop_map(|name| format!("<{name} xmlns='u:{name}'/>")),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            (
                "[a-c]",
                prop_oneof!["", "p:", "q:"],
                prop::collection::vec(inner, 0..4),
            )
                .prop_map(|(name, prefix, inner)| {
                    let inner = inner.concat();
                    format!("<{prefix}{name} xmlns:p='u:p' xmlns:q='u:q' {prefix}z='1'>{inner}</{prefix}{name}>")
                })
        })
        .prop_map(|inner| format!("<r xmlns:p='u:pp'>{inner}</r>"))
    }

    proptest! {
        #[test]
        fn writing_and_reading_again_gives_the_same_document(text in element()) {
            let document = parse(text.as_bytes()).expect("XML");
            let again = parse(write(&document).as_bytes()).expect("XML again");
            assert_eq!(document, again);
            assert_eq!(pretty(&document, []), pretty(&again, []));
        }
    }
}
