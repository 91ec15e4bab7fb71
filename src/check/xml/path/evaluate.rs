//! Expressions to values, whatever they are made of.

use super::values::Value;
use crate::{
    check::xml::{functions::call, tree::Tree},
    source::xpath::{Expr, Operator, Start},
};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

/// An expression that is evaluated over a document.
pub(crate) struct Evaluation<'t> {
    pub(super) tree: &'t Tree<'t>,
    /// Prefixes, with the number of the namespace in this document; none where no name of it has that namespace.
    pub(super) prefixes: Vec<(&'t str, Option<u32>)>,
    /// What paths from the document on gave: the same wherever one stands.
    known: RefCell<HashMap<*const Expr, Rc<Vec<u32>>>>,
    left: Cell<u64>,
}

/// Where one stands.
#[derive(Clone, Copy)]
pub(crate) struct Stand {
    pub(crate) node: u32,
    pub(crate) position: usize,
    pub(crate) size: usize,
}

pub(super) type Given<T = Value> = Result<T, String>;

impl<'t> Evaluation<'t> {
    pub(crate) fn new(
        tree: &'t Tree<'t>,
        namespaces: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        let number = |uri: &str| {
            let at = tree.namespaces.iter().position(|known| known == uri)?;
            u32::try_from(at).ok()
        };
        Self {
            tree,
            prefixes: namespaces
                .into_iter()
                .map(|(prefix, uri)| (prefix, number(uri)))
                .collect(),
            known: RefCell::default(),
            left: Cell::new(LOOKS),
        }
    }

    pub(crate) fn value(&self, expr: &Expr, stand: Stand) -> Given {
        Ok(match expr {
            Expr::Or(a, b) => {
                Value::Boolean(self.value(a, stand)?.boolean() || self.value(b, stand)?.boolean())
            }
            Expr::And(a, b) => {
                Value::Boolean(self.value(a, stand)?.boolean() && self.value(b, stand)?.boolean())
            }
            Expr::Compare(how, a, b) => {
                let (a, b) = (self.value(a, stand)?, self.value(b, stand)?);
                Value::Boolean(self.compare(*how, &a, &b)?)
            }
            Expr::Arithmetic(operator, a, b) => {
                let a = self.value(a, stand)?.number(self.tree);
                let b = self.value(b, stand)?.number(self.tree);
                Value::Number(match operator {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Divide => a / b,
                    Operator::Modulo => a % b,
                })
            }
            Expr::Negative(inner) => Value::Number(-self.value(inner, stand)?.number(self.tree)),
            Expr::Union(a, b) => {
                let mut nodes = self.nodes(a, stand)?.to_vec();
                nodes.extend(self.nodes(b, stand)?.iter());
                in_order(&mut nodes);
                Value::Nodes(Rc::new(nodes))
            }
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.value(argument, stand))
                    .collect::<Given<Vec<_>>>()?;
                call(*function, &arguments, self.tree, stand)?
            }
            Expr::Path(..) => Value::Nodes(self.nodes(expr, stand)?),
        })
    }

    fn nodes(&self, expr: &Expr, stand: Stand) -> Given<Rc<Vec<u32>>> {
        let Expr::Path(start, steps) = expr else {
            return match self.value(expr, stand)? {
                Value::Nodes(nodes) => Ok(nodes),
                _ => Err("what is no set of nodes stands where one is needed".to_owned()),
            };
        };
        let key = std::ptr::from_ref(expr);
        let nodes = match start {
            Start::Root => {
                if let Some(known) = self.known.borrow().get(&key) {
                    return Ok(Rc::clone(known));
                }
                vec![0]
            }
            Start::Here => vec![stand.node],
            Start::At(inner, predicates) => {
                let mut nodes = self.nodes(inner, stand)?.to_vec();
                for predicate in predicates {
                    self.keep(&mut nodes, 0, predicate)?;
                }
                nodes
            }
        };
        let nodes = Rc::new(self.steps(nodes, steps)?);
        if matches!(start, Start::Root) {
            self.known.borrow_mut().insert(key, Rc::clone(&nodes));
        }
        Ok(nodes)
    }

    /// Counts a node that is looked at.
    pub(super) fn look(&self) -> Given<()> {
        let left = self.left.get();
        if left == 0 {
            return Err(format!(
                "it looks at more than {LOOKS} nodes in a body of this length"
            ));
        }
        self.left.set(left - 1);
        Ok(())
    }
}

/// Puts nodes in the order of the document, each once.
pub(super) fn in_order(nodes: &mut Vec<u32>) {
    if !nodes.is_sorted_by(|a, b| a < b) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}

/// How many nodes are looked at for one expression: some seconds' worth. An expression that compares every element of a
/// list with every other needs more where the list is long, and a server chooses its length.
const LOOKS: u64 = 1_000_000_000;
