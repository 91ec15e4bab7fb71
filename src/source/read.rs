use super::{
    Literal, Meaning, Node, Place, Problem, Problems, SourceFile, Span, Table, Template, Yaml,
    tree::{Syntax, quoted},
};
use std::{sync::Arc, time::Duration};

/// Reads typed values from the nodes of one file and collects every mistake.
///
/// Each function gives none where it has reported a problem.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The file.
    pub(crate) file: Arc<SourceFile>,
    /// What is wrong with it so far.
    pub(crate) problems: Problems,
    syntax: Syntax,
}

/// The members of a map whose keys a table names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'n> {
    table: &'static Table,
    members: &'n [(Node, Node)],
    /// Of the whole map.
    pub(crate) span: Span,
}

impl<'n> Fields<'n> {
    /// The value of a key, where it is written.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        debug_assert!(
            self.table.has(name),
            "{name} is in the table of {}",
            self.table.what
        );
        self.entry(name).map(|(_, value)| value)
    }

    /// Key and value, where it is written.
    pub(crate) fn entry(&self, name: &str) -> Option<(&'n Node, &'n Node)> {
        self.members
            .iter()
            .find(|(key, _)| key.as_scalar().is_some_and(|key| key.text == name))
            .map(|(key, value)| (key, value))
    }

    /// The keys of the table that are written, in written order.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static str, &'n Node, &'n Node)> {
        self.members.iter().filter_map(|(key, value)| {
            let text = &key.as_scalar()?.text;
            let known = self.table.all().find(|known| known.name == text)?;
            Some((known.name, key, value))
        })
    }
}

impl Reading {
    /// Of a file.
    pub(crate) fn new(file: &Arc<SourceFile>) -> Self {
        Self {
            file: Arc::clone(file),
            problems: Problems::default(),
            syntax: Syntax::Yaml,
        }
    }

    /// Of a file in TOML: its mistakes are told in the words of that.
    pub(crate) fn toml(file: &Arc<SourceFile>) -> Self {
        Self {
            syntax: Syntax::Toml,
            ..Self::new(file)
        }
    }

    /// What a node is, for messages.
    pub(crate) fn described(&self, node: &Node) -> String {
        node.described_in(self.syntax)
    }

    /// The place of a span of this file.
    pub(crate) fn place(&self, span: Span) -> Place {
        Place::new(&self.file, span)
    }

    /// Reports a problem.
    pub(crate) fn problem(
        &mut self,
        code: &'static str,
        span: Span,
        found: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        let place = self.place(span);
        self.problems.push(Problem {
            code,
            place,
            found: found.into(),
            label: label.into(),
            help,
        });
    }

    /// Reports that a value is not what it should be: "`status` is a status code, and this is a list".
    pub(crate) fn wrong_type<T>(&mut self, node: &Node, meant: &str) -> Option<T> {
        self.problem(
            "wrong-type",
            node.span,
            format!(
                "{meant} is meant here, and this is {}",
                self.described(node)
            ),
            format!("not {meant}"),
            None,
        );
        None
    }

