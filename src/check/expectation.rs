use super::{
    Wrong,
    explain::{Explained, describe, explain},
    matcher::fits,
    mismatch::{Gathered, Mismatch},
    render::Env,
    shape,
    text::{quoted, side_by_side},
    value::{Found, Item},
    view::{Trouble, View},
};
use crate::{
    contract::{BodyExpectation, Contract, Expectation, RequestExpectation},
    message::{Exchange, Framing, Reply},
    source::{Literal, Matcher, MatcherKind, Place},
};
use serde_json::Value;
use std::borrow::Cow;

/// Which message of an exchange is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Reply,
    Request,
}

impl Side {
    /// What stands before a subject.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Reply => "",
            Self::Request => "request ",
        }
    }
}

/// One message with what is known of it.
pub(crate) struct Message<'a> {
    pub(crate) side: Side,
    pub(crate) view: View<'a>,
}

/// An exchange that is being judged.
pub(crate) struct Case<'a> {
    pub(crate) contract: &'a Contract,
    pub(crate) exchange: &'a Exchange,
    request: Message<'a>,
    reply: Option<(&'a Reply, Message<'a>)>,
    /// Whether wall time counts.
    pub(crate) url: bool,
    /// Whether it is the client who is judged: then a request counts although the exchange broke.
    pub(crate) client: bool,
}

impl<'a> Case<'a> {
    pub(crate) fn new(contract: &'a Contract, exchange: &'a Exchange) -> Self {
        let names = &contract.namespaces;
        let reply = match &exchange.outcome {
            Ok(reply) => Some(reply),
            Err(broken) => broken.partial.as_deref(),
        };
        let request = &exchange.request;
        Self {
            contract,
            exchange,
            request: Message {
                side: Side::Request,
                view: View::new(&request.headers, &request.body, names),
            },
            reply: reply.map(|reply| {
                let view = View::new(&reply.headers, &reply.body, names);
                (
                    reply,
                    Message {
                        side: Side::Reply,
                        view,
                    },
                )
            }),
            url: false,
            client: false,
        }
    }

