use super::{
    tree::{Element, Kind, Tree, XML, XSI},
    write::{attribute, escape},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// What is shown of a document, and how.
pub(crate) struct Layout<'l> {
    /// What stands for the text of an element, or the value of an attribute, by its number.
    pub(crate) masks: HashMap<u32, String>,
    /// What every text and value is made of.
    pub(crate) replace: &'l dyn Fn(&str) -> String,
    /// Elements that begin behind so many bytes of the body are left out, and of a text as many shown at most.
    pub(crate) most: usize,
}

/// Writes a document in one canonical form, so that only what matters differs: two blanks for each level, an element
/// with text alone on one line, attributes sorted, prefixes normalised. The namespace of the root is the default one,
/// others are `n1`, `n2` ... in the order they come; those in `known` (prefix, URI) keep their prefix.
pub(crate) fn pretty<'a>(
    tree: &Tree<'_>,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
    layout: &Layout<'_>,
) -> String {
    let mut names = Names {
        tree,
        layout,
        root: tree.root().namespace(),
        prefixes: BTreeMap::from([(XML, "xml".to_owned())]),
        used: Vec::new(),
    };
    names.gather(&known.into_iter().map(|(p, u)| (u, p)).collect());
    let mut out = String::new();
    names.element(tree.root(), 0, &mut out);
    out
}

struct Names<'t> {
    tree: &'t Tree<'t>,
    layout: &'t Layout<'t>,
    root: &'t str,
    prefixes: BTreeMap<&'t str, String>,
    used: Vec<(String, &'t str)>,
}

impl<'t> Names<'t> {
    /// Gives every namespace its prefix, in the order in which names have them.
    fn gather(&mut self, known: &BTreeMap<&str, &str>) {
        let mut met = vec![false; self.tree.namespaces.len()];
        for at in 1..self.tree.len() {
            let node = self.tree.node(at);
            let number = node.namespace() as usize;
            match node.kind() {
                Kind::Element if !met[number] => {
                    met[number] = true;
                    let uri = self.tree.namespace(at);
                    if uri != self.root {
                        self.name(uri, known);
                    }
                }
                // Those of one element in the order in which they are written.
                Kind::Element => {}
                Kind::Attribute | Kind::Declaration | Kind::Document | Kind::Text => continue,
            }
            for attribute in self.sorted(at) {
                self.name(self.tree.namespace(attribute), known);
            }
        }
    }

    fn name(&mut self, uri: &'t str, known: &BTreeMap<&str, &str>) {
        if uri.is_empty() || self.prefixes.contains_key(uri) {
            return;
        }
        let prefix = match known.get(uri) {
            _ if uri == XSI => "i".to_owned(),
            Some(prefix) => (*prefix).to_owned(),
            None => format!("n{}", self.used.len() + 1),
        };
        self.used.push((prefix.clone(), uri));
        self.prefixes.insert(uri, prefix);
    }

    fn of(&self, uri: &str, local: &str) -> String {
        match self.prefixes.get(uri) {
            Some(prefix) => format!("{prefix}:{local}"),
            None => local.to_owned(),
        }
    }

    fn sorted(&self, at: u32) -> Vec<u32> {
        let mut attributes: Vec<_> = self.tree.attributes(at).collect();
        attributes.sort_by_key(|a| (self.tree.namespace(*a), self.tree.local(*a)));
        attributes
    }

