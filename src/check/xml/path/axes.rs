//! Where a step goes, and which nodes it takes (XPath 1.0, 2.2 and 2.3).

use super::evaluate::{Evaluation, Given};
use crate::{
    check::xml::tree::{Kind, Tree},
    source::xpath::{Axis, Test},
};

impl Evaluation<'_> {
    /// Goes along an axis, in its direction, until somebody has seen enough.
    pub(super) fn walk(
        &self,
        axis: Axis,
        from: u32,
        see: &mut dyn FnMut(u32) -> bool,
    ) -> Given<()> {
        let tree = self.tree;
        let is_child = |at: &u32| matches!(tree.node(*at).kind(), Kind::Element | Kind::Text);
        let parent = |at: u32| (at != 0).then(|| tree.node(at).parent);
        let (body, owner) = match tree.node(from).kind() {
            Kind::Attribute | Kind::Declaration => (None, tree.node(from).parent),
            _ => (Some(from), from),
        };
        match axis {
            Axis::Itself => self.see([from], see),
            Axis::Child => self.see(tree.children(from), see),
            Axis::Attribute => match tree.node(from).kind() {
                Kind::Element => self.see(tree.attributes(from), see),
                _ => Ok(()),
            },
            Axis::Parent => self.see(parent(from), see),
            Axis::Ancestor => self.see(std::iter::successors(parent(from), |at| parent(*at)), see),
            Axis::AncestorOrSelf => {
                self.see(std::iter::successors(Some(from), |at| parent(*at)), see)
            }
            Axis::Descendant => self.see((from + 1..tree.behind(from)).filter(is_child), see),
            Axis::DescendantOrSelf => {
                let below = (from + 1..tree.behind(from)).filter(is_child);
                self.see(std::iter::once(from).chain(below), see)
            }
            Axis::FollowingSibling => {
                let end = parent(from).map_or(0, |parent| tree.behind(parent));
                let next = |at: u32| Some(tree.behind(at)).filter(|next| *next < end);
                let first = body.and_then(next);
                self.see(std::iter::successors(first, |at| next(*at)), see)
            }
            Axis::PrecedingSibling => {
                let before = |at: u32| self.before(at);
                let first = body.and_then(before);
                self.see(std::iter::successors(first, |at| before(*at)), see)
            }
            Axis::Following => {
                let next = match body {
                    Some(at) => tree.behind(at),
                    None => tree.heads(owner).end,
                };
                self.see((next..tree.len()).filter(is_child), see)
            }
            Axis::Preceding => {
                let open = |at: &u32| tree.behind(*at) > from;
                let before = (1..from).rev();
                self.see(before.filter(|at| is_child(at) && !open(at)), see)
            }
        }
    }

    /// What a test means in this document.
    pub(super) fn wanted<'e>(&self, axis: Axis, test: &'e Test) -> Given<Wanted<'e>> {
        let kind = match (test, axis) {
            (Test::Text, _) => Some(Kind::Text),
            (Test::Any | Test::Nothing, _) => None,
            (_, Axis::Attribute) => Some(Kind::Attribute),
            _ => Some(Kind::Element),
        };
        let namespace = |prefix: &str| {
            self.prefixes
                .iter()
                .find(|(known, _)| *known == prefix)
                .map(|(_, number)| number.unwrap_or(u32::MAX))
                .ok_or_else(|| {
                    format!(
                        "it uses prefix `{prefix}`, which the contract's `namespaces` does not know"
                    )
                })
        };
        let (namespace, local) = match test {
            Test::Any | Test::Text | Test::Named => (None, None),
            Test::Nothing => (Some(u32::MAX), None),
            Test::Prefix(prefix) => (Some(namespace(prefix)?), None),
            Test::Name(None, local) => (Some(0), Some(local.as_str())),
            Test::Name(Some(prefix), local) => (Some(namespace(prefix)?), Some(local.as_str())),
        };
        Ok(Wanted {
            kind,
            namespace,
            local,
        })
    }

    fn see(
        &self,
        nodes: impl IntoIterator<Item = u32>,
        see: &mut dyn FnMut(u32) -> bool,
    ) -> Given<()> {
        for node in nodes {
            self.look()?;
            if !see(node) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The element or text before one, in the same parent: what stands before it in the document is that, or within it.
    fn before(&self, at: u32) -> Option<u32> {
        let tree = self.tree;
        let parent = tree.node(at).parent;
        let mut one = at
            .checked_sub(1)
            .filter(|one| *one >= tree.heads(parent).end)?;
        while tree.node(one).parent != parent {
            one = tree.node(one).parent;
        }
        Some(one)
    }
}

/// What a node of a step must be, in the terms of one document.
pub(super) struct Wanted<'e> {
    kind: Option<Kind>,
    namespace: Option<u32>,
    local: Option<&'e str>,
}

impl Wanted<'_> {
    pub(super) fn holds(&self, tree: &Tree<'_>, at: u32) -> bool {
        let node = tree.node(at);
        self.kind.is_none_or(|kind| kind == node.kind())
            && self
                .namespace
                .is_none_or(|number| number == node.namespace())
            && self.local.is_none_or(|local| local == tree.local(at))
    }
}
