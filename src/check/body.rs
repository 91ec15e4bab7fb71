//! Bodies laid out for people and compared as text, with values changed on the way. For snapshots.

use super::{
    json,
    value::{Found, Item},
    xml::{self, Selected},
};
use crate::{
    message::Headers,
    source::{Matcher, Type},
};
use indexmap::IndexMap;
use serde_json::Value;
use std::borrow::Cow;

/// One value of a reply, for redactions.
#[derive(Debug)]
pub(crate) struct Subject<'a>(Item<'a>);

impl<'a> Subject<'a> {
    /// A header field.
    pub(crate) fn of_text(text: &'a str) -> Self {
        Self(Item::Text(Cow::Borrowed(text)))
    }

    /// Its text: of JSON that is no string its notation.
    pub(crate) fn text(&self) -> String {
        match (&self.0, self.0.as_text()) {
            (_, Some(text)) => text.into_owned(),
            (Item::Json(value), None) => value.to_string(),
            (Item::Text(_) | Item::Element(_), None) => String::new(),
        }
    }

    /// Whether it reads as a value of that type.
    pub(crate) fn is(&self, ty: Type) -> bool {
        self.0.is(ty)
    }

    /// Whether it fits a matcher without templates; one with templates fits nothing.
    pub(crate) fn fits(&self, matcher: &Matcher) -> bool {
        super::render::without_templates(|env| {
            super::matcher::fits(matcher, &Found::One(self.0.borrowed()), env)
        })
        .unwrap_or(false)
    }
}

