//! One finding as text, in the shape that console, JUnit and Markdown share.

use super::{
    data::{
        Body, DiffReport, ExchangeReport, FindingReport, Message, PlaceReport, ScenarioReport, word,
    },
    style::{Style, shorten, visible},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use similar::{ChangeTag, TextDiff};

/// How many lines of a body or a diff are shown.
const LINES: usize = 24;

/// How many characters of a value are shown.
const VALUE: usize = 400;

/// Where in a scenario: steps without a name are called `step 1` already, and what was observed `connection 1 at ...`.
pub(crate) fn step(name: &str) -> String {
    if name.starts_with("step ") || name.starts_with("connection ") {
        name.to_owned()
    } else {
        format!("step {name}")
    }
}

/// What kind of finding it is: `must broken`, `snapshot differs`.
pub(crate) fn kind(finding: &FindingReport) -> String {
    match &finding.clause {
        Some(_) => format!("{} broken", word(finding.level)),
        None if finding.subject == "snapshot" => "snapshot differs".to_owned(),
        // Of observed traffic: no file says what was expected.
        None if finding.place.is_none() && finding.step_place.is_none() => {
            format!("{} broken: {}", word(finding.level), finding.subject)
        }
        None => "precondition not met".to_owned(),
    }
}

/// The first line of a finding: `must broken: fragment.gap-refused`, with `known, ` in front where it is known.
pub(crate) fn heading(finding: &FindingReport) -> String {
    let mut out = kind(finding);
    if finding.known.is_some() {
        out.insert_str(0, "known, ");
    }
    if let Some(clause) = &finding.clause {
        put!(out, ": {clause}");
    }
    out
}

/// All findings of a scenario, in full and without colour.
pub(crate) fn scenario(scenario: &ScenarioReport) -> String {
    let style = Style::default();
    let mut out = String::new();
    for finding in &scenario.findings {
        put!(out, "{}\n", heading(finding));
        out += &promise(finding, style);
        out += &place(&scenario.id, finding, style);
        if let Some(seen) = &finding.exchange {
            out += &exchange(seen, style);
        }
        out.push('\n');
    }
    out
}

/// Why it is known, what a clause promises and where that is written; nothing where the finding has neither.
pub(crate) fn promise(finding: &FindingReport, style: Style) -> String {
    let mut out = String::new();
    if let Some(known) = &finding.known {
        put!(out, "  known     {}\n", style.wrap(&visible(known), 12));
    }
    if let Some(says) = &finding.says {
        put!(out, "  promise   {}\n", style.wrap(says, 12));
    }
    for source in &finding.sources {
        put!(out, "  source    {}\n", style.wrap(&source.text, 12));
        if !source.url.is_empty() {
            put!(out, "            {}\n", style.cyan(&source.url));
        }
    }
    out
}

/// Where it was found, the request line, and what was expected and seen.
pub(crate) fn place(scenario: &str, finding: &FindingReport, style: Style) -> String {
    let form = finding
        .form
        .as_ref()
        .map_or_else(String::new, |form| format!(" ({form})"));
    let mut out = format!("  scenario  {scenario}, {}{form}\n", step(&finding.step));
    if let Some(place) = written(finding) {
        let number = place.line.to_string();
        let gutter = " ".repeat(number.len());
        let room = style.width.saturating_sub(number.len() + 5);
        let at = format!("{}:{}:{}", place.file, place.line, place.column);
        put!(out, " {gutter}--> {}\n", style.cyan(&at));
        put!(
            out,
            " {} | {}\n",
            style.dim(&number),
            shorten(place.text.trim_end(), room)
        );
    }
    if let Some(exchange) = &finding.exchange {
        let line = format!("{} at {}", exchange.request.line, exchange.origin);
        put!(out, "  request   {}\n", style.wrap(&visible(&line), 12));
    }
    if finding.times > 1 {
        let more = finding.times - 1;
        put!(out, "  again     {more} more like it, not shown\n");
    }
    put!(out, "  subject   {}\n", visible(&finding.subject));
    put!(
        out,
        "  expected  {}\n",
        style.green(&value(&finding.expected))
    );
    put!(out, "  actual    {}\n", style.red(&value(&finding.actual)));
    if let Some(diff) = &finding.diff {
        out += &difference(diff, style);
    }
    out
}

/// Where a person begins to read: the step, or better its own expectation.
pub(crate) fn written(finding: &FindingReport) -> Option<&PlaceReport> {
    let same_file = |a: &PlaceReport, b: &PlaceReport| a.file == b.file;
    match (&finding.step_place, &finding.place) {
        (Some(step), Some(place)) if same_file(step, place) => Some(place),
        (Some(step), _) => Some(step),
        (None, place) => place.as_ref(),
    }
}

fn value(text: &str) -> String {
    let shown = shorten(&visible(text), VALUE);
    shown.lines().collect::<Vec<_>>().join("\n            ")
}

/// Only the lines that differ, with one line of context.
fn difference(diff: &DiffReport, style: Style) -> String {
    let (expected, actual) = (visible(&diff.expected), visible(&diff.actual));
    let compared = TextDiff::from_lines(&expected, &actual);
    let mut lines = Vec::new();
    for (index, group) in compared.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            lines.push(style.dim("    ..."));
        }
        for change in group.iter().flat_map(|op| compared.iter_changes(op)) {
            let text = change.value().trim_end_matches('\n');
            lines.push(match change.tag() {
                ChangeTag::Equal => format!("    {text}").trim_end().to_owned(),
                ChangeTag::Delete => style.green(&format!("  - {text}")),
                ChangeTag::Insert => style.red(&format!("  + {text}")),
            });
        }
    }
    let mut out = "  difference, - expected, + actual\n".to_owned();
    out += &limited(&lines, "  ");
    out
}

