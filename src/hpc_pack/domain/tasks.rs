//! What can be done with a task or subtask.

use super::{
    admission::sweep_size,
    bag::{Changes, changes},
    catalogue::{Catalogue, TaskProperty},
    endings::{cancel_text, check_message},
    fault::Fault,
    job::{Job, Task},
    jobs::{Sent, comes_first},
    list::Row,
    planning,
    rework::{self, Act},
    run::{Base, Run, Seen},
    scheduler::{STEP, Scheduler},
    state::{JobState, TaskState, TaskType},
    value::Value,
    weight,
};
use crate::hpc_pack::Quirk;
use crate::mock::Moment;

/// Names a task, or a subtask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskRef {
    /// The job.
    pub(crate) job: i32,
    /// The task within the job.
    pub(crate) task: i32,
    /// The subtask within the task.
    pub(crate) subtask: Option<i32>,
}

/// Properties that do not apply to node preparation, node release and service tasks.
const NOT_FOR_ALL: &[TaskProperty] = &[
    TaskProperty::MinCores,
    TaskProperty::MaxCores,
    TaskProperty::MinNodes,
    TaskProperty::MaxNodes,
    TaskProperty::MinSockets,
    TaskProperty::MaxSockets,
    TaskProperty::RequiredNodes,
    TaskProperty::IsExclusive,
    TaskProperty::IsRerunnable,
    TaskProperty::DependsOn,
    TaskProperty::StartValue,
    TaskProperty::EndValue,
    TaskProperty::IncrementValue,
];

/// The most tasks of a job.
const TASKS: usize = 100_000;

impl Scheduler {
    /// Adds a task to a job; gives its identifier. In a job that was submitted already it stays Configuring.
    ///
    /// # Errors
    /// No such job, no such property or value, or a type that does not fit the job; nothing was added then.
    pub(crate) fn add_task(&mut self, job: i32, sent: &Sent, now: Moment) -> Result<i32, Fault> {
        let quirks = self.quirks;
        let room = self.room_for_tasks(1);
        let number = job;
        let job = self.job_now(number, now)?;
        if sent.is_empty() && quirks.has(Quirk::EmptyTaskRefused) {
            return Err(Fault::Other("a task needs properties".to_owned()));
        }
        let none = [];
        let sent = if quirks.has(Quirk::NewTaskLosesProperties) {
            &none
        } else {
            sent
        };
        let task = new_task(job, sent, now)?;
        room?;
        let id = task.id;
        if quirks.has(Quirk::NewTaskIsLost) {
            return Ok(id);
        }
        job.tasks.push(task);
        if !quirks.has(Quirk::ChangeTimeStands) {
            job.changed = now;
        }
        self.held.tasks += 1;
        self.weigh_task(number, id);
        Ok(if quirks.has(Quirk::NewTaskIdRepeats) && id > 1 {
            id - 1
        } else {
            id
        })
    }

