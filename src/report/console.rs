use super::{
    area::{clause_counts, level_line, table, with_reason},
    data::{Report, SuiteReport, word},
    excerpt,
    exit::Exit,
    group::{Found, groups},
    style::{Style, count, duration, shorten, visible},
};
use crate::contract::Level;

/// How many places of one clause are shown in full; the others are listed.
const FULL: usize = 1;

/// How many further places of one clause are listed.
const LISTED: usize = 8;

/// How many clauses that were not exercised are named, unless verbose.
const NAMED: usize = 10;

/// How many characters of a reason are shown; the stream of events has told all of it.
const WHY: usize = 300;

/// The end of a run for a person: findings by clause, areas, what was left out, the last line.
#[must_use]
pub fn summary(report: &Report, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    for suite in &report.suites {
        out += &findings(suite, style, verbose);
    }
    for suite in &report.suites {
        out += &suite_summary(suite, style, verbose);
    }
    out += &known_lines(report, style);
    out += &last_lines(report, style);
    out
}

fn findings(suite: &SuiteReport, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    // What is known is told with its reason, further down.
    for group in groups(suite)
        .iter()
        .filter(|group| group[0].1.known.is_none())
    {
        out += &group_text(group, suite, style, verbose);
        out.push('\n');
    }
    out
}

