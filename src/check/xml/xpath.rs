use super::{Document, Element, Node};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};
use sxd_document::{Package, QName, dom};
use sxd_xpath::{Context, Factory, Value, XPath, nodeset};

/// What an XPath gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selected {
    /// Elements, as the way from the root: the n-th of its nodes, and again.
    Element(Vec<usize>),
    /// An attribute: the element, namespace, local name, value.
    Attribute(Vec<usize>, String, String, String),
    /// Text within an element: the element, the text.
    Text(Vec<usize>, String),
    /// A string, number or boolean of the expression itself.
    Value(String),
}

thread_local! {
    // Compiled expressions cannot be shared between threads; the paths of a suite are few.
    static COMPILED: RefCell<HashMap<String, Rc<XPath>>> = RefCell::new(HashMap::new());
}
const COMPILED_MOST: usize = 2000;

fn compiled(path: &str) -> Result<Rc<XPath>, String> {
    COMPILED.with(|cache| {
        if let Some(xpath) = cache.borrow().get(path) {
            return Ok(Rc::clone(xpath));
        }
        let xpath = Factory::new()
            .build(path)
            .map_err(|e| format!("`{path}` is no XPath: {e}"))?
            .ok_or_else(|| format!("`{path}` is no XPath"))?;
        let xpath = Rc::new(xpath);
        let mut cache = cache.borrow_mut();
        if cache.len() >= COMPILED_MOST {
            cache.clear();
        }
        cache.insert(path.to_owned(), Rc::clone(&xpath));
        Ok(xpath)
    })
}

/// A document as XPath sees it, made once for all paths that are asked of it.
pub(crate) struct Dom(Package);

impl Dom {
    pub(crate) fn new(document: &Document) -> Self {
        let package = Package::new();
        let dom = package.as_document();
        dom.root().append_child(build(dom, &document.root));
        Self(package)
    }

    /// Evaluates an XPath in document order, with `(prefix, URI)` for its names. A number is written as XPath writes it.
    ///
    /// # Errors
    /// The path is no XPath, or uses a prefix, function or variable that is not known: a mistake of whoever wrote it.
    pub(crate) fn select<'n>(
        &self,
        path: &str,
        namespaces: impl IntoIterator<Item = (&'n str, &'n str)>,
    ) -> Result<Vec<Selected>, String> {
        let xpath = compiled(path)?;
        let mut context = Context::new();
        let mut known = Vec::new();
        for (prefix, uri) in namespaces {
            context.set_namespace(prefix, uri);
            known.push(prefix);
        }
        // The library panics on these.
        if let Some(prefix) = prefixes(path).find(|prefix| !known.contains(prefix)) {
            return Err(format!(
                "`{path}` uses prefix `{prefix}`, which the contract's `namespaces` does not know"
            ));
        }
        let value = xpath
            .evaluate(&context, self.0.as_document().root())
            .map_err(|e| format!("`{path}` cannot be evaluated: {e}"))?;
        Ok(match value {
            Value::Nodeset(nodes) => {
                let mut ways = Ways::default();
                nodes
                    .document_order()
                    .into_iter()
                    .filter_map(|node| ways.located(node))
                    .collect()
            }
            Value::Boolean(_) | Value::Number(_) | Value::String(_) => {
                vec![Selected::Value(value.string())]
            }
        })
    }
}

/// The prefixes of names in a path: what stands before a single colon outside of quotes.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let mut start = 0;
    let mut found = Vec::new();
    for (at, c) in path.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => {
                quote = None;
                start = at + c.len_utf8();
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, ':') => {
                let single = !path[at + 1..].starts_with(':') && !path[..at].ends_with(':');
                if single && start < at {
                    found.push(&path[start..at]);
                }
                start = at + 1;
            }
            (None, c) if c.is_alphanumeric() || "_-.".contains(c) => {}
            (None, c) => start = at + c.len_utf8(),
        }
    }
    found.into_iter()
}

fn build<'d>(dom: dom::Document<'d>, element: &Element) -> dom::Element<'d> {
    let node = dom.create_element(name(&element.namespace, &element.local));
    for a in &element.attributes {
        node.set_attribute_value(name(&a.namespace, &a.local), &a.value);
    }
    for child in &element.nodes {
        match child {
            Node::Element(child) => node.append_child(build(dom, child)),
            Node::Text(text) => node.append_child(dom.create_text(text)),
        }
    }
    node
}

