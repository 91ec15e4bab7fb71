use super::{Document, Node, OwnedElement as Element, tree::XML};

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

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() {
        local.to_owned()
    } else {
        format!("{prefix}:{local}")
    }
}

pub(super) fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(&escape(value, true));
    out.push('"');
}

pub(super) fn escape(text: &str, attribute: bool) -> String {
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
    use super::{
        super::{Layout, parse as tree, parse_owned as parse, pretty},
        write,
    };
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
    use rstest::rstest;
    use std::collections::HashMap;

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
            let layout = Layout { masks: HashMap::new(), replace: &str::to_owned, most: usize::MAX };
            let (one, two) = (tree(text.as_bytes()).expect("XML"), write(&document));
            let two = tree(two.as_bytes()).expect("XML again");
            assert_eq!(pretty(&one, [], &layout), pretty(&two, [], &layout));
        }
    }
}
