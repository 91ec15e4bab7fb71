//! Jobs as files: everything of a job in one value, to be written out and read in again.

use super::{
    bag::{Pairs, changes},
    catalogue::{Catalogue, JobProperty, NOWHERE, TaskProperty},
    fault::Fault,
    jobs::Sent,
    list::Row,
    pairs::{set_custom, set_variables},
    scheduler::Scheduler,
    tasks::{TaskRef, find, new_task},
};
use crate::hpc_pack::Quirk;
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
    /// Of a job, its tasks.
    pub(crate) tasks: Vec<File>,
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
    /// A job with all its tasks, or only the properties named.
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
        let tasks = if self.quirks.has(Quirk::JobXmlWithoutTasks) {
            0
        } else {
            job.tasks.len()
        };
        let at = |task| TaskRef {
            job: id,
            task,
            subtask: None,
        };
        file.tasks = (1..)
            .take(tasks)
            .map(|task| self.whole_task(at(task), now))
            .collect();
        Ok(file)
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
            tasks: Vec::new(),
            whole: true,
        }
    }

    /// Makes a job out of a file. What the server owns (identifiers, states, times, owner) is ignored (stance A54), and so is what is no property.
    ///
    /// # Errors
    /// A value that its property does not take, or a type of task that does not fit; nothing was made then.
    pub(crate) fn create_job_from_file(
        &mut self,
        owner: &str,
        file: &SentFile,
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
        for task in &file.tasks {
            changes::<TaskProperty>(&settable::<TaskProperty>(&task.properties))?;
        }
        self.room_for_tasks(file.tasks.len())?;
        let held = self.held;
        let id = self.new_job(owner, now)?;
        let filled = self.fill(id, file, now);
        if let Err(fault) = filled {
            self.jobs.pop();
            self.held = held;
            return Err(fault);
        }
        self.held.tasks += self.job_ref(id).map_or(0, |job| job.tasks.len());
        self.apply(id, read, now);
        self.weigh_all(id);
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

    fn fill(&mut self, id: i32, file: &SentFile, now: Moment) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(id, now)?;
        set_variables(&mut job.variables, &file.variables, quirks)?;
        set_custom(&mut job.custom, &file.custom, quirks)?;
        if quirks.has(Quirk::JobFileLosesTasks) {
            return Ok(());
        }
        for sent in &file.tasks {
            let mut properties = settable::<TaskProperty>(&sent.properties);
            let is = |name: &str, value: &str| {
                sent.properties
                    .iter()
                    .any(|(n, v)| n.eq_ignore_ascii_case(name) && v.eq_ignore_ascii_case(value))
            };
            if is("IsParametric", "true") && !sent.properties.iter().any(|(name, _)| name == "Type")
            {
                properties.push(("Type".to_owned(), "ParametricSweep".to_owned()));
            }
            // Files name every property, also those that do not apply to the type of the task.
            if ["NodePrep", "NodeRelease", "Service"]
                .iter()
                .any(|kind| is("Type", kind))
            {
                properties.retain(|(name, _)| {
                    [
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
                    ]
                    .iter()
                    .any(|kept| kept.eq_ignore_ascii_case(name))
                });
            }
            let mut task = new_task(job, &properties, now)?;
            set_variables(&mut task.variables, &sent.variables, quirks)?;
            set_custom(&mut task.custom, &sent.custom, quirks)?;
            job.tasks.push(task);
        }
        Ok(())
    }
}

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
