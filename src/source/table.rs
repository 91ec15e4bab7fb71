//! Tables of the keys that a map may have. Readers and the JSON schemas use the same tables, so they cannot drift apart.

/// The keys of one kind of map.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name in the schema: `step`.
    pub(crate) name: &'static str,
    /// As a message names it: "a step".
    pub(crate) what: &'static str,
    /// A table whose keys it has too.
    pub(crate) base: Option<&'static Table>,
    /// Its own keys.
    pub(crate) keys: &'static [Key],
}

/// A key that a map may have.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What it means, for editors.
    pub(crate) says: &'static str,
    /// What its value looks like, for editors.
    pub(crate) shape: Shape,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// What a value looks like. The readers judge more than this can say.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any value.
    Anything,
    /// Text, or a scalar that is read as text.
    Text,
    /// Text with `{{ expressions }}`, or a scalar.
    Template,
    /// `true` or `false`
    Boolean,
    /// A whole number, not negative.
    Integer,
    /// A number, a fraction too.
    Number,
    /// `200ms`, `2s`, `5m`
    Duration,
    /// `null`
    Null,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of the types that `is:` knows.
    Type,
    /// A matcher.
    Matcher,
    /// A list of these.
    List(&'static Shape),
    /// One of these, or a list of them.
    OneOrMore(&'static Shape),
    /// A map of any keys to these.
    MapOf(&'static Shape),
    /// A map with the keys of a table.
    Map(&'static Table),
    /// One of these.
    Either(&'static [Shape]),
}

impl Key {
    /// A key that may be left out.
    pub(crate) const fn new(name: &'static str, shape: Shape, says: &'static str) -> Self {
        Self {
            name,
            says,
            shape,
            required: false,
        }
    }

    /// A key that must be there.
    pub(crate) const fn required(name: &'static str, shape: Shape, says: &'static str) -> Self {
        Self {
            name,
            says,
            shape,
            required: true,
        }
    }
}

impl Table {
    /// Whether the table has that key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all().any(|key| key.name == name)
    }

    /// Its own keys and those of its base.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Key> {
        let base: &'static [Key] = self.base.map_or(&[], |base| base.keys);
        self.keys.iter().chain(base)
    }
}
