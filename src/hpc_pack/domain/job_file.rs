//! Jobs as files: everything of a job in one value, to be written out and read in again.

use super::{
    bag::Pairs,
    catalogue::{Catalogue, JobProperty, NOWHERE, TaskProperty},
    fault::Fault,
    job::Job,
    jobs::Sent,
    list::Row,
    pairs::{set_custom, set_variables},
    scheduler::Scheduler,
    tasks::{TaskRef, find, new_task},
    weight::Weighed,
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;

/// A job or task in a file: what it is, and what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// Its properties.
    pub(crate) properties: Row,
    /// Its environment variables.
    pub(crate) variables: Vec<(String, String)>,
    /// Its custom properties.
    pub(crate) custom: Vec<(String, String)>,
    /// Whether it holds everything, or only the properties that were named.
    pub(crate) whole: bool,
}

/// A job or task out of a file that somebody sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentFile {
    /// Names and values of its properties.
    pub(crate) properties: Vec<(String, String)>,
    /// Its environment variables.
    pub(crate) variables: Vec<(String, String)>,
    /// Its custom properties.
    pub(crate) custom: Vec<(String, String)>,
    /// Of a job, its tasks.
    pub(crate) tasks: Vec<SentFile>,
}

impl Scheduler {
    /// A job without its tasks, which [`task_files`](Self::task_files) gives, or only the properties named.
    ///
    /// # Errors
    /// No such job or property.
    pub(crate) fn job_file(
        &mut self,
        id: i32,
        names: Option<&str>,
        now: Moment,
    ) -> Result<File, Fault> {
        let some = names.is_some_and(|names| !names.trim().is_empty());
        let whole = !some || self.quirks.has(Quirk::JobXmlIgnoresProperties);
        let mut file = File {
            properties: self.job(id, names.filter(|_| !whole), now)?,
            ..File::default()
        };
        let Some(job) = self.job_ref(id).filter(|_| whole) else {
            return Ok(file);
        };
        file.whole = true;
        file.variables = owned(&job.variables);
        if !self.quirks.has(Quirk::JobXmlWithoutCustom) {
            file.custom = owned(&job.custom);
        }
        Ok(file)
    }

    /// At most so many tasks of a job as a file shows them, from that place in their list on; there are no more where there
    /// are fewer.
    pub(crate) fn task_files(&self, job: i32, from: usize, most: usize, now: Moment) -> Vec<File> {
        let count = match self.job_ref(job) {
            Some(job) if !self.quirks.has(Quirk::JobXmlWithoutTasks) => job.tasks.len(),
            _ => 0,
        };
        let places = from..count.min(from.saturating_add(most));
        let at = |place| TaskRef {
            job,
            task: i32::try_from(place + 1).unwrap_or(i32::MAX),
            subtask: None,
        };
        places
            .map(|place| self.whole_task(at(place), now))
            .collect()
    }

    /// A task or subtask, or only the properties named.
    ///
    /// # Errors
    /// No such task or property.
    pub(crate) fn task_file(
        &mut self,
        at: TaskRef,
        names: Option<&str>,
        now: Moment,
    ) -> Result<File, Fault> {
        let some = names.is_some_and(|names| !names.trim().is_empty());
        let whole = !some || self.quirks.has(Quirk::JobXmlIgnoresProperties);
        let properties = self.task(at, names.filter(|_| !whole), now)?;
        if whole
            && self
                .job_ref(at.job)
                .is_some_and(|job| find(job, at).is_ok())
        {
            return Ok(self.whole_task(at, now));
        }
        Ok(File {
            properties,
            ..File::default()
        })
    }

    fn whole_task(&self, at: TaskRef, now: Moment) -> File {
        let task = self.job_ref(at.job).and_then(|job| job.task(at.task));
        let pairs = |of: fn(&super::job::Task) -> &Pairs| {
            task.map(|task| owned(of(task))).unwrap_or_default()
        };
        File {
            properties: self.task_row(at, TaskProperty::GETTABLE, now),
            variables: pairs(|task| &task.variables),
            custom: if self.quirks.has(Quirk::JobXmlWithoutCustom) {
                Vec::new()
            } else {
                pairs(|task| &task.custom)
            },
            whole: true,
        }
    }

