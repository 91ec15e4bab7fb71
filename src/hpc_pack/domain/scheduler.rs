use super::{
    admission,
    cluster::Cluster,
    cursor::Secret,
    fault::Fault,
    job::{Job, Stop},
    plan::{self, Stage},
    planning::Planning,
    script::Script,
    state::JobState,
    validation::Validation,
    weight::{Held, Most, Weighed},
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::{Ids, Moment};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    sync::Arc,
    time::Duration,
};

/// From one step of a job to the next where nothing else sets the time.
pub(crate) const STEP: Duration = Duration::from_millis(20);

/// How many entries that stand for nothing the queue may hold beside one for each job.
const SPARE: usize = 1_000;

/// The scheduler: all jobs and the cluster that they run on. It is told the time with everything it is asked.
///
/// # Why
/// Every job moves on its own: tasks do not compete for cores, so that 100,000 jobs end as fast as one. What is due is kept
/// in a queue, never found by looking at all jobs; a job that is asked for is brought up to date by itself, so that nobody
/// waits for the others, unless it waits for them itself. Whatever takes long is done in slices ([`prepare`](Self::prepare)),
/// between which others get their turn.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(super) cluster: Cluster,
    pub(super) scripts: Vec<Script>,
    pub(super) quirks: Quirks,
    /// The place in the list plus one is the id.
    #[expect(
        clippy::vec_box,
        reason = "a list that grows moves pointers, not jobs, while others wait"
    )]
    pub(super) jobs: Vec<Box<Job>>,
    pub(super) secret: Secret,
    /// What running tasks get to end themselves when they are cancelled without force.
    pub(super) grace: Duration,
    pub(super) most: Most,
    pub(super) held: Held,
    queue: BinaryHeap<Reverse<(Moment, i32)>>,
    owners: HashSet<Arc<str>>,
}

/// What a scheduler is started with.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// Its nodes, groups and templates.
    pub(crate) cluster: Cluster,
    /// The user's table of commands.
    pub(crate) scripts: Vec<Script>,
    /// What is to go wrong.
    pub(crate) quirks: Quirks,
    /// What running tasks get to end themselves when they are cancelled without force.
    pub(crate) grace: Duration,
    /// How much there may be.
    pub(crate) most: Most,
}

impl Scheduler {
    /// A scheduler without jobs.
    pub(crate) fn new(setup: Setup, ids: &Ids) -> Self {
        Self {
            cluster: setup.cluster,
            scripts: setup.scripts,
            quirks: setup.quirks,
            jobs: Vec::new(),
            secret: Secret(ids.next()),
            grace: setup.grace,
            most: setup.most,
            held: Held::default(),
            queue: BinaryHeap::new(),
            owners: HashSet::new(),
        }
    }

    /// The nodes, groups and templates.
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Does what is due in its order, at most so many steps; tells whether nothing is left to do. To plan a run is a step.
    pub(crate) fn advance(&mut self, now: Moment, mut steps: usize) -> bool {
        self.advance_by(now, &mut steps)
    }

    fn advance_by(&mut self, now: Moment, steps: &mut usize) -> bool {
        while let Some(&Reverse((due, id))) = self.queue.peek() {
            if due > now {
                return true;
            }
            if *steps == 0 {
                return false;
            }
            self.queue.pop();
            // A job that was brought up to date by itself has left its old entry behind.
            match self.job_ref(id) {
                Some(job) if job.due == Some(due) && self.waits_for_open(job) => {
                    self.step(id, due, steps);
                    self.schedule(id);
                }
                Some(job) if job.due == Some(due) => {
                    self.run_to(id, now, steps);
                    self.schedule(id);
                }
                _ => *steps -= 1,
            }
        }
        true
    }

    /// Brings a job up to date with at most so many steps; tells whether it is.
    pub(crate) fn prepare(&mut self, id: i32, now: Moment, mut steps: usize) -> bool {
        self.settle_by(id, now, &mut steps)
    }

    /// Brings one job up to date.
    pub(super) fn settle(&mut self, id: i32, now: Moment) {
        let mut all = usize::MAX;
        self.settle_by(id, now, &mut all);
    }

    /// Brings a job up to date with so many steps, which it counts down; tells whether it is.
    pub(super) fn settle_by(&mut self, id: i32, now: Moment, steps: &mut usize) -> bool {
        if !self.rework_on(id, steps) {
            return false;
        }
        let Some(job) = self.job_ref(id) else {
            return true;
        };
        if self.waits_for_open(job) {
            // When it goes on depends on others, and on those that these wait for.
            return self.advance_by(now, steps);
        }
        let before = job.due;
        self.run_to(id, now, steps);
        let after = self.job_ref(id).and_then(|job| job.due);
        if before != after {
            self.schedule(id);
        }
        after.is_none_or(|due| due > now)
    }

