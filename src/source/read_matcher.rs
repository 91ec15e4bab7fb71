use super::{
    Fields, Key, KeyShape as Shape, Literal, Matcher, MatcherKind, Node, Order, Problems, Reading,
    SourceFile, Table, Type, Yaml,
};
use regex::Regex;

/// The keys of a matcher that is a map.
pub(crate) static MATCHER: Table = Table {
    name: "matcher",
    what: "a matcher",
    base: None,
    keys: &[
        Key::new(
            "matches",
            Shape::Template,
            "a regular expression that the value matches somewhere",
        ),
        Key::new(
            "is",
            Shape::OneOrMore(&Shape::Type),
            "the type that the value has; of a list one of them",
        ),
        Key::new("not", Shape::Matcher, "a matcher that must not fit"),
        Key::new("all", Shape::List(&Shape::Matcher), "matchers that all fit"),
        Key::new(
            "contains",
            Shape::Anything,
            "text that the value contains, or an element of the list",
        ),
        Key::new(
            "word-of",
            Shape::Template,
            "words, separated by blanks or commas, one of which the value is; case is ignored",
        ),
        Key::new(
            "includes",
            Shape::Template,
            "words, separated by blanks or commas, each of which is one of the values; case counts",
        ),
        Key::new("at-least", Shape::Template, "the smallest number"),
        Key::new("at-most", Shape::Template, "the largest number"),
        Key::new(
            "length",
            Shape::Matcher,
            "the number of characters or elements",
        ),
        Key::new(
            "count",
            Shape::Matcher,
            "how many header fields, nodes or results there are",
        ),
        Key::new(
            "each",
            Shape::Matcher,
            "what every header field, node or element fits; there is at least one",
        ),
        Key::new(
            "exactly",
            Shape::List(&Shape::Anything),
            "the whole list of values, in order",
        ),
        Key::new(
            "in-order",
            Shape::List(&Shape::Anything),
            "values that come in this order, as far as they come",
        ),
        Key::new(
            "words",
            Shape::Matcher,
            "what the words of the text fit as a list; they are separated by blanks or commas",
        ),
        Key::new(
            "sorted",
            Shape::Words(&["ordinal", "ignoring-case"]),
            "the values come in alphabetical order",
        ),
        Key::new(
            "ignoring-case",
            Shape::Template,
            "text that the value equals but for ASCII case",
        ),
        Key::new(
            "equal-to-json",
            Shape::Anything,
            "a JSON value that is deeply equal",
        ),
    ],
};

impl Matcher {
    /// Reads a matcher from YAML that stands in no file: for tests and for matchers made by a program.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(yaml: &str) -> Result<Self, Problems> {
        let file = SourceFile::new("<matcher>", yaml);
        let mut reading = Reading::new(&file);
        let matcher =
            Node::parse(&file, &mut reading.problems).and_then(|node| reading.matcher(&node));
        matcher
            .filter(|_| reading.problems.is_empty())
            .ok_or(reading.problems)
    }
}

impl Reading {
    /// A matcher in any of its forms.
    pub(crate) fn matcher(&mut self, node: &Node) -> Option<Matcher> {
        let kind = match &node.yaml {
            Yaml::Scalar(_) => match self.literal(node)? {
                Literal::Null => MatcherKind::Absent,
                literal => MatcherKind::Equals(literal),
            },
            Yaml::List(_) => MatcherKind::AnyOf(self.matchers(node, "a list of what is allowed")?),
            Yaml::Map(members) => {
                let fields = self.fields(node, &MATCHER)?;
                if members.is_empty() {
                    self.matches_everything(node, "an empty matcher");
                    return None;
                }
                return self.matcher_keys(node, &fields);
            }
        };
        Some(self.placed(node, kind))
    }

    fn placed(&self, node: &Node, kind: MatcherKind) -> Matcher {
        Matcher {
            place: self.place(node.span),
            kind,
        }
    }

