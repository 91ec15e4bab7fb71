use super::{
    Plan, PlannedStep, Skip, TargetTraits, matches,
    path::Members,
    vars::{row_names, variables},
};
use crate::{
    contract::{Contract, REAL_SERVER},
    scenario::{Effects, Scenario, Step, StepKind, Suite},
    source::{Literal, Place, Problem, Problems},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is planned, and for which target.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// The target is the embedded mock: `where:` sets its traits instead of skipping, and writing is allowed.
    pub mocked: bool,
    /// The traits of the embedded mock that `where:` must not set, because the suite is run once in each of their forms.
    pub fixed: Vec<String>,
    /// A URL may be written to.
    pub allow_writes: bool,
    /// Values of variables given from outside; later ones win.
    pub vars: Vec<(String, String)>,
    /// The id of the run; each scenario against a URL gets one of its own that begins with it.
    pub run_id: String,
    /// Only scenarios that one of these names; empty: all. See [`matches()`].
    pub only: Vec<String>,
    /// No scenario that one of these names.
    pub skip: Vec<String>,
    /// The path of the target's URL, put in front of every path: `/dir`.
    pub base_path: String,
    /// Header fields that every request has unless its step names them.
    pub headers: Vec<(String, String)>,
}

/// What came of planning.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// What is to be run, sorted by id.
    pub plans: Vec<Arc<Plan>>,
    /// What was selected and is not run, sorted by id.
    pub skipped: Vec<Skipped>,
    /// What is wrong in the files; nothing is to be sent then.
    pub problems: Problems,
    /// The patterns of `only` and `skip` that name a scenario.
    pub named: BTreeSet<String>,
    /// The variables that the selected scenarios have: a `--var` of another name is a mistake.
    pub variables: BTreeSet<String>,
}

/// A scenario that is not run.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// Its id, with the row.
    pub id: String,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Why.
    pub skip: Skip,
    /// What a real server would be asked; none where the target itself is another.
    pub plan: Option<Arc<Plan>>,
}

/// Resolves the selected scenarios of a suite for one target.
#[must_use]
pub fn plan(suite: &Suite, target: &TargetTraits, options: &PlanOptions) -> Planned {
    let mut planned = Planned::default();
    let target = complete(target, &suite.contract, options.mocked);
    let mut selected: Vec<(String, &Arc<Scenario>, Option<usize>)> = Vec::new();
    for scenario in &suite.scenarios {
        let names = row_names(&scenario.rows);
        let ids = if names.is_empty() {
            vec![(scenario.id.clone(), None)]
        } else {
            let id = |(at, name)| (format!("{}@{name}", scenario.id), Some(at));
            names.into_iter().enumerate().map(id).collect()
        };
        let named =
            |patterns: &[String], id: &str| patterns.iter().any(|pattern| matches(pattern, id));
        for pattern in options.only.iter().chain(&options.skip) {
            if ids.iter().any(|(id, _)| matches(pattern, id)) {
                planned.named.insert(pattern.clone());
            }
        }
        selected.extend(
            ids.into_iter()
                .filter(|(id, _)| options.only.is_empty() || named(&options.only, id))
                .filter(|(id, _)| !named(&options.skip, id))
                .map(|(id, row)| (id, scenario, row)),
        );
    }
    selected.sort_by(|a, b| a.0.cmp(&b.0));
    let members = Members::default();
    for (number, (id, scenario, row)) in selected.into_iter().enumerate() {
        let builder = Builder {
            suite,
            scenario,
            options,
            members: &members,
        };
        match builder.plan(id.clone(), row, number, target.clone()) {
            Ok(plan) => {
                planned
                    .variables
                    .extend(plan.vars.iter().map(|(name, _)| name.clone()));
                let plan = Arc::new(plan);
                if options.mocked && scenario.needs.iter().any(|(name, _)| name == REAL_SERVER) {
                    planned.skipped.push(Skipped {
                        id,
                        scenario: scenario.clone(),
                        skip: Skip::NeedsServer,
                        plan: Some(plan),
                    });
                } else {
                    planned.plans.push(plan);
                }
            }
            Err(Stop::Skip(skip)) => {
                let names = suite.contract.vars.keys().chain(scenario.vars.keys());
                planned.variables.extend(names.cloned());
                planned.skipped.push(Skipped {
                    id,
                    scenario: scenario.clone(),
                    skip,
                    plan: None,
                });
            }
            Err(Stop::Problem(problem)) => planned.problems.push(*problem),
        }
    }
    planned
}

/// The target with the contract's defaults for what is not declared; the embedded mock can do everything.
fn complete(target: &TargetTraits, contract: &Contract, mocked: bool) -> TargetTraits {
    let mut traits: BTreeMap<_, _> = contract
        .traits
        .iter()
        .map(|(name, declared)| (name.clone(), declared.default.clone()))
        .collect();
    traits.extend(target.traits.clone());
    let can = if mocked || target.can.iter().any(|name| name == "all") {
        contract.capabilities.keys().cloned().collect()
    } else {
        target.can.clone()
    };
    TargetTraits { can, traits }
}

pub(super) enum Stop {
    Skip(Skip),
    Problem(Box<Problem>),
}

pub(super) fn wrong(
    code: &'static str,
    place: &Place,
    found: String,
    label: &str,
    help: Option<String>,
) -> Stop {
    Stop::Problem(Box::new(Problem {
        code,
        place: place.clone(),
        found,
        label: label.to_owned(),
        help,
    }))
}

