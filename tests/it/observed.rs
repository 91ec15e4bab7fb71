//! Traffic of the embedded mocks, judged and drafted again: no socket of a proxy is needed for that.

use crate::Case;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
    time::Duration,
};
use wireproof::{
    contract::{Contract, ProvedBy},
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

/// Every scenario of a suite on its mock, run once for all tests.
fn whole(id: &str) -> &'static (Suite, Vec<ScenarioResult>) {
    static BITS: LazyLock<(Suite, Vec<ScenarioResult>)> =
        LazyLock::new(|| run_whole("bits-upload"));
    static HPC: LazyLock<(Suite, Vec<ScenarioResult>)> = LazyLock::new(|| run_whole("hpc-pack"));
    if id == "bits-upload" { &BITS } else { &HPC }
}

fn run_whole(id: &str) -> (Suite, Vec<ScenarioResult>) {
    let suite = suite(id);
    let results = ran(&suite.contract, planned(&suite, &[]), &[]);
    (suite, results)
}

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
        ..DraftOptions::default()
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
        let (suite, results) = whole(id);
        let mut drafts = BTreeMap::new();
        let mut plans = Vec::new();
        for result in results {
            let Some(first) = result.trace.first() else {
                continue;
            };
            number += 1;
            let draft = drafted(&first.plan, &result.trace);
            match again(&draft, &suite.contract) {
                Err(problems) => wrong.push(format!("{}\n{problems}\n{}", result.id, draft.text)),
                Ok(read) => {
                    for plan in read {
                        let name = format!("{id}/{number}");
                        drafts.insert(name.clone(), (&result.id, draft.text.clone()));
                        plans.push(Arc::new(Plan {
                            id: name,
                            ..(*plan).clone()
                        }));
                    }
                }
            }
        }
        for again in ran(&suite.contract, plans, &[]) {
            if again.outcome == Outcome::Passed {
                continue;
            }
            let (id, text) = &drafts[&again.id];
            let findings: Vec<_> = again
                .findings
                .iter()
                .map(|f| format!("{}: {} {} not {}", f.step, f.subject, f.actual, f.expected))
                .collect();
            wrong.push(format!("{id}\n{:?} {findings:#?}\n{text}", again.outcome));
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

/// Scenarios with a quirk that one exchange shows, and what it breaks.
const QUIRKS: &[(&str, &str, &str)] = &[
    (
        "bits-upload/close/publishes-the-file",
        "gives-plain-session-ids",
        "create-session.session-id-guid",
    ),
    (
        "bits-upload/fragment/single-bytes",
        "reports-the-last-byte-instead-of-the-next",
        "fragment.received-range-covers-fragment",
    ),
    (
        "bits-upload/fragment/gap",
        "omits-the-offset-on-416",
        "fragment.received-range-present",
    ),
    (
        "hpc-pack/job/runs-to-the-end",
        "state-is-number",
        "get-job.state-name",
    ),
    (
        "hpc-pack/batch/to-the-last-response",
        "end-marker-missing",
        "get-responses.end-marker",
    ),
];

fn a_draft_finds_a_quirk() {
    for (id, quirk, clause) in QUIRKS {
        let suite = suite(id.split('/').next().unwrap());
        let plans = planned(&suite, &[id]);
        let as_it_is = ran(&suite.contract, plans.clone(), &[]);
        let mut found = Vec::new();
        for result in &as_it_is {
            let draft = drafted(&result.trace[0].plan, &result.trace);
            let plans = again(&draft, &suite.contract).unwrap();
            let with_quirk = ran(&suite.contract, plans, &[quirk]).remove(0);
            found.extend(clauses(&with_quirk));
        }
        assert!(
            found.contains(&(*clause).to_owned()),
            "{id} with {quirk}: {found:?}"
        );
        // The traffic of a server with the quirk says the same, and so does its draft.
        let result = ran(&suite.contract, plans, &[quirk]).remove(0);
        let plan = &result.trace[0].plan;
        let mut judgement = Judgement::new(suite.contract.clone(), &given(plan), &[]).unwrap();
        let traffic = observed(&result.trace);
        traffic.iter().for_each(|one| judgement.look(one));
        let judged = judgement.result("mock");
        let seen: BTreeSet<String> = judged
            .scenarios
            .iter()
            .filter(|scenario| scenario.id.contains("/server/"))
            .flat_map(clauses)
            .collect();
        assert!(seen.contains(*clause), "{id} with {quirk}: {seen:?}");
        let draft = drafted(plan, &result.trace);
        let plans = again(&draft, &suite.contract).unwrap();
        let again = ran(&suite.contract, plans, &[quirk]).remove(0);
        assert_eq!(clauses(&again), seen, "{id} with {quirk}\n{}", draft.text);
    }
}

fn judged_as_the_run_was() {
    for id in ["bits-upload", "hpc-pack"] {
        let (suite, results) = whole(id);
        let mut kept = BTreeSet::new();
        for result in results {
            let Some(first) = result.trace.first() else {
                continue;
            };
            let traits = given(&first.plan);
            let mut judgement = Judgement::new(suite.contract.clone(), &traits, &[]).unwrap();
            for one in &observed(&result.trace) {
                judgement.look(one);
            }
            let judged = judgement.result("mock");
            for scenario in judged
                .scenarios
                .iter()
                .filter(|one| one.id.contains("/server/"))
            {
                // A server that was told to break off is the only one that is to blame.
                let blamed: Vec<_> = scenario
                    .findings
                    .iter()
                    .filter(|f| f.clause.is_some())
                    .collect();
                let of_the_run = clauses(result);
                for finding in blamed {
                    let clause = &finding.clause.as_ref().unwrap().id;
                    assert!(of_the_run.contains(clause), "{}: {clause}", result.id);
                }
                assert!(
                    !matches!(scenario.outcome, Outcome::Errored(_)),
                    "{scenario:?}"
                );
            }
            let clauses = judged.clauses.iter().filter(|clause| clause.checked > 0);
            kept.extend(clauses.map(|clause| clause.clause.id.clone()));
        }
        let idle: Vec<_> = suite
            .contract
            .clauses
            .iter()
            .filter(|clause| matches!(clause.proved_by, ProvedBy::Invariant { .. }))
            .filter(|clause| !kept.contains(&clause.id))
            .map(|clause| &clause.id)
            .collect();
        assert!(idle.is_empty(), "{id}: never judged in traffic: {idle:?}");
    }
}

fn no_secret_stays() {
    let suite = suite("hpc-pack");
    for (id, secret) in [
        ("hpc-pack/session/from-xml", "wireproof-Passw0rd"),
        ("hpc-pack/session/from-json", "wireproof-Passw0rd"),
        ("hpc-pack/job/password-stays", "wireproof-Passw0rd"),
    ] {
        let result = ran(&suite.contract, planned(&suite, &[id]), &[]).remove(0);
        let traffic = observed(&result.trace);
        let sent = traffic.iter().any(|one| {
            let body = &one.exchange.request.body;
            String::from_utf8_lossy(body).contains(secret)
        });
        assert!(sent, "{id} sends no secret");
        let draft = drafted(&result.trace[0].plan, &result.trace);
        assert!(!draft.text.contains(secret), "{id}\n{}", draft.text);
        assert!(!draft.snapshot.contains(secret), "{id}\n{}", draft.snapshot);
        assert!(
            draft.text.contains("{{ session_password }}"),
            "{id}\n{}",
            draft.text
        );
    }
}

fn a_draft_reads_as_it_should() {
    let suite = suite("bits-upload");
    let id = "bits-upload/fragment/cut-and-resumed";
    let result = ran(&suite.contract, planned(&suite, &[id]), &[]).remove(0);
    let mut traffic = observed(&result.trace);
    let step = |step: &str| {
        let number = result
            .trace
            .iter()
            .position(|trace| trace.plan.steps[trace.at.0][trace.at.1].id == step);
        number.unwrap()
    };
    // A body that the proxy did not keep, of a file too large to be written out.
    let at = step("resume");
    let mut exchange = (*traffic[at].exchange).clone();
    exchange.request.body = exchange.request.body.slice(..10);
    traffic[at].exchange = Arc::new(exchange);
    traffic[at].request_body.cut = true;
    // A client that sends again what a closed connection lost.
    let mut lost = traffic[0].clone();
    lost.end = End::Nobody;
    traffic.insert(0, lost);
    let options = DraftOptions {
        dropped: 7,
        ..DraftOptions::default()
    };
    let draft = draft(&traffic, &suite.contract, &options);
    let said = [
        "# The recording was full: 7 later exchanges are not in it.",
        "# left out: BITS_POST /wireproof-00000000-cut.bin (connection 1): it got no reply, because the connection ended as it came",
        "effects: writes",
        "  file: { bytes: 900, seed: 1 }",
        "path: { remote: \"{{ run_id }}-wireproof-00000000-cut.bin\" }",
        "BITS-Session-Id: \"{{ bits_session_id }}\"",
        "bits_session_id: { header: BITS-Session-Id }",
        "body: { slice: [file, 200, 700] }\n    cut: { after: 300, then: close }",
        "connection: new",
        "cleanup:\n  - operation: cancel-session\n    header: { BITS-Session-Id: \"{{ bits_session_id }}\" }",
    ];
    for line in said {
        assert!(draft.text.contains(line), "no `{line}` in\n{}", draft.text);
    }
    assert!(again(&draft, &suite.contract).is_ok());
    assert!(
        draft
            .snapshot
            .contains("--- step create-session-1\nHTTP/1.1 200 OK"),
        "{}",
        draft.snapshot
    );
    assert!(
        draft.snapshot.contains("BITS-Session-Id: [session-id-1]"),
        "{}",
        draft.snapshot
    );
}
