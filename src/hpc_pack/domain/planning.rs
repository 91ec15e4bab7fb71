//! Plans a running job, a few runs at a time: which task starts when, and with that, how the job ends.

use super::{
    admission::sweep_size,
    catalogue::JobProperty,
    job::{Goal, Job, Task},
    order::{Places, name_of, waits_for},
    plan::{NEVER, Slot, Stage, failures_that_stop, outcome, plan_run, set_goal},
    run::{Base, Course, Run},
    state::{JobState, TaskState, TaskType},
    weight::{self, Weighed},
};
use crate::hpc_pack::Quirk;
use crate::mock::Moment;
use std::collections::HashMap;

/// The plan of a job as far as it is made.
///
/// # Why
/// A sweep has up to 100,000 subtasks, and a job as many tasks. To plan them takes much longer than others may be kept
/// waiting, so it is done in slices, and whoever wants to see the job comes back until the last is done.
#[derive(Clone, Debug)]
pub(crate) struct Planning {
    /// What has begun by then keeps its course.
    from: Moment,
    /// What is looked for first: in which order the tasks come.
    places: Option<Box<Places>>,
    /// The tasks as places in the list of the job, node preparation first.
    order: Vec<usize>,
    /// How many of these are planned.
    done: usize,
    /// When the task under way may start, once that is known.
    slot: Option<Slot>,
    /// The subtasks of the sweep under way that are planned.
    sum: Sum,
    /// When node preparation is over, and whether it succeeded.
    ready: Moment,
    prepared: bool,
    /// By name, when tasks that others wait for are at their end, and whether they failed.
    ends: HashMap<String, (Moment, bool)>,
    /// Whether any task waits for others.
    depends: bool,
    last: Moment,
    failed: bool,
    first_stop: Option<Moment>,
}

impl Planning {
    /// Of everything in the job that has not begun by that moment.
    pub(crate) fn new(job: &Job, from: Moment) -> Self {
        Self {
            from,
            places: Some(Box::new(Places::new(job))),
            order: Vec::new(),
            done: 0,
            slot: None,
            sum: Sum::default(),
            ready: from,
            prepared: true,
            ends: HashMap::new(),
            depends: false,
            last: from,
            failed: false,
            first_stop: None,
        }
    }

    /// Plans at most so many runs more, and counts them down; tells whether the plan is whole, and sets what the job runs
    /// towards then. What the tasks weigh is noted.
    pub(crate) fn go(
        &mut self,
        job: &mut Job,
        stage: Stage<'_>,
        runs: &mut usize,
        weighed: &mut Weighed,
    ) -> bool {
        if let Some(places) = &mut self.places {
            // There is an order: that was found out before the job began to run.
            let Some(order) = places.go(job, runs) else {
                return false;
            };
            (self.order, self.depends) = (order, places.depends());
            self.places = None;
        }
        while let Some(&at) = self.order.get(self.done) {
            let slot = match self.slot {
                Some(slot) => slot,
                None => self.slot(&job.tasks[at], job, stage),
            };
            self.slot = Some(slot);
            if !self.plan_task(job, at, slot, stage, runs) {
                return false;
            }
            self.slot = None;
            self.done += 1;
            self.note(job, at);
            self.sum = Sum::default();
            weighed.task(&mut job.tasks[at], false);
        }
        self.finish(job, stage);
        true
    }

    /// When a task may start.
    fn slot(&self, task: &Task, job: &Job, stage: Stage<'_>) -> Slot {
        let mut slot = Slot {
            from: self.from,
            start: self.from,
            broken: None,
        };
        if task.kind() == TaskType::NodePrep {
            return slot;
        }
        slot.start = self.ready;
        if stage.quirks.has(Quirk::DependentsStartAtOnce) {
            return slot;
        }
        for name in waits_for(task) {
            let end = self.ends.get(&name.to_lowercase()).copied();
            let (end, bad) = end.unwrap_or((NEVER, false));
            slot.start = slot.start.max(end);
            if bad && job.is(JobProperty::FailDependentTasks) {
                slot.broken = Some("A task that it depends on failed.");
            }
        }
        slot
    }

    /// Plans one task, or as many of its subtasks as may be; tells whether it is done.
    fn plan_task(
        &mut self,
        job: &mut Job,
        at: usize,
        slot: Slot,
        stage: Stage<'_>,
        runs: &mut usize,
    ) -> bool {
        if *runs == 0 {
            return false;
        }
        if !matches!(job.tasks[at].run.base, Base::Going) {
            *runs -= 1;
            return true;
        }
        if job.tasks[at].kind() != TaskType::ParametricSweep {
            *runs -= 1;
            let mut run = std::mem::replace(&mut job.tasks[at].run, Run::going(slot.start));
            plan_run(job, (at, 0), &mut run, slot, stage);
            job.tasks[at].run = run;
            return true;
        }
        let size = match job.tasks[at].instances.len() {
            // Nothing is there yet, or what was made in the slice before.
            made if made == self.sum.count => {
                let size = sweep_size(&job.tasks[at]).unwrap_or(1);
                size - i32::from(size > 1 && stage.quirks.has(Quirk::SweepOneShort))
            }
            made => i32::try_from(made).unwrap_or(i32::MAX),
        };
        let size = usize::try_from(size).unwrap_or(0);
        let mut instances = std::mem::take(&mut job.tasks[at].instances);
        instances.reserve_exact(size.saturating_sub(instances.len()));
        while self.sum.count < size && *runs > 0 {
            *runs -= 1;
            if instances.len() == self.sum.count {
                instances.push(Run::going(slot.start));
            }
            let number = i32::try_from(self.sum.count + 1).unwrap_or(i32::MAX);
            let run = &mut instances[self.sum.count];
            plan_run(job, (at, number), run, slot, stage);
            self.sum.add(run);
        }
        let task = &mut job.tasks[at];
        task.instances = instances;
        if self.sum.count < size {
            return false;
        }
        task.run.course = Some(Box::new(self.sum.course()));
        task.weight.runs = self.sum.bytes;
        true
    }

