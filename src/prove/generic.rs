//! Tries derived changes on the exchanges of an ordinary run.
//!
//! In: the exchanges of the run. Out: for each change of each operation whether a finding notices it. It must not know rules
//! of latitude.

use super::{
    change::{Change, OfHeader, OfMember, applied, apply},
    derive::{Derived, changes, lines},
    evidence::Evidence,
    parallel,
};
use crate::{
    contract::Contract,
    message::{Exchange, Reply},
    snapshot::{Names, Recorded, record},
};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashSet},
};

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
    /// The ids of the plans of those places.
    pub(super) plans: BTreeSet<String>,
}

impl Attempt {
    fn new(operation: Option<usize>, name: &str) -> Self {
        Self {
            operation,
            name: name.to_owned(),
            caught: false,
            places: Vec::new(),
            plans: BTreeSet::new(),
        }
    }

    fn missed(&mut self, one: &Evidence) {
        self.places.push(one.place());
        self.plans.insert(one.plan.id.clone());
    }

    /// Whether it is a line of a snapshot.
    pub(super) fn is_line(&self) -> bool {
        self.name.split(' ').nth(1) == Some("line")
    }

    /// Whether it is wrong framing: that the conversation does not get on then says nothing of who notices the framing.
    pub(super) fn is_framing(&self) -> bool {
        self.name.split(' ').nth(1) == Some("framing")
    }

    /// Where nothing noticed it, for a person.
    pub(super) fn why(&self) -> String {
        let shown = self.places[..self.places.len().min(PLACES)].join("; ");
        let more = match self.places.len().saturating_sub(PLACES) {
            0 => String::new(),
            more => format!("; and {more} other places"),
        };
        // Of a line any expectation may notice it.
        let who = if self.is_line() {
            "nothing notices it in"
        } else {
            "no clause notices it (expectations without `proves` do not count) in"
        };
        format!("{who} {shown}{more}")
    }
}

/// How many places are told of what escaped.
const PLACES: usize = 12;

/// What notices a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A finding that names a clause.
    Clause,
    /// Any expectation too.
    Expectation,
    /// A finding that names an invariant: that a reply came at all is no promise about its framing.
    Invariant,
}

type Group<'e> = (usize, Vec<&'e Evidence>);

/// Every derived counterexample of every operation that was answered.
///
/// One is caught where in any exchange of the operation a finding names a clause: the server that is imagined always answers
/// so, and one scenario that notices it is enough.
pub(super) fn counterexamples(
    contract: &Contract,
    evidence: &[Evidence],
    statuses: &BTreeSet<u16>,
    jobs: usize,
) -> Vec<Attempt> {
    let mut groups: BTreeMap<(usize, u16), Group<'_>> = BTreeMap::new();
    let mut told = HashSet::new();
    for one in evidence {
        let (Some(operation), Some(reply)) = (one.operation, one.reply()) else {
            continue;
        };
        // A poll that was answered as the one before to the last byte shows nothing new; its headers tell the time at most.
        let step = (one.plan.id.as_str(), one.at, one.cleanup, one.last);
        let fields: Vec<&str> = reply.headers.iter().map(|(name, _)| name).collect();
        if told.insert((step, &one.traits, reply.status, fields, &reply.body)) {
            groups
                .entry((operation, reply.status))
                .or_insert_with(|| (operation, Vec::new()))
                .1
                .push(one);
        }
    }
    let groups: Vec<Group<'_>> = groups.into_values().collect();
    parallel(jobs, &groups, |group| of_group(contract, group, statuses))
        .into_iter()
        .flatten()
        .collect()
}

/// What one exchange notices is not tried on the next: that is what keeps this cheap, however many there are.
fn of_group(contract: &Contract, group: &Group<'_>, statuses: &BTreeSet<u16>) -> Vec<Attempt> {
    let (operation, evidence) = group;
    let mut tried: BTreeMap<String, Attempt> = BTreeMap::new();
    for one in evidence {
        let Some(reply) = one.reply() else { continue };
        let usual = OnceCell::new();
        let framed = OnceCell::new();
        for derived in changes(&contract.operations[*operation], reply, statuses) {
            if tried.get(&derived.name).is_some_and(|one| one.caught) {
                continue;
            }
            let Some(changed) = applied(&derived.change, &one.exchange) else {
                continue;
            };
            let attempt = tried
                .entry(derived.name)
                .or_insert_with_key(|name| Attempt::new(Some(*operation), name));
            attempt.caught = match derived.change {
                // The run itself tells it, where the contract does not speak of it.
                Change::Framing(_) if !one.judge.promises_framing() => {
                    changed.misframed().is_some()
                }
                Change::Framing(_) => {
                    // A pool gives no bytes that belong to no reply, and of two ends it takes one.
                    let seen = !one.exchange.is_pooled() || changed.outcome.is_err();
                    let framed = framed.get_or_init(|| Usual::of(one, By::Invariant));
                    seen && framed.notices_exchange(one, &changed)
                }
                _ => {
                    let usual = usual.get_or_init(|| Usual::of(one, By::Clause));
                    usual.notices_exchange(one, &changed)
                }
            };
            if !attempt.caught {
                attempt.missed(one);
            }
        }
    }
    tried.into_values().collect()
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
                before.plans.extend(attempt.plans);
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
    // What the snapshot masks, or does not show, is no line of it.
    let shown = |reply: &Reply| {
        let exchange = Exchange {
            outcome: Ok(reply.clone()),
            ..Exchange::clone(&one.exchange)
        };
        let step = Recorded {
            step: "",
            operation: one.operation,
            exchange: &exchange,
        };
        record(contract, &Names::default(), &[step])
    };
    let before = shown(reply);
    let shows = |change: &Change| apply(change, reply).filter(|changed| shown(changed) != before);
    let attempt = |line: Derived| {
        let changed = shows(&line.change).or_else(|| shows(&retyped(&line.change)?))?;
        let mut attempt = Attempt::new(one.operation, &line.name);
        attempt.caught = usual.notices(one, changed);
        if !attempt.caught {
            attempt.missed(one);
        }
        Some(attempt)
    };
    lines(contract, operation, reply)
        .into_iter()
        .filter_map(attempt)
        .collect()
}

/// Of a change to another value of the same type, which a mask hides, the change to another type.
fn retyped(change: &Change) -> Option<Change> {
    let (of, to) = (OfMember::Altered, OfMember::Retyped);
    match change {
        Change::Xml(way, how) if *how == of => Some(Change::Xml(way.clone(), to)),
        Change::Attribute(way, namespace, local, how) if *how == of => Some(Change::Attribute(
            way.clone(),
            namespace.clone(),
            local.clone(),
            to,
        )),
        Change::Json(pointer, how) if *how == of => Some(Change::Json(pointer.clone(), to)),
        Change::Header(name, OfHeader::Altered) => {
            Some(Change::Header(name.clone(), OfHeader::Retyped))
        }
        _ => None,
    }
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
    // As a run does: of what did not come whole the framing alone is judged.
    let judged = match exchange.outcome {
        Ok(_) => judge.invariants(exchange, one.operation, scope),
        Err(_) => judge.framing(exchange, one.operation, scope),
    };
    let mut found = judged.findings;
    if let Some(step) = one.step().filter(|_| one.last && by != By::Invariant) {
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
            (None, By::Clause | By::Invariant) => None,
            (None, By::Expectation) => Some(finding.subject),
        })
        .collect()
}
