use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};
use std::rc::Rc;

/// An element with everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The local name.
    pub(crate) name: String,
    /// The namespace; empty where there is none.
    pub(crate) namespace: Rc<str>,
    /// All attributes but namespace declarations.
    pub(crate) attributes: Vec<Attribute>,
    /// The elements directly in it.
    pub(crate) children: Vec<Element>,
    /// All text directly in it, references resolved.
    pub(crate) text: String,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The local name.
    pub(crate) name: String,
    /// The namespace; empty where there is none.
    pub(crate) namespace: Rc<str>,
    /// The value, references resolved.
    pub(crate) value: String,
}

impl Element {
    /// Whether it has that local name in that namespace.
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && &*self.namespace == namespace
    }

    /// The first child of that local name, whatever its namespace.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Whether `i:nil` says that there is no value.
    pub(crate) fn is_nil(&self) -> bool {
        self.attributes.iter().any(|attribute| {
            attribute.name == "nil"
                && &*attribute.namespace == crate::hpc_pack::wire::ns::INSTANCE
                && matches!(attribute.value.trim(), "true" | "1")
        })
    }

    /// The text of it and all below, in document order of the elements.
    pub(crate) fn all_text(&self) -> String {
        let mut text = self.text.clone();
        for child in &self.children {
            text.push_str(&child.all_text());
        }
        text
    }
}

/// Why bytes are no XML of ours, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);

/// How deep elements may be nested, the root being 1.
const DEEPEST: usize = 64;
/// How many elements a tree may have.
const MOST_ELEMENTS: usize = 200_000;
/// How many attributes an element may have.
const MOST_ATTRIBUTES: usize = 256;

/// Reads a document into a tree.
///
/// # Errors
/// Where the bytes are no well-formed UTF-8 XML, or have a DTD, or are nested too deep.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, Malformed> {
    read(bytes, None)
}

/// Reads a document and gives away each child of its root as soon as it is complete, so that a long
/// document is never a tree as a whole. Gives back the root without them.
///
/// # Errors
/// As [`parse`].
pub(crate) fn each_child(
    bytes: &[u8],
    mut take: impl FnMut(Element) -> Result<(), Malformed>,
) -> Result<Element, Malformed> {
    read(bytes, Some(&mut take))
}

type Take<'t> = &'t mut dyn FnMut(Element) -> Result<(), Malformed>;

fn read(bytes: &[u8], mut take: Option<Take<'_>>) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
        .map_err(|_| malformed("The body is not UTF-8."))?;
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    let mut spaces = Namespaces::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(broken)?;
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                let namespace = spaces.of(&namespace)?;
                let element = begin(&reader, start, namespace, &mut spaces)?;
                elements += 1;
                if root.is_some() || open.len() >= DEEPEST || elements > MOST_ELEMENTS {
                    return Err(malformed(
                        "The body has more than one root, or too many elements, or they are nested too deep.",
                    ));
                }
                open.push(element);
                if matches!(event, Event::Empty(_)) {
                    end(&mut open, &mut root, &mut take, &mut elements)?;
                }
            }
            Event::End(_) => end(&mut open, &mut root, &mut take, &mut elements)?,
            Event::Text(text) => append(&mut open, &text.xml10_content())?,
            Event::CData(text) => append(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(broken)?;
                match character {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    None => {
                        let name = reference.xml10_content();
                        let known = quick_xml::escape::resolve_predefined_entity(&name)
                            .ok_or_else(|| malformed("The body has an unknown entity."))?;
                        append(&mut open, known)?;
                    }
                }
            }
            Event::Decl(declaration) => {
                if let Some(encoding) = declaration.encoding() {
                    let encoding = encoding.map_err(broken)?;
                    if !["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|known| encoding.eq_ignore_ascii_case(known))
                    {
                        return Err(malformed("The body declares an encoding other than UTF-8."));
                    }
                }
            }
            Event::DocType(_) => return Err(malformed("The body has a DTD, which is not taken.")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    root.filter(|_| open.is_empty())
        .ok_or_else(|| malformed("The body ends before its root element does."))
}

fn begin(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    namespace: Rc<str>,
    spaces: &mut Namespaces,
) -> Result<Element, Malformed> {
    let mut attributes = Vec::new();
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(broken)?;
        if count >= MOST_ATTRIBUTES {
            return Err(malformed("An element has too many attributes."));
        }
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(broken)?;
        check(&value)?;
        attributes.push(Attribute {
            name: name.as_ref().to_owned(),
            namespace: spaces.of(&namespace)?,
            value: value.into_owned(),
        });
    }
    Ok(Element {
        name: start.local_name().as_ref().to_owned(),
        namespace,
        attributes,
        children: Vec::new(),
        text: String::new(),
    })
}

fn end(
    open: &mut Vec<Element>,
    root: &mut Option<Element>,
    take: &mut Option<Take<'_>>,
    elements: &mut usize,
) -> Result<(), Malformed> {
    let Some(element) = open.pop() else {
        return Err(malformed("The body has an end tag too many."));
    };
    match (open.as_mut_slice(), take) {
        ([], _) => *root = Some(element),
        ([_], Some(take)) => {
            *elements = 0;
            take(element)?;
        }
        ([.., parent], _) => parent.children.push(element),
    }
    Ok(())
}

fn append(open: &mut [Element], text: &str) -> Result<(), Malformed> {
    check(text)?;
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed("The body has text outside its root element.")),
    }
    Ok(())
}

