use super::{
    Node, Place, Problem, Problems, Scalar, SourceFile, Span, Yaml,
    tree::{is_inexact, quoted},
};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Levels of lists and maps within each other. Deeper files are refused, so that no reader's recursion overflows the stack.
const DEPTH: usize = 64;
/// Nodes that aliases and merge keys may add: a few lines of anchors can stand for billions.
const COPIES: usize = 100_000;

impl Node {
    /// Reads the one YAML document of a file: aliases and merge keys (`<<`) are resolved, keys are unique.
    ///
    /// Gives none, and says why in `problems`, where the file has no tree at all; a duplicate key leaves the tree usable.
    pub fn parse(file: &Arc<SourceFile>, problems: &mut Problems) -> Option<Self> {
        let mut builder = Builder {
            file,
            problems,
            offsets: Offsets::new(&file.text),
            anchors: HashMap::new(),
            copies: 0,
            open: Vec::new(),
            root: None,
        };
        match builder.run() {
            Ok(()) => builder.root,
            Err(problem) => {
                builder.problems.push(*problem);
                None
            }
        }
    }
}

/// Bytes of characters: saphyr counts characters, all else here counts bytes.
struct Offsets {
    /// Where the parsed text begins: behind a byte-order mark.
    base: usize,
    length: usize,
    /// The byte of each character; empty where the text is ASCII.
    bytes: Vec<usize>,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let base = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text[base..].char_indices().map(|(at, _)| at).collect()
        };
        Self {
            base,
            length: text.len(),
            bytes,
        }
    }

    fn byte(&self, character: usize) -> usize {
        let within = if self.bytes.is_empty() {
            character
        } else {
            self.bytes.get(character).copied().unwrap_or(self.length)
        };
        (self.base + within).min(self.length)
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        let start = self.byte(span.start.index());
        Span {
            start,
            end: self.byte(span.end.index()).max(start),
        }
    }
}

/// A list or map whose end has not come yet.
struct Open {
    anchor: usize,
    start: Span,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        members: Vec<(Node, Node)>,
        key: Option<Node>,
        /// What `<<` brings in; own members win.
        merged: Vec<(Node, Node)>,
    },
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    problems: &'a mut Problems,
    offsets: Offsets,
    anchors: HashMap<usize, Option<Node>>,
    copies: usize,
    open: Vec<Open>,
    root: Option<Node>,
}

type Step = Result<(), Box<Problem>>;

