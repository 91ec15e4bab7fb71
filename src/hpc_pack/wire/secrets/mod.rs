//! Takes passwords out of requests and replies before anybody reads them in the journal.
//!
//! In: a message as it came, its body perhaps cut anywhere. Out: the same with `***` where a password
//! stands or may stand. What cannot be read is hidden rather than shown: a journal may tell too little, never
//! too much. It must not know which operation a request is for.

mod json;
mod xml;

use crate::message::{Reply, Request};
use std::ops::Range;

/// What stands where a secret was.
const MASKED: &str = "***";
/// The name of what is secret, in any letter case.
const SECRET: &str = "password";

/// Masks the passwords in the body and the query of a request.
pub(crate) fn mask(request: &mut Request) {
    if let Some(target) = masked_target(&request.target) {
        request.target = target;
    }
    if let Some(body) = masked_body(&request.body) {
        request.body = body.into();
    }
}

/// Masks the passwords in the body of a reply; where nothing deviates there are none.
pub(crate) fn mask_reply(reply: &mut Reply) {
    if let Some(body) = masked_body(&reply.body) {
        reply.body = body.into();
    }
}

/// How often a body is looked at until nothing more is found in it.
const LOOKS: usize = 8;

/// The body without its passwords; none where it stays as it is.
///
/// # Why
/// What is behind a malformed tag reads differently once the tag is masked, and may then be a secret. So it is looked at
/// again until nothing changes, and masked altogether where that takes too long: masking what is masked changes nothing.
fn masked_body(body: &[u8]) -> Option<String> {
    let mut masked = masked_once(body)?;
    for _ in 0..LOOKS {
        match masked_once(masked.as_bytes()) {
            Some(again) if again != masked => masked = again,
            _ => return Some(masked),
        }
    }
    Some(MASKED.to_owned())
}

fn masked_once(body: &[u8]) -> Option<String> {
    let whole = whole_characters(body);
    let plain: String = body
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .map(|byte| char::from(*byte))
        .collect();
    let text = whole.filter(|text| !text.contains('\0'));
    let spans = match (text, plain.as_bytes().first()) {
        (Some(text), Some(b'<')) => xml::secrets(text),
        (Some(text), Some(b'{' | b'[' | b'"')) => json::secrets(text),
        // Markup in an encoding that nobody here reads.
        (None, Some(b'<' | b'{' | b'[' | b'"')) => return Some(MASKED.to_owned()),
        _ if names_secret(&plain) => return Some(MASKED.to_owned()),
        _ => return None,
    };
    (!spans.is_empty()).then(|| replaced(whole.unwrap_or_default(), spans))
}

/// The text that bytes are, without the character at its end that was cut; none where they are no UTF-8.
fn whole_characters(body: &[u8]) -> Option<&str> {
    match std::str::from_utf8(body) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&body[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// The text with a mask in place of each span; spans may overlap.
fn replaced(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut masked_to = None;
    for span in spans {
        if masked_to.is_none_or(|end| span.start > end) {
            out.push_str(text.get(done..span.start).unwrap_or_default());
            out.push_str(MASKED);
        }
        done = done.max(span.end);
        masked_to = Some(done);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The target without the value of a parameter of that name; none where it has none.
fn masked_target(target: &str) -> Option<String> {
    let (path, query) = target.split_once('?')?;
    let is_secret = |part: &str| {
        let name = part.split('=').next().unwrap_or_default();
        names_secret(&percent_encoding::percent_decode_str(name).decode_utf8_lossy())
    };
    if !query.split('&').any(is_secret) {
        return None;
    }
    let parts: Vec<_> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if is_secret(part) => format!("{name}={MASKED}"),
            _ => part.to_owned(),
        })
        .collect();
    Some(format!("{path}?{}", parts.join("&")))
}

/// Whether that is the name of a secret.
fn is_secret(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(SECRET)
}

/// Whether the name of a secret stands somewhere in a text.
fn names_secret(text: &str) -> bool {
    text.to_ascii_lowercase().contains(SECRET)
}

/// Whether a text seems to give a secret by name, as wrapped markup and command lines do.
fn gives_secret(text: &str) -> bool {
    names_secret(text) && text.contains(['<', '=', ':', '"', '&'])
}

#[cfg(test)]
mod tests;
