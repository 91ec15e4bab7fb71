//! XPath 1.0 as it is written: text to an expression. What it gives is found in `check`.
//!
//! Everything of the recommendation but the namespace axis, variables, `id` and `lang`, for which no document of a
//! server that is judged has a use.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Text(String),
    Number(f64),
    Call(Function, Vec<Expr>),
    Path(Start, Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    /// At the document.
    Root,
    /// Where one stands.
    Here,
    /// At what an expression gives, as far as its predicates hold.
    At(Box<Expr>, Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) axis: Axis,
    pub(crate) test: Test,
    pub(crate) predicates: Vec<Expr>,
}

/// What a node of a step must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// `node()`
    Any,
    /// `text()`
    Text,
    /// `comment()` or `processing-instruction()`: no tree has them.
    Nothing,
    /// `*`
    Named,
    /// `p:*`
    Prefix(String),
    /// `name` or `p:name`
    Name(Option<String>, String),
}

/// Pairs of variants and the words for them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// Which nodes a step goes to.
    Axis {
        Ancestor = "ancestor",
        AncestorOrSelf = "ancestor-or-self",
        Attribute = "attribute",
        Child = "child",
        Descendant = "descendant",
        DescendantOrSelf = "descendant-or-self",
        Following = "following",
        FollowingSibling = "following-sibling",
        Parent = "parent",
        Preceding = "preceding",
        PrecedingSibling = "preceding-sibling",
        Itself = "self",
    }
}

words! {
    Function {
        Boolean = "boolean",
        Ceiling = "ceiling",
        Concat = "concat",
        Contains = "contains",
        Count = "count",
        False = "false",
        Floor = "floor",
        Last = "last",
        LocalName = "local-name",
        Name = "name",
        NamespaceUri = "namespace-uri",
        NormalizeSpace = "normalize-space",
        Not = "not",
        Number = "number",
        Position = "position",
        Round = "round",
        StartsWith = "starts-with",
        String = "string",
        StringLength = "string-length",
        Substring = "substring",
        SubstringAfter = "substring-after",
        SubstringBefore = "substring-before",
        Sum = "sum",
        Translate = "translate",
        True = "true",
    }
}

impl Function {
    /// The fewest and the most arguments it takes.
    fn takes(self) -> (usize, usize) {
        match self {
            Self::Last | Self::Position | Self::True | Self::False => (0, 0),
            Self::LocalName
            | Self::Name
            | Self::NamespaceUri
            | Self::NormalizeSpace
            | Self::Number
            | Self::String
            | Self::StringLength => (0, 1),
            Self::Boolean
            | Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Not
            | Self::Round
            | Self::Sum => (1, 1),
            Self::Contains | Self::StartsWith | Self::SubstringAfter | Self::SubstringBefore => {
                (2, 2)
            }
            Self::Substring => (2, 3),
            Self::Translate => (3, 3),
            Self::Concat => (2, usize::MAX),
        }
    }
}

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
    };
    let expr = parser.expr()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some((token, at)) => Err(format!("{} is not expected {}", token.shown(), place(*at))),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Sign(&'static str),
    /// An operator that is a word: `and`, `or`, `div`, `mod`.
    Word(String),
    Name(Option<String>, String),
    /// `p:*`
    Wild(String),
    Star,
    Call(String),
    Axis(String),
    Text(String),
    Number(f64),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Word(word) | Self::Call(word) | Self::Axis(word) => format!("`{word}`"),
            Self::Name(None, name) => format!("`{name}`"),
            Self::Name(Some(prefix), name) => format!("`{prefix}:{name}`"),
            Self::Wild(prefix) => format!("`{prefix}:*`"),
            Self::Star => "`*`".to_owned(),
            Self::Text(text) => format!("'{text}'"),
            Self::Number(number) => format!("{number}"),
        }
    }
}

fn place(at: usize) -> String {
    format!("(at character {})", at + 1)
}

const SIGNS: [&str; 20] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=",
    "<", ">",
];

fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut tokens: Vec<(Token, usize)> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let at = text[..text.len() - rest.len()].chars().count();
        // What follows an operand is an operator (XPath 1.0, 3.7).
        let operator = match tokens.last() {
            None => false,
            Some((Token::Sign(sign), _)) => matches!(*sign, ")" | "]" | "." | ".."),
            Some((Token::Word(_) | Token::Axis(_) | Token::Call(_), _)) => false,
            Some(_) => true,
        };
        let (token, length) = if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let end = inner
                .find(first)
                .ok_or_else(|| format!("a text has no end {}", place(at)))?;
            (Token::Text(inner[..end].to_owned()), end + 2)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let end = number(rest);
            let number = rest[..end]
                .parse()
                .map_err(|_| format!("`{}` is no number {}", &rest[..end], place(at)))?;
            (Token::Number(number), end)
        } else if first == '*' {
            let token = if operator {
                Token::Word("*".to_owned())
            } else {
                Token::Star
            };
            (token, 1)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else if is_first(first) {
            let end = name(rest);
            word(&rest[..end], &rest[end..], operator, at)?
        } else if first == '$' {
            return Err(format!("variables are not known {}", place(at)));
        } else {
            return Err(format!("`{first}` is not expected {}", place(at)));
        };
        tokens.push((token, at));
        rest = &rest[length..];
    }
}

