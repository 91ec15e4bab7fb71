use super::{
    Cue, Field, Operations, Until,
    keys::{COMMITS, CUE, CUES, FIELD, ON},
    read_do::read_do,
    which::why_no_regex,
};
use crate::{
    contract::PathPattern,
    message::wrong_header_name,
    mock::{Commit, Fault, Moment},
    source::{Meaning, Node, Problems, Reading, SourceFile, Yaml, quoted},
};
use regex::Regex;
use std::{sync::Arc, time::Duration};

/// What files of cues may name.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The suite that is served.
    pub suite: &'a str,
    /// Its operations.
    pub operations: &'a Operations,
    /// The documented faults of its mock.
    pub faults: &'static [Fault],
}

/// Reads a file of cues, YAML or JSON; gives the cues that are right and all mistakes.
#[must_use]
pub fn read(file: &Arc<SourceFile>, known: &Known<'_>) -> (Vec<Cue>, Problems) {
    let mut reading = Reading::new(file);
    let Some(root) = Node::parse(file, &mut reading.problems) else {
        return (Vec::new(), reading.problems);
    };
    let mut reader = Reader {
        reading,
        known,
        operations: None,
    };
    let cues = reader.file(&root);
    (cues, reader.reading.problems)
}

/// Reads cues and collects what is wrong with them.
struct Reader<'a> {
    reading: Reading,
    known: &'a Known<'a>,
    /// Read once a cue names one.
    operations: Option<Vec<String>>,
}

