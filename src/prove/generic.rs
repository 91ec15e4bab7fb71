//! Tries derived changes on the exchanges of an ordinary run.
//!
//! In: the exchanges of the run. Out: for each change of each operation whether a finding notices it. It must not know rules
//! of latitude.

use super::{
    change::apply,
    derive::{Derived, changes, lines, statuses},
    evidence::Evidence,
    parallel,
};
use crate::{
    contract::Contract,
    message::{Exchange, Reply},
};
use std::collections::{BTreeMap, BTreeSet};

/// A derived counterexample: a server whose replies to an operation, of a status, are always changed so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Index into the contract's operations; none for requests that are no operation.
    pub(super) operation: Option<usize>,
    /// Such as `200 header Date removed`.
    pub(super) name: String,
    /// Whether a finding noticed it.
    pub(super) caught: bool,
    /// Where it was tried: of one that escaped the places that did not notice it.
    pub(super) places: Vec<String>,
}

impl Attempt {
    /// Whether it is a line of a snapshot.
    pub(super) fn is_line(&self) -> bool {
        self.name.split(' ').nth(1) == Some("line")
    }

    /// Where nothing noticed it, for a person.
    pub(super) fn why(&self) -> String {
        let first = self.places.first().map_or("nowhere", String::as_str);
        match self.places.len() {
            0 | 1 => format!("nothing notices it in {first}"),
            more => format!(
                "nothing notices it in {first} and {} other places",
                more - 1
            ),
        }
    }
}

/// What notices a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A finding that names a clause.
    Clause,
    /// Any expectation too.
    Expectation,
}

type Group<'e> = ((usize, u16), Vec<&'e Evidence>);

/// Every derived counterexample of every operation that was answered.
///
/// One is caught where in any exchange of the operation a finding names a clause: the server that is imagined always answers
/// so, and one scenario that notices it is enough.
pub(super) fn counterexamples(
    contract: &Contract,
    evidence: &[Evidence],
    jobs: usize,
) -> Vec<Attempt> {
    let seen = evidence.iter().filter_map(|one| Some(one.reply()?.status));
    let statuses = statuses(contract, seen);
    let mut groups: BTreeMap<(usize, u16), Vec<&Evidence>> = BTreeMap::new();
    for one in evidence {
        if let (Some(operation), Some(reply)) = (one.operation, one.reply()) {
            groups
                .entry((operation, reply.status))
                .or_default()
                .push(one);
        }
    }
    let groups: Vec<Group<'_>> = groups.into_iter().collect();
    parallel(jobs, &groups, |group| of_group(contract, group, &statuses))
        .into_iter()
        .flatten()
        .collect()
}

fn of_group(contract: &Contract, group: &Group<'_>, statuses: &BTreeSet<u16>) -> Vec<Attempt> {
    let ((operation, _), evidence) = group;
    let mut tried: BTreeMap<String, (bool, Vec<String>)> = BTreeMap::new();
    for one in evidence {
        let Some(reply) = one.reply() else { continue };
        let usual = Usual::of(one, By::Clause);
        for derived in changes(&contract.operations[*operation], reply, statuses) {
            if tried.get(&derived.name).is_some_and(|(caught, _)| *caught) {
                continue;
            }
            let Some(changed) = apply(&derived.change, reply) else {
                continue;
            };
            let (caught, places) = tried.entry(derived.name).or_default();
            if usual.notices(one, changed) {
                *caught = true;
            } else {
                places.push(one.place());
            }
        }
    }
    tried
        .into_iter()
        .map(|(name, (caught, places))| Attempt {
            operation: Some(*operation),
            name,
            caught,
            places,
        })
        .collect()
}

