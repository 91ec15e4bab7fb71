use super::{
    ClauseRef, Finding, Mismatch, Wrong, capture, expectation::Case, render::Env,
    summary::asks_framing_only,
};
use crate::{
    contract::{Clause, Contract, Expectation, Judges, Level, ProvedBy, operation_scope},
    message::{Broken, Exchange, How},
    scenario::{Capture, Expect},
    source::Scope,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Judges exchanges by one contract, for a target with certain traits.
///
/// Which clauses concern which operation is worked out once. Judging takes no lock and does no I/O.
#[derive(Debug)]
pub struct Judge {
    contract: Arc<Contract>,
    by_id: HashMap<String, usize>,
    server: Concerned,
    client: Concerned,
    /// What templates know as `operation`, for each operation.
    operations: Vec<Value>,
    /// What templates know of the target, where the scope does not say it.
    target: Vec<(String, Value)>,
    url: bool,
}

/// Indices of the invariants that concern an operation, or a request that is none.
#[derive(Debug, Default)]
struct Concerned {
    operations: Vec<Vec<usize>>,
    other: Vec<usize>,
}

/// What an exchange came to. Clauses are indices into the contract's clauses.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What does not fit; step, its place and the exchange are left for the caller to fill in.
    pub findings: Vec<Finding>,
    /// Clauses that were judged and kept.
    pub kept: Vec<usize>,
    /// Clauses that were judged and broken.
    pub broken: Vec<usize>,
    /// What could not be judged, because the clause or expectation itself is wrong: the scenario is errored.
    pub wrong: Vec<Wrong>,
}

