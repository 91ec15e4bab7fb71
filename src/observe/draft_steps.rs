//! One exchange, or a poll of several, as a step.

use super::{
    Observed,
    draft_bodies::body,
    draft_values::{From, leaves},
    draft_weave::Weave,
    draft_yaml::{comment, key, quoted},
};
use crate::{
    contract::Contract,
    message::{Exchange, Request, Version},
    observe::End,
};
use percent_encoding::percent_decode_str;
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// An exchange that becomes a step.
pub(super) struct Step<'o> {
    pub(super) observed: &'o Observed,
    pub(super) operation: Option<usize>,
    /// The values of the names in its path.
    pub(super) path: Vec<(String, String)>,
    pub(super) id: String,
}

/// A step as written; `connection` and `wait` stand between the two.
pub(super) struct Text {
    pub(super) head: String,
    pub(super) rest: String,
}

/// Headers that a run sets itself.
const OWN: [&str; 14] = [
    "host",
    "content-length",
    "connection",
    "proxy-connection",
    "keep-alive",
    "accept-encoding",
    "user-agent",
    "expect",
    "authorization",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "cookie2",
];

impl<'o> Step<'o> {
    pub(super) fn new(
        observed: &'o Observed,
        contract: &Contract,
        traits: &BTreeMap<String, String>,
        number: usize,
    ) -> Self {
        let request = &observed.exchange.request;
        let known = contract.operation_for(request, traits);
        let word = match &known {
            Some((at, _)) => contract.operations[*at].id.clone(),
            None => request.method.to_ascii_lowercase(),
        };
        let (operation, path) = known.map_or((None, Vec::new()), |(at, path)| (Some(at), path));
        Self {
            observed,
            operation,
            path: path
                .into_iter()
                // A trait of the target fills itself in.
                .filter(|(name, value)| contract.trait_value(name, traits) != Some(value))
                .collect(),
            id: format!("{word}-{number}"),
        }
    }

    fn request(&self) -> &'o Request {
        &self.observed.exchange.request
    }
}

/// The step at a place, and how many exchanges it stands for.
///
/// # Errors
/// Why it cannot be sent again.
pub(super) fn written(
    at: usize,
    steps: &[Step<'_>],
    weave: &mut Weave<'_, '_>,
) -> (usize, Result<Text, String>) {
    let (taken, until) = poll(at, steps, weave);
    (
        taken,
        step(at, &steps[at], &steps[at + taken - 1], until, weave),
    )
}

fn step(
    at: usize,
    first: &Step<'_>,
    last: &Step<'_>,
    until: Option<(Duration, String)>,
    weave: &mut Weave<'_, '_>,
) -> Result<Text, String> {
    let request = first.request();
    if names_secret(request, weave) {
        return Err(
            "a name in it is a secret, and a variable can stand for values alone".to_owned(),
        );
    }
    let mut rest = String::new();
    let content = body(at, first.observed, weave)?;
    let mut head = format!("  - id: {}\n", key(&first.id));
    let contract = weave.contract();
    let by_url = weave.target(at, &request.target);
    // What a template would encode anew is sent as it stood.
    let verbatim = request.target.ends_with('?')
        || request.query().contains('+')
        || percent_decode_str(&request.target).decode_utf8().is_err()
        || request
            .query()
            .split('&')
            .any(|pair| !pair.is_empty() && !pair.contains('='));
    let operation = first.operation.filter(|_| by_url.is_none() && !verbatim);
    if let Some(operation) = operation {
        let _ = writeln!(
            head,
            "    operation: {}",
            key(&contract.operations[operation].id)
        );
        let path: Vec<_> = first
            .path
            .iter()
            .map(|(name, value)| format!("{}: {}", key(name), quoted(&weave.path(at, name, value))))
            .collect();
        if !path.is_empty() {
            let _ = writeln!(rest, "    path: {{ {} }}", path.join(", "));
        }
        rest += &query(at, request, weave);
    } else {
        let target = match by_url {
            Some(name) => format!("{{{{ {name} }}}}"),
            None => weave.target_of_no_operation(at, &request.target),
        };
        let _ = writeln!(
            head,
            "    request: {{ method: {}, path: {} }}",
            quoted(&request.method),
            quoted(&target)
        );
    }
    if request.version == Version::Http10 {
        rest += "    http: \"1.0\"\n";
    }
    rest += &weave.auth(at);
    rest += &headers(at, request, operation, &content.content_type, weave);
    for note in content.notes.iter().chain(&beyond_ascii(request)) {
        rest += &comment(4, note);
    }
    rest += &content.text;
    rest += &expected(&first.observed.exchange, last.observed, content.cut);
    if let Some((every, until)) = until {
        let every = every.as_millis().clamp(100, 5_000);
        let _ = writeln!(
            rest,
            "    repeat: {{ until: {until}, every: {every}ms, at-most: 60s }}"
        );
    }
    Ok(Text { head, rest })
}

/// Whether its method or the name of a field or parameter holds a secret.
fn names_secret(request: &Request, weave: &Weave<'_, '_>) -> bool {
    let fields = request.headers.iter().map(|(name, _)| name.to_owned());
    let parameters = request.query_pairs().into_iter().map(|(name, _)| name);
    let method = request.method.clone();
    fields
        .chain(parameters)
        .chain([method])
        .any(|name| weave.hides(&name))
}

/// What may be sent otherwise than it stood. Bytes that are no UTF-8 were read as Latin-1, and whether they were is not known.
fn beyond_ascii(request: &Request) -> Vec<String> {
    let unsure = |text: &str| !text.is_ascii() && text.chars().all(|c| u32::from(c) <= 0xff);
    let mut where_: Vec<String> = Vec::new();
    if unsure(&request.target) {
        where_.push("the target".to_owned());
    }
    for (name, value) in request.headers.iter() {
        let own = OWN.iter().any(|own| name.eq_ignore_ascii_case(own));
        if !own && unsure(value) {
            where_.push(format!("`{name}`"));
        }
    }
    let note = |place| {
        format!("{place} had bytes beyond ASCII, and a run sends them as UTF-8 whatever they were")
    };
    where_.into_iter().map(note).collect()
}

fn query(at: usize, request: &Request, weave: &mut Weave<'_, '_>) -> String {
    let mut by_name: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in request.query_pairs() {
        let value = quoted(&weave.text(at, &value));
        match by_name.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => by_name.push((name, vec![value])),
        }
    }
    listed("query", &by_name)
}

