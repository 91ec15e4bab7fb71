use super::{
    data::{PlaceReport, Report},
    excerpt,
    style::visible,
};
use crate::contract::Level;

/// One annotation for each place of each finding, as GitHub's workflow commands.
///
/// Source: GitHub, "Workflow commands for GitHub Actions", setting a notice, warning or error message.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for suite in &report.suites {
        for scenario in &suite.scenarios {
            for finding in &scenario.findings {
                let command = match finding.level {
                    _ if finding.known.is_some() => "notice",
                    Level::Must => "error",
                    Level::Should if report.strict => "error",
                    Level::Should => "warning",
                    Level::May => "notice",
                };
                let mut message = format!(
                    "{} on {}, {}: {}: expected {}, was {}",
                    scenario.id,
                    suite.target,
                    excerpt::step(&finding.step),
                    finding.subject,
                    finding.expected,
                    finding.actual
                );
                if let Some(says) = &finding.says {
                    put!(message, "\n{says}");
                }
                for source in &finding.sources {
                    put!(message, "\n{} {}", source.text, source.url);
                }
                out += &command_line(
                    command,
                    finding.step_place.as_ref().or(finding.place.as_ref()),
                    &excerpt::heading(finding),
                    &message,
                );
            }
            if scenario.outcome == "errored" {
                let why = scenario.why.as_deref().unwrap_or_default();
                out += &command_line(
                    "error",
                    None,
                    "could not run",
                    &format!("{} on {}: {why}", scenario.id, suite.target),
                );
            }
        }
    }
    for entry in &report.known {
        if let Some(problem) = &entry.problem {
            let message = format!("{} {problem}: {}", entry.of(), entry.reason);
            let title = format!("known difference {problem}");
            out += &command_line("error", Some(&entry.place), &title, &message);
        }
    }
    out
}

fn command_line(command: &str, place: Option<&PlaceReport>, title: &str, message: &str) -> String {
    // What is in the program only is in nobody's repository.
    let place = place.filter(|place| !place.file.starts_with("<embedded>"));
    let at = place.map_or_else(String::new, |place| {
        format!(
            "file={},line={},col={},",
            property(&place.file),
            place.line,
            place.column
        )
    });
    format!(
        "::{command} {at}title={}::{}\n",
        property(title),
        data(&visible(message))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
