use super::{
    json,
    render::Wrong,
    value::{Found, Item},
    xml::{self, Place, Unread},
};
use crate::{message::Headers, source::quoted};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::Value;
use std::{borrow::Cow, cell::OnceCell};

/// Why nothing could be found.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The body is not what the question needs: "body is no JSON: ...". No expectation fits it, no `not` turns it round.
    Unreadable(String),
    /// The question is wrong.
    Wrong(Wrong),
}

impl From<Wrong> for Trouble {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

/// One message of an exchange; its body is read as JSON or XML once, when it is asked for.
pub(crate) struct View<'a> {
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a Bytes,
    namespaces: &'a IndexMap<String, String>,
    /// The coding that hides what the body is: nobody asked for it, and it is not undone.
    coding: Option<String>,
    json: OnceCell<Result<json::Tree<'a>, Unread>>,
    xml: OnceCell<Result<xml::Tree<'a>, Unread>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        headers: &'a Headers,
        body: &'a Bytes,
        namespaces: &'a IndexMap<String, String>,
    ) -> Self {
        Self {
            headers,
            body,
            namespaces,
            coding: None,
            json: OnceCell::new(),
            xml: OnceCell::new(),
        }
    }

    /// The view of a reply to a request with those fields: a body in a coding that they do not ask for is no text to them.
    pub(crate) fn asked_with(mut self, request: &Headers) -> Self {
        let coding = self.headers.joined("Content-Encoding");
        let plain = |coding: &String| {
            let coding = coding.trim();
            coding.is_empty() || coding.eq_ignore_ascii_case("identity")
        };
        self.coding = coding.filter(|coding| {
            !plain(coding) && !self.body.is_empty() && !request.contains("Accept-Encoding")
        });
        self
    }

    /// Whether the body can be looked into at all.
    pub(crate) fn plain(&self) -> Result<(), Trouble> {
        match &self.coding {
            None => Ok(()),
            Some(coding) => Err(Trouble::Unreadable(format!(
                "body has the `Content-Encoding: {coding}`, which the request did not ask for (it has no Accept-Encoding)"
            ))),
        }
    }

    /// Whether who believes `Content-Type` reads the same in a body of UTF-8 as who does not (RFC 7303 3).
    fn in_its_charset(&self) -> Result<(), Trouble> {
        let Some(charset) = charset(self.headers) else {
            return Ok(());
        };
        let wide = ["utf-16", "utf-32", "ucs-", "iso-10646"];
        let differs = wide.iter().any(|name| charset.starts_with(name))
            || (charset != "utf-8" && !self.body.is_ascii());
        if differs && !self.body.is_empty() && std::str::from_utf8(self.body).is_ok() {
            return Err(Trouble::Unreadable(format!(
                "body is UTF-8, and the Content-Type says it is {charset}"
            )));
        }
        Ok(())
    }

    /// All fields of a name.
    pub(crate) fn header<'n>(&'n self, name: &'n str) -> Found<'n> {
        Found::Fields(self.headers.all(name).collect())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<&json::Tree<'a>, Trouble> {
        self.plain()?;
        self.json
            .get_or_init(|| json::read(self.body))
            .as_ref()
            .map_err(|why| unread("JSON", why))
    }

    /// The body as XML.
    pub(crate) fn xml(&self) -> Result<&xml::Tree<'a>, Trouble> {
        self.plain()?;
        self.in_its_charset()?;
        self.xml
            .get_or_init(|| xml::parse(self.body))
            .as_ref()
            .map_err(|why| unread("XML", why))
    }

    /// What a JSONPath gives.
    pub(crate) fn json_path(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let tree = self.json()?;
        let nodes = json::select(tree, path).map_err(unplaced)?;
        Ok(match nodes.first() {
            Some(one) if json::is_singular(path) => Found::One(Item::Json(tree.value(*one))),
            _ => Found::Json(tree, nodes),
        })
    }

    /// What an XPath gives.
    pub(crate) fn xpath(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let tree = self.xml()?;
        let found = xml::find(tree, path, self.names()).map_err(unplaced)?;
        Ok(match found {
            xml::Found::Nodes(nodes) => Found::Xml(tree, nodes),
            xml::Found::Value(text) => Found::Several(vec![Item::Text(Cow::Owned(text))]),
        })
    }

    /// The names of the members of the object, or of the child elements of the element, that a path gives; where it gives
    /// attributes, their own.
    pub(crate) fn members(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let names: Option<Vec<Value>> = if path.starts_with('$') {
            let tree = self.json()?;
            let found = json::select(tree, path).map_err(unplaced)?;
            match found.first().map(|at| tree.value(*at)) {
                None => None,
                Some(one) if one.is_object() => {
                    Some(one.entries().map(|(name, _)| name.into()).collect())
                }
                Some(other) => {
                    return Err(Trouble::Unreadable(format!(
                        "{path} is no object but {}",
                        other.kind()
                    )));
                }
            }
        } else {
            let tree = self.xml()?;
            let nodes = match xml::find(tree, path, self.names()).map_err(unplaced)? {
                xml::Found::Nodes(nodes) => nodes,
                xml::Found::Value(_) => {
                    return Err(Trouble::Unreadable(format!("{path} gives no element")));
                }
            };
            match nodes.first().map(|at| xml::place(tree, *at)) {
                None => None,
                Some(Place::Attribute(..)) => Some(
                    nodes
                        .iter()
                        .map(|at| Value::from(tree.local(*at)))
                        .collect(),
                ),
                Some(Place::Element(element)) => Some(
                    element
                        .children()
                        .map(|child| Value::from(child.local()))
                        .collect(),
                ),
                Some(_) => {
                    return Err(Trouble::Unreadable(format!("{path} gives no element")));
                }
            }
        };
        Ok(match names {
            Some(names) => Found::Names(Value::Array(names)),
            None => Found::Several(Vec::new()),
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> Result<&str, Trouble> {
        self.plain()?;
        std::str::from_utf8(self.body).map_err(|e| {
            Trouble::Unreadable(format!(
                "body is no text: byte {} of {} is no UTF-8",
                e.valid_up_to(),
                self.body.len()
            ))
        })
    }

    fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.namespaces.iter();
        names.map(|(prefix, uri)| (prefix.as_str(), uri.as_str()))
    }
}

/// The `charset` of a `Content-Type`, in lower case.
fn charset(headers: &Headers) -> Option<String> {
    let content_type = headers.get("Content-Type")?.to_ascii_lowercase();
    let parameter = |part: &str| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches('"').to_owned())
    };
    content_type.split(';').skip(1).find_map(parameter)
}

/// A body that is more than we read is not judged: what it is nobody knows.
fn unread(what: &str, why: &Unread) -> Trouble {
    match why {
        Unread::No(why) => Trouble::Unreadable(format!("body is no {what}: {why}")),
        Unread::TooMuch(much) => unplaced(format!(
            "the body is not judged: it has {much}, more than is read; ask for less of it at a time"
        )),
        Unread::Inexact(digits) => unplaced(format!(
            "the body is not judged: it has the whole number {}, and those of more than 64 bits are not told apart; a server that many read writes it as a string (RFC 8259 6)",
            quoted(digits)
        )),
    }
}

fn unplaced(message: String) -> Trouble {
    Trouble::Wrong(Wrong::unplaced(message))
}
