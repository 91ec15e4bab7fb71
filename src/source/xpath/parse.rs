//! Tokens to an expression, by recursive descent.
//!
//! In: text. Out: an [`Expr`] that is nested no deeper than it can be evaluated. It must not know values.

use super::{
    expr::{Axis, Comparison, Expr, Function, Operator, Start, Step, Test},
    tokens::{Token, place, tokens},
};

/// Reads an expression.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        joined: 0,
    };
    let expr = parser.expr()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some((token, at)) => Err(format!("{} is not expected {}", token.shown(), place(*at))),
    }
}

/// How deep expressions may be nested: reading and evaluating them recurses.
const DEPTH: usize = 64;

/// How many operators an expression may have in all: each has one side below it, and those in brackets have theirs below that,
/// so that they are evaluated as deep as they are many.
const JOINED: usize = 256;

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    /// How many operators there are so far.
    joined: usize,
}

type Read<T = Expr> = Result<T, String>;

impl Parser {
    fn next(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn is(&mut self, sign: &str) -> bool {
        let found = match self.next() {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Word(found)) => found == sign,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn must(&mut self, sign: &str) -> Read<()> {
        if self.is(sign) {
            Ok(())
        } else {
            self.unexpected(&format!("`{sign}`"))
        }
    }

    fn unexpected<T>(&self, wanted: &str) -> Read<T> {
        match self.tokens.get(self.at) {
            None => Err(format!("it ends where {wanted} is expected")),
            Some((token, at)) => Err(format!(
                "{} stands where {wanted} is expected {}",
                token.shown(),
                place(*at)
            )),
        }
    }

    fn expr(&mut self) -> Read {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("it is nested more than {DEPTH} deep"));
        }
        let expr = self.binary(0);
        self.depth -= 1;
        expr
    }

    /// From the operators that bind least to those that bind most.
    fn binary(&mut self, level: usize) -> Read {
        use Comparison as C;
        use Operator as O;
        type Make = fn(Box<Expr>, Box<Expr>) -> Expr;
        const LEVELS: [&[(&str, Make)]; 6] = [
            &[("or", Expr::Or)],
            &[("and", Expr::And)],
            &[
                ("=", |a, b| Expr::Compare(C::Equal, a, b)),
                ("!=", |a, b| Expr::Compare(C::NotEqual, a, b)),
            ],
            &[
                ("<=", |a, b| Expr::Compare(C::LessOrEqual, a, b)),
                ("<", |a, b| Expr::Compare(C::Less, a, b)),
                (">=", |a, b| Expr::Compare(C::GreaterOrEqual, a, b)),
                (">", |a, b| Expr::Compare(C::Greater, a, b)),
            ],
            &[
                ("+", |a, b| Expr::Arithmetic(O::Add, a, b)),
                ("-", |a, b| Expr::Arithmetic(O::Subtract, a, b)),
            ],
            &[
                ("*", |a, b| Expr::Arithmetic(O::Multiply, a, b)),
                ("div", |a, b| Expr::Arithmetic(O::Divide, a, b)),
                ("mod", |a, b| Expr::Arithmetic(O::Modulo, a, b)),
            ],
        ];
        let Some(signs) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some((_, make)) = signs.iter().find(|(sign, _)| self.is(sign)) {
            let right = self.binary(level + 1)?;
            left = make(Box::new(left), Box::new(right));
            self.join()?;
        }
        Ok(left)
    }

    /// Counts an operator.
    fn join(&mut self) -> Read<()> {
        self.joined += 1;
        if self.joined > JOINED {
            return Err(format!(
                "it has more than {JOINED} operators: several expressions can say the same"
            ));
        }
        Ok(())
    }

