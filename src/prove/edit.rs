use crate::{
    check::{
        Env, Wrong, as_text,
        bodies::{Document, Dom, Element, Node, Selected, json_path, parse_json, parse_xml, write},
    },
    contract::{Edit, XmlChange},
    message::{Broken, Exchange, Framing, Headers, How, Request, Version},
    source::Literal,
};
use bytes::Bytes;
use indexmap::IndexMap;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// Applies edits to an exchange, in order; nothing where they change nothing.
///
/// Edits of JSON or XML change nothing where the body is neither. `Content-Length` follows the body where there is one.
///
/// # Errors
/// An edit is wrong in itself: a template that cannot be rendered, a path that is none, a word that is not known.
pub(super) fn apply(
    edits: &[Edit],
    exchange: &Exchange,
    env: &Env<'_>,
    namespaces: &IndexMap<String, String>,
) -> Result<Option<Exchange>, Wrong> {
    let mut edited = exchange.clone();
    let words = Words { env, namespaces };
    let mut changed = false;
    for edit in edits {
        changed |= words.exchange(edit, &mut edited)?;
    }
    let same = edited.request == exchange.request
        && edited.outcome == exchange.outcome
        && edited.excess == exchange.excess;
    Ok((changed && !same).then_some(edited))
}

struct Words<'a> {
    env: &'a Env<'a>,
    namespaces: &'a IndexMap<String, String>,
}

/// The parts that replies and requests share.
struct Parts<'m> {
    headers: &'m mut Headers,
    body: &'m mut Bytes,
    version: &'m mut Version,
}

