//! Steps of a path, one after the other, with their predicates (XPath 1.0, 2 and 2.4).

use super::{
    evaluate::{Evaluation, Given, Stand, in_order},
    values::Value,
};
use crate::source::xpath::{Axis, Expr, Function, Start, Step, Test};

impl Evaluation<'_> {
    pub(super) fn steps(&self, mut nodes: Vec<u32>, steps: &[Step]) -> Given<Vec<u32>> {
        let mut steps = steps.iter().peekable();
        while let Some(step) = steps.next() {
            let mut axis = step.axis;
            let mut step = step;
            // `//name` looks at each node once, where no predicate counts the children of each parent.
            let all = step.axis == Axis::DescendantOrSelf
                && step.test == Test::Any
                && step.predicates.is_empty();
            if let Some(next) = steps.peek().filter(|next| {
                all && next.axis == Axis::Child && !next.predicates.iter().any(counts)
            }) {
                step = next;
                axis = Axis::Descendant;
                steps.next();
            }
            nodes = self.step(&nodes, axis, step)?;
        }
        Ok(nodes)
    }

    fn step(&self, from: &[u32], axis: Axis, step: &Step) -> Given<Vec<u32>> {
        let wanted = self.wanted(axis, &step.test)?;
        let mut nodes = Vec::new();
        // The n-th of many is found without the others.
        let nth = match step.predicates.first() {
            Some(Expr::Number(nth)) => Some(*nth),
            _ => None,
        };
        for &one in from {
            let start = nodes.len();
            let mut passed = 0.0;
            self.walk(axis, one, &mut |node| {
                if !wanted.holds(self.tree, node) {
                    return true;
                }
                passed += 1.0;
                match nth {
                    None => nodes.push(node),
                    Some(nth) if passed >= nth => {
                        if passed == nth {
                            nodes.push(node);
                        }
                        return false;
                    }
                    Some(_) => {}
                }
                true
            })?;
            let rest = step.predicates.iter().skip(usize::from(nth.is_some()));
            for predicate in rest {
                self.keep(&mut nodes, start, predicate)?;
            }
        }
        in_order(&mut nodes);
        Ok(nodes)
    }

    /// Leaves of the nodes from a place on those for which a predicate holds.
    pub(super) fn keep(&self, nodes: &mut Vec<u32>, start: usize, predicate: &Expr) -> Given<()> {
        let size = nodes.len() - start;
        let mut kept = start;
        for at in start..nodes.len() {
            let stand = Stand {
                node: nodes[at],
                position: at - start + 1,
                size,
            };
            let holds = match self.value(predicate, stand)? {
                Value::Number(number) => number == stand.position as f64,
                value => value.boolean(),
            };
            if holds {
                nodes[kept] = nodes[at];
                kept += 1;
            }
        }
        nodes.truncate(kept);
        Ok(())
    }
}

/// Whether a predicate depends on where among its fellows a node stands.
fn counts(predicate: &Expr) -> bool {
    let is_number = matches!(
        predicate,
        Expr::Number(_)
            | Expr::Arithmetic(..)
            | Expr::Negative(_)
            | Expr::Call(
                Function::Ceiling
                    | Function::Count
                    | Function::Floor
                    | Function::Number
                    | Function::Round
                    | Function::StringLength
                    | Function::Sum,
                _
            )
    );
    is_number || asks_position(predicate)
}

fn asks_position(expr: &Expr) -> bool {
    match expr {
        Expr::Or(a, b)
        | Expr::And(a, b)
        | Expr::Compare(_, a, b)
        | Expr::Arithmetic(_, a, b)
        | Expr::Union(a, b) => asks_position(a) || asks_position(b),
        Expr::Negative(inner) => asks_position(inner),
        Expr::Text(_) | Expr::Number(_) => false,
        Expr::Call(Function::Position | Function::Last, _) => true,
        Expr::Call(_, arguments) => arguments.iter().any(asks_position),
        Expr::Path(Start::At(inner, _), _) => asks_position(inner),
        // The predicates of its steps count for themselves.
        Expr::Path(..) => false,
    }
}