fn listed(word: &str, by_name: &[(String, Vec<String>)]) -> String {
    if by_name.is_empty() {
        return String::new();
    }
    let mut out = format!("    {word}:\n");
    for (name, values) in by_name {
        let value = match values.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let _ = writeln!(out, "      {}: {value}", key(name));
    }
    out
}

fn headers(
    at: usize,
    request: &Request,
    operation: Option<usize>,
    content_type: &Option<&'static str>,
    weave: &mut Weave<'_, '_>,
) -> String {
    let mut by_name: Vec<(String, Vec<String>)> = Vec::new();
    let implied: Vec<(String, String)> = operation
        .map(|at| weave.contract().operations[at].header.clone())
        .unwrap_or_default();
    for (name, value) in request.headers.iter() {
        if OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
            || implied
                .iter()
                .any(|(known, fixed)| known == name && fixed == value)
        {
            continue;
        }
        let woven = quoted(&weave.text(at, value));
        match by_name
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, values)) => values.push(woven),
            None => by_name.push((name.to_owned(), vec![woven])),
        }
    }
    let mut suppress = |name: &str| by_name.push((name.to_owned(), vec!["null".to_owned()]));
    for (name, _) in &implied {
        if !request.headers.contains(name) {
            suppress(name);
        }
    }
    if content_type.is_some() && !request.headers.contains("Content-Type") {
        suppress("Content-Type");
    }
    let has_length = request.headers.contains("Content-Length");
    let bodiless = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"].contains(&&*request.method);
    let sets_one = !request.body.is_empty() || !bodiless;
    if sets_one && !has_length {
        suppress("Content-Length");
    }
    listed("header", &by_name)
}

fn expected(first: &Exchange, last: &Observed, cut: bool) -> String {
    if cut {
        return String::new();
    }
    let _ = first;
    match (&last.exchange.outcome, last.end) {
        (Ok(reply), _) => format!("    expect: [{{ status: {} }}]\n", reply.status),
        (Err(broken), End::Server) => {
            format!(
                "    expect: [{{ broken: {{ how: {} }} }}]\n",
                broken.how.as_str()
            )
        }
        (Err(_), _) => String::new(),
    }
}

