//! Whether a job can run: what it asks of the cluster, and whether its tasks fit together. Found in slices.

use super::{
    admission::{SWEEP, job_objection, sweep_size},
    catalogue::TaskProperty,
    cluster::Cluster,
    job::{Job, Task},
    order::{Order, waits_for},
    state::TaskType,
    value::items,
};

/// The validation of a job as far as it is done.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    /// Whether the job itself was looked at.
    begun: bool,
    order: Order,
    /// The next task.
    at: usize,
    sweeps: Vec<Sweep>,
    /// The subtasks of all of them.
    subtasks: i64,
}

/// A sweep: the place of its task, and how many subtasks it has.
pub(super) type Sweep = (usize, usize);

impl Validation {
    /// Of which nothing is done yet.
    pub(super) fn new(job: &Job) -> Self {
        Self {
            begun: false,
            order: Order::new(job),
            at: 0,
            sweeps: Vec::new(),
            subtasks: 0,
        }
    }

    /// Looks at so many tasks at most, and counts them down; once all are looked at, gives the sweeps, or why the job cannot
    /// run, for `ErrorMessage`.
    pub(super) fn go(
        &mut self,
        job: &Job,
        cluster: &Cluster,
        steps: &mut usize,
    ) -> Option<Result<Vec<Sweep>, String>> {
        if !self.begun {
            self.begun = true;
            if let Some(why) = job_objection(job, cluster) {
                return Some(Err(why));
            }
        }
        if !self.order.find_names(job, steps) {
            return None;
        }
        while let Some(task) = job.tasks.get(self.at) {
            *steps = steps.checked_sub(1)?;
            if let Some(why) = self.task_objection(task, cluster) {
                return Some(Err(format!("Task {}: {why}", task.id)));
            }
            self.at += 1;
        }
        if self.subtasks > SWEEP {
            let subtasks = self.subtasks;
            return Some(Err(format!(
                "The sweeps of the job have {subtasks} subtasks together, and {SWEEP} are taken."
            )));
        }
        if !self.order.go(job, steps) {
            return None;
        }
        Some(if self.order.is_circle() {
            Err("Tasks depend on one another in a circle.".to_owned())
        } else {
            Ok(std::mem::take(&mut self.sweeps))
        })
    }

    fn task_objection(&mut self, task: &Task, cluster: &Cluster) -> Option<String> {
        let text = |property| task.bag.get(property).as_text();
        if text(TaskProperty::CommandLine).trim().is_empty() {
            return Some("it has no command line.".to_owned());
        }
        for name in items(text(TaskProperty::RequiredNodes)) {
            if cluster.node(name).is_none() {
                return Some(format!("the required node {name} does not exist."));
            }
        }
        for name in waits_for(task) {
            if !self.order.knows(name) {
                return Some(format!("there is no task {name} to depend on."));
            }
        }
        if task.kind() != TaskType::ParametricSweep {
            return None;
        }
        let Some(size) = sweep_size(task) else {
            return Some(format!(
                "its values do not lead from start to end in at most {SWEEP} steps."
            ));
        };
        self.subtasks += i64::from(size);
        self.sweeps
            .push((self.at, usize::try_from(size).unwrap_or(0)));
        None
    }
}
