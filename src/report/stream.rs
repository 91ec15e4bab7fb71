use super::{
    build::{Strictness, scenario_report},
    forms::form_of,
    known::{Known, excuse},
    style::{Style, count, one_line, shorten, visible},
};
use crate::{
    contract::Level,
    mask::Mask,
    runner::{Event, Outcome},
};
use std::collections::BTreeSet;

/// What is told while a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// One line for each finished scenario.
    Lines,
    /// One line for each that did not pass, above a line of progress that is written over.
    Progress,
}

/// Turns the events of a run into text for standard error.
#[derive(Debug)]
pub struct Stream {
    kind: StreamKind,
    style: Style,
    verbose: bool,
    strictness: Strictness,
    mask: Mask,
    known: Vec<Known>,
    /// Whether the target is told of each scenario: of several, ids tell none apart.
    targets: bool,
    total: usize,
    done: usize,
    bad: usize,
    running: BTreeSet<String>,
    /// Whether a line of progress stands on the terminal.
    drawn: bool,
}

impl Stream {
    /// A stream that has told nothing yet. `verbose`: skipped ones too, and in `Progress` those that passed.
    #[must_use]
    pub fn new(
        kind: StreamKind,
        style: Style,
        verbose: bool,
        strictness: Strictness,
        mask: Mask,
    ) -> Self {
        Self {
            kind,
            style,
            verbose,
            strictness,
            mask,
            known: Vec::new(),
            targets: false,
            total: 0,
            done: 0,
            bad: 0,
            running: BTreeSet::new(),
            drawn: false,
        }
    }

    /// The same, with known differences: a scenario passes where nothing else goes wrong.
    #[must_use]
    pub fn with_known(mut self, known: Vec<Known>) -> Self {
        self.known = known;
        self
    }

    /// The same, with the target told of each scenario.
    #[must_use]
    pub fn with_targets(mut self, told: bool) -> Self {
        self.targets = told;
        self
    }

    /// The text that an event gives; empty where there is nothing to tell.
    pub fn event(&mut self, event: &Event) -> String {
        let line = match event {
            Event::Planned { run, skipped } => {
                self.total += *run;
                (self.verbose && *skipped > 0).then(|| {
                    format!(
                        "{} to run, {skipped} left out",
                        count(*run as u64, "scenario")
                    )
                })
            }
            Event::Started { id } => {
                self.running.insert(id.clone());
                None
            }
            Event::Finished { target, result } => {
                self.running.remove(&result.id);
                if !matches!(result.outcome, Outcome::Skipped(_)) {
                    self.done += 1;
                }
                let mut scenario = scenario_report(result, self.strictness, &self.mask);
                excuse(&mut scenario, &self.known, self.strictness);
                let (word, show) = match scenario.outcome.as_str() {
                    "passed" if scenario.findings.is_empty() => (
                        self.style.green("   PASS"),
                        self.verbose || self.kind == StreamKind::Lines,
                    ),
                    // What is of level `may` is noted: snapshots too, where a difference does not fail the run.
                    "passed" if scenario.findings.iter().all(|f| f.level == Level::May) => {
                        (self.style.bold("   NOTE"), true)
                    }
                    "passed" => (self.style.yellow("   WARN"), true),
                    "skipped" => (self.style.dim("   SKIP"), self.verbose),
                    "failed" => (self.style.red("   FAIL"), true),
                    "blocked" => (self.style.red("BLOCKED"), true),
                    _ => (self.style.red("  ERROR"), true),
                };
                self.bad += usize::from(!matches!(scenario.outcome.as_str(), "passed" | "skipped"));
                let time = format!(
                    "{:>4}.{:03}s",
                    scenario.elapsed_ms / 1_000,
                    scenario.elapsed_ms % 1_000
                );
                let why = scenario.why.as_deref().map_or_else(String::new, |why| {
                    format!("\n{:19}{}", "", self.style.wrap(&visible(why), 19))
                });
                // In each form of a mock the same scenarios run.
                let on = match form_of(target) {
                    Some(form) => format!(" ({form})"),
                    None if self.targets => format!(" on {}", one_line(&self.mask.text(target))),
                    None => String::new(),
                };
                show.then(|| format!("{word} {} {}{on}{why}", self.style.dim(&time), scenario.id))
            }
            Event::Interrupted => {
                Some("interrupted; cleaning up (once more: stop at once)".to_owned())
            }
        };
        let mut out = String::new();
        if let Some(line) = line {
            out += self.erase();
            out += &line;
            out.push('\n');
        }
        if self.kind == StreamKind::Progress && !matches!(event, Event::Started { .. }) {
            out += self.erase();
            out += &self.progress();
            self.drawn = true;
        }
        out
    }

    /// What takes the line of progress away, before anything else is written.
    pub fn finish(&mut self) -> String {
        self.erase().to_owned()
    }

    fn erase(&mut self) -> &'static str {
        if std::mem::take(&mut self.drawn) {
            "\r\u{1b}[2K"
        } else {
            ""
        }
    }

    fn progress(&self) -> String {
        const BAR: usize = 20;
        let filled = (self.done * BAR)
            .checked_div(self.total)
            .unwrap_or(0)
            .min(BAR);
        let bar = format!("{}{}", "=".repeat(filled), " ".repeat(BAR - filled));
        let running = self.running.iter().next().map_or("", String::as_str);
        let line = format!(
            "[{bar}] {}/{} done, {} not passed  {running}",
            self.done, self.total, self.bad
        );
        shorten(&line, self.style.width.saturating_sub(1))
    }
}
