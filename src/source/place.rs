use super::Problem;
use std::{
    fmt,
    path::Path,
    sync::{Arc, LazyLock},
};

/// A file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As it is shown: relative to where the program was started, or `<embedded>/...`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

impl SourceFile {
    /// A file from a path as it is shown and its text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
        })
    }

    /// Reads a file; `shown` is the path that messages use.
    ///
    /// # Errors
    /// One problem where the file is missing, unreadable or no UTF-8.
    pub fn load(path: &Path, shown: &str) -> Result<Arc<Self>, Problem> {
        // A pipe or a device might never end.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let found = "this is no regular file; pipes and devices are not read";
            return Err(Problem::of_file(&Self::new(shown, ""), "no-file", found));
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let (code, found) = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        ("no-such-file", "there is no such file".to_owned())
                    }
                    std::io::ErrorKind::IsADirectory => {
                        ("no-file", "this is a folder, not a file".to_owned())
                    }
                    _ => ("unreadable-file", format!("it cannot be read: {error}")),
                };
                return Err(Problem::of_file(&Self::new(shown, ""), code, found));
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(shown, text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let byte = error.as_bytes().get(valid).copied().unwrap_or_default();
                let mut text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                text.truncate(valid + '\u{fffd}'.len_utf8());
                let file = Self::new(shown, text);
                let place = Place::new(
                    &file,
                    Span {
                        start: valid,
                        end: file.text.len(),
                    },
                );
                Err(Problem {
                    code: "no-utf-8",
                    place,
                    found: format!("the byte {byte:#04x} is no UTF-8"),
                    label: "not UTF-8 from here".into(),
                    help: Some("save the file as UTF-8".into()),
                })
            }
        }
    }
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
    /// A range of a file.
    #[must_use]
    pub fn new(file: &Arc<SourceFile>, span: Span) -> Self {
        Self {
            file: Arc::clone(file),
            span,
        }
    }

    /// The place of what was written in no file: a default, an argument, a value of a test.
    #[must_use]
    pub fn nowhere() -> Self {
        static NOWHERE: LazyLock<Arc<SourceFile>> =
            LazyLock::new(|| SourceFile::new("<built in>", ""));
        Self::new(&NOWHERE, Span::default())
    }

    /// The text that stands there.
    #[must_use]
    pub fn text(&self) -> &str {
        self.file
            .text
            .get(self.span.start..self.span.end)
            .unwrap_or_default()
    }

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
