use super::{Place, Problem, Scope, Span, tree::quoted, unquoted, value};
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value};
use std::{
    fmt,
    sync::{Arc, LazyLock},
};

/// Text with `{{ expressions }}` (minijinja) in it.
///
/// Compiled once when it is read; text without expressions costs nothing to render. Statements (`{% %}`) are refused.
/// Names that are not defined are an error that names them, unless the filter `default` is used.
///
/// Beside minijinja's own filters there are `urlencode`, `base64`, `hex`, `tojson` and
/// `capture(REGEX)`, the first group of a match. No function depends on time or chance.
#[derive(Clone)]
pub struct Template {
    /// As written.
    pub text: String,
    /// Where it is written.
    pub place: Place,
    /// None: there is no expression in the text.
    parts: Option<Arc<Parts>>,
}

struct Parts {
    pieces: Vec<Piece>,
    names: Vec<String>,
}

enum Piece {
    Text(String),
    Expression {
        source: String,
        compiled: Expression<'static, 'static>,
    },
}

/// A template that could not be rendered.
#[derive(Clone, Debug)]
pub struct TemplateError {
    /// Where the template is written.
    pub place: Place,
    /// Why: "`session` is not defined in `{{ session }}`".
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

/// What expressions can use. One for all templates: it knows filters and tests, and nothing of any scope.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.remove_global("debug");
    environment.add_filter("urlencode", value::urlencode);
    environment.add_filter("base64", value::base64);
    environment.add_filter("hex", value::hex);
    environment.add_filter("capture", value::capture);
    environment.add_filter("tojson", value::to_json_text);
    environment
});

impl Template {
    /// Compiles text as it was written.
    ///
    /// # Errors
    /// A problem at the place of the expression that cannot be compiled, or of a statement.
    pub fn parse(text: impl Into<String>, place: Place) -> Result<Self, Box<Problem>> {
        let text = text.into();
        let parts = if text.contains("{{") || text.contains("{%") {
            Some(Arc::new(compile(&text, &place)?))
        } else {
            None
        };
        Ok(Self { text, place, parts })
    }

    /// Text that is taken as it is, whatever it looks like.
    #[must_use]
    pub fn plain(text: impl Into<String>, place: Place) -> Self {
        Self {
            text: text.into(),
            place,
            parts: None,
        }
    }

    /// The same template, written elsewhere; what was compiled is shared.
    pub(crate) fn at(&self, place: Place) -> Self {
        Self {
            place,
            ..self.clone()
        }
    }

    /// The text, where no expression is in it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        self.parts.is_none().then_some(self.text.as_str())
    }

    /// The names that its expressions take from the scope, sorted: of `{{ request.header['A'] }}` it is `request`.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.parts.as_deref().map_or(&[], |parts| &parts.names)
    }

    /// The text with every expression filled in.
    ///
    /// # Errors
    /// An expression uses a name that is not defined, or cannot be computed.
    pub fn render(&self, scope: &Scope) -> Result<String, TemplateError> {
        let Some(parts) = &self.parts else {
            return Ok(self.text.clone());
        };
        let root = scope.root();
        let mut out = String::new();
        for piece in &parts.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Expression { source, compiled } => {
                    let value = self.eval(source, compiled, &root)?;
                    value::write_text(&value, &mut out)
                        .map_err(|message| self.error(source, &message))?;
                }
            }
        }
        Ok(out)
    }

    /// The value: of a template that is one expression alone as it is, otherwise the rendered text.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn value(&self, scope: &Scope) -> Result<serde_json::Value, TemplateError> {
        if let Some(parts) = &self.parts
            && let [Piece::Expression { source, compiled }] = parts.pieces.as_slice()
        {
            let value = self.eval(source, compiled, &scope.root())?;
            return value::to_json(&value).map_err(|message| self.error(source, &message));
        }
        self.render(scope).map(serde_json::Value::String)
    }

    fn eval(
        &self,
        source: &str,
        compiled: &Expression<'static, 'static>,
        root: &Value,
    ) -> Result<Value, TemplateError> {
        let value = compiled.eval(root.clone());
        match value {
            Ok(value) if !value.is_undefined() => Ok(value),
            result => {
                let missing = compiled
                    .undeclared_variables(false)
                    .into_iter()
                    .filter(|name| {
                        root.get_attr(name)
                            .map_or(true, |value| value.is_undefined())
                            && !is_global(name)
                    })
                    .min();
                Err(match (missing, result) {
                    (Some(name), _) => self.error(source, &format!("`{name}` is not defined")),
                    (None, Ok(_)) => self.error(source, "there is no such value"),
                    (None, Err(error)) => self.error(source, &explained(&error)),
                })
            }
        }
    }

    fn error(&self, source: &str, message: &str) -> TemplateError {
        TemplateError {
            place: self.place.clone(),
            message: format!("{message} in `{{{{ {source} }}}}`"),
        }
    }
}

