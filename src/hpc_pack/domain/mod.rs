//! The scheduler: jobs, tasks, subtasks, nodes, and how time moves them.
//!
//! In: what is asked, as values, with the moment at which it is asked. Out: values, or a [`Fault`]. It must not know HTTP, XML
//! or JSON bodies, so that a second wire can be put on it. No command is ever executed.

mod admission;
mod bag;
mod catalogue;
mod cluster;
mod command;
mod cursor;
mod endings;
mod environment;
mod fault;
mod filter;
mod job;
mod job_file;
mod jobs;
mod list;
mod lists;
mod order;
mod pairs;
mod picker;
mod plan;
mod planning;
mod rework;
mod run;
mod scheduler;
mod script;
mod state;
mod task_list;
mod tasks;
#[cfg(test)]
mod tests;
mod time;
mod validation;
mod value;
mod weight;

pub(crate) use cluster::Cluster;
pub(crate) use fault::Fault;
pub(crate) use job_file::{Draft, File, SentFile};
pub(crate) use list::{Ask, Page, Row};
pub(crate) use lists::JobList;
pub(crate) use scheduler::{Scheduler, Setup};
pub(crate) use script::Script;
pub(crate) use state::{JobState, TaskState};
pub(crate) use task_list::TaskList;
pub(crate) use tasks::TaskRef;
pub(crate) use value::Value;
pub(crate) use weight::Most;