impl Reader<'_> {
    fn file(&mut self, root: &Node) -> Vec<Cue> {
        let Some(fields) = self.reading.fields(root, &CUES) else {
            return Vec::new();
        };
        if let Some(node) = fields.get("contract")
            && let Some(id) = self.reading.text(node, "the id of a contract")
            && id != self.known.suite
        {
            let suite = self.known.suite;
            self.reading.problem(
                "other-contract",
                node.span,
                format!("the cues are for {}, and `{suite}` is served", quoted(&id)),
                "another contract",
                None,
            );
        }
        let Some(list) = fields.get("cues") else {
            return Vec::new();
        };
        let list = self.reading.list(list, "a list of cues");
        list.iter().filter_map(|node| self.cue(node)).collect()
    }

    fn cue(&mut self, node: &Node) -> Option<Cue> {
        let before = self.reading.problems.len();
        let fields = self.reading.fields(node, &CUE)?;
        let mut cue = Cue::any();
        if let Some(node) = fields.get("name") {
            cue.name = self.reading.filled(node, "a name");
        }
        if let Some(node) = fields.get("on") {
            self.on(node, &mut cue);
        }
        if let Some(node) = fields.get("do") {
            read_do(&mut self.reading, node, self.known, &mut cue.strike);
        }
        if let Some(node) = fields.get("commit") {
            let words = [(COMMITS[0], Commit::Before), (COMMITS[1], Commit::After)];
            cue.commit = self.reading.word(node, "when the state changes", &words);
        }
        (self.reading.problems.len() == before).then_some(cue)
    }

    fn on(&mut self, node: &Node, cue: &mut Cue) {
        let Some(fields) = self.reading.fields(node, &ON) else {
            return;
        };
        if let Some(node) = fields.get("operation") {
            cue.which.operation = self.operation(node);
        }
        if let Some(node) = fields.get("method") {
            cue.which.method = self.reading.filled(node, "a method");
        }
        if let Some(node) = fields.get("path") {
            cue.which.path = self.path(node);
        }
        if let Some(node) = fields.get("header") {
            for (name, key, value) in self.reading.pairs(node, "header fields with their values") {
                if let Some(why) = wrong_header_name(name) {
                    let found = format!("{} is no name of a header field: {why}", quoted(name));
                    self.reading
                        .problem("wrong-header-name", key.span, found, "no name", None);
                }
                let field = self.field(value);
                cue.which
                    .header
                    .extend(field.map(|field| (name.to_owned(), field)));
            }
        }
        if let Some(node) = fields.get("nth") {
            for node in self.reading.one_or_more(node, "a number counted from 1") {
                cue.nth.extend(self.counted(node));
            }
        }
        if let Some(node) = fields.get("times") {
            cue.times = self.counted(node);
        }
        let seed = fields.entry("seed");
        if let Some(node) = fields.get("probability") {
            let seed = match seed {
                Some((_, node)) => self.reading.integer(node, "a seed"),
                None => Some(0),
            };
            cue.odds = self.probability(node).zip(seed);
        } else if let Some((key, _)) = seed {
            self.reading.problem(
                "seed-alone",
                key.span,
                "a seed is for draws, and there is no `probability`",
                "no draws",
                None,
            );
        }
        match (fields.get("until"), fields.entry("for")) {
            (Some(_), Some((key, _))) => self.reading.problem(
                "two-ends",
                key.span,
                "a cue ends once: `for` stands beside `until`",
                "a second end",
                None,
            ),
            (Some(node), None) => cue.until = self.moment(node).map(Until::Moment),
            (None, Some((_, node))) => cue.until = span(&mut self.reading, node).map(Until::For),
            (None, None) => {}
        }
    }

    fn operation(&mut self, node: &Node) -> Option<String> {
        let id = self.reading.filled(node, "the id of an operation")?;
        let known = self
            .operations
            .get_or_insert_with(|| self.known.operations.ids().unwrap_or_default());
        if known.contains(&id) {
            return Some(id);
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let what = format!("operation of `{}`", self.known.suite);
        self.reading
            .unknown("unknown-operation", node.span, &id, &what, known);
        None
    }

    fn path(&mut self, node: &Node) -> Option<String> {
        let text = self.reading.filled(node, "a path")?;
        if let Err(why) = PathPattern::parse(&text) {
            let found = format!("{} is no path: {why}", quoted(&text));
            self.reading
                .problem("wrong-path", node.span, found, "no path", None);
            return None;
        }
        Some(text)
    }

    fn field(&mut self, node: &Node) -> Option<Field> {
        const MEANT: &str = "a value of a header field";
        match &node.yaml {
            Yaml::Scalar(_) if node.is_null() => Some(Field::Absent),
            Yaml::Scalar(_) => self.reading.text(node, MEANT).map(Field::Is),
            Yaml::List(_) => {
                let texts = self.reading.texts(node, MEANT).into_iter();
                Some(Field::OneOf(texts.map(|(text, _)| text).collect()))
            }
            Yaml::Map(_) => {
                let fields = self.reading.fields(node, &FIELD)?;
                let mut written = fields.written();
                let (name, _, value) = match (written.next(), written.next()) {
                    (Some(only), None) => only,
                    (None, _) => return self.reading.wrong_type(node, MEANT),
                    (Some(_), Some((name, key, _))) => {
                        let found = format!("`{name}` stands beside another test of one field");
                        self.reading
                            .problem("two-tests", key.span, found, "a second test", None);
                        return None;
                    }
                };
                match name {
                    "contains" => self.reading.text(value, "a text").map(Field::Contains),
                    "matches" => self.regex(value).map(Field::Matches),
                    _ => {
                        let there = self.reading.boolean(value, "whether it is there")?;
                        Some(if there { Field::Present } else { Field::Absent })
                    }
                }
            }
        }
    }

    fn regex(&mut self, node: &Node) -> Option<String> {
        let text = self.reading.text(node, "a regular expression")?;
        if let Err(error) = Regex::new(&text) {
            let why = why_no_regex(&error);
            let found = format!("{} is no regular expression: {why}", quoted(&text));
            self.reading
                .problem("wrong-regex", node.span, found, "no expression", None);
            return None;
        }
        Some(text)
    }

    fn counted(&mut self, node: &Node) -> Option<u64> {
        let number = self.reading.integer(node, "a number counted from 1")?;
        if number == 0 {
            return self.reading.wrong_type(node, "a number counted from 1");
        }
        Some(number)
    }

    fn probability(&mut self, node: &Node) -> Option<f64> {
        let number = match node.as_scalar().map(|scalar| scalar.meaning()) {
            Some(Meaning::Number(number)) => number.as_f64(),
            _ => None,
        };
        number
            .filter(|number| (0.0..=1.0).contains(number))
            .or_else(|| {
                self.reading
                    .wrong_type(node, "a probability (a number from 0 to 1)")
            })
    }

    fn moment(&mut self, node: &Node) -> Option<Moment> {
        let read = node.as_scalar().and_then(|scalar| scalar.text.parse().ok());
        read.or_else(|| {
            self.reading
                .wrong_type(node, "a moment such as `2026-01-01T00:05:00Z`")
        })
    }
}

/// `200ms`, `2s`, `5m`, `1h`, `14d`.
pub(crate) fn span(reading: &mut Reading, node: &Node) -> Option<Duration> {
    const MEANT: &str = "a duration such as `200ms`, `2s`, `5m`, `1h` or `14d`, at most 3650d";
    let read = node
        .as_scalar()
        .and_then(|scalar| duration(scalar.text.trim()));
    read.or_else(|| reading.wrong_type(node, MEANT))
}

fn duration(text: &str) -> Option<Duration> {
    const YEARS: f64 = 3_650.0 * 86_400.0;
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * seconds;
    (0.0..=YEARS).contains(&seconds).then(|| {
        // What is written in milliseconds is meant in milliseconds.
        Duration::from_micros(Duration::from_secs_f64(seconds).as_nanos().div_ceil(1_000) as u64)
    })
}
