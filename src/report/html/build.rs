use super::{
    exchange::exchange,
    mark,
    view::{Area, Clause, Count, Group, Known, LeftOut, Page, Place, Scenario, Source, Suite},
};
use crate::report::{
    ClauseReport, FindingReport, Report, SourceReport, SuiteReport, area, excerpt,
    exit::Exit,
    group::{Found, groups},
    style::{count, duration, instant, visible},
    word,
};

/// How many places of one clause are shown with their exchange; the JSON report has all.
const EXCHANGES: usize = 20;

/// The area of what has no clause.
const NO_CLAUSE: &str = "no clause";

impl Page {
    /// The page of a report.
    pub(super) fn of(report: &Report) -> Self {
        let exit = Exit::of_code(report.exit);
        let suites: Vec<Suite> = report
            .suites
            .iter()
            .enumerate()
            .map(|(at, one)| suite(at + 1, one))
            .collect();
        let mut areas: Vec<String> = Vec::new();
        for suite in &suites {
            let named = suite.areas.iter().map(|area| &area.name);
            for name in named.chain(suite.findings.iter().map(|group| &group.area)) {
                if !areas.contains(name) {
                    areas.push(name.clone());
                }
            }
        }
        Self {
            exit: report.exit,
            meaning: match exit {
                Some(_) => report.meaning(),
                None => "a code that this program does not know".to_owned(),
            },
            verdict: match exit {
                Some(Exit::Conforms) => "good",
                Some(Exit::NothingRan) => "unsure",
                _ => "bad",
            },
            tool: visible(&report.tool),
            run_id: visible(&report.run_id),
            started: instant(report.started),
            elapsed: duration(report.elapsed_ms),
            interrupted: report.interrupted,
            strict: report.strict,
            totals: totals(report),
            clauses: clauses(report),
            suites,
            known: report.known.iter().map(known).collect(),
            areas,
        }
    }
}

fn totals(report: &Report) -> Vec<Count> {
    let totals = report.totals;
    [
        ("passed", totals.passed),
        ("failed", totals.failed),
        ("blocked", totals.blocked),
        ("errored", totals.errored),
        ("skipped", totals.skipped),
    ]
    .map(|(word, number)| Count {
        word: word.to_owned(),
        number,
    })
    .into()
}

fn clauses(report: &Report) -> Vec<Count> {
    area::clause_counts(&report.suites)
        .map(|(word, number)| Count {
            word: word.to_owned(),
            number,
        })
        .into()
}

fn known(entry: &crate::report::KnownReport) -> Known {
    let of = match (&entry.clause, &entry.scenario) {
        (Some(clause), _) => format!("clause {clause}"),
        (None, Some(scenario)) => format!("scenario {scenario}"),
        (None, None) => String::new(),
    };
    Known {
        of: visible(&of),
        reason: visible(&entry.reason),
        until: entry.until.as_deref().map(visible),
        product: entry.product.as_deref().map(visible),
        excused: entry.excused,
        problem: entry.problem.as_deref().map(visible),
        place: visible(&format!("{}:{}", entry.place.file, entry.place.line)),
    }
}

