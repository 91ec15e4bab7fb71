//! What can be done with a job.

use super::{
    bag::{Changes, Pairs, changes, look_up, merge},
    catalogue::{Catalogue, JobProperty, NOWHERE},
    fault::{CANCEL_MESSAGE, CUSTOM_NAME, CUSTOM_VALUE, Fault, VARIABLES},
    job::{Job, Stop},
    list::{Row, asked_columns},
    plan,
    run::{Base, Over, Run},
    scheduler::{GRACE, STEP, Scheduler},
    state::{JobState, PRIORITIES, TaskState, TaskType},
    value::{Value, items},
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;

/// Names and values as they were sent.
pub(crate) type Sent = [(String, String)];

impl Scheduler {
    /// Makes a job; gives its identifier.
    ///
    /// # Errors
    /// A property that does not exist, is read-only or does not take the value; nothing was made then.
    pub(crate) fn create_job(
        &mut self,
        owner: &str,
        sent: &Sent,
        now: Moment,
    ) -> Result<i32, Fault> {
        if sent.is_empty() && self.quirks.has(Quirk::EmptyJobRefused) {
            return Err(Fault::Other("a job needs properties".to_owned()));
        }
        let sent: Vec<_> = match () {
            () if self.quirks.has(Quirk::NewJobLosesProperties) => Vec::new(),
            () if self.quirks.has(Quirk::NewJobLosesLists) => sent
                .iter()
                .map(|(name, value)| {
                    (
                        name.clone(),
                        items(value).next().unwrap_or(value).to_owned(),
                    )
                })
                .collect(),
            () => sent.to_vec(),
        };
        let read = self.job_changes(&sent, None)?;
        let id = self.new_job(owner, now)?;
        self.apply(id, read, now);
        if self.quirks.has(Quirk::NewJobIsQueued) {
            self.submit_job(id, &[], now)?;
        }
        let repeats = self.quirks.has(Quirk::NewJobIdRepeats) && id > 1;
        Ok(if repeats { id - 1 } else { id })
    }

    /// Makes a job of which nothing is set.
    pub(super) fn new_job(&mut self, owner: &str, now: Moment) -> Result<i32, Fault> {
        let id = i32::try_from(self.jobs.len() + 1)
            .map_err(|_| Fault::Other("the identifiers of jobs are used up".to_owned()))?;
        let owner = if self.quirks.has(Quirk::OwnerLost) {
            ""
        } else {
            owner
        };
        let owner = self.owner(owner);
        self.jobs.push(Box::new(Job::new(id, owner, now)));
        Ok(id)
    }

    /// Sets properties of a job as far as its state allows (stances A78, A88). A queued job is configured again, changed and submitted.
    ///
    /// # Errors
    /// No such job, no such property or value, or the wrong state; nothing was changed then.
    pub(crate) fn set_job(&mut self, id: i32, sent: &Sent, now: Moment) -> Result<(), Fault> {
        let state = self.job_now(id, now)?.state;
        let read = self.job_changes(sent, Some(id))?;
        if self.quirks.has(Quirk::JobPropertiesLost) {
            return Ok(());
        }
        let allowed = |property: JobProperty| match state {
            JobState::Configuring => true,
            JobState::Running => RUNNING.contains(&property),
            _ => property == JobProperty::UserName || property == JobProperty::Password,
        };
        if state > JobState::Running {
            return Err(Fault::JobState(state));
        }
        if let Some((property, _)) = read.iter().find(|(property, _)| !allowed(*property)) {
            return Err(Fault::JobProperty {
                name: property.facts().name,
                state,
            });
        }
        self.apply(id, read, now);
        if state == JobState::Running {
            self.replan(id, now);
        }
        Ok(())
    }

    /// Submits a job, with properties to set before. That it can run is found out later (stance A77).
    ///
    /// # Errors
    /// No such job, no such property or value, or the job is not being configured; nothing was changed then.
    pub(crate) fn submit_job(&mut self, id: i32, sent: &Sent, now: Moment) -> Result<(), Fault> {
        let quirks = self.quirks;
        let state = self.job_now(id, now)?.state;
        if sent.is_empty() && quirks.has(Quirk::EmptySubmitRefused) {
            return Err(Fault::Other("submitting needs properties".to_owned()));
        }
        if state != JobState::Configuring {
            return if quirks.has(Quirk::SubmitInAnyState) {
                Ok(())
            } else {
                Err(Fault::SubmitState(state))
            };
        }
        let read = self.job_changes(sent, Some(id))?;
        if quirks.has(Quirk::SubmitValidates)
            && let Some((job, stage)) = self.staged(id)
            && let Some(why) = plan::objection(job, stage.cluster)
        {
            return Err(Fault::Other(why));
        }
        if !quirks.has(Quirk::SubmitIgnoresProperties) {
            self.apply(id, read, now);
        }
        if quirks.has(Quirk::SubmitDoesNothing) {
            return Ok(());
        }
        let job = self.job_now(id, now)?;
        if sent.is_empty() && quirks.has(Quirk::SubmitResetsProperties) {
            job.bag.set(JobProperty::Name, None);
        }
        for task in &mut job.tasks {
            if matches!(task.run.base, Base::Configuring(..)) {
                task.run.base = Base::Going;
            }
        }
        job.submitted = Some(now);
        job.go(JobState::Submitted, now);
        job.due = Some(now.after(STEP));
        self.schedule(id);
        Ok(())
    }

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
        let quirks = self.quirks;
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
            now.after(GRACE)
        };
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
        let job = self.job_now(id, now)?;
        let mut tasks = std::mem::take(&mut job.tasks);
        for task in &mut tasks {
            for run in &mut task.instances {
                requeue_run(run, job, now, quirks);
            }
            let done = task
                .instances
                .iter()
                .all(|run| matches!(run.base, Base::Over(_)));
            if !task.instances.is_empty() && !done {
                task.run.base = Base::Going;
                task.run.course = None;
                task.run.requeues += 1;
            } else {
                requeue_run(&mut task.run, job, now, quirks);
            }
        }
        job.tasks = tasks;
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
        Ok(())
    }

    /// The properties of a job: those named, or all.
    ///
    /// # Errors
    /// No such job or property.
    pub(crate) fn job(&mut self, id: i32, names: Option<&str>, now: Moment) -> Result<Row, Fault> {
        let found = self.job_now(id, now).map(|_| ());
        if found.is_err() && self.quirks.has(Quirk::UnknownIdAnswered) {
            return Ok(Row::new());
        }
        found?;
        let columns = self.asked(names)?;
        let mut row = self.job_row(id, &columns);
        if self.quirks.has(Quirk::PasswordReturned)
            && let Some(password) = self.job_ref(id).and_then(|job| job.password.as_deref())
        {
            row.push(("Password", Value::from(password.to_owned())));
        }
        Ok(row)
    }

    /// The properties that are asked for, all where none is named.
    pub(super) fn asked<P: Catalogue>(&self, names: Option<&str>) -> Result<Vec<P>, Fault> {
        match names.filter(|names| !names.trim().is_empty()) {
            Some(_) if self.quirks.has(Quirk::PropertiesIgnored) => Ok(P::GETTABLE.to_vec()),
            Some(names) => asked_columns(names, self.quirks),
            None if self.quirks.has(Quirk::DefaultSetIsName) => {
                Ok(P::named("Name").into_iter().collect())
            }
            None => Ok(P::GETTABLE.to_vec()),
        }
    }

    /// The values of a job that is up to date.
    pub(super) fn job_row(&self, id: i32, columns: &[JobProperty]) -> Row {
        let Some(job) = self.job_ref(id) else {
            return Row::new();
        };
        let names = |places: &[u16]| self.node_names(places);
        columns
            .iter()
            .map(|column| {
                let value = job.value(*column, &names);
                (
                    column.facts().name,
                    self.shown(*column == JobProperty::State, value),
                )
            })
            .collect()
    }

    /// The value of a state, as it is shown.
    pub(super) fn shown(&self, is_state: bool, value: Value) -> Value {
        if is_state && self.quirks.has(Quirk::StateIsNumber) {
            Value::Int(value.as_int())
        } else {
            value
        }
    }

    /// The names of nodes, joined with commas.
    pub(super) fn node_names(&self, places: &[u16]) -> String {
        let names: Vec<_> = places
            .iter()
            .filter_map(|at| self.cluster.nodes.get(usize::from(*at)))
            .map(|node| node.name.as_str())
            .collect();
        names.join(",")
    }

    /// The environment variables of a job: those named, a missing one with an empty value, or all.
    ///
    /// # Errors
    /// No such job.
    pub(crate) fn job_variables(
        &mut self,
        id: i32,
        names: Option<&str>,
        now: Moment,
    ) -> Result<Vec<(String, String)>, Fault> {
        let quirks = self.quirks;
        Ok(variables_named(
            &self.job_now(id, now)?.variables,
            names,
            quirks,
        ))
    }

    /// The custom properties of a job: those of the names that there are, or all.
    ///
    /// # Errors
    /// No such job.
    pub(crate) fn job_custom(
        &mut self,
        id: i32,
        names: Option<&str>,
        now: Moment,
    ) -> Result<Vec<(String, String)>, Fault> {
        let quirks = self.quirks;
        Ok(custom_named(&self.job_now(id, now)?.custom, names, quirks))
    }

    /// Sets environment variables of a job; an empty value takes one out.
    ///
    /// # Errors
    /// No such job, or too many characters.
    pub(crate) fn set_job_variables(
        &mut self,
        id: i32,
        sent: &Sent,
        now: Moment,
    ) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(id, now)?;
        set_variables(&mut job.variables, sent, quirks)?;
        job.changed = now;
        Ok(())
    }

    /// Sets custom properties of a job; an empty value takes one out.
    ///
    /// # Errors
    /// No such job, or a name or value that is too long.
    pub(crate) fn set_job_custom(
        &mut self,
        id: i32,
        sent: &Sent,
        now: Moment,
    ) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(id, now)?;
        set_custom(&mut job.custom, sent, quirks)?;
        job.changed = now;
        Ok(())
    }

    /// Reads properties to set, and checks what only the scheduler knows: templates and parents.
    pub(super) fn job_changes(
        &self,
        sent: &Sent,
        id: Option<i32>,
    ) -> Result<Changes<JobProperty>, Fault> {
        let read = changes::<JobProperty>(sent)?;
        for (property, value) in &read {
            let text = value.as_ref().map_or("", Value::as_text);
            match property {
                JobProperty::JobTemplate => {
                    let known = |name: &str| {
                        self.cluster
                            .templates
                            .iter()
                            .any(|known| known.eq_ignore_ascii_case(name))
                    };
                    if !(text.is_empty()
                        || known(text)
                        || self.quirks.has(Quirk::UnknownTemplateAccepted))
                    {
                        return Err(Fault::UnknownTemplate(text.to_owned()));
                    }
                }
                JobProperty::ParentJobIds => {
                    for parent in items(text).filter_map(|id| id.parse().ok()) {
                        if self.job_ref(parent).is_none() || Some(parent) == id {
                            return Err(Fault::UnknownParent(parent));
                        }
                    }
                }
                _ => debug_assert!(property.facts().settable != NOWHERE),
            }
        }
        Ok(read)
    }

    /// Applies changes that were found good.
    pub(super) fn apply(&mut self, id: i32, read: Changes<JobProperty>, now: Moment) {
        let quirks = self.quirks;
        let before: Vec<_> = self
            .job_ref(id)
            .map(|job| job.parents().collect())
            .unwrap_or_default();
        let Some(job) = self.job_mut(id) else { return };
        for (property, value) in read {
            let number = value.as_ref().map(Value::as_int);
            match property {
                JobProperty::ChildJobIds => continue,
                JobProperty::Password => {
                    if quirks.has(Quirk::PasswordReturned) {
                        job.password = value.map(|value| value.as_text().into());
                    }
                    continue;
                }
                JobProperty::Priority if !quirks.has(Quirk::PrioritiesDrift) => {
                    job.bag.set(
                        JobProperty::ExpandedPriority,
                        number.map(|number| Value::Int(number * 1_000)),
                    );
                }
                JobProperty::ExpandedPriority if !quirks.has(Quirk::PrioritiesDrift) => {
                    let word = number
                        .and_then(|number| PRIORITIES.iter().find(|(_, n)| *n == number / 1_000))
                        .map(|(word, number)| Value::Word(word, *number));
                    job.bag.set(JobProperty::Priority, word);
                }
                _ => {}
            }
            job.bag.set(property, value);
        }
        if !quirks.has(Quirk::ChangeTimeStands) {
            job.changed = now;
        }
        let after: Vec<_> = job.parents().collect();
        for parent in before.iter().filter(|parent| !after.contains(parent)) {
            if let Some(parent) = self.job_mut(*parent) {
                parent.children.retain(|child| *child != id);
            }
        }
        for parent in after.iter().filter(|parent| !before.contains(parent)) {
            if let Some(parent) = self.job_mut(*parent)
                && !parent.children.contains(&id)
            {
                parent.children.push(id);
            }
        }
    }

    /// Plans a running job anew from now on.
    pub(super) fn replan(&mut self, id: i32, now: Moment) {
        let Some((job, stage)) = self.staged(id) else {
            return;
        };
        if job.state == JobState::Running {
            plan::plan(job, stage, now);
            self.schedule(id);
        }
    }
}

