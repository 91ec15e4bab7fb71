//! One change of a reply, of the kinds that any reply can have.
//!
//! In: a reply. Out: the reply changed, or nothing where the change has no effect. It must not know clauses.

use super::{
    another::{next, of_another_type, other, other_representation},
    framing::{self, OfFraming},
};
use crate::{
    check::bodies::{Element, Node, parse_json, parse_xml, write},
    message::{Exchange, Framing, Reply},
};
use bytes::Bytes;
use serde_json::Value;

/// A namespace that no document names.
pub(super) const OTHER_NAMESPACE: &str = "http://wireproof.example/other";
/// What stands behind a name that is changed.
const SUFFIX: &str = "X";

/// A change of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Another status, everything else as it was.
    Status(u16),
    /// What becomes of the header fields of a name.
    Header(String, OfHeader),
    /// What becomes of the body as a whole.
    Body(OfBody),
    /// What becomes of an element of an XML body: the way to it, by the n-th child element and again.
    Xml(Vec<usize>, OfMember),
    /// What becomes of an attribute of an element: the way, namespace and local name.
    Attribute(Vec<usize>, String, String, OfMember),
    /// What becomes of a member of a JSON body: a JSON pointer.
    Json(String, OfMember),
    /// The bytes of the reply do not end where they say.
    Framing(OfFraming),
}

/// What becomes of header fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfHeader {
    Removed,
    Renamed,
    Altered,
    /// Another of the name stands behind them, with another value.
    Contradicted,
    /// The value is of another type.
    Retyped,
}

/// What becomes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfBody {
    Emptied,
    /// Where there was none.
    Added,
    /// To half its length.
    Cut,
    /// Sent twice.
    Doubled,
    /// Said to be in a coding that nobody asked for.
    Coded,
    /// Each name of a JSON object stands there twice, with another value first.
    NamesTwice,
    /// JSON instead of XML, or XML instead of JSON.
    OtherRepresentation,
    /// One character is another.
    Altered,
}

/// What becomes of a member of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfMember {
    Removed,
    Renamed,
    /// Its value is of another type.
    Retyped,
    /// Its value is another of the same type.
    Altered,
    /// Behind its siblings, or before them where it is the last.
    Moved,
    Emptied,
    /// Another of the name stands behind it, with another value.
    Contradicted,
    /// In a namespace of no document.
    OtherNamespace,
}

impl OfHeader {
    pub(super) const ALL: [Self; 4] = [
        Self::Removed,
        Self::Renamed,
        Self::Altered,
        Self::Contradicted,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Altered => "altered",
            Self::Contradicted => "contradicted",
            Self::Retyped => "retyped",
        }
    }
}

impl OfBody {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Emptied => "emptied",
            Self::Added => "added",
            Self::Cut => "cut",
            Self::Doubled => "doubled",
            Self::Coded => "said to be coded",
            Self::NamesTwice => "with each name twice",
            Self::OtherRepresentation => "in the other representation",
            Self::Altered => "altered",
        }
    }
}

impl OfMember {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Retyped => "retyped",
            Self::Altered => "altered",
            Self::Moved => "moved",
            Self::Emptied => "emptied",
            Self::Contradicted => "contradicted",
            Self::OtherNamespace => "in another namespace",
        }
    }
}

/// The exchange with the change; nothing where that is the same one, or there is no reply to change.
pub(super) fn applied(change: &Change, exchange: &Exchange) -> Option<Exchange> {
    let reply = exchange.reply()?;
    if let Change::Framing(how) = change {
        return Some(framing::read(*how, reply, exchange));
    }
    Some(Exchange {
        outcome: Ok(apply(change, reply)?),
        ..exchange.clone()
    })
}

/// The reply with the change; nothing where that is the same reply, or the change is one of bytes.
pub(super) fn apply(change: &Change, reply: &Reply) -> Option<Reply> {
    let mut changed = reply.clone();
    match change {
        Change::Status(status) => {
            changed.status = *status;
            changed.reason = String::new();
        }
        Change::Header(name, how) => header(&mut changed, name, *how),
        Change::Body(how) => body(&mut changed, *how)?,
        Change::Xml(way, how) => {
            let mut document = parse_xml(&reply.body).ok()?;
            element(&mut document.root, way, *how)?;
            set_body(&mut changed, write(&document).into());
        }
        Change::Attribute(way, namespace, local, how) => {
            let mut document = parse_xml(&reply.body).ok()?;
            attribute(document.root.at_mut(way)?, namespace, local, *how)?;
            set_body(&mut changed, write(&document).into());
        }
        Change::Json(pointer, how) => {
            let mut json = parse_json(&reply.body).ok()?;
            member(&mut json, pointer, *how)?;
            set_body(&mut changed, json.to_string().into());
        }
        Change::Framing(_) => return None,
    }
    (changed != *reply).then_some(changed)
}

