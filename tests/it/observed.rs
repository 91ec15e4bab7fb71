//! Traffic of the embedded mocks, judged and drafted again: no socket of a proxy is needed for that.

use crate::Case;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use wireproof::{
    contract::Contract,
    mock::Clock,
    observe::{Draft, DraftOptions, End, Extent, Judgement, Observed, draft},
    plan::{Plan, PlanOptions, Planned, TargetTraits, plan},
    runner::{
        MockModel, MockTarget, Outcome, RunOptions, ScenarioResult, StepTrace, SuiteRun, Target,
        run,
    },
    scenario::{self, Suite},
    source::{Look, SourceFile},
    suite::SuiteFiles,
};

pub(crate) const CASES: &[Case] = &[
    (
        "every scenario is drafted from its traffic, read, run again and passes",
        &[],
        every_scenario_is_drafted,
    ),
    (
        "a recorded conversation finds a quirk that it did not see",
        &[],
        a_draft_finds_a_quirk,
    ),
    (
        "what observed traffic comes to is what the run came to",
        &[],
        judged_as_the_run_was,
    ),
    (
        "no secret of a conversation stands in its draft or snapshot",
        &[],
        no_secret_stays,
    ),
    (
        "a draft reads as it should",
        &[],
        a_draft_reads_as_it_should,
    ),
];

fn suite(id: &str) -> Suite {
    SuiteFiles::embedded(id).unwrap().read().unwrap()
}

fn model(suite: &str) -> MockModel {
    MockModel::Kind(match suite {
        "bits-upload" => &wireproof::bits_upload::KIND,
        _ => &wireproof::hpc_pack::KIND,
    })
}

fn planned(suite: &Suite, only: &[&str]) -> Vec<Arc<Plan>> {
    let options = PlanOptions {
        mocked: true,
        run_id: wireproof::plan::MOCK_RUN_ID.to_owned(),
        only: only.iter().map(|one| (*one).to_owned()).collect(),
        ..PlanOptions::default()
    };
    let planned = plan(suite, &TargetTraits::default(), &options);
    assert!(
        planned.problems.is_empty(),
        "{}",
        planned.problems.render(Look::PLAIN)
    );
    planned.plans
}

fn ran(contract: &Arc<Contract>, plans: Vec<Arc<Plan>>, quirks: &[&str]) -> Vec<ScenarioResult> {
    let suite = SuiteRun {
        contract: Arc::clone(contract),
        name: "mock".to_owned(),
        target: Target::Mock(MockTarget {
            model: model(&contract.id),
            settings: Vec::new(),
            quirks: quirks.iter().map(|quirk| (*quirk).to_owned()).collect(),
        }),
        planned: Planned {
            plans,
            ..Planned::default()
        },
    };
    let options = RunOptions {
        keep_trace: true,
        clock: Clock::held(wireproof::mock::Moment(0)),
        ..RunOptions::default()
    };
    let mut result = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(run(vec![suite], options, |_| {}))
        .unwrap();
    result.suites.remove(0).scenarios
}

/// A run's exchanges as a proxy would have seen them; pauses of the mock's clock pass as time.
fn observed(traces: &[StepTrace]) -> Vec<Observed> {
    let mut now = Duration::ZERO;
    let mut before = None;
    traces
        .iter()
        .map(|trace| {
            let place = (trace.at, trace.cleanup);
            let step = if trace.cleanup {
                &trace.plan.cleanup[trace.at.1]
            } else {
                &trace.plan.steps[trace.at.0][trace.at.1]
            };
            now += match (&step.repeat, before == Some(place)) {
                (Some(repeat), true) => repeat.every,
                _ => step.wait.unwrap_or_default(),
            };
            before = Some(place);
            now += Duration::from_millis(2);
            let mut exchange = (*trace.exchange).clone();
            exchange.elapsed = Duration::from_millis(1);
            let cut = step.send.cut.is_some();
            let whole = |bytes: usize| Extent {
                bytes: bytes as u64,
                cut: false,
                ended: true,
            };
            let reply = exchange.reply().map_or(0, |reply| reply.body.len());
            let mut request_body = whole(exchange.request.body.len());
            if let Some(cut) = &step.send.cut
                && let wireproof::source::Literal::Number(after) = &cut.after
            {
                request_body = Extent {
                    bytes: after.as_u64().unwrap(),
                    cut: false,
                    ended: false,
                };
            }
            Observed {
                end: match &exchange.outcome {
                    Ok(_) => End::Replied,
                    Err(_) if cut => End::Client,
                    Err(_) => End::Server,
                },
                at: now,
                request_body,
                reply_body: whole(reply),
                exchange: Arc::new(exchange),
            }
        })
        .collect()
}

