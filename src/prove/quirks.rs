use super::{
    edits::proves,
    result::{Escape, Tried},
};
use crate::{
    contract::{Clause, Counterexample, ProvedBy},
    plan::{Plan, Planned, PlannedStep},
    runner::{Outcome, RunError, RunOptions, RunResult, SuiteRun, Target, run},
};
use std::collections::{BTreeMap, BTreeSet};

/// A quirk with the settings it needs.
type Mode = (String, Vec<(String, String)>);

/// The counterexamples of one contract that are quirks, by quirk: clause and counterexample.
pub(super) fn modes(clauses: &[Clause]) -> BTreeMap<Mode, Vec<(&Clause, &Counterexample)>> {
    let mut modes: BTreeMap<Mode, Vec<_>> = BTreeMap::new();
    for clause in clauses {
        for counterexample in &clause.broken_by {
            if let Some(quirk) = &counterexample.quirk {
                let mode = (quirk.clone(), counterexample.set.clone());
                modes
                    .entry(mode)
                    .or_default()
                    .push((clause, counterexample));
            }
        }
    }
    modes
}

/// Runs, with the quirk switched on, every scenario that could notice it, and looks for findings that name the clauses.
///
/// # Errors
/// Nothing could be run at all.
pub(super) async fn attempt(
    mode: &Mode,
    cases: &[(&Clause, &Counterexample)],
    suites: &[SuiteRun],
    options: &RunOptions,
) -> Result<Vec<Tried>, RunError> {
    let (quirk, settings) = mode;
    let mut runs = Vec::new();
    for suite in suites {
        let Target::Mock(target) = &suite.target else {
            continue;
        };
        let mut target = target.clone();
        target.quirks.push(quirk.clone());
        target.settings.extend(settings.iter().cloned());
        let plans: Vec<_> = suite
            .planned
            .plans
            .iter()
            .filter(|plan| cases.iter().any(|(clause, _)| concerns(plan, clause)))
            .cloned()
            .collect();
        if plans.is_empty() {
            continue;
        }
        runs.push(SuiteRun {
            target: Target::Mock(target),
            planned: Planned {
                plans,
                ..Planned::default()
            },
            ..suite.clone()
        });
    }
    if runs.is_empty() {
        return Ok(cases
            .iter()
            .map(|(clause, counterexample)| {
                escaped(
                    clause,
                    counterexample,
                    "no scenario that could notice it".to_owned(),
                )
            })
            .collect());
    }
    let options = RunOptions {
        keep_trace: false,
        fail_fast: false,
        snapshots: None,
        ..options.clone()
    };
    let result = run(runs, options, |_| {}).await?;
    Ok(cases
        .iter()
        .map(|(clause, counterexample)| verdict(clause, counterexample, &result))
        .collect())
}

/// Whether a scenario could notice that a clause is broken: it proves it, or sends an operation that it is about.
pub(crate) fn concerns(plan: &Plan, clause: &Clause) -> bool {
    let mut steps = plan.steps.iter().flatten().chain(&plan.cleanup);
    match clause.proved_by {
        ProvedBy::Scenario => steps.any(|step| proves(step, &clause.id)),
        ProvedBy::Invariant { .. } => steps.any(|step| touches(plan, step, clause)),
    }
}

fn touches(plan: &Plan, step: &PlannedStep, clause: &Clause) -> bool {
    if clause.on.iter().any(|on| on == "any" || on == "all") {
        return true;
    }
    step.send
        .operation
        .and_then(|at| plan.contract.operations.get(at))
        // A request as written can be any operation.
        .is_none_or(|operation| clause.on.contains(&operation.id))
}

fn verdict(clause: &Clause, counterexample: &Counterexample, result: &RunResult) -> Tried {
    let scenarios = || result.suites.iter().flat_map(|suite| &suite.scenarios);
    let caught = scenarios()
        .flat_map(|scenario| &scenario.findings)
        .any(|finding| finding.clause.as_ref().is_some_and(|c| c.id == clause.id));
    if caught {
        return Tried::Caught;
    }
    let errors: BTreeSet<_> = scenarios()
        .filter_map(|scenario| match &scenario.outcome {
            Outcome::Errored(why) => Some(why.as_str()),
            _ => None,
        })
        .collect();
    let others: BTreeSet<_> = scenarios()
        .flat_map(|scenario| &scenario.findings)
        .map(|finding| {
            finding
                .clause
                .as_ref()
                .map_or("a precondition", |clause| clause.id.as_str())
        })
        .collect();
    let ran = scenarios().count();
    let why = if let Some(error) = errors.first() {
        format!(
            "{} of {ran} scenarios could not be run: {error}",
            errors.len()
        )
    } else if others.is_empty() {
        format!("{ran} scenarios ran and found nothing")
    } else {
        let others: Vec<_> = others.into_iter().collect();
        format!("{ran} scenarios found only {}", others.join(", "))
    };
    escaped(clause, counterexample, why)
}

fn escaped(clause: &Clause, counterexample: &Counterexample, why: String) -> Tried {
    Tried::Escaped(Escape {
        clause: clause.id.clone(),
        counterexample: counterexample.name.clone(),
        why,
    })
}
