use super::{
    Wrong,
    explain::{Explained, describe, explain},
    matcher::fits,
    mismatch::Gathered,
    render::Env,
    text::{quoted, side_by_side},
    value::Found,
    view::{Trouble, View},
};
use crate::source::{Literal, Matcher, MatcherKind, Place};
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

impl Message<'_> {
    pub(super) fn fields(
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

    pub(super) fn paths(
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

    pub(super) fn body(
        &self,
        matcher: &Matcher,
        env: &Env<'_>,
        into: &mut Gathered,
    ) -> Result<(), Wrong> {
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

pub(super) fn matched(
    matcher: &Matcher,
    subject: impl FnOnce() -> String,
    found: &Found<'_>,
    env: &Env<'_>,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    if into.is_settled() {
        return Ok(());
    }
    let fit = match fits(matcher, found, env) {
        Err(wrong) if wrong.of_reply => {
            into.unreadable(
                &matcher.place,
                &subject(),
                &describe(matcher, env),
                &wrong.message,
            );
            return Ok(());
        }
        fit => fit?,
    };
    into.look(fit, &matcher.place, subject, || {
        explain(matcher, found, env)
    });
    Ok(())
}

pub(super) fn text(
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

pub(super) fn same_as(
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
    if let Err(Trouble::Unreadable(why)) = message.view.plain() {
        into.unreadable(place, "body", &format!("the bytes of {name}"), &why);
        return Ok(());
    }
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

pub(super) fn plain(expected: String, actual: String) -> Explained {
    Explained {
        part: None,
        expected,
        actual,
        diff: None,
    }
}