    fn unary(&mut self) -> Read {
        if self.is("-") {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(format!("it is nested more than {DEPTH} deep"));
            }
            let inner = self.unary();
            self.depth -= 1;
            return Ok(Expr::Negative(Box::new(inner?)));
        }
        let mut left = self.path()?;
        while self.is("|") {
            left = Expr::Union(Box::new(left), Box::new(self.path()?));
            self.join()?;
        }
        Ok(left)
    }

    fn path(&mut self) -> Read {
        let primary = match self.next() {
            Some(Token::Text(_) | Token::Number(_)) => true,
            Some(Token::Sign(sign)) => *sign == "(",
            Some(Token::Call(name)) => !is_node_type(name),
            _ => false,
        };
        if primary {
            let expr = self.primary()?;
            let predicates = self.predicates()?;
            let mut steps = Vec::new();
            if matches!(self.next(), Some(Token::Sign("/" | "//"))) {
                self.further(&mut steps)?;
            }
            return Ok(if predicates.is_empty() && steps.is_empty() {
                expr
            } else {
                Expr::Path(Start::At(Box::new(expr), predicates), steps)
            });
        }
        let mut steps = Vec::new();
        if self.is("/") {
            if self.begins_a_step() {
                steps.push(self.step()?);
                self.further(&mut steps)?;
            }
            return Ok(Expr::Path(Start::Root, steps));
        }
        if matches!(self.next(), Some(Token::Sign("//"))) {
            self.further(&mut steps)?;
            return Ok(Expr::Path(Start::Root, steps));
        }
        steps.push(self.step()?);
        self.further(&mut steps)?;
        Ok(Expr::Path(Start::Here, steps))
    }

    fn begins_a_step(&self) -> bool {
        match self.next() {
            Some(Token::Sign(sign)) => matches!(*sign, "." | ".." | "@"),
            Some(Token::Name(..) | Token::Wild(_) | Token::Star | Token::Axis(_)) => true,
            Some(Token::Call(name)) => is_node_type(name),
            _ => false,
        }
    }

    /// The steps that follow, each behind `/` or `//`.
    fn further(&mut self, steps: &mut Vec<Step>) -> Read<()> {
        loop {
            if self.is("//") {
                steps.push(Step {
                    axis: Axis::DescendantOrSelf,
                    test: Test::Any,
                    predicates: Vec::new(),
                });
            } else if !self.is("/") {
                return Ok(());
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> Read<Step> {
        for (sign, axis) in [("..", Axis::Parent), (".", Axis::Itself)] {
            if self.is(sign) {
                return Ok(Step {
                    axis,
                    test: Test::Any,
                    predicates: Vec::new(),
                });
            }
        }
        let axis = if self.is("@") {
            Axis::Attribute
        } else if let Some(Token::Axis(word)) = self.next() {
            let Some(axis) = Axis::named(word) else {
                return self.unexpected("an axis");
            };
            self.at += 1;
            self.must("::")?;
            axis
        } else {
            Axis::Child
        };
        let test = match self.next().cloned() {
            Some(Token::Star) => Test::Named,
            Some(Token::Wild(prefix)) => Test::Prefix(prefix),
            Some(Token::Name(prefix, local)) => Test::Name(prefix, local),
            Some(Token::Call(name)) if is_node_type(&name) => {
                self.at += 1;
                self.must("(")?;
                if name == "processing-instruction" && matches!(self.next(), Some(Token::Text(_))) {
                    self.at += 1;
                }
                // The bracket is taken below.
                if !matches!(self.next(), Some(Token::Sign(")"))) {
                    return self.unexpected("`)`");
                }
                match name.as_str() {
                    "node" => Test::Any,
                    "text" => Test::Text,
                    _ => Test::Nothing,
                }
            }
            _ => return self.unexpected("a name"),
        };
        self.at += 1;
        Ok(Step {
            axis,
            test,
            predicates: self.predicates()?,
        })
    }

    fn predicates(&mut self) -> Read<Vec<Expr>> {
        let mut predicates = Vec::new();
        while self.is("[") {
            predicates.push(self.expr()?);
            self.must("]")?;
        }
        Ok(predicates)
    }

    fn primary(&mut self) -> Read {
        if self.is("(") {
            let inner = self.expr()?;
            self.must(")")?;
            return Ok(inner);
        }
        let token = self.next().cloned();
        let at = self.at;
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Expr::Text(text)),
            Some(Token::Number(number)) => Ok(Expr::Number(number)),
            Some(Token::Call(name)) => {
                let Some(function) = Function::named(&name) else {
                    return Err(format!(
                        "`{name}` is no function {}",
                        place(self.tokens[at].1)
                    ));
                };
                self.must("(")?;
                let mut arguments = Vec::new();
                if !self.is(")") {
                    loop {
                        arguments.push(self.expr()?);
                        if !self.is(",") {
                            break;
                        }
                    }
                    self.must(")")?;
                }
                let (fewest, most) = function.takes();
                if !(fewest..=most).contains(&arguments.len()) {
                    let place = place(self.tokens[at].1);
                    let count = arguments.len();
                    return Err(format!("`{name}` does not take {count} arguments {place}"));
                }
                Ok(Expr::Call(function, arguments))
            }
            _ => {
                self.at = at;
                self.unexpected("an expression")
            }
        }
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "node" | "text" | "comment" | "processing-instruction")
}
