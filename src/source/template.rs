use super::Place;

/// Text with `{{ expressions }}` (minijinja) in it.
///
/// Compiled once when it is read; text without expressions costs nothing to render.
#[derive(Clone, Debug)]
pub struct Template {
    /// As written.
    pub text: String,
    /// Where it is written.
    pub place: Place,
}

/// The names a template can use, and their values.
#[derive(Clone, Debug, Default)]
pub struct Scope;

/// A template that could not be rendered.
#[derive(Clone, Debug)]
pub struct TemplateError;
