//! Which scenarios prove a clause, and on which targets it was exercised.

use crate::{
    api::forms,
    plan::{Plan, PlanOptions},
    prove::concerns,
    report::{Report, mock_target},
    scenario::Suite,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What is known of the coverage of one clause.
#[derive(Debug, Serialize)]
pub(crate) struct Coverage {
    /// How many counterexamples it has.
    pub(crate) counterexamples: usize,
    /// The scenarios that prove it; of an invariant those that send one of its operations.
    pub(crate) scenarios: BTreeSet<String>,
    /// The forms of the embedded mock that such a scenario is planned for, and the targets of the report.
    pub(crate) targets: Vec<Exercised>,
}

/// One target.
#[derive(Debug, Serialize)]
pub(crate) struct Exercised {
    pub(crate) target: String,
    /// `planned` of the embedded mock; of a report what the clause came to there.
    pub(crate) outcome: String,
    /// How often it was judged; known of a report only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checked: Option<u64>,
}

/// The coverage of each clause of a suite, in the contract's order.
pub(crate) fn coverage(suite: &Suite, report: Option<&Report>) -> Vec<Coverage> {
    let planned: Vec<_> = forms::forms(suite, &[])
        .into_iter()
        .map(|form| {
            let declared = forms::traits_of(form.as_deref());
            let options = PlanOptions::default();
            let run = forms::on_mock(suite, form.as_deref(), &declared, Vec::new(), options);
            let target = mock_target(form.as_deref().map(|value| ("form", value)));
            (target, run.planned)
        })
        .collect();
    let name = |plan: &Plan| plan.id.split('@').next().unwrap_or_default().to_owned();
    suite
        .contract
        .clauses
        .iter()
        .map(|clause| {
            let mut scenarios = BTreeSet::new();
            let mut targets = Vec::new();
            for (target, planned) in &planned {
                let before = targets.len();
                // What the mock cannot show is proved by them all the same.
                let others = planned.skipped.iter();
                let others = others.filter_map(|skipped| skipped.plan.as_deref());
                scenarios.extend(others.filter(|plan| concerns(plan, clause)).map(name));
                for plan in planned.plans.iter().filter(|plan| concerns(plan, clause)) {
                    scenarios.insert(name(plan));
                    if targets.len() == before {
                        targets.push(Exercised {
                            target: target.clone(),
                            outcome: "planned".to_owned(),
                            checked: None,
                        });
                    }
                }
            }
            let suites = report.into_iter().flat_map(|report| &report.suites);
            let of_this = suites.filter(|one| one.suite == suite.contract.id);
            targets.extend(of_this.flat_map(|one| {
                one.clauses
                    .iter()
                    .filter(|found| found.id == clause.id)
                    .map(|found| Exercised {
                        target: one.target.clone(),
                        outcome: found.outcome.clone(),
                        checked: Some(found.checked),
                    })
            }));
            Coverage {
                counterexamples: clause.broken_by.len(),
                scenarios,
                targets,
            }
        })
        .collect()
}
