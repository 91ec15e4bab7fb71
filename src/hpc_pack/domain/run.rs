use super::{
    job::{Job, Stop},
    state::{JobState, TaskState},
};
use crate::mock::Moment;
use std::time::Duration;

/// From Dispatching to Running.
pub(crate) const LAUNCH: Duration = Duration::from_millis(10);
/// From Finishing to the end.
pub(crate) const CLEAN_UP: Duration = Duration::from_millis(10);

/// One run of a task or subtask.
///
/// # Why
/// A run is planned to its end when the job starts, and where it is at some moment is read off that plan. So
/// a task costs no event of its own, and a sweep of thousands moves without being touched.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// When it was made.
    pub(crate) created: Moment,
    /// Where it is but for its plan.
    pub(crate) base: Base,
    /// How it runs, once that is planned.
    pub(crate) course: Option<Box<Course>>,
    /// How often it was requeued.
    pub(crate) requeues: u32,
}

/// Where a run is but for its plan.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// Not submitted; since when, and what it was before.
    Configuring(Moment, TaskState),
    /// Goes with its job and its plan.
    Going,
    /// At its end, whatever its job does.
    Over(Box<Over>),
}

/// The end of a run that its job can no longer change.
#[derive(Clone, Debug)]
pub(crate) struct Over {
    /// Finished, Failed or Canceled.
    pub(crate) state: TaskState,
    /// What it was before.
    pub(crate) previous: TaskState,
    /// When.
    pub(crate) at: Moment,
    /// What went wrong.
    pub(crate) error: Option<Box<str>>,
}

/// How a run goes from its start to its end.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// When it leaves the queue.
    pub(crate) dispatch: Moment,
    /// When it is at its end; the end of time for what never ends.
    pub(crate) end: Moment,
    /// Finished, Failed or Canceled.
    pub(crate) outcome: TaskState,
    /// What the command ended with.
    pub(crate) exit: i32,
    /// What the command printed.
    pub(crate) output: Box<str>,
    /// What went wrong.
    pub(crate) error: Option<Box<str>>,
    /// Since when it is being cancelled.
    pub(crate) canceling: Option<Moment>,
    /// The node it runs on, as a place in the list of the cluster.
    pub(crate) node: u16,
    /// Whether it runs although its job was stopped: a node release task.
    pub(crate) survives: bool,
}

/// A run as it is seen at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    /// Where it is.
    pub(crate) state: TaskState,
    /// Where it was before.
    pub(crate) previous: TaskState,
    /// When it went there.
    pub(crate) changed: Moment,
    /// When its command began.
    pub(crate) started: Option<Moment>,
    /// When it ended.
    pub(crate) ended: Option<Moment>,
    /// What went wrong.
    pub(crate) error: Option<&'a str>,
}

impl Course {
    /// When its command begins.
    fn launched(&self) -> Moment {
        self.dispatch.after(LAUNCH).min(self.end)
    }

    /// Whether it ends without ever having left the queue.
    fn is_void(&self) -> bool {
        self.dispatch >= self.end
    }

