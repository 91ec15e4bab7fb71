//! `--failed` and `--shard`: what of all that is planned is run, as an earlier report tells.

use crate::{
    plan::{Shard, shards},
    report::{Report, ScenarioReport},
    runner::{NOT_REACHED, SuiteRun},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Leaves of a run what failed, was blocked or errored in the report, and what the end of that run came before.
pub(crate) fn only_failed(run: &mut SuiteRun, report: &Report) {
    let failed: BTreeSet<&str> = earlier(run, report)
        .into_iter()
        .filter(|scenario| went_wrong(scenario))
        .map(|scenario| scenario.id.as_str())
        .collect();
    let planned = &mut run.planned;
    planned
        .plans
        .retain(|plan| failed.contains(plan.id.as_str()));
    planned
        .skipped
        .retain(|skipped| failed.contains(skipped.id.as_str()));
}

/// Leaves of all runs together the part that is that shard's: each scenario of each target is in one of them.
///
/// They are as even as the durations of an earlier report tell; what it does not know counts as the mean of what it does.
///
/// # Why
/// The runs are split together and not one by one: else the first shard had the longest scenario of each suite and target.
pub(crate) fn only_shard<'a>(
    runs: impl IntoIterator<Item = &'a mut SuiteRun>,
    shard: Shard,
    durations: Option<&Report>,
) {
    let mut runs: Vec<&mut SuiteRun> = runs.into_iter().collect();
    let (mut keys, mut past) = (Vec::new(), BTreeMap::new());
    for run in &runs {
        let known = durations.map_or_else(Vec::new, |report| earlier(run, report));
        let known: BTreeMap<&str, Duration> = known
            .into_iter()
            .filter(|scenario| scenario.outcome != "skipped")
            .map(|scenario| {
                (
                    scenario.id.as_str(),
                    Duration::from_millis(scenario.elapsed_ms),
                )
            })
            .collect();
        for plan in &run.planned.plans {
            let key = key(run, &plan.id);
            if let Some(duration) = known.get(plan.id.as_str()) {
                // Less than a millisecond is more than nothing.
                past.insert(key.clone(), (*duration).max(Duration::from_micros(500)));
            }
            keys.push(key);
        }
    }
    let parts = shards(keys.iter().map(String::as_str), shard.count, &past);
    // What is left out takes no time, and is told by one shard, too.
    let idle: Vec<String> = runs
        .iter()
        .flat_map(|run| {
            run.planned
                .skipped
                .iter()
                .map(|skipped| key(run, &skipped.id))
        })
        .collect();
    let idle = shards(
        idle.iter().map(String::as_str),
        shard.count,
        &BTreeMap::new(),
    );
    for run in &mut runs {
        let keys: Vec<String> = run
            .planned
            .plans
            .iter()
            .map(|plan| key(run, &plan.id))
            .collect();
        let mut keys = keys.iter();
        let mine = |key: Option<&String>, parts: &BTreeMap<&str, usize>| {
            key.is_some_and(|key| parts.get(key.as_str()) == Some(&shard.index))
        };
        run.planned.plans.retain(|_| mine(keys.next(), &parts));
        let keys: Vec<String> = run
            .planned
            .skipped
            .iter()
            .map(|skipped| key(run, &skipped.id))
            .collect();
        let mut keys = keys.iter();
        run.planned.skipped.retain(|_| mine(keys.next(), &idle));
    }
}

/// What tells a scenario apart in all runs.
fn key(run: &SuiteRun, id: &str) -> String {
    format!("{}\n{}\n{id}", run.contract.id, run.name)
}

/// The scenarios of a suite in a report on the same target; where it does not know the target (the port of a server may be
/// another each time), on any.
fn earlier<'r>(run: &SuiteRun, report: &'r Report) -> Vec<&'r ScenarioReport> {
    let target = run.name.split(" (").next().unwrap_or_default();
    let of_suite = || {
        report
            .suites
            .iter()
            .filter(|suite| suite.suite == run.contract.id)
    };
    let same = of_suite().any(|suite| suite.target == target);
    of_suite()
        .filter(|suite| !same || suite.target == target)
        .flat_map(|suite| &suite.scenarios)
        .collect()
}

fn went_wrong(scenario: &ScenarioReport) -> bool {
    match scenario.outcome.as_str() {
        "failed" | "blocked" | "errored" => true,
        "skipped" => scenario
            .why
            .as_deref()
            .is_some_and(|why| NOT_REACHED.contains(&why)),
        _ => false,
    }
}
