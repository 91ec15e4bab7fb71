use super::{
    edit::apply,
    evidence::Evidence,
    result::{Escape, Tried},
};
use crate::{
    check::{Finding, Judged, Wrong},
    contract::{Clause, Contract, Counterexample, Judges, ProvedBy},
    message::Exchange,
    plan::PlannedStep,
};
use std::collections::{BTreeMap, BTreeSet};

/// What became of one counterexample on one exchange.
enum Seen {
    /// The clause says nothing about such an exchange.
    NotConcerned,
    /// The edit changed nothing.
    Unchanged,
    /// A finding names the clause.
    Caught,
    /// None does; why, as far as that can be told.
    Missed(String),
    /// It could not be judged.
    Wrong(String),
}

/// Tries one counterexample made of edits on all the exchanges that its clause is about.
///
/// It is caught where every operation whose replies it changes has an exchange in which a finding names the clause.
pub(super) fn attempt(
    contract: &Contract,
    at: usize,
    counterexample: &Counterexample,
    evidence: &[Evidence],
) -> Tried {
    let clause = &contract.clauses[at];
    let mut caught: BTreeSet<Option<usize>> = BTreeSet::new();
    let mut missed: BTreeMap<Option<usize>, String> = BTreeMap::new();
    let mut concerned = 0;
    for one in evidence {
        // A behaviour is about steps; which operation they use does not matter.
        let group = match clause.proved_by {
            ProvedBy::Invariant { .. } => one.operation,
            ProvedBy::Scenario => None,
        };
        if caught.contains(&group) {
            continue;
        }
        match look(contract, at, counterexample, one) {
            Seen::NotConcerned => {}
            Seen::Unchanged => concerned += 1,
            Seen::Caught => {
                concerned += 1;
                caught.insert(group);
                missed.remove(&group);
            }
            Seen::Missed(why) | Seen::Wrong(why) => {
                concerned += 1;
                missed.entry(group).or_insert(why);
            }
        }
    }
    let escape = |why: String| {
        Tried::Escaped(Escape {
            clause: clause.id.clone(),
            counterexample: counterexample.name.clone(),
            why,
        })
    };
    if let Some((operation, why)) = missed.into_iter().next() {
        let name = operation.and_then(|at| contract.operations.get(at));
        return escape(match name {
            Some(operation) => format!("on {}: {why}", operation.id),
            None => why,
        });
    }
    if !caught.is_empty() {
        return Tried::Caught;
    }
    escape(if concerned == 0 {
        "no exchange that the clause is about".to_owned()
    } else {
        format!("the edit changes none of {concerned} exchanges")
    })
}

fn look(contract: &Contract, at: usize, counterexample: &Counterexample, one: &Evidence) -> Seen {
    let clause = &contract.clauses[at];
    let step = one.step();
    let concerned = match (&clause.proved_by, clause.judges) {
        (ProvedBy::Invariant { .. }, Judges::Server) => {
            one.judge.concerned(one.operation).contains(&at)
                && judged(one, clause, &one.exchange).kept.contains(&at)
        }
        (ProvedBy::Invariant { .. }, Judges::Client) => {
            judged(one, clause, &one.exchange).kept.contains(&at)
        }
        (ProvedBy::Scenario, _) => one.last && step.is_some_and(|step| proves(step, &clause.id)),
    };
    if !concerned {
        return Seen::NotConcerned;
    }
    let env = one.judge.env(&one.scope, &one.exchange, one.operation);
    let edited = match apply(
        &counterexample.edits,
        &one.exchange,
        &env,
        &contract.namespaces,
    ) {
        Err(wrong) => return Seen::Wrong(format!("the edit is wrong: {}", wrong.message)),
        Ok(None) => return Seen::Unchanged,
        Ok(Some(edited)) => edited,
    };
    let again = match (&clause.proved_by, step) {
        (ProvedBy::Scenario, Some(step)) => expected(one, step, clause, &edited),
        _ => judged(one, clause, &edited),
    };
    if names(&again.findings, &clause.id) {
        return Seen::Caught;
    }
    if let Some(Wrong { message, .. }) = again.wrong.first() {
        return Seen::Wrong(format!("it could not be judged: {message}"));
    }
    let step = step.map_or("a step", |step| step.id.as_str());
    let place = format!("{}, {step}", one.plan.id);
    let side = match clause.judges {
        Judges::Server => "reply",
        Judges::Client => "request",
    };
    Seen::Missed(match again.kept.contains(&at) {
        true => format!("the edited {side} still keeps the clause ({place})"),
        false => format!(
            "`when` does not fit the edited {side}, so the clause says nothing of it ({place})"
        ),
    })
}

/// The findings and results of one invariant; whatever else breaks does not count.
fn judged(one: &Evidence, clause: &Clause, exchange: &Exchange) -> Judged {
    match clause.judges {
        // Of what did not come whole a run looks at the framing alone.
        Judges::Server if exchange.outcome.is_err() => {
            one.judge.framing(exchange, one.operation, &one.scope)
        }
        Judges::Server => one
            .judge
            .only(&clause.id, exchange, one.operation, &one.scope),
        // On the wire nobody says which operation is meant.
        Judges::Client => {
            let operation = recognised(one, exchange);
            one.judge.only(&clause.id, exchange, operation, &one.scope)
        }
    }
}

/// The clauses about clients that some request of the run keeps.
pub(super) fn kept_by_clients(evidence: &[Evidence]) -> BTreeSet<usize> {
    evidence
        .iter()
        .flat_map(|one| {
            let operation = recognised(one, &one.exchange);
            one.judge.client(&one.exchange, operation, &one.scope).kept
        })
        .collect()
}

/// The operation that the wire shows, whatever the step says.
fn recognised(one: &Evidence, exchange: &Exchange) -> Option<usize> {
    one.judge
        .contract()
        .operation_for(&exchange.request, &one.traits)
        .map(|(at, _)| at)
}

/// What the step's expectations of the clause, and its polling, say of the edited exchange.
fn expected(one: &Evidence, step: &PlannedStep, clause: &Clause, exchange: &Exchange) -> Judged {
    let expects: Vec<_> = step
        .expect
        .iter()
        .filter(|expect| expect.proves.iter().any(|(id, _)| *id == clause.id))
        .cloned()
        .collect();
    let mut judged = if expects.is_empty() {
        Judged::default()
    } else {
        one.judge
            .expects(&expects, exchange, one.operation, &one.scope, false)
    };
    if let Some(repeat) = &step.repeat
        && repeat.proves.iter().any(|(id, _)| *id == clause.id)
        && let Err(mismatch) = one
            .judge
            .fits(&repeat.until, exchange, one.operation, &one.scope)
    {
        judged
            .findings
            .push(one.judge.finding(Some(clause), *mismatch));
    }
    judged
}

/// Whether a step proves a clause, by an expectation or by its polling.
pub(super) fn proves(step: &PlannedStep, clause: &str) -> bool {
    let polls = step.repeat.iter().flat_map(|repeat| &repeat.proves);
    step.expect
        .iter()
        .flat_map(|expect| &expect.proves)
        .chain(polls)
        .any(|(id, _)| id == clause)
}

fn names(findings: &[Finding], clause: &str) -> bool {
    findings
        .iter()
        .any(|finding| finding.clause.as_ref().is_some_and(|c| c.id == clause))
}
