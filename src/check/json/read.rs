use super::{
    Unread,
    tree::{Kind, Node, Tree},
};
use crate::source::is_inexact;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::{collections::HashSet, fmt};

/// How many names and values a document may have at least: 36 MB of them.
const NODES: usize = 3_000_000;
/// So many bytes of a longer body allow one more. A list of objects has one for every ten.
const BYTES: usize = 5;
/// 2^63: from here on a whole number may have more than 64 bits.
const HUGE: f64 = 9_223_372_036_854_775_808.0;
/// From how many members of an object on their names are put into a set.
const FEW: usize = 16;

/// Reads a body; a byte-order mark is skipped, more than 128 levels are refused, and whole numbers of more than 64 bits are not read.
///
/// # Errors
/// Why it is no JSON, words that follow "body is no JSON: "; or why we do not read it.
pub(crate) fn read(body: &[u8]) -> Result<Tree<'_>, Unread> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(Unread::No("it is empty".to_owned()));
    }
    if u32::try_from(body.len()).is_err() {
        return Err(Unread::TooMuch(format!("{} bytes", body.len())));
    }
    let mut reading = Reading {
        tree: Tree {
            body,
            unescaped: String::new(),
            nodes: Vec::new(),
        },
        full: false,
        huge: false,
    };
    let mut source = serde_json::Deserializer::from_slice(body);
    let read = (&mut reading)
        .deserialize(&mut source)
        .and_then(|()| source.end());
    match read {
        Ok(()) => match reading.huge.then(|| inexact(body)).flatten() {
            Some(digits) => Err(Unread::Inexact(digits)),
            None => Ok(reading.tree),
        },
        Err(_) if reading.full => Err(Unread::TooMuch(format!(
            "more than {} names and values",
            most(body)
        ))),
        Err(error) => Err(Unread::No(error.to_string())),
    }
}

/// The first whole number of a document that 64 bits do not hold.
fn inexact(json: &[u8]) -> Option<String> {
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let from = at;
        match byte {
            b'"' => {
                at += 1;
                while json.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if json[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let rest = &json[from..];
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                at += rest.iter().take_while(|byte| is_part(byte)).count();
                let number = str::from_utf8(&json[from..at]).expect("digits are ASCII");
                if is_inexact(number) {
                    return Some(number.to_owned());
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn most(body: &[u8]) -> usize {
    NODES.max(body.len() / BYTES)
}

struct Reading<'b> {
    tree: Tree<'b>,
    /// Whether there was more than is read.
    full: bool,
    /// Whether there was a number beyond 64 bits. Its digits may be those of a whole number, of which it keeps only the first.
    huge: bool,
}

impl Reading<'_> {
    fn add<E: serde::de::Error>(&mut self, kind: Kind, from: u32, size: u32) -> Result<(), E> {
        if self.tree.nodes.len() >= most(self.tree.body) {
            self.full = true;
            return Err(E::custom("too much"));
        }
        self.tree.nodes.push(Node { kind, from, size });
        Ok(())
    }

    fn number<E: serde::de::Error>(&mut self, kind: Kind, bits: u64) -> Result<(), E> {
        self.add(kind, bits as u32, (bits >> 32) as u32)
    }

    /// A text that stands in the body as it is.
    fn text<E: serde::de::Error>(&mut self, kind: Kind, text: &str) -> Result<(), E> {
        let from = (text.as_ptr() as usize).saturating_sub(self.tree.body.as_ptr() as usize);
        self.add(kind, short(from), short(text.len()))
    }

    /// A text that stands there with escapes.
    fn unescaped<E: serde::de::Error>(&mut self, kind: Kind, text: &str) -> Result<(), E> {
        let from = self.tree.unescaped.len();
        self.tree.unescaped.push_str(text);
        self.add(kind, short(from), short(text.len()))
    }

    fn len(&self) -> u32 {
        short(self.tree.nodes.len())
    }

    /// Closes a list or an object that began there.
    fn close(&mut self, at: u32, size: u32) {
        let end = self.len();
        let node = &mut self.tree.nodes[at as usize];
        (node.from, node.size) = (end, size);
    }

    /// A name that comes twice: some readers take the first value, some the last, some neither.
    fn twice(&self, names: &[u32]) -> Option<&str> {
        let text = |at: &u32| self.tree.text(self.tree.node(*at));
        if names.len() < FEW {
            let again = |(n, one): (usize, &u32)| {
                let met = names[..n].iter().any(|before| text(before) == text(one));
                met.then(|| text(one))
            };
            return names.iter().enumerate().find_map(again);
        }
        let mut met = HashSet::new();
        names.iter().map(text).find(|name| !met.insert(*name))
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).expect("a body has fewer bytes than this has numbers")
}

impl<'de> DeserializeSeed<'de> for &mut Reading<'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reading<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.add(Kind::Null, 0, 0)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.add(if value { Kind::True } else { Kind::False }, 0, 0)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.number(Kind::Unsigned, value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.number(Kind::Signed, value.cast_unsigned())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.huge |= value.abs() >= HUGE;
        self.number(Kind::Float, value.to_bits())
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<(), E> {
        self.text(Kind::Text, value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.unescaped(Kind::Unescaped, value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let at = self.len();
        self.add(Kind::Array, 0, 0)?;
        let mut size = 0;
        while list.next_element_seed(&mut *self)?.is_some() {
            size += 1;
        }
        self.close(at, size);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let at = self.len();
        self.add(Kind::Object, 0, 0)?;
        let mut names = Vec::new();
        loop {
            let name = self.len();
            if map.next_key_seed(Name(&mut *self))?.is_none() {
                break;
            }
            names.push(name);
            map.next_value_seed(&mut *self)?;
        }
        if let Some(name) = self.twice(&names) {
            return Err(serde::de::Error::custom(format!(
                "the member `{name}` stands twice in one object, so what it is nobody can rely on (RFC 8259 4)"
            )));
        }
        self.close(at, short(names.len()));
        Ok(())
    }
}

/// The name of a member.
struct Name<'r, 'b>(&'r mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Name<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<(), E> {
        self.0.text(Kind::Name, value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.0.unescaped(Kind::UnescapedName, value)
    }
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn a_longer_body_may_have_more_values() {
        assert_eq!(most(&[0; 100]), 3_000_000);
        assert_eq!(most(&vec![0; 16_000_400]), 3_200_080);
    }
}
