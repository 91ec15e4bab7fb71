use super::{
    json,
    render::Wrong,
    value::{Found, Item},
    xml::{self, Selected},
};
use crate::message::Headers;
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
    json: OnceCell<Result<Value, String>>,
    xml: OnceCell<Result<xml::Document, String>>,
    dom: OnceCell<xml::Dom>,
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
            json: OnceCell::new(),
            xml: OnceCell::new(),
            dom: OnceCell::new(),
        }
    }

    /// All fields of a name.
    pub(crate) fn header<'n>(&'n self, name: &'n str) -> Found<'n> {
        Found::Several(
            self.headers
                .all(name)
                .map(|value| Item::Text(Cow::Borrowed(value)))
                .collect(),
        )
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<&Value, Trouble> {
        self.json
            .get_or_init(|| json::parse(self.body))
            .as_ref()
            .map_err(|why| Trouble::Unreadable(format!("body is no JSON: {why}")))
    }

    /// The body as XML.
    pub(crate) fn xml(&self) -> Result<&xml::Document, Trouble> {
        self.xml
            .get_or_init(|| xml::parse(self.body))
            .as_ref()
            .map_err(|why| Trouble::Unreadable(format!("body is no XML: {why}")))
    }

    /// What a JSONPath gives.
    pub(crate) fn json_path(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let compiled = json::compiled(path).map_err(unplaced)?;
        let nodes = compiled.query(self.json()?).all();
        Ok(match nodes.first() {
            Some(one) if json::is_singular(path) => Found::One(Item::Json(Cow::Borrowed(one))),
            _ => Found::Several(
                nodes
                    .into_iter()
                    .map(|value| Item::Json(Cow::Borrowed(value)))
                    .collect(),
            ),
        })
    }

    /// What an XPath gives.
    pub(crate) fn xpath(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let document = self.xml()?;
        let selected = self.select(document, path)?;
        Ok(Found::Several(
            selected
                .into_iter()
                .filter_map(|one| match one {
                    Selected::Element(way) => document
                        .root
                        .at(&way)
                        .map(|element| Item::Element(Cow::Borrowed(element))),
                    Selected::Attribute(_, _, _, text)
                    | Selected::Text(_, text)
                    | Selected::Value(text) => Some(Item::Text(Cow::Owned(text))),
                })
                .collect(),
        ))
    }

    /// The names of the members of the object, or of the child elements of the element, that a path gives.
    pub(crate) fn members(&self, path: &str) -> Result<Found<'_>, Trouble> {
        let names: Option<Vec<Value>> = if path.starts_with('$') {
            let compiled = json::compiled(path).map_err(unplaced)?;
            match compiled.query(self.json()?).first() {
                None => None,
                Some(Value::Object(map)) => Some(map.keys().cloned().map(Value::String).collect()),
                Some(other) => {
                    return Err(Trouble::Unreadable(format!(
                        "{path} is no object but {}",
                        super::explain::kind(other)
                    )));
                }
            }
        } else {
            let document = self.xml()?;
            match self.select(document, path)?.first() {
                None => None,
                Some(Selected::Element(way)) => document.root.at(way).map(|element| {
                    element
                        .children()
                        .map(|child| Value::String(child.local.clone()))
                        .collect()
                }),
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
        std::str::from_utf8(self.body).map_err(|e| {
            Trouble::Unreadable(format!(
                "body is no text: byte {} of {} is no UTF-8",
                e.valid_up_to(),
                self.body.len()
            ))
        })
    }

    fn select(&self, document: &xml::Document, path: &str) -> Result<Vec<Selected>, Trouble> {
        let dom = self.dom.get_or_init(|| xml::Dom::new(document));
        let names = self.namespaces.iter();
        dom.select(
            path,
            names.map(|(prefix, uri)| (prefix.as_str(), uri.as_str())),
        )
        .map_err(unplaced)
    }
}

fn unplaced(message: String) -> Trouble {
    Trouble::Wrong(Wrong {
        place: None,
        message,
    })
}
