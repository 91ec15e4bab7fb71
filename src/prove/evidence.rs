use crate::{
    check::Judge,
    contract::Contract,
    message::{Exchange, Reply},
    plan::{Plan, PlannedStep},
    runner::StepTrace,
    source::Scope,
};
use std::{collections::BTreeMap, sync::Arc};

/// An exchange of the ordinary run with what it takes to judge it again.
pub(super) struct Evidence {
    pub(super) judge: Arc<Judge>,
    pub(super) plan: Arc<Plan>,
    pub(super) at: (usize, usize),
    pub(super) cleanup: bool,
    pub(super) operation: Option<usize>,
    /// What the target is.
    pub(super) traits: BTreeMap<String, String>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) scope: Scope,
    /// Whether it was the last of its polls: only that one was judged by the step's own expectations.
    pub(super) last: bool,
}

impl Evidence {
    /// The step it belongs to.
    pub(super) fn step(&self) -> Option<&PlannedStep> {
        if self.cleanup {
            self.plan.cleanup.get(self.at.1)
        } else {
            self.plan.steps.get(self.at.0)?.get(self.at.1)
        }
    }

    /// The reply, where there is one.
    pub(super) fn reply(&self) -> Option<&Reply> {
        self.exchange.reply()
    }

    /// Scenario and step, for a person.
    pub(super) fn place(&self) -> String {
        let step = self.step().map_or("a step", |step| step.id.as_str());
        format!("{}, {step}", self.plan.id)
    }
}

/// The evidence of one contract from the traces of a run, one judge for each kind of target.
pub(super) fn gather<'t>(
    contract: &Arc<Contract>,
    traces: impl Iterator<Item = &'t StepTrace>,
) -> Vec<Evidence> {
    let mut judges: BTreeMap<BTreeMap<String, String>, Arc<Judge>> = BTreeMap::new();
    traces
        .map(|trace| {
            let traits = &trace.plan.target.traits;
            let judge = judges
                .entry(traits.clone())
                .or_insert_with(|| Arc::new(Judge::new(Arc::clone(contract), traits.clone())));
            let mut evidence = Evidence {
                judge: Arc::clone(judge),
                plan: Arc::clone(&trace.plan),
                at: trace.at,
                cleanup: trace.cleanup,
                operation: None,
                traits: traits.clone(),
                exchange: Arc::clone(&trace.exchange),
                scope: trace.scope.clone(),
                last: trace.last,
            };
            let planned = evidence.step().and_then(|step| step.send.operation);
            evidence.operation = planned.or_else(|| {
                contract
                    .operation_for(&evidence.exchange.request, traits)
                    .map(|(at, _)| at)
            });
            evidence
        })
        .collect()
}
