use super::{
    build::Strictness,
    data::{FindingReport, Report},
    known::{Known, KnownOf, concerns, fails},
};
use std::collections::{BTreeMap, BTreeSet};

/// A difference that nobody has explained yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKnown {
    /// What an entry for it names: one clause, or one scenario where no clause was broken.
    pub of: KnownOf,
    /// What is promised there: the sentence of the clause, or the title of the scenario.
    pub says: String,
}

/// What fails a run and neither is excused nor stands in one of these entries, each once, in the order in which it was found.
///
/// An entry that has expired, or whose reason is still to be filled in, stands there all the same. `shared` are the ids of
/// clauses that several suites have: `SUITE/ID` tells them apart. Rows of a scenario that all fail are one entry.
#[must_use]
pub fn new_known(
    report: &Report,
    written: &[Known],
    strictness: Strictness,
    shared: &BTreeSet<String>,
) -> Vec<NewKnown> {
    let mut found: Vec<NewKnown> = Vec::new();
    for suite in &report.suites {
        let mut rows: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let fresh = |scenario: &str, finding: &FindingReport| {
            finding.known.is_none()
                && fails(finding, strictness)
                && !written
                    .iter()
                    .any(|entry| concerns(entry, scenario, finding))
        };
        for scenario in &suite.scenarios {
            let (all, wrong) = rows.entry(bare(&scenario.id)).or_default();
            *all += 1;
            *wrong += usize::from(
                scenario
                    .findings
                    .iter()
                    .any(|finding| finding.clause.is_none() && fresh(&scenario.id, finding)),
            );
        }
        for scenario in &suite.scenarios {
            for finding in &scenario.findings {
                if !fresh(&scenario.id, finding) {
                    continue;
                }
                let new = match &finding.clause {
                    Some(id) => NewKnown {
                        of: KnownOf::Clause(if shared.contains(id) {
                            format!("{}/{id}", suite.suite)
                        } else {
                            id.clone()
                        }),
                        says: finding.says.clone().unwrap_or_default(),
                    },
                    None => {
                        let name = bare(&scenario.id);
                        let every = rows.get(name).is_some_and(|(all, wrong)| all == wrong);
                        let id = if every { name } else { &scenario.id };
                        NewKnown {
                            of: KnownOf::Scenario(id.to_owned()),
                            says: scenario.title.clone(),
                        }
                    }
                };
                if !found.iter().any(|known| known.of == new.of) {
                    found.push(new);
                }
            }
        }
    }
    found
}

/// The id of a scenario without its row.
fn bare(id: &str) -> &str {
    id.split('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::new_known;
    use crate::{
        report::{Known, KnownOf, Mask, Report, ScenarioReport, Strictness, report, sample},
        source::Place,
    };
    use std::collections::BTreeSet;

    fn sampled() -> Report {
        report(&sample::run(), Strictness::default(), &Mask::default())
    }

    fn names(report: &Report, written: &[Known], shared: &[&str]) -> Vec<String> {
        let shared: BTreeSet<String> = shared.iter().map(ToString::to_string).collect();
        new_known(report, written, Strictness::default(), &shared)
            .into_iter()
            .map(|new| match new.of {
                KnownOf::Clause(id) => format!("clause {id}"),
                KnownOf::Scenario(id) => format!("scenario {id}"),
            })
            .collect()
    }

    fn entry(of: KnownOf) -> Known {
        Known {
            of,
            reason: String::new(),
            until: None,
            product: None,
            expired: true,
            place: Place::nowhere(),
        }
    }

    /// Every failing finding of the report without its clause.
    fn without_clauses(mut report: Report, ids: &[&str]) -> Report {
        let suite = &mut report.suites[0];
        let broken: ScenarioReport = suite
            .scenarios
            .iter()
            .find(|scenario| scenario.outcome == "failed")
            .cloned()
            .unwrap();
        suite.scenarios = ids
            .iter()
            .map(|id| {
                let mut scenario = broken.clone();
                scenario.id = (*id).to_owned();
                for finding in &mut scenario.findings {
                    finding.clause = None;
                }
                if id.ends_with("ok") {
                    scenario.findings.clear();
                }
                scenario
            })
            .collect();
        report.suites.truncate(1);
        report
    }

    #[test]
    fn each_broken_clause_is_named_once_and_by_its_suite_where_it_is_shared() {
        let report = sampled();
        let all = names(&report, &[], &[]);
        let clauses: Vec<_> = all
            .iter()
            .filter(|name| name.starts_with("clause"))
            .collect();
        assert!(!clauses.is_empty(), "{all:?}");
        let once: BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len(), "{all:?}");
        let id = clauses[0].strip_prefix("clause ").unwrap();
        let suite = &report.suites[0].suite;
        assert!(names(&report, &[], &[id]).contains(&format!("clause {suite}/{id}")));
        let kept: Vec<_> = report
            .suites
            .iter()
            .flat_map(|suite| &suite.clauses)
            .collect();
        for name in clauses {
            let id = name.strip_prefix("clause ").unwrap();
            assert!(
                !kept.iter().any(|one| one.id == id && one.outcome == "kept"),
                "{id} is kept"
            );
        }
    }

    #[test]
    fn what_stands_in_the_file_is_not_new_even_if_it_excuses_nothing() {
        let report = sampled();
        let all = names(&report, &[], &[]);
        let id = all[0].split(' ').next_back().unwrap().to_owned();
        let of = if all[0].starts_with("clause") {
            KnownOf::Clause(id)
        } else {
            KnownOf::Scenario(id)
        };
        let rest = names(&report, &[entry(of)], &[]);
        assert!(!rest.contains(&all[0]), "{rest:?}");
        let everything = [
            entry(KnownOf::Clause("**".to_owned())),
            entry(KnownOf::Scenario("**".to_owned())),
        ];
        assert_eq!(names(&report, &everything, &[]), Vec::<String>::new());
    }

    #[test]
    fn rows_that_all_fail_are_one_entry_and_some_of_them_one_each() {
        let report = without_clauses(
            sampled(),
            &["s/a/x@one", "s/a/x@two", "s/a/y@ok", "s/a/y@no"],
        );
        assert_eq!(
            names(&report, &[], &[]),
            ["scenario s/a/x", "scenario s/a/y@no"]
        );
    }
}