    /// Whether a job waits for others that are not at their end.
    fn waits_for_open(&self, job: &Job) -> bool {
        let is_open = |id| self.job_ref(id).is_some_and(|job| !job.state.is_final());
        job.state < JobState::Running && job.parents().any(is_open)
    }

    /// Takes those steps of a job that are due, as many as may be.
    fn run_to(&mut self, id: i32, now: Moment, steps: &mut usize) {
        let due = |scheduler: &Self| scheduler.job_ref(id)?.due.filter(|due| *due <= now);
        while let Some(due) = due(self).filter(|_| *steps > 0) {
            self.step(id, due, steps);
        }
    }

    /// How many entries the queue has.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Puts a job into the queue for its next step.
    pub(super) fn schedule(&mut self, id: i32) {
        let Some(due) = self.job_ref(id).and_then(|job| job.due) else {
            return;
        };
        self.queue.push(Reverse((due, id)));
        if self.queue.len() > 2 * self.jobs.len() + SPARE {
            // Jobs that were planned anew again and again have left entries far ahead.
            let mut queue = std::mem::take(&mut self.queue).into_vec();
            queue.retain(|Reverse((due, id))| {
                self.job_ref(*id).is_some_and(|job| job.due == Some(*due))
            });
            queue.sort_unstable();
            queue.dedup();
            self.queue = queue.into();
        }
    }

    /// The job of that id.
    pub(super) fn job_ref(&self, id: i32) -> Option<&Job> {
        self.jobs.get(place(id)?).map(|job| &**job)
    }

    /// The job of that id, to be changed.
    pub(super) fn job_mut(&mut self, id: i32) -> Option<&mut Job> {
        self.jobs.get_mut(place(id)?).map(|job| &mut **job)
    }