fn suite(number: usize, suite: &SuiteReport) -> Suite {
    let anchor = format!("s{number}");
    let findings: Vec<Group> = groups(suite)
        .iter()
        .enumerate()
        .map(|(at, found)| group(format!("{anchor}-f{}", at + 1), suite, found))
        .collect();
    let (rows, _) = area::table(&suite.clauses);
    let areas = rows
        .iter()
        .map(|row| Area {
            name: visible(&row.area),
            levels: row
                .levels
                .map(|(kept, of)| (of > 0).then(|| format!("{kept}/{of}"))),
            broken: row.broken,
            not_exercised: row.not_exercised,
            clauses: suite
                .clauses
                .iter()
                .filter(|clause| clause.area == row.area)
                .map(|one| clause(one, &findings))
                .collect(),
        })
        .collect();
    let mut left_out = Vec::new();
    for outcome in ["errored", "skipped"] {
        for (why, number) in area::with_reason(&suite.scenarios, outcome) {
            left_out.push(LeftOut {
                outcome,
                number: count(number, "scenario"),
                why: visible(&why),
            });
        }
    }
    Suite {
        suite: visible(&suite.suite),
        target: visible(&suite.target),
        levels: visible(&area::level_line(suite)),
        scenarios: suite
            .scenarios
            .iter()
            .map(|one| Scenario {
                id: visible(&one.id),
                title: visible(&one.title),
                outcome: visible(&one.outcome),
                why: one.why.as_deref().map(visible),
                elapsed: duration(one.elapsed_ms),
                requests: one.requests,
                findings: one.findings.len(),
                known: one
                    .findings
                    .iter()
                    .filter(|one| one.known.is_some())
                    .count(),
            })
            .collect(),
        anchor,
        findings,
        areas,
        left_out,
    }
}

fn clause(clause: &ClauseReport, findings: &[Group]) -> Clause {
    let id = visible(&clause.id);
    let finding = findings
        .iter()
        .find(|group| group.clause.as_ref() == Some(&id))
        .map(|group| group.anchor.clone());
    Clause {
        level: word(clause.level),
        outcome: visible(&clause.outcome),
        checked: clause.checked,
        says: visible(&clause.says),
        sources: sources(&clause.sources),
        finding,
        id,
    }
}

fn sources(sources: &[SourceReport]) -> Vec<Source> {
    let web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    sources
        .iter()
        .map(|source| Source {
            text: visible(&source.text),
            url: web(&source.url).then(|| source.url.clone()),
        })
        .collect()
}

fn group(anchor: String, suite: &SuiteReport, found: &[Found<'_>]) -> Group {
    let (_, first) = found[0];
    let area = first.clause.as_ref().and_then(|id| {
        let clause = suite.clauses.iter().find(|clause| clause.id == *id)?;
        Some(clause.area.clone())
    });
    Group {
        anchor,
        clause: first.clause.as_deref().map(visible),
        heading: excerpt::kind(first),
        level: word(first.level),
        area: visible(&area.unwrap_or_else(|| NO_CLAUSE.to_owned())),
        outcome: match first {
            _ if first.known.is_some() => "known",
            _ if first.clause.is_none() && first.subject == "snapshot" => "note",
            _ => "broken",
        },
        known: first.known.as_deref().map(visible),
        says: first.says.as_deref().map(visible),
        sources: sources(&first.sources),
        number: count(found.len() as u64, "place"),
        places: found
            .iter()
            .enumerate()
            .map(|(at, (scenario, finding))| {
                place(&scenario.id, &scenario.title, finding, at < EXCHANGES)
            })
            .collect(),
    }
}

fn place(scenario: &str, title: &str, finding: &FindingReport, whole: bool) -> Place {
    let (expected, actual) = mark::both(&finding.expected, &finding.actual);
    let written = excerpt::written(finding);
    Place {
        scenario: visible(scenario),
        title: visible(title),
        step: visible(&excerpt::step(&finding.step)),
        form: finding.form.as_deref().map(visible),
        written: written.map(|at| visible(&format!("{}:{}:{}", at.file, at.line, at.column))),
        line: written.map(|at| visible(at.text.trim())),
        request: finding
            .exchange
            .as_ref()
            .map(|seen| visible(&format!("{} at {}", seen.request.line, seen.origin))),
        subject: visible(&finding.subject),
        expected,
        actual,
        diff: finding.diff.as_ref().map(mark::lines).unwrap_or_default(),
        exchange: finding
            .exchange
            .as_ref()
            .filter(|_| whole)
            .map(|seen| exchange(seen, &finding.subject)),
        left_out: finding.exchange.is_some() && !whole,
    }
}