    /// Sets properties of a task; of the task that holds it where a subtask is named (stance A52).
    ///
    /// # Errors
    /// No such task, no such property or value, or a task that is not being configured.
    pub(crate) fn set_task(&mut self, at: TaskRef, sent: &Sent, now: Moment) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        let task = job.task(at.task).ok_or(Fault::UnknownTask)?;
        // What can be set is set before a sweep is expanded, so a subtask that is yet to come will do.
        let subtasks = match task.instances.len() {
            0 if task.kind() == TaskType::ParametricSweep => sweep_size(task).unwrap_or(0),
            count => i32::try_from(count).unwrap_or(i32::MAX),
        };
        if at
            .subtask
            .is_some_and(|subtask| !(1..=subtasks).contains(&subtask))
        {
            return Err(Fault::UnknownTask);
        }
        let state = task.run.seen(job, now, !task.instances.is_empty()).state;
        let read = changes::<TaskProperty>(sent)?;
        // The page documents Set Subtask Properties as a success, so a sweep takes changes as long as its job is not at its end.
        let open =
            state == TaskState::Configuring || (at.subtask.is_some() && !job.state.is_final());
        if !open {
            return Err(Fault::TaskState(state));
        }
        let task = &job.tasks[index(at.task)];
        let kind = type_after(task, &read);
        check_type(kind, &read)?;
        check_mix(job, kind, Some(at.task))?;
        if !quirks.has(Quirk::TaskPropertiesLost) {
            let task = &mut job.tasks[index(at.task)];
            for (property, value) in read {
                task.bag.set(property, value);
            }
            job.changed = if quirks.has(Quirk::ChangeTimeStands) {
                job.changed
            } else {
                now
            };
        }
        self.weigh_task(at.job, at.task);
        Ok(())
    }

    /// Cancels a task or subtask. What runs ends Failed after a grace period, at once where forced; what does not run yet is Canceled (stance A79).
    ///
    /// # Errors
    /// No such task, a message that is too long, or a task at its end.
    pub(crate) fn cancel_task(
        &mut self,
        at: TaskRef,
        forced: bool,
        message: &str,
        now: Moment,
    ) -> Result<(), Fault> {
        let (quirks, grace) = (self.quirks, self.grace);
        let job = self.job_now(at.job, now)?;
        let (task, run) = find(job, at)?;
        let sweep = at.subtask.is_none() && !task.instances.is_empty();
        let state = run.seen(job, now, sweep).state;
        check_message(message, quirks)?;
        if state.is_final() || (state == TaskState::Canceling && !forced) || job.state.is_final() {
            return Err(Fault::CancelTaskState(state));
        }
        let nothing = match at.subtask {
            Some(_) => Quirk::CancelSubtaskDoesNothing,
            None => Quirk::CancelTaskDoesNothing,
        };
        if quirks.has(nothing) {
            return Ok(());
        }
        let told = cancel_text(message, quirks);
        let until = if forced && !quirks.has(Quirk::ForcedWaits) {
            now
        } else {
            now.after(grace)
        };
        let place = index(at.task);
        let Some(subtask) = at.subtask else {
            let act = Act::CancelTask {
                until,
                why: told,
                state,
            };
            self.rework(at.job, place..place + 1, act, now);
            self.bring_on(at.job, now);
            return Ok(());
        };
        let mut task = std::mem::replace(&mut job.tasks[place], Task::new(at.task, now));
        let all = quirks.has(Quirk::CancelSubtaskCancelsAll);
        for (number, run) in (1..).zip(&mut task.instances) {
            if all || number == subtask {
                rework::stop(run, job, now, until, &told);
            }
        }
        planning::summarise(&mut task);
        job.tasks[place] = task;
        self.replan(at.job, now, now);
        Ok(())
    }

    /// Queues a task or subtask again where its job runs; otherwise it is Configuring until the job is requeued (stance A75).
    ///
    /// # Errors
    /// No such task, one in another state than Failed, Canceled or Queued, or one that must not run twice.
    pub(crate) fn requeue_task(
        &mut self,
        at: TaskRef,
        sent: &Sent,
        now: Moment,
    ) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        let (task, run) = find(job, at)?;
        let sweep = at.subtask.is_none() && !task.instances.is_empty();
        let state = run.seen(job, now, sweep).state;
        if !matches!(
            state,
            TaskState::Failed | TaskState::Canceled | TaskState::Queued
        ) {
            return Err(Fault::RequeueTaskState(state));
        }
        if !task.is(TaskProperty::IsRerunnable) {
            return Err(Fault::NotRerunnable);
        }
        let nothing = match at.subtask {
            Some(_) => Quirk::RequeueSubtaskDoesNothing,
            None => Quirk::RequeueTaskDoesNothing,
        };
        if quirks.has(nothing) {
            return Ok(());
        }
        let read = changes::<TaskProperty>(sent).unwrap_or_default();
        let base = match job.state {
            JobState::Running => Base::Going,
            _ => Base::Configuring(now, state),
        };
        let from = now.after(STEP);
        let place = index(at.task);
        let task = &mut job.tasks[place];
        if quirks.has(Quirk::RequeueTaskChangesProperties) {
            for (property, value) in read {
                task.bag.set(property, value);
            }
        }
        let Some(subtask) = at.subtask else {
            let act = Act::RequeueTask { base, from };
            self.rework(at.job, place..place + 1, act, now);
            self.bring_on(at.job, now);
            return Ok(());
        };
        let run = &mut task.instances[index(subtask)];
        let before = weight::run(run);
        run.restart(base.clone());
        task.weight.runs = (task.weight.runs + weight::run(run)).saturating_sub(before);
        task.run.base = base;
        self.replan(at.job, from, now);
        Ok(())
    }

    /// Begins what was asked for a task, and has a running job planned anew behind it.
    fn bring_on(&mut self, job: i32, now: Moment) {
        let running = |job: &&mut Job| job.state == JobState::Running;
        if let Some(running) = self.job_mut(job).filter(running) {
            running.due = Some(now);
            self.schedule(job);
        }
        self.begin_rework(job);
    }

    /// The properties of a task or subtask: those named, or all.
    ///
    /// # Errors
    /// No such task or property.
    pub(crate) fn task(
        &mut self,
        at: TaskRef,
        names: Option<&str>,
        now: Moment,
    ) -> Result<Row, Fault> {
        let found = self
            .job_now(at.job, now)
            .and_then(|job| find(job, at).map(|_| ()));
        match found {
            Err(Fault::UnknownJob | Fault::UnknownTask)
                if self.quirks.has(Quirk::UnknownIdAnswered) =>
            {
                return Ok(Row::new());
            }
            found => found?,
        }
        let columns = self.asked(names)?;
        Ok(self.task_row(at, &columns, now))
    }

    /// The values of a task of a job that is up to date.
    pub(super) fn task_row(&self, at: TaskRef, columns: &[TaskProperty], now: Moment) -> Row {
        let Some(job) = self.job_ref(at.job) else {
            return Row::new();
        };
        let Ok((task, run)) = find(job, at) else {
            return Row::new();
        };
        let seen = run.seen(job, now, at.subtask.is_none() && !task.instances.is_empty());
        let values = columns.iter().map(|column| {
            let value = self.task_value(job, task, (run, &seen, at.subtask), *column);
            (
                column.facts().name,
                self.shown(*column == TaskProperty::State, value),
            )
        });
        self.ordered(values)
    }

    /// The value of one property of a task or subtask.
    pub(super) fn task_value(
        &self,
        job: &Job,
        task: &Task,
        (run, seen, subtask): (&Run, &Seen<'_>, Option<i32>),
        property: TaskProperty,
    ) -> Value {
        let state = |state: TaskState| Value::Word(state.name(), state as i64);
        let shift = i32::from(self.quirks.has(Quirk::SweepStartsAtZero));
        let instance = subtask.map_or(0, |subtask| subtask - shift);
        let course = run.course.as_deref().filter(|_| seen.started.is_some());
        let swept = |text: &str| match subtask {
            Some(_) if self.quirks.has(Quirk::SweepKeepsAsterisk) => text.to_owned(),
            Some(subtask) => task.swept(text, subtask),
            None => text.to_owned(),
        };
        let ended = course.filter(|_| seen.ended.is_some());
        match property {
            TaskProperty::TaskId if subtask.is_some() => {
                format!("{}.{}.{instance}", job.id, task.id).into()
            }
            TaskProperty::TaskId => format!("{}.{}", job.id, task.id).into(),
            TaskProperty::Name | TaskProperty::CommandLine => {
                swept(task.bag.get(property).as_text()).into()
            }
            TaskProperty::State => state(seen.state),
            TaskProperty::PreviousState => state(seen.previous),
            TaskProperty::SubmitTime => {
                let configuring = seen.state == TaskState::Configuring;
                Value::Time(job.submitted.filter(|_| !configuring))
            }
            TaskProperty::CreateTime => Value::Time(Some(run.created)),
            TaskProperty::EndTime => Value::Time(seen.ended),
            TaskProperty::ChangeTime => Value::Time(Some(seen.changed)),
            TaskProperty::StartTime => Value::Time(seen.started),
            TaskProperty::ParentJobId => Value::Int(i64::from(job.id)),
            TaskProperty::ExitCode => Value::Int(ended.map_or(0, |course| i64::from(course.exit))),
            TaskProperty::RequeueCount => Value::Int(i64::from(run.requeues)),
            TaskProperty::ErrorMessage => seen.error.unwrap_or_default().to_owned().into(),
            TaskProperty::Output => ended.map_or("", |course| &course.output).to_owned().into(),
            TaskProperty::AllocatedNodes => course
                .map_or_else(String::new, |course| self.node_names(&[course.node]))
                .into(),
            TaskProperty::AllocatedCoreIds => course.map_or("", |_| "0").into(),
            TaskProperty::HasRuntime => {
                Value::Bool(task.bag.get(TaskProperty::RuntimeSeconds).as_int() > 0)
            }
            TaskProperty::JobTaskId => Value::Int(i64::from(task.id)),
            TaskProperty::InstanceId => Value::Int(i64::from(instance)),
            TaskProperty::IsServiceConcluded => {
                Value::Bool(task.kind() == TaskType::Service && seen.state.is_final())
            }
            _ => task.bag.get(property).clone(),
        }
    }
}

