use super::{
    Plan, PlannedCut, PlannedSend, PlannedStep, Shard, Skip, TargetPart, TargetTraits, matches,
    path::{Members, path},
    shards,
    vars::{row_names, variables},
};
use crate::{
    contract::{Contract, Operation},
    message::How,
    scenario::{BodySource, Effects, Expect, Scenario, Send, Step, StepKind, Suite},
    source::{Literal, Place, Problem, Problems, Template},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
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
    /// Only a part of what is selected.
    pub shard: Option<Shard>,
    /// What each scenario took in an earlier run, by id: makes shards even.
    pub past: BTreeMap<String, Duration>,
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
        selected.extend(
            ids.into_iter()
                .filter(|(id, _)| options.only.is_empty() || named(&options.only, id))
                .filter(|(id, _)| !named(&options.skip, id))
                .map(|(id, row)| (id, scenario, row)),
        );
    }
    selected.sort_by(|a, b| a.0.cmp(&b.0));
    let mine = options.shard.map(|shard| {
        let parts = shards(
            selected.iter().map(|(id, ..)| id.as_str()),
            shard.count,
            &options.past,
        );
        let keep = |(id, _, _): &(String, _, _)| parts.get(id.as_str()) == Some(&shard.index);
        selected.iter().map(keep).collect::<Vec<_>>()
    });
    let members = Members::default();
    for (number, (id, scenario, row)) in selected.into_iter().enumerate() {
        if mine.as_ref().is_some_and(|mine| !mine[number]) {
            continue;
        }
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
                planned.plans.push(Arc::new(plan));
            }
            Err(Stop::Skip(skip)) => {
                let names = suite.contract.vars.keys().chain(scenario.vars.keys());
                planned.variables.extend(names.cloned());
                planned.skipped.push(Skipped {
                    id,
                    scenario: scenario.clone(),
                    skip,
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

struct Builder<'a> {
    suite: &'a Suite,
    scenario: &'a Arc<Scenario>,
    options: &'a PlanOptions,
    members: &'a Members,
}

/// What is the same for the steps of a scenario or of a sequence within it.
#[derive(Clone)]
struct Around {
    /// In front of the ids of steps.
    prefix: String,
    with: Vec<(String, Literal)>,
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
            .find(|(name, _)| !target.can.contains(name))
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

    fn send(
        &self,
        id: String,
        step: &Step,
        send: &Send,
        around: &Around,
        target: &TargetTraits,
        kept: &mut BTreeSet<String>,
    ) -> Result<PlannedStep, Stop> {
        let operations = &self.suite.contract.operations;
        let (operation, method) = match (&send.operation, &send.method) {
            (Some(name), _) => {
                let Some(index) = operations.iter().position(|known| known.id == *name) else {
                    let found = format!("`{name}` is no operation of the contract");
                    return Err(wrong(
                        "unknown-operation",
                        &step.place,
                        found,
                        "unknown",
                        None,
                    ));
                };
                let method = Template::plain(operations[index].method.as_str(), step.place.clone());
                (Some(index), method)
            }
            (None, Some(method)) => (None, method.clone()),
            (None, None) => (None, Template::plain("GET", step.place.clone())),
        };
        if let Some(BodySource::File(template)) = &send.body {
            self.file(template)?;
        }
        let mut parts = Vec::new();
        if send.at.is_none() && !self.options.base_path.is_empty() {
            let base = self.options.base_path.trim_end_matches('/');
            parts.push(TargetPart::Text(base.to_owned()));
        }
        match (operation, &send.target) {
            (_, Some(raw)) => parts.push(TargetPart::Raw(raw.clone())),
            (Some(index), None) => {
                kept.extend(send.path.keys().cloned());
                path(
                    &operations[index],
                    step,
                    send,
                    target,
                    kept,
                    &mut parts,
                    self.members,
                )?;
            }
            (None, None) => parts.push(TargetPart::Text("/".to_owned())),
        }
        Ok(PlannedStep {
            id,
            place: step.place.clone(),
            with: around.with.clone(),
            send: PlannedSend {
                operation,
                method,
                path: send
                    .path
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                target: parts,
                query: send
                    .query
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
                    .collect(),
                header: self.header(operation.map(|index| &operations[index]), step, send),
                body: send.body.clone(),
                cut: send.cut.as_ref().map(|cut| PlannedCut {
                    after: cut.after.clone(),
                    then: match cut.then.as_str() {
                        "reset" => How::Reset,
                        "stall" => How::Stalled,
                        _ => How::Closed,
                    },
                }),
                at: send.at.clone(),
                auth: send.auth.clone(),
                connection: send.connection,
                http10: send.http10,
                timeout: send.timeout,
            },
            expect: expectations(send, target),
            capture: send.capture.clone(),
            repeat: send.repeat.clone(),
            wait: send.wait,
            alone: send.alone,
        })
    }

    /// Whether the file of a body is there, where its name is known before anything is sent.
    fn file(&self, template: &Template) -> Result<(), Stop> {
        let Some(name) = template.as_plain() else {
            return Ok(());
        };
        let folder = self.scenario.folder.as_deref().unwrap_or(Path::new(""));
        let path = folder.join(name);
        if path.is_file() {
            return Ok(());
        }
        let found = if path.exists() {
            format!("`{}` is no regular file", path.display())
        } else {
            format!("there is no file `{}`", path.display())
        };
        let help = Some("its path is relative to the folder of the scenario".to_owned());
        Err(wrong(
            "no-such-file",
            &template.place,
            found,
            "not there",
            help,
        ))
    }

    /// The fields of the operation, of the step, and of the run, each where nothing before names it.
    fn header(
        &self,
        operation: Option<&Operation>,
        step: &Step,
        send: &Send,
    ) -> Vec<(String, Option<Template>)> {
        let plain = |value: &str| Some(Template::plain(value, step.place.clone()));
        let named = |fields: &[(String, Option<Template>)], name: &str| {
            fields
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let mut fields: Vec<(String, Option<Template>)> = operation
            .into_iter()
            .flat_map(|operation| &operation.header)
            .filter(|(name, _)| !named(&send.header, name))
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect();
        fields.extend(send.header.iter().cloned());
        for (name, value) in &self.options.headers {
            if !named(&fields, name) {
                fields.push((name.clone(), plain(value)));
            }
        }
        fields
    }
}

/// The expectations that are meant for that target; shared with the scenario where all are.
fn expectations(send: &Send, target: &TargetTraits) -> Arc<[Expect]> {
    let meant = |expect: &&Expect| fits(target, wanted(expect));
    if send.expect.iter().all(|expect| meant(&expect)) {
        return Arc::clone(&send.expect);
    }
    send.expect.iter().filter(meant).cloned().collect()
}

fn wanted(expect: &Expect) -> impl Iterator<Item = (&str, &[String])> {
    expect
        .traits
        .iter()
        .map(|(name, values, _)| (name.as_str(), values.as_slice()))
}
