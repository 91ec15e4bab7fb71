use super::{Cue, Field, Placed, Until, which::masked};
use crate::{
    message::{Headers, Reply},
    mock::{Act, At, Commit, Defect, Strike, Then, journal::mask_credentials},
};
use serde_json::{Map, Value, json};
use std::time::Duration;

impl Cue {
    /// The cue as a file has it; what it asks of credentials is masked.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        if let Some(name) = &self.name {
            put("name", name.as_str().into());
        }
        let on = self.narrowed();
        if !on.is_empty() {
            put("on", on.into());
        }
        put("do", what(&self.strike).into());
        if let Some(commit) = self.commit {
            put("commit", word(commit).into());
        }
        out.into()
    }

    fn narrowed(&self) -> Map<String, Value> {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        let which = &self.which;
        for (name, value) in [
            ("operation", &which.operation),
            ("method", &which.method),
            ("path", &which.path),
        ] {
            if let Some(value) = value {
                put(name, value.as_str().into());
            }
        }
        if !which.header.is_empty() {
            let header = which.header.iter();
            let header = header.map(|(name, value)| (name.clone(), field(&masked(name, value))));
            put("header", Value::Object(header.collect()));
        }
        match self.nth.as_slice() {
            [] => {}
            [only] => drop(put("nth", (*only).into())),
            several => drop(put("nth", several.into())),
        }
        if let Some(times) = self.times {
            put("times", times.into());
        }
        if let Some((odds, seed)) = self.odds {
            put("probability", odds.into());
            put("seed", seed.into());
        }
        match self.until {
            Some(Until::Moment(moment)) => drop(put("until", moment.to_string().into())),
            Some(Until::For(time)) => drop(put("for", span(time).into())),
            None => {}
        }
        out
    }
}

/// What a strike did, on one line: as a cue says it, without the bodies of replies.
pub(super) fn did(strike: &Strike) -> String {
    let mut done: Vec<String> = what(strike)
        .iter()
        .map(|(key, value)| match (key.as_str(), value) {
            ("reply", reply) => format!("reply: {}", reply["status"]),
            ("garbage", _) => key.clone(),
            (_, Value::String(text)) => format!("{key}: {text}"),
            (_, value) => format!("{key}: {value}"),
        })
        .collect();
    done.push(format!("commit: {}", word(strike.commit)));
    done.join(", ")
}

fn word(commit: Commit) -> &'static str {
    match commit {
        Commit::Before => "before",
        Commit::After => "after",
    }
}

fn what(strike: &Strike) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    if let Some(fault) = &strike.fault {
        put("fault", fault.as_str().into());
    }
    if let Some(sent) = &strike.reply {
        put("reply", reply(sent));
    }
    if !strike.delay.is_zero() {
        put("delay", span(strike.delay).into());
    }
    for act in &strike.acts {
        match act {
            Act::DropSession => put("drop-session", true.into()),
            Act::Restart => put("restart", true.into()),
            Act::Advance(by) => put("advance", span(*by).into()),
        };
    }
    match &strike.defect {
        None => None,
        Some(Defect::Close(At::Body(bytes @ 1..))) => put("cut", (*bytes).into()),
        Some(Defect::Close(at)) => put("close", place(*at)),
        Some(Defect::Reset(at)) => put("reset", place(*at)),
        Some(Defect::Stall(at, None)) => put("stall", place(*at)),
        Some(Defect::Stall(at, Some(time))) => {
            put("stall", json!({ "at": place(*at), "for": span(*time) }))
        }
        Some(Defect::Garbage(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => put("garbage", text.into()),
            Err(_) => put("garbage", json!({ "hex": hex(bytes) })),
        },
        Some(Defect::Throttle(_, rate)) => put("slow", (*rate).into()),
        Some(Defect::ContentLength(bytes)) => put("content-length", (*bytes).into()),
        Some(Defect::Upload(read, then)) => put("upload", upload(*read, *then)),
    };
    out
}

impl Placed {
    /// The cue as a file has it, with its number and what it has done.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("id".to_owned(), self.id.0.into());
        if let Value::Object(cue) = self.cue.to_json() {
            out.extend(cue);
        }
        out.insert("placed".to_owned(), self.since.to_string().into());
        out.insert("fitted".to_owned(), self.fitted.into());
        out.insert("struck".to_owned(), self.struck.into());
        out.insert("spent".to_owned(), self.spent.into());
        out.into()
    }
}

fn field(field: &Field) -> Value {
    match field {
        Field::Is(text) => text.as_str().into(),
        Field::OneOf(texts) => texts.as_slice().into(),
        Field::Contains(text) => json!({ "contains": text }),
        Field::Matches(text) => json!({ "matches": text }),
        Field::Present => json!({ "present": true }),
        Field::Absent => Value::Null,
    }
}

fn reply(reply: &Reply) -> Value {
    let mut shown = reply.headers.clone();
    mask_credentials(&mut shown);
    let header = header(&shown);
    let mut out = Map::new();
    out.insert("status".to_owned(), reply.status.into());
    if !header.is_empty() {
        out.insert("header".to_owned(), header.into());
    }
    if !reply.body.is_empty() {
        body(&mut out, &reply.body);
    }
    out.into()
}

/// `body`, text, or `hex`.
pub(crate) fn body(out: &mut Map<String, Value>, bytes: &[u8]) {
    let (name, body) = match std::str::from_utf8(bytes) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("hex", hex(bytes)),
    };
    out.insert(name.to_owned(), body.into());
}

/// `{ NAME: VALUE | [VALUES] }`
pub(crate) fn header(headers: &Headers) -> Map<String, Value> {
    let mut header = Map::new();
    for (name, _) in headers.iter() {
        let values: Vec<&str> = headers.all(name).collect();
        let known = header
            .keys()
            .any(|known: &String| known.eq_ignore_ascii_case(name));
        if !known {
            let value = match values.as_slice() {
                [only] => Value::from(*only),
                several => several.into(),
            };
            header.insert(name.to_owned(), value);
        }
    }
    header
}

fn upload(read: u64, then: Then) -> Value {
    match then {
        Then::Close => json!({ "read": read, "then": "close" }),
        Then::Reset => json!({ "read": read, "then": "reset" }),
        Then::Stall(None) => json!({ "read": read, "then": "stall" }),
        Then::Stall(Some(time)) => json!({ "read": read, "then": "stall", "for": span(time) }),
    }
}

fn place(at: At) -> Value {
    match at {
        At::Body(0) => "after-head".into(),
        At::Body(bytes) => bytes.into(),
        // Files have no other byte of the head.
        At::Byte(_) => "before-head".into(),
    }
}

/// A time in milliseconds, or in seconds where it has no others.
pub(crate) fn span(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
