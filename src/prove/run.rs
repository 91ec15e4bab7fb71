use super::{
    edits, evidence, generic,
    latitude::{self, Ruled},
    parallel, quirks,
    result::{Escape, ProofResult, Tried},
};
use crate::{
    contract::{Contract, Judges, ProvedBy},
    runner::{ClauseOutcome, Outcome, RunError, RunOptions, SuiteRun, run},
};
use std::{collections::BTreeSet, sync::Arc};

/// Proves every contract among the suites by all the suites of it: the forms of its mock.
///
/// The ordinary run comes first and keeps its exchanges; edits, written and derived, are judged in process on all cores; then
/// comes one run for each quirk. Suites that run against a URL take no part in quirks. Snapshots are compared with nothing:
/// the hook of the options only tells which scenarios have one, so that its lines are looked at.
///
/// # Errors
/// Nothing could be run at all.
pub async fn prove(suites: Vec<SuiteRun>, options: RunOptions) -> Result<ProofResult, RunError> {
    let mut result = ProofResult::default();
    let mut done: BTreeSet<String> = BTreeSet::new();
    for suite in &suites {
        if done.insert(suite.contract.id.clone()) {
            let forms: Vec<_> = suites
                .iter()
                .filter(|other| other.contract.id == suite.contract.id)
                .cloned()
                .collect();
            one(&suite.contract, forms, &options, &mut result).await?;
        }
    }
    Ok(result)
}

async fn one(
    contract: &Arc<Contract>,
    forms: Vec<SuiteRun>,
    options: &RunOptions,
    result: &mut ProofResult,
) -> Result<(), RunError> {
    let ordinary = RunOptions {
        keep_trace: true,
        fail_fast: false,
        snapshots: None,
        ..options.clone()
    };
    let mut ran = run(forms.clone(), ordinary, |_| {}).await?;
    for suite in &ran.suites {
        for scenario in &suite.scenarios {
            let how = match &scenario.outcome {
                Outcome::Passed | Outcome::Skipped(_) => continue,
                Outcome::Failed => "failed".to_owned(),
                Outcome::Blocked => "blocked".to_owned(),
                Outcome::Errored(why) => format!("errored: {why}"),
            };
            let id = format!("{} on {}", scenario.id, suite.target);
            result.failed.push((id, how));
        }
    }
    let traces: Vec<_> = ran
        .suites
        .iter_mut()
        .flat_map(|suite| &mut suite.scenarios)
        .flat_map(|scenario| std::mem::take(&mut scenario.trace))
        .collect();
    let evidence = evidence::gather(contract, traces.iter());
    result.clauses += contract.clauses.len();
    let kept: BTreeSet<&str> = ran
        .suites
        .iter()
        .flat_map(|suite| &suite.clauses)
        .filter(|clause| clause.outcome != ClauseOutcome::NotExercised)
        .map(|clause| clause.clause.id.as_str())
        .collect();
    let kept_by_clients = edits::kept_by_clients(&evidence);
    for (at, clause) in contract.clauses.iter().enumerate() {
        let exercised = match (clause.judges, &clause.proved_by) {
            // The run judges servers only.
            (Judges::Client, ProvedBy::Invariant { .. }) => kept_by_clients.contains(&at),
            _ => kept.contains(clause.id.as_str()),
        };
        if !exercised {
            result.not_exercised.push(clause.id.clone());
        }
    }
    for tried in edited(contract, &evidence, options.jobs) {
        result.count(tried);
    }
    derived(contract, &evidence, options, result);
    for (mode, cases) in quirks::modes(&contract.clauses) {
        for tried in quirks::attempt(&mode, &cases, &forms, options).await? {
            result.count(tried);
        }
    }
    Ok(())
}

/// Every counterexample made of edits that a contract writes.
fn edited(contract: &Contract, evidence: &[evidence::Evidence], jobs: usize) -> Vec<Tried> {
    let cases: Vec<_> = contract
        .clauses
        .iter()
        .enumerate()
        .flat_map(|(at, clause)| clause.broken_by.iter().map(move |case| (at, case)))
        .filter(|(_, case)| case.quirk.is_none())
        .collect();
    parallel(jobs, &cases, |(at, case)| {
        edits::attempt(contract, *at, case, evidence)
    })
}

/// What is derived from documented replies, and from the lines of the snapshots of the scenarios that have one.
fn derived(
    contract: &Contract,
    evidence: &[evidence::Evidence],
    options: &RunOptions,
    result: &mut ProofResult,
) {
    let mut attempts = generic::counterexamples(contract, evidence, options.jobs);
    let counterexamples = attempts.len();
    if let Some(hook) = &options.snapshots {
        let wanted = |one: &evidence::Evidence| (hook.wanted)(&one.plan);
        let lines = generic::snapshot_lines(contract, evidence, wanted, options.jobs);
        attempts.extend(lines);
    }
    let Ruled {
        escaped,
        allowed,
        stale,
    } = latitude::rule(contract, &attempts);
    result.lines += attempts.len() - counterexamples;
    let caught = attempts[..counterexamples]
        .iter()
        .filter(|attempt| attempt.caught)
        .count();
    result.caught += caught;
    result.counterexamples += caught;
    result.derived += caught;
    for attempt in escaped {
        let line = attempt.is_line();
        if !line {
            result.counterexamples += 1;
            result.derived += 1;
        }
        let kind = if line { "snapshot" } else { "derived" };
        let operation = latitude::operation(contract, attempt);
        result.escaped.push(Escape {
            clause: format!("{kind}: {operation}"),
            counterexample: attempt.name.clone(),
            why: attempt.why(),
        });
    }
    result.allowed.extend(allowed);
    result.stale.extend(stale);
}
