use super::{
    functions::call,
    tree::{Kind, Tree},
};
use crate::source::xpath::{Axis, Comparison, Expr, Function, Operator, Start, Step, Test};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// What an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// In the order of the document, each once.
    Nodes(Rc<Vec<u32>>),
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// How many nodes are looked at for one expression: some seconds' worth. An expression that compares every element of a
/// list with every other needs more where the list is long, and a server chooses its length.
const LOOKS: u64 = 1_000_000_000;

/// An expression that is evaluated over a document.
pub(super) struct Evaluation<'t> {
    pub(super) tree: &'t Tree<'t>,
    /// Prefixes, with the number of the namespace in this document; none where no name of it has that namespace.
    prefixes: Vec<(&'t str, Option<u32>)>,
    /// What paths from the document on gave: the same wherever one stands.
    known: RefCell<HashMap<*const Expr, Rc<Vec<u32>>>>,
    left: Cell<u64>,
}

/// Where one stands.
#[derive(Clone, Copy)]
pub(super) struct Stand {
    pub(super) node: u32,
    pub(super) position: usize,
    pub(super) size: usize,
}

type Given<T = Value> = Result<T, String>;

impl<'t> Evaluation<'t> {
    pub(super) fn new(
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

    pub(super) fn value(&self, expr: &Expr, stand: Stand) -> Given {
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
            Expr::Call(Function::Not, arguments) => {
                Value::Boolean(!self.value(&arguments[0], stand)?.boolean())
            }
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

    fn steps(&self, mut nodes: Vec<u32>, steps: &[Step]) -> Given<Vec<u32>> {
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
    fn keep(&self, nodes: &mut Vec<u32>, start: usize, predicate: &Expr) -> Given<()> {
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

    /// Goes along an axis, in its direction, until somebody has seen enough.
    fn walk(&self, axis: Axis, from: u32, see: &mut dyn FnMut(u32) -> bool) -> Given<()> {
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

    fn look(&self) -> Given<()> {
        let left = self.left.get();
        if left == 0 {
            return Err(format!(
                "it looks at more than {LOOKS} nodes in a body of this length"
            ));
        }
        self.left.set(left - 1);
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

    fn wanted<'e>(&self, axis: Axis, test: &'e Test) -> Given<Wanted<'e>> {
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

    fn compare(&self, how: Comparison, a: &Value, b: &Value) -> Given<bool> {
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
                let of = |nodes: &[u32], pick: fn(f64, f64) -> f64| -> Given<Option<f64>> {
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
                let (pick_a, pick_b): (fn(f64, f64) -> f64, fn(f64, f64) -> f64) = if less {
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

/// What a node of a step must be, in the terms of one document.
struct Wanted<'e> {
    kind: Option<Kind>,
    namespace: Option<u32>,
    local: Option<&'e str>,
}

impl Wanted<'_> {
    fn holds(&self, tree: &Tree<'_>, at: u32) -> bool {
        let node = tree.node(at);
        self.kind.is_none_or(|kind| kind == node.kind())
            && self
                .namespace
                .is_none_or(|number| number == node.namespace())
            && self.local.is_none_or(|local| local == tree.local(at))
    }
}

impl Value {
    pub(super) fn boolean(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Boolean(value) => *value,
            Self::Number(number) => !(number.is_nan() || *number == 0.0),
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub(super) fn number(&self, tree: &Tree<'_>) -> f64 {
        match self {
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Nodes(_) | Self::Text(_) => number_of(&self.text(tree)),
        }
    }

    pub(super) fn text<'v>(&'v self, tree: &'v Tree<'_>) -> Cow<'v, str> {
        match self {
            Self::Nodes(nodes) => nodes.first().map(|at| tree.string(*at)).unwrap_or_default(),
            Self::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Number(number) if number.is_infinite() => Cow::Borrowed(if *number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }),
            // There is no negative zero in text.
            Self::Number(number) if *number == 0.0 => Cow::Borrowed("0"),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// What `number` makes of a text (XPath 1.0, 4.4).
pub(super) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    if is_number {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
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

fn in_order(nodes: &mut Vec<u32>) {
    if !nodes.is_sorted_by(|a, b| a < b) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}