    /// The job of that id, up to date.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn job_now(&mut self, id: i32, now: Moment) -> Result<&mut Job, Fault> {
        self.settle(id, now);
        self.job_mut(id).ok_or(Fault::UnknownJob)
    }

    /// The job of that id with all that it takes to plan it.
    pub(super) fn staged(&mut self, id: i32) -> Option<(&mut Job, Stage<'_>)> {
        let job = self.jobs.get_mut(place(id)?)?;
        let stage = Stage {
            cluster: &self.cluster,
            scripts: &self.scripts,
            quirks: self.quirks,
        };
        Some((job, stage))
    }

    /// A name that is kept once, however many jobs bear it.
    pub(super) fn owner(&mut self, name: &str) -> Arc<str> {
        if let Some(owner) = self.owners.get(name) {
            return Arc::clone(owner);
        }
        let owner: Arc<str> = name.into();
        self.owners.insert(Arc::clone(&owner));
        owner
    }

    /// Goes on with the plan of a job for at most so many runs.
    pub(super) fn plan_on(&mut self, id: i32, runs: &mut usize) {
        let mut weighed = Weighed::default();
        if let Some((job, stage)) = self.staged(id)
            && let Some(mut planning) = job.planning.take()
            && !planning.go(job, stage, runs, &mut weighed)
        {
            job.planning = Some(planning);
        }
        self.change(weighed);
    }

    /// Goes on with the validation of a job for at most so many tasks; once it is done, tells why the job cannot run, if so.
    fn validate_on(&mut self, id: i32, steps: &mut usize) -> Option<Result<(), String>> {
        let (job, stage) = self.staged(id)?;
        let mut validation = match job.validation.take() {
            Some(validation) => validation,
            None => Box::new(Validation::new(job)),
        };
        let Some(found) = validation.go(job, stage.cluster, steps) else {
            job.validation = Some(validation);
            return None;
        };
        Some(found.and_then(|sweeps| self.reserve(id, sweeps)))
    }

    /// The next step of a job (section 6 of the contract), or a part of it; counts it down, and the tasks and runs that are
    /// looked at.
    fn step(&mut self, id: i32, at: Moment, steps: &mut usize) {
        if !self.rework_on(id, steps) {
            return;
        }
        if self.job_ref(id).is_some_and(|job| job.planning.is_some()) {
            return self.plan_on(id, steps);
        }
        let validates = self.job_ref(id).is_some_and(|job| {
            matches!(
                job.state,
                JobState::Validating | JobState::ExternalValidation
            )
        });
        let mut valid = Ok(());
        if validates {
            match self.validate_on(id, steps) {
                Some(found) => valid = found,
                None => return,
            }
        }
        *steps = steps.saturating_sub(1);
        let waits = self.waits_for(id);
        let full = self.room_for(1).is_err();
        let Some((job, stage)) = self.staged(id) else {
            return;
        };
        job.due = None;
        let runs = matches!(job.state, JobState::Queued | JobState::Running);
        match job.state {
            JobState::Submitted => {
                job.go(JobState::Validating, at);
                job.due = Some(at.after(STEP));
            }
            JobState::Validating | JobState::ExternalValidation => match valid {
                Err(why) => {
                    job.error = Some(why.into());
                    job.go(JobState::Failed, at);
                }
                Ok(()) => {
                    job.go(JobState::Queued, at);
                    job.queued = Some(at);
                    job.due = Some(at.after(STEP));
                }
            },
            JobState::Queued => match waits {
                Wait::Until(moment) if moment > at => job.due = Some(moment),
                Wait::For => {}
                Wait::Broken => {
                    job.error = Some("A job that it depends on did not finish.".into());
                    job.go(JobState::Failed, at);
                }
                Wait::Until(_) if full => {
                    job.error =
                        Some("The head node has no room for what the job would print.".into());
                    job.go(JobState::Failed, at);
                }
                Wait::Until(_) => {
                    job.nodes = admission::allocation(job, stage.cluster);
                    job.started = Some(at);
                    job.go(JobState::Running, at);
                    job.planning = Some(Box::new(Planning::new(job, at)));
                    job.due = Some(at);
                }
            },
            JobState::Running => {
                let goal = job.goal.clone();
                job.error = goal.why.map(Into::into);
                if goal.stops {
                    let why = goal.why.unwrap_or_default().into();
                    job.stop = Some(Box::new(Stop { at, until: at, why }));
                }
                let ending = if goal.end == Some(JobState::Canceled) {
                    JobState::Canceling
                } else {
                    JobState::Finishing
                };
                job.go(ending, at);
                job.due = Some(plan::release(job, stage, at).after(STEP));
            }
            JobState::Finishing => {
                let end = job.goal.end.unwrap_or(JobState::Finished);
                job.go(end, at);
            }
            JobState::Canceling => job.go(JobState::Canceled, at),
            JobState::Configuring | JobState::Finished | JobState::Failed | JobState::Canceled => {}
        }
        self.touched(id);
        let ended = self.job_ref(id).is_some_and(|job| job.state.is_final());
        if runs || ended {
            self.weigh_end(id);
        }
        if ended {
            self.wake_children(id, at);
        }
    }

    /// Lets those wait no longer that waited for a job.
    pub(super) fn wake_children(&mut self, id: i32, at: Moment) {
        let children = self
            .job_ref(id)
            .map(|job| job.children.clone())
            .unwrap_or_default();
        for child in children {
            let waits = self
                .job_ref(child)
                .is_some_and(|job| job.state == JobState::Queued && job.due.is_none());
            if waits && !matches!(self.waits_for(child), Wait::For) {
                if let Some(job) = self.job_mut(child) {
                    job.due = Some(at.after(STEP));
                }
                self.schedule(child);
            }
        }
    }

    fn touched(&mut self, id: i32) {
        if self.quirks.has(Quirk::ChangeTimeStands)
            && let Some(job) = self.job_mut(id)
        {
            job.changed = job.created;
        }
    }

    /// What a queued job waits for: a moment, or other jobs.
    fn waits_for(&self, id: i32) -> Wait {
        let Some(job) = self.job_ref(id).filter(|job| job.state == JobState::Queued) else {
            return Wait::Until(Moment(0));
        };
        let states: Vec<_> = job
            .parents()
            .filter_map(|id| self.job_ref(id))
            .map(|parent| parent.state)
            .collect();
        if states.iter().any(|state| !state.is_final()) {
            return Wait::For;
        }
        if states.iter().any(|state| *state != JobState::Finished) {
            return Wait::Broken;
        }
        match job.bag.get(super::catalogue::JobProperty::HoldUntil) {
            super::value::Value::Time(Some(moment)) => Wait::Until(*moment),
            _ => Wait::Until(Moment(0)),
        }
    }
}

/// What a queued job waits for.
enum Wait {
    /// That moment.
    Until(Moment),
    /// Other jobs.
    For,
    /// Nothing any more: a job that it needed has not finished.
    Broken,
}

fn place(id: i32) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}