/// A name, with what makes it more than that: a prefix, an axis, a call, an operator.
fn word(name: &str, behind: &str, operator: bool, at: usize) -> Result<(Token, usize), String> {
    if operator {
        return match name {
            "and" | "or" | "div" | "mod" => Ok((Token::Word(name.to_owned()), name.len())),
            _ => Err(format!("`{name}` is not expected {}", place(at))),
        };
    }
    if let Some(local) = behind
        .strip_prefix(':')
        .filter(|rest| !rest.starts_with(':'))
    {
        if local.starts_with('*') {
            return Ok((Token::Wild(name.to_owned()), name.len() + 2));
        }
        let end = self::name(local);
        if end == 0 {
            return Err(format!("`{name}:` has no name behind it {}", place(at)));
        }
        let token = Token::Name(Some(name.to_owned()), local[..end].to_owned());
        return Ok((token, name.len() + 1 + end));
    }
    let next = behind.trim_start();
    let token = if next.starts_with("::") {
        Token::Axis(name.to_owned())
    } else if next.starts_with('(') {
        Token::Call(name.to_owned())
    } else {
        Token::Name(None, name.to_owned())
    };
    Ok((token, name.len()))
}

fn number(text: &str) -> usize {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    match text[whole..].strip_prefix('.') {
        Some(rest) => whole + 1 + digits(rest),
        None => whole,
    }
}

fn is_first(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn name(text: &str) -> usize {
    if !text.starts_with(is_first) {
        return 0;
    }
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}')))
        .unwrap_or(text.len())
}

/// How deep expressions may be nested: reading and evaluating them recurses.
const DEPTH: usize = 64;

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
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
        let mut count = 0;
        while let Some((_, make)) = signs.iter().find(|(sign, _)| self.is(sign)) {
            let right = self.binary(level + 1)?;
            left = make(Box::new(left), Box::new(right));
            count += 1;
            if count > DEPTH {
                return Err(format!("it joins more than {DEPTH} parts in one"));
            }
        }
        Ok(left)
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

#[cfg(test)]
mod tests {
    use super::{Axis, Comparison, Expr, Operator, Start, Step, Test, parse};
    use rstest::rstest;

    fn step(axis: Axis, name: &str) -> Step {
        Step {
            axis,
            test: Test::Name(None, name.to_owned()),
            predicates: Vec::new(),
        }
    }

    fn here(name: &str) -> Box<Expr> {
        Box::new(Expr::Path(Start::Here, vec![step(Axis::Child, name)]))
    }

    #[test]
    fn operators_bind_as_they_should_and_words_are_names_where_an_operand_stands() {
        let product = Expr::Arithmetic(Operator::Multiply, here("div"), here("mod"));
        let sum = Expr::Arithmetic(Operator::Add, here("a-b"), Box::new(product));
        let expected = Expr::Compare(Comparison::Less, Box::new(sum), here("and"));
        assert_eq!(parse("a-b + div * mod < and"), Ok(expected));
        assert_eq!(
            parse("* * *").map(|expr| matches!(expr, Expr::Arithmetic(..))),
            Ok(true)
        );
    }

    #[test]
    fn short_forms_are_the_long_ones() {
        for (short, long) in [
            (
                "//a/@b",
                "/descendant-or-self::node()/child::a/attribute::b",
            ),
            ("../.", "parent::node()/self::node()"),
            ("a[1]/ b : :c", ""),
            (
                "a[ 1 ]//p:*",
                "child::a[1]/descendant-or-self::node()/child::p:*",
            ),
        ] {
            if long.is_empty() {
                assert!(parse(short).is_err(), "{short}");
            } else {
                assert_eq!(parse(short), parse(long), "{short}");
                assert!(parse(short).is_ok(), "{short}");
            }
        }
    }

    #[rstest]
    #[case("", "it is empty")]
    #[case("/a[", "it ends where")]
    #[case("/a]", "`]` is not expected (at character 3)")]
    #[case("a b", "`b` is not expected (at character 3)")]
    #[case("f(1)", "`f` is no function")]
    #[case("count()", "does not take 0 arguments")]
    #[case("'a", "a text has no end")]
    #[case("$a", "variables are not known")]
    #[case("namespace::a", "an axis is expected")]
    #[case("a:", "has no name behind it")]
    #[case("//", "a name is expected")]
    #[case("a |", "a name is expected")]
    #[case("1 = ", "it ends where")]
    #[case("a#", "`#` is not expected")]
    fn what_is_no_xpath_says_why(#[case] text: &str, #[case] why: &str) {
        let error = parse(text).expect_err(text);
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn nothing_nested_deeply_is_read() {
        for text in [
            format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
            format!("{}1", "-".repeat(100_000)),
            format!("{}a{}", "a[".repeat(100_000), "]".repeat(100_000)),
            format!("1{}", "+1".repeat(100_000)),
        ] {
            assert!(parse(&text).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", near in "[a:*/@()\\[\\]'.0-9 |=<,-]{0,30}") {
            let _ = parse(&text);
            let _ = parse(&near);
        }
    }
}