/// A task that fits the job, not yet added.
pub(super) fn new_task(job: &Job, sent: &Sent, now: Moment) -> Result<Task, Fault> {
    if job.state.is_final() || matches!(job.state, JobState::Canceling | JobState::Finishing) {
        return Err(Fault::JobState(job.state));
    }
    if job.tasks.len() >= TASKS {
        return Err(Fault::Other(format!("a job has at most {TASKS} tasks")));
    }
    let read = changes::<TaskProperty>(sent)?;
    let mut task = Task::new(i32::try_from(job.tasks.len() + 1).unwrap_or(i32::MAX), now);
    let kind = type_after(&task, &read);
    if comes_first(kind) && job.state != JobState::Configuring {
        return Err(Fault::TaskTypeTooLate(kind));
    }
    check_type(kind, &read)?;
    check_mix(job, kind, None)?;
    for (property, value) in read {
        task.bag.set(property, value);
    }
    Ok(task)
}

/// The task, and its run or that of its subtask.
pub(super) fn find(job: &Job, at: TaskRef) -> Result<(&Task, &Run), Fault> {
    let task = job.task(at.task).ok_or(Fault::UnknownTask)?;
    let run = match at.subtask {
        None => &task.run,
        Some(subtask) => {
            let place = usize::try_from(subtask)
                .ok()
                .and_then(|subtask| subtask.checked_sub(1));
            place
                .and_then(|place| task.instances.get(place))
                .ok_or(Fault::UnknownTask)?
        }
    };
    Ok((task, run))
}