fn name<'a>(namespace: &'a str, local: &'a str) -> QName<'a> {
    if namespace.is_empty() {
        QName::new(local)
    } else {
        QName::with_namespace_uri(Some(namespace), local)
    }
}

/// Where elements stand among the nodes of their parents: counted once for each parent, for many may be asked for.
#[derive(Default)]
struct Ways<'d> {
    counted: HashSet<dom::Element<'d>>,
    positions: HashMap<dom::Element<'d>, usize>,
}

impl<'d> Ways<'d> {
    fn located(&mut self, node: nodeset::Node<'d>) -> Option<Selected> {
        match node {
            // The document stands for its element: nobody asks for more than "is there one".
            nodeset::Node::Root(_) => Some(Selected::Element(Vec::new())),
            nodeset::Node::Element(element) => Some(Selected::Element(self.way(element))),
            nodeset::Node::Attribute(a) => Some(Selected::Attribute(
                self.way(a.parent()?),
                a.name().namespace_uri().unwrap_or_default().to_owned(),
                a.name().local_part().to_owned(),
                a.value().to_owned(),
            )),
            nodeset::Node::Text(text) => Some(Selected::Text(
                self.way(text.parent()?),
                text.text().to_owned(),
            )),
            nodeset::Node::Comment(_)
            | nodeset::Node::Namespace(_)
            | nodeset::Node::ProcessingInstruction(_) => None,
        }
    }

    fn way(&mut self, mut element: dom::Element<'d>) -> Vec<usize> {
        let mut way = Vec::new();
        while let Some(dom::ParentOfChild::Element(parent)) = element.parent() {
            if self.counted.insert(parent) {
                let children = parent.children().into_iter().enumerate();
                self.positions
                    .extend(children.filter_map(|(at, child)| Some((child.element()?, at))));
            }
            way.push(self.positions.get(&element).copied().unwrap_or_default());
            element = parent;
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse, Dom, Selected, compiled};
    use rstest::rstest;

    const TEXT: &[u8] =
        b"<a xmlns='u:1'><b id='x'>1</b><b>2<c xmlns=''>3</c></b><d xmlns='u:2'/></a>";

    #[rstest]
    #[case("/h:a/h:b", vec![Selected::Element(vec![0]), Selected::Element(vec![1])])]
    #[case("/h:a/h:b[2]/c", vec![Selected::Element(vec![1, 1])])]
    #[case("/h:a/o:d", vec![Selected::Element(vec![2])])]
    #[case("/child::h:a/child::h:b[2]", vec![Selected::Element(vec![1])])]
    #[case("/a", vec![])]
    #[case("/", vec![Selected::Element(vec![])])]
    #[case("//h:b/@id", vec![Selected::Attribute(vec![0], String::new(), "id".into(), "x".into())])]
    #[case("//h:b[1]/text()", vec![Selected::Text(vec![0], "1".into())])]
    #[case("count(//h:b)", vec![Selected::Value("2".into())])]
    #[case("namespace-uri(/*)", vec![Selected::Value("u:1".into())])]
    #[case("count(//h:b) = 2", vec![Selected::Value("true".into())])]
    #[case("local-name(/*/*[3])", vec![Selected::Value("d".into())])]
    fn a_path_selects(#[case] path: &str, #[case] expected: Vec<Selected>) {
        let document = parse(TEXT).expect("XML");
        let found = Dom::new(&document)
            .select(path, [("h", "u:1"), ("o", "u:2")])
            .expect("XPath");
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("/h:a[")]
    #[case("")]
    #[case("/h:a/unknown(")]
    fn what_is_no_path_says_so(#[case] path: &str) {
        assert!(
            compiled(path)
                .map(|_| ())
                .expect_err("an error")
                .contains("is no XPath")
        );
    }

    #[test]
    fn an_unknown_prefix_is_a_mistake_of_the_writer_and_not_absence() {
        let dom = Dom::new(&parse(TEXT).expect("XML"));
        for path in [
            "/zz:a",
            "//h:b[zz:c = 'h:x']",
            "//h:b['h' = zz:c]",
            "zz:f(1)",
            "/*/@zz:a",
            "$zz:v",
            "/zz:*",
        ] {
            let error = dom.select(path, [("h", "u:1")]).expect_err(path);
            assert!(error.contains("prefix `zz`"), "{error}");
        }
        assert!(dom.select("unknown(/*)", []).is_err());
        assert!(dom.select("$unknown", []).is_err());
        assert!(dom.select("'zz:b' = \"it's zz:c\"", []).is_ok());
        assert!(dom.select("'a:b' = string(self::node())", []).is_ok());
    }
}