/// Known differences: what each excused, and those that fail the run.
fn known_lines(report: &Report, style: Style) -> String {
    let mut out = String::new();
    if report.known.is_empty() {
        return out;
    }
    put!(out, "{}\n", style.bold("known differences"));
    for entry in &report.known {
        let name = visible(entry.of());
        let excused = count(entry.excused, "finding");
        let line = match &entry.problem {
            Some(problem) => {
                let at = format!("{}:{}", visible(&entry.place.file), entry.place.line);
                style.red(&format!("{at}: {name} {problem}"))
            }
            None => format!("{name}: {excused}, {}", visible(&entry.reason)),
        };
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    out.push('\n');
    out
}

fn group_text(group: &[Found<'_>], suite: &SuiteReport, style: Style, verbose: bool) -> String {
    let (scenario, first) = group[0];
    let heading = excerpt::heading(first);
    let heading = match first.level {
        Level::Must => style.red(&heading),
        Level::Should => style.yellow(&heading),
        Level::May => style.bold(&heading),
    };
    let places = group.iter().map(|(_, finding)| finding.times).sum();
    let places = count(places, "place");
    let mut out = format!("{heading} ({places}, on {})\n", visible(&suite.target));
    out += &excerpt::promise(first, style);
    let full = if verbose { group.len() } else { FULL };
    for (index, (scenario, finding)) in group.iter().take(full).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out += &excerpt::place(&scenario.id, finding, style);
        if let Some(exchange) = &finding.exchange {
            out += &excerpt::exchange(exchange, style);
        }
    }
    if group.len() > full {
        out += "  and also\n";
        for (other, finding) in group.iter().skip(full).take(LISTED) {
            let subject = visible(&finding.subject);
            let line = if other.id == scenario.id {
                format!("same scenario, {}: {subject}", excerpt::step(&finding.step))
            } else {
                format!("{}, {}: {subject}", other.id, excerpt::step(&finding.step))
            };
            let line = match &finding.form {
                Some(form) => format!("{line} ({form})"),
                None => line,
            };
            put!(
                out,
                "    {}\n",
                shorten(&line, style.width.saturating_sub(4))
            );
        }
        if group.len() > full + LISTED {
            put!(
                out,
                "    {} more; `-v` shows all\n",
                group.len() - full - LISTED
            );
        }
    }
    out
}

fn suite_summary(suite: &SuiteReport, style: Style, verbose: bool) -> String {
    let heading = format!("{} on {}", suite.suite, visible(&suite.target));
    let mut out = format!("{}\n", style.bold(&heading));
    // Where nothing was selected, nothing was left out either.
    let any = !suite.scenarios.is_empty();
    if any && !suite.clauses.is_empty() {
        out += &areas(suite, style);
    }
    let of = |outcome: &str| -> Vec<_> {
        let clauses = suite.clauses.iter();
        clauses
            .filter(|clause| any && clause.outcome == outcome)
            .collect()
    };
    let (idle, beyond) = (of("not exercised"), of("needs a scenario").len());
    if idle.len() + beyond > 0 {
        let all = count((idle.len() + beyond) as u64, "clause");
        let line = if beyond > 0 {
            let suite = visible(&suite.suite);
            format!(
                "not exercised: {all}, {beyond} of which no single exchange can show (`wireproof check {suite}` does)"
            )
        } else {
            format!("not exercised: {all}")
        };
        put!(out, "  {}\n", style.wrap(&line, 4));
        let most = if verbose { idle.len() } else { NAMED };
        for clause in idle.iter().take(most) {
            put!(out, "    {:<6} {}\n", word(clause.level), clause.id);
        }
        if idle.len() > most {
            put!(out, "    {} more; `-v` names all\n", idle.len() - most);
        }
    }
    for (why, number) in with_reason(&suite.scenarios, "errored") {
        let why = shorten(&visible(&why), WHY);
        let line = format!("could not run {}: {why}", count(number, "scenario"));
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    for (why, number) in with_reason(&suite.scenarios, "skipped") {
        let line = format!("skipped: {}, {}", count(number, "scenario"), visible(&why));
        put!(out, "  {}\n", style.wrap(&line, 4));
    }
    put!(out, "  {}\n\n", style.wrap(&level_line(suite), 4));
    out
}

fn areas(suite: &SuiteReport, style: Style) -> String {
    let (rows, all) = table(&suite.clauses);
    let widest = rows
        .iter()
        .map(|row| row.area.chars().count())
        .max()
        .unwrap_or(0)
        .clamp(4, 28);
    let mut out = style.dim(&format!(
        "  {:<widest$}  {:>9} {:>9} {:>9} {:>7} {:>14}",
        "area", "must", "should", "may", "broken", "not exercised"
    ));
    out.push('\n');
    let whole = (rows.len() > 1).then_some(all);
    for row in rows.iter().chain(&whole) {
        let [must, should, may] = row.levels.map(|(kept, of)| {
            if of == 0 {
                "-".to_owned()
            } else {
                format!("{kept}/{of}")
            }
        });
        let number = |number: u64| {
            if number == 0 {
                "-".to_owned()
            } else {
                number.to_string()
            }
        };
        let broken = format!("{:>7}", number(row.broken));
        let broken = if row.broken > 0 {
            style.red(&broken)
        } else {
            broken
        };
        put!(
            out,
            "  {:<widest$}  {must:>9} {should:>9} {may:>9} {broken} {:>14}\n",
            shorten(&row.area, widest),
            number(row.not_exercised)
        );
    }
    out
}

fn last_lines(report: &Report, style: Style) -> String {
    let totals = &report.totals;
    let mut parts = Vec::new();
    for (number, word) in [
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.blocked, "blocked"),
        (totals.errored, "errored"),
        (totals.skipped, "skipped"),
    ] {
        if number > 0 || word == "passed" {
            parts.push(format!("{number} {word}"));
        }
    }
    let [(_, kept), (_, broken), (_, idle)] = clause_counts(&report.suites);
    let scenarios = count(totals.all(), "scenario");
    let mut out = format!(
        "{scenarios} in {}: {}\n",
        duration(report.elapsed_ms),
        parts.join(", ")
    );
    put!(
        out,
        "{} kept, {broken} broken, {idle} not exercised\n",
        count(kept, "clause"),
    );
    let exit = Exit::of_code(report.exit);
    let verdict = format!("exit {}: {}", report.exit, report.meaning());
    let verdict = match exit {
        Some(Exit::Conforms) => style.green(&verdict),
        Some(Exit::NothingRan) => style.yellow(&verdict),
        _ => style.red(&verdict),
    };
    put!(out, "{verdict}\n");
    out
}
