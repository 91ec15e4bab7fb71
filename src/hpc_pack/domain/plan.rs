//! Plans a running job: which task starts when, on which node, and how it ends; and with that, how the job ends.

use super::{
    admission::{order, sweep_size},
    catalogue::{JobProperty, TaskProperty},
    cluster::Cluster,
    command::{self, Play},
    job::{Goal, Job, Task},
    run::{Base, CLEAN_UP, Course, LAUNCH, Run},
    script::Script,
    state::{JobState, TaskState, TaskType},
    value::items,
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;
use std::{collections::HashMap, time::Duration};

/// The end of time.
const NEVER: Moment = Moment(u64::MAX);
/// How long a node release task may take.
const RELEASE: Duration = Duration::from_secs(10);

/// What a plan needs to know besides the job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage<'a> {
    /// The nodes.
    pub(crate) cluster: &'a Cluster,
    /// The user's table of commands.
    pub(crate) scripts: &'a [Script],
    /// What is to go wrong.
    pub(crate) quirks: Quirks,
}

/// Plans everything that has not begun by `from`, and how the job ends; what has begun keeps its course.
pub(crate) fn plan(job: &mut Job, stage: Stage<'_>, from: Moment) {
    let mut ready = from;
    let mut prepared = true;
    for at in 0..job.tasks.len() {
        if job.tasks[at].kind() == TaskType::NodePrep {
            plan_task(
                job,
                at,
                Slot {
                    from,
                    start: from,
                    broken: None,
                },
                stage,
            );
            let (end, failed) = outcome(&job.tasks[at].run);
            ready = ready.max(end);
            prepared &= !failed;
        }
    }
    // The order was found before the job began to run; tasks added later are not submitted, so nothing new can wait for them.
    let order = order(job).unwrap_or_default();
    let mut ends: HashMap<String, (Moment, bool)> = HashMap::new();
    let mut last = ready;
    let mut failed = false;
    let mut first_stop = None;
    for at in order {
        let task = &job.tasks[at];
        let kind = task.kind();
        if matches!(kind, TaskType::NodePrep | TaskType::NodeRelease) {
            continue;
        }
        let mut start = ready;
        let mut broken = None;
        if !stage.quirks.has(Quirk::DependentsStartAtOnce) {
            for name in items(task.bag.get(TaskProperty::DependsOn).as_text()) {
                let (end, bad) = ends
                    .get(&name.to_lowercase())
                    .copied()
                    .unwrap_or((NEVER, false));
                start = start.max(end);
                if bad && job.is(JobProperty::FailDependentTasks) {
                    broken = Some("A task that it depends on failed.");
                }
            }
        }
        plan_task(
            job,
            at,
            Slot {
                from,
                start,
                broken,
            },
            stage,
        );
        let task = &job.tasks[at];
        let (end, bad) = outcome(&task.run);
        let known = ends
            .entry(task.bag.get(TaskProperty::Name).as_text().to_lowercase())
            .or_insert((end, bad));
        *known = (known.0.max(end), known.1 | bad);
        last = last.max(end);
        failed |= bad;
        if let Some(at) = stopping_moment(job, task) {
            first_stop = Some(first_stop.map_or(at, |other: Moment| other.min(at)));
        }
    }
    if !prepared {
        set_goal(
            job,
            ready,
            Goal {
                end: Some(JobState::Failed),
                stops: true,
                why: Some("The node preparation task failed."),
            },
            stage,
            from,
        );
        return;
    }
    let (at, goal) = match first_stop {
        Some(at) => (
            at,
            Goal {
                end: Some(JobState::Failed),
                stops: true,
                why: Some("A task failed whose failure fails the job."),
            },
        ),
        None if job.is(JobProperty::RunUntilCanceled)
            && !stage.quirks.has(Quirk::RunUntilCanceledEnds) =>
        {
            (NEVER, Goal::default())
        }
        None if failed => (
            last,
            Goal {
                end: Some(JobState::Failed),
                stops: false,
                why: Some("At least one task failed."),
            },
        ),
        None => (
            last,
            Goal {
                end: Some(JobState::Finished),
                stops: false,
                why: None,
            },
        ),
    };
    set_goal(job, at, goal, stage, from);
}

/// Sets what the job runs towards, or that its time runs out before.
fn set_goal(job: &mut Job, at: Moment, goal: Goal, stage: Stage<'_>, from: Moment) {
    let runtime = u64::try_from(job.bag.get(JobProperty::RuntimeSeconds).as_int()).unwrap_or(0);
    let limit = job
        .started
        .unwrap_or(from)
        .after(Duration::from_secs(runtime));
    let (at, goal) = if runtime > 0 && limit < at && !stage.quirks.has(Quirk::RuntimeIgnored) {
        (
            limit,
            Goal {
                end: Some(JobState::Canceled),
                stops: true,
                why: Some("The run time of the job was exceeded."),
            },
        )
    } else {
        (at, goal)
    };
    job.goal = goal;
    job.due = (at != NEVER).then_some(at.max(from));
}