/// The place of an identifier that is known to exist.
pub(super) fn index(id: i32) -> usize {
    usize::try_from(id - 1).unwrap_or(0)
}

fn type_after(task: &Task, read: &Changes<TaskProperty>) -> TaskType {
    read.iter()
        .rev()
        .find(|(property, _)| *property == TaskProperty::Type)
        .map_or_else(
            || task.kind(),
            |(_, value)| {
                let name = value.as_ref().map_or("", Value::as_text);
                TaskType::named(name).unwrap_or(TaskType::Basic)
            },
        )
}

fn check_type(kind: TaskType, read: &Changes<TaskProperty>) -> Result<(), Fault> {
    let bad = read.iter().find(|(property, value)| {
        comes_first(kind) && value.is_some() && NOT_FOR_ALL.contains(property)
    });
    match bad {
        Some((property, _)) => Err(Fault::TaskTypeProperty {
            name: property.facts().name,
            kind,
        }),
        None => Ok(()),
    }
}

/// Service tasks have their job to themselves, but for node preparation and release.
fn check_mix(job: &Job, kind: TaskType, but: Option<i32>) -> Result<(), Fault> {
    let plain = |kind| matches!(kind, TaskType::Basic | TaskType::ParametricSweep);
    // All those that are there agree already, so the first speaks for them.
    let first = job
        .tasks
        .iter()
        .filter(|task| Some(task.id) != but)
        .map(Task::kind)
        .find(|other| plain(*other) || *other == TaskType::Service);
    let clash = first.is_some_and(|other| {
        (plain(kind) && other == TaskType::Service) || (kind == TaskType::Service && plain(other))
    });
    if clash {
        Err(Fault::MixedTypes)
    } else {
        Ok(())
    }
}
