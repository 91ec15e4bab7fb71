//! The list of the tasks of a job.

use super::{
    catalogue::{TASK_LIST_DEFAULT, TaskProperty},
    cursor::{Key, Rank},
    fault::Fault,
    filter::Listed,
    job::{Job, Task},
    list::{Ask, Page, Query, Row, Scope},
    picker::Picker,
    run::Run,
    scheduler::Scheduler,
    tasks::TaskRef,
};
use crate::hpc_pack::Quirk;
use crate::mock::Moment;

/// A list of tasks that is being made, in slices, so that nobody else waits long: a job may have 100,000 tasks, and as many
/// subtasks.
#[derive(Debug)]
pub(crate) struct TaskList {
    job: i32,
    query: Query<TaskProperty>,
    expand: bool,
    /// Where the search goes on: the place of a task, and how many of its subtasks are done.
    at: (usize, usize),
    picker: Picker,
    picked: Option<(Vec<Rank>, bool)>,
    rows: Vec<Row>,
}

impl Scheduler {
    /// Understands what is asked of the list of the tasks of a job; subtasks stand for their sweep once it is expanded
    /// (stance A60).
    ///
    /// # Errors
    /// No such job, an unknown property, a filter that does not read, a continuation that was not given here or is too old.
    pub(crate) fn task_list(
        &mut self,
        job: i32,
        ask: Ask<'_>,
        now: Moment,
    ) -> Result<TaskList, Fault> {
        let quirks = self.quirks;
        self.job_now(job, now)?;
        let scope = Scope {
            listed: Listed::Tasks,
            job,
        };
        let query = Query::read(ask, scope, TASK_LIST_DEFAULT, (self.secret, quirks), now)?;
        Ok(TaskList {
            job,
            expand: (query.expand || quirks.has(Quirk::SweepAlwaysExpanded))
                && !quirks.has(Quirk::SweepNotExpanded),
            at: (usize::from(quirks.has(Quirk::TaskMissing)), 0),
            picker: Picker::new(&query, quirks),
            picked: None,
            rows: Vec::new(),
            query,
        })
    }

    /// Does a slice of the work for a list of tasks; gives the page once it is whole.
    pub(crate) fn list_tasks(
        &self,
        list: &mut TaskList,
        now: Moment,
        steps: usize,
    ) -> Option<Page> {
        // A server that starts again in the middle has no tasks any more.
        if list.picked.is_none()
            && let Some(job) = self.job_ref(list.job)
            && !self.pick_tasks(list, job, now, steps)
        {
            return None;
        }
        let query = &list.query;
        if list.picked.is_none() {
            let blank = Picker::new(query, self.quirks);
            let picker = std::mem::replace(&mut list.picker, blank);
            list.picked = Some(picker.finish(query, self.quirks));
        }
        let picked = list.picked.as_ref()?;
        let rest = picked.0.iter().skip(list.rows.len());
        for rank in rest.take((steps / 8).max(1)) {
            let subtask = i32::try_from(rank.id & 0xFFFF_FFFF).ok();
            let at = TaskRef {
                job: list.job,
                task: i32::try_from(rank.id >> 32).unwrap_or(0),
                subtask: subtask.filter(|subtask| *subtask > 0),
            };
            list.rows.push(self.task_row(at, &query.columns, now));
        }
        if list.rows.len() < picked.0.len() {
            return None;
        }
        let rows = std::mem::take(&mut list.rows);
        Some(query.page(picked, rows, self.secret, now))
    }

    /// Looks at so many tasks and subtasks; tells whether all were looked at.
    fn pick_tasks(&self, list: &mut TaskList, job: &Job, now: Moment, steps: usize) -> bool {
        let TaskList {
            query, picker, at, ..
        } = list;
        let mut offer = |task: &Task, run: &Run, subtask: Option<i32>| {
            let seen = run.seen(job, now, subtask.is_none() && !task.instances.is_empty());
            if query.filter.passes(seen.state as i64, seen.changed) {
                let key = query.sort.map_or(Key::Nothing, |sort| {
                    Key::of(&self.task_value(job, task, (run, &seen, subtask), sort))
                });
                let id = (i64::from(task.id) << 32) | i64::from(subtask.unwrap_or(0));
                picker.offer(key, id);
            }
        };
        let mut left = steps;
        while let Some(task) = job.tasks.get(at.0) {
            let runs = if list.expand {
                &task.instances[..]
            } else {
                &[]
            };
            if at.1 == 0 && (runs.is_empty() || self.quirks.has(Quirk::SweepMasterListed)) {
                offer(task, &task.run, None);
            }
            let slice = runs.iter().skip(at.1).take(left.max(1));
            let first = i32::try_from(at.1 + 1).unwrap_or(i32::MAX);
            let mut done = 0;
            for (number, run) in (first..).zip(slice) {
                offer(task, run, Some(number));
                done += 1;
            }
            at.1 += done;
            if at.1 >= runs.len() {
                *at = (at.0 + 1, 0);
            }
            left = left.saturating_sub(done.max(1));
            if left == 0 {
                return at.0 >= job.tasks.len();
            }
        }
        true
    }
}
