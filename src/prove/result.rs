use super::{edits, evidence, quirks};
use crate::{
    contract::{Contract, Judges, ProvedBy},
    runner::{ClauseOutcome, Outcome, RunError, RunOptions, SuiteRun, run},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What a proof came to. It holds where nothing escaped, every clause was exercised and every scenario passed.
#[derive(Clone, Debug, Default)]
pub struct ProofResult {
    /// How many clauses there are.
    pub clauses: usize,
    /// How many counterexamples were tried: those caught and those escaped.
    pub counterexamples: usize,
    /// How many of them were caught by a finding that names the clause.
    pub caught: usize,
    /// Those that were not, in the order of the contracts.
    pub escaped: Vec<Escape>,
    /// Derived counterexamples that a written rule allows.
    pub allowed: Vec<Allowed>,
    /// Clauses that no scenario on any form of the mock exercises, in the order of the contracts.
    pub not_exercised: Vec<String>,
    /// Scenarios that do not even pass against the mock as it is, with how they ended: nothing is proved by those.
    pub failed: Vec<(String, String)>,
}

/// A counterexample that nothing noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// The clause.
    pub clause: String,
    /// The counterexample as it is shown.
    pub counterexample: String,
    /// Why it was not caught.
    pub why: String,
}

/// How many derived counterexamples a rule of the contract allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The rule.
    pub rule: String,
    /// How many.
    pub count: usize,
}

/// What became of one counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Caught,
    Escaped(Escape),
}

impl ProofResult {
    /// Whether everything is proved. Nothing to prove proves nothing.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.counterexamples > 0
            && self.escaped.is_empty()
            && self.not_exercised.is_empty()
            && self.failed.is_empty()
    }

    fn count(&mut self, tried: Tried) {
        self.counterexamples += 1;
        match tried {
            Tried::Caught => self.caught += 1,
            Tried::Escaped(escape) => self.escaped.push(escape),
        }
    }
}

/// Proves every contract among the suites by all the suites of it: the forms of its mock.
///
/// The ordinary run comes first and keeps its exchanges; edits are judged in process on all cores; then comes one run for
/// each quirk. Suites that run against a URL take no part in quirks.
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
    for (mode, cases) in quirks::modes(&contract.clauses) {
        for tried in quirks::attempt(&mode, &cases, &forms, options).await? {
            result.count(tried);
        }
    }
    Ok(())
}

/// Every counterexample made of edits, on as many threads as scenarios may run side by side.
fn edited(contract: &Contract, evidence: &[evidence::Evidence], jobs: usize) -> Vec<Tried> {
    let cases: Vec<_> = contract
        .clauses
        .iter()
        .enumerate()
        .flat_map(|(at, clause)| clause.broken_by.iter().map(move |case| (at, case)))
        .filter(|(_, case)| case.quirk.is_none())
        .collect();
    let next = AtomicUsize::new(0);
    let mut all: Vec<(usize, Tried)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, 64))
            .map(|_| {
                scope.spawn(|| {
                    let mut tried = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some((at, case)) = cases.get(number) else {
                            return tried;
                        };
                        tried.push((number, edits::attempt(contract, *at, case, evidence)));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(tried) => tried,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, tried)| tried).collect()
}