/// `Content-Length` follows where there is one.
fn set_body(reply: &mut Reply, body: Bytes) {
    if reply.headers.contains("Content-Length") {
        reply.headers.set("Content-Length", body.len().to_string());
    }
    reply.body = body;
}

fn header(reply: &mut Reply, name: &str, how: OfHeader) {
    let framing = name.eq_ignore_ascii_case("Content-Length")
        || name.eq_ignore_ascii_case("Transfer-Encoding");
    match how {
        OfHeader::Removed => {
            reply.headers.remove(name);
        }
        OfHeader::Renamed => {
            reply.headers = reply
                .headers
                .iter()
                .map(|(n, v)| {
                    let same = n.eq_ignore_ascii_case(name);
                    (if same { format!("X-{n}") } else { n.to_owned() }, v)
                })
                .collect();
        }
        OfHeader::Contradicted => {
            let value = other(reply.headers.get(name).unwrap_or_default());
            reply.headers.append(name, value);
        }
        OfHeader::Retyped => {}
        OfHeader::Altered => {
            reply.headers = reply
                .headers
                .iter()
                .map(|(n, v)| {
                    let same = n.eq_ignore_ascii_case(name);
                    (n, if same { other(v) } else { v.to_owned() })
                })
                .collect();
        }
    }
    if how == OfHeader::Retyped && reply.headers.contains(name) {
        let value = of_another_type(reply.headers.get(name).unwrap_or_default());
        reply.headers.set(name, value);
    }
    // Without it only the end of the connection tells the end of the body.
    let gone = matches!(how, OfHeader::Removed | OfHeader::Renamed);
    if framing && gone && reply.framing != Framing::Bodiless {
        reply.framing = Framing::Close;
    }
}

fn body(reply: &mut Reply, how: OfBody) -> Option<()> {
    let body = &reply.body;
    let new = match how {
        OfBody::Emptied => Bytes::new(),
        OfBody::Added if body.is_empty() => Bytes::from_static(b"wireproof"),
        OfBody::Added => return None,
        OfBody::Cut => body.slice(..body.len() / 2),
        OfBody::Doubled => [body.as_ref(), body.as_ref()].concat().into(),
        OfBody::Coded => {
            reply.headers.set("Content-Encoding", "gzip");
            return Some(());
        }
        OfBody::NamesTwice => {
            let json = parse_json(body).ok()?;
            let object = json.as_object().filter(|object| !object.is_empty())?;
            let members: Vec<_> = object
                .iter()
                .map(|(name, value)| {
                    let name = Value::from(name.as_str());
                    format!("{name}:\"wireproof\",{name}:{value}")
                })
                .collect();
            format!("{{{}}}", members.join(",")).into()
        }
        OfBody::OtherRepresentation => {
            let (media, text) = other_representation(body)?;
            if reply.headers.contains("Content-Type") {
                reply.headers.set("Content-Type", media);
            }
            text.into()
        }
        OfBody::Altered => {
            let mut bytes = body.to_vec();
            let last = bytes.iter().rposition(u8::is_ascii_alphanumeric);
            let at = last.or(bytes.len().checked_sub(1))?;
            bytes[at] = match bytes[at] {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => next(char::from(bytes[at])) as u8,
                byte => byte ^ 1,
            };
            bytes.into()
        }
    };
    set_body(reply, new);
    Some(())
}

