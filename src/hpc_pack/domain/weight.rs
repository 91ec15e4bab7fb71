//! What jobs and tasks hold, and how much there may be of it.

use super::{
    bag::Pairs,
    fault::Fault,
    job::{Job, Task},
    run::{Base, Course, Run},
    scheduler::Scheduler,
    state::TaskType,
    validation::Sweep,
};

/// How much there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    /// Jobs.
    pub(crate) jobs: usize,
    /// Tasks of all jobs.
    pub(crate) tasks: usize,
    /// Subtasks of all jobs.
    pub(crate) subtasks: usize,
    /// Bytes of all jobs, tasks and subtasks.
    pub(crate) bytes: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self {
            jobs: usize::MAX,
            tasks: usize::MAX,
            subtasks: usize::MAX,
            bytes: usize::MAX,
        }
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Tasks of all jobs.
    pub(crate) tasks: usize,
    /// Subtasks of all jobs, those included that a job will have which is to run.
    pub(crate) subtasks: usize,
    /// Bytes of all jobs, tasks and subtasks, about.
    pub(crate) bytes: usize,
}

/// What a job, a task or a subtask was found to hold when it was looked at last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weight {
    bytes: usize,
    subtasks: usize,
    /// Of a task, the bytes of its subtasks as they were counted last: there are too many to look at them each time.
    pub(super) runs: usize,
}

/// What tasks weighed before, and what they weigh now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weighed {
    before: Weight,
    now: Weight,
}

impl Weighed {
    /// Weighs a task anew; `over` says that its job is at its end, so that no subtask is to come.
    pub(super) fn task(&mut self, task: &mut Task, over: bool) {
        let reserved = if over { 0 } else { task.weight.subtasks };
        let runs = task.weight.runs;
        let now = Weight {
            bytes: size_of::<Task>()
                + task.bag.size()
                + pairs(&task.variables)
                + pairs(&task.custom)
                + run(&task.run)
                + runs,
            subtasks: match task.instances.len() {
                0 => reserved,
                count => count,
            },
            runs,
        };
        let before = std::mem::replace(&mut task.weight, now);
        self.before.bytes += before.bytes;
        self.before.subtasks += before.subtasks;
        self.now.bytes += now.bytes;
        self.now.subtasks += now.subtasks;
    }
}

impl Scheduler {
    /// What is held.
    #[cfg(test)]
    pub(crate) fn held(&self) -> Held {
        self.held
    }

    /// Whether a request that brings so many bytes may add to what is held: these, and a job or task. What it adds in the end is
    /// weighed when it is there.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn room_for(&self, bytes: usize) -> Result<(), Fault> {
        let more = bytes.saturating_add(size_of::<Job>().max(size_of::<Task>()));
        if self.held.bytes.saturating_add(more) > self.most.bytes {
            return Err(Fault::Full("bytes of jobs and tasks"));
        }
        Ok(())
    }

    /// Whether there may be one job more.
    pub(super) fn room_for_job(&self) -> Result<(), Fault> {
        if self.jobs.len() >= self.most.jobs {
            return Err(Fault::Full("jobs"));
        }
        Ok(())
    }

    /// Whether there may be so many tasks more.
    pub(super) fn room_for_tasks(&self, tasks: usize) -> Result<(), Fault> {
        if self.held.tasks.saturating_add(tasks) > self.most.tasks {
            return Err(Fault::Full("tasks"));
        }
        Ok(())
    }

    /// Takes the subtasks that a job will have by these sweeps, so that no other job takes their room.
    ///
    /// # Errors
    /// Why it cannot have them.
    pub(super) fn reserve(&mut self, id: i32, mut sweeps: Vec<Sweep>) -> Result<(), String> {
        let (held, most) = (self.held.subtasks, self.most.subtasks);
        let Some(job) = self.job_mut(id) else {
            return Ok(());
        };
        sweeps.retain(|(at, _)| {
            let task = &job.tasks[*at];
            task.instances.is_empty() && task.weight.subtasks == 0
        });
        let more: usize = sweeps.iter().map(|(_, size)| size).sum();
        if more > 0 && held.saturating_add(more) > most {
            return Err(format!(
                "The job would have {more} subtasks, and of {most} that all jobs may have together {held} are there."
            ));
        }
        for (at, size) in sweeps {
            job.tasks[at].weight.subtasks = size;
        }
        self.held.subtasks += more;
        Ok(())
    }

    /// Weighs what a job holds besides its tasks.
    pub(super) fn weigh_job(&mut self, id: i32) {
        let Some(job) = self.job_mut(id) else { return };
        let now = own(job);
        let before = std::mem::replace(&mut job.weight.bytes, now);
        self.held.bytes = (self.held.bytes + now).saturating_sub(before);
    }

    /// Weighs one task.
    pub(super) fn weigh_task(&mut self, id: i32, task: i32) {
        let Some(job) = self.job_mut(id) else { return };
        let over = job.state.is_final();
        let place = super::tasks::index(task);
        let Some(task) = job.tasks.get_mut(place) else {
            return;
        };
        let mut weighed = Weighed::default();
        weighed.task(task, over);
        self.change(weighed);
    }

    /// Weighs a job with all that it has.
    pub(super) fn weigh_all(&mut self, id: i32) {
        self.weigh_job(id);
        let Some(job) = self.job_mut(id) else { return };
        let over = job.state.is_final();
        let mut weighed = Weighed::default();
        for task in &mut job.tasks {
            weighed.task(task, over);
        }
        self.change(weighed);
    }

    /// Weighs a job that ends, and of its tasks those that change with that: what runs now, and what keeps room for subtasks.
    pub(super) fn weigh_end(&mut self, id: i32) {
        self.weigh_job(id);
        let Some(job) = self.job_mut(id) else { return };
        let over = job.state.is_final();
        let mut weighed = Weighed::default();
        for task in &mut job.tasks {
            let reserves = task.instances.is_empty() && task.weight.subtasks > 0;
            if reserves || task.kind() == TaskType::NodeRelease {
                weighed.task(task, over);
            }
        }
        self.change(weighed);
    }

    pub(super) fn change(&mut self, Weighed { before, now }: Weighed) {
        self.held.bytes = (self.held.bytes + now.bytes).saturating_sub(before.bytes);
        self.held.subtasks = (self.held.subtasks + now.subtasks).saturating_sub(before.subtasks);
    }
}

fn own(job: &Job) -> usize {
    let texts = [&job.error, &job.password];
    size_of::<Job>()
        + job.bag.size()
        + pairs(&job.variables)
        + pairs(&job.custom)
        + texts
            .into_iter()
            .flatten()
            .map(|text| text.len())
            .sum::<usize>()
        + job.stop.as_ref().map_or(0, |stop| stop.why.len())
        + job.children.capacity() * size_of::<i32>()
        + job.nodes.len() * size_of::<u16>()
}

fn pairs(pairs: &Pairs) -> usize {
    pairs
        .iter()
        .map(|(name, value)| {
            size_of_val(&**name) + size_of_val(&**value) + 2 * size_of::<Box<str>>()
        })
        .sum()
}

/// The bytes of one run.
pub(super) fn run(run: &Run) -> usize {
    let course = run.course.as_ref().map_or(0, |course| {
        size_of::<Course>() + course.output.len() + course.error.as_ref().map_or(0, |why| why.len())
    });
    let over = match &run.base {
        Base::Over(over) => size_of_val(&**over) + over.error.as_ref().map_or(0, |why| why.len()),
        Base::Configuring(..) | Base::Going => 0,
    };
    size_of::<Run>() + course + over
}
