//! Bodies laid out for people and compared as text, with values changed on the way. For snapshots.

use super::{
    json,
    value::{Found, Item},
    xml::{self, Place},
};
use crate::{
    message::Headers,
    source::{Matcher, Type},
};
use indexmap::IndexMap;
use serde_json::Value;
use std::{borrow::Cow, collections::HashMap};

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
            (item, None) => item
                .value()
                .map(|value| value.to_string())
                .unwrap_or_default(),
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
    mask: impl FnMut(&T, &Subject<'_>) -> Option<String>,
    replace: impl Fn(&str) -> String,
) -> Option<String> {
    let content_type = headers.get("Content-Type").unwrap_or_default();
    let content_type = content_type.to_ascii_lowercase();
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    let says_json = content_type.contains("json");
    let says_xml = content_type.contains("xml");
    if says_json || (!says_xml && matches!(first, Some(b'{' | b'['))) {
        return json_laid_out(body, paths, mask, &replace);
    }
    if says_xml || first == Some(&b'<') {
        return xml_laid_out(body, namespaces, paths, mask, &replace);
    }
    None
}

/// How much of a body is laid out: the rest says nothing that a person would read.
const SHOWN: usize = 256 << 10;

fn json_laid_out<'p, T: 'p>(
    body: &[u8],
    paths: impl Iterator<Item = (&'p str, bool, &'p T)>,
    mut mask: impl FnMut(&T, &Subject<'_>) -> Option<String>,
    replace: &dyn Fn(&str) -> String,
) -> Option<String> {
    let tree = json::read(body).ok()?;
    let mut masks: HashMap<u32, String> = HashMap::new();
    for (path, is_json, what) in paths {
        if !is_json {
            continue;
        }
        for one in json::select(&tree, path).unwrap_or_default() {
            let one = tree.value(one);
            // Of what comes behind nothing is shown: a value takes at least a line of its own.
            if one.number() as usize > SHOWN / 4 {
                continue;
            }
            let masked = match masks.get(&one.number()) {
                Some(before) => mask(what, &Subject(Item::Value(&Value::from(before.as_str())))),
                None => mask(what, &Subject(Item::Json(one))),
            };
            if let Some(masked) = masked {
                masks.insert(one.number(), masked);
            }
        }
    }
    let layout = json::Layout {
        masks,
        replace,
        most: SHOWN,
    };
    Some(json::pretty(&tree, &layout))
}

fn xml_laid_out<'p, T: 'p>(
    body: &[u8],
    namespaces: &IndexMap<String, String>,
    paths: impl Iterator<Item = (&'p str, bool, &'p T)>,
    mut mask: impl FnMut(&T, &Subject<'_>) -> Option<String>,
    replace: &dyn Fn(&str) -> String,
) -> Option<String> {
    let tree = xml::parse(body).ok()?;
    let names = || namespaces.iter().map(|(p, u)| (p.as_str(), u.as_str()));
    let mut masks: HashMap<u32, String> = HashMap::new();
    for (path, is_json, what) in paths {
        if is_json {
            continue;
        }
        for place in xml::select(&tree, path, names()).unwrap_or_default() {
            let (number, item) = match place {
                // Only leaves are changed, and texts within them.
                Place::Element(element) | Place::Text(element, _) if element.has_children() => {
                    continue;
                }
                Place::Element(element) | Place::Text(element, _) => {
                    (element.number(), Item::Element(element))
                }
                Place::Attribute(number, text) => (number, Item::Text(text)),
                Place::Value(_) => continue,
            };
            if !tree.is_within(number, SHOWN) {
                break;
            }
            let masked = match masks.get(&number) {
                Some(before) => mask(what, &Subject::of_text(before)),
                None => mask(what, &Subject(item)),
            };
            if let Some(masked) = masked {
                masks.insert(number, masked);
            }
        }
    }
    let layout = xml::Layout {
        masks,
        replace,
        most: SHOWN,
    };
    Some(xml::pretty(&tree, names(), &layout))
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
    fn of_xml_only_leaves_are_masked() {
        let mut seen = Vec::new();
        lay_out(
            &Headers::new(),
            b"<a><b>1</b><c>2<d>3</d></c></a>",
            &IndexMap::new(),
            [("//* | //text()", false, &())].into_iter(),
            |(), value| {
                seen.push(value.text());
                None
            },
            str::to_owned,
        );
        assert_eq!(seen, ["1", "1", "3", "3"]);
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
