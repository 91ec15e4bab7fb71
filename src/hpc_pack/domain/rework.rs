//! What is done to all runs of a task or job: queueing them again, cancelling them. Done in slices, as a sweep has up to 100,000
//! of them, and before anything else happens to the job or is told of it.

use super::{
    job::{Job, Task},
    run::{Base, Over, Run},
    scheduler::Scheduler,
    state::TaskState,
    weight,
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;
use std::ops::Range;

/// A change to many runs as far as it is made.
#[derive(Clone, Debug)]
pub(super) struct Rework {
    act: Act,
    /// When that was asked for.
    at: Moment,
    /// The job as it was then, without its tasks: where its runs are is read off it.
    before: Box<Job>,
    /// The tasks that are left, as places in the list of the job.
    tasks: Range<usize>,
    /// How many subtasks of the first of them are done, what these weigh, and whether one of them is to run again.
    done: usize,
    bytes: usize,
    again: bool,
}

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// The job is queued again: what had Finished stays so, and what was cancelled on its own before it ran.
    RequeueJob,
    /// The task is queued again: what had Finished stays so. What becomes of the rest, and from when on that is planned.
    RequeueTask { base: Base, from: Moment },
    /// The task is cancelled: until when what runs may end itself, what is said of it, and where the task was.
    CancelTask {
        until: Moment,
        why: Box<str>,
        state: TaskState,
    },
}

/// How many runs are changed at once with the request that asks for it.
const AT_ONCE: usize = 1_000;

impl Scheduler {
    /// Begins to change all runs of those tasks of a job.
    pub(super) fn rework(&mut self, id: i32, tasks: Range<usize>, act: Act, at: Moment) {
        if let Some(job) = self.job_mut(id) {
            let held = std::mem::take(&mut job.tasks);
            let before = Box::new(job.clone());
            job.tasks = held;
            job.rework = Some(Box::new(Rework {
                act,
                at,
                before,
                tasks,
                done: 0,
                bytes: 0,
                again: false,
            }));
        }
    }

    /// Does the first of it. What the job itself becomes is to be set before.
    pub(super) fn begin_rework(&mut self, id: i32) {
        let mut steps = AT_ONCE;
        self.rework_on(id, &mut steps);
    }

    /// Goes on with it for at most so many runs, which are counted down; tells whether nothing of it is left.
    pub(super) fn rework_on(&mut self, id: i32, steps: &mut usize) -> bool {
        let quirks = self.quirks;
        let Some(job) = self.job_mut(id) else {
            return true;
        };
        let Some(mut rework) = job.rework.take() else {
            return true;
        };
        if !rework.go(&mut job.tasks, quirks, steps) {
            job.rework = Some(rework);
            return false;
        }
        let at = rework.at;
        match rework.act {
            Act::RequeueJob => {}
            Act::RequeueTask { from, .. } => self.replan(id, from, at),
            Act::CancelTask { .. } => self.replan(id, at, at),
        }
        true
    }
}

impl Rework {
    fn go(&mut self, tasks: &mut [Task], quirks: Quirks, steps: &mut usize) -> bool {
        while let Some(task) = tasks
            .get_mut(self.tasks.start)
            .filter(|_| !self.tasks.is_empty())
        {
            while let Some(run) = task.instances.get_mut(self.done) {
                if *steps == 0 {
                    return false;
                }
                *steps -= 1;
                self.change(run, quirks);
                self.done += 1;
                self.bytes += weight::run(run);
                self.again |= !matches!(run.base, Base::Over(_));
            }
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            self.end(task, quirks);
            task.weight.runs = self.bytes;
            self.tasks.start += 1;
            (self.done, self.bytes, self.again) = (0, 0, false);
        }
        true
    }

    fn change(&self, run: &mut Run, quirks: Quirks) {
        let (job, at) = (&*self.before, self.at);
        match &self.act {
            Act::RequeueJob => requeue(run, job, at, quirks),
            Act::RequeueTask { base, .. } => {
                if run.seen(job, at, false).state != TaskState::Finished {
                    run.restart(base.clone());
                }
            }
            Act::CancelTask { until, why, .. } => stop(run, job, at, *until, why),
        }
    }

    /// What becomes of the task itself, whose subtasks are done.
    fn end(&self, task: &mut Task, quirks: Quirks) {
        let sweep = !task.instances.is_empty();
        match &self.act {
            Act::RequeueJob if sweep && self.again => task.run.restart(Base::Going),
            Act::RequeueTask { base, .. } => task.run.restart(base.clone()),
            Act::CancelTask { why, state, .. } if sweep => {
                task.run.base = Base::Over(Box::new(Over {
                    state: TaskState::Canceled,
                    previous: *state,
                    at: self.at,
                    error: Some(why.clone()),
                }));
            }
            Act::RequeueJob | Act::CancelTask { .. } => self.change(&mut task.run, quirks),
        }
    }
}

/// What of a run remains when its job is queued again.
fn requeue(run: &mut Run, job: &Job, now: Moment, quirks: Quirks) {
    let own_end = matches!(run.base, Base::Over(_));
    let seen = run.seen(job, now, false);
    let stays = (seen.state == TaskState::Finished && !quirks.has(Quirk::RequeueRerunsFinished))
        || (own_end && seen.state == TaskState::Canceled && seen.started.is_none());
    if stays {
        run.base = Base::Over(Box::new(Over {
            state: seen.state,
            previous: seen.previous,
            at: seen.changed,
            error: seen.error.map(Into::into),
        }));
        return;
    }
    run.restart(Base::Going);
}

/// Ends a run early.
pub(super) fn stop(run: &mut Run, job: &Job, now: Moment, until: Moment, why: &str) {
    let seen = run.seen(job, now, false);
    if seen.state.is_final() {
        return;
    }
    let (state, running) = (
        seen.state,
        run.course
            .as_ref()
            .is_some_and(|course| course.dispatch <= now),
    );
    match run.course.as_mut().filter(|_| running) {
        Some(course) => {
            course.end = until;
            course.canceling = Some(now);
            course.outcome = TaskState::Failed;
            course.error = Some(why.into());
        }
        None => {
            run.base = Base::Over(Box::new(Over {
                state: TaskState::Canceled,
                previous: state,
                at: now,
                error: Some(why.into()),
            }));
        }
    }
}