/// How many of the steps from here on are the same question, asked until its answer was what it became last; how often it was
/// asked, and that answer.
fn poll(
    at: usize,
    steps: &[Step<'_>],
    weave: &Weave<'_, '_>,
) -> (usize, Option<(Duration, String)>) {
    let first = &steps[at].observed.exchange;
    let alike = |step: &Step<'_>| {
        let other = &step.observed.exchange;
        other.request == first.request
            && other.connection == first.connection
            && other.reply().map(|reply| reply.status) == first.reply().map(|reply| reply.status)
    };
    let count = steps[at..].iter().take_while(|step| alike(step)).count();
    let Some(reply) = first.reply() else {
        return (1, None);
    };
    if count < 2 || !super::draft::is_safe(&first.request.method) {
        return (1, None);
    }
    let of = |step: &Step<'_>| {
        let reply = step.observed.exchange.reply();
        reply.map_or_else(Vec::new, |reply| leaves(&reply.body, weave.contract()))
    };
    let last = of(&steps[at + count - 1]);
    let before: Vec<_> = steps[at..at + count - 1].iter().map(of).collect();
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
    let became = last.iter().find(|leaf| {
        word(&leaf.value)
            && !weave.hides(&leaf.value)
            && !weave.hides(leaf.from.path())
            && before.iter().all(|leaves| {
                let then = leaves.iter().find(|other| other.from == leaf.from);
                then.is_some_and(|then| then.value != leaf.value)
            })
    });
    let Some(leaf) = became else {
        return (1, None);
    };
    let (kind, path) = match &leaf.from {
        From::Xml(path) => ("xml", path),
        From::Json(path) => ("json", path),
        From::Header(_) | From::PathOf(_) => return (1, None),
    };
    let until = format!(
        "{{ status: {}, {kind}: {{ {}: {} }} }}",
        reply.status,
        quoted(path),
        quoted(&leaf.value)
    );
    let whole = steps[at + count - 1]
        .observed
        .at
        .saturating_sub(steps[at].observed.at);
    let times = u32::try_from(count - 1).unwrap_or(u32::MAX);
    (count, Some((whole / times.max(1), until)))
}

#[cfg(test)]
mod tests {
    use crate::{
        message::{Exchange, Reply, Request},
        observe::{DraftOptions, End, Extent, Observed, draft},
        suite::SuiteFiles,
    };
    use rstest::rstest;
    use std::{sync::Arc, time::Duration};

    fn drafted(request: Request) -> String {
        let contract = SuiteFiles::embedded("hpc-pack").unwrap().contract();
        let body = Extent {
            ended: true,
            ..Extent::default()
        };
        let observed = Observed {
            exchange: Arc::new(Exchange::new(request, "http://h", Ok(Reply::new(200)))),
            end: End::Replied,
            at: Duration::from_secs(1),
            request_body: body,
            reply_body: body,
        };
        draft(&[observed], &contract.unwrap(), &DraftOptions::default()).text
    }

    #[rstest]
    #[case::empty("/WindowsHPC/Jobs?", true)]
    #[case::no_utf_8("/WindowsHPC/Jobs?$filter=%ff", true)]
    #[case::no_utf_8_in_the_path("/WindowsHPC/Job/%ff", true)]
    #[case::utf_8("/WindowsHPC/Jobs?$filter=%C3%A9", false)]
    #[case::none("/WindowsHPC/Jobs", false)]
    fn a_target_that_a_template_would_write_otherwise_is_kept_as_it_stood(
        #[case] target: &str,
        #[case] kept: bool,
    ) {
        let text = drafted(Request::new("GET", target));
        let verbatim = format!("request: {{ method: \"GET\", path: \"{target}\" }}");
        assert_eq!(text.contains(&verbatim), kept, "{text}");
    }

    #[rstest]
    #[case::latin_1("caf\u{e9}", true)]
    #[case::ascii("cafe", false)]
    #[case::utf_8_for_sure("\u{4e2d}", false)]
    fn a_header_that_may_be_sent_otherwise_is_told(#[case] value: &str, #[case] told: bool) {
        let mut request = Request::new("GET", "/WindowsHPC/Jobs");
        request.headers.append("X-Place", value);
        let text = drafted(request);
        let note = "# `X-Place` had bytes beyond ASCII";
        assert_eq!(text.contains(note), told, "{text}");
    }
}