/// Of the text only: compiled parts say the same.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.text, self.place)
    }
}

fn is_global(name: &str) -> bool {
    ENVIRONMENT.globals().any(|(global, _)| global == name)
}

fn explained(error: &minijinja::Error) -> String {
    let kind = error.kind().to_string();
    match error.detail() {
        Some(detail) if error.kind() == ErrorKind::UndefinedError => detail.to_owned(),
        Some(detail) if detail.starts_with(&kind) => detail.to_owned(),
        Some(detail) => format!("{kind}: {detail}"),
        None => kind,
    }
}

fn compile(text: &str, place: &Place) -> Result<Parts, Box<Problem>> {
    let problem = |from: usize, to: usize, code, found: String, label: &str, help: Option<&str>| {
        Box::new(Problem {
            code,
            place: within(place, text, from, to),
            found,
            label: label.to_owned(),
            help: help.map(Into::into),
        })
    };
    let mut pieces = Vec::new();
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['{']).map(|found| at + found) {
        let rest = &text[next..];
        if rest.starts_with("{%") {
            let end = rest.find("%}").map_or(text.len(), |end| next + end + 2);
            return Err(problem(
                next,
                end,
                "template-statement",
                format!(
                    "{} is a statement, and templates here have expressions only",
                    quoted(&text[next..end])
                ),
                "a statement",
                Some(
                    "an expression can choose too: {{ a if condition else b }}; write {{ '{%' }} for the signs themselves",
                ),
            ));
        }
        if !rest.starts_with("{{") {
            push_text(&mut pieces, &text[at..=next]);
            at = next + 1;
            continue;
        }
        push_text(&mut pieces, &text[at..next]);
        let Some(length) = expression_length(&rest[2..]) else {
            return Err(problem(
                next,
                text.len(),
                "template",
                format!("the template {} has no end", quoted(rest)),
                "`}}` is missing",
                Some("write {{ '{{' }} for the signs themselves"),
            ));
        };
        let end = next + 2 + length + 2;
        let source = rest[2..2 + length]
            .trim_matches(|c: char| c.is_whitespace() || c == '-')
            .to_owned();
        let compiled = ENVIRONMENT
            .compile_expression_owned(source.clone())
            .map_err(|error| {
                problem(
                    next,
                    end,
                    "template",
                    format!(
                        "the expression {} cannot be read: {}",
                        quoted(&source),
                        explained(&error)
                    ),
                    "no expression",
                    None,
                )
            })?;
        for name in compiled.undeclared_variables(false) {
            if !names.contains(&name) && !is_global(&name) {
                names.push(name);
            }
        }
        if let Some(filter) = unknown_filter(&source) {
            return Err(problem(
                next,
                end,
                "unknown-filter",
                format!("`{filter}` is no filter of templates"),
                "unknown filter",
                None,
            ));
        }
        pieces.push(Piece::Expression { source, compiled });
        at = end;
    }
    push_text(&mut pieces, &text[at..]);
    names.sort();
    Ok(Parts { pieces, names })
}

/// Adds text, to the piece before where that is text too.
fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// The bytes up to the `}}` that ends an expression: not one in quotes or of a map within it.
fn expression_length(text: &str) -> Option<usize> {
    let mut braces = 0_usize;
    for (at, c) in unquoted(text) {
        match c {
            '{' => braces += 1,
            '}' if braces > 0 => braces -= 1,
            '}' if text[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// The first name behind a `|` that is no filter: minijinja finds that out only when it runs.
fn unknown_filter(source: &str) -> Option<String> {
    for (at, _) in unquoted(source).filter(|(_, c)| *c == '|') {
        let rest = source[at + 1..].trim_start();
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if !name.is_empty() && !has_filter(&name) {
            return Some(name);
        }
    }
    None
}

fn has_filter(name: &str) -> bool {
    ENVIRONMENT
        .compile_expression("name is filter")
        .and_then(|expression| expression.eval(minijinja::context! { name }))
        .is_ok_and(|known| known.is_true())
}

/// The place of a part of a text; the whole where quotes, escapes or line folding stand between file and text.
fn within(place: &Place, text: &str, from: usize, to: usize) -> Place {
    match place.text().find(text) {
        Some(offset) => Place::new(
            &place.file,
            Span {
                start: place.span.start + offset + from,
                end: place.span.start + offset + to,
            },
        ),
        None => place.clone(),
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
