//! The lists of jobs and nodes.

use super::{
    catalogue::{Catalogue, JOB_LIST_DEFAULT, JobProperty, NodeProperty},
    cursor::{Key, Rank},
    fault::Fault,
    filter::Listed,
    list::{Ask, Page, Query, Row, Scope},
    picker::Picker,
    scheduler::Scheduler,
    value::Value,
};
use crate::hpc_pack::Quirk;
use crate::mock::Moment;

/// A list of jobs that is being made, in slices, so that nobody else waits long.
#[derive(Debug)]
pub(crate) struct JobList {
    query: Query<JobProperty>,
    /// Where the search goes on, as a place in the list of all jobs.
    at: usize,
    picker: Picker,
    picked: Option<(Vec<Rank>, bool)>,
    rows: Vec<Row>,
}

impl Scheduler {
    /// Understands what is asked of the list of jobs.
    ///
    /// # Errors
    /// An unknown property, a filter that does not read, a continuation that was not given here or is too old.
    pub(crate) fn job_list(&self, ask: Ask<'_>, now: Moment) -> Result<JobList, Fault> {
        let scope = Scope {
            listed: Listed::Jobs,
            job: 0,
        };
        let query = Query::read(
            ask,
            scope,
            JOB_LIST_DEFAULT,
            (self.secret, self.quirks),
            now,
        )?;
        // By identifier, the search can begin behind the last row.
        let at = match &query.after {
            Some(after) if query.sort.is_none() && !self.quirks.has(Quirk::SortDescends) => {
                usize::try_from(after.id)
                    .unwrap_or(usize::MAX)
                    .saturating_sub(1)
            }
            _ => 0,
        };
        let picker = Picker::new(&query, self.quirks);
        Ok(JobList {
            query,
            at,
            picker,
            picked: None,
            rows: Vec::new(),
        })
    }

    /// Does a slice of the work for a list of jobs; gives the page once it is whole.
    pub(crate) fn list_jobs(
        &mut self,
        list: &mut JobList,
        now: Moment,
        steps: usize,
    ) -> Option<Page> {
        let query = &list.query;
        let by_id = query.sort.is_none() && !self.quirks.has(Quirk::SortDescends);
        let plain = by_id && query.filter == Default::default();
        // Only who asks for states needs to have everybody's; others bring up to date what they show.
        if !plain && !self.advance(now, steps / 4) {
            return None;
        }
        if list.picked.is_none() {
            let end = list.at.saturating_add(steps * 4).min(self.jobs.len());
            for job in self.jobs.get(list.at..end).unwrap_or_default() {
                if by_id && list.picker.is_full() {
                    list.at = self.jobs.len();
                    break;
                }
                let hidden = job.id == 1 && self.quirks.has(Quirk::JobMissing);
                let owned = !hidden
                    && query
                        .owner
                        .as_ref()
                        .is_none_or(|owner| job.owner.to_lowercase() == *owner);
                if owned && query.filter.passes(job.state as i64, job.changed) {
                    let key = query.sort.map_or(Key::Nothing, |sort| {
                        Key::of(&job.value(sort, &|places| self.node_names(places)))
                    });
                    list.picker.offer(key, i64::from(job.id));
                }
            }
            list.at = list.at.max(end);
            if list.at < self.jobs.len() {
                return None;
            }
            let blank = Picker::new(query, self.quirks);
            let picker = std::mem::replace(&mut list.picker, blank);
            list.picked = Some(picker.finish(query, self.quirks));
        }
        let picked = list.picked.as_ref()?;
        let mut left = steps;
        let rest = picked.0.iter().skip(list.rows.len());
        for rank in rest.take((steps / 8).max(1)) {
            let id = i32::try_from(rank.id).unwrap_or(0);
            // One job may have more to do than others can be made to wait for.
            if !self.settle_by(id, now, &mut left) {
                return None;
            }
            list.rows.push(self.job_row(id, &query.columns));
        }
        if list.rows.len() < picked.0.len() {
            return None;
        }
        let rows = std::mem::take(&mut list.rows);
        Some(query.page(picked, rows, self.secret, now))
    }

