//! How jobs are cancelled and queued again.

use super::{
    fault::{CANCEL_MESSAGE, Fault},
    job::{Job, Stop},
    jobs::Sent,
    plan,
    rework::Act,
    scheduler::{STEP, Scheduler},
    state::{JobState, TaskState},
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;

impl Scheduler {
    /// Cancels a job. Without force, running tasks get a grace period, and node release tasks run.
    ///
    /// # Errors
    /// No such job, a message that is too long, or a state that cannot be cancelled.
    pub(crate) fn cancel_job(
        &mut self,
        id: i32,
        forced: bool,
        message: &str,
        now: Moment,
    ) -> Result<(), Fault> {
        let (quirks, grace) = (self.quirks, self.grace);
        let state = self.job_now(id, now)?.state;
        check_message(message, quirks)?;
        let cancellable = state <= JobState::Running || (forced && state == JobState::Canceling);
        if !cancellable {
            return match state {
                JobState::Canceled if quirks.has(Quirk::CancelOfCancelledSucceeds) => Ok(()),
                JobState::Canceled if quirks.has(Quirk::CancelOfCancelledOtherCode) => {
                    Err(Fault::Other(Fault::CancelState(state).to_string()))
                }
                _ => Err(Fault::CancelState(state)),
            };
        }
        if quirks.has(Quirk::CancelDoesNothing) {
            return Ok(());
        }
        let Some((job, stage)) = self.staged(id) else {
            return Err(Fault::UnknownJob);
        };
        let told = cancel_text(message, quirks);
        let at_once = forced && !quirks.has(Quirk::ForcedWaits);
        let running = matches!(state, JobState::Running | JobState::Canceling);
        let until = if at_once || !running {
            now
        } else {
            now.after(grace)
        };
        if at_once {
            stop_release(job, now, &told);
        }
        job.error = Some(told.clone());
        job.stop = Some(Box::new(Stop {
            at: now,
            until,
            why: told,
        }));
        job.go(JobState::Canceling, now);
        let releases = (!forced && !quirks.has(Quirk::UnforcedSkipsRelease))
            || quirks.has(Quirk::ForcedRunsRelease);
        let released = if running && releases {
            plan::release(job, stage, until)
        } else {
            until
        };
        let end = if released > until { released } else { until };
        if at_once && end == now {
            job.go(JobState::Canceled, now);
            self.weigh_end(id);
            self.wake_children(id, now);
        } else {
            job.due = Some(end.after(STEP));
            self.schedule(id);
        }
        Ok(())
    }

    /// Queues a job again that was cancelled or has failed. What had Finished stays so, and what was cancelled on its own before it ran.
    ///
    /// # Errors
    /// No such job, or one in another state.
    pub(crate) fn requeue_job(&mut self, id: i32, sent: &Sent, now: Moment) -> Result<(), Fault> {
        let quirks = self.quirks;
        let state = self.job_now(id, now)?.state;
        let refused = match state {
            JobState::Canceled => quirks.has(Quirk::RequeueOfCancelledRefused),
            JobState::Failed => quirks.has(Quirk::RequeueOfFailedRefused),
            _ => !quirks.has(Quirk::RequeueInAnyState),
        };
        if refused {
            return Err(Fault::RequeueState);
        }
        if quirks.has(Quirk::RequeueDoesNothing) {
            return Ok(());
        }
        if quirks.has(Quirk::RequeueChangesProperties) {
            let read = self.job_changes(sent, Some(id))?;
            self.apply(id, read, now);
        }
        let tasks = self.job_now(id, now)?.tasks.len();
        self.rework(id, 0..tasks, Act::RequeueJob, now);
        let job = self.job_mut(id).ok_or(Fault::UnknownJob)?;
        if !quirks.has(Quirk::RequeueNotCounted) {
            job.requeues += 1;
        }
        job.stop = None;
        job.error = None;
        job.started = None;
        job.ended = None;
        job.submitted = job.submitted.or(Some(now));
        job.queued = Some(now);
        job.go(JobState::Queued, now);
        job.due = Some(now.after(STEP));
        self.schedule(id);
        self.begin_rework(id);
        Ok(())
    }
}

/// Ends node release tasks that an earlier cancel without force had started.
fn stop_release(job: &mut Job, now: Moment, why: &str) {
    let courses = job
        .tasks
        .iter_mut()
        .filter_map(|task| task.run.course.as_mut());
    for course in courses.filter(|course| course.survives && course.end > now) {
        course.end = now;
        course.outcome = TaskState::Canceled;
        course.error = Some(why.into());
    }
}

/// Checks the reason of a cancel.
pub(super) fn check_message(message: &str, quirks: Quirks) -> Result<(), Fault> {
    let length = message.chars().count();
    let most = if quirks.has(Quirk::CancelMessageTooShort) {
        CANCEL_MESSAGE - 1
    } else {
        CANCEL_MESSAGE
    };
    let too_long = length > most && !quirks.has(Quirk::CancelMessageUnlimited);
    if too_long || (length == 0 && quirks.has(Quirk::EmptyCancelMessageRefused)) {
        return Err(Fault::CancelMessage);
    }
    Ok(())
}

/// What `ErrorMessage` says of a cancel.
pub(super) fn cancel_text(message: &str, quirks: Quirks) -> Box<str> {
    if message.is_empty() || quirks.has(Quirk::CancelMessageLost) {
        "Canceled on request.".into()
    } else {
        format!("Canceled on request: {message}").into()
    }
}
