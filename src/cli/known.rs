//! A file of known differences of a deployment, read and judged before anything is sent.

use super::{out::Stop, suites};
use crate::{
    mock::Moment,
    report::{Known, KnownOf},
    scenario::Suite,
    source::{Key, KeyShape as Shape, Node, Problems, Reading, SourceFile, Table, suggestion},
};
use std::{path::Path, sync::Arc};

static ENTRY: Table = Table {
    name: "known",
    what: "a known difference",
    base: None,
    keys: &[
        Key::new(
            "scenario",
            Shape::Text,
            "the id of a scenario, or a pattern",
        ),
        Key::new("clause", Shape::Text, "the id of a clause, or a pattern"),
        Key::required("reason", Shape::Text, "says why it is as it is"),
        Key::new(
            "until",
            Shape::Text,
            "the last day on which it holds: `2026-12-31`",
        ),
        Key::new(
            "product",
            Shape::Text,
            "product and version it was seen with",
        ),
    ],
};

/// Whether an entry may stand there whose reason nobody has filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reasons {
    /// For `--known`: such an entry is refused.
    Filled,
    /// For `--write-known`, which wrote it: it stays until somebody says why.
    ToFill,
}

/// Reads the file. Every entry names something of `all`, has a reason, and a date that is one.
pub(crate) fn read(
    path: &Path,
    all: &[Suite],
    now: Moment,
    reasons: Reasons,
) -> Result<Vec<Known>, Stop> {
    let file = SourceFile::load(path, &path.display().to_string())
        .map_err(|problem| suites::wrong(&problem.into()))?;
    entries(&file, all, now, reasons)
}

/// The entries of a file that is read already.
pub(crate) fn entries(
    file: &Arc<SourceFile>,
    all: &[Suite],
    now: Moment,
    reasons: Reasons,
) -> Result<Vec<Known>, Stop> {
    let mut problems = Problems::default();
    let root = Node::parse(file, &mut problems);
    let mut reader = Reader {
        of: Reading::new(file),
        all,
        today: today(now),
        reasons,
    };
    let mut known = Vec::new();
    if let Some(root) = &root {
        for node in reader.of.list(root, "a list of known differences") {
            known.extend(reader.entry(node));
        }
    }
    problems.extend(reader.of.problems);
    if problems.is_empty() {
        Ok(known)
    } else {
        Err(suites::wrong(&problems))
    }
}

/// `2026-11-21`, in UTC.
fn today(now: Moment) -> String {
    // Dates of HTTP are the calendar that is here already: `Sat, 21 Nov 2026 13:00:00 GMT`.
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let date = httpdate::fmt_http_date(now.system());
    let month = MONTHS
        .iter()
        .position(|month| *month == &date[8..11])
        .map_or(0, |at| at + 1);
    format!("{}-{month:02}-{}", &date[12..16], &date[5..7])
}

/// Whether it is a day of the calendar: `2026-02-29` is none.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

struct Reader<'a> {
    of: Reading,
    all: &'a [Suite],
    today: String,
    reasons: Reasons,
}

impl Reader<'_> {
    fn entry(&mut self, node: &Node) -> Option<Known> {
        let fields = self.of.fields(node, &ENTRY)?;
        let (of, at) = match (fields.get("scenario"), fields.get("clause")) {
            (Some(node), None) => {
                let name = self.of.filled(node, "a scenario")?;
                (KnownOf::Scenario(name), node)
            }
            (None, Some(node)) => (KnownOf::Clause(self.of.filled(node, "a clause")?), node),
            _ => {
                self.of.problem(
                    "no-subject",
                    node.span,
                    "a known difference names either a `scenario` or a `clause`",
                    "one of both",
                    None,
                );
                return None;
            }
        };
        self.matches_something(&of, at);
        let reason = self.reason(fields.get("reason")?)?;
        let until = match fields.get("until") {
            None => None,
            Some(node) => Some(self.date(node)?),
        };
        let product = match fields.get("product") {
            None => None,
            Some(node) => Some(self.of.filled(node, "a product")?),
        };
        Some(Known {
            of,
            reason,
            expired: until.as_ref().is_some_and(|until| *until < self.today),
            until,
            product,
            place: self.of.place(node.span),
        })
    }

    /// Why it is as it is. What `--write-known` left empty is filled in before it excuses anything.
    fn reason(&mut self, node: &Node) -> Option<String> {
        let empty = node.is_null()
            || node
                .as_scalar()
                .is_some_and(|scalar| scalar.text.trim().is_empty());
        if !empty {
            return self.of.text(node, "the reason of a known difference");
        }
        if self.reasons == Reasons::Filled {
            self.of.problem(
                "no-reason",
                node.span,
                "nobody has filled in the reason of this known difference",
                "the text is empty",
                Some("say why the deployment does that, or take the entry out".to_owned()),
            );
            return None;
        }
        Some(String::new())
    }

    fn date(&mut self, node: &Node) -> Option<String> {
        let text = self.of.filled(node, "a date")?;
        if !is_date(&text) {
            let found = format!("a date is meant here, and this is {}", node.described());
            let help = Some("write year, month and day: `2026-12-31`".to_owned());
            self.of
                .problem("no-date", node.span, found, "not a date", help);
            return None;
        }
        Some(text)
    }

    fn matches_something(&mut self, of: &KnownOf, at: &Node) {
        let all = self.all;
        let scenarios: Vec<&str> = all
            .iter()
            .flat_map(|suite| suite.scenarios.iter().map(|one| one.id.as_str()))
            .collect();
        let (what, name, known, matched) = match of {
            KnownOf::Scenario(name) => {
                // A row is known only once all is planned.
                let bare = KnownOf::Scenario(name.split('@').next().unwrap_or_default().to_owned());
                let matched = scenarios.iter().any(|id| bare.names_scenario(id));
                ("scenario", name, scenarios, matched)
            }
            KnownOf::Clause(name) => {
                let clauses = all.iter().flat_map(|suite| {
                    suite
                        .contract
                        .clauses
                        .iter()
                        .map(|clause| (suite.contract.id.as_str(), clause.id.as_str()))
                });
                let matched = clauses
                    .clone()
                    .any(|(suite, id)| of.names_clause(suite, id));
                ("clause", name, clauses.map(|(_, id)| id).collect(), matched)
            }
        };
        if !matched {
            self.of.problem(
                "matches-nothing",
                at.span,
                format!("`{name}` names no {what}"),
                "matches nothing",
                Some(suggestion(name, &known)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_date, today};
    use crate::mock::Clock;
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case("2026-12-31", true)]
    #[case("2028-02-29", true)]
    #[case("2026-02-29", false)]
    #[case("2026-13-01", false)]
    #[case("2026-1-1", false)]
    #[case("tomorrow", false)]
    #[case("2026-04-31", false)]
    fn a_date_is_a_day_of_the_calendar(#[case] text: &str, #[case] is: bool) {
        assert_eq!(is_date(text), is);
    }

    #[test]
    fn days_follow_each_other_and_are_dates() {
        let mut last = String::new();
        for day in 0..800 {
            let day = today(Clock::START.after(Duration::from_secs(day * 86_400)));
            assert!(is_date(&day) && day > last, "{last} {day}");
            last = day;
        }
    }
}