/// When a run ends, and whether it counts as failed.
fn outcome(run: &Run) -> (Moment, bool) {
    match (&run.base, &run.course) {
        (Base::Over(over), _) => (over.at, over.state == TaskState::Failed),
        (Base::Going, Some(course)) => (course.end, course.outcome == TaskState::Failed),
        // What was never submitted keeps nobody waiting.
        (Base::Going, None) | (Base::Configuring(..), _) => (Moment(0), false),
    }
}

/// When a task's failures stop its job, by `FailOnTaskFailure` or `FailJobOnFailure`.
fn stopping_moment(job: &Job, task: &Task) -> Option<Moment> {
    let count = if job.is(JobProperty::FailOnTaskFailure) {
        1
    } else if task.is(TaskProperty::FailJobOnFailure) {
        usize::try_from(task.bag.get(TaskProperty::FailJobOnFailureCount).as_int())
            .unwrap_or(1)
            .max(1)
    } else {
        return None;
    };
    if task.instances.is_empty() {
        let (end, failed) = outcome(&task.run);
        return failed.then_some(end);
    }
    let mut failures: Vec<_> = task
        .instances
        .iter()
        .map(outcome)
        .filter(|(_, failed)| *failed)
        .map(|(end, _)| end)
        .collect();
    failures.sort_unstable();
    failures.get(count - 1).copied()
}

/// When a task may start.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// What was planned to start by then has begun, and stays.
    from: Moment,
    /// When it starts at the earliest.
    start: Moment,
    /// Why it cannot run at all.
    broken: Option<&'static str>,
}

/// Plans one task, its subtasks too.
fn plan_task(job: &mut Job, at: usize, slot: Slot, stage: Stage<'_>) {
    if !matches!(job.tasks[at].run.base, Base::Going) {
        return;
    }
    let sweeps = job.tasks[at].kind() == TaskType::ParametricSweep;
    if !sweeps {
        let mut run = std::mem::replace(&mut job.tasks[at].run, Run::going(slot.start));
        plan_run(job, (at, 0), &mut run, slot, stage);
        job.tasks[at].run = run;
        return;
    }
    if job.tasks[at].instances.is_empty() {
        let size = sweep_size(&job.tasks[at]).unwrap_or(1);
        let size = size - i32::from(size > 1 && stage.quirks.has(Quirk::SweepOneShort));
        job.tasks[at].instances = (0..size).map(|_| Run::going(slot.start)).collect();
    }
    let mut instances = std::mem::take(&mut job.tasks[at].instances);
    for (number, run) in (1..).zip(&mut instances) {
        plan_run(job, (at, number), run, slot, stage);
    }
    let task = &mut job.tasks[at];
    task.instances = instances;
    summarise(task);
}

/// The course of a sweep: from the first start to the last end of its subtasks.
pub(crate) fn summarise(task: &mut Task) {
    let going = task
        .instances
        .iter()
        .filter_map(|run| run.course.as_deref());
    let dispatch = going
        .clone()
        .map(|course| course.dispatch)
        .min()
        .unwrap_or(NEVER);
    let ends: Vec<_> = task.instances.iter().map(outcome).collect();
    let cancelled = task
        .instances
        .iter()
        .any(|run| match (&run.base, &run.course) {
            (Base::Over(over), _) => over.state == TaskState::Canceled,
            (_, course) => course
                .as_ref()
                .is_some_and(|course| course.outcome == TaskState::Canceled),
        });
    let failed = ends.iter().any(|(_, failed)| *failed);
    let end = ends.iter().map(|(end, _)| *end).max().unwrap_or(dispatch);
    task.run.course = Some(Box::new(Course {
        dispatch: dispatch.min(end),
        end,
        outcome: match (failed, cancelled) {
            (true, _) => TaskState::Failed,
            (false, true) => TaskState::Canceled,
            (false, false) => TaskState::Finished,
        },
        exit: going
            .clone()
            .map(|course| course.exit)
            .find(|exit| *exit != 0)
            .unwrap_or(0),
        output: Box::default(),
        error: failed.then(|| "At least one subtask failed.".into()),
        canceling: None,
        node: going.clone().next().map_or(0, |course| course.node),
        survives: false,
    }));
}