impl Judge {
    /// For targets with these traits; a trait that is not given has any value.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever makes a judge has no other use for the traits"
    )]
    pub fn new(contract: Arc<Contract>, traits: BTreeMap<String, String>) -> Self {
        Self {
            by_id: contract
                .clauses
                .iter()
                .enumerate()
                .map(|(at, clause)| (clause.id.clone(), at))
                .collect(),
            server: Concerned::new(&contract, &traits, Judges::Server),
            client: Concerned::new(&contract, &traits, Judges::Client),
            operations: contract
                .operations
                .iter()
                .map(|operation| {
                    operation_scope(operation)
                        .get("operation")
                        .unwrap_or_default()
                })
                .collect(),
            target: target(&contract, &traits),
            url: false,
            contract,
        }
    }

    /// The same for a target that is a URL: wall time (`within`) counts there.
    #[must_use]
    pub fn against_url(mut self, url: bool) -> Self {
        self.url = url;
        self
    }

    /// The contract it judges by.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Every invariant that promises something of the server for this exchange.
    #[must_use]
    pub fn invariants(
        &self,
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
    ) -> Judged {
        self.some(Judges::Server, exchange, operation, scope, &mut |_| true)
    }

    /// Those of them that promise nothing but how replies are framed. They are judged of a reply too that did not come whole,
    /// or that is none ([`Exchange::misframed`]).
    #[must_use]
    pub fn framing(&self, exchange: &Exchange, operation: Option<usize>, scope: &Scope) -> Judged {
        let framed = |at: usize| is_about_framing(&self.contract.clauses[at]);
        self.some(Judges::Server, exchange, operation, scope, &mut { framed })
    }

    /// Whether any clause promises how replies are framed. Where none does, a run still tells wrong framing, as a finding without
    /// a clause.
    pub(crate) fn promises_framing(&self) -> bool {
        self.contract.clauses.iter().any(is_about_framing)
    }

    /// One invariant alone, by its id; a behaviour, or one that does not concern the operation, gives nothing.
    #[must_use]
    pub fn only(
        &self,
        clause: &str,
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
    ) -> Judged {
        let mut judged = Judged::default();
        let Some(&at) = self.by_id.get(clause) else {
            return judged;
        };
        let client = self.contract.clauses[at].judges == Judges::Client;
        let concerned = if client { &self.client } else { &self.server };
        if !concerned.of(operation).contains(&at) {
            return judged;
        }
        let mut case = Case::new(&self.contract, exchange);
        case.url = self.url;
        case.client = client;
        let env = self.env(scope, exchange, operation);
        if let Err(wrong) = self.one(&self.contract.clauses[at], at, &case, &env, &mut judged) {
            judged.wrong.push(wrong);
        }
        judged
    }

    /// Every invariant that promises something of the client; its request counts although the exchange broke.
    #[must_use]
    pub fn client(&self, exchange: &Exchange, operation: Option<usize>, scope: &Scope) -> Judged {
        self.some(Judges::Client, exchange, operation, scope, &mut |_| true)
    }

    /// Of the invariants that promise something of one side, those that are wanted, by their index.
    pub(crate) fn some(
        &self,
        side: Judges,
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
        wanted: &mut dyn FnMut(usize) -> bool,
    ) -> Judged {
        let mut judged = Judged::default();
        let concerned = match side {
            Judges::Server => &self.server,
            Judges::Client => &self.client,
        };
        let clauses = concerned.of(operation);
        if clauses.is_empty() {
            return judged;
        }
        let mut case = Case::new(&self.contract, exchange);
        case.url = self.url;
        case.client = side == Judges::Client;
        let env = self.env(scope, exchange, operation);
        for &at in clauses {
            if !wanted(at) {
                continue;
            }
            let clause = &self.contract.clauses[at];
            if let Err(wrong) = self.one(clause, at, &case, &env, &mut judged) {
                judged.wrong.push(Wrong {
                    message: format!("clause {}: {}", clause.id, wrong.message),
                    ..wrong
                });
            }
        }
        judged
    }

    fn one(
        &self,
        clause: &Clause,
        at: usize,
        case: &Case<'_>,
        env: &Env<'_>,
        judged: &mut Judged,
    ) -> Result<(), Wrong> {
        let ProvedBy::Invariant { when, then } = &clause.proved_by else {
            return Ok(());
        };
        if let Some(when) = when
            && !case.fits(when, env)?
        {
            return Ok(());
        }
        // What speaks of things that are not there was not exercised.
        let Some(mismatches) = case.mismatches(then, env)? else {
            return Ok(());
        };
        if mismatches.is_empty() {
            judged.kept.push(at);
        } else {
            judged.broken.push(at);
            judged.findings.extend(
                mismatches
                    .into_iter()
                    .map(|m| self.finding(Some(clause), m)),
            );
        }
        Ok(())
    }

    /// What a step expects. A finding of an [`Expect`] that proves no clause has none: a precondition.
    ///
    /// A broken exchange fits only what expects it; where nothing at all is expected, it is a finding too.
    #[must_use]
    pub fn expects(
        &self,
        expects: &[Expect],
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
        url: bool,
    ) -> Judged {
        let mut judged = Judged::default();
        if let Err(broken) = &exchange.outcome {
            // What is more than we read breaks no promise: nobody knows what it was.
            let unread = broken.how == How::TooLarge && !expects.iter().any(asks_for_a_break);
            if unread || expects.is_empty() {
                judged.findings.push(Finding {
                    clause: None,
                    level: Level::Must,
                    step: String::new(),
                    place: None,
                    step_place: None,
                    subject: "connection".to_owned(),
                    expected: if unread {
                        format!(
                            "a reply that is no longer than what is read ({})",
                            limit(broken)
                        )
                    } else {
                        "a reply".to_owned()
                    },
                    actual: broken.to_string(),
                    diff: None,
                    exchange: None,
                    times: 1,
                });
                return judged;
            }
        }
        if expects.is_empty() {
            return judged;
        }
        let mut case = Case::new(&self.contract, exchange);
        case.url = url;
        case.expected = true;
        let env = self.env(scope, exchange, operation);
        for expect in expects {
            let mut clauses = Vec::new();
            for (id, place) in &expect.proves {
                match self.by_id.get(id) {
                    Some(at) => clauses.push(*at),
                    None => judged
                        .wrong
                        .push(Wrong::at(place, format!("`{id}` is no clause"))),
                }
            }
            let mismatches = match case.mismatches(&expect.what, &env) {
                Ok(mismatches) => mismatches.unwrap_or_default(),
                Err(wrong) => {
                    judged.wrong.push(wrong);
                    continue;
                }
            };
            if mismatches.is_empty() {
                judged.kept.extend(clauses);
                continue;
            }
            judged.broken.extend(&clauses);
            if expect.proves.is_empty() {
                judged
                    .findings
                    .extend(mismatches.into_iter().map(|m| self.finding(None, m)));
                continue;
            }
            for at in clauses {
                let clause = &self.contract.clauses[at];
                judged.findings.extend(
                    mismatches
                        .iter()
                        .map(|m| self.finding(Some(clause), m.clone())),
                );
            }
        }
        judged
    }

    /// Whether an expectation fits, for `repeat: { until }`.
    ///
    /// # Errors
    /// The first thing that does not fit. Where `wrong` is set, it could not be judged, and repeating will not help.
    pub fn fits(
        &self,
        expectation: &Expectation,
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
    ) -> Result<(), Box<Mismatch>> {
        if let Err(broken) = &exchange.outcome
            && broken.how == How::TooLarge
            && expectation.broken.is_none()
        {
            let wrong = Wrong::at(
                &expectation.place,
                format!("{broken}: it is not judged ({})", limit(broken)),
            );
            return Err(Box::new(Mismatch::wrong(&expectation.place, wrong)));
        }
        let mut case = Case::new(&self.contract, exchange);
        case.url = self.url;
        case.expected = true;
        let env = self.env(scope, exchange, operation);
        match case.mismatches(expectation, &env) {
            Ok(mismatches) => match mismatches.into_iter().flatten().next() {
                None => Ok(()),
                Some(mismatch) => Err(Box::new(mismatch)),
            },
            Err(wrong) => Err(Box::new(Mismatch::wrong(&expectation.place, wrong))),
        }
    }

    /// Takes a value from a reply.
    ///
    /// # Errors
    /// A finding without a clause: nothing was there. What cannot be taken at all is said the same way.
    pub fn capture(
        &self,
        capture: &Capture,
        exchange: &Exchange,
        operation: Option<usize>,
        scope: &Scope,
    ) -> Result<Value, Box<Finding>> {
        let case = Case::new(&self.contract, exchange);
        let env = self.env(scope, exchange, operation);
        capture::take(capture, &case, &env).map_err(|m| Box::new(self.finding(None, *m)))
    }

    /// The finding that an unfulfilled expectation of a clause, or a precondition, makes.
    #[must_use]
    pub fn finding(&self, clause: Option<&Clause>, mismatch: Mismatch) -> Finding {
        Finding {
            clause: clause.map(|clause| clause_ref(&self.contract, clause)),
            level: clause.map_or(Level::Must, |clause| clause.level),
            step: String::new(),
            place: Some(mismatch.place),
            step_place: None,
            subject: mismatch.subject,
            expected: mismatch.expected,
            actual: mismatch.actual,
            diff: mismatch.diff,
            exchange: None,
            times: 1,
        }
    }

    /// The invariants of the server that concern an operation, or a request that is none, at such a target.
    #[must_use]
    pub fn concerned(&self, operation: Option<usize>) -> &[usize] {
        self.server.of(operation)
    }

    /// What templates about an exchange are rendered with.
    pub(crate) fn env<'a>(
        &'a self,
        scope: &Scope,
        exchange: &'a Exchange,
        operation: Option<usize>,
    ) -> Env<'a> {
        Env::new(
            scope,
            exchange,
            operation.and_then(|at| self.operations.get(at)),
            &self.target,
        )
    }
}

