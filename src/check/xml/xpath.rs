use super::{
    Document, Node, OwnedElement,
    path::{Evaluation, Stand, Value},
    tree::{self, Kind, Tree},
    write::escape,
};
use crate::source::xpath::{self, Expr, Start, Step, Test};
use std::{borrow::Cow, cell::RefCell, collections::HashMap, rc::Rc};

/// What an XPath gave, in a tree.
#[derive(Clone, Debug)]
pub(crate) enum Place<'t> {
    /// An element; the document stands for its own.
    Element(tree::Element<'t>),
    /// An attribute, by its number, with its value.
    Attribute(u32, Cow<'t, str>),
    /// Text within the element.
    Text(tree::Element<'t>, Cow<'t, str>),
    /// A string, number or boolean of the expression itself.
    Value(String),
}

/// What an XPath gave, in a document that can be changed.
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
    // For each thread, so that nobody waits for a lock; the paths of a suite are few.
    static COMPILED: RefCell<HashMap<String, Rc<Expr>>> = RefCell::new(HashMap::new());
}
const COMPILED_MOST: usize = 2000;

fn compiled(path: &str) -> Result<Rc<Expr>, String> {
    COMPILED.with(|cache| {
        if let Some(expr) = cache.borrow().get(path) {
            return Ok(Rc::clone(expr));
        }
        let expr = xpath::parse(path).map_err(|e| format!("`{path}` is no XPath: {e}"))?;
        let expr = Rc::new(expr);
        let mut cache = cache.borrow_mut();
        if cache.len() >= COMPILED_MOST {
            cache.clear();
        }
        cache.insert(path.to_owned(), Rc::clone(&expr));
        Ok(expr)
    })
}

/// Evaluates an XPath in document order, with `(prefix, URI)` for its names. A number is written as XPath writes it.
///
/// # Errors
/// The path is no XPath, uses a prefix or function that is not known, or takes too long over a body of this length: a
/// mistake of whoever wrote it.
pub(crate) fn select<'t>(
    tree: &'t Tree<'t>,
    path: &str,
    namespaces: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<Place<'t>>, String> {
    Ok(match find(tree, path, namespaces)? {
        Found::Nodes(nodes) => nodes.iter().map(|at| place(tree, *at)).collect(),
        Found::Value(text) => vec![Place::Value(text)],
    })
}

/// What an XPath gave: numbers of nodes, or a string, number or boolean of its own.
pub(crate) enum Found {
    Nodes(Rc<Vec<u32>>),
    Value(String),
}

/// As [`select`] does, with numbers in place of what they stand for: there may be millions.
///
/// # Errors
/// As those of [`select`].
pub(crate) fn find<'t>(
    tree: &'t Tree<'t>,
    path: &str,
    namespaces: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Found, String> {
    Ok(match numbers(tree, path, namespaces)? {
        Value::Nodes(nodes) => Found::Nodes(nodes),
        value => Found::Value(value.text(tree).into_owned()),
    })
}

/// What a number stands for.
pub(crate) fn place<'t>(tree: &'t Tree<'t>, at: u32) -> Place<'t> {
    let element = |at: u32| tree::Element {
        tree,
        at: at.max(1),
    };
    match tree.node(at).kind() {
        Kind::Attribute => Place::Attribute(at, tree.value(at)),
        Kind::Text => Place::Text(element(tree.node(at).parent), tree.value(at)),
        _ => Place::Element(element(at)),
    }
}

/// The same as numbers of nodes.
fn numbers<'t>(
    tree: &'t Tree<'t>,
    path: &str,
    namespaces: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Value, String> {
    let expr = compiled(path)?;
    let mut namespaces: Vec<_> = namespaces.into_iter().collect();
    // Known without a declaration (Namespaces in XML, 3).
    namespaces.push(("xml", tree::XML));
    if let Some(prefix) = unknown(&expr, &|prefix| {
        namespaces.iter().any(|(p, _)| *p == prefix)
    }) {
        return Err(format!(
            "`{path}` uses prefix `{prefix}`, which the contract's `namespaces` does not know"
        ));
    }
    let stand = Stand {
        node: 0,
        position: 1,
        size: 1,
    };
    Evaluation::new(tree, namespaces)
        .value(&expr, stand)
        .map_err(|e| format!("`{path}` cannot be evaluated: {e}"))
}