    /// What a task that was planned means for the others and the job.
    fn note(&mut self, job: &Job, at: usize) {
        let task = &job.tasks[at];
        let (end, bad) = outcome(&task.run);
        if task.kind() == TaskType::NodePrep {
            self.ready = self.ready.max(end);
            self.last = self.last.max(end);
            self.prepared &= !bad;
            return;
        }
        if self.depends {
            let known = self.ends.entry(name_of(task)).or_insert((end, bad));
            *known = (known.0.max(end), known.1 | bad);
        }
        self.last = self.last.max(end);
        self.failed |= bad;
        if let Some(count) = failures_that_stop(job, task) {
            let stop = match task.instances.is_empty() {
                true => bad.then_some(end),
                false => self.sum.failure(&task.instances, count),
            };
            if let Some(at) = stop {
                self.first_stop = Some(self.first_stop.map_or(at, |other| other.min(at)));
            }
        }
    }

    fn finish(&self, job: &mut Job, stage: Stage<'_>) {
        let failed = |stops, why| Goal {
            end: Some(JobState::Failed),
            stops,
            why: Some(why),
        };
        let endless = || {
            job.is(JobProperty::RunUntilCanceled) && !stage.quirks.has(Quirk::RunUntilCanceledEnds)
        };
        let (at, goal) = match self.first_stop {
            _ if !self.prepared => (
                self.ready,
                failed(true, "The node preparation task failed."),
            ),
            Some(at) => (
                at,
                failed(true, "A task failed whose failure fails the job."),
            ),
            None if endless() => (NEVER, Goal::default()),
            None if self.failed => (self.last, failed(false, "At least one task failed.")),
            None => (
                self.last,
                Goal {
                    end: Some(JobState::Finished),
                    stops: false,
                    why: None,
                },
            ),
        };
        set_goal(job, at, goal, stage, self.from);
    }
}

/// What the subtasks of a sweep come to together.
#[derive(Clone, Debug, Default)]
struct Sum {
    count: usize,
    dispatch: Option<Moment>,
    end: Option<Moment>,
    failed: bool,
    cancelled: bool,
    exit: i32,
    node: Option<u16>,
    bytes: usize,
}

impl Sum {
    fn add(&mut self, run: &Run) {
        self.count += 1;
        self.bytes += weight::run(run);
        let (end, failed) = outcome(run);
        self.end = self.end.max(Some(end));
        self.failed |= failed;
        let course = run.course.as_deref();
        self.cancelled |= match (&run.base, course) {
            (Base::Over(over), _) => over.state == TaskState::Canceled,
            (_, course) => course.is_some_and(|course| course.outcome == TaskState::Canceled),
        };
        if let Some(course) = course {
            let dispatch = self.dispatch.unwrap_or(NEVER);
            self.dispatch = Some(dispatch.min(course.dispatch));
            if self.exit == 0 {
                self.exit = course.exit;
            }
            self.node = self.node.or(Some(course.node));
        }
    }

    /// From the first start to the last end.
    fn course(&self) -> Course {
        let dispatch = self.dispatch.unwrap_or(NEVER);
        let end = self.end.unwrap_or(dispatch);
        Course {
            dispatch: dispatch.min(end),
            end,
            outcome: match (self.failed, self.cancelled) {
                (true, _) => TaskState::Failed,
                (false, true) => TaskState::Canceled,
                (false, false) => TaskState::Finished,
            },
            exit: self.exit,
            output: Box::default(),
            error: self.failed.then(|| "At least one subtask failed.".into()),
            canceling: None,
            node: self.node.unwrap_or(0),
            survives: false,
        }
    }

    /// When so many have failed.
    fn failure(&self, runs: &[Run], count: usize) -> Option<Moment> {
        // Of a sweep that was left as it is nothing was added up.
        if self.count > 0 && !self.failed {
            return None;
        }
        let ends = runs.iter().map(outcome).filter(|(_, failed)| *failed);
        let mut ends: Vec<_> = ends.map(|(end, _)| end).collect();
        (count <= ends.len()).then(|| *ends.select_nth_unstable(count - 1).1)
    }
}

/// The course of a sweep: from the first start to the last end of its subtasks.
pub(super) fn summarise(task: &mut Task) {
    let mut sum = Sum::default();
    for run in &task.instances {
        sum.add(run);
    }
    task.weight.runs = sum.bytes;
    task.run.course = Some(Box::new(sum.course()));
}