impl Builder<'_> {
    fn run(&mut self) -> Step {
        let mut parser = Parser::new_from_str(&self.file.text[self.offsets.base..]);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let span = self.offsets.span(span);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(self.problem(
                            "several-documents",
                            span,
                            "a second YAML document begins here",
                            "one file holds one document",
                            Some("move it to a file of its own, or take out the `---`"),
                        ));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let mut quoted = style != ScalarStyle::Plain;
                    if let Some(tag) = tag {
                        if tag.is_yaml_core_schema() && tag.suffix == "str" {
                            quoted = true;
                        } else {
                            return Err(self.tagged(span, &tag.to_string()));
                        }
                    }
                    if !quoted && is_inexact(&text) {
                        return Err(self.problem(
                            "inexact-number",
                            span,
                            "a whole number of more than 64 bits stands here",
                            "its last digits would be lost",
                            Some("where it is text, as in XML or a header, put it in quotes"),
                        ));
                    }
                    // The parser leaves room in every text; a large file would be held several times over.
                    let mut text = text.into_owned();
                    text.shrink_to_fit();
                    let node = Node {
                        span,
                        yaml: Yaml::Scalar(Scalar { text, quoted }),
                    };
                    self.add(node, anchor)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.begin(span, anchor, tag.as_deref(), Content::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    let content = Content::Map {
                        members: Vec::new(),
                        key: None,
                        merged: Vec::new(),
                    };
                    self.begin(span, anchor, tag.as_deref(), content)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Alias(anchor) => self.alias(span, anchor)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        if self.root.is_none() {
            return Err(Box::new(Problem::of_file(
                self.file,
                "empty-file",
                "the file holds no YAML document",
            )));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        start: Span,
        anchor: usize,
        tag: Option<&saphyr_parser::Tag>,
        content: Content,
    ) -> Step {
        if let Some(tag) = tag {
            return Err(self.tagged(start, &tag.to_string()));
        }
        if self.open.len() >= DEPTH {
            return Err(self.problem(
                "too-deep",
                start,
                &format!("more than {DEPTH} lists and maps stand within each other"),
                "too deep",
                None,
            ));
        }
        if anchor != 0 {
            // Known from here, so that an alias within itself is told apart from one that is unknown.
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open {
            anchor,
            start,
            content,
        });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Step {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let node = match open.content {
            Content::List(mut elements) => {
                elements.shrink_to_fit();
                Node {
                    span: covering(open.start, elements.last().map(|node| node.span), end),
                    yaml: Yaml::List(elements),
                }
            }
            Content::Map {
                mut members,
                merged,
                ..
            } => {
                let span = covering(open.start, members.last().map(|(_, node)| node.span), end);
                // Aliases of `<<` in one list: an earlier one wins over a later one.
                let mut seen: HashSet<String> = match merged.is_empty() {
                    true => HashSet::new(),
                    false => members.iter().map(|(k, _)| key_text(k)).collect(),
                };
                for (key, value) in merged {
                    if seen.insert(key_text(&key)) {
                        members.push((key, value));
                    }
                }
                members.shrink_to_fit();
                Node {
                    span,
                    yaml: Yaml::Map(members),
                }
            }
        };
        self.add(node, open.anchor)
    }

    fn alias(&mut self, span: Span, anchor: usize) -> Step {
        let Some(Some(node)) = self.anchors.get(&anchor) else {
            return Err(self.problem(
                "recursive-alias",
                span,
                "this alias stands within what it names",
                "it would never end",
                None,
            ));
        };
        self.copies += size(node);
        if self.copies > COPIES {
            return Err(self.problem(
                "too-many-aliases",
                span,
                &format!("the aliases of this file stand for more than {COPIES} values"),
                "too many with this one",
                None,
            ));
        }
        if self.open.len() + depth(node) > DEPTH {
            return Err(self.problem(
                "too-deep",
                span,
                &format!("more than {DEPTH} lists and maps stand within each other"),
                "too deep with this alias",
                None,
            ));
        }
        let node = node.clone();
        self.add(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Step {
        if anchor != 0 {
            self.copies += size(&node);
            self.anchors.insert(anchor, Some(node.clone()));
        }
        let (file, problems) = (self.file, &mut *self.problems);
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(elements)) => elements.push(node),
            Some(Content::Map {
                members,
                key,
                merged,
            }) => match key.take() {
                None if node.as_scalar().is_none() => return Err(complex_key(file, &node)),
                None => *key = Some(node),
                Some(name) => {
                    let scalar = name.as_scalar().expect("only scalars become keys");
                    if scalar.text == "<<" && !scalar.quoted {
                        return merge(file, &node, merged);
                    }
                    let first = members
                        .iter()
                        .find(|(other, _)| other.as_scalar() == name.as_scalar());
                    if let Some((other, _)) = first {
                        let (line, _) = Place::new(file, other.span).line_column();
                        problems.push(Problem {
                            code: "duplicate-key",
                            place: Place::new(file, name.span),
                            found: format!(
                                "the key {} stands here a second time",
                                quoted(&scalar.text)
                            ),
                            label: "second".into(),
                            help: Some(format!(
                                "it stands in line {line} already; keep one of them"
                            )),
                        });
                        return Ok(());
                    }
                    members.push((name, node));
                }
            },
        }
        Ok(())
    }

    fn tagged(&self, span: Span, tag: &str) -> Box<Problem> {
        self.problem(
            "tag",
            span,
            &format!("the tag `{tag}` means nothing here"),
            "tagged",
            Some("take it out; quote what is to be text"),
        )
    }

    fn syntax(&self, error: &ScanError) -> Box<Problem> {
        let start = self.offsets.byte(error.marker().index());
        let text = &self.file.text;
        let start = match error.info().contains("tab") {
            true => tab_meant(text, start).unwrap_or(start),
            false => start,
        };
        let length = text[start..]
            .chars()
            .next()
            .filter(|c| *c != '\n')
            .map_or(0, char::len_utf8);
        let span = Span {
            start,
            end: start + length,
        };
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let indent = text[line_start..]
            .split(|c: char| !c.is_whitespace())
            .next()
            .unwrap_or_default();
        let info = error.info();
        let help = if indent.contains('\t') || text[start..].starts_with('\t') {
            Some("YAML is indented with blanks; replace the tab")
        } else if info.contains("unknown anchor") {
            Some("an anchor `&name` must stand above the alias `*name`")
        } else if info.contains("mapping values are not allowed") {
            Some("text with `: ` in it needs quotes; or the line is indented wrongly")
        } else {
            None
        };
        self.problem(
            "yaml",
            span,
            &format!("this is no YAML: {info}"),
            "here",
            help,
        )
    }

    fn problem(
        &self,
        code: &'static str,
        span: Span,
        found: &str,
        label: &str,
        help: Option<&str>,
    ) -> Box<Problem> {
        Box::new(Problem {
            code,
            place: Place::new(self.file, span),
            found: found.into(),
            label: label.into(),
            help: help.map(Into::into),
        })
    }
}

/// The tab that the parser means: that which indents its line, or else the next one.
fn tab_meant(text: &str, stopped: usize) -> Option<usize> {
    let line = text[..stopped].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[line..stopped];
    let own = indent.find('\t').filter(|_| indent.trim().is_empty());
    own.map(|at| line + at)
        .or_else(|| text[stopped..].find('\t').map(|at| stopped + at))
}

fn complex_key(file: &Arc<SourceFile>, node: &Node) -> Box<Problem> {
    let template = file.text[..node.span.start].ends_with('{') && node.as_map().is_some();
    Box::new(Problem {
        code: "complex-key",
        place: Place::new(file, node.span),
        found: format!("a key is text, and this is {}", node.described()),
        label: "as a key".into(),
        help: template
            .then(|| "a value that begins with a template needs quotes: \"{{ name }}\"".to_owned()),
    })
}

fn merge(file: &Arc<SourceFile>, node: &Node, merged: &mut Vec<(Node, Node)>) -> Step {
    let wrong = |node: &Node| {
        Box::new(Problem {
            code: "merge-key",
            place: Place::new(file, node.span),
            found: format!(
                "`<<` takes a map or a list of maps, and this is {}",
                node.described()
            ),
            label: "not a map".into(),
            help: None,
        })
    };
    match &node.yaml {
        Yaml::Map(members) => merged.extend(members.iter().cloned()),
        Yaml::List(elements) => {
            for element in elements {
                let members = element.as_map().ok_or_else(|| wrong(element))?;
                merged.extend(members.iter().cloned());
            }
        }
        Yaml::Scalar(_) => return Err(wrong(node)),
    }
    Ok(())
}

/// From where a list or map begins to the end of its last member; the parser's end event stands on a later line in block style.
fn covering(start: Span, last: Option<Span>, end: Span) -> Span {
    let flow = end.end > end.start;
    let end = match last {
        Some(_) if flow => end.end,
        // An alias is longer or shorter than what it names, and that may stand anywhere.
        Some(last) if last.start >= start.start => last.end,
        Some(_) => start.end,
        None => end.end.max(start.end),
    };
    Span {
        start: start.start,
        end: end.max(start.end),
    }
}

fn key_text(node: &Node) -> String {
    node.as_scalar()
        .map(|scalar| scalar.text.clone())
        .unwrap_or_default()
}

fn size(node: &Node) -> usize {
    1 + match &node.yaml {
        Yaml::Scalar(_) => 0,
        Yaml::List(elements) => elements.iter().map(size).sum(),
        Yaml::Map(members) => members.iter().map(|(_, value)| 1 + size(value)).sum(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.yaml {
        Yaml::Scalar(_) => 0,
        Yaml::List(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Yaml::Map(members) => {
            1 + members
                .iter()
                .map(|(_, value)| depth(value))
                .max()
                .unwrap_or(0)
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
