//! Names of elements and attributes: what may be one, its parts, and whether one comes twice.

use crate::source::xpath::name_length;
use std::{collections::HashSet, hash::Hash};

/// From how many attributes of an element on their names are put into a set.
const FEW: usize = 16;

/// The names of the attributes of one element: a server may send a million of them.
pub(super) struct Names<N> {
    few: Vec<N>,
    many: HashSet<N>,
}

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            many: HashSet::new(),
        }
    }
}

impl<N: Copy + Eq + Hash> Names<N> {
    /// Whether it is new.
    pub(super) fn insert(&mut self, name: N) -> bool {
        if self.few.len() < FEW {
            let new = !self.few.contains(&name);
            self.few.push(name);
            return new;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().copied());
        }
        self.many.insert(name)
    }
}

/// Prefix and local name; the prefix is empty where there is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// Whether it is a name, with or without a prefix (Namespaces in XML 1.0, 4).
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && name_length(part) == part.len();
    match name.split_once(':') {
        Some((prefix, local)) => is_part(prefix) && is_part(local),
        None => is_part(name),
    }
}
