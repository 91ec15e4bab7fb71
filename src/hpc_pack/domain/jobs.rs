//! What can be done with a job.

use super::{
    admission,
    bag::{Changes, changes},
    catalogue::{Catalogue, JobProperty, NOWHERE},
    fault::Fault,
    job::Job,
    list::{Row, asked_columns},
    planning::Planning,
    run::Base,
    scheduler::{STEP, Scheduler},
    state::{JobState, PRIORITIES, TaskType},
    value::{Value, items},
};
use crate::hpc_pack::Quirk;
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
        if self.quirks.has(Quirk::NewJobHasTask) {
            self.add_task(id, &[], now)?;
        }
        Ok(self.told_id(id))
    }

    /// The identifier of a new job, as it is told.
    pub(super) fn told_id(&self, id: i32) -> i32 {
        let repeats = self.quirks.has(Quirk::NewJobIdRepeats) && id > 1;
        if repeats { id - 1 } else { id }
    }

    /// Makes a job of which nothing is set.
    pub(super) fn new_job(&mut self, owner: &str, now: Moment) -> Result<i32, Fault> {
        self.room_for_job()?;
        let id = i32::try_from(self.jobs.len() + 1)
            .map_err(|_| Fault::Other("the identifiers of jobs are used up".to_owned()))?;
        let owner = if self.quirks.has(Quirk::OwnerLost) {
            ""
        } else {
            owner
        };
        let owner = self.owner(owner);
        self.jobs.push(Box::new(Job::new(id, owner, now)));
        self.weigh_job(id);
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
            self.replan(id, now, now);
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
            && let Some(why) = admission::objection(job, stage.cluster)
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
        let values = columns.iter().map(|column| {
            let value = job.value(*column, &names);
            (
                column.facts().name,
                self.shown(*column == JobProperty::State, value),
            )
        });
        self.ordered(values)
    }

    /// A row in the order that is due.
    pub(super) fn ordered(&self, values: impl Iterator<Item = (&'static str, Value)>) -> Row {
        let mut row: Row = values.collect();
        if self.quirks.has(Quirk::PropertiesReversed) {
            row.reverse();
        }
        if self.quirks.has(Quirk::EmptyPropertiesOmitted) {
            row.retain(|(_, value)| !value.written().is_empty());
        }
        row
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
        self.weigh_job(id);
    }

    /// Notes that a running job is to be planned anew from a moment on; who asks for the job next has that done.
    pub(super) fn replan(&mut self, id: i32, from: Moment, now: Moment) {
        self.weigh_job(id);
        match self.job_mut(id) {
            Some(job) if job.state == JobState::Running => {
                job.planning = Some(Box::new(Planning::new(job, from)));
                job.due = Some(now);
                self.schedule(id);
            }
            _ => self.weigh_all(id),
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

/// A task type that a job takes only while it is being configured.
pub(super) fn comes_first(kind: TaskType) -> bool {
    matches!(
        kind,
        TaskType::NodePrep | TaskType::NodeRelease | TaskType::Service
    )
}
