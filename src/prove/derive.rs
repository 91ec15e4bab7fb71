//! The changes that are derived from what an operation documents, and from the lines of a snapshot.
//!
//! In: a reply and its operation. Out: changes with names; the same change of two replies has the same name.

use super::{
    change::{Change, OfBody, OfHeader, OfMember},
    framing::OfFraming,
};
use crate::{
    check::bodies::{Element, parse_json, parse_xml},
    contract::{Contract, Operation},
    message::Reply,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// A change with the name by which rules of latitude know it: `404 status 400`, `200 header Date removed`,
/// `200 member /Fault/Code retyped`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Derived {
    pub(super) name: String,
    pub(super) change: Change,
}

/// Statuses that every reply is tried with, beside those of the contract: each class, and those that clients take for others.
const STATUSES: [u16; 9] = [200, 201, 202, 204, 206, 302, 400, 404, 500];

/// The statuses that replies of a contract are changed to.
pub(super) fn statuses(contract: &Contract, seen: impl Iterator<Item = u16>) -> BTreeSet<u16> {
    contract
        .operations
        .iter()
        .flat_map(|operation| &operation.reply.status)
        .copied()
        .chain(STATUSES)
        .chain(seen)
        .collect()
}

/// Every change of a reply that its operation gives rise to.
pub(super) fn changes(
    operation: &Operation,
    reply: &Reply,
    statuses: &BTreeSet<u16>,
) -> Vec<Derived> {
    let mut list = List {
        status: reply.status,
        entries: Vec::new(),
    };
    for status in statuses.iter().filter(|status| **status != reply.status) {
        list.add(&format!("status {status}"), Change::Status(*status));
    }
    for (name, _) in &operation.reply.header {
        if !reply.headers.contains(name) {
            continue;
        }
        for how in OfHeader::ALL {
            // A length or an encoding that is not true is wrong framing.
            if matches!(how, OfHeader::Altered | OfHeader::Contradicted) && is_framing(name) {
                continue;
            }
            list.header(name, how);
        }
    }
    for (name, how) in OfFraming::ALL {
        if how.concerns(reply) {
            list.add(&format!("framing {name}"), Change::Framing(how));
        }
    }
    if reply.body.is_empty() {
        list.body(OfBody::Added);
        return list.entries;
    }
    for how in [
        OfBody::Emptied,
        OfBody::Cut,
        OfBody::Doubled,
        OfBody::Coded,
        OfBody::NamesTwice,
        OfBody::OtherRepresentation,
    ] {
        list.body(how);
    }
    match Tree::read(reply) {
        Tree::Xml(root) => {
            list.xml(&root);
            rows(&root, &mut Vec::new(), "", &mut list);
        }
        Tree::Json(value) => list.json(&value, "", ""),
        Tree::Neither => list.body(OfBody::Altered),
    }
    list.entries
}

/// A change for each line that a snapshot of a reply has: the status, each header field that is shown, each value and each
/// element of the body.
///
/// Rows of a list that have the same names give lines of the same name; of those the first and the last are taken.
pub(super) fn lines(
    contract: &Contract,
    operation: Option<&Operation>,
    reply: &Reply,
) -> Vec<Derived> {
    let mut list = List {
        status: reply.status,
        entries: Vec::new(),
    };
    // The nearest status of the same class: what is told apart here is told apart at all.
    let near = match reply.status {
        200 => 202,
        status if status % 100 == 0 => status + 1,
        status => status - 1,
    };
    list.add("line status", Change::Status(near));
    let documented = operation
        .into_iter()
        .flat_map(|operation| operation.reply.header.iter().map(|(name, _)| name))
        .chain(&contract.snapshot_headers);
    let mut told = BTreeSet::new();
    for name in documented {
        if reply.headers.contains(name)
            && !is_framing(name)
            && told.insert(name.to_ascii_lowercase())
        {
            let change = Change::Header(name.clone(), OfHeader::Altered);
            list.add(&format!("line header {name}"), change);
        }
    }
    if reply.body.is_empty() {
        return list.entries;
    }
    match Tree::read(reply) {
        Tree::Xml(root) => xml_lines(&root, &mut Vec::new(), "", &mut list),
        Tree::Json(value) => json_lines(&value, "", "", &mut list),
        Tree::Neither => list.add("line body", Change::Body(OfBody::Altered)),
    }
    list.ends_only()
}