fn element(root: &mut Element, way: &[usize], how: OfMember) -> Option<()> {
    if let OfMember::Removed | OfMember::Moved | OfMember::Contradicted = how {
        let (last, parent) = way.split_last()?;
        let parent = root.at_mut(parent)?;
        let places: Vec<usize> = parent
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| matches!(node, Node::Element(_)))
            .map(|(at, _)| at)
            .collect();
        let at = *places.get(*last)?;
        if how == OfMember::Contradicted {
            let Node::Element(mut copy) = parent.nodes[at].clone() else {
                return None;
            };
            // Of a row it is the value that is another.
            let value = copy.children().position(|child| child.local == "Value");
            let value: Vec<usize> = value.into_iter().collect();
            element(&mut copy, &value, OfMember::Altered)?;
            parent.nodes.insert(at + 1, Node::Element(copy));
            return Some(());
        }
        let was_last = places.last() == Some(&at);
        let node = parent.nodes.remove(at);
        if how == OfMember::Moved {
            if was_last {
                parent.nodes.insert(0, node);
            } else {
                parent.nodes.push(node);
            }
        }
        return Some(());
    }
    let element = root.at_mut(way)?;
    match how {
        OfMember::Renamed => element.local.push_str(SUFFIX),
        OfMember::OtherNamespace => {
            let old = element.namespace.clone();
            in_namespace(element, &old);
        }
        OfMember::Emptied => {
            element.nodes.clear();
            element.attributes.retain(|a| a.local != "nil");
        }
        OfMember::Altered | OfMember::Retyped => {
            if element.has_children() {
                return None;
            }
            let text = element.text();
            let text = if how == OfMember::Altered {
                other(&text)
            } else {
                of_another_type(&text)
            };
            element.nodes = vec![Node::Text(text)];
            element.attributes.retain(|a| a.local != "nil");
        }
        OfMember::Removed | OfMember::Moved | OfMember::Contradicted => {}
    }
    Some(())
}

/// An element and all below it that shares its namespace: as if its declaration had been written so.
fn in_namespace(element: &mut Element, old: &str) {
    if element.namespace != old {
        return;
    }
    OTHER_NAMESPACE.clone_into(&mut element.namespace);
    for (_, uri) in &mut element.declarations {
        if uri == old {
            OTHER_NAMESPACE.clone_into(uri);
        }
    }
    for node in &mut element.nodes {
        if let Node::Element(child) = node {
            in_namespace(child, old);
        }
    }
}

fn attribute(element: &mut Element, namespace: &str, local: &str, how: OfMember) -> Option<()> {
    let at = element
        .attributes
        .iter()
        .position(|a| a.namespace == namespace && a.local == local)?;
    let attribute = &mut element.attributes[at];
    match how {
        OfMember::Removed => {
            element.attributes.remove(at);
        }
        OfMember::Renamed => attribute.local.push_str(SUFFIX),
        OfMember::Altered => attribute.value = other(&attribute.value),
        OfMember::Retyped => attribute.value = of_another_type(&attribute.value),
        OfMember::Emptied => attribute.value.clear(),
        OfMember::Moved | OfMember::Contradicted | OfMember::OtherNamespace => return None,
    }
    Some(())
}

fn member(json: &mut Value, pointer: &str, how: OfMember) -> Option<()> {
    if let OfMember::Emptied | OfMember::Altered | OfMember::Retyped = how {
        let value = json.pointer_mut(pointer)?;
        *value = match (how, &*value) {
            (OfMember::Emptied, Value::String(_)) => Value::String(String::new()),
            (OfMember::Emptied, Value::Array(_)) => Value::Array(Vec::new()),
            (OfMember::Emptied, Value::Object(_)) => Value::Object(serde_json::Map::new()),
            (OfMember::Emptied, _) => Value::Null,
            (OfMember::Altered, Value::String(text)) => Value::String(other(text)),
            (OfMember::Altered, Value::Bool(yes)) => Value::Bool(!yes),
            (OfMember::Altered, Value::Number(number)) => number
                .as_i64()
                .map_or(Value::from(7), |n| Value::from(n.wrapping_add(1))),
            (OfMember::Altered, Value::Null) => Value::from("wireproof"),
            (OfMember::Altered, _) => return None,
            (_, Value::String(_)) => Value::from(7),
            (_, Value::Null) => Value::from(7),
            (_, _) => Value::from("wireproof"),
        };
        return Some(());
    }
    let (parent, key) = pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    match (json.pointer_mut(parent)?, how) {
        (Value::Object(map), OfMember::Removed) => {
            map.shift_remove(&key)?;
        }
        (Value::Object(map), OfMember::Renamed) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(n, v)| {
                    let same = n == key;
                    (if same { format!("{n}{SUFFIX}") } else { n }, v)
                })
                .collect();
        }
        (Value::Array(list), OfMember::Removed) => {
            let at: usize = key.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))?;
        }
        // The order of the members of an object means nothing in JSON, and the items of an array have no names.
        _ => return None,
    }
    Some(())
}