    /// The message of the reply, also the part of one that arrived.
    pub(crate) fn reply(&self) -> Option<&View<'a>> {
        self.reply.as_ref().map(|(_, message)| &message.view)
    }

    /// Whether all that is expected fits; nothing is said of what does not.
    ///
    /// # Errors
    /// The expectation cannot be judged.
    pub(crate) fn fits(&self, expectation: &Expectation, env: &Env<'_>) -> Result<bool, Wrong> {
        let mut gathered = Gathered::quiet();
        self.look(expectation, env, &mut gathered)?;
        Ok(gathered.fits())
    }

    /// All that does not fit. Where the status is wrong, nothing more is said: the rest follows from it.
    ///
    /// # Errors
    /// The expectation cannot be judged.
    pub(crate) fn mismatches(
        &self,
        expectation: &Expectation,
        env: &Env<'_>,
    ) -> Result<Vec<Mismatch>, Wrong> {
        if self.fits(expectation, env)? {
            return Ok(Vec::new());
        }
        let mut gathered = Gathered::default();
        self.look(expectation, env, &mut gathered)?;
        Ok(gathered.mismatches)
    }

    fn look(
        &self,
        expectation: &Expectation,
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        let with_values;
        let env = if expectation.values.is_empty() {
            env
        } else {
            with_values = env.with(&expectation.values)?;
            &with_values
        };
        if !self.connection(expectation, env, into)? {
            return Ok(());
        }
        if let Some(request) = &expectation.request {
            self.look_at_request(request, env, into)?;
        }
        if let Some((reply, message)) = &self.reply {
            let missed = into.missed;
            if let Some(matcher) = &expectation.status {
                status(matcher, reply, env, into)?;
            }
            if into.missed > missed {
                return Ok(());
            }
            self.look_at_reply(expectation, reply, message, env, into)?;
        } else if asks_reply(expectation) {
            into.miss(
                &expectation.place,
                "connection",
                "a reply, at least in part",
                &self.broken(),
            );
        }
        if let Some((most, place)) = &expectation.within
            && self.url
        {
            let took = self.exchange.elapsed.as_millis();
            into.look(
                took <= u128::from(*most),
                place,
                || "time".to_owned(),
                || plain(format!("at most {most} ms"), format!("{took} ms")),
            );
        }
        if !expectation.any.is_empty() {
            self.any(&expectation.any, env, into)?;
        }
        if let Some(inner) = &expectation.not {
            self.not(inner, env, into)?;
        }
        Ok(())
    }

    /// Whether there is anything to look at; a broken exchange fits nothing but `broken`.
    fn connection(
        &self,
        expectation: &Expectation,
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<bool, Wrong> {
        let subject = || "connection".to_owned();
        match (&expectation.broken, &self.exchange.outcome) {
            (None, Ok(_)) => Ok(true),
            (None, Err(_)) if !expectation.any.is_empty() => Ok(true),
            (None, Err(_)) if self.client && !asks_reply(expectation) => Ok(true),
            (None, Err(_)) => {
                into.miss(&expectation.place, "connection", "a reply", &self.broken());
                Ok(false)
            }
            (Some(matcher), outcome) => {
                let how = outcome.as_ref().err().map(|broken| broken.how.as_str());
                let wanted = match &matcher.kind {
                    MatcherKind::Equals(Literal::Bool(wanted)) => Some(*wanted),
                    _ => None,
                };
                let fit = match (wanted, how) {
                    (Some(wanted), how) => wanted == how.is_some(),
                    (None, Some(how)) => fits(matcher, &Found::text(how), env)?,
                    (None, None) => fits(matcher, &Found::Several(Vec::new()), env)?,
                };
                into.look(fit, &matcher.place, subject, || {
                    let expected = match wanted {
                        Some(true) => "an exchange that breaks".to_owned(),
                        Some(false) => "a whole reply".to_owned(),
                        None => format!("broken: {}", describe(matcher, env)),
                    };
                    plain(expected, self.broken())
                });
                Ok(fit)
            }
        }
    }

    fn broken(&self) -> String {
        match &self.exchange.outcome {
            Ok(reply) => format!("a whole reply, {}", status_line(reply)),
            Err(broken) => broken.to_string(),
        }
    }

    fn look_at_reply(
        &self,
        expectation: &Expectation,
        reply: &Reply,
        message: &Message<'_>,
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        if into.is_settled() {
            return Ok(());
        }
        if let Some(matcher) = &expectation.version {
            text(matcher, "version", reply.version.as_str(), env, into)?;
        }
        if let Some(matcher) = &expectation.framing {
            let word = match reply.framing {
                Framing::Length => "length",
                Framing::Chunked => "chunked",
                Framing::Close => "close",
                Framing::Bodiless => "none",
            };
            text(matcher, "framing", word, env, into)?;
        }
        message.fields(&expectation.header, env, into)?;
        message.paths(
            [
                ("json", &expectation.json),
                ("xml", &expectation.xml),
                ("members", &expectation.members),
            ],
            env,
            into,
        )?;
        if let Some((name, place)) = &expectation.shape
            && !into.is_settled()
        {
            shape::look(name, place, message, self.contract, into)?;
        }
        match &expectation.body {
            None => {}
            Some(BodyExpectation::Text(matcher)) => message.body(matcher, env, into)?,
            Some(BodyExpectation::SameAs { name, range, place }) => {
                same_as(message, name, range.as_ref(), place, env, into)?;
            }
        }
        Ok(())
    }

    fn look_at_request(
        &self,
        expectation: &RequestExpectation,
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        let request = &self.exchange.request;
        let message = &self.request;
        if let Some(matcher) = &expectation.method {
            text(matcher, "request method", &request.method, env, into)?;
        }
        if let Some(matcher) = &expectation.path {
            let path = percent_encoding::percent_decode_str(request.path()).decode_utf8_lossy();
            text(matcher, "request path", &path, env, into)?;
        }
        if let Some(matcher) = &expectation.version {
            text(
                matcher,
                "request version",
                request.version.as_str(),
                env,
                into,
            )?;
        }
        if !expectation.query.is_empty() {
            let pairs = request.query_pairs();
            for (name, matcher) in &expectation.query {
                let found = Found::Several(
                    pairs
                        .iter()
                        .filter(|(n, _)| n.to_lowercase() == name.to_lowercase())
                        .map(|(_, value)| Item::Text(Cow::Borrowed(value.as_str())))
                        .collect(),
                );
                matched(
                    matcher,
                    || format!("request query {name}"),
                    &found,
                    env,
                    into,
                )?;
            }
        }
        message.fields(&expectation.header, env, into)?;
        message.paths(
            [
                ("json", &expectation.json),
                ("xml", &expectation.xml),
                ("members", &expectation.members),
            ],
            env,
            into,
        )?;
        if let Some(matcher) = &expectation.body {
            message.body(matcher, env, into)?;
        }
        if let Some(matcher) = &expectation.body_length {
            let length = request.body.len().to_string();
            text(matcher, "request body-length", &length, env, into)?;
        }
        Ok(())
    }

    /// At least one fits; otherwise the one that came nearest is told.
    fn any(
        &self,
        alternatives: &[Expectation],
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        if into.is_settled() {
            return Ok(());
        }
        for alternative in alternatives {
            if self.fits(alternative, env)? {
                into.looked += 1;
                return Ok(());
            }
        }
        into.looked += 1;
        into.missed += 1;
        if into.quiet {
            return Ok(());
        }
        let mut nearest: Option<(usize, Gathered)> = None;
        for (at, alternative) in alternatives.iter().enumerate() {
            let mut gathered = Gathered::default();
            self.look(alternative, env, &mut gathered)?;
            let nearness =
                |g: &Gathered| (g.looked.saturating_sub(g.missed), usize::MAX - g.missed);
            if nearest
                .as_ref()
                .is_none_or(|(_, best)| nearness(&gathered) > nearness(best))
            {
                nearest = Some((at, gathered));
            }
        }
        let Some((at, gathered)) = nearest else {
            return Ok(());
        };
        let count = alternatives.len();
        into.mismatches
            .extend(gathered.mismatches.into_iter().map(|m| Mismatch {
                expected: format!(
                    "{} (alternative {} of {count}, the nearest)",
                    m.expected,
                    at + 1
                ),
                ..m
            }));
        Ok(())
    }

    fn not(&self, inner: &Expectation, env: &Env<'_>, into: &mut Gathered) -> Result<(), Wrong> {
        if into.is_settled() {
            return Ok(());
        }
        let mut gathered = Gathered::default();
        self.look(inner, env, &mut gathered)?;
        let broke_unasked = self.exchange.outcome.is_err() && inner.broken.is_none();
        if gathered.fits() {
            let expected = if into.quiet {
                String::new()
            } else {
                format!("not all of this: {}", summary(inner, env))
            };
            into.miss(&inner.place, first_key(inner), &expected, "all of it");
        } else if gathered.unreadable || broke_unasked {
            into.looked += 1;
            into.missed += 1;
            into.unreadable = true;
            into.mismatches.extend(gathered.mismatches);
        } else {
            into.looked += 1;
        }
        Ok(())
    }
}

