use super::{
    Wrong,
    explain::describe,
    matcher::fits,
    message::{Message, Side, matched, plain, same_as, text},
    mismatch::{Gathered, Mismatch},
    named,
    render::Env,
    shape,
    summary::{asks_framing_only, asks_reply, first_key, summary},
    value::{Found, Item},
    view::View,
};
use crate::{
    contract::{BodyExpectation, Contract, Expectation, RequestExpectation},
    message::{Exchange, Framing, Reply},
    source::{Literal, Matcher, MatcherKind, Type},
};
use bytes::Bytes;
use std::{
    borrow::Cow,
    sync::{Mutex, MutexGuard, PoisonError},
};

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
    /// Whether somebody expects it of this very exchange: then a table of names that finds none of them does not fit.
    pub(crate) expected: bool,
    /// Held while a large body is judged.
    _alone: Option<MutexGuard<'static, ()>>,
}

/// Bodies from this size on are judged one at a time: their trees take many times as much, and a server chooses their size.
/// Nothing that judges one exchange judges another meanwhile, so nobody waits for itself.
const LARGE: usize = 1 << 20;
static LARGE_ONE: Mutex<()> = Mutex::new(());

impl<'a> Case<'a> {
    pub(crate) fn new(contract: &'a Contract, exchange: &'a Exchange) -> Self {
        let names = &contract.namespaces;
        let reply = match &exchange.outcome {
            Ok(reply) => Some(reply),
            Err(broken) => broken.partial.as_deref(),
        };
        let request = &exchange.request;
        let large = |body: &Bytes| body.len() > LARGE;
        let alone = large(&request.body) || reply.is_some_and(|reply| large(&reply.body));
        Self {
            _alone: alone.then(|| LARGE_ONE.lock().unwrap_or_else(PoisonError::into_inner)),
            contract,
            exchange,
            request: Message {
                side: Side::Request,
                view: View::new(&request.headers, &request.body, names),
            },
            reply: reply.map(|reply| {
                let view =
                    View::new(&reply.headers, &reply.body, names).asked_with(&request.headers);
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
            expected: false,
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

    /// All that does not fit; `None` where nothing was there that it speaks of. Where the status is wrong, nothing more is
    /// said: the rest follows from it.
    ///
    /// # Errors
    /// The expectation cannot be judged.
    pub(crate) fn mismatches(
        &self,
        expectation: &Expectation,
        env: &Env<'_>,
    ) -> Result<Option<Vec<Mismatch>>, Wrong> {
        let mut quiet = Gathered::quiet();
        self.look(expectation, env, &mut quiet)?;
        if quiet.fits() {
            return Ok((quiet.looked > 0).then(Vec::new));
        }
        let mut gathered = Gathered::default();
        self.look(expectation, env, &mut gathered)?;
        Ok(Some(gathered.mismatches))
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
        if self.exchange.outcome.is_err()
            && asks_framing_only(expectation)
            && let Some(wrong) = self.exchange.misframed()
        {
            if let Some(matcher) = &expectation.framing {
                framed(matcher, "wrong", Some(&wrong), env, into)?;
            }
            if !expectation.any.is_empty() {
                self.any(&expectation.any, env, into)?;
            }
            return Ok(());
        }
        if !self.connection(expectation, env, into)? {
            return Ok(());
        }
        if let Some(request) = &expectation.request {
            self.look_at_request(request, env, into)?;
        }
        for (template, matcher) in &expectation.computed {
            let subject = || {
                let text = template.text.replace("{{", "").replace("}}", "");
                text.trim().to_owned()
            };
            match env.value(&Literal::Text(template.clone())) {
                Ok(value) => {
                    matched(
                        matcher,
                        subject,
                        &Found::One(Item::Value(&value)),
                        env,
                        into,
                    )?;
                }
                Err(wrong) if wrong.of_reply => {
                    let expected = describe(matcher, env);
                    into.unreadable(&matcher.place, &subject(), &expected, &wrong.message);
                }
                Err(wrong) => return Err(wrong),
            }
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
                let found = match how {
                    Some(how) => Found::text(how),
                    None => Found::Several(Vec::new()),
                };
                let fit = fits(matcher, &found, env)?;
                into.look(fit, &matcher.place, subject, || {
                    // What `broken: true` is read as.
                    let expected = match &matcher.kind {
                        MatcherKind::Is(Type::Present) => "an exchange that breaks".to_owned(),
                        _ => format!("broken: {}", describe(matcher, env)),
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
            let wrong = self.exchange.misframed();
            let word = match reply.framing {
                _ if wrong.is_some() => "wrong",
                Framing::Length => "length",
                Framing::Chunked => "chunked",
                Framing::Close => "close",
                Framing::Bodiless => "none",
            };
            framed(matcher, word, wrong.as_deref(), env, into)?;
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
        named::look(&expectation.named, self.expected, message, env, into)?;
        if let Some((name, place)) = &expectation.shape
            && !into.is_settled()
        {
            shape::look(name, place, message, self.contract, into)?;
        }
        match expectation.body.as_deref() {
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
        if let Some(matcher) = &expectation.operation {
            let id = env
                .operation()
                .map(|id| Item::Text(Cow::Owned(id.to_owned())));
            let found = Found::Several(id.into_iter().collect());
            matched(
                matcher,
                || "request operation".to_owned(),
                &found,
                env,
                into,
            )?;
        }
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

/// How the end of the body was told; of wrong framing, what is wrong with it.
fn framed(
    matcher: &Matcher,
    word: &str,
    wrong: Option<&str>,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let Some(wrong) = wrong else {
        return text(matcher, "framing", word, env, into);
    };
    let fit = fits(matcher, &Found::text(word), env)?;
    into.look(
        fit,
        &matcher.place,
        || "framing".to_owned(),
        || plain(describe(matcher, env), wrong.to_owned()),
    );
    Ok(())
}

fn status_line(reply: &Reply) -> String {
    format!("{} {}", reply.status, reply.reason)
        .trim_end()
        .to_owned()
}
