//! Judges what passed: the server's replies as `check` does, and the client's requests.
//!
//! In: exchanges, one by one, for days. Out: the result that all reports are made of, with one scenario for each operation and
//! side. Memory is bounded: what is found is grouped by clause, with a count and the first few exchanges.

use super::{
    End, Extent, Observed,
    judge_bodies::Reads,
    judge_groups::{Group, Side},
};
use crate::{
    check::{Finding, Judge, Judged, clause_ref},
    contract::{Contract, Judges, Level, ProvedBy},
    message::{Exchange, Request},
    runner::{ClauseOutcome, ClauseResult, SuiteResult},
    source::{Scope, TemplateError},
};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

/// All that was judged so far.
#[derive(Debug)]
pub struct Judgement {
    contract: Arc<Contract>,
    traits: BTreeMap<String, String>,
    /// What variables were given.
    given: Scope,
    judge: Judge,
    scope: Scope,
    /// The same for a server that has another value of a trait, where a request was one for such a server; none where a
    /// variable of the contract cannot be filled in for it.
    others: BTreeMap<(String, String), Option<(Judge, Scope)>>,
    /// Which clauses look at bodies.
    reads: Vec<Reads>,
    /// How often each clause was kept and broken.
    counts: Vec<(u64, u64)>,
    groups: BTreeMap<(Side, Option<usize>), Group>,
    found: Found,
    judged: u64,
    recognised: u64,
    in_part: u64,
    /// Traits whose value a path names otherwise: the trait, the value, how often.
    unlike: BTreeMap<(String, String), u64>,
}

/// How many values of traits that paths name otherwise are told apart.
const UNLIKE: usize = 20;

/// How often something was found, by the level of the broken promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Findings that fail.
    pub must: u64,
    /// Warnings.
    pub should: u64,
    /// Notes.
    pub may: u64,
}

impl Judgement {
    /// By a contract, for a server with these traits (those not given have the contract's default) and with values of the
    /// contract's variables (the last of a name counts).
    ///
    /// # Errors
    /// A variable of the contract cannot be filled in.
    pub fn new(
        contract: Arc<Contract>,
        traits: &BTreeMap<String, String>,
        vars: &[(String, String)],
    ) -> Result<Self, TemplateError> {
        let mut all: BTreeMap<String, String> = contract
            .traits
            .iter()
            .map(|(name, known)| (name.clone(), known.default.clone()))
            .collect();
        all.extend(traits.clone());
        let mut given = Scope::new();
        for (name, text) in vars {
            given.set(name, &text.as_str().into());
        }
        let (judge, scope) = judge_of(&contract, &all, &given)?;
        Ok(Self {
            judge,
            traits: all,
            given,
            scope,
            others: BTreeMap::new(),
            reads: contract.clauses.iter().map(Reads::of).collect(),
            counts: vec![(0, 0); contract.clauses.len()],
            groups: BTreeMap::new(),
            found: Found::default(),
            judged: 0,
            recognised: 0,
            in_part: 0,
            unlike: BTreeMap::new(),
            contract,
        })
    }

    /// Judges one exchange: its reply, where the server is to answer for it, and its request.
    pub fn look(&mut self, observed: &Observed) {
        let exchange = &*observed.exchange;
        let found = self.contract.operation_for(&exchange.request, &self.traits);
        let (operation, path) = found.map_or((None, Vec::new()), |(at, path)| (Some(at), path));
        self.compare(path);
        self.judged += 1;
        self.recognised += u64::from(operation.is_some());
        // The copy that findings keep is made once, and only where something is found.
        let mut kept = None;
        if !matches!(observed.end, End::Client | End::Nobody) {
            self.server(observed, operation, &mut kept);
        }
        self.client(observed, operation, &mut kept);
    }

    /// Counts the names of a path that are traits and have another value than the server is declared to have.
    fn compare(&mut self, path: Vec<(String, String)>) {
        for (name, value) in path {
            let declared = self.traits.get(&name);
            if declared.is_none_or(|declared| *declared == value) {
                continue;
            }
            let known = self.unlike.len();
            match self.unlike.entry((name, value)) {
                Entry::Occupied(mut times) => *times.get_mut() += 1,
                Entry::Vacant(first) if known < UNLIKE => {
                    first.insert(1);
                }
                Entry::Vacant(_) => {}
            }
        }
    }

