use super::{
    area::{clause_counts, level_line, table, with_reason},
    data::{Report, SuiteReport},
    excerpt,
    style::{Style, count, duration, visible},
};

/// How many findings are shown in full; GitHub cuts a step's summary at 1 MiB.
const FULL: usize = 100;

/// The report as Markdown, as `$GITHUB_STEP_SUMMARY` shows it.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let meaning = escape(&report.meaning());
    let mut out = format!("## wireproof: exit {}, {meaning}\n\n", report.exit);
    let totals = report.totals;
    put!(
        out,
        "{}: {} passed, {} failed, {} blocked, {} errored, {} skipped, in {}.\n",
        count(totals.all(), "scenario"),
        totals.passed,
        totals.failed,
        totals.blocked,
        totals.errored,
        totals.skipped,
        duration(report.elapsed_ms)
    );
    let [(_, kept), (_, broken), (_, idle)] = clause_counts(&report.suites);
    put!(
        out,
        "{} kept, {broken} broken, {idle} not exercised.\n",
        count(kept, "clause")
    );
    // What fails the run stands before what is read only by who looks further.
    let failing = || report.known.iter().filter(|entry| entry.problem.is_some());
    if failing().next().is_some() {
        out += "\nKnown differences that fail the run:\n\n";
    }
    for entry in failing() {
        put!(
            out,
            "- {}:{}: {} {} ({})\n",
            escape(&visible(&entry.place.file)),
            entry.place.line,
            escape(&visible(entry.of())),
            escape(&visible(entry.problem.as_deref().unwrap_or_default())),
            escape(&visible(&entry.reason))
        );
    }
    for suite in &report.suites {
        out += &suite_text(suite);
    }
    out
}

fn suite_text(suite: &SuiteReport) -> String {
    let mut out = format!(
        "\n### {} on {}\n\n",
        escape(&suite.suite),
        escape(&suite.target)
    );
    put!(out, "**{}**\n", escape(&level_line(suite)));
    if !suite.clauses.is_empty() {
        out += "\n| area | must | should | may | broken | not exercised |\n|---|--:|--:|--:|--:|--:|\n";
        let (rows, all) = table(&suite.clauses);
        for row in rows.iter().chain([&all]) {
            let [must, should, may] = row.levels.map(|(kept, of)| format!("{kept}/{of}"));
            put!(
                out,
                "| {} | {must} | {should} | {may} | {} | {} |\n",
                escape(&row.area),
                row.broken,
                row.not_exercised
            );
        }
    }
    let reasons = with_reason(&suite.scenarios, "skipped");
    if !reasons.is_empty() {
        out += "\nSkipped:\n\n";
        for (why, number) in reasons {
            put!(out, "- {}: {}\n", count(number, "scenario"), escape(&why));
        }
    }
    let found: Vec<_> = suite
        .scenarios
        .iter()
        .flat_map(|scenario| {
            scenario
                .findings
                .iter()
                .map(move |finding| (scenario, finding))
        })
        .collect();
    if !found.is_empty() {
        out += "\n";
    }
    for (scenario, finding) in found.iter().take(FULL) {
        let style = Style::default();
        put!(
            out,
            "<details><summary>{}: {}</summary>\n\n",
            escape(&excerpt::heading(finding)),
            escape(&scenario.id)
        );
        let mut text = excerpt::promise(finding, style);
        text += &excerpt::place(&scenario.id, finding, style);
        if let Some(exchange) = &finding.exchange {
            text += &excerpt::exchange(exchange, style);
        }
        // A fence longer than any in the text, so that a reply cannot end the block.
        let longest = text
            .split(|c| c != '`')
            .map(str::len)
            .max()
            .unwrap_or(0)
            .max(2);
        let fence = "`".repeat(longest + 1);
        put!(out, "{fence}text\n{text}{fence}\n\n</details>\n");
    }
    if found.len() > FULL {
        put!(
            out,
            "\n{} more findings are not shown.\n",
            found.len() - FULL
        );
    }
    for scenario in suite.scenarios.iter().filter(|s| s.outcome == "errored") {
        let why = scenario.why.as_deref().unwrap_or_default();
        put!(
            out,
            "\n- {}: could not run: {}\n",
            escape(&scenario.id),
            escape(why)
        );
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in visible(text).chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '|' => out += "\\|",
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