fn is_framing(name: &str) -> bool {
    name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("Transfer-Encoding")
}

/// What a body is.
enum Tree {
    Xml(Element),
    Json(Value),
    Neither,
}

impl Tree {
    fn read(reply: &Reply) -> Self {
        if let Ok(document) = parse_xml(&reply.body) {
            Self::Xml(document.root)
        } else if let Ok(json) = parse_json(&reply.body) {
            Self::Json(json)
        } else {
            Self::Neither
        }
    }
}

struct List {
    status: u16,
    entries: Vec<Derived>,
}

impl List {
    fn add(&mut self, name: &str, change: Change) {
        self.entries.push(Derived {
            name: format!("{} {name}", self.status),
            change,
        });
    }

    fn header(&mut self, name: &str, how: OfHeader) {
        let text = format!("header {name} {}", how.word());
        self.add(&text, Change::Header(name.to_owned(), how));
    }

    fn body(&mut self, how: OfBody) {
        self.add(&format!("body {}", how.word()), Change::Body(how));
    }

    /// The elements of a document, of those with the same names the first.
    fn xml(&mut self, root: &Element) {
        let mut seen = BTreeSet::new();
        let start = format!("/{}", root.local);
        let mut waiting = vec![(root, Vec::new(), start, String::new(), false, false)];
        while let Some((element, way, name, above, in_row, listed)) = waiting.pop() {
            let is_row = step(element) != element.local;
            for (at, child) in element
                .children()
                .enumerate()
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
            {
                let mut way = way.clone();
                way.push(at);
                let name = format!("{name}/{}", child.local);
                let above = element.namespace.clone();
                let named = |one: &&Element| one.local == child.local;
                let listed = element.children().filter(named).count() > 1;
                waiting.push((child, way, name, above, is_row, listed));
            }
            if !seen.insert(name.clone()) {
                continue;
            }
            // The values of properties are told apart by the names of these.
            let valued = in_row && element.local != "Name";
            for how in [
                OfMember::Removed,
                OfMember::Renamed,
                OfMember::Retyped,
                OfMember::Moved,
                OfMember::Emptied,
                OfMember::Contradicted,
            ] {
                // A document without its root is no document; a root stands alone.
                let alone = way.is_empty()
                    && matches!(
                        how,
                        OfMember::Removed | OfMember::Moved | OfMember::Contradicted
                    );
                let leaf = !element.has_children();
                // One more of a list contradicts nothing.
                let useless = (how == OfMember::Contradicted && (!leaf || listed))
                    || (how == OfMember::Retyped && !leaf)
                    || (valued && leaf && matches!(how, OfMember::Retyped | OfMember::Emptied))
                    || (how == OfMember::Emptied && element.nodes.is_empty() && !element.is_nil());
                if !alone && !useless {
                    let change = Change::Xml(way.clone(), how);
                    self.add(&format!("member {name} {}", how.word()), change);
                }
            }
            self.attributes(element, &way, &name);
            if way.is_empty() || element.namespace != above {
                let how = OfMember::OtherNamespace;
                let change = Change::Xml(way, how);
                self.add(&format!("member {name} {}", how.word()), change);
            }
        }
    }

    /// The attributes of an element: their order means nothing in XML.
    fn attributes(&mut self, element: &Element, way: &[usize], name: &str) {
        for attribute in &element.attributes {
            // What is not nil any more is the member emptied.
            let gone = |how| matches!(how, OfMember::Removed | OfMember::Renamed);
            let nil = attribute.local == "nil";
            for how in [
                OfMember::Removed,
                OfMember::Renamed,
                OfMember::Retyped,
                OfMember::Emptied,
            ]
            .into_iter()
            .filter(|how| !(nil && gone(*how)))
            {
                let change = Change::Attribute(
                    way.to_vec(),
                    attribute.namespace.clone(),
                    attribute.local.clone(),
                    how,
                );
                let text = format!("member {name}/@{} {}", attribute.local, how.word());
                self.add(&text, change);
            }
        }
    }