    /// Reports a name that is not known, with the nearest one that is.
    pub(crate) fn unknown<'a>(
        &mut self,
        code: &'static str,
        span: Span,
        name: &str,
        what: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        self.problem(
            code,
            span,
            format!("{} is no {what}", quoted(name)),
            format!("no {what}"),
            Some(suggestion(name, &known)),
        );
    }

    /// A map with the keys of a table; reports unknown keys and those that are missing.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        table: &'static Table,
    ) -> Option<Fields<'n>> {
        let Yaml::Map(members) = &node.yaml else {
            return self.wrong_type(node, &format!("{} (a {})", table.what, self.syntax.map()));
        };
        for (key, value) in members {
            let text = &key.as_scalar()?.text;
            if !table.has(text) {
                let known: Vec<&str> = table.all().map(|key| key.name).collect();
                // `{ says: one, two }` makes `two` a key without a value.
                let before = &self.file.text[..key.span.start];
                let cut = value
                    .as_scalar()
                    .is_some_and(|scalar| scalar.text.is_empty() && !scalar.quoted)
                    && before.trim_end().ends_with(',');
                let help = if cut {
                    "text with a comma needs quotes within `{ }`".to_owned()
                } else {
                    suggestion(text, &known)
                };
                self.problem(
                    "unknown-key",
                    key.span,
                    format!("{} is no key of {}", quoted(text), table.what),
                    "unknown key",
                    Some(help),
                );
            }
        }
        let fields = Fields {
            table,
            members,
            span: node.span,
        };
        for key in table.all().filter(|key| key.required) {
            if fields.entry(key.name).is_none() {
                // A whole map underlined says nothing: its first key does.
                let span = members.first().map_or(node.span, |(first, _)| first.span);
                self.problem(
                    "missing-key",
                    span,
                    format!("{} needs `{}`", table.what, key.name),
                    format!("`{}` is missing here", key.name),
                    Some(format!("`{}` {}", self.syntax.key(key.name), key.says)),
                );
            }
        }
        Some(fields)
    }

    /// The members of a map of names that the file chooses.
    pub(crate) fn pairs<'n>(
        &mut self,
        node: &'n Node,
        meant: &str,
    ) -> Vec<(&'n str, &'n Node, &'n Node)> {
        let Yaml::Map(members) = &node.yaml else {
            self.wrong_type::<()>(node, meant);
            return Vec::new();
        };
        members
            .iter()
            .filter_map(|(key, value)| Some((key.as_scalar()?.text.as_str(), key, value)))
            .collect()
    }

    /// The elements of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, meant: &str) -> &'n [Node] {
        match &node.yaml {
            Yaml::List(elements) => elements,
            Yaml::Map(_) | Yaml::Scalar(_) => {
                self.wrong_type::<()>(node, meant);
                &[]
            }
        }
    }

    /// The elements of a list that must not be empty, or the node itself where it is none.
    pub(crate) fn one_or_more<'n>(&mut self, node: &'n Node, meant: &str) -> Vec<&'n Node> {
        let Yaml::List(elements) = &node.yaml else {
            return vec![node];
        };
        if elements.is_empty() {
            self.problem(
                "empty-list",
                node.span,
                format!("{meant} is meant here, and the list is empty"),
                "empty",
                None,
            );
        }
        elements.iter().collect()
    }

    /// Text: any scalar that is not null.
    pub(crate) fn text(&mut self, node: &Node, meant: &str) -> Option<String> {
        match node.as_scalar() {
            Some(scalar) if scalar.meaning() != Meaning::Null => Some(scalar.text.clone()),
            _ => self.wrong_type(node, meant),
        }
    }

    /// Text that is not empty.
    pub(crate) fn filled(&mut self, node: &Node, meant: &str) -> Option<String> {
        let text = self.text(node, meant)?;
        if text.trim().is_empty() {
            self.problem(
                "empty-text",
                node.span,
                format!("{meant} is meant here, and the text is empty"),
                "empty",
                None,
            );
            return None;
        }
        Some(text)
    }

    /// Text, or a list of texts.
    pub(crate) fn texts(&mut self, node: &Node, meant: &str) -> Vec<(String, Place)> {
        self.one_or_more(node, meant)
            .into_iter()
            .filter_map(|node| Some((self.filled(node, meant)?, self.place(node.span))))
            .collect()
    }

    /// Text with templates: any scalar that is not null.
    pub(crate) fn template(&mut self, node: &Node, meant: &str) -> Option<Template> {
        let text = self.text(node, meant)?;
        self.template_of(text, node.span)
    }

    fn template_of(&mut self, text: String, span: Span) -> Option<Template> {
        match Template::parse(text, self.place(span)) {
            Ok(template) => Some(template),
            Err(problem) => {
                self.problems.push(*problem);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, node: &Node, meant: &str) -> Option<bool> {
        match node.as_scalar().map(|scalar| scalar.meaning()) {
            Some(Meaning::Bool(value)) => Some(value),
            _ => self.wrong_type(node, &format!("{meant} (`true` or `false`)")),
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn integer(&mut self, node: &Node, meant: &str) -> Option<u64> {
        let number = match node.as_scalar().map(|scalar| scalar.meaning()) {
            Some(Meaning::Number(number)) => number.as_u64(),
            _ => None,
        };
        number.or_else(|| self.wrong_type(node, &format!("{meant} (a whole number)")))
    }

    /// A status code.
    pub(crate) fn status(&mut self, node: &Node) -> Option<u16> {
        let code = match node.as_scalar().map(|scalar| scalar.meaning()) {
            Some(Meaning::Number(number)) => number.as_u64(),
            _ => None,
        };
        code.and_then(|code| u16::try_from(code).ok())
            .filter(|code| (100..=999).contains(code))
            .or_else(|| self.wrong_type(node, "a status code, 100 to 999"))
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let Some(scalar) = node.as_scalar() else {
            return self.wrong_type(node, what);
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == scalar.text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.problem(
            "unknown-word",
            node.span,
            format!("{what} is meant here, and this is {}", self.described(node)),
            format!("not {what}"),
            Some(suggestion(&scalar.text, &known)),
        );
        None
    }

    /// `200ms`, `2s`, `5m`, `1h`; a number without a unit is refused.
    pub(crate) fn duration(&mut self, node: &Node) -> Option<Duration> {
        const MEANT: &str = "a duration such as `200ms`, `2s`, `5m` or `1h`";
        let parsed = node.as_scalar().and_then(|scalar| {
            let text = scalar.text.trim();
            let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, unit) = text.split_at(unit);
            let seconds = match unit.trim() {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
            // Longer than a day is a slip of the pen, and would overflow somewhere.
            let seconds = number.parse::<f64>().ok()? * seconds;
            (0.0..=86_400.0)
                .contains(&seconds)
                .then(|| Duration::from_secs_f64(seconds))
        });
        parsed.or_else(|| self.wrong_type(node, MEANT))
    }

    /// A number of bytes: `4892`, `16 KiB`, `1 MiB`.
    pub(crate) fn size(&mut self, node: &Node) -> Option<u64> {
        const MEANT: &str = "a number of bytes such as `4892`, `16 KiB` or `1 MiB`";
        let parsed = node.as_scalar().and_then(|scalar| {
            let text = scalar.text.trim();
            let unit = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            let (number, unit) = text.split_at(unit);
            let factor = match unit.trim() {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.parse::<u64>().ok()?.checked_mul(factor)
        });
        parsed.or_else(|| self.wrong_type(node, MEANT))
    }

    /// Any value, with templates in its texts.
    pub(crate) fn literal(&mut self, node: &Node) -> Option<Literal> {
        Some(match &node.yaml {
            Yaml::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => Literal::Null,
                Meaning::Bool(value) => Literal::Bool(value),
                Meaning::Number(number) => Literal::Number(number),
                Meaning::Text(text) => Literal::Text(self.template_of(text.to_owned(), node.span)?),
            },
            Yaml::List(elements) => Literal::List(
                elements
                    .iter()
                    .filter_map(|element| self.literal(element))
                    .collect(),
            ),
            Yaml::Map(members) => Literal::Map(
                members
                    .iter()
                    .filter_map(|(key, value)| {
                        Some((key.as_scalar()?.text.clone(), self.literal(value)?))
                    })
                    .collect(),
            ),
        })
    }
}

/// The known name that is nearest to one that is not, where one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let name = plain(name);
    let allowed = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| {
            let other = plain(candidate);
            let distance = strsim::damerau_levenshtein(&name, &other);
            let within = name.len() >= 4
                && (other.contains(&name) || name.contains(&other))
                && other.len() >= 4;
            (
                if within {
                    distance.min(allowed)
                } else {
                    distance
                },
                *candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or what is known where nothing is near and the list is short.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    const LISTED: usize = 24;
    if let Some(nearest) = nearest(name, known) {
        return format!("did you mean `{nearest}`?");
    }
    match known {
        [] => "there are none".to_owned(),
        [only] => format!("there is only `{only}`"),
        known => {
            let more = known.len().saturating_sub(LISTED);
            let mut list: Vec<String> = known
                .iter()
                .take(LISTED)
                .map(|k| format!("`{k}`"))
                .collect();
            if more > 0 {
                list.push(format!("and {more} more"));
            }
            format!("known are {}", list.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, nearest};
    use crate::source::{Node, Problems, SourceFile};
    use rstest::rstest;

    #[test]
    fn what_a_node_is_is_told_in_the_words_of_its_language() {
        let mut problems = Problems::default();
        let toml = SourceFile::new("a.toml", "[a]\n");
        let table = Node::parse_toml(&toml, &mut problems).expect("TOML");
        let told = Reading::toml(&toml).described(&table);
        assert!(told.contains("table"), "{told}");
        let yaml = SourceFile::new("a.yaml", "a: 1\n");
        let map = Node::parse(&yaml, &mut problems).expect("YAML");
        let told = Reading::new(&yaml).described(&map);
        assert!(told.contains("map") && !told.contains("table"), "{told}");
    }

    #[rstest]
    #[case("expct", Some("expect"))]
    #[case("Status", Some("status"))]
    #[case("at_most", Some("at-most"))]
    #[case("headers", Some("header"))]
    #[case("zzz", None)]
    #[case("s", None)]
    fn the_nearest_name_is_one_that_can_be_meant(#[case] name: &str, #[case] meant: Option<&str>) {
        let known = ["expect", "status", "at-most", "header", "json"];
        assert_eq!(nearest(name, &known), meant);
    }
}
