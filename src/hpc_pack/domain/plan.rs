//! How a run goes: when it starts, on which node, and how it ends; and what a job runs towards.

use super::{
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
use std::time::Duration;

/// The end of time.
pub(super) const NEVER: Moment = Moment(u64::MAX);
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

/// Sets what the job runs towards, or that its time runs out before.
pub(super) fn set_goal(job: &mut Job, at: Moment, goal: Goal, stage: Stage<'_>, from: Moment) {
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
pub(super) fn outcome(run: &Run) -> (Moment, bool) {
    match (&run.base, &run.course) {
        (Base::Over(over), _) => (over.at, over.state == TaskState::Failed),
        (Base::Going, Some(course)) => (course.end, course.outcome == TaskState::Failed),
        // What was never submitted keeps nobody waiting.
        (Base::Going, None) | (Base::Configuring(..), _) => (Moment(0), false),
    }
}

/// How many failures of a task stop its job, by `FailOnTaskFailure` or `FailJobOnFailure`.
pub(super) fn failures_that_stop(job: &Job, task: &Task) -> Option<usize> {
    if job.is(JobProperty::FailOnTaskFailure) {
        return Some(1);
    }
    task.is(TaskProperty::FailJobOnFailure).then(|| {
        usize::try_from(task.bag.get(TaskProperty::FailJobOnFailureCount).as_int())
            .unwrap_or(1)
            .max(1)
    })
}

/// When a task may start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// What was planned to start by then has begun, and stays.
    pub(super) from: Moment,
    /// When it starts at the earliest.
    pub(super) start: Moment,
    /// Why it cannot run at all.
    pub(super) broken: Option<&'static str>,
}

/// Plans one run, named by the place of its task and its instance, unless it has begun.
pub(super) fn plan_run(
    job: &Job,
    (at, instance): (usize, i32),
    run: &mut Run,
    slot: Slot,
    stage: Stage<'_>,
) {
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