    fn matcher_keys(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Matcher> {
        let mut all: Vec<Matcher> = fields
            .written()
            .filter_map(|(name, _, value)| {
                let kind = self.matcher_key(name, value)?;
                Some(self.placed(node, kind))
            })
            .collect();
        match all.len() {
            0 => None,
            1 => all.pop(),
            _ => Some(self.placed(node, MatcherKind::All(all))),
        }
    }

    fn matcher_key(&mut self, name: &str, value: &Node) -> Option<MatcherKind> {
        Some(match name {
            "matches" => self.regex(value)?,
            "is" => self.types(value)?,
            "not" => MatcherKind::Not(Box::new(self.matcher(value)?)),
            "all" => {
                self.list(value, "a list of matchers");
                value.as_list()?;
                MatcherKind::All(self.matchers(value, "a list of matchers that all fit")?)
            }
            "contains" => {
                let literal = self.literal(value)?;
                let empty = matches!(&literal, Literal::Text(text) if text.text.is_empty());
                if empty || matches!(literal, Literal::Null) {
                    self.matches_everything(value, "containing nothing");
                    return None;
                }
                MatcherKind::Contains(literal)
            }
            "word-of" => MatcherKind::WordOf(self.template(value, "a text of words")?),
            "includes" => MatcherKind::Includes(self.template(value, "a text of words")?),
            "at-least" => MatcherKind::AtLeast(self.number(value)?),
            "at-most" => MatcherKind::AtMost(self.number(value)?),
            "length" => MatcherKind::Length(Box::new(self.matcher(value)?)),
            "count" => MatcherKind::Count(Box::new(self.matcher(value)?)),
            "each" => MatcherKind::Each(Box::new(self.matcher(value)?)),
            "exactly" => MatcherKind::Exactly(self.literals(value)),
            "in-order" => {
                let literals = self.literals(value);
                if value.as_list().is_some_and(|list| list.len() < 2) {
                    self.matches_everything(value, "an order of fewer than two values");
                    return None;
                }
                MatcherKind::InOrder(literals)
            }
            "words" => MatcherKind::Words(Box::new(self.matcher(value)?)),
            "sorted" => MatcherKind::Sorted(self.word(value, "an order", &Order::ALL)?),
            "ignoring-case" => MatcherKind::IgnoringCase(self.template(value, "a text")?),
            _ => MatcherKind::Json(self.literal(value)?),
        })
    }

    /// One matcher for each element; an empty list is a problem.
    fn matchers(&mut self, node: &Node, meant: &str) -> Option<Vec<Matcher>> {
        let nodes = self.one_or_more(node, meant);
        let matchers: Vec<_> = nodes
            .into_iter()
            .filter_map(|node| self.matcher(node))
            .collect();
        (!matchers.is_empty()).then_some(matchers)
    }

    fn literals(&mut self, node: &Node) -> Vec<Literal> {
        self.list(node, "a list of values")
            .iter()
            .filter_map(|node| self.literal(node))
            .collect()
    }

    /// A number, or a template that gives one.
    fn number(&mut self, node: &Node) -> Option<Literal> {
        match self.literal(node)? {
            literal @ Literal::Number(_) => Some(literal),
            Literal::Text(text) if text.as_plain().is_none() => Some(Literal::Text(text)),
            _ => self.wrong_type(node, "a number, or a template that gives one,"),
        }
    }

    fn regex(&mut self, node: &Node) -> Option<MatcherKind> {
        let template = self.template(node, "a regular expression")?;
        if let Some(plain) = template.as_plain() {
            if plain.is_empty() {
                self.matches_everything(node, "an empty regular expression");
                return None;
            }
            self.pattern(node, plain)?;
        }
        Some(MatcherKind::Matches(template))
    }

    /// A regular expression with a group: that is what is meant of the text it fits.
    pub(crate) fn grouped(&mut self, node: &Node, pattern: &str) -> Option<Regex> {
        let regex = self.pattern(node, pattern)?;
        if regex.captures_len() > 1 {
            return Some(regex);
        }
        self.wrong_type(node, "a regular expression with a group `(...)`")
    }

    fn pattern(&mut self, node: &Node, pattern: &str) -> Option<Regex> {
        let error = match Regex::new(pattern) {
            Ok(regex) => return Some(regex),
            Err(error) => error.to_string(),
        };
        let reason = error.lines().last().unwrap_or_default().trim();
        self.problem(
            "regex",
            node.span,
            format!(
                "this is no regular expression: {}",
                reason.trim_start_matches("error: ")
            ),
            "cannot be compiled",
            None,
        );
        None
    }

    /// `is: TYPE`, or a list of types of which the value has one.
    fn types(&mut self, node: &Node) -> Option<MatcherKind> {
        let mut matchers: Vec<Matcher> = self
            .one_or_more(node, "a type or a list of types")
            .into_iter()
            .filter_map(|node| {
                let kind = MatcherKind::Is(self.type_word(node)?);
                Some(self.placed(node, kind))
            })
            .collect();
        match matchers.len() {
            0 => None,
            1 => matchers.pop().map(|matcher| matcher.kind),
            _ => Some(MatcherKind::AnyOf(matchers)),
        }
    }

    /// The word of a type; `null` is one.
    pub(crate) fn type_word(&mut self, node: &Node) -> Option<Type> {
        if node
            .as_scalar()
            .is_some_and(|scalar| scalar.text.is_empty())
        {
            return self.wrong_type(node, "a type");
        }
        self.word(node, "a type", &Type::ALL)
    }

    /// Reports a matcher that every value fits.
    pub(crate) fn matches_everything(&mut self, node: &Node, what: &str) {
        self.problem(
            "matches-everything",
            node.span,
            format!("{what} fits every value"),
            "always fits",
            Some("write what is expected; `is: present` where any value will do".to_owned()),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::source::{MatcherKind, Node, Reading, SourceFile, Type};
    use rstest::rstest;

    fn read(yaml: &str) -> (String, Vec<String>) {
        let file = SourceFile::new("f.yaml", yaml);
        let mut reading = Reading::new(&file);
        let node = Node::parse(&file, &mut reading.problems).unwrap();
        let matcher = reading.matcher(&node);
        let shown = matcher
            .map(|matcher| format!("{:?}", matcher.kind))
            .unwrap_or_default();
        let problems = reading.problems.iter().map(ToString::to_string).collect();
        (shown, problems)
    }

    #[rstest]
    #[case("200", "Equals(Number(Number(200)))")]
    #[case("null", "Absent")]
    #[case("no", "Equals(Text(\"no\" at f.yaml:1:1))")]
    #[case("'1'", "Equals(Text(\"1\" at f.yaml:1:1))")]
    #[case("is: null", "Is(Null)")]
    #[case("is: http-date", "Is(HttpDate)")]
    #[case(
        "count: 1",
        "Count(Matcher { place: f.yaml:1:8, kind: Equals(Number(Number(1))) })"
    )]
    #[case("matches: ^a$", "Matches(\"^a$\" at f.yaml:1:10)")]
    #[case("exactly: []", "Exactly([])")]
    #[case("sorted: ordinal", "Sorted(Ordinal)")]
    #[case(
        "words: { count: 1 }",
        "Words(Matcher { place: f.yaml:1:8, kind: Count(Matcher { place: f.yaml:1:17, kind: Equals(Number(Number(1))) }) })"
    )]
    #[case("word-of: '{{ x }}'", "WordOf(\"{{ x }}\" at f.yaml:1:10)")]
    #[case("includes: '{{ x }}'", "Includes(\"{{ x }}\" at f.yaml:1:11)")]
    fn a_matcher_is_read_in_each_form(#[case] yaml: &str, #[case] kind: &str) {
        assert_eq!(read(yaml), (kind.to_owned(), vec![]));
    }

    #[test]
    fn two_keys_of_one_map_mean_all() {
        let file = SourceFile::new("f.yaml", "{ at-least: 1, at-most: 5 }");
        let mut reading = Reading::new(&file);
        let node = Node::parse(&file, &mut reading.problems).unwrap();
        let matcher = reading.matcher(&node).unwrap();
        let MatcherKind::All(all) = matcher.kind else {
            panic!("{matcher:?}")
        };
        assert!(matches!(all[0].kind, MatcherKind::AtLeast(_)));
        assert!(matches!(all[1].kind, MatcherKind::AtMost(_)));
    }

    #[rstest]
    #[case(
        "[]",
        "f.yaml:1:1: a list of what is allowed is meant here, and the list is empty"
    )]
    #[case("{}", "f.yaml:1:1: an empty matcher fits every value")]
    #[case(
        "all: []",
        "f.yaml:1:6: a list of matchers that all fit is meant here, and the list is empty"
    )]
    #[case("is:", "f.yaml:1:3: a type is meant here, and this is nothing")]
    #[case(
        "is: guidd",
        "f.yaml:1:5: a type is meant here, and this is the text `guidd`"
    )]
    #[case("matchs: x", "f.yaml:1:1: `matchs` is no key of a matcher")]
    #[case(
        "matches: '('",
        "f.yaml:1:10: this is no regular expression: unclosed group"
    )]
    #[case(
        "at-least: many",
        "f.yaml:1:11: a number, or a template that gives one, is meant here, and this is the text `many`"
    )]
    #[case(
        "sorted: backwards",
        "f.yaml:1:9: an order is meant here, and this is the text `backwards`"
    )]
    #[case("contains: ''", "f.yaml:1:11: containing nothing fits every value")]
    fn a_matcher_that_cannot_be_meant_is_a_problem(#[case] yaml: &str, #[case] problem: &str) {
        assert_eq!(read(yaml), (String::new(), vec![problem.to_owned()]));
    }

    #[test]
    fn every_type_has_a_word_of_its_own() {
        for (word, kind) in Type::ALL {
            assert_eq!(kind.as_str(), word);
            assert_eq!(
                Type::ALL.iter().filter(|(other, _)| *other == word).count(),
                1
            );
        }
    }
}