/// What can still be set while a job runs.
const RUNNING: &[JobProperty] = &[
    JobProperty::JobTemplate,
    JobProperty::Name,
    JobProperty::Password,
    JobProperty::Progress,
    JobProperty::ProgressMessage,
    JobProperty::Project,
    JobProperty::RunUntilCanceled,
    JobProperty::RuntimeSeconds,
    JobProperty::TargetResourceCount,
    JobProperty::UserName,
];

/// What of a run remains when its job is requeued.
fn requeue_run(run: &mut Run, job: &Job, now: Moment, quirks: Quirks) {
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
    run.base = Base::Going;
    run.course = None;
    run.requeues += 1;
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

/// Variables by name, all of them where none is named.
pub(super) fn variables_named(
    pairs: &Pairs,
    names: Option<&str>,
    quirks: Quirks,
) -> Vec<(String, String)> {
    named(
        pairs,
        names,
        quirks,
        !quirks.has(Quirk::UnknownVariableOmitted),
    )
}

/// Custom properties by name, all of them where none is named.
pub(super) fn custom_named(
    pairs: &Pairs,
    names: Option<&str>,
    quirks: Quirks,
) -> Vec<(String, String)> {
    named(pairs, names, quirks, false)
}

fn named(
    pairs: &Pairs,
    names: Option<&str>,
    quirks: Quirks,
    missing: bool,
) -> Vec<(String, String)> {
    match names.filter(|names| !names.trim().is_empty() && !quirks.has(Quirk::NamesIgnored)) {
        None => pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        Some(names) => items(names)
            .filter_map(|name| match look_up(pairs, name) {
                Some(value) => Some((name.to_owned(), value.to_owned())),
                None => missing.then(|| (name.to_owned(), String::new())),
            })
            .collect(),
    }
}

/// Sets environment variables.
pub(super) fn set_variables(pairs: &mut Pairs, sent: &Sent, quirks: Quirks) -> Result<(), Fault> {
    let merged = merged(pairs, sent, quirks);
    let size: usize = merged
        .iter()
        .map(|(name, value)| name.chars().count() + value.chars().count())
        .sum();
    if size > VARIABLES {
        return Err(Fault::Variables);
    }
    if !quirks.has(Quirk::VariablesLost) {
        *pairs = merged;
    }
    Ok(())
}

/// Sets custom properties.
pub(super) fn set_custom(pairs: &mut Pairs, sent: &Sent, quirks: Quirks) -> Result<(), Fault> {
    for (name, value) in sent {
        if name.chars().count() > CUSTOM_NAME {
            return Err(Fault::CustomName);
        }
        if value.chars().count() > CUSTOM_VALUE {
            return Err(Fault::Other(format!(
                "the value of a custom property has at most {CUSTOM_VALUE} characters"
            )));
        }
    }
    let merged = merged(pairs, sent, quirks);
    if merged.len() > CUSTOM_COUNT {
        return Err(Fault::Other(format!(
            "there are at most {CUSTOM_COUNT} custom properties"
        )));
    }
    if !quirks.has(Quirk::CustomPropertiesLost) {
        *pairs = merged;
    }
    Ok(())
}

/// The most custom properties of one job or task; no document tells one.
const CUSTOM_COUNT: usize = 1_000;

fn merged(pairs: &Pairs, sent: &Sent, quirks: Quirks) -> Pairs {
    let mut merged = if quirks.has(Quirk::SettingReplacesAll) {
        Pairs::new()
    } else {
        pairs.clone()
    };
    merge(&mut merged, sent);
    merged
}

/// A task type that a job takes only while it is being configured.
pub(super) fn comes_first(kind: TaskType) -> bool {
    matches!(
        kind,
        TaskType::NodePrep | TaskType::NodeRelease | TaskType::Service
    )
}
