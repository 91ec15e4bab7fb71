//! The journal as JSON, and which entries of it are asked for.

use crate::{
    contract::PathPattern,
    message::Request,
    mock::{
        Ending, Entry, Operations,
        cues::{body, header},
    },
    source::suggestion,
};
use serde_json::{Map, Value, json};

/// The words for how a request ended.
const ENDINGS: [(&str, Ending); 5] = [
    ("replied", Ending::Replied),
    ("request-cut", Ending::RequestCut),
    ("gone", Ending::Gone),
    ("reply-cut", Ending::ReplyCut),
    ("struck", Ending::Struck),
];

/// The names of the query.
pub(super) const NAMES: [&str; 8] = [
    "operation",
    "method",
    "path",
    "status",
    "ending",
    "cue",
    "after",
    "limit",
];

/// Which entries are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    operation: Option<String>,
    method: Option<String>,
    path: Option<PathPattern>,
    status: Option<u16>,
    ending: Option<Ending>,
    cue: Option<u64>,
    after: u64,
    limit: Option<usize>,
}

impl Filter {
    /// Reads a query; says what is wrong with it.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let mut filter = Self::default();
        for (name, value) in pairs {
            let wrong = |takes: &str| format!("`{name}` takes {takes}, and this is `{value}`");
            match name.as_str() {
                "operation" => filter.operation = Some(value),
                "method" => filter.method = Some(value),
                "path" => {
                    let path = PathPattern::parse(&value);
                    filter.path = Some(path.map_err(|why| format!("`{value}` is no path: {why}"))?);
                }
                "status" => {
                    filter.status = Some(value.parse().map_err(|_| wrong("a status code"))?);
                }
                "ending" => {
                    let known = ENDINGS.iter().find(|(word, _)| *word == value);
                    let words = ENDINGS.map(|(word, _)| word).join(", ");
                    filter.ending = Some(known.ok_or_else(|| wrong(&words))?.1);
                }
                "cue" => filter.cue = Some(value.parse().map_err(|_| wrong("the id of a cue"))?),
                "after" => filter.after = value.parse().map_err(|_| wrong("a number"))?,
                "limit" => {
                    filter.limit = Some(value.parse().map_err(|_| wrong("a number"))?);
                }
                _ => {
                    let hint = suggestion(&name, &NAMES);
                    return Err(format!("the journal has no filter `{name}` ({hint})"));
                }
            }
        }
        Ok(filter)
    }

    /// The entries that are asked for, as JSON, oldest first; the latest where there is a limit.
    pub(super) fn entries(&self, all: &[Entry], operations: &Operations) -> Vec<Value> {
        let mut found: Vec<Value> = all
            .iter()
            .filter_map(|entry| {
                let operation = operations.of_request(&entry.request);
                let wanted = self.operation.as_deref();
                let fits = entry.number > self.after
                    && wanted.is_none_or(|wanted| operation == Some(wanted))
                    && self
                        .method
                        .as_ref()
                        .is_none_or(|method| *method == entry.request.method)
                    && self
                        .path
                        .as_ref()
                        .is_none_or(|path| path.fits(entry.request.path()))
                    && self.status.is_none_or(|status| {
                        entry.reply.as_ref().map(|reply| reply.status) == Some(status)
                    })
                    && self.ending.is_none_or(|ending| ending == entry.ending)
                    && self
                        .cue
                        .is_none_or(|id| entry.cue.as_ref().is_some_and(|cue| cue.id == id));
                fits.then(|| written(entry, operation))
            })
            .collect();
        let most = self.limit.unwrap_or(usize::MAX);
        found.split_off(found.len().saturating_sub(most))
    }
}

fn written(entry: &Entry, operation: Option<&str>) -> Value {
    let ending = ENDINGS
        .iter()
        .find(|(_, ending)| *ending == entry.ending)
        .map(|(word, _)| *word);
    let mut request = head(&entry.request);
    kept(&mut request, &entry.request.body, entry.request_bytes);
    let reply = entry.reply.as_ref().map(|reply| {
        let mut out = Map::new();
        out.insert("status".to_owned(), reply.status.into());
        out.insert("header".to_owned(), header(&reply.headers).into());
        kept(&mut out, &reply.body, entry.reply_bytes);
        out
    });
    json!({
        "number": entry.number,
        "at": entry.at.to_string(),
        "connection": entry.connection,
        "operation": operation,
        "request": request,
        "reply": reply,
        "ending": ending,
        "cue": entry.cue.as_ref().map(|cue| json!({ "id": cue.id, "name": cue.name, "did": cue.did })),
    })
}

/// The head of a request.
pub(super) fn head(request: &Request) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("method".to_owned(), request.method.as_str().into());
    out.insert("target".to_owned(), request.target.as_str().into());
    out.insert("version".to_owned(), request.version.as_str().into());
    out.insert("header".to_owned(), header(&request.headers).into());
    out
}

/// `body` or `hex`, what is kept of it, and `bytes`, how many there were.
fn kept(out: &mut Map<String, Value>, kept: &[u8], bytes: u64) {
    body(out, kept);
    out.insert("bytes".to_owned(), bytes.into());
}
