//! Tries derived changes in whole conversations: what a changed reply leads to may be noticed in a later step.
//!
//! In: attempts that no single exchange shows to be wrong. Out: the same, caught where a scenario notices.

use super::{change::applied, derive::changes, generic::Attempt};
use crate::{
    contract::Contract,
    message::Exchange,
    plan::{Plan, Planned},
    runner::{RunError, RunOptions, SuiteRun, Tamper, run},
};
use std::{collections::BTreeSet, sync::Arc};

/// In how many scenarios one change is tried at most.
const SCENARIOS: usize = 8;

/// Plays scenarios against a server that always answers so, until one of them has a finding that names a clause.
///
/// # Errors
/// Nothing could be run at all.
pub(super) async fn attempt(
    attempt: &Attempt,
    statuses: &Arc<BTreeSet<u16>>,
    suites: &[SuiteRun],
    options: &RunOptions,
) -> Result<bool, RunError> {
    let mut wanted = attempt.plans.clone();
    let mut runs: Vec<SuiteRun> = Vec::new();
    let mut chosen = 0;
    for suite in suites {
        let plans: Vec<_> = suite
            .planned
            .plans
            .iter()
            .filter(|plan| wanted.contains(&plan.id))
            .take(SCENARIOS - chosen)
            .cloned()
            .collect();
        // One form of the mock is enough.
        for plan in &plans {
            wanted.remove(&plan.id);
        }
        chosen += plans.len();
        if !plans.is_empty() {
            runs.push(SuiteRun {
                planned: Planned {
                    plans,
                    ..Planned::default()
                },
                ..suite.clone()
            });
        }
    }
    let Some(first) = runs.first() else {
        return Ok(false);
    };
    let options = RunOptions {
        keep_trace: false,
        fail_fast: false,
        snapshots: None,
        tamper: Some(tamper(first.contract.clone(), attempt, statuses.clone())),
        ..options.clone()
    };
    let result = run(runs, options, |_| {}).await?;
    Ok(result
        .suites
        .iter()
        .flat_map(|suite| &suite.scenarios)
        .flat_map(|scenario| &scenario.findings)
        .any(|finding| finding.clause.is_some()))
}

fn tamper(contract: Arc<Contract>, attempt: &Attempt, statuses: Arc<BTreeSet<u16>>) -> Tamper {
    let (operation, name) = (attempt.operation, attempt.name.clone());
    Tamper(Arc::new(move |plan: &Plan, mut exchange: Exchange| {
        let of = contract.operation_for(&exchange.request, &plan.target.traits);
        let of = of.map(|(at, _)| at);
        if let (Some(at), Ok(reply)) = (of.filter(|_| of == operation), &exchange.outcome) {
            let changed = changes(&contract.operations[at], reply, &statuses)
                .into_iter()
                .find(|derived| derived.name == name)
                .and_then(|derived| applied(&derived.change, &exchange));
            if let Some(changed) = changed {
                exchange = changed;
            }
        }
        exchange
    }))
}