    /// The list of the nodes.
    ///
    /// # Errors
    /// As for jobs.
    pub(crate) fn list_nodes(&self, ask: Ask<'_>, now: Moment) -> Result<Page, Fault> {
        let scope = Scope {
            listed: Listed::Nodes,
            job: 0,
        };
        let query: Query<NodeProperty> = Query::read(
            ask,
            scope,
            NodeProperty::GETTABLE,
            (self.secret, self.quirks),
            now,
        )?;
        let mut picker = Picker::new(&query, self.quirks);
        let hidden = usize::from(self.quirks.has(Quirk::NodeMissing));
        let shown = self.cluster.nodes.len() - hidden.min(self.cluster.nodes.len());
        for (id, node) in (1..).zip(&self.cluster.nodes[..shown]) {
            if query.filter.passes(node.state as i64, node.since) {
                let key = query
                    .sort
                    .map_or(Key::Nothing, |sort| Key::of(&node.value(sort, id)));
                picker.offer(key, i64::try_from(id).unwrap_or(i64::MAX));
            }
        }
        let picked = picker.finish(&query, self.quirks);
        let rows = picked.0.iter().filter_map(|rank| {
            let id = usize::try_from(rank.id).ok()?;
            Some(self.node_row(id, &query.columns))
        });
        Ok(query.page(&picked, rows.collect(), self.secret, now))
    }

    /// All properties of a node.
    ///
    /// # Errors
    /// No such node.
    pub(crate) fn node(&self, name: &str) -> Result<Row, Fault> {
        match self.cluster.node(name) {
            Some((place, _)) => Ok(self.node_row(place + 1, NodeProperty::GETTABLE)),
            None if self.quirks.has(Quirk::UnknownIdAnswered) => Ok(Row::new()),
            None => Err(Fault::UnknownNode(name.to_owned())),
        }
    }

    /// The names of the nodes in a group.
    ///
    /// # Errors
    /// No such group.
    pub(crate) fn group_members(&self, name: &str) -> Result<Vec<String>, Fault> {
        let members: Vec<_> = match self.cluster.group(name) {
            Some(group) => self.cluster.members(group).map(str::to_owned).collect(),
            None if self.quirks.has(Quirk::UnknownIdAnswered) => Vec::new(),
            None => return Err(Fault::UnknownGroup(name.to_owned())),
        };
        let foreign = self
            .quirks
            .has(Quirk::NodeMemberForeign)
            .then(|| "NOSUCHNODE".to_owned());
        let left_out = usize::from(self.quirks.has(Quirk::NodeMemberMissing));
        Ok(foreign
            .into_iter()
            .chain(members.into_iter().skip(left_out))
            .collect())
    }

    /// Names and descriptions of the node groups.
    pub(crate) fn groups(&self) -> Vec<Row> {
        let text = |text: &String| Value::from(text.clone());
        let mut rows: Vec<Row> = self
            .cluster
            .groups
            .iter()
            .map(|group| {
                vec![
                    ("Name", text(&group.name)),
                    ("Description", text(&group.description)),
                ]
            })
            .collect();
        if self.quirks.has(Quirk::GroupMissing) {
            rows.pop();
        }
        rows
    }

    /// The names of the job templates.
    pub(crate) fn templates(&self) -> &[String] {
        let left_out = usize::from(self.quirks.has(Quirk::TemplateMissing));
        &self.cluster.templates[left_out.min(self.cluster.templates.len())..]
    }

    fn node_row(&self, id: usize, columns: &[NodeProperty]) -> Row {
        let Some(node) = self.cluster.nodes.get(id - 1) else {
            return Row::new();
        };
        let values = columns.iter().map(|column| {
            let value = node.value(*column, id);
            (
                column.facts().name,
                self.shown(*column == NodeProperty::State, value),
            )
        });
        self.ordered(values)
    }
}