/// The body with two blanks for each level, where it is JSON or XML. Every value that a path gives is replaced by what
/// `mask` says of it, every other text by what `replace` makes of it.
pub(crate) fn lay_out<'p, T: 'p>(
    headers: &Headers,
    body: &[u8],
    namespaces: &IndexMap<String, String>,
    paths: impl Iterator<Item = (&'p str, bool, &'p T)>,
    mut mask: impl FnMut(&T, &Subject<'_>) -> Option<String>,
    replace: impl Fn(&str) -> String,
) -> Option<String> {
    let content_type = headers.get("Content-Type").unwrap_or_default();
    let content_type = content_type.to_ascii_lowercase();
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    let says_json = content_type.contains("json");
    let says_xml = content_type.contains("xml");
    if says_json || (!says_xml && matches!(first, Some(b'{' | b'['))) {
        let mut value = json::parse(body).ok()?;
        for (path, is_json, what) in paths {
            if !is_json {
                continue;
            }
            let Ok(compiled) = json::compiled(path) else {
                continue;
            };
            let pointers: Vec<String> = compiled
                .query_located(&value)
                .iter()
                .map(|node| node.location().to_json_pointer())
                .collect();
            for pointer in pointers {
                if let Some(node) = value.pointer_mut(&pointer)
                    && let Some(masked) = mask(what, &Subject(Item::Json(Cow::Borrowed(node))))
                {
                    *node = Value::String(masked);
                }
            }
        }
        each_text(&mut value, &replace);
        return serde_json::to_string_pretty(&value).ok();
    }
    if says_xml || first == Some(&b'<') {
        let mut document = xml::parse(body).ok()?;
        let names = || namespaces.iter().map(|(p, u)| (p.as_str(), u.as_str()));
        let dom = xml::Dom::new(&document);
        for (path, is_json, what) in paths {
            if is_json {
                continue;
            }
            // Only leaves are changed, so the ways to all others stay what they are.
            for selected in dom.select(path, names()).unwrap_or_default() {
                change(&mut document, &selected, |item| mask(what, &Subject(item)));
            }
        }
        each_xml_text(&mut document.root, &replace);
        return Some(xml::pretty(&document, names()));
    }
    None
}

fn change(
    document: &mut xml::Document,
    selected: &Selected,
    mut mask: impl FnMut(Item<'_>) -> Option<String>,
) {
    match selected {
        Selected::Element(way) | Selected::Text(way, _) => {
            let Some(element) = document.root.at_mut(way) else {
                return;
            };
            if element.has_children() {
                return;
            }
            if let Some(masked) = mask(Item::Element(Cow::Borrowed(element))) {
                element.nodes = vec![xml::Node::Text(masked)];
            }
        }
        Selected::Attribute(way, namespace, local, _) => {
            let Some(element) = document.root.at_mut(way) else {
                return;
            };
            let attribute = element
                .attributes
                .iter_mut()
                .find(|a| a.namespace == *namespace && a.local == *local);
            if let Some(attribute) = attribute
                && let Some(masked) = mask(Item::Text(Cow::Borrowed(&attribute.value)))
            {
                attribute.value = masked;
            }
        }
        Selected::Value(_) => {}
    }
}

fn each_text(value: &mut Value, replace: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = replace(text),
        Value::Array(list) => list.iter_mut().for_each(|value| each_text(value, replace)),
        Value::Object(map) => map.values_mut().for_each(|value| each_text(value, replace)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn each_xml_text(element: &mut xml::Element, replace: &impl Fn(&str) -> String) {
    for attribute in &mut element.attributes {
        attribute.value = replace(&attribute.value);
    }
    for node in &mut element.nodes {
        match node {
            xml::Node::Text(text) => *text = replace(text),
            xml::Node::Element(child) => each_xml_text(child, replace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Subject, lay_out};
    use crate::{
        message::Headers,
        source::{Literal, Matcher, MatcherKind, Place, Template},
    };
    use indexmap::IndexMap;
    use rstest::rstest;

    fn laid_out(content_type: &str, body: &str) -> Option<String> {
        let mut headers = Headers::new();
        if !content_type.is_empty() {
            headers.append("Content-Type", content_type);
        }
        let namespaces = IndexMap::from([("s".to_owned(), "urn:shop".to_owned())]);
        lay_out(
            &headers,
            body.as_bytes(),
            &namespaces,
            [("/a/@k", false, &()), ("$.k", true, &())].into_iter(),
            |(), value| Some(format!("[{}]", value.text())),
            |text| text.replace("host", "[host]"),
        )
    }

    #[rstest]
    #[case("", "<a>1</a>", Some("<a>1</a>\n"))]
    #[case("", " [1]", Some("[\n  1\n]"))]
    #[case("", "text", None)]
    #[case("text/xml", "{}", None)]
    #[case("text/json", "<a/>", None)]
    fn a_body_is_what_it_says_or_else_what_it_looks_like(
        #[case] content_type: &str,
        #[case] body: &str,
        #[case] text: Option<&str>,
    ) {
        assert_eq!(laid_out(content_type, body).as_deref(), text);
    }

    #[test]
    fn only_the_attribute_that_a_path_gives_is_masked() {
        let body = "<a xmlns:s='urn:shop' s:k='1' j='2' k='3'/>";
        assert_eq!(
            laid_out("", body).as_deref(),
            Some("<a xmlns:s=\"urn:shop\" j=\"2\" k=\"[3]\" s:k=\"1\"/>\n")
        );
    }

    #[test]
    fn names_are_replaced_in_texts_and_attributes_of_xml() {
        let body = "<a b='at host'><c>host</c></a>";
        assert_eq!(
            laid_out("", body).as_deref(),
            Some("<a b=\"at [host]\">\n  <c>[host]</c>\n</a>\n")
        );
    }

    #[rstest]
    #[case("a", true)]
    #[case("b", false)]
    #[case("{{ v }}", false)]
    fn a_redaction_fits_by_a_matcher_without_templates(#[case] text: &str, #[case] fits: bool) {
        let template = Template::parse(text, Place::nowhere()).expect("a template");
        let matcher = Matcher {
            place: Place::nowhere(),
            kind: MatcherKind::Equals(Literal::Text(template)),
        };
        assert_eq!(Subject::of_text("a").fits(&matcher), fits);
    }
}
