//! Secrets in what passed, known by the names that they stand under.
//!
//! In: a message. Out: names and values. It must not know what becomes of them: reports and drafts take out the same.

use super::secrets_body::in_body;
use crate::{
    auth::Basic,
    mask::Mask,
    message::{Exchange, Headers, Request, is_secret_name},
};

/// What is shorter is left by reports: it would take words of others with it.
pub(super) const SHORTEST: usize = 4;

/// The values of an exchange that no report and no draft may show, wherever else they stand.
#[must_use]
pub fn secrets(exchange: &Exchange) -> Vec<String> {
    let mut found = in_request(&exchange.request);
    if let Some(reply) = exchange.reply() {
        found.extend(in_headers(&reply.headers));
        found.extend(in_body(&reply.body, &reply.headers));
    }
    let values = found.into_iter().map(|(_, value)| value);
    let mut values: Vec<_> = values.filter(|value| value.len() >= SHORTEST).collect();
    let password = exchange.request.headers.get("Authorization");
    values.extend(
        password
            .and_then(Basic::parse)
            .map(|basic| basic.password().to_owned()),
    );
    values
}

/// Every secret of a request, with the name it stands under: of its header, its query and its body.
pub(super) fn in_request(request: &Request) -> Vec<(String, String)> {
    let mut found = in_headers(&request.headers);
    for (name, value) in request.query_pairs() {
        match is_secret_name(&name) {
            true => found.push((name, value)),
            false => super::secrets_body::in_text(&value, &mut found),
        }
    }
    super::secrets_body::in_text(&request.target, &mut found);
    found.extend(in_body(&request.body, &request.headers));
    found
}

fn in_headers(headers: &Headers) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in headers.iter() {
        // Drafts leave these out, and what stands there is made anew for each request.
        if [
            "authorization",
            "proxy-authorization",
            "www-authenticate",
            "proxy-authenticate",
            "proxy-connection",
        ]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
        {
            if let Some((scheme, token)) = value.split_once(' ')
                && scheme.eq_ignore_ascii_case("Bearer")
            {
                found.push(("token".to_owned(), token.trim().to_owned()));
            }
        } else if Mask::is_secret_field(name) {
            found.push((name.to_owned(), value.to_owned()));
        } else {
            super::secrets_body::in_text(value, &mut found);
        }
    }
    found
}
