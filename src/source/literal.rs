use super::{Literal, Matcher, MatcherKind, Place, Scope, Template, TemplateError};
use serde_json::Value;

impl Literal {
    /// A value in whose texts nothing is a template.
    #[must_use]
    pub fn plain(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Template::plain(text.as_str(), Place::nowhere())),
            Value::Array(elements) => Self::List(elements.iter().map(Self::plain).collect()),
            Value::Object(members) => Self::Map(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::plain(value)))
                    .collect(),
            ),
        }
    }

    /// The value with every template filled in; a template that is one expression alone keeps the type of its value.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub fn resolve(&self, scope: &Scope) -> Result<Value, TemplateError> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(template) => template.value(scope)?,
            Self::List(elements) => Value::Array(
                elements
                    .iter()
                    .map(|element| element.resolve(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), value.resolve(scope)?)))
                    .collect::<Result<_, TemplateError>>()?,
            ),
        })
    }

    /// Calls `visit` with every template in it.
    pub fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
            Self::Text(template) => visit(template),
            Self::List(elements) => elements.iter().for_each(|element| element.templates(visit)),
            Self::Map(members) => members.iter().for_each(|(_, value)| value.templates(visit)),
        }
    }
}

impl Matcher {
    /// Calls `visit` with every template in it.
    pub fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        match &self.kind {
            MatcherKind::Absent | MatcherKind::Is(_) | MatcherKind::Sorted(_) => {}
            MatcherKind::Equals(literal)
            | MatcherKind::Contains(literal)
            | MatcherKind::AtLeast(literal)
            | MatcherKind::AtMost(literal)
            | MatcherKind::Json(literal) => literal.templates(visit),
            MatcherKind::AnyOf(matchers) | MatcherKind::All(matchers) => {
                matchers.iter().for_each(|matcher| matcher.templates(visit));
            }
            MatcherKind::Not(matcher)
            | MatcherKind::Length(matcher)
            | MatcherKind::Count(matcher)
            | MatcherKind::Each(matcher)
            | MatcherKind::Words(matcher) => matcher.templates(visit),
            MatcherKind::Matches(template)
            | MatcherKind::WordOf(template)
            | MatcherKind::Includes(template)
            | MatcherKind::IgnoringCase(template) => visit(template),
            MatcherKind::Exactly(literals) | MatcherKind::InOrder(literals) => {
                literals.iter().for_each(|literal| literal.templates(visit));
            }
        }
    }
}
