use super::{
    ClauseOutcome, ClauseResult, Event, Outcome, RunOptions, RunResult, ScenarioResult,
    SuiteResult, SuiteRun,
    conversation::{Finished, converse},
    record::Count,
    shared::Shared,
};
use crate::{
    check::{clause_ref, holds},
    client::{Client, ClientError},
    contract::{Clause, Judges},
    plan::{Plan, Skip},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};

/// We cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// TLS, proxy or the client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Runs the plans of every suite and tells what happens while it goes.
///
/// Plans with problems are not looked at: whoever plans must not run then. Ends when all scenarios have, or the stop of the
/// options was asked for and cleanup is done.
///
/// # Errors
/// The client cannot be set up; nothing was sent then.
pub async fn run(
    suites: Vec<SuiteRun>,
    options: RunOptions,
    mut events: impl FnMut(Event),
) -> Result<RunResult, RunError> {
    let began = Instant::now();
    let started = options.clock.now().0;
    let run_id = options.run_id.clone();
    let client = Client::new(&options.client)?;
    if suites
        .iter()
        .any(|suite| matches!(&suite.target, super::Target::Url(url) if url.origin.tls))
    {
        client.check_tls()?;
    }
    let jobs = options.jobs.max(1);
    let shared = Arc::new(Shared::new(options, client));
    let suites = Arc::new(suites);
    let queue: Arc<Vec<(usize, Arc<Plan>)>> = Arc::new(
        suites
            .iter()
            .enumerate()
            .flat_map(|(at, suite)| {
                suite
                    .planned
                    .plans
                    .iter()
                    .map(move |plan| (at, plan.clone()))
            })
            .collect(),
    );
    let skipped = suites.iter().map(|suite| suite.planned.skipped.len()).sum();
    events(Event::Planned {
        run: queue.len(),
        skipped,
    });

    let (tell, mut told) = mpsc::unbounded_channel();
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..jobs.min(queue.len()) {
        let (shared, suites, queue) = (shared.clone(), suites.clone(), queue.clone());
        let (next, tell) = (next.clone(), tell.clone());
        workers.spawn(async move {
            loop {
                let at = next.fetch_add(1, Relaxed);
                let Some((suite, plan)) = queue.get(at) else {
                    return;
                };
                // Who is told has ended only when the run was dropped.
                let _ = tell.send(Told::Started(plan.id.clone()));
                let finished = match shared.over() {
                    Some(why) => left_out(plan, why),
                    None => {
                        let suite = &suites[*suite];
                        converse(&shared, &suite.contract, &suite.target, plan).await
                    }
                };
                let _ = tell.send(Told::Finished(at, Box::new(finished)));
            }
        });
    }
    drop(tell);

    let mut results: Vec<Option<Finished>> = queue.iter().map(|_| None).collect();
    let mut interrupted = false;
    loop {
        tokio::select! {
            biased;
            one = told.recv() => match one {
                None => break,
                Some(Told::Started(id)) => events(Event::Started { id }),
                Some(Told::Finished(at, finished)) => {
                    let (suite, _) = &queue[at];
                    events(Event::Finished {
                        target: suites[*suite].name.clone(),
                        result: Box::new(without_trace(&finished.result)),
                    });
                    results[at] = Some(*finished);
                }
            },
            () = shared.options.stop.asked(), if !interrupted => {
                interrupted = true;
                events(Event::Interrupted);
            }
        }
    }
    // A worker ends early only where our own code panicked; what it held is then missing and said so.
    while workers.join_next().await.is_some() {}

    let mut by_suite: Vec<(Vec<ScenarioResult>, BTreeMap<usize, Count>)> =
        suites.iter().map(|_| Default::default()).collect();
    for ((suite, plan), finished) in queue.iter().zip(results) {
        let finished = finished.unwrap_or_else(|| lost(plan));
        let (scenarios, counts) = &mut by_suite[*suite];
        scenarios.push(finished.result);
        for (at, count) in finished.counts {
            let sum = counts.entry(at).or_default();
            sum.kept += count.kept;
            sum.broken += count.broken;
        }
    }
    Ok(RunResult {
        suites: suites
            .iter()
            .zip(by_suite)
            .map(|(suite, (scenarios, counts))| suite_result(suite, scenarios, &counts))
            .collect(),
        elapsed: began.elapsed(),
        started,
        run_id,
        interrupted: interrupted || shared.options.stop.is_asked(),
        gave_up: shared.gave_up(),
        any_reply: shared.any_reply.load(Relaxed),
        any_sent: shared.any_sent.load(Relaxed),
    })
}