/// Whether every trait is one of the values asked for.
pub(super) fn fits<'a>(
    target: &TargetTraits,
    mut wanted: impl Iterator<Item = (&'a str, &'a [String])>,
) -> bool {
    wanted.all(|(name, values)| {
        target
            .traits
            .get(name)
            .is_some_and(|value| values.contains(value))
    })
}

/// Plans one scenario.
pub(super) struct Builder<'a> {
    pub(super) suite: &'a Suite,
    pub(super) scenario: &'a Arc<Scenario>,
    pub(super) options: &'a PlanOptions,
    pub(super) members: &'a Members,
}

/// What is the same for the steps of a scenario or of a sequence within it.
#[derive(Clone)]
pub(super) struct Around {
    /// In front of the ids of steps.
    prefix: String,
    pub(super) with: Vec<(String, Literal)>,
    /// The sequences around, against endless ones.
    within: Vec<String>,
}

impl Builder<'_> {
    fn plan(
        &self,
        id: String,
        row: Option<usize>,
        number: usize,
        mut target: TargetTraits,
    ) -> Result<Plan, Stop> {
        let scenario = self.scenario;
        self.settle(&mut target)?;
        let run_id = if self.options.mocked {
            self.options.run_id.clone()
        } else {
            format!("{}-{number}", self.options.run_id)
        };
        let vars = variables(
            &self.suite.contract,
            scenario,
            row.and_then(|at| scenario.rows.get(at)),
            &target,
            &run_id,
            &self.options.vars,
        )
        .map_err(|problem| Stop::Problem(Box::new(problem)))?;
        let around = Around {
            prefix: String::new(),
            with: Vec::new(),
            within: Vec::new(),
        };
        let mut kept = BTreeSet::new();
        let steps = self.groups(&scenario.steps, &around, &target, &mut kept)?;
        let cleanup = self.groups(&scenario.cleanup, &around, &target, &mut kept)?;
        Ok(Plan {
            id,
            scenario: scenario.clone(),
            contract: self.suite.contract.clone(),
            vars,
            target,
            steps,
            cleanup: cleanup.into_iter().flatten().collect(),
            effects: scenario.effects,
            base_path: self.options.base_path.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether the scenario is for such a target; the embedded mock is made one.
    fn settle(&self, target: &mut TargetTraits) -> Result<(), Stop> {
        if let Some((missing, _)) = self
            .scenario
            .needs
            .iter()
            // On the mock it is planned all the same, so that its mistakes are told.
            .find(|(name, _)| name != REAL_SERVER && !target.can.contains(name))
        {
            return Err(Stop::Skip(Skip::Lacks(missing.clone())));
        }
        for (name, values, place) in &self.scenario.traits {
            let Some(current) = target.traits.get_mut(name) else {
                let found = format!("`{name}` is no trait of the contract");
                return Err(wrong("unknown-trait", place, found, "unknown trait", None));
            };
            if values.contains(current) {
                continue;
            }
            match values.first() {
                Some(first) if self.options.mocked && !self.options.fixed.contains(name) => {
                    current.clone_from(first);
                }
                _ => {
                    let other = Skip::Other(name.clone(), values.clone(), current.clone());
                    return Err(Stop::Skip(other));
                }
            }
        }
        let writes = self.scenario.effects == Effects::Writes;
        if writes && !self.options.mocked && !self.options.allow_writes {
            return Err(Stop::Skip(Skip::Writes));
        }
        Ok(())
    }

    fn groups(
        &self,
        steps: &[Step],
        around: &Around,
        target: &TargetTraits,
        kept: &mut BTreeSet<String>,
    ) -> Result<Vec<Vec<PlannedStep>>, Stop> {
        let mut groups = Vec::new();
        for step in steps {
            let id = format!("{}{}", around.prefix, step.id);
            match &step.kind {
                StepKind::Send(send) => {
                    groups.push(vec![self.send(id, step, send, around, target, kept)?]);
                }
                StepKind::Use { name, with } => {
                    let Some(sequence) = self.suite.sequences.get(name) else {
                        let found = format!("`{name}` is no sequence of steps.yaml");
                        return Err(wrong(
                            "unknown-sequence",
                            &step.place,
                            found,
                            "unknown",
                            None,
                        ));
                    };
                    if around.within.contains(name) {
                        let found = format!("the sequence `{name}` uses itself");
                        return Err(wrong("endless", &step.place, found, "endless", None));
                    }
                    if let Some(missing) = sequence.args.iter().find(|arg| !with.contains_key(*arg))
                    {
                        let found = format!("`{name}` is used without its argument `{missing}`");
                        let help = Some(format!("add `with: {{ {missing}: ... }}`"));
                        return Err(wrong("missing-argument", &step.place, found, "here", help));
                    }
                    let mut inner = around.clone();
                    inner.prefix = format!("{id}.");
                    inner.within.push(name.clone());
                    let given = with
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone()));
                    inner.with.extend(given);
                    groups.extend(self.groups(&sequence.steps, &inner, target, kept)?);
                }
                StepKind::Parallel(steps) => {
                    let mut at_once = Vec::new();
                    let before = kept.clone();
                    for step in steps {
                        let mut own = before.clone();
                        let one = std::slice::from_ref(step);
                        let mut inner = self.groups(one, around, target, &mut own)?;
                        kept.extend(own);
                        match inner.pop() {
                            Some(group) if inner.is_empty() && group.len() == 1 => {
                                at_once.extend(group);
                            }
                            _ => {
                                let found = "only single requests can be sent at once".to_owned();
                                return Err(wrong("parallel", &step.place, found, "several", None));
                            }
                        }
                    }
                    groups.push(at_once);
                }
            }
        }
        Ok(groups)
    }
}