/// The exchange, bodies cut after [`LINES`] lines.
pub(crate) fn exchange(exchange: &ExchangeReport, style: Style) -> String {
    let mut out = String::new();
    out += &message(&exchange.request, "  > ", style);
    if let Some(reply) = &exchange.reply {
        out += &message(reply, "  < ", style);
    }
    if let Some(excess) = &exchange.excess {
        let bytes = super::style::count(excess.bytes, "byte");
        put!(out, "  ! {bytes} that belong to no reply\n");
        let lines: Vec<String> = body_lines(excess)
            .iter()
            .map(|line| format!("  ! {line}"))
            .collect();
        out += &limited(&lines, "  ! ");
    }
    if let Some(broken) = &exchange.broken {
        put!(out, "  ! {}\n", style.red(&visible(broken)));
    }
    out
}

fn message(message: &Message, mark: &str, style: Style) -> String {
    let room = style.width.saturating_sub(4).max(20);
    let mut out = format!(
        "{}{}\n",
        style.dim(mark),
        shorten(&visible(&message.line), room * 3)
    );
    for (name, value) in &message.headers {
        let line = shorten(&visible(&format!("{name}: {value}")), room * 3);
        put!(out, "{}{line}\n", style.dim(mark));
    }
    let body = body_lines(&message.body);
    if !body.is_empty() {
        put!(out, "{}\n", style.dim(mark.trim_end()));
        out += &limited(
            &body
                .iter()
                .map(|line| format!("{}{}", style.dim(mark), shorten(line, room * 3)))
                .collect::<Vec<_>>(),
            mark,
        );
    }
    out
}

fn limited(lines: &[String], mark: &str) -> String {
    let mut out = String::new();
    for line in lines.iter().take(LINES) {
        out += line;
        out.push('\n');
    }
    if lines.len() > LINES {
        put!(
            out,
            "{mark}({} more lines; shown are {LINES})\n",
            lines.len() - LINES
        );
    }
    out
}

/// The bytes of a body that is no text, 16 in each line, with what is left out.
pub(crate) fn hexadecimal(body: &Body, most: usize) -> Vec<String> {
    let bytes = STANDARD.decode(&body.base64).unwrap_or_default();
    let shown = bytes.len().min(most);
    let mut lines: Vec<String> = bytes[..shown]
        .chunks(16)
        .map(|row| {
            row.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    if (shown as u64) < body.bytes {
        lines.push(format!("({shown} of {} bytes)", body.bytes));
    }
    lines
}

fn body_lines(body: &Body) -> Vec<String> {
    if !body.base64.is_empty() {
        return hexadecimal(body, 64);
    }
    let mut lines: Vec<String> = Vec::new();
    lines.extend(visible(&body.text).lines().map(ToOwned::to_owned));
    if body.truncated {
        lines.push(format!(
            "({} bytes; the first {} are kept)",
            body.bytes,
            Body::LIMIT
        ));
    }
    lines
}
