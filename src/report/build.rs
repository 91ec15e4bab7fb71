use super::{
    area::area_of,
    data::{
        Body, ClauseReport, DiffReport, ExchangeReport, FindingReport, Message, PlaceReport,
        Report, ScenarioReport, SnapshotReport, SourceReport, SuiteReport, Totals,
    },
    excerpt,
    exit::Exit,
    forms::join,
    style::one_line,
};
use crate::{
    check::Finding,
    contract::{Contract, Level},
    mask::Mask,
    message::{Exchange, Headers},
    runner::{ClauseOutcome, Outcome, RunResult, ScenarioResult, SuiteResult},
    source::Place,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::time::Duration;

/// How strictly a run is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strictness {
    /// A broken `should` fails the run.
    pub strict: bool,
    /// A difference to a snapshot fails the run.
    pub snapshots: bool,
}

/// The whole report of a run: judged, counted, and without secrets.
#[must_use]
pub fn report(result: &RunResult, strictness: Strictness, mask: &Mask) -> Report {
    let mut suites = join(
        result
            .suites
            .iter()
            .map(|suite| suite_report(suite, strictness, mask))
            .collect(),
    );
    if result.any_sent && !result.any_reply {
        for suite in &mut suites {
            suite.unreachable = suite.any("errored") || suite.any("failed") || suite.any("blocked");
        }
    }
    let totals = Totals::of(&suites);
    Report {
        schema: 1,
        exit: exit(result, &totals).code(),
        tool: concat!("wireproof ", env!("CARGO_PKG_VERSION")).to_owned(),
        run_id: result.run_id.clone(),
        started: result.started,
        elapsed_ms: milliseconds(result.elapsed),
        interrupted: result.interrupted,
        strict: strictness.strict,
        suites,
        known: Vec::new(),
        totals,
    }
}

fn exit(result: &RunResult, totals: &Totals) -> Exit {
    let mut exit = Exit::Conforms;
    if totals.ran() == 0 {
        exit = exit.or(Exit::NothingRan);
    }
    let broke = totals.failed + totals.blocked + totals.errored;
    if totals.failed + totals.blocked > 0 {
        exit = exit.or(Exit::Findings);
    }
    if totals.errored > 0 || (result.any_sent && !result.any_reply && broke > 0) {
        exit = exit.or(Exit::CouldNotRun);
    }
    if result.interrupted {
        exit = exit.or(Exit::Interrupted);
    }
    exit
}

fn suite_report(suite: &SuiteResult, strictness: Strictness, mask: &Mask) -> SuiteReport {
    SuiteReport {
        suite: suite.contract.id.clone(),
        title: suite.contract.title.clone(),
        unreachable: false,
        target: one_line(&mask.text(&suite.target)),
        scenarios: suite
            .scenarios
            .iter()
            .map(|scenario| scenario_report(scenario, strictness, mask))
            .collect(),
        clauses: suite
            .clauses
            .iter()
            .map(|clause| ClauseReport {
                id: clause.clause.id.clone(),
                level: clause.level,
                outcome: match clause.outcome {
                    ClauseOutcome::Kept => "kept",
                    ClauseOutcome::Broken => "broken",
                    ClauseOutcome::NotExercised => "not exercised",
                    ClauseOutcome::NeedsScenario => "needs a scenario",
                }
                .to_owned(),
                checked: clause.checked,
                says: clause.clause.says.clone(),
                area: area(&suite.contract, &clause.clause.id),
                sources: sources(&clause.clause.sources),
            })
            .collect(),
    }
}

fn area(contract: &Contract, id: &str) -> String {
    contract
        .clauses
        .iter()
        .find(|known| known.id == id)
        .map_or_else(
            || "everywhere".to_owned(),
            |clause| area_of(contract, clause),
        )
}

/// What went wrong in a scenario, for a test's message; none where it passed.
#[must_use]
pub fn finished(scenario: &ScenarioResult, strictness: Strictness, mask: &Mask) -> Option<String> {
    let report = scenario_report(scenario, strictness, mask);
    if matches!(report.outcome.as_str(), "passed" | "skipped") {
        return None;
    }
    let why = report.why.as_deref().unwrap_or_default();
    Some(format!(
        "{}: {} {why}\n\n{}",
        report.outcome,
        report.title,
        excerpt::scenario(&report)
    ))
}

/// One scenario as the report has it; the stream of events uses it too.
pub(crate) fn scenario_report(
    scenario: &ScenarioResult,
    strictness: Strictness,
    mask: &Mask,
) -> ScenarioReport {
    let fails = |finding: &Finding| {
        finding.level == Level::Must
            || (strictness.strict && finding.level == Level::Should)
            || (strictness.snapshots && finding.subject == "snapshot")
    };
    let (outcome, why) = match &scenario.outcome {
        Outcome::Passed if scenario.findings.iter().any(fails) => ("failed", None),
        Outcome::Passed => ("passed", None),
        Outcome::Failed => ("failed", None),
        Outcome::Blocked => ("blocked", None),
        Outcome::Skipped(why) => ("skipped", Some(mask.text(why))),
        Outcome::Errored(why) => ("errored", Some(mask.text(&each_once(why)))),
    };
    ScenarioReport {
        id: scenario.id.clone(),
        title: mask.text(&scenario.title),
        outcome: outcome.to_owned(),
        why,
        elapsed_ms: milliseconds(scenario.elapsed),
        requests: scenario.requests,
        findings: scenario
            .findings
            .iter()
            .map(|finding| finding_report(finding, mask))
            .collect(),
        snapshots: Some(
            (!scenario.compared.is_empty())
                .then(|| SnapshotReport {
                    form: None,
                    steps: scenario.compared.clone(),
                })
                .into_iter()
                .collect(),
        ),
    }
}