    /// The members of a JSON body, of the items of an array the first.
    fn json(&mut self, value: &Value, pointer: &str, name: &str) {
        let shown = if name.is_empty() { "/" } else { name };
        for how in [
            OfMember::Removed,
            OfMember::Renamed,
            OfMember::Retyped,
            OfMember::Emptied,
        ] {
            let whole = pointer.is_empty() && matches!(how, OfMember::Removed | OfMember::Renamed);
            let item = name.ends_with("/*") && how == OfMember::Renamed;
            if !whole && !item {
                let change = Change::Json(pointer.to_owned(), how);
                self.add(&format!("member {shown} {}", how.word()), change);
            }
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let pointer = format!("{pointer}/{}", escaped(key));
                    self.json(value, &pointer, &format!("{name}/{key}"));
                }
            }
            Value::Array(list) => {
                if let Some(first) = list.first() {
                    self.json(first, &format!("{pointer}/0"), &format!("{name}/*"));
                }
            }
            _ => {}
        }
    }

    /// Of entries of the same name the first and the last.
    fn ends_only(self) -> Vec<Derived> {
        let first = ends(self.entries.iter().enumerate());
        let last = ends(self.entries.iter().enumerate().rev());
        self.entries
            .into_iter()
            .enumerate()
            .filter(|(at, _)| first.contains(at) || last.contains(at))
            .map(|(_, one)| one)
            .collect()
    }
}

fn ends<'a>(entries: impl Iterator<Item = (usize, &'a Derived)>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    entries
        .filter(|(_, one)| seen.insert(one.name.as_str()))
        .map(|(at, _)| at)
        .collect()
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// `Property[State]`: an element that has a `Name` is told by it.
fn step(element: &Element) -> String {
    let name = element
        .children()
        .find(|child| child.local == "Name" && !child.has_children())
        .map(Element::text);
    match name {
        Some(name) if !name.is_empty() => format!("{}[{name}]", element.local),
        _ => element.local.clone(),
    }
}

/// What stands in a list of properties under each of its names: the property, and its value. Of those with the same names the
/// first.
fn rows(root: &Element, way: &mut Vec<usize>, above: &str, list: &mut List) {
    let mut named = List {
        status: list.status,
        entries: Vec::new(),
    };
    row(root, way, above, false, &mut named);
    let first = ends(named.entries.iter().enumerate());
    let entries = named.entries.into_iter().enumerate();
    list.entries.extend(
        entries
            .filter(|(at, _)| first.contains(at))
            .map(|(_, one)| one),
    );
}

fn row(element: &Element, way: &mut Vec<usize>, above: &str, within: bool, list: &mut List) {
    let own = step(element);
    let name = format!("{above}/{own}");
    let member = |list: &mut List, how: OfMember| {
        let change = Change::Xml(way.clone(), how);
        list.add(&format!("member {name} {}", how.word()), change);
    };
    let is_row = own != element.local;
    if is_row && !way.is_empty() {
        member(list, OfMember::Removed);
        member(list, OfMember::Contradicted);
    }
    if within && !element.has_children() && element.local != "Name" {
        member(list, OfMember::Retyped);
        if !element.nodes.is_empty() {
            member(list, OfMember::Emptied);
        }
    }
    for (at, child) in element.children().enumerate() {
        way.push(at);
        row(child, way, &name, is_row, list);
        way.pop();
    }
}

fn xml_lines(element: &Element, way: &mut Vec<usize>, above: &str, list: &mut List) {
    let name = format!("{above}/{}", step(element));
    let how = if element.has_children() || element.nodes.is_empty() {
        OfMember::Renamed
    } else {
        OfMember::Altered
    };
    let what = if how == OfMember::Renamed {
        " renamed"
    } else {
        ""
    };
    list.add(&format!("line {name}{what}"), Change::Xml(way.clone(), how));
    for attribute in &element.attributes {
        let change = Change::Attribute(
            way.clone(),
            attribute.namespace.clone(),
            attribute.local.clone(),
            OfMember::Altered,
        );
        list.add(&format!("line {name}/@{}", attribute.local), change);
    }
    for (at, child) in element.children().enumerate() {
        way.push(at);
        xml_lines(child, way, &name, list);
        way.pop();
    }
}

fn json_lines(value: &Value, pointer: &str, name: &str, list: &mut List) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = format!("{pointer}/{}", escaped(key));
                json_lines(value, &pointer, &format!("{name}/{key}"), list);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                json_lines(
                    value,
                    &format!("{pointer}/{at}"),
                    &format!("{name}/*"),
                    list,
                );
            }
        }
        _ => {
            let shown = if name.is_empty() { "/" } else { name };
            let change = Change::Json(pointer.to_owned(), OfMember::Altered);
            list.add(&format!("line {shown}"), change);
        }
    }
}
