use crate::{
    message::{Exchange, Reply, Request},
    source::{Literal, Place, Scope, Template, TemplateError},
};
use bytes::Bytes;
use serde_json::Value;
use std::{
    borrow::Cow,
    cell::{OnceCell, RefCell},
    collections::HashMap,
    fmt,
};

/// Why something could not be judged at all: a mistake of whoever wrote the clause or scenario.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Where it is written, as far as that is known.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// Whether a template reads the reply, or what an earlier one told, and cannot be worked out of it: then it is the reply
    /// that lacks something.
    pub of_reply: bool,
}

impl Wrong {
    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place.clone()),
            ..Self::unplaced(message)
        }
    }

    pub(crate) fn unplaced(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
            of_reply: false,
        }
    }

    fn of(template: &Template, scope: &Scope, error: TemplateError) -> Self {
        let of_reply = |name: &String| name == "reply" || scope.is_told(name);
        Self {
            of_reply: template.names().iter().any(of_reply),
            ..error.into()
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Wrong {}

impl From<TemplateError> for Wrong {
    fn from(error: TemplateError) -> Self {
        Self {
            place: Some(error.place),
            ..Self::unplaced(error.message)
        }
    }
}

/// What templates are rendered with: the scope of the step, and `request`, `reply`, `operation` and `target`, which
/// are only put together when a template asks for something.
pub(crate) struct Env<'a> {
    scope: Scope,
    exchange: &'a Exchange,
    reply: Option<&'a Reply>,
    operation: Option<&'a Value>,
    target: &'a [(String, Value)],
    wire: OnceCell<Scope>,
    full: OnceCell<Scope>,
    /// What templates gave, by their text: one is asked for each element of a list.
    rendered: RefCell<HashMap<String, String>>,
}

impl<'a> Env<'a> {
    pub(crate) fn new(
        scope: &Scope,
        exchange: &'a Exchange,
        operation: Option<&'a Value>,
        target: &'a [(String, Value)],
    ) -> Self {
        let reply = match &exchange.outcome {
            Ok(reply) => Some(reply),
            Err(broken) => broken.partial.as_deref(),
        };
        Self {
            scope: scope.clone(),
            exchange,
            reply,
            operation,
            target,
            wire: OnceCell::new(),
            full: OnceCell::new(),
            rendered: RefCell::default(),
        }
    }

    /// The same with the values of `let`, each of which sees those before it.
    pub(crate) fn with(&self, values: &[(String, Literal)]) -> Result<Env<'a>, Wrong> {
        let mut env = Env {
            scope: self.scope.clone(),
            exchange: self.exchange,
            reply: self.reply,
            operation: self.operation,
            target: self.target,
            wire: OnceCell::new(),
            full: OnceCell::new(),
            rendered: RefCell::default(),
        };
        for (name, literal) in values {
            let value = env.value(literal)?;
            env.scope.set(name, &value);
            env.wire = OnceCell::new();
            env.full = OnceCell::new();
            env.rendered = RefCell::default();
        }
        Ok(env)
    }

    /// The id of the operation that the request is.
    pub(crate) fn operation(&self) -> Option<&str> {
        self.operation?.get("id")?.as_str()
    }

    /// A template as text.
    pub(crate) fn text<'t>(&self, template: &'t Template) -> Result<Cow<'t, str>, Wrong> {
        if let Some(text) = template.as_plain() {
            return Ok(Cow::Borrowed(text));
        }
        if let Some(text) = self.rendered.borrow().get(&template.text) {
            return Ok(Cow::Owned(text.clone()));
        }
        let text = template
            .render(self.scope_for(template))
            .map_err(|error| Wrong::of(template, &self.scope, error))?;
        self.rendered
            .borrow_mut()
            .insert(template.text.clone(), text.clone());
        Ok(Cow::Owned(text))
    }

    /// A literal with its templates filled in.
    pub(crate) fn value(&self, literal: &Literal) -> Result<Value, Wrong> {
        Ok(match literal {
            Literal::Text(template) => template
                .value(self.scope_for(template))
                .map_err(|error| Wrong::of(template, &self.scope, error))?,
            Literal::List(_) | Literal::Map(_) => literal.resolve(self.everything())?,
            Literal::Null | Literal::Bool(_) | Literal::Number(_) => {
                literal.resolve(&self.scope)?
            }
        })
    }

    /// The bytes of a variable: of text those of UTF-8.
    pub(crate) fn bytes(&self, name: &str) -> Option<Bytes> {
        self.scope.get_bytes(name).or_else(|| {
            self.scope
                .get(name)
                .map(|value| Bytes::from(super::matcher::plain(&value).into_owned()))
        })
    }

    fn scope_for(&self, template: &Template) -> &Scope {
        if template.as_plain().is_some() {
            &self.scope
        } else {
            let of_the_wire = |name: &String| {
                matches!(name.as_str(), "request" | "reply")
                    || (name != "operation" && self.scope.has(name))
            };
            if template.names().iter().all(of_the_wire) {
                self.wire()
            } else {
                self.everything()
            }
        }
    }

    fn wire(&self) -> &Scope {
        self.wire.get_or_init(|| {
            let scope = self.scope.with_request(&self.exchange.request);
            match self.reply {
                Some(reply) => scope.with_reply(reply),
                None => scope,
            }
        })
    }

    fn everything(&self) -> &Scope {
        self.full.get_or_init(|| {
            let mut scope = self.wire().clone();
            if let Some(operation) = self.operation {
                scope.set("operation", operation);
            }
            for (name, value) in self.target {
                if !scope.has(name) {
                    scope.set(name, value);
                }
            }
            scope
        })
    }
}

/// Judges with no names at all: what uses a template is wrong.
pub(crate) fn without_templates<T>(judge: impl FnOnce(&Env<'_>) -> T) -> T {
    let nothing = Exchange::new(Request::default(), "", Ok(Reply::default()));
    judge(&Env::new(&Scope::new(), &nothing, None, &[]))
}
