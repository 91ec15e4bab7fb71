//! Secrets in what passed, known by the names that they stand under.
//!
//! In: a message. Out: names and values. It must not know what becomes of them.

use super::draft_values::leaves;
use crate::{
    contract::Contract,
    message::{Exchange, Headers, Request, is_secret_name, may_name_a_secret},
};

/// Every secret of a request: of its header, its query and its body.
pub(super) fn in_request(request: &Request, contract: &Contract) -> Vec<(String, String)> {
    let mut found = in_headers(&request.headers);
    let pairs = request.query_pairs().into_iter();
    found.extend(pairs.filter(|(name, _)| is_secret_name(name)));
    found.extend(in_body(&request.body, contract));
    found
}

/// The values of an exchange that no report may show. Short ones are left: they would take words of others with them.
#[must_use]
pub fn secrets(exchange: &Exchange, contract: &Contract) -> Vec<String> {
    const SHORTEST: usize = 4;
    let mut found = in_request(&exchange.request, contract);
    if let Some(reply) = exchange.reply() {
        found.extend(in_headers(&reply.headers));
        found.extend(in_body(&reply.body, contract));
    }
    let values = found.into_iter().map(|(_, value)| value);
    values.filter(|value| value.len() >= SHORTEST).collect()
}

/// Whether a body begins as XML or JSON and cannot be read: what is secret in it would not be found.
pub(super) fn is_opaque(body: &[u8], contract: &Contract) -> bool {
    let begins = body.trim_ascii_start().first();
    let read = matches!(begins, Some(b'<' | b'{' | b'['));
    read && may_name_a_secret(body) && leaves(body, contract).is_empty()
}

fn in_headers(headers: &Headers) -> Vec<(String, String)> {
    let secret = headers.iter().filter(|(name, _)| is_secret_name(name));
    secret
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn in_body(body: &[u8], contract: &Contract) -> Vec<(String, String)> {
    if !may_name_a_secret(body) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for leaf in leaves(body, contract) {
        let name = match &leaf.called {
            Some(called) if leaf.name.eq_ignore_ascii_case("value") => called,
            _ => &leaf.name,
        };
        if is_secret_name(name) {
            found.push((name.clone(), leaf.value));
        }
    }
    for (name, value) in form(body).into_iter().flatten() {
        if is_secret_name(&decoded(name)) {
            found.push((decoded(name), value.to_owned()));
            found.push((decoded(name), decoded(value)));
        }
    }
    found
}

/// The pairs of a form, as they are written.
fn form(body: &[u8]) -> Option<Vec<(&str, &str)>> {
    let text = std::str::from_utf8(body).ok()?;
    if text.contains(['<', '{', '[', '"']) {
        return None;
    }
    text.trim_end()
        .split('&')
        .map(|pair| pair.split_once('='))
        .collect()
}

fn decoded(text: &str) -> String {
    let plain = text.replace('+', " ");
    percent_encoding::percent_decode_str(&plain)
        .decode_utf8_lossy()
        .into_owned()
}