    fn at<'a>(&'a self, now: Moment, queued: Moment) -> Seen<'a> {
        let launched = self.launched();
        let finishing = Moment(
            self.end
                .0
                .saturating_sub(u64::try_from(CLEAN_UP.as_millis()).unwrap_or(0)),
        );
        let finishing = finishing.max(launched);
        let (state, previous, changed) = if now >= self.end {
            let previous = match self.outcome {
                _ if self.is_void() => TaskState::Queued,
                _ if self.canceling.is_some() => TaskState::Canceling,
                _ => TaskState::Finishing,
            };
            (self.outcome, previous, self.end)
        } else if now < self.dispatch {
            (TaskState::Queued, TaskState::Validating, queued)
        } else if let Some(since) = self.canceling.filter(|since| now >= *since) {
            (TaskState::Canceling, TaskState::Running, since)
        } else if now < launched {
            (TaskState::Dispatching, TaskState::Queued, self.dispatch)
        } else if now < finishing || self.end.0 == u64::MAX {
            (TaskState::Running, TaskState::Dispatching, launched)
        } else {
            (TaskState::Finishing, TaskState::Running, finishing)
        };
        Seen {
            state,
            previous,
            changed,
            started: (now >= launched && !self.is_void()).then_some(launched),
            ended: (now >= self.end).then_some(self.end),
            error: self.error.as_deref().filter(|_| now >= self.end),
        }
    }

    /// The same where the job was stopped before it had ended.
    fn stopped<'a>(&'a self, stop: &'a Stop, now: Moment, queued: Moment, sweep: bool) -> Seen<'a> {
        let before = self.at(stop.at, queued);
        let begun = self.dispatch < stop.at;
        if begun && now < stop.until {
            return Seen {
                state: TaskState::Canceling,
                previous: before.state,
                changed: stop.at,
                ..before
            };
        }
        let at = if begun { stop.until } else { stop.at };
        let (state, previous) = match (begun, sweep) {
            (true, false) => (TaskState::Failed, TaskState::Canceling),
            (true, true) => (TaskState::Canceled, TaskState::Canceling),
            (false, _) => (TaskState::Canceled, TaskState::Queued),
        };
        Seen {
            state,
            previous,
            changed: at,
            ended: Some(at),
            error: Some(&stop.why),
            ..before
        }
    }
}

impl Run {
    /// Of a task that was just made.
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            created: now,
            base: Base::Configuring(now, TaskState::Configuring),
            course: None,
            requeues: 0,
        }
    }

    /// Of a subtask that comes to be as its sweep is expanded.
    pub(crate) fn going(now: Moment) -> Self {
        Self {
            base: Base::Going,
            ..Self::new(now)
        }
    }

    /// Lets it run once more, from there.
    pub(super) fn restart(&mut self, base: Base) {
        self.base = base;
        self.course = None;
        self.requeues += 1;
    }

    /// Where it is now; `sweep` says that it stands for the subtasks of a sweep.
    pub(crate) fn seen<'a>(&'a self, job: &'a Job, now: Moment, sweep: bool) -> Seen<'a> {
        let still = |state, previous, changed| Seen {
            state,
            previous,
            changed,
            started: None,
            ended: None,
            error: None,
        };
        let queued = job.queued.unwrap_or(job.created);
        match (&self.base, &self.course) {
            (Base::Configuring(since, previous), _) => {
                still(TaskState::Configuring, *previous, *since)
            }
            (Base::Over(over), course) => Seen {
                started: course
                    .as_ref()
                    .filter(|course| !course.is_void())
                    .map(|course| course.launched())
                    .filter(|launched| *launched <= over.at),
                ended: Some(over.at),
                error: over.error.as_deref(),
                ..still(over.state, over.previous, over.at)
            },
            (Base::Going, Some(course)) => match &job.stop {
                Some(stop) if stop.at <= now && course.end > stop.at && !course.survives => {
                    course.stopped(stop, now, queued, sweep)
                }
                _ => course.at(now, queued),
            },
            (Base::Going, None) => match job.state {
                JobState::Configuring | JobState::Submitted => {
                    still(TaskState::Submitted, TaskState::Configuring, job.changed)
                }
                JobState::Validating | JobState::ExternalValidation => {
                    still(TaskState::Validating, TaskState::Submitted, job.changed)
                }
                JobState::Queued | JobState::Running => {
                    still(TaskState::Queued, TaskState::Validating, queued)
                }
                JobState::Failed if job.stop.is_none() => Seen {
                    ended: job.ended,
                    error: job.error.as_deref(),
                    ..still(TaskState::Failed, TaskState::Validating, job.changed)
                },
                _ => {
                    let at = job.stop.as_ref().map_or(job.changed, |stop| stop.at);
                    Seen {
                        ended: Some(at),
                        error: job.stop.as_ref().map(|stop| &*stop.why),
                        ..still(TaskState::Canceled, TaskState::Queued, at)
                    }
                }
            },
        }
    }
}