    /// The trait with which a request that no operation describes would be one.
    fn otherwise(&self, request: &Request) -> Option<(String, String)> {
        self.contract.traits.iter().find_map(|(name, known)| {
            let value = known.values.iter().find(|value| {
                let traits = self.traits_with(name, value);
                self.contract.operation_for(request, &traits).is_some()
            })?;
            Some((name.clone(), value.clone()))
        })
    }

    fn traits_with(&self, name: &str, value: &str) -> BTreeMap<String, String> {
        let mut traits = self.traits.clone();
        traits.insert(name.to_owned(), value.to_owned());
        traits
    }

    /// Says of a request that would be one of a server with another trait which one to declare, in every finding that
    /// would not be there then.
    fn hint(&mut self, exchange: &Exchange, judged: &mut Judged) {
        if judged.findings.is_empty() {
            return;
        }
        let Some((name, value)) = self.otherwise(&exchange.request) else {
            return;
        };
        let traits = self.traits_with(&name, &value);
        let found = self.contract.operation_for(&exchange.request, &traits);
        let meant = meant(&name, &value);
        let other = self.others.entry((name, value)).or_insert_with(|| {
            // What cannot be said is left out; the finding stands without it.
            judge_of(&self.contract, &traits, &self.given).ok()
        });
        let Some((judge, scope)) = other else { return };
        let operation = found.map(|(at, _)| at);
        let again = judge.some(Judges::Client, exchange, operation, scope, &mut |_| true);
        let stays: BTreeSet<_> = again.findings.iter().filter_map(clause_of).collect();
        for finding in &mut judged.findings {
            if clause_of(finding).is_some_and(|id| !stays.contains(id)) {
                finding.actual += &meant;
            }
        }
    }

    fn server(
        &mut self,
        observed: &Observed,
        operation: Option<usize>,
        kept: &mut Option<Arc<Exchange>>,
    ) {
        let exchange = &*observed.exchange;
        let mut judged = Judged::default();
        if exchange.outcome.is_ok() {
            judged = self.clauses(Judges::Server, observed, operation);
        } else if exchange.misframed().is_some() {
            judged = self.judge.framing(exchange, operation, &self.scope);
        }
        if let Err(broken) = &exchange.outcome {
            let expected = "a whole reply";
            judged.findings.push(Group::finding(
                "connection",
                Level::Must,
                expected,
                broken.to_string(),
            ));
        }
        if exchange.outcome.is_ok()
            && let Some(wrong) = exchange.misframed()
        {
            let expected = "one end of the reply, and nothing before or behind it";
            judged
                .findings
                .push(Group::finding("connection", Level::Must, expected, wrong));
        }
        self.take(Side::Server, judged, observed, operation, kept);
    }

    fn client(
        &mut self,
        observed: &Observed,
        operation: Option<usize>,
        kept: &mut Option<Arc<Exchange>>,
    ) {
        let request = &observed.exchange.request;
        if negotiates(&observed.exchange) {
            return;
        }
        let mut judged = self.clauses(Judges::Client, observed, operation);
        if operation.is_none() {
            self.hint(&observed.exchange, &mut judged);
        }
        if operation.is_none() && judged.kept.is_empty() && judged.broken.is_empty() {
            // The contract has no rule of its own about such requests.
            let mut actual = format!("{} {}", request.method, request.target);
            if let Some((name, value)) = self.otherwise(request) {
                actual += &meant(&name, &value);
            }
            let expected = "a request that the contract documents";
            judged
                .findings
                .push(Group::finding("request", Level::Should, expected, actual));
        }
        self.take(Side::Client, judged, observed, operation, kept);
    }

    /// The invariants of one side that can be judged by what was kept of the bodies.
    fn clauses(&mut self, side: Judges, observed: &Observed, operation: Option<usize>) -> Judged {
        let whole = |body: &Extent| !body.cut && body.ended;
        let (request, reply) = (whole(&observed.request_body), whole(&observed.reply_body));
        let reads = &self.reads;
        let mut in_part = 0;
        let judged = self.judge.some(
            side,
            &observed.exchange,
            operation,
            &self.scope,
            &mut |at| {
                let missing = (reads[at].request && !request) || (reads[at].reply && !reply);
                in_part += u64::from(missing);
                !missing
            },
        );
        self.in_part += in_part;
        judged
    }