impl Message<'_> {
    fn fields(
        &self,
        fields: &[(String, Matcher)],
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        for (name, matcher) in fields {
            if into.is_settled() {
                break;
            }
            let subject = || format!("{}header {name}", self.side.prefix());
            matched(matcher, subject, &self.view.header(name), env, into)?;
        }
        Ok(())
    }

    fn paths(
        &self,
        kinds: [(&str, &Vec<(String, Matcher)>); 3],
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
        for (kind, list) in kinds {
            for (path, matcher) in list {
                if into.is_settled() {
                    return Ok(());
                }
                let subject = || format!("{}{kind} {path}", self.side.prefix());
                let found = match kind {
                    "json" => self.view.json_path(path),
                    "xml" => self.view.xpath(path),
                    _ => self.view.members(path),
                };
                match found {
                    Ok(found) => matched(matcher, subject, &found, env, into)?,
                    Err(Trouble::Unreadable(why)) => {
                        let expected = if into.quiet {
                            String::new()
                        } else {
                            describe(matcher, env)
                        };
                        into.unreadable(&matcher.place, &subject(), &expected, &why);
                    }
                    Err(Trouble::Wrong(wrong)) => {
                        return Err(Wrong {
                            place: Some(matcher.place.clone()),
                            ..wrong
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn body(&self, matcher: &Matcher, env: &Env<'_>, into: &mut Gathered) -> Result<(), Wrong> {
        let subject = format!("{}body", self.side.prefix());
        let about_presence = match &matcher.kind {
            MatcherKind::Absent => true,
            MatcherKind::Not(inner) => matches!(inner.kind, MatcherKind::Absent),
            _ => false,
        };
        let text = match self.view.text() {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if about_presence => String::from_utf8_lossy(self.view.body),
            Err(Trouble::Unreadable(why)) => {
                into.unreadable(&matcher.place, &subject, &describe(matcher, env), &why);
                return Ok(());
            }
            Err(Trouble::Wrong(wrong)) => return Err(wrong),
        };
        if let (MatcherKind::Absent, false, false) =
            (&matcher.kind, self.view.body.is_empty(), into.quiet)
        {
            let length = self.view.body.len();
            let actual = format!("{length} bytes: {}", quoted(&text));
            into.miss(&matcher.place, &subject, "an empty body", &actual);
            return Ok(());
        }
        matched(matcher, || subject.clone(), &Found::Body(text), env, into)
    }
}

fn matched(
    matcher: &Matcher,
    subject: impl FnOnce() -> String,
    found: &Found<'_>,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    if into.is_settled() {
        return Ok(());
    }
    let fit = fits(matcher, found, env)?;
    into.look(fit, &matcher.place, subject, || {
        explain(matcher, found, env)
    });
    Ok(())
}

fn text(
    matcher: &Matcher,
    subject: &str,
    value: &str,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    matched(
        matcher,
        || subject.to_owned(),
        &Found::text(value),
        env,
        into,
    )
}

fn status(
    matcher: &Matcher,
    reply: &Reply,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    // The usual case, without any text.
    let fit = match &matcher.kind {
        MatcherKind::Equals(Literal::Number(number)) => {
            number.as_u64() == Some(u64::from(reply.status))
        }
        _ => fits(matcher, &Found::text(reply.status.to_string()), env)?,
    };
    into.look(
        fit,
        &matcher.place,
        || "status".to_owned(),
        || plain(describe(matcher, env), status_line(reply)),
    );
    Ok(())
}

fn status_line(reply: &Reply) -> String {
    format!("{} {}", reply.status, reply.reason)
        .trim_end()
        .to_owned()
}

fn same_as(
    message: &Message<'_>,
    name: &str,
    range: Option<&(Literal, Literal)>,
    place: &Place,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let bytes = env
        .bytes(name)
        .ok_or_else(|| Wrong::at(place, format!("`{name}` is not set")))?;
    let (from, to) = match range {
        None => (0, bytes.len()),
        Some((from, to)) => (index(from, env, place)?, index(to, env, place)?),
    };
    let wanted = bytes.get(from..to).ok_or_else(|| {
        Wrong::at(
            place,
            format!("`{name}` has {} bytes, no {from} to {to}", bytes.len()),
        )
    })?;
    let actual = message.view.body;
    into.look(
        actual == wanted,
        place,
        || "body".to_owned(),
        || {
            let texts = (std::str::from_utf8(wanted), std::str::from_utf8(actual));
            if let (Ok(expected), Ok(actual)) = texts
                && expected.len().max(actual.len()) < 64 * 1024
            {
                let (expected, actual, diff) = side_by_side(expected, actual);
                return Explained {
                    part: None,
                    expected: format!("the bytes of {name}: {expected}"),
                    actual,
                    diff,
                };
            }
            let same = wanted
                .iter()
                .zip(actual)
                .take_while(|(a, b)| a == b)
                .count();
            let hex = |bytes: &[u8]| {
                let shown: Vec<_> = bytes
                    .iter()
                    .skip(same)
                    .take(8)
                    .map(|b| format!("{b:02x}"))
                    .collect();
                if shown.is_empty() {
                    "the end".to_owned()
                } else {
                    shown.join(" ")
                }
            };
            plain(
                format!(
                    "the {} bytes of {name}; at byte {same}: {}",
                    wanted.len(),
                    hex(wanted)
                ),
                format!("{} bytes; at byte {same}: {}", actual.len(), hex(actual)),
            )
        },
    );
    Ok(())
}

fn index(literal: &Literal, env: &Env<'_>, place: &Place) -> Result<usize, Wrong> {
    let value = env.value(literal)?;
    match &value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64().and_then(|n| usize::try_from(n).ok()),
    }
    .ok_or_else(|| Wrong::at(place, format!("{value} is no byte to count from")))
}

/// Whether something is asked of the reply itself.
fn asks_reply(e: &Expectation) -> bool {
    e.status.is_some()
        || !e.header.is_empty()
        || !e.json.is_empty()
        || !e.xml.is_empty()
        || !e.members.is_empty()
        || e.shape.is_some()
        || e.body.is_some()
        || e.framing.is_some()
        || e.version.is_some()
        || e.not.as_deref().is_some_and(asks_reply)
}

fn first_key(e: &Expectation) -> &'static str {
    if e.status.is_some() {
        "status"
    } else if !e.header.is_empty() {
        "header"
    } else if !e.json.is_empty() {
        "json"
    } else if !e.xml.is_empty() {
        "xml"
    } else if e.request.is_some() {
        "request"
    } else if e.broken.is_some() {
        "connection"
    } else {
        "body"
    }
}

/// What an expectation asks, in one line.
fn summary(e: &Expectation, env: &Env<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(matcher) = &e.status {
        parts.push(format!("status {}", describe(matcher, env)));
    }
    for (kind, list) in [
        ("header", &e.header),
        ("json", &e.json),
        ("xml", &e.xml),
        ("members", &e.members),
    ] {
        for (name, matcher) in list {
            parts.push(format!("{kind} {name} {}", describe(matcher, env)));
        }
    }
    if let Some((name, _)) = &e.shape {
        parts.push(format!("shape {name}"));
    }
    match &e.body {
        Some(BodyExpectation::Text(matcher)) => {
            parts.push(format!("body {}", describe(matcher, env)));
        }
        Some(BodyExpectation::SameAs { name, .. }) => parts.push(format!("body as {name}")),
        None => {}
    }
    for (kind, matcher) in [
        ("framing", &e.framing),
        ("version", &e.version),
        ("broken", &e.broken),
    ] {
        if let Some(matcher) = matcher {
            parts.push(format!("{kind} {}", describe(matcher, env)));
        }
    }
    if parts.is_empty() {
        parts.push("what is written there".to_owned());
    }
    parts.join(", ")
}

fn plain(expected: String, actual: String) -> Explained {
    Explained {
        part: None,
        expected,
        actual,
        diff: None,
    }
}
