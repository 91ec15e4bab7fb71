//! Picks the rows of one page without sorting the whole list.

use super::{
    catalogue::Catalogue,
    cursor::{Key, Rank},
    list::Query,
};
use crate::hpc_pack::{Quirk, Quirks};
use std::collections::BinaryHeap;

/// Picks the rows of a page out of all that are offered, in order, keeping no more than it needs.
#[derive(Debug)]
pub(super) struct Picker {
    after: Option<Rank>,
    room: usize,
    best: BinaryHeap<Rank>,
    backwards: bool,
    repeats: bool,
}

impl Picker {
    /// For one page of a query, and one row more that tells whether anything remains.
    pub(super) fn new<P: Catalogue>(query: &Query<P>, quirks: Quirks) -> Self {
        Self {
            after: query.after.clone(),
            room: query.rows.saturating_add(query.skip).saturating_add(2),
            best: BinaryHeap::new(),
            backwards: quirks.has(Quirk::SortDescends),
            repeats: quirks.has(Quirk::PageRepeatsRow),
        }
    }

    /// Takes a row into account.
    pub(super) fn offer(&mut self, key: Key, id: i64) {
        let rank = Rank {
            key,
            id,
            backwards: self.backwards,
        };
        let given = self.after.as_ref().is_some_and(|after| {
            if self.repeats {
                rank < *after
            } else {
                rank <= *after
            }
        });
        if given || (self.is_full() && self.best.peek().is_some_and(|worst| rank >= *worst)) {
            return;
        }
        self.best.push(rank);
        if self.best.len() > self.room {
            self.best.pop();
        }
    }

    /// Whether nothing that comes later in the order can matter.
    pub(super) fn is_full(&self) -> bool {
        self.best.len() >= self.room
    }

    /// The rows of the page in order, and whether more remain.
    pub(super) fn finish<P: Catalogue>(
        self,
        query: &Query<P>,
        quirks: Quirks,
    ) -> (Vec<Rank>, bool) {
        let mut ranks = self.best.into_sorted_vec();
        ranks.drain(..query.skip.min(ranks.len()));
        if query.after.is_some() && quirks.has(Quirk::PageSkipsRow) && !ranks.is_empty() {
            ranks.remove(0);
        }
        let more = ranks.len() > query.rows;
        ranks.truncate(query.rows);
        let more = (more && !quirks.has(Quirk::ContinuationMissing))
            || quirks.has(Quirk::ContinuationOnLastPage);
        (ranks, more)
    }
}
