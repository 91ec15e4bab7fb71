use super::StepTrace;
use crate::{
    check::{Finding, Judged, Wrong},
    contract::Level,
    message::Exchange,
    plan::PlannedStep,
    scenario::Expect,
};
use std::{collections::BTreeMap, sync::Arc};

/// How often a clause was kept and broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) kept: u64,
    pub(super) broken: u64,
}

/// What is known of a scenario so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) findings: Vec<Finding>,
    /// By the clause's index in the contract.
    pub(super) counts: BTreeMap<usize, Count>,
    pub(super) requests: u64,
    /// Whether any request was answered.
    pub(super) replied: bool,
    pub(super) trace: Vec<StepTrace>,
    /// What we could not do.
    pub(super) errors: Vec<String>,
}

impl Record {
    /// Adds what an exchange came to, with the step it belongs to. Tells the strongest level among its findings.
    ///
    /// What a step finds again in its next poll is counted, not repeated.
    pub(super) fn judged(
        &mut self,
        judged: Judged,
        step: &PlannedStep,
        exchange: &Arc<Exchange>,
    ) -> Option<Level> {
        for at in judged.kept {
            self.counts.entry(at).or_default().kept += 1;
        }
        for at in judged.broken {
            self.counts.entry(at).or_default().broken += 1;
        }
        self.errors.extend(judged.wrong.iter().map(wrong));
        let worst = judged.findings.iter().map(|finding| finding.level).max();
        for finding in judged.findings {
            self.found(finding, step, Some(exchange));
        }
        worst
    }

    /// Adds one finding of a step.
    pub(super) fn found(
        &mut self,
        mut finding: Finding,
        step: &PlannedStep,
        exchange: Option<&Arc<Exchange>>,
    ) {
        finding.step.clone_from(&step.id);
        finding.step_place = Some(step.place.clone());
        let known = |other: &Finding| {
            other.step == finding.step
                && other.clause == finding.clause
                && other.subject == finding.subject
                && other.expected == finding.expected
        };
        if finding.clause.is_some() && self.findings.iter().any(known) {
            return;
        }
        finding.exchange = exchange.map(Exchange::evidence);
        self.findings.push(finding);
    }

    /// Takes over what a step that ran beside others came to.
    pub(super) fn join(&mut self, other: Self) {
        self.findings.extend(other.findings);
        for (at, count) in other.counts {
            let sum = self.counts.entry(at).or_default();
            sum.kept += count.kept;
            sum.broken += count.broken;
        }
        self.requests += other.requests;
        self.replied |= other.replied;
        self.trace.extend(other.trace);
        self.errors.extend(other.errors);
    }

    /// The strongest broken promise.
    pub(super) fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}

/// What we could not judge, for a person.
pub(super) fn wrong(wrong: &Wrong) -> String {
    match &wrong.place {
        Some(place) => format!("{place}: {}", wrong.message),
        None => wrong.message.clone(),
    }
}

/// A finding about the connection or the request as a whole, without a clause.
pub(super) fn finding(
    subject: &str,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Finding {
    Finding {
        clause: None,
        level: Level::Must,
        step: String::new(),
        place: None,
        step_place: None,
        subject: subject.to_owned(),
        expected: expected.into(),
        actual: actual.into(),
        diff: None,
        exchange: None,
        times: 1,
    }
}

/// Whether a step's expectations let a connection break.
pub(super) fn expects_a_break(expects: &[Expect]) -> bool {
    expects.iter().any(|expect| {
        expect.what.broken.is_some() || expect.what.any.iter().any(|one| one.broken.is_some())
    })
}