    fn take(
        &mut self,
        side: Side,
        judged: Judged,
        observed: &Observed,
        operation: Option<usize>,
        kept: &mut Option<Arc<Exchange>>,
    ) {
        for at in &judged.kept {
            self.counts[*at].0 += 1;
        }
        for at in &judged.broken {
            self.counts[*at].1 += 1;
        }
        let mut told = BTreeSet::new();
        for finding in &judged.findings {
            let id = finding.clause.as_ref().map(|clause| clause.id.clone());
            if id.is_none() || told.insert(id) {
                self.found.count(finding.level);
            }
        }
        let group = self.groups.entry((side, operation)).or_default();
        group.exchanges += 1;
        group.elapsed += observed.exchange.elapsed;
        for wrong in &judged.wrong {
            group.wrong(wrong.to_string());
        }
        if !judged.findings.is_empty() {
            group.add(judged.findings, observed, || {
                Arc::clone(kept.get_or_insert_with(|| observed.exchange.evidence()))
            });
        }
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> Found {
        self.found
    }

    /// How many exchanges were judged.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.judged
    }

    /// How often a clause was left out because it looks at a body that was kept only in part, or did not come whole.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.in_part
    }

    /// The traits that requests name otherwise than the server is declared to be: the trait, the value in their paths, and in how
    /// many of them.
    pub fn unlike(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let unlike = self.unlike.iter();
        unlike.map(|((name, value), times)| (name.as_str(), value.as_str(), *times))
    }

    /// What it all came to, in the shape of a run of `check`: one scenario for each operation and side that was seen.
    ///
    /// Where no request was of a documented operation, and nothing else failed, the scenarios count as skipped: nothing was
    /// proved by traffic that belongs to another contract.
    #[must_use]
    pub fn result(&self, target: &str) -> SuiteResult {
        let foreign = (self.recognised == 0).then(|| {
            format!(
                "none of the {} requests is of an operation of {}: is it another suite's traffic, or is the URL without its path?",
                self.judged, self.contract.id
            )
        });
        let mut scenarios: Vec<_> = self
            .groups
            .iter()
            .map(|((side, operation), group)| {
                let operation = operation.map(|at| &self.contract.operations[at]);
                group.result(&self.contract.id, *side, operation, foreign.as_deref())
            })
            .collect();
        scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        let clauses = self.contract.clauses.iter().zip(&self.counts);
        SuiteResult {
            contract: Arc::clone(&self.contract),
            target: target.to_owned(),
            scenarios,
            clauses: clauses
                .filter(|(clause, _)| self.contract.allows(&clause.traits, &self.traits))
                .map(|(clause, (kept, broken))| ClauseResult {
                    clause: clause_ref(&self.contract, clause),
                    level: clause.level,
                    outcome: match (kept, broken, &clause.proved_by) {
                        (_, 1.., _) => ClauseOutcome::Broken,
                        (1.., ..) => ClauseOutcome::Kept,
                        (.., ProvedBy::Scenario) => ClauseOutcome::NeedsScenario,
                        (.., ProvedBy::Invariant { .. }) => ClauseOutcome::NotExercised,
                    },
                    checked: kept + broken,
                })
                .collect(),
        }
    }
}

/// What judges traffic with a server of these traits, and what its templates see.
fn judge_of(
    contract: &Arc<Contract>,
    traits: &BTreeMap<String, String>,
    given: &Scope,
) -> Result<(Judge, Scope), TemplateError> {
    let mut scope = contract.target_scope(traits);
    for (name, literal) in &contract.vars {
        let value = match given.get(name) {
            Some(text) => text,
            None => literal.resolve(&scope)?,
        };
        scope.set(name, &value);
    }
    let judge = Judge::new(Arc::clone(contract), traits.clone()).against_url(true);
    Ok((judge, scope))
}

/// What to declare for a request that the contract documents of another server.
fn meant(name: &str, value: &str) -> String {
    format!(
        ", which the contract documents of a server with {name}={value}: is `--set {name}={value}` meant?"
    )
}

fn clause_of(finding: &Finding) -> Option<&str> {
    finding.clause.as_ref().map(|clause| clause.id.as_str())
}

/// Whether a request only carries the first message of NTLM: its sender leaves the body out and sends it with the last.
fn negotiates(exchange: &Exchange) -> bool {
    let denied = exchange.reply().is_some_and(|reply| reply.status == 401);
    let authorization = exchange.request.headers.get("Authorization");
    let scheme = authorization.and_then(|value| value.split(' ').next());
    denied
        && scheme.is_some_and(|scheme| {
            ["NTLM", "Negotiate"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
        })
}

impl Found {
    fn count(&mut self, level: Level) {
        let number = match level {
            Level::Must => &mut self.must,
            Level::Should => &mut self.should,
            Level::May => &mut self.may,
        };
        *number += 1;
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
