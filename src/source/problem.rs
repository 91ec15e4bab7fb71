use super::{Place, SourceFile, Span, excerpt::Shown};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

/// One mistake in a file: where, what was found, what was meant.
#[derive(Clone, Debug)]
pub struct Problem {
    /// A stable name for the kind of mistake: `unknown-key`, `wrong-type`, `unused-variable` ...
    pub code: &'static str,
    /// Where.
    pub place: Place,
    /// What was found, a sentence without full stop: "`expct` is no key of a step".
    pub found: String,
    /// A few words under the underlined place.
    pub label: String,
    /// What to do: "did you mean `expect`?".
    pub help: Option<String>,
}

impl Problem {
    /// A problem with a file as a whole.
    #[must_use]
    pub fn of_file(file: &Arc<SourceFile>, code: &'static str, found: impl Into<String>) -> Self {
        Self {
            code,
            place: Place::new(file, Span::default()),
            found: found.into(),
            label: String::new(),
            help: None,
        }
    }
}

/// How problems are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Lines drawn with Unicode instead of ASCII: on a terminal.
    pub unicode: bool,
    /// ANSI colours.
    pub color: bool,
    /// Columns at most for what can be wrapped.
    pub width: usize,
}

impl Look {
    /// Plain ASCII of 100 columns: for files, pipes and tests.
    pub const PLAIN: Self = Self {
        unicode: false,
        color: false,
        width: 100,
    };
}

/// All mistakes of the files read so far.
#[derive(Clone, Debug, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds those of another file.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// All of them for a person: a header line `path:line:column: what was found`, the lines of the file with the place
    /// underlined, and what to do.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        let theme = match (look.unicode, look.color) {
            (true, true) => GraphicalTheme::unicode(),
            (true, false) => GraphicalTheme::unicode_nocolor(),
            (false, _) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(look.width)
            .with_wrap_lines(false)
            .with_links(false)
            .with_context_lines(1);
        let mut out = String::new();
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            if handler
                .render_report(&mut out, &Shown::new(problem))
                .is_err()
            {
                // Writing to a string cannot fail: the excerpt could not be made. The line still says all.
                let _ = writeln!(out, "{problem}");
            }
        }
        out
    }

    /// Sorted by file and place, without those that say the same of the same place: a family of clauses is read once for
    /// each of its operations.
    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            (&a.place.file.path, a.place.span.start).cmp(&(&b.place.file.path, b.place.span.start))
        });
        self.0.dedup_by(|a, b| {
            a.code == b.code
                && a.found == b.found
                && a.place.span == b.place.span
                && a.place.file == b.place.file
        });
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One line: `path:line:column: what was found`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.file.text.is_empty() {
            write!(f, "{}: {}", self.place.file.path, self.found)
        } else {
            write!(f, "{}: {}", self.place, self.found)
        }
    }
}

impl std::error::Error for Problem {}

/// One line for each.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
            if let Some(help) = &problem.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.place.file.text.is_empty()).then_some(&self.place.file.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.place.file.text.is_empty() {
            return None;
        }
        // What spans many lines is underlined on its first line only.
        let Span { start, end } = self.place.span;
        let text = &self.place.file.text;
        let end = text
            .get(start..end)
            .and_then(|covered| covered.find('\n'))
            .map_or(end, |newline| start + newline);
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            start,
            end.saturating_sub(start),
        ))))
    }
}