/// A prefix of a path that nobody knows.
fn unknown<'e>(expr: &'e Expr, knows: &dyn Fn(&str) -> bool) -> Option<&'e str> {
    let in_steps = |steps: &'e [Step]| {
        steps.iter().find_map(|step| {
            let prefix = match &step.test {
                Test::Prefix(prefix) | Test::Name(Some(prefix), _) => Some(prefix.as_str()),
                _ => None,
            };
            prefix.filter(|prefix| !knows(prefix)).or_else(|| {
                step.predicates
                    .iter()
                    .find_map(|inner| unknown(inner, knows))
            })
        })
    };
    match expr {
        Expr::Or(a, b)
        | Expr::And(a, b)
        | Expr::Compare(_, a, b)
        | Expr::Arithmetic(_, a, b)
        | Expr::Union(a, b) => unknown(a, knows).or_else(|| unknown(b, knows)),
        Expr::Negative(inner) => unknown(inner, knows),
        Expr::Text(_) | Expr::Number(_) => None,
        Expr::Call(_, arguments) => arguments.iter().find_map(|inner| unknown(inner, knows)),
        Expr::Path(Start::At(inner, predicates), steps) => unknown(inner, knows)
            .or_else(|| predicates.iter().find_map(|inner| unknown(inner, knows)))
            .or_else(|| in_steps(steps)),
        Expr::Path(_, steps) => in_steps(steps),
    }
}

/// A document that can be changed, as XPath sees it: made once for all paths that are asked of it.
pub(crate) struct Dom(Tree<'static>);

impl Dom {
    pub(crate) fn new(document: &Document) -> Self {
        let mut body = String::new();
        let mut tree = Tree {
            body: Cow::Borrowed(""),
            nodes: vec![tree::Node::new(Kind::Document, 0, 0, 0, 0)],
            namespaces: vec![String::new()],
            declared: document.declared,
        };
        add(&mut tree, &mut body, &document.root, 0);
        tree.body = Cow::Owned(body);
        Self(tree)
    }

    /// As [`select`] does.
    ///
    /// # Errors
    /// As those of [`select`].
    pub(crate) fn select<'n>(
        &'n self,
        path: &str,
        namespaces: impl IntoIterator<Item = (&'n str, &'n str)>,
    ) -> Result<Vec<Selected>, String> {
        let tree = &self.0;
        Ok(match numbers(tree, path, namespaces)? {
            Value::Nodes(nodes) => nodes
                .iter()
                .map(|&at| {
                    let value = || tree.value(at).into_owned();
                    let of_parent = || self.way(tree.node(at).parent);
                    match tree.node(at).kind() {
                        Kind::Attribute => Selected::Attribute(
                            of_parent(),
                            tree.namespace(at).to_owned(),
                            tree.local(at).to_owned(),
                            value(),
                        ),
                        Kind::Text => Selected::Text(of_parent(), value()),
                        _ => Selected::Element(self.way(at)),
                    }
                })
                .collect(),
            value => vec![Selected::Value(value.text(tree).into_owned())],
        })
    }

    fn way(&self, mut at: u32) -> Vec<usize> {
        let mut way = Vec::new();
        // The document and its element have none.
        while at > 1 {
            let parent = self.0.node(at).parent;
            way.extend(self.0.children(parent).position(|one| one == at));
            at = parent;
        }
        way.reverse();
        way
    }
}

fn add(tree: &mut Tree<'_>, body: &mut String, element: &OwnedElement, parent: u32) {
    let number = |tree: &mut Tree<'_>, uri: &str| {
        let known = tree.namespaces.iter().position(|known| known == uri);
        let at = known.unwrap_or_else(|| {
            tree.namespaces.push(uri.to_owned());
            tree.namespaces.len() - 1
        });
        u32::try_from(at).unwrap_or_default()
    };
    let place = |body: &str| u32::try_from(body.len()).unwrap_or(u32::MAX);
    let name = |body: &mut String, prefix: &str, local: &str| {
        if !prefix.is_empty() {
            body.push_str(prefix);
            body.push(':');
        }
        body.push_str(local);
    };
    body.push('<');
    let at = tree.len();
    let namespace = number(tree, &element.namespace);
    tree.nodes.push(tree::Node::new(
        Kind::Element,
        namespace,
        place(body),
        parent,
        0,
    ));
    name(body, &element.prefix, &element.local);
    for attribute in &element.attributes {
        body.push(' ');
        let namespace = number(tree, &attribute.namespace);
        tree.nodes.push(tree::Node::new(
            Kind::Attribute,
            namespace,
            place(body),
            at,
            0,
        ));
        name(body, &attribute.prefix, &attribute.local);
        body.push_str("=\"");
        body.push_str(&escape(&attribute.value, true));
        body.push('"');
    }
    body.push('>');
    for node in &element.nodes {
        match node {
            Node::Element(child) => add(tree, body, child, at),
            Node::Text(text) => {
                let from = place(body);
                body.push_str(&escape(text, false));
                let end = place(body);
                tree.nodes
                    .push(tree::Node::new(Kind::Text, 0, from, at, end));
            }
        }
    }
    let end = tree.len();
    tree.nodes[at as usize].end = end;
}

#[cfg(test)]
mod tests {
    use super::{super::parse_owned as parse, Dom, Selected, compiled};
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
            "/*/@zz:a",
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