impl Words<'_> {
    fn exchange(&self, edit: &Edit, exchange: &mut Exchange) -> Result<bool, Wrong> {
        match edit {
            Edit::Request(edits) => {
                let mut changed = false;
                for edit in edits {
                    changed |= self.request(edit, &mut exchange.request)?;
                }
                return Ok(changed);
            }
            Edit::Broken(word) => {
                let how = How::ALL
                    .iter()
                    .find(|(known, _)| known == word)
                    .map(|(_, how)| *how)
                    .ok_or_else(|| wrong(format!("`{word}` is no way to break")))?;
                exchange.outcome = Err(Broken {
                    how,
                    detail: "made so by a counterexample".to_owned(),
                    partial: None,
                });
                return Ok(true);
            }
            Edit::Excess(text) => {
                exchange.excess = text.clone().into_bytes().into();
                return Ok(!text.is_empty());
            }
            _ => {}
        }
        let Ok(reply) = &mut exchange.outcome else {
            return Ok(false);
        };
        match edit {
            Edit::Status(status) => {
                reply.status = *status;
                reply.reason = String::new();
                Ok(true)
            }
            Edit::Framing(word) => {
                reply.framing = match word.as_str() {
                    "length" => Framing::Length,
                    "chunked" => Framing::Chunked,
                    "close" => Framing::Close,
                    "none" => Framing::Bodiless,
                    word => return Err(wrong(format!("`{word}` is no framing"))),
                };
                reply.headers.remove("Content-Length");
                reply.headers.remove("Transfer-Encoding");
                match reply.framing {
                    Framing::Length => reply
                        .headers
                        .append("Content-Length", reply.body.len().to_string()),
                    Framing::Chunked => reply.headers.append("Transfer-Encoding", "chunked"),
                    Framing::Close | Framing::Bodiless => {}
                }
                Ok(true)
            }
            edit => {
                let mut parts = Parts {
                    headers: &mut reply.headers,
                    body: &mut reply.body,
                    version: &mut reply.version,
                };
                self.parts(edit, &mut parts)
            }
        }
    }

    fn request(&self, edit: &Edit, request: &mut Request) -> Result<bool, Wrong> {
        match edit {
            Edit::Method(template) => {
                request.method = self.env.text(template)?.into_owned();
                Ok(true)
            }
            Edit::Path(template) => {
                let path = self.env.text(template)?;
                request.target = match request.target.split_once('?') {
                    Some((_, query)) => format!("{path}?{query}"),
                    None => path.into_owned(),
                };
                Ok(true)
            }
            Edit::Query {
                name,
                value,
                rename,
            } => {
                let value = match value {
                    Some(literal) => Some(as_text(&self.env.value(literal)?).into_owned()),
                    None => None,
                };
                let query = edit_query(request.query(), name, value.as_deref(), rename.as_deref());
                let changed = query != request.query();
                let path = request.path();
                request.target = if query.is_empty() {
                    path.to_owned()
                } else {
                    format!("{path}?{query}")
                };
                Ok(changed)
            }
            edit => self.parts(
                edit,
                &mut Parts {
                    headers: &mut request.headers,
                    body: &mut request.body,
                    version: &mut request.version,
                },
            ),
        }
    }

    fn parts(&self, edit: &Edit, parts: &mut Parts<'_>) -> Result<bool, Wrong> {
        match edit {
            Edit::Header {
                name,
                value,
                rename,
            } => self.header(parts.headers, name, value.as_ref(), rename.as_deref()),
            Edit::Body(text) => {
                let body = match text {
                    Some(template) => Bytes::from(self.env.text(template)?.into_owned()),
                    None => Bytes::new(),
                };
                Ok(parts.set(body))
            }
            Edit::Cut(at) if *at < parts.body.len() => {
                let body = parts.body.slice(..*at);
                Ok(parts.set(body))
            }
            Edit::Cut(_) => Ok(false),
            Edit::Json {
                path,
                value,
                rename,
            } => {
                let Ok(mut json) = parse_json(parts.body) else {
                    return Ok(false);
                };
                self.json(&mut json, path, value.as_ref(), rename.as_deref())?;
                let text = serde_json::to_string(&json).map_err(|e| wrong(e.to_string()))?;
                // Another layout is no change.
                if parse_json(parts.body).is_ok_and(|before| before == json) {
                    return Ok(false);
                }
                Ok(parts.set(text.into()))
            }
            Edit::Xml { path, change } => {
                let Ok(mut document) = parse_xml(parts.body) else {
                    return Ok(false);
                };
                let before = document.clone();
                self.xml(&mut document, path, change)?;
                Ok(document != before && parts.set(write(&document).into()))
            }
            Edit::Version(word) => {
                *parts.version = [Version::Http10, Version::Http11]
                    .into_iter()
                    .find(|version| version.as_str() == word)
                    .ok_or_else(|| wrong(format!("`{word}` is no version")))?;
                Ok(true)
            }
            Edit::Status(_)
            | Edit::Framing(_)
            | Edit::Request(_)
            | Edit::Broken(_)
            | Edit::Excess(_) => Err(wrong(
                "a request has no status, framing or break to edit".to_owned(),
            )),
            Edit::Method(_) | Edit::Path(_) | Edit::Query { .. } => Err(wrong(
                "a reply has no method, path or query to edit".to_owned(),
            )),
        }
    }

    fn header(
        &self,
        headers: &mut Headers,
        name: &str,
        value: Option<&Literal>,
        rename: Option<&str>,
    ) -> Result<bool, Wrong> {
        if let Some(new) = rename {
            if !headers.contains(name) {
                return Ok(false);
            }
            *headers = headers
                .iter()
                .map(|(n, v)| (if n.eq_ignore_ascii_case(name) { new } else { n }, v))
                .collect();
            return Ok(true);
        }
        match value {
            None => Ok(headers.remove(name)),
            Some(literal) => {
                headers.set(name, as_text(&self.env.value(literal)?));
                Ok(true)
            }
        }
    }

    fn json(
        &self,
        json: &mut Value,
        path: &str,
        value: Option<&Literal>,
        rename: Option<&str>,
    ) -> Result<(), Wrong> {
        let compiled = json_path(path).map_err(wrong)?;
        let mut pointers: Vec<String> = compiled
            .query_located(json)
            .iter()
            .map(|node| node.location().to_json_pointer())
            .collect();
        // From the back, so that what is taken out does not move what comes later.
        pointers.reverse();
        let value = value.map(|literal| self.env.value(literal)).transpose()?;
        for pointer in pointers {
            if let Some(value) = &value {
                if let Some(node) = json.pointer_mut(&pointer) {
                    *node = value.clone();
                }
                continue;
            }
            let Some((parent, key)) = pointer.rsplit_once('/') else {
                return Err(wrong(format!("`{path}` is the whole, which has no name")));
            };
            let key = key.replace("~1", "/").replace("~0", "~");
            match (json.pointer_mut(parent), rename) {
                (Some(Value::Object(map)), Some(new)) => {
                    *map = std::mem::take(map)
                        .into_iter()
                        .map(|(n, v)| (if n == key { new.to_owned() } else { n }, v))
                        .collect();
                }
                (Some(Value::Object(map)), None) => {
                    map.shift_remove(&key);
                }
                (Some(Value::Array(list)), None) => {
                    if let Ok(at) = key.parse::<usize>()
                        && at < list.len()
                    {
                        list.remove(at);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn xml(&self, document: &mut Document, path: &str, change: &XmlChange) -> Result<(), Wrong> {
        let names = self
            .namespaces
            .iter()
            .map(|(p, u)| (p.as_str(), u.as_str()));
        let mut selected = Dom::new(document).select(path, names).map_err(wrong)?;
        selected.reverse();
        let text = match change {
            XmlChange::Text(template) => Some(self.env.text(template)?.into_owned()),
            _ => None,
        };
        for one in selected {
            match one {
                Selected::Element(way) => {
                    element(&mut document.root, &way, change, text.as_deref());
                }
                Selected::Text(way, _) => {
                    if let Some(element) = document.root.at_mut(&way) {
                        element.nodes = text.iter().cloned().map(Node::Text).collect();
                    }
                }
                Selected::Attribute(way, namespace, local, _) => {
                    let Some(element) = document.root.at_mut(&way) else {
                        continue;
                    };
                    let at = element
                        .attributes
                        .iter()
                        .position(|a| a.namespace == namespace && a.local == local);
                    let Some(at) = at else { continue };
                    match (change, &text) {
                        (XmlChange::Remove, _) => {
                            element.attributes.remove(at);
                        }
                        (XmlChange::Rename(new), _) => element.attributes[at].local.clone_from(new),
                        (_, Some(text)) => element.attributes[at].value.clone_from(text),
                        _ => {
                            return Err(wrong(format!(
                                "`{path}` is an attribute, which cannot be so changed"
                            )));
                        }
                    }
                }
                Selected::Value(_) => {
                    return Err(wrong(format!("`{path}` gives no node to change")));
                }
            }
        }
        Ok(())
    }
}

impl Parts<'_> {
    /// Sets the body, and its length where that is told; tells whether it changed.
    fn set(&mut self, body: Bytes) -> bool {
        if *self.body == body {
            return false;
        }
        if self.headers.contains("Content-Length") {
            self.headers.set("Content-Length", body.len().to_string());
        }
        *self.body = body;
        true
    }
}

/// A query with one parameter changed; the others stay as they stand on the wire.
fn edit_query(query: &str, name: &str, value: Option<&str>, rename: Option<&str>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let is_meant = |pair: &str| {
        let known = pair.split('=').next().unwrap_or_default();
        let known = percent_decode_str(known).decode_utf8_lossy();
        known.to_lowercase() == name.to_lowercase()
    };
    let mut found = false;
    let mut pairs: Vec<String> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if !is_meant(pair) {
            pairs.push(pair.to_owned());
        } else if let Some(new) = rename {
            let value = pair.split_once('=').map(|(_, value)| value);
            pairs.push(format!("{new}={}", value.unwrap_or_default()));
        } else if let Some(value) = value.filter(|_| !found) {
            pairs.push(format!("{name}={}", encoded(value)));
            found = true;
        }
    }
    if let (Some(value), false) = (value, found) {
        pairs.push(format!("{name}={}", encoded(value)));
    }
    pairs.join("&")
}

fn element(root: &mut Element, way: &[usize], change: &XmlChange, text: Option<&str>) {
    match change {
        XmlChange::Text(_) => {
            if let Some(element) = root.at_mut(way) {
                element.nodes = text
                    .filter(|text| !text.is_empty())
                    .map(|text| Node::Text(text.to_owned()))
                    .into_iter()
                    .collect();
                // What has text is not nil.
                element.attributes.retain(|a| a.local != "nil");
            }
        }
        XmlChange::Rename(name) => {
            if let Some(element) = root.at_mut(way) {
                element.local.clone_from(name);
            }
        }
        XmlChange::Namespace(uri) => {
            if let Some(element) = root.at_mut(way) {
                rename_space(element, &element.namespace.clone(), uri);
            }
        }
        XmlChange::Remove | XmlChange::MoveFirst | XmlChange::MoveLast | XmlChange::Twice => {
            let Some((last, parent)) = way.split_last() else {
                return;
            };
            let Some(parent) = root.at_mut(parent) else {
                return;
            };
            let at = *last;
            if at >= parent.nodes.len() {
                return;
            }
            let node = parent.nodes.remove(at);
            match change {
                XmlChange::MoveFirst => parent.nodes.insert(0, node),
                XmlChange::MoveLast => parent.nodes.push(node),
                XmlChange::Twice => {
                    parent.nodes.insert(at, node.clone());
                    parent.nodes.insert(at, node);
                }
                _ => {}
            }
        }
    }
}

/// An element with another namespace, and below it all that shared the old one: as if its declaration had been written so.
fn rename_space(element: &mut Element, old: &str, new: &str) {
    if element.namespace != old {
        return;
    }
    new.clone_into(&mut element.namespace);
    for (_, uri) in &mut element.declarations {
        if uri == old {
            new.clone_into(uri);
        }
    }
    element
        .declarations
        .retain(|(prefix, uri)| prefix.is_empty() || !uri.is_empty());
    for node in &mut element.nodes {
        if let Node::Element(child) = node {
            rename_space(child, old, new);
        }
    }
}

fn wrong(message: String) -> Wrong {
    Wrong {
        place: None,
        message,
        of_reply: false,
    }
}