/// Plans one run, named by the place of its task and its instance, unless it has begun.
fn plan_run(job: &Job, (at, instance): (usize, i32), run: &mut Run, slot: Slot, stage: Stage<'_>) {
    let begun = run
        .course
        .as_ref()
        .is_some_and(|course| course.dispatch <= slot.from);
    if !matches!(run.base, Base::Going) || begun {
        return;
    }
    let place = usize::try_from(instance.max(1) - 1).unwrap_or(0) + at;
    let node = match job.nodes.len() {
        0 => 0,
        count => job.nodes[place % count],
    };
    let mut course = Course {
        dispatch: slot.start,
        end: slot.start,
        outcome: TaskState::Failed,
        exit: 0,
        output: Box::default(),
        error: slot.broken.map(Into::into),
        canceling: None,
        node,
        survives: false,
    };
    if slot.broken.is_none() && slot.start != NEVER {
        perform(job, at, instance, &mut course, stage);
    }
    run.course = Some(Box::new(course));
}

/// Plays the command of a task into its course.
pub(crate) fn perform(job: &Job, at: usize, instance: i32, course: &mut Course, stage: Stage<'_>) {
    let task = &job.tasks[at];
    let played = play(job, task, instance, course, stage);
    let valid = exit_codes(task.bag.get(TaskProperty::TaskValidExitCodes).as_text())
        .or_else(|| exit_codes(job.bag.get(JobProperty::JobValidExitCodes).as_text()))
        .unwrap_or_else(|| vec![(0, 0)]);
    let service = task.kind() == TaskType::Service;
    let begins = course.dispatch.after(LAUNCH);
    let natural = match played.duration {
        Some(duration) if !service && !stage.quirks.has(Quirk::TasksNeverFinish) => {
            begins.after(duration).after(CLEAN_UP)
        }
        _ => NEVER,
    };
    let runtime = u64::try_from(task.bag.get(TaskProperty::RuntimeSeconds).as_int()).unwrap_or(0);
    let limit = begins.after(Duration::from_secs(runtime));
    let good = valid
        .iter()
        .any(|(from, to)| (*from..=*to).contains(&played.exit));
    course.exit = if stage.quirks.has(Quirk::ExitCodeLost) {
        0
    } else {
        played.exit
    };
    if stage.quirks.has(Quirk::OutputLost)
        || !task
            .bag
            .get(TaskProperty::StdOutFilePath)
            .as_text()
            .is_empty()
    {
        course.output = Box::default();
    } else {
        course.output = played.output.into_boxed_str();
    }
    (course.end, course.outcome, course.error) =
        if runtime > 0 && limit < natural && !stage.quirks.has(Quirk::RuntimeIgnored) {
            (
                limit,
                TaskState::Failed,
                Some("The run time of the task was exceeded.".into()),
            )
        } else if good || stage.quirks.has(Quirk::FailuresFinish) {
            (natural, TaskState::Finished, None)
        } else {
            let why = format!(
                "The command ended with exit code {}, which is none of the valid ones.",
                played.exit
            );
            (natural, TaskState::Failed, Some(why.into_boxed_str()))
        };
}

/// Plans the node release tasks of a job that ends; tells when the last of them is at its end.
pub(crate) fn release(job: &mut Job, stage: Stage<'_>, from: Moment) -> Moment {
    let mut last = from;
    for at in 0..job.tasks.len() {
        if job.tasks[at].kind() != TaskType::NodeRelease
            || !matches!(job.tasks[at].run.base, Base::Going)
        {
            continue;
        }
        let mut course = Course {
            dispatch: from,
            end: from,
            outcome: TaskState::Finished,
            exit: 0,
            output: Box::default(),
            error: None,
            canceling: None,
            node: job.nodes.first().copied().unwrap_or(0),
            survives: true,
        };
        perform(job, at, 0, &mut course, stage);
        course.end = course.end.min(from.after(RELEASE));
        last = last.max(course.end);
        job.tasks[at].run.course = Some(Box::new(course));
    }
    last
}

/// What the command line of a task does.
fn play(job: &Job, task: &Task, instance: i32, course: &Course, stage: Stage<'_>) -> Play {
    let line = task.bag.get(TaskProperty::CommandLine).as_text();
    let line = if instance > 0 && !stage.quirks.has(Quirk::SweepKeepsAsterisk) {
        task.swept(line, instance)
    } else {
        line.to_owned()
    };
    let node = stage.cluster.nodes.get(usize::from(course.node));
    let variable =
        |name: &str| super::environment::variable(job, task, instance, node, stage, name);
    command::play(&line, stage.scripts, &variable)
}

/// Reads `0,3..5,min..-1` as ranges; none where nothing is set or nothing reads.
fn exit_codes(text: &str) -> Option<Vec<(i32, i32)>> {
    let bound = |text: &str| match text.trim() {
        "min" => Some(i32::MIN),
        "max" => Some(i32::MAX),
        number => number.parse().ok(),
    };
    let ranges: Option<Vec<_>> = items(text)
        .map(|item| match item.split_once("..") {
            Some((from, to)) => Some((bound(from)?, bound(to)?)),
            None => bound(item).map(|code| (code, code)),
        })
        .collect();
    ranges.filter(|ranges| !ranges.is_empty())
}
