use super::CueError;
use crate::{
    contract::PathPattern,
    message::{Headers, Request},
    mock::journal::mask_credentials,
    source::nearest,
};
use regex::Regex;
use std::fmt;

/// Which requests are meant, by what their heads say. What is not said fits everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Which {
    /// The operation of the contract, by its id.
    pub operation: Option<String>,
    /// The method, in its case.
    pub method: Option<String>,
    /// The path without its query, as contracts write paths: `/Job/{id}`, `/files/{*rest}`.
    pub path: Option<String>,
    /// Header fields, their names in any case.
    pub header: Vec<(String, Field)>,
}

/// What the value of a header field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Equal to that text.
    Is(String),
    /// Equal to one of these.
    OneOf(Vec<String>),
    /// Holds that text.
    Contains(String),
    /// Fits that regular expression, anywhere in it.
    Matches(String),
    /// There at all.
    Present,
    /// Not there.
    Absent,
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Is(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Is(text)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) => f.write_str(text),
            Self::OneOf(texts) => write!(f, "one of {}", texts.join(" | ")),
            Self::Contains(text) => write!(f, "contains {text}"),
            Self::Matches(regex) => write!(f, "matches {regex}"),
            Self::Present => f.write_str("present"),
            Self::Absent => f.write_str("absent"),
        }
    }
}

/// The same, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    operation: Option<String>,
    method: Option<String>,
    path: Option<(String, PathPattern)>,
    header: Vec<(String, Field, Option<Regex>)>,
}

/// One thing that was asked of a request, and whether the request has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// `operation`, `header Content-Range`.
    pub(crate) what: String,
    /// What was asked.
    pub(crate) wanted: String,
    /// What there is instead; none where it fits.
    pub(crate) got: Option<String>,
}

/// The most characters that are shown of what a request has.
const SHOWN: usize = 200;

impl Which {
    /// Makes it ready; `known` are the operations that there are, or none where nobody can tell.
    pub(crate) fn compile(&self, known: Option<&[String]>) -> Result<Compiled, CueError> {
        if let (Some(operation), Some(known)) = (&self.operation, known)
            && !known.contains(operation)
        {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(CueError::UnknownOperation {
                id: operation.clone(),
                nearest: nearest(operation, &known).map(ToOwned::to_owned),
            });
        }
        let path = match &self.path {
            None => None,
            Some(text) => match PathPattern::parse(text) {
                Ok(pattern) => Some((text.clone(), pattern)),
                Err(why) => {
                    let path = text.clone();
                    return Err(CueError::Path { path, why });
                }
            },
        };
        let header = self.header.iter().map(|(name, field)| {
            let regex = match field {
                Field::Matches(text) => {
                    Some(Regex::new(text).map_err(|error| CueError::Regex {
                        text: text.clone(),
                        why: error.to_string(),
                    })?)
                }
                _ => None,
            };
            Ok((name.clone(), field.clone(), regex))
        });
        Ok(Compiled {
            operation: self.operation.clone(),
            method: self.method.clone(),
            path,
            header: header.collect::<Result<_, CueError>>()?,
        })
    }
}

impl Compiled {
    /// Whether the operation of a request has to be found out.
    pub(crate) fn asks_for_the_operation(&self) -> bool {
        self.operation.is_some()
    }

    /// Whether a request is meant; `operation` is which it is, where it is one at all.
    pub(crate) fn fits(&self, request: &Request, operation: Option<&str>) -> bool {
        let method = self.method.as_deref();
        method.is_none_or(|method| method == request.method)
            && self
                .operation
                .as_deref()
                .is_none_or(|wanted| operation == Some(wanted))
            && self
                .path
                .as_ref()
                .is_none_or(|(_, path)| path.fits(request.path()))
            && self.header.iter().all(|(name, field, regex)| {
                field_fits(field, regex.as_ref(), &request.headers, name)
            })
    }

    /// Everything that is asked, line by line, and what the request has instead where it does not fit.
    ///
    /// `shown` is the same request with its secrets masked.
    pub(crate) fn compare(
        &self,
        request: &Request,
        shown: &Request,
        operation: Option<&str>,
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = |what: String, wanted: &str, fits: bool, got: &str| {
            lines.push(Line {
                what,
                wanted: wanted.to_owned(),
                got: (!fits).then(|| short(got)),
            });
        };
        if let Some(wanted) = &self.operation {
            let got = operation.unwrap_or("none of the contract");
            line("operation".into(), wanted, got == wanted, got);
        }
        if let Some(wanted) = &self.method {
            let got = &request.method;
            line("method".into(), wanted, got == wanted, got);
        }
        if let Some((wanted, pattern)) = &self.path {
            let fits = pattern.fits(request.path());
            line("path".into(), wanted, fits, shown.path());
        }
        for (name, field, regex) in &self.header {
            let fits = field_fits(field, regex.as_ref(), &request.headers, name);
            let got = shown.headers.joined(name);
            let got = got.unwrap_or_else(|| "absent".to_owned());
            let wanted = masked(name, field).to_string();
            line(format!("header {name}"), &wanted, fits, &got);
        }
        lines
    }
}

/// What is asked of a header field, as it may be shown: credentials are masked.
pub(crate) fn masked(name: &str, field: &Field) -> Field {
    let mut one = Headers::new();
    one.append(name, "a");
    mask_credentials(&mut one);
    if one.get(name) == Some("a") {
        return field.clone();
    }
    match field {
        Field::Present | Field::Absent => field.clone(),
        _ => Field::Is("***".to_owned()),
    }
}

fn field_fits(field: &Field, regex: Option<&Regex>, headers: &Headers, name: &str) -> bool {
    let mut values = headers.all(name);
    match field {
        Field::Absent => values.next().is_none(),
        Field::Present => values.next().is_some(),
        Field::Is(text) => values.any(|value| value == text),
        Field::OneOf(texts) => values.any(|value| texts.iter().any(|text| text == value)),
        Field::Contains(text) => values.any(|value| value.contains(text.as_str())),
        Field::Matches(_) => values.any(|value| regex.is_some_and(|regex| regex.is_match(value))),
    }
}

/// The last line of what the reader of expressions says; those before it draw the expression.
pub(super) fn why_no_regex(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
