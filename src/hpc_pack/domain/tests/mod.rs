//! The scheduler asked as a wire would ask it, with time that the tests move.

mod facts;
mod lifecycle;
mod listing;
mod model;
mod slices;
mod tasks;

use super::{Cluster, Scheduler, Setup, TaskRef, Value};
use crate::hpc_pack::Quirks;
use crate::mock::{Clock, Ids, Moment};
use std::time::Duration;

/// A scheduler and its time.
pub(super) struct Bench {
    pub(super) scheduler: Scheduler,
    pub(super) now: Moment,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(Quirks::default())
    }

    /// With that quirk switched on.
    pub(super) fn with(quirk: &str) -> Self {
        Self::of(Quirks::read(&[quirk.to_owned()]).unwrap())
    }

    fn of(quirks: Quirks) -> Self {
        let setup = Setup {
            cluster: Cluster::default(),
            scripts: Vec::new(),
            quirks,
            grace: Duration::from_millis(100),
            ..Setup::default()
        };
        Self {
            scheduler: Scheduler::new(setup, &Ids::seeded(1)),
            now: Clock::START,
        }
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    /// A job with tasks of these command lines, not submitted.
    pub(super) fn job(&mut self, commands: &[&str]) -> i32 {
        let id = self.scheduler.create_job("HPC\\me", &[], self.now).unwrap();
        for command in commands {
            self.task(id, &[("CommandLine", command)]);
        }
        id
    }

    pub(super) fn task(&mut self, job: i32, properties: &[(&str, &str)]) -> i32 {
        self.scheduler
            .add_task(job, &sent(properties), self.now)
            .unwrap()
    }

    pub(super) fn submit(&mut self, job: i32) {
        self.scheduler.submit_job(job, &[], self.now).unwrap();
    }

    /// The value of a property of a job, as it is written.
    pub(super) fn of_job(&mut self, job: i32, name: &str) -> String {
        let row = self.scheduler.job(job, Some(name), self.now).unwrap();
        row[0].1.written().into_owned()
    }

    /// The value of a property of a task or subtask, as it is written.
    pub(super) fn of_task(
        &mut self,
        job: i32,
        task: i32,
        subtask: impl Into<Option<i32>>,
        name: &str,
    ) -> String {
        let at = TaskRef {
            job,
            task,
            subtask: subtask.into(),
        };
        let row = self.scheduler.task(at, Some(name), self.now).unwrap();
        row[0].1.written().into_owned()
    }
}

pub(super) fn sent(properties: &[(&str, &str)]) -> Vec<(String, String)> {
    properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn of_row(row: &[(&'static str, Value)], name: &str) -> String {
    let found = row.iter().find(|(known, _)| *known == name);
    found.map_or_else(
        || panic!("no {name}"),
        |(_, value)| value.written().into_owned(),
    )
}