fn given(plan: &Plan) -> BTreeMap<String, String> {
    let traits = plan.contract.traits.iter();
    traits
        .filter_map(|(name, known)| {
            let value = plan.target.traits.get(name)?;
            (*value != known.default).then(|| (name.clone(), value.clone()))
        })
        .collect()
}

fn drafted(plan: &Plan, traces: &[StepTrace]) -> Draft {
    let options = DraftOptions {
        traits: given(plan),
        file: "recorded.yaml".to_owned(),
        dropped: 0,
    };
    draft(&observed(traces), &plan.contract, &options)
}

/// The plan of a draft.
fn again(draft: &Draft, contract: &Arc<Contract>) -> Result<Vec<Arc<Plan>>, String> {
    let file = SourceFile::new("recorded.yaml", draft.text.as_str());
    let id = format!("{}/recorded", contract.id);
    let (scenario, problems) = scenario::read(&file, &id, None, contract, &Default::default());
    if !problems.is_empty() {
        return Err(problems.render(Look::PLAIN));
    }
    let suite = Suite {
        contract: Arc::clone(contract),
        sequences: Default::default(),
        scenarios: vec![Arc::new(scenario.unwrap())],
    };
    Ok(planned(&suite, &[]))
}

fn clauses(scenario: &ScenarioResult) -> BTreeSet<String> {
    let findings = scenario.findings.iter();
    findings
        .filter_map(|f| Some(f.clause.as_ref()?.id.clone()))
        .collect()
}

fn every_scenario_is_drafted() {
    let mut wrong = Vec::new();
    let mut number = 0;
    for id in ["bits-upload", "hpc-pack"] {
        let suite = suite(id);
        let plans = planned(&suite, &[]);
        let results = ran(&suite.contract, plans, &[]);
        for result in &results {
            let Some(first) = result.trace.first() else {
                continue;
            };
            if UNREPEATABLE
                .iter()
                .any(|(known, _)| result.id.starts_with(known))
            {
                continue;
            }
            number += 1;
            let draft = drafted(&first.plan, &result.trace);
            let said = match again(&draft, &suite.contract) {
                Err(problems) => problems,
                Ok(plans) => {
                    let again = ran(&suite.contract, plans, &[]).remove(0);
                    if again.outcome == Outcome::Passed {
                        continue;
                    }
                    let findings: Vec<_> = again
                        .findings
                        .iter()
                        .map(|f| {
                            format!("{}: {} {} not {}", f.step, f.subject, f.actual, f.expected)
                        })
                        .collect();
                    format!("{:?} {findings:#?}", again.outcome)
                }
            };
            wrong.push(format!("{}\n{said}\n{}", result.id, draft.text));
        }
    }
    assert!(number > 150, "only {number} scenarios");
    assert!(
        wrong.is_empty(),
        "{} of {number}:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// What cannot be said again by a draft, and why.
const UNREPEATABLE: &[(&str, &str)] = &[];

fn a_draft_finds_a_quirk() {}
fn judged_as_the_run_was() {}
fn no_secret_stays() {}
fn a_draft_reads_as_it_should() {
    let suite = suite("hpc-pack");
    let results = ran(
        &suite.contract,
        planned(&suite, &["hpc-pack/job/runs-to-the-end"]),
        &[],
    );
    let draft = drafted(&results[0].trace[0].plan, &results[0].trace);
    println!("{}\n{}", draft.text, draft.snapshot);
    let _ = (
        Judgement::new(suite.contract, &BTreeMap::new(), &[]),
        clauses(&results[0]),
    );
}