/// Whether all characters may stand in XML 1.0.
fn check(text: &str) -> Result<(), Malformed> {
    let strange = |c: char| matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    if text.contains(strange) {
        return Err(malformed(
            "The body has characters that XML does not allow.",
        ));
    }
    Ok(())
}

/// Namespaces that were met, so that equal ones share their text.
#[derive(Default)]
struct Namespaces(Vec<Rc<str>>);

impl Namespaces {
    fn of(&mut self, resolved: &ResolveResult<'_>) -> Result<Rc<str>, Malformed> {
        let name = match resolved {
            ResolveResult::Bound(namespace) => namespace.as_ref(),
            ResolveResult::Unbound => "",
            ResolveResult::Unknown(_) => {
                return Err(malformed(
                    "The body uses a prefix that it does not declare.",
                ));
            }
        };
        if let Some(known) = self.0.iter().find(|known| &***known == name) {
            return Ok(Rc::clone(known));
        }
        let new: Rc<str> = name.into();
        // Bodies have a handful of namespaces; one with thousands pays for itself, not with our memory.
        if self.0.len() < 16 {
            self.0.push(Rc::clone(&new));
        }
        Ok(new)
    }
}

fn malformed(why: &str) -> Malformed {
    Malformed(why.to_owned())
}

fn broken(error: impl std::fmt::Display) -> Malformed {
    Malformed(format!("The body is not well-formed XML: {error}."))
}

#[cfg(test)]
mod tests {
    use super::{each_child, parse};
    use proptest::prelude::{any, proptest};
    use rstest::rstest;

    #[rstest]
    #[case("<a xmlns='urn:x'><b>1</b></a>")]
    #[case("<p:a xmlns:p='urn:x'><p:b>1</p:b></p:a>")]
    #[case(
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a xmlns='urn:x'>\n <b>1</b><!-- c --></a>\n"
    )]
    #[case("<a xmlns='urn:y'/>")]
    fn any_prefix_may_stand_for_a_namespace(#[case] text: &str) {
        let element = parse(text.as_bytes()).unwrap();
        if text.contains("urn:y") {
            assert!(!element.is("urn:x", "a"));
        } else {
            assert!(element.is("urn:x", "a"));
            assert!(element.children[0].is("urn:x", "b"));
            assert_eq!(element.child("b").unwrap().text, "1");
        }
    }

    #[rstest]
    #[case("")]
    #[case("   ")]
    #[case("text")]
    #[case("<a>")]
    #[case("<a></b>")]
    #[case("<a/><b/>")]
    #[case("<a/>text")]
    #[case("</a>")]
    #[case("<p:a/>")]
    #[case("<a p:b='1'/>")]
    #[case("<a b='1' b='2'/>")]
    #[case("<a>&unknown;</a>")]
    #[case("<a>&#0;</a>")]
    #[case("<a>&#1;</a>")]
    #[case("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")]
    #[case("<?xml version='1.0' encoding='utf-16'?><a/>")]
    fn what_is_no_xml_of_ours_is_refused(#[case] text: &str) {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }

    #[test]
    fn nesting_of_ten_thousand_levels_is_refused() {
        let deep = "<a>".repeat(10_000) + &"</a>".repeat(10_000);
        assert!(parse(deep.as_bytes()).is_err());
        let fine = "<a>".repeat(64) + &"</a>".repeat(64);
        assert!(parse(fine.as_bytes()).is_ok());
    }

    #[test]
    fn latin_1_and_utf_16_are_refused() {
        assert!(parse(b"<a>\xE9</a>").is_err());
        assert!(parse(&[0xFF, 0xFE, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0]).is_err());
    }

    #[test]
    fn references_cdata_and_line_ends_are_resolved() {
        let element =
            parse("<a b='&lt;&#65;'>x&amp;<![CDATA[<y>]]>&#x41;\r\n</a>".as_bytes()).unwrap();
        assert_eq!(element.text, "x&<y>A\n");
        assert_eq!(element.attributes[0].value, "<A");
    }

    #[test]
    fn nil_is_told_by_the_instance_namespace() {
        let nil = "<a xmlns:q='http://www.w3.org/2001/XMLSchema-instance' q:nil='true'/>";
        assert!(parse(nil.as_bytes()).unwrap().is_nil());
        assert!(!parse(b"<a nil='true'/>").unwrap().is_nil());
    }

    #[test]
    fn children_are_given_away_one_by_one() {
        let mut seen = Vec::new();
        let root = each_child(b"<r x='1'><a><b/></a> <c/></r>", |child| {
            seen.push((child.name, child.children.len()));
            Ok(())
        })
        .unwrap();
        assert_eq!((root.children.len(), &*root.attributes[0].value), (0, "1"));
        assert_eq!(seen, [("a".to_owned(), 1), ("c".to_owned(), 0)]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_text_of_markup_makes_it_panic(text in "[<>/a&;#x0-9\"' =!\\[\\]?:-]{0,60}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn text_comes_back_as_it_was_written(text in any::<String>()) {
            let mut out = crate::hpc_pack::wire::xml::Writer::new();
            out.leaf_with("a", &[("b", &text)], &text);
            let read = parse(out.finish().as_bytes()).unwrap();
            let kept: String = text.chars().map(|c| match c {
                '\t' | '\n' | '\r' => c,
                '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
                other => other,
            }).collect();
            assert_eq!(read.text, kept);
        }
    }
}