/// Every line of the snapshots of those exchanges: a line is caught where the edit of that very reply is noticed.
///
/// Lines of the same name make one attempt, which is caught where each of them is.
pub(super) fn snapshot_lines(
    contract: &Contract,
    evidence: &[Evidence],
    wanted: impl Fn(&Evidence) -> bool,
    jobs: usize,
) -> Vec<Attempt> {
    let mut told = BTreeSet::new();
    let shown: Vec<&Evidence> = evidence
        .iter()
        .filter(|one| one.last && !one.cleanup && wanted(one))
        // All forms of a mock share one snapshot.
        .filter(|one| told.insert((one.plan.id.as_str(), one.at)))
        .collect();
    let all = parallel(jobs, &shown, |one| of_lines(contract, one));
    let mut joined: BTreeMap<(Option<usize>, String), Attempt> = BTreeMap::new();
    for attempt in all.into_iter().flatten() {
        let key = (attempt.operation, attempt.name.clone());
        match joined.get_mut(&key) {
            None => {
                joined.insert(key, attempt);
            }
            Some(before) => {
                before.caught &= attempt.caught;
                before.places.extend(attempt.places);
            }
        }
    }
    joined.into_values().collect()
}

fn of_lines(contract: &Contract, one: &Evidence) -> Vec<Attempt> {
    let Some(reply) = one.reply() else {
        return Vec::new();
    };
    let operation = one.operation.and_then(|at| contract.operations.get(at));
    let usual = Usual::of(one, By::Expectation);
    let attempt = |line: Derived| {
        let changed = apply(&line.change, reply)?;
        let caught = usual.notices(one, changed);
        Some(Attempt {
            operation: one.operation,
            name: line.name,
            caught,
            places: if caught {
                Vec::new()
            } else {
                vec![one.place()]
            },
        })
    };
    lines(contract, operation, reply)
        .into_iter()
        .filter_map(attempt)
        .collect()
}

/// What is found in an exchange as it is: that tells nothing about a change.
pub(super) struct Usual {
    by: By,
    found: BTreeSet<String>,
}

impl Usual {
    pub(super) fn of(one: &Evidence, by: By) -> Self {
        Self {
            by,
            found: findings(one, &one.exchange, by),
        }
    }

    fn notices(&self, one: &Evidence, reply: Reply) -> bool {
        let exchange = Exchange {
            outcome: Ok(reply),
            ..Exchange::clone(&one.exchange)
        };
        self.notices_exchange(one, &exchange)
    }

    /// Whether anything is found that is not found in the exchange as it is.
    pub(super) fn notices_exchange(&self, one: &Evidence, exchange: &Exchange) -> bool {
        !findings(one, exchange, self.by).is_subset(&self.found)
    }
}

/// The clauses that findings name; what proves none is called by its subject.
fn findings(one: &Evidence, exchange: &Exchange, by: By) -> BTreeSet<String> {
    let (judge, scope) = (&one.judge, &one.scope);
    let mut found = judge.invariants(exchange, one.operation, scope).findings;
    if let Some(step) = one.step().filter(|_| one.last) {
        let counts = |proves: &[_]| by == By::Expectation || !proves.is_empty();
        let expects: Vec<_> = step
            .expect
            .iter()
            .filter(|expect| counts(&expect.proves))
            .cloned()
            .collect();
        // Nothing expected is something else than nothing that counts.
        if !expects.is_empty() {
            let judged = judge.expects(&expects, exchange, one.operation, scope, false);
            found.extend(judged.findings);
        }
        if let Some(repeat) = step.repeat.as_ref().filter(|repeat| counts(&repeat.proves))
            && let Err(mismatch) = judge.fits(&repeat.until, exchange, one.operation, scope)
        {
            let clause = repeat.proves.first().and_then(|(id, _)| {
                judge
                    .contract()
                    .clauses
                    .iter()
                    .find(|clause| clause.id == *id)
            });
            found.push(judge.finding(clause, *mismatch));
        }
    }
    found
        .into_iter()
        .filter_map(|finding| match (finding.clause, by) {
            (Some(clause), _) => Some(clause.id),
            (None, By::Clause) => None,
            (None, By::Expectation) => Some(finding.subject),
        })
        .collect()
}
