//! In which order the tasks of a job come. Found in slices: a job has up to 100,000 tasks.

use super::{
    catalogue::TaskProperty,
    job::{Job, Task},
    state::TaskType,
    value::items,
};
use std::{collections::HashMap, vec};

/// The tasks in an order in which each comes behind those it depends on, as far as it is found.
///
/// # Why
/// Tasks of one name are waited for together. Pairs of tasks would be many more than there are names: 50,000 tasks may
/// wait for 50,000 others by one name.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// How many tasks there were when it was begun. Those that are added later are not submitted, so nothing waits for them.
    count: usize,
    phase: Phase,
    /// Where the phase is: a place in the list of the tasks, or of those in order.
    at: usize,
    /// The groups by name.
    names: HashMap<String, usize>,
    groups: Vec<Group>,
    /// The group of each task.
    own: Vec<usize>,
    /// How many groups each task waits for.
    waits: Vec<usize>,
    /// Those in order, as places in the list of the tasks.
    ready: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Does any task wait for others?
    Look,
    /// Which tasks have one name?
    Name,
    /// Who waits for whom?
    Follow,
    Sort,
    Done,
}

/// The tasks of one name.
#[derive(Clone, Debug, Default)]
struct Group {
    /// How many of them are not in order yet.
    left: usize,
    /// Who waits for all of them, as places in the list of the tasks.
    followers: Vec<usize>,
}

impl Order {
    /// Of which nothing is found yet.
    pub(super) fn new(job: &Job) -> Self {
        Self {
            count: job.tasks.len(),
            phase: Phase::Look,
            at: 0,
            names: HashMap::new(),
            groups: Vec::new(),
            own: Vec::new(),
            waits: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// Looks at so many tasks at most, and counts them down; tells whether all that there is to find is found.
    pub(super) fn go(&mut self, job: &Job, steps: &mut usize) -> bool {
        self.go_to(Phase::Done, job, steps)
    }

    /// The same until it is known what the names are that tasks wait for.
    pub(super) fn find_names(&mut self, job: &Job, steps: &mut usize) -> bool {
        self.go_to(Phase::Follow, job, steps)
    }

    /// Whether any task waits for others.
    pub(super) fn depends(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether a task has that name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_lowercase())
    }

    /// Whether tasks wait for one another in a circle, so that there is no order.
    pub(super) fn is_circle(&self) -> bool {
        self.depends() && self.ready.len() < self.count
    }

    /// The places of the tasks in order; nothing where there is none.
    fn places(self) -> Vec<usize> {
        match (self.depends(), self.is_circle()) {
            (_, true) => Vec::new(),
            (true, false) => self.ready,
            (false, false) => (0..self.count).collect(),
        }
    }

    fn go_to(&mut self, phase: Phase, job: &Job, steps: &mut usize) -> bool {
        while (self.phase as u8) < phase as u8 {
            if *steps == 0 {
                return false;
            }
            let task = job.tasks.get(self.at).filter(|_| self.at < self.count);
            *steps -= usize::from(task.is_some());
            match (self.phase, task) {
                (Phase::Look, Some(task)) if waits_for(task).next().is_some() => {
                    self.begin(Phase::Name);
                }
                (Phase::Look, Some(_)) => self.at += 1,
                (Phase::Look, None) | (Phase::Done, _) => self.phase = Phase::Done,
                (Phase::Name, Some(task)) => self.name(task),
                (Phase::Name, None) => self.begin(Phase::Follow),
                (Phase::Follow, Some(task)) => self.follow(task),
                (Phase::Follow, None) => self.begin(Phase::Sort),
                (Phase::Sort, _) => *steps = steps.saturating_sub(self.sort()),
            }
        }
        true
    }

    fn begin(&mut self, phase: Phase) {
        (self.phase, self.at) = (phase, 0);
    }

    fn name(&mut self, task: &Task) {
        let next = self.groups.len();
        let group = *self.names.entry(name_of(task)).or_insert(next);
        if group == next {
            self.groups.push(Group::default());
        }
        self.groups[group].left += 1;
        self.own.push(group);
        self.at += 1;
    }

    fn follow(&mut self, task: &Task) {
        let mut waits = 0;
        for name in waits_for(task) {
            if let Some(group) = self.names.get(&name.to_lowercase()) {
                self.groups[*group].followers.push(self.at);
                waits += 1;
            }
        }
        self.waits.push(waits);
        if waits == 0 {
            self.ready.push(self.at);
        }
        self.at += 1;
    }

    /// Takes the next task that nothing is left to wait for; tells how many waited for it.
    fn sort(&mut self) -> usize {
        let Some(place) = self.ready.get(self.at) else {
            self.phase = Phase::Done;
            return 0;
        };
        self.at += 1;
        let group = &mut self.groups[self.own[*place]];
        group.left -= 1;
        if group.left > 0 {
            return 0;
        }
        for &follower in &group.followers {
            self.waits[follower] -= 1;
            if self.waits[follower] == 0 {
                self.ready.push(follower);
            }
        }
        group.followers.len()
    }
}

/// The names that a task waits for.
pub(super) fn waits_for(task: &Task) -> impl Iterator<Item = &str> {
    items(task.bag.get(TaskProperty::DependsOn).as_text())
}

/// The name by which others wait for a task.
pub(super) fn name_of(task: &Task) -> String {
    task.bag.get(TaskProperty::Name).as_text().to_lowercase()
}

/// The tasks in the order in which they are planned, as far as it is found: node preparation first, and node release not at all.
#[derive(Clone, Debug)]
pub(super) struct Places {
    order: Order,
    /// Those in order that were not looked at yet.
    found: Option<vec::IntoIter<usize>>,
    first: Vec<usize>,
    rest: Vec<usize>,
}

impl Places {
    /// Of which nothing is found yet.
    pub(super) fn new(job: &Job) -> Self {
        Self {
            order: Order::new(job),
            found: None,
            first: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// Whether any task waits for others.
    pub(super) fn depends(&self) -> bool {
        self.order.depends()
    }

    /// Looks at so many tasks at most, and counts them down; gives the places once all are found.
    pub(super) fn go(&mut self, job: &Job, steps: &mut usize) -> Option<Vec<usize>> {
        if !self.order.go(job, steps) {
            return None;
        }
        let order = &self.order;
        let found = self
            .found
            .get_or_insert_with(|| order.clone().places().into_iter());
        while *steps > 0 {
            let Some(at) = found.next() else {
                self.first.sort_unstable();
                self.first.append(&mut self.rest);
                return Some(std::mem::take(&mut self.first));
            };
            *steps -= 1;
            match job.tasks[at].kind() {
                TaskType::NodePrep => self.first.push(at),
                TaskType::NodeRelease => {}
                _ => self.rest.push(at),
            }
        }
        None
    }
}
