//! Comparisons: of sets of nodes, one pair that holds is enough (XPath 1.0, 3.4).

use super::{
    evaluate::{Evaluation, Given},
    values::{Value, number_of},
};
use crate::source::xpath::Comparison;
use std::{borrow::Cow, collections::HashSet};

/// Which of two numbers is taken.
type Pick = fn(f64, f64) -> f64;

impl Evaluation<'_> {
    pub(super) fn compare(&self, how: Comparison, a: &Value, b: &Value) -> Given<bool> {
        let tree = self.tree;
        let equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        Ok(match (a, b) {
            (Value::Nodes(a), Value::Nodes(b)) if how == Comparison::Equal => {
                let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
                let texts: HashSet<Cow<'_, str>> = few.iter().map(|at| tree.string(*at)).collect();
                self.any(many, |at| texts.contains(&tree.string(at)))?
            }
            (Value::Nodes(a), Value::Nodes(b)) if how == Comparison::NotEqual => {
                // Two of them differ, unless all are the same one text.
                let Some(first) = a.first().map(|at| tree.string(*at)) else {
                    return Ok(false);
                };
                let other = self.any(b, |at| tree.string(at) != first)?;
                other || (!b.is_empty() && self.any(a, |at| tree.string(at) != first)?)
            }
            (Value::Nodes(a), Value::Nodes(b)) => {
                // One pair is enough: the least with the greatest.
                let of = |nodes: &[u32], pick: Pick| -> Given<Option<f64>> {
                    let mut picked = None;
                    self.any(nodes, |at| {
                        let number = number_of(&tree.string(at));
                        if !number.is_nan() {
                            picked = Some(picked.map_or(number, |before| pick(before, number)));
                        }
                        false
                    })?;
                    Ok(picked)
                };
                let less = matches!(how, Comparison::Less | Comparison::LessOrEqual);
                let (pick_a, pick_b): (Pick, Pick) = if less {
                    (f64::min, f64::max)
                } else {
                    (f64::max, f64::min)
                };
                match (of(a, pick_a)?, of(b, pick_b)?) {
                    (Some(a), Some(b)) => numbers(how, a, b),
                    _ => false,
                }
            }
            (Value::Nodes(_), Value::Boolean(_)) | (Value::Boolean(_), Value::Nodes(_)) => {
                let (a, b) = (a.boolean(), b.boolean());
                numbers(how, f64::from(u8::from(a)), f64::from(u8::from(b)))
            }
            (Value::Nodes(nodes), Value::Text(text)) | (Value::Text(text), Value::Nodes(nodes))
                if equality =>
            {
                let equal = how == Comparison::Equal;
                self.any(nodes, |at| (tree.string(at) == *text) == equal)?
            }
            (Value::Nodes(nodes), other) => {
                let number = other.number(tree);
                self.any(nodes, |at| {
                    numbers(how, number_of(&tree.string(at)), number)
                })?
            }
            (other, Value::Nodes(nodes)) => {
                let number = other.number(tree);
                self.any(nodes, |at| {
                    numbers(how, number, number_of(&tree.string(at)))
                })?
            }
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) if equality => {
                (a.boolean() == b.boolean()) == (how == Comparison::Equal)
            }
            (Value::Text(a), Value::Text(b)) if equality => (a == b) == (how == Comparison::Equal),
            (a, b) => numbers(how, a.number(tree), b.number(tree)),
        })
    }

    fn any(&self, nodes: &[u32], mut holds: impl FnMut(u32) -> bool) -> Given<bool> {
        for &node in nodes {
            self.look()?;
            if holds(node) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn numbers(how: Comparison, a: f64, b: f64) -> bool {
    match how {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}