/// A clause that cannot be judged fails alike on every exchange: each reason is told once.
fn each_once(reasons: &str) -> String {
    let mut told: Vec<&str> = Vec::new();
    for reason in reasons.split("; ") {
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    told.join("; ")
}

fn finding_report(finding: &Finding, mask: &Mask) -> FindingReport {
    let clause = finding.clause.as_ref();
    FindingReport {
        clause: clause.map(|clause| clause.id.clone()),
        level: finding.level,
        step: finding.step.clone(),
        form: None,
        known: None,
        subject: mask.text(&finding.subject),
        expected: mask.text(&finding.expected),
        actual: mask.told_of(&finding.subject, &finding.actual),
        says: clause.map(|clause| clause.says.clone()),
        sources: clause.map_or_else(Vec::new, |clause| sources(&clause.sources)),
        place: finding
            .place
            .as_ref()
            .map(|place| place_report(place, mask)),
        step_place: finding
            .step_place
            .as_ref()
            .map(|place| place_report(place, mask)),
        diff: finding.diff.as_ref().map(|diff| DiffReport {
            expected: mask.text(&diff.expected),
            actual: mask.text(&diff.actual),
        }),
        exchange: finding
            .exchange
            .as_ref()
            .map(|exchange| exchange_report(exchange, mask)),
        times: finding.times,
    }
}

fn sources(sources: &[(String, String)]) -> Vec<SourceReport> {
    sources
        .iter()
        .map(|(text, url)| SourceReport {
            text: text.clone(),
            url: url.clone(),
        })
        .collect()
}

fn place_report(place: &Place, mask: &Mask) -> PlaceReport {
    let (line, column) = place.line_column();
    let text = place.file.text.lines().nth(line - 1).unwrap_or_default();
    PlaceReport {
        file: place.file.path.clone(),
        line,
        column,
        text: mask.text(text),
    }
}

/// One exchange without secrets, bodies cut at [`Body::LIMIT`].
pub(crate) fn exchange_report(exchange: &Exchange, mask: &Mask) -> ExchangeReport {
    let request = &exchange.request;
    let (reply, broken) = match &exchange.outcome {
        Ok(reply) => (Some(reply), None),
        Err(broken) => (
            broken.partial.as_deref(),
            Some(mask.text(&broken.to_string())),
        ),
    };
    ExchangeReport {
        origin: mask.text(&exchange.origin),
        request: Message {
            line: mask.text(&format!(
                "{} {} {}",
                request.method,
                request.target,
                request.version.as_str()
            )),
            headers: headers(&request.headers, mask),
            body: body(&request.body, exchange.lengths.request, mask),
        },
        reply: reply.map(|reply| Message {
            line: mask.text(
                format!(
                    "{} {} {}",
                    reply.version.as_str(),
                    reply.status,
                    reply.reason
                )
                .trim_end(),
            ),
            headers: headers(&reply.headers, mask),
            body: body(&reply.body, exchange.lengths.reply, mask),
        }),
        broken,
        excess: (!exchange.excess.is_empty()).then(|| body(&exchange.excess, None, mask)),
        elapsed_ms: milliseconds(exchange.elapsed),
    }
}

fn headers(headers: &Headers, mask: &Mask) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (mask.text(name), mask.header(name, value)))
        .collect()
}

/// `whole`: how long the body was, where fewer bytes of it are here.
fn body(bytes: &[u8], whole: Option<u64>, mask: &Mask) -> Body {
    let mut kept = Body {
        bytes: whole.unwrap_or(bytes.len() as u64),
        ..Body::default()
    };
    // Masked before it is cut, so that no half of a secret stays at the edge.
    let window = &bytes[..bytes.len().min(Body::LIMIT * 4)];
    match text_of(window, window.len() < bytes.len()) {
        Some(text) => {
            let masked = mask.text(text);
            let mut end = masked.len().min(Body::LIMIT);
            while !masked.is_char_boundary(end) {
                end -= 1;
            }
            masked[..end].clone_into(&mut kept.text);
            kept.truncated = end < masked.len() || window.len() < bytes.len();
        }
        // Of the rest nothing is shown: looking through megabytes of it for each finding took minutes.
        None if mask.hides(window) => "(not shown: it holds a secret)".clone_into(&mut kept.text),
        None => {
            let window = &bytes[..bytes.len().min(Body::LIMIT)];
            kept.base64 = STANDARD.encode(window);
            kept.truncated = window.len() < bytes.len();
        }
    }
    kept.truncated |= kept.bytes > bytes.len() as u64;
    kept
}

/// The bytes as text, where they are text; a character cut in half at the end does not count where more follows.
fn text_of(bytes: &[u8], more: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(wrong) if more && wrong.error_len().is_none() => {
            std::str::from_utf8(&bytes[..wrong.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
