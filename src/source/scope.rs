use super::{
    message_object::{ReplyObject, RequestObject},
    value::{Blob, from_json, to_json},
};
use crate::message::{Reply, Request};
use bytes::Bytes;
use minijinja::{Value, value::Object};
use std::{fmt, sync::Arc};

/// The names a template can use, and their values.
///
/// Cheap to clone; what is set on a clone is not seen by the others.
#[derive(Clone, Default)]
pub struct Scope(Arc<Layer>);

#[derive(Clone, Default)]
struct Layer {
    parent: Option<Scope>,
    values: Vec<Named>,
    /// How many layers stand below.
    depth: usize,
}

#[derive(Clone)]
struct Named {
    name: Box<str>,
    value: Value,
    /// Whether a reply told it.
    told: bool,
}

/// Layers that may stand on each other; then they are copied into one, so that look-up and drop stay quick.
const LAYERS: usize = 8;

impl Scope {
    /// Without any name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a name a value, also one that it has already.
    pub fn set(&mut self, name: &str, value: &serde_json::Value) {
        self.put(name, from_json(value), false);
    }

    /// The same with a value that a reply told: where it cannot be used, the reply is to blame.
    pub fn set_told(&mut self, name: &str, value: &serde_json::Value) {
        self.put(name, from_json(value), true);
    }

    /// Gives a name bytes: templates can take their `length`, `base64` and `hex`.
    pub fn set_bytes(&mut self, name: &str, bytes: Bytes) {
        self.put(name, Value::from_object(Blob(bytes)), false);
    }

    /// Gives a name an object whose members are computed when a template asks for them.
    pub fn set_object(&mut self, name: &str, object: impl Object + 'static) {
        self.put(name, Value::from_object(object), false);
    }

    /// The same scope with `request`: its `method`, `target`, `path` (percent-decoded), `version`, `header['NAME']` and
    /// `query['NAME']` (case of names ignored), `body`, `body_length` and `json`.
    #[must_use]
    pub fn with_request(&self, request: &Request) -> Self {
        let mut scope = self.clone();
        scope.set_object("request", RequestObject::new(request));
        scope
    }

    /// The same scope with `reply`: its `status`, `reason`, `version`, `header['NAME']` (case of names ignored), `body`,
    /// `body_length` and `json`.
    #[must_use]
    pub fn with_reply(&self, reply: &Reply) -> Self {
        let mut scope = self.clone();
        scope.set_object("reply", ReplyObject::new(reply));
        scope
    }

    /// The value of a name as JSON; none where it is not set or is an object such as `request`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<serde_json::Value> {
        self.find(name).and_then(|value| to_json(value).ok())
    }

    /// The bytes of a name that was set to bytes.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<Bytes> {
        self.find(name)?
            .downcast_object_ref::<Blob>()
            .map(|blob| blob.0.clone())
    }

    /// Whether a name has a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether a name has a value that a reply told.
    #[must_use]
    pub fn is_told(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|entry| entry.told)
    }

    fn put(&mut self, name: &str, value: Value, told: bool) {
        if Arc::get_mut(&mut self.0).is_none() {
            let layer = if self.0.depth >= LAYERS {
                Layer {
                    values: self.flat(),
                    ..Layer::default()
                }
            } else {
                Layer {
                    parent: Some(self.clone()),
                    values: Vec::new(),
                    depth: self.0.depth + 1,
                }
            };
            self.0 = Arc::new(layer);
        }
        let values = &mut Arc::make_mut(&mut self.0).values;
        match values.iter_mut().find(|entry| *entry.name == *name) {
            Some(entry) => (entry.value, entry.told) = (value, told),
            None => values.push(Named {
                name: name.into(),
                value,
                told,
            }),
        }
    }

    /// All values, each name once.
    fn flat(&self) -> Vec<Named> {
        let mut values: Vec<Named> = Vec::new();
        let mut layer = Some(&*self.0);
        while let Some(current) = layer {
            for entry in &current.values {
                if !values.iter().any(|known| known.name == entry.name) {
                    values.push(entry.clone());
                }
            }
            layer = current.parent.as_ref().map(|scope| &*scope.0);
        }
        values
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|entry| &entry.value)
    }

    fn entry(&self, name: &str) -> Option<&Named> {
        let mut layer = Some(&*self.0);
        while let Some(current) = layer {
            let entry = current.values.iter().find(|entry| *entry.name == *name);
            if entry.is_some() {
                return entry;
            }
            layer = current.parent.as_ref().map(|scope| &*scope.0);
        }
        None
    }

    /// The scope as the root of an expression.
    pub(super) fn root(&self) -> Value {
        Value::from_object(Root(self.clone()))
    }
}

/// The names that are set, not their values: those may be secret.
impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.flat().iter().map(|entry| &entry.name))
            .finish()
    }
}

#[derive(Debug)]
struct Root(Scope);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.find(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.find(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{LAYERS, Scope};
    use serde_json::json;

    #[test]
    fn what_is_set_on_a_clone_is_not_seen_by_the_other() {
        let mut below = Scope::new();
        below.set("a", &json!(1));
        let mut above = below.clone();
        above.set("a", &json!([1, { "b": null }]));
        assert_eq!(below.get("a"), Some(json!(1)));
        assert_eq!(above.get("a"), Some(json!([1, { "b": null }])));
        assert_eq!(above.get("b"), None);
    }

    #[test]
    fn what_a_reply_told_is_known_until_it_is_set_anew() {
        let mut scope = Scope::new();
        scope.set_told("a", &json!(1));
        let mut above = scope.clone();
        above.set("b", &json!(2));
        assert_eq!(
            (above.is_told("a"), above.is_told("b"), above.is_told("c")),
            (true, false, false)
        );
        above.set("a", &json!(3));
        assert_eq!((above.is_told("a"), scope.is_told("a")), (false, true));
        // Where layers are put together, too.
        for n in 0..LAYERS {
            let below = scope.clone();
            scope.set(&format!("n{n}"), &json!(below.has("a")));
        }
        assert!(scope.is_told("a"));
    }

    #[test]
    fn a_long_line_of_clones_stays_shallow_and_keeps_every_value() {
        let mut scope = Scope::new();
        let mut kept = Vec::new();
        for n in 0..1_000 {
            kept.push(scope.clone());
            scope.set(&format!("n{n}"), &json!(n));
            assert!(scope.0.depth <= LAYERS);
        }
        assert!((0..1_000).all(|n| scope.get(&format!("n{n}")) == Some(json!(n))));
    }
}
