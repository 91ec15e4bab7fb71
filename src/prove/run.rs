use super::{
    conversations, derive, edits, evidence, generic, latitude, parallel, quirks,
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
    let for_servers: Vec<_> = forms
        .iter()
        .flat_map(|suite| &suite.planned.skipped)
        .filter_map(|skipped| skipped.plan.as_deref())
        .collect();
    let mut left = BTreeSet::new();
    for (at, clause) in contract.clauses.iter().enumerate() {
        let exercised = match (clause.judges, &clause.proved_by) {
            // The run judges servers only.
            (Judges::Client, ProvedBy::Invariant { .. }) => kept_by_clients.contains(&at),
            _ => kept.contains(clause.id.as_str()),
        };
        let by_server = || {
            for_servers
                .iter()
                .any(|plan| quirks::concerns(plan, clause))
        };
        if exercised {
            continue;
        }
        if clause.judges == Judges::Server && by_server() {
            left.insert(at);
            result.left.push(clause.id.clone());
        } else {
            result.not_exercised.push(clause.id.clone());
        }
    }
    for tried in edited(contract, &evidence, &left, options.jobs) {
        result.count(tried);
    }
    derived(contract, &evidence, &forms, options, result).await?;
    for (mode, cases) in quirks::modes(&contract.clauses) {
        for tried in quirks::attempt(&mode, &cases, &forms, options).await? {
            result.count(tried);
        }
    }
    Ok(())
}

/// Every counterexample made of edits that a contract writes.
///
/// `left`: clauses that the mock cannot show.
fn edited(
    contract: &Contract,
    evidence: &[evidence::Evidence],
    left: &BTreeSet<usize>,
    jobs: usize,
) -> Vec<Tried> {
    let cases: Vec<_> = contract
        .clauses
        .iter()
        .enumerate()
        .filter(|(at, _)| !left.contains(at))
        .flat_map(|(at, clause)| clause.broken_by.iter().map(move |case| (at, case)))
        .filter(|(_, case)| case.quirk.is_none())
        .collect();
    parallel(jobs, &cases, |(at, case)| {
        edits::attempt(contract, *at, case, evidence)
    })
}

/// What is derived from documented replies, and from the lines of the snapshots of the scenarios that have one.
async fn derived(
    contract: &Contract,
    evidence: &[evidence::Evidence],
    forms: &[SuiteRun],
    options: &RunOptions,
    result: &mut ProofResult,
) -> Result<(), RunError> {
    let seen = evidence.iter().filter_map(|one| Some(one.reply()?.status));
    let statuses = Arc::new(derive::statuses(contract, seen));
    let mut attempts = generic::counterexamples(contract, evidence, &statuses, options.jobs);
    if let Some(hook) = &options.snapshots {
        let wanted = |one: &evidence::Evidence| (hook.wanted)(&one.plan);
        let lines = generic::snapshot_lines(contract, evidence, wanted, options.jobs);
        attempts.extend(lines);
    }
    let ruled = latitude::rule(contract, &attempts);
    result.allowed.extend(ruled.allowed);
    result.stale.extend(ruled.stale);
    let mut escaped = Vec::new();
    for attempt in ruled.escaped {
        let noticed = !attempt.is_line()
            && !attempt.is_framing()
            && conversations::attempt(attempt, &statuses, forms, options).await?;
        if !noticed {
            escaped.push(attempt);
        }
    }
    let (lines, counterexamples): (Vec<_>, Vec<_>) =
        attempts.iter().partition(|attempt| attempt.is_line());
    let allowed: usize = ruled.allowed_counterexamples;
    let left = escaped.iter().filter(|attempt| !attempt.is_line()).count();
    result.lines += lines.len();
    result.derived += counterexamples.len() - allowed;
    result.counterexamples += counterexamples.len() - allowed;
    result.caught += counterexamples.len() - allowed - left;
    result.escaped.extend(escaped.into_iter().map(|attempt| {
        let kind = if attempt.is_line() {
            "snapshot"
        } else {
            "derived"
        };
        Escape {
            clause: format!("{kind}: {}", latitude::operation(contract, attempt)),
            counterexample: attempt.name.clone(),
            why: attempt.why(),
        }
    }));
    Ok(())
}