/// What workers tell.
enum Told {
    Started(String),
    Finished(usize, Box<Finished>),
}

fn without_trace(result: &ScenarioResult) -> ScenarioResult {
    ScenarioResult {
        id: result.id.clone(),
        title: result.title.clone(),
        outcome: result.outcome.clone(),
        findings: result.findings.clone(),
        elapsed: result.elapsed,
        requests: result.requests,
        compared: result.compared.clone(),
        trace: Vec::new(),
    }
}

fn ended(plan: &Plan, outcome: Outcome) -> Finished {
    Finished {
        result: ScenarioResult {
            id: plan.id.clone(),
            title: plan.scenario.title.clone(),
            outcome,
            findings: Vec::new(),
            elapsed: Duration::ZERO,
            requests: 0,
            compared: Vec::new(),
            trace: Vec::new(),
        },
        counts: BTreeMap::new(),
    }
}

fn left_out(plan: &Plan, why: &str) -> Finished {
    ended(plan, Outcome::Skipped(why.to_owned()))
}

fn lost(plan: &Plan) -> Finished {
    let why = "wireproof itself failed here (a panic); please report it";
    ended(plan, Outcome::Errored(why.to_owned()))
}

fn suite_result(
    suite: &SuiteRun,
    mut scenarios: Vec<ScenarioResult>,
    counts: &BTreeMap<usize, Count>,
) -> SuiteResult {
    scenarios.extend(suite.planned.skipped.iter().map(|skipped| ScenarioResult {
        id: skipped.id.clone(),
        title: skipped.scenario.title.clone(),
        outcome: Outcome::Skipped(skip_reason(&skipped.skip)),
        findings: Vec::new(),
        elapsed: Duration::ZERO,
        requests: 0,
        compared: Vec::new(),
        trace: Vec::new(),
    }));
    scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    let plans = &suite.planned.plans;
    let concerns = |at: usize, clause: &Clause| {
        clause.judges == Judges::Server
            && (counts.contains_key(&at)
                || plans.is_empty()
                || plans
                    .iter()
                    .any(|plan| holds(&clause.traits, &plan.target.traits)))
    };
    let clauses = suite.contract.clauses.iter().enumerate();
    SuiteResult {
        contract: suite.contract.clone(),
        target: suite.name.clone(),
        scenarios,
        clauses: clauses
            .filter(|(at, clause)| concerns(*at, clause))
            .map(|(at, clause)| {
                let count = counts.get(&at).copied().unwrap_or_default();
                ClauseResult {
                    clause: clause_ref(&suite.contract, clause),
                    level: clause.level,
                    outcome: match count {
                        Count { broken: 1.., .. } => ClauseOutcome::Broken,
                        Count { kept: 1.., .. } => ClauseOutcome::Kept,
                        Count { .. } => ClauseOutcome::NotExercised,
                    },
                    checked: count.kept + count.broken,
                }
            })
            .collect(),
    }
}

/// Why a scenario is not run, for a person.
pub(crate) fn skip_reason(skip: &Skip) -> String {
    match skip {
        Skip::Lacks(capability) => format!(
            "needs `{capability}`, which the target is not declared to have (`--can {capability}`)"
        ),
        Skip::Other(name, wanted, declared) => {
            let not = if declared.is_empty() {
                "not those without".to_owned()
            } else {
                format!("not {declared}")
            };
            format!("for targets with {name}={}, {not}", wanted.join(" or "))
        }
        Skip::NeedsServer => "a real server is needed (`--url`): the embedded mock gives documented examples and keeps nothing".to_owned(),
        Skip::Writes => "writes are not allowed (`--allow-writes`)".to_owned(),
        Skip::NoOperation(operation) => format!("`{operation}` does not exist on such a target"),
    }
}
