use super::{gives_secret, is_secret, names_secret};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use std::ops::Range;

/// An element that is open.
#[derive(Default)]
struct Open {
    name: String,
    /// Where its content begins.
    content: usize,
    /// Its own text, references resolved.
    text: String,
    /// Whether a child called `Name` or `Key` names a secret; none: there was no such child yet.
    named: Option<bool>,
    /// Where the contents of its children called `Value` are.
    values: Vec<Range<usize>>,
}

impl Open {
    fn is_name(&self) -> bool {
        ["Name", "Key"]
            .iter()
            .any(|name| self.name.eq_ignore_ascii_case(name))
    }

    fn is_value(&self) -> bool {
        self.name.eq_ignore_ascii_case("Value")
    }
}

/// Where secrets stand in an XML text that may be cut or malformed: the contents of elements and attributes
/// called `Password`, values beside that name, and texts that wrap either. From where it cannot be read on, all of it.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let body = text.trim_start_matches('\u{FEFF}');
    let shift = text.len() - body.len();
    let mut found = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut reader = Reader::from_str(body);
    let position = |reader: &Reader<&[u8]>| {
        usize::try_from(reader.buffer_position()).map_or(text.len(), |at| at + shift)
    };
    loop {
        let before = position(&reader);
        let event = reader.read_event();
        let after = position(&reader);
        match event {
            Ok(Event::Start(start)) => {
                attributes(text, &start, before..after, &mut found);
                open.push(Open {
                    name: start.local_name().as_ref().to_owned(),
                    content: after,
                    ..Open::default()
                });
            }
            Ok(Event::Empty(start)) => attributes(text, &start, before..after, &mut found),
            Ok(Event::End(_)) => {
                if let Some(element) = open.pop() {
                    close(&element, before, &mut open, &mut found);
                }
            }
            Ok(Event::Text(part)) => own_text(&mut open, &part.xml10_content()),
            Ok(Event::CData(part)) => own_text(&mut open, &part.xml10_content()),
            Ok(Event::GeneralRef(reference)) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let name = reference.xml10_content();
                match (
                    character,
                    quick_xml::escape::resolve_predefined_entity(&name),
                ) {
                    (Some(character), _) => own_text(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(known)) => own_text(&mut open, known),
                    // Whatever it stands for may be declared to be anything.
                    (None, None) => found.push(before..after),
                }
            }
            Ok(Event::DocType(_)) => found.push(before..after),
            Ok(Event::Comment(part)) if names_secret(&part.xml10_content()) => {
                found.push(before..after);
            }
            Ok(Event::PI(_)) if names_secret(&text[before..after]) => found.push(before..after),
            Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
            Ok(Event::Eof) => break,
            Err(_) => {
                found.push(before..text.len());
                break;
            }
        }
    }
    // What is still open was cut. A value that came before its name may be anybody's.
    while let Some(element) = open.pop() {
        let unnamed = open.last().is_none_or(|parent| parent.named.is_none());
        if element.is_value() && unnamed {
            found.push(element.content..text.len());
        }
        if element.named.is_none() {
            found.extend(element.values.iter().cloned());
        }
        if !element.is_name() {
            close(&element, text.len(), &mut open, &mut found);
        }
    }
    found.retain(|span| span.start < span.end);
    found
}

fn own_text(open: &mut [Open], part: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(part);
    }
}

fn close(element: &Open, end: usize, open: &mut [Open], found: &mut Vec<Range<usize>>) {
    let content = element.content..end;
    if is_secret(&element.name) || gives_secret(&element.text) {
        found.push(content.clone());
    }
    if element.named == Some(true) {
        found.extend(element.values.iter().cloned());
    }
    if let Some(parent) = open.last_mut() {
        if element.is_name() {
            parent.named = Some(parent.named == Some(true) || is_secret(&element.text));
        } else if element.is_value() {
            parent.values.push(content);
        }
    }
}

/// Finds the secrets among the attributes of a tag.
fn attributes(
    text: &str,
    start: &BytesStart<'_>,
    tag: Range<usize>,
    found: &mut Vec<Range<usize>>,
) {
    let mut named = false;
    let mut values = Vec::new();
    for attribute in start.attributes() {
        let Ok(attribute) = attribute else {
            found.push(tag);
            return;
        };
        let name = attribute.key.local_name();
        let name: &str = name.as_ref();
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .unwrap_or_else(|_| super::SECRET.into());
        let place = place_in(text, &attribute.value).unwrap_or(tag.clone());
        if is_secret(name) || gives_secret(&value) {
            found.push(place);
        } else if ["Name", "Key"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
            named |= is_secret(&value);
        } else if name.eq_ignore_ascii_case("Value") {
            values.push(place);
        }
    }
    if named {
        found.extend(values);
    }
}

/// Where a part of a text stands in it; none where it is no part of it.
fn place_in(text: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (text.get(start..end) == Some(part)).then_some(start..end)
}