    /// Makes a job out of a file, whose tasks were read before: there may be very many of them.
    ///
    /// # Errors
    /// A value that its property does not take; nothing was made then.
    pub(crate) fn create_job_from_file(
        &mut self,
        owner: &str,
        file: &SentFile,
        draft: &mut Draft,
        now: Moment,
    ) -> Result<i32, Fault> {
        let quirks = self.quirks;
        let mut properties = settable::<JobProperty>(&file.properties);
        // A file that was written with a template or parents of another cluster still makes a job here; everything else must fit.
        properties.retain(|(name, _)| !name.eq_ignore_ascii_case("ChildJobIds"));
        if quirks.has(Quirk::JobFileLosesProperties) {
            properties.clear();
        }
        let read = self.job_changes(&properties, None)?;
        self.room_for_tasks(draft.job.tasks.len())?;
        let id = self.new_job(owner, now)?;
        if let Some(job) = self.job_mut(id) {
            job.variables = std::mem::take(&mut draft.job.variables);
            job.custom = std::mem::take(&mut draft.job.custom);
            job.tasks = std::mem::take(&mut draft.job.tasks);
            self.held.tasks += self.job_ref(id).map_or(0, |job| job.tasks.len());
            self.change(std::mem::take(&mut draft.weighed));
        }
        self.apply(id, read, now);
        let finished = file
            .properties
            .iter()
            .any(|(name, value)| name == "State" && value != "Configuring");
        if finished && quirks.has(Quirk::JobFileKeepsState) {
            self.submit_job(id, &[], now)?;
        }
        let named = file.properties.iter().find(|(name, _)| name == "Id");
        let named = named.and_then(|(_, value)| value.parse().ok());
        Ok(match named {
            Some(named) if quirks.has(Quirk::JobFileKeepsIdentifier) => named,
            _ => self.told_id(id),
        })
    }
}

/// What a file says of a job but for its properties, ready to be taken over.
#[derive(Debug)]
pub(crate) struct Draft {
    job: Job,
    weighed: Weighed,
}

impl Draft {
    /// Reads tasks, variables and custom properties of a file; nobody waits meanwhile. What the server owns (identifiers,
    /// states, times, owner) is ignored (stance A54), and so is what is no property.
    ///
    /// # Errors
    /// A value that its property does not take, or a type of task that does not fit.
    pub(crate) fn read(file: &SentFile, quirks: Quirks, now: Moment) -> Result<Self, Fault> {
        let mut job = Job::new(0, "".into(), now);
        let mut weighed = Weighed::default();
        set_variables(&mut job.variables, &file.variables, quirks)?;
        set_custom(&mut job.custom, &file.custom, quirks)?;
        for sent in &file.tasks {
            let task = new_task(&job, &task_properties(sent), now);
            if quirks.has(Quirk::JobFileLosesTasks) {
                task?;
                continue;
            }
            let mut task = task?;
            set_variables(&mut task.variables, &sent.variables, quirks)?;
            set_custom(&mut task.custom, &sent.custom, quirks)?;
            weighed.task(&mut task, false);
            job.tasks.push(task);
        }
        Ok(Self { job, weighed })
    }
}

/// What of a task in a file is set.
fn task_properties(sent: &SentFile) -> Vec<(String, String)> {
    let mut properties = settable::<TaskProperty>(&sent.properties);
    let is = |name: &str, value: &str| {
        sent.properties
            .iter()
            .any(|(n, v)| n.eq_ignore_ascii_case(name) && v.eq_ignore_ascii_case(value))
    };
    if is("IsParametric", "true") && !sent.properties.iter().any(|(name, _)| name == "Type") {
        properties.push(("Type".to_owned(), "ParametricSweep".to_owned()));
    }
    // Files name every property, also those that do not apply to the type of the task.
    if ["NodePrep", "NodeRelease", "Service"]
        .iter()
        .any(|kind| is("Type", kind))
    {
        properties.retain(|(name, _)| {
            OF_EVERY_TYPE
                .iter()
                .any(|kept| kept.eq_ignore_ascii_case(name))
        });
    }
    properties
}

/// What tasks of every type have.
const OF_EVERY_TYPE: [&str; 10] = [
    "Name",
    "Type",
    "CommandLine",
    "WorkDirectory",
    "StdOutFilePath",
    "StdInFilePath",
    "StdErrFilePath",
    "RuntimeSeconds",
    "UserBlob",
    "TaskValidExitCodes",
];

/// What of the properties can be set at all.
fn settable<P: Catalogue>(sent: &Sent) -> Vec<(String, String)> {
    let can =
        |name: &str| P::named(name).is_some_and(|property| property.facts().settable != NOWHERE);
    sent.iter().filter(|(name, _)| can(name)).cloned().collect()
}

fn owned(pairs: &Pairs) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}
