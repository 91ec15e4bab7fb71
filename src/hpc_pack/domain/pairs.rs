//! Environment variables and custom properties: names and values without a catalogue.

use super::{
    bag::{Pairs, look_up, merge},
    fault::{CUSTOM_NAME, CUSTOM_VALUE, Fault, VARIABLES},
    jobs::Sent,
    scheduler::Scheduler,
    tasks::{TaskRef, find, index},
    value::items,
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;

impl Scheduler {
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
        self.weigh_job(id);
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
        self.weigh_job(id);
        Ok(())
    }

    /// The environment variables of a task: those named, a missing one with an empty value, or all.
    ///
    /// # Errors
    /// No such task.
    pub(crate) fn task_variables(
        &mut self,
        at: TaskRef,
        names: Option<&str>,
        now: Moment,
    ) -> Result<Vec<(String, String)>, Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        Ok(variables_named(&find(job, at)?.0.variables, names, quirks))
    }

    /// The custom properties of a task: those of the names that there are, or all.
    ///
    /// # Errors
    /// No such task.
    pub(crate) fn task_custom(
        &mut self,
        at: TaskRef,
        names: Option<&str>,
        now: Moment,
    ) -> Result<Vec<(String, String)>, Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        Ok(custom_named(&find(job, at)?.0.custom, names, quirks))
    }

    /// Sets environment variables of a task; an empty value takes one out.
    ///
    /// # Errors
    /// No such task, or too many characters.
    pub(crate) fn set_task_variables(
        &mut self,
        at: TaskRef,
        sent: &Sent,
        now: Moment,
    ) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        find(job, at)?;
        set_variables(&mut job.tasks[index(at.task)].variables, sent, quirks)?;
        self.weigh_task(at.job, at.task);
        Ok(())
    }

    /// Sets custom properties of a task; an empty value takes one out.
    ///
    /// # Errors
    /// No such task, or a name or value that is too long.
    pub(crate) fn set_task_custom(
        &mut self,
        at: TaskRef,
        sent: &Sent,
        now: Moment,
    ) -> Result<(), Fault> {
        let quirks = self.quirks;
        let job = self.job_now(at.job, now)?;
        find(job, at)?;
        set_custom(&mut job.tasks[index(at.task)].custom, sent, quirks)?;
        self.weigh_task(at.job, at.task);
        Ok(())
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