impl Concerned {
    fn new(contract: &Contract, traits: &BTreeMap<String, String>, judges: Judges) -> Self {
        let mut concerned = Self {
            operations: vec![Vec::new(); contract.operations.len()],
            other: Vec::new(),
        };
        for (at, clause) in contract.clauses.iter().enumerate() {
            let invariant = matches!(clause.proved_by, ProvedBy::Invariant { .. });
            if !invariant || clause.judges != judges || !contract.allows(&clause.traits, traits) {
                continue;
            }
            let any = clause.on.iter().any(|on| on == "any");
            let all = any || clause.on.iter().any(|on| on == "all");
            for (operation, list) in contract.operations.iter().zip(&mut concerned.operations) {
                if all || clause.on.contains(&operation.id) {
                    list.push(at);
                }
            }
            if any {
                concerned.other.push(at);
            }
        }
        concerned
    }

    fn of(&self, operation: Option<usize>) -> &[usize] {
        match operation {
            Some(at) => self.operations.get(at).map_or(&[], Vec::as_slice),
            None => &self.other,
        }
    }
}

/// What can be done about a reply that was too large: of a body more is read where that is asked for, of a head never.
fn limit(broken: &Broken) -> &'static str {
    match broken.partial {
        Some(_) => "more with --body-limit",
        None => "nothing raises that of a head: let the server send fewer or shorter header fields",
    }
}

fn is_about_framing(clause: &Clause) -> bool {
    match &clause.proved_by {
        ProvedBy::Invariant { when: None, then } => asks_framing_only(then),
        _ => false,
    }
}

/// Whether a target with these traits is one of those that `where` names; a trait that is not given has any value.
#[must_use]
pub fn holds(wanted: &[(String, Vec<String>)], traits: &BTreeMap<String, String>) -> bool {
    wanted
        .iter()
        .all(|(name, values)| traits.get(name).is_none_or(|value| values.contains(value)))
}

/// What a finding or a report tells of a clause.
#[must_use]
pub fn clause_ref(contract: &Contract, clause: &Clause) -> ClauseRef {
    let url = |source: &str| {
        let key = source.split('§').next().unwrap_or_default().trim();
        contract
            .documents
            .get(key)
            .map(|document| document.url.clone())
            .unwrap_or_default()
    };
    ClauseRef {
        id: clause.id.clone(),
        says: clause.says.clone(),
        sources: clause
            .source
            .iter()
            .map(|source| (source.clone(), url(source)))
            .collect(),
    }
}

/// Whether an expectation lets the connection break.
fn asks_for_a_break(expect: &Expect) -> bool {
    expect.what.broken.is_some() || expect.what.any.iter().any(|one| one.broken.is_some())
}

fn target(contract: &Contract, traits: &BTreeMap<String, String>) -> Vec<(String, Value)> {
    let scope = contract.target_scope(traits);
    contract
        .traits
        .keys()
        .map(|name| name.replace('-', "_"))
        .chain(["target".to_owned()])
        .filter_map(|name| Some((name.clone(), scope.get(&name)?)))
        .collect()
}
