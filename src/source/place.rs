use std::{fmt, sync::Arc};

/// A file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As it is shown: relative to where the program was started, or `<embedded>/...`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// A range of bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

/// Where something stands: a file and a range of it.
#[derive(Clone)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The range.
    pub span: Span,
}

impl Place {
    /// Line and column of the start, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.file.text[..self.span.start.min(self.file.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(1, |tail| tail.chars().count() + 1);
        (line, column)
    }
}

/// `path:line:column`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.file.path)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

/// All mistakes of the files read so far.
#[derive(Clone, Debug, Default)]
pub struct Problems(pub Vec<Problem>);
