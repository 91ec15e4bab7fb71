use super::{
    data::{Body, ExchangeReport, FindingReport, Message, Report, ScenarioReport, SuiteReport},
    excerpt,
    style::instant,
};
use serde_json::{Map, Value, json};

/// The exchanges with findings as a HAR archive, each with its findings as the comment; what broke is an entry with status 0.
///
/// Bytes that are no text stand in Base64; for a request the format knows no field that says so, and `_encoding` does.
/// Names with `_` in front are additions, which readers pass over.
///
/// Source: HTTP Archive (HAR) format, version 1.2, <http://www.softwareishard.com/blog/har-12-spec/>.
#[must_use]
pub fn har(report: &Report) -> String {
    let (name, version) = report
        .tool
        .split_once(' ')
        .unwrap_or((report.tool.as_str(), ""));
    let entries: Vec<Value> = report
        .suites
        .iter()
        .flat_map(|suite| suite.scenarios.iter().map(move |one| (suite, one)))
        .flat_map(|(suite, scenario)| entries(suite, scenario, &instant(report.started)))
        .collect();
    let archive = json!({ "log": {
        "version": "1.2",
        "creator": { "name": name, "version": version },
        "entries": entries,
        "comment": format!(
            "The exchanges with findings of run {}, secrets masked. Every entry bears the time at which the run began.",
            report.run_id
        ),
    }});
    let mut text = serde_json::to_string_pretty(&archive).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

/// One entry for each exchange of a scenario: what several findings were made in stands once.
fn entries(suite: &SuiteReport, scenario: &ScenarioReport, started: &str) -> Vec<Value> {
    let mut seen: Vec<(&ExchangeReport, &str, Vec<&FindingReport>)> = Vec::new();
    for finding in &scenario.findings {
        let Some(exchange) = &finding.exchange else {
            continue;
        };
        let same = |(known, step, _): &&mut (&ExchangeReport, &str, Vec<&FindingReport>)| {
            *known == exchange && *step == finding.step
        };
        match seen.iter_mut().find(same) {
            Some((_, _, findings)) => findings.push(finding),
            None => seen.push((exchange, &finding.step, vec![finding])),
        }
    }
    seen.into_iter()
        .map(|(exchange, step, findings)| {
            let mut comment = format!(
                "{} on {}, {}",
                scenario.id,
                suite.target,
                excerpt::step(step)
            );
            for finding in findings {
                put!(comment, "\n{}", told(finding));
            }
            entry(exchange, started, &comment)
        })
        .collect()
}

fn told(finding: &FindingReport) -> String {
    let mut out = format!(
        "{}: {}: expected {}, was {}",
        excerpt::heading(finding),
        finding.subject,
        finding.expected,
        finding.actual
    );
    if let Some(known) = &finding.known {
        put!(out, " (known: {known})");
    }
    out
}

fn entry(exchange: &ExchangeReport, started: &str, comment: &str) -> Value {
    let mut response = exchange.reply.as_ref().map_or_else(no_response, response);
    if let Some(broken) = &exchange.broken {
        response["_error"] = json!(broken);
        response["comment"] = json!(format!("the connection broke: {broken}"));
    }
    if let Some(excess) = &exchange.excess {
        response["_excess"] = content(excess, "").into();
    }
    json!({
        "startedDateTime": started,
        "time": exchange.elapsed_ms,
        "request": request(exchange),
        "response": response,
        "cache": {},
        "timings": { "send": 0, "wait": exchange.elapsed_ms, "receive": 0 },
        "comment": comment,
    })
}

fn request(exchange: &ExchangeReport) -> Value {
    let message = &exchange.request;
    // `METHOD target HTTP/1.1`, whatever the target holds.
    let (method, rest) = message.line.split_once(' ').unwrap_or((&message.line, ""));
    let (target, version) = rest.rsplit_once(' ').unwrap_or((rest, ""));
    let url = if target.contains("://") {
        target.to_owned()
    } else {
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{target}", exchange.origin)
    };
    let query: Vec<Value> = target
        .split_once('?')
        .map_or("", |(_, query)| query)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // As on the wire: decoded, a secret that was masked as it stood there might come to light.
            json!({ "name": name, "value": value })
        })
        .collect();
    let mut request = json!({
        "method": method,
        "url": url,
        "httpVersion": version,
        "cookies": [],
        "headers": headers(message),
        "queryString": query,
        "headersSize": -1,
        "bodySize": message.body.bytes,
    });
    if message.body.bytes > 0 {
        // `text` and `params` exclude each other.
        let mut post = content(&message.body, header(message, "Content-Type"));
        post.shift_remove("size");
        if let Some(encoding) = post.shift_remove("encoding") {
            post.insert("_encoding".to_owned(), encoding);
        }
        request["postData"] = post.into();
    }
    request
}

fn response(message: &Message) -> Value {
    // `HTTP/1.1 200 OK`; the phrase may be missing.
    let mut words = message.line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (version, status, reason) = (word(), word(), word());
    json!({
        "status": status.parse().unwrap_or(0_u16),
        "statusText": reason,
        "httpVersion": version,
        "cookies": [],
        "headers": headers(message),
        "content": content(&message.body, header(message, "Content-Type")),
        "redirectURL": header(message, "Location"),
        "headersSize": -1,
        "bodySize": message.body.bytes,
    })
}

/// What stands for the reply where there is none.
fn no_response() -> Value {
    json!({
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": content(&Body::default(), ""),
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    })
}

fn headers(message: &Message) -> Value {
    message
        .headers
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

fn header<'a>(message: &'a Message, wanted: &str) -> &'a str {
    message
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map_or("", |(_, value)| value)
}

fn content(body: &Body, mime: &str) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert("size".to_owned(), json!(body.bytes));
    content.insert("mimeType".to_owned(), json!(mime));
    if body.base64.is_empty() {
        content.insert("text".to_owned(), json!(body.text));
    } else {
        content.insert("text".to_owned(), json!(body.base64));
        content.insert("encoding".to_owned(), json!("base64"));
    }
    if body.truncated {
        let comment = format!("{} bytes; the first {} are kept", body.bytes, Body::LIMIT);
        content.insert("comment".to_owned(), json!(comment));
    }
    content
}