    fn element(&self, e: Element<'_>, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        // Elements take the default namespace where it is the root's; without a root namespace there is none.
        let name = if e.namespace() == self.root {
            e.local().to_owned()
        } else if e.namespace().is_empty() {
            format!("{{}}{}", e.local())
        } else {
            self.of(e.namespace(), e.local())
        };
        out.push_str(&indent);
        out.push('<');
        out.push_str(&name);
        if depth == 0 {
            if !self.root.is_empty() {
                attribute("xmlns", self.root, out);
            }
            for (prefix, uri) in &self.used {
                attribute(&format!("xmlns:{prefix}"), uri, out);
            }
        }
        for a in self.sorted(e.at) {
            let (uri, local) = (self.tree.namespace(a), self.tree.local(a));
            let name = if uri.is_empty() {
                local.to_owned()
            } else {
                self.of(uri, local)
            };
            attribute(&name, &self.text(a), out);
        }
        if !e.has_children() {
            let text = self.text(e.at);
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
        for at in self.tree.children(e.at) {
            if self.tree.node(at).from as usize > self.layout.most {
                out.push_str(&indent);
                out.push_str("  (what follows is not shown: the body is too long)\n");
                break;
            }
            if self.tree.node(at).kind() == Kind::Element {
                let tree = self.tree;
                self.element(Element { tree, at }, depth + 1, out);
                continue;
            }
            let text = self.text(at);
            // Blanks between elements are layout.
            if !text.trim().is_empty() {
                out.push_str(&indent);
                out.push_str("  ");
                out.push_str(&escape(text.trim(), false));
                out.push('\n');
            }
        }
        out.push_str(&indent);
        out.push_str("</");
        out.push_str(&name);
        out.push_str(">\n");
    }

    /// The text of a leaf or the value of an attribute, masked and cut.
    fn text(&self, at: u32) -> String {
        let text = match self.layout.masks.get(&at) {
            Some(mask) => Cow::Borrowed(mask.as_str()),
            None => self.tree.string(at),
        };
        if text.is_empty() {
            return String::new();
        }
        (self.layout.replace)(&crate::check::text::head(&text, self.layout.most))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse, Layout, pretty};
    use std::collections::HashMap;

    fn shown(text: &str, known: &[(&str, &str)], most: usize) -> String {
        let tree = parse(text.as_bytes()).expect("XML");
        let layout = Layout {
            masks: HashMap::new(),
            replace: &str::to_owned,
            most,
        };
        pretty(&tree, known.iter().copied(), &layout)
    }

    #[test]
    fn prefixes_layout_and_the_order_of_attributes_do_not_show() {
        let one = "<a xmlns='u:1' xmlns:z='u:2' c='1' b='2'><z:x>1</z:x></a>";
        let two = "<q:a xmlns:q='u:1' b='2' c='1'>\n  <x xmlns='u:2'>1</x>\n</q:a>";
        assert_eq!(shown(one, &[], 9999), shown(two, &[], 9999));
        insta::assert_snapshot!(shown(one, &[("h", "u:2")], 9999), @r#"
        <a xmlns="u:1" xmlns:h="u:2" b="2" c="1">
          <h:x>1</h:x>
        </a>
        "#);
    }

    #[test]
    fn text_beside_elements_stays_and_the_prefix_of_nil_is_always_the_same() {
        let text =
            "<a xmlns:x='http://www.w3.org/2001/XMLSchema-instance'> y <b x:nil='true'/>\n</a>";
        insta::assert_snapshot!(shown(text, &[], 9999), @r#"
        <a xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
          y
          <b i:nil="true"/>
        </a>
        "#);
    }

    #[test]
    fn of_a_long_body_the_beginning_is_shown() {
        let long = format!("<a>{}</a>", "<b>1</b>".repeat(100_000));
        insta::assert_snapshot!(shown(&long, &[], 16), @r"
        <a>
          <b>1</b>
          <b>1</b>
          (what follows is not shown: the body is too long)
        </a>
        ");
        // What begins there to the byte is shown: the name of the third one.
        assert_eq!(shown(&long, &[], 20).matches("<b>").count(), 3);
        let long = format!("<a><b>{}</b></a>", "x".repeat(100_000));
        insta::assert_snapshot!(shown(&long, &[], 16), @r"
        <a>
          <b>xxxxxxxxxxxxxxxx (cut: 100000 bytes in all)</b>
        </a>
        ");
    }
}
