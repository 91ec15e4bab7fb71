use super::{
    data::{ClauseReport, Report, ScenarioReport},
    style::one_line,
};

/// A report that was read from a file, as one that we made: its words are ours, and a name is one line without control
/// characters, so that it obeys nobody where it is shown.
///
/// # Errors
/// An outcome is none; the text says which, and of what.
pub fn accept(mut report: Report) -> Result<Report, String> {
    for text in [&mut report.tool, &mut report.run_id] {
        *text = one_line(text);
    }
    for suite in &mut report.suites {
        for text in [&mut suite.suite, &mut suite.title, &mut suite.target] {
            *text = one_line(text);
        }
        for scenario in &mut suite.scenarios {
            for text in [&mut scenario.id, &mut scenario.title] {
                *text = one_line(text);
            }
            let known = ScenarioReport::OUTCOMES.contains(&scenario.outcome.as_str());
            outcome(known, &scenario.outcome, &scenario.id)?;
            for finding in &mut scenario.findings {
                let names = [&mut finding.clause, &mut finding.form];
                for text in names.into_iter().flatten().chain([&mut finding.step]) {
                    *text = one_line(text);
                }
            }
        }
        for clause in &mut suite.clauses {
            for text in [&mut clause.id, &mut clause.area] {
                *text = one_line(text);
            }
            let known = ClauseReport::OUTCOMES.contains(&clause.outcome.as_str());
            outcome(known, &clause.outcome, &clause.id)?;
        }
    }
    Ok(report)
}

fn outcome(known: bool, outcome: &str, of: &str) -> Result<(), String> {
    if known {
        Ok(())
    } else {
        Err(format!("`{}` is no outcome (of `{of}`)", one_line(outcome)))
    }
}

#[cfg(test)]
mod tests {
    use super::accept;
    use crate::report::{Style, github, markdown, sample, summary};

    #[test]
    fn an_outcome_that_is_none_is_refused() {
        assert!(accept(sample::built()).is_ok());
        let mut report = sample::built();
        report.suites[0].scenarios[0].outcome = "foo".to_owned();
        assert!(
            accept(report)
                .unwrap_err()
                .starts_with("`foo` is no outcome")
        );
        let mut report = sample::built();
        report.suites[0].clauses[0].outcome = "passed".to_owned();
        assert!(accept(report).is_err());
    }

    #[test]
    fn names_in_a_file_obey_nobody() {
        const BAD: &str = "x\u{1b}[2J\r\n::error::owned";
        let mut report = sample::built();
        let suite = &mut report.suites[0];
        for text in [&mut suite.suite, &mut suite.title, &mut suite.target] {
            *text = BAD.to_owned();
        }
        for scenario in &mut suite.scenarios {
            scenario.id = BAD.to_owned();
        }
        for clause in &mut suite.clauses {
            clause.id = BAD.to_owned();
            clause.area = BAD.to_owned();
        }
        let report = accept(report).unwrap();
        for text in [
            summary(&report, Style::default(), true),
            markdown(&report),
            github(&report),
        ] {
            assert!(!text.contains('\u{1b}'), "{text}");
            assert!(!text.contains("\n::error::owned"), "{text}");
        }
    }
}
