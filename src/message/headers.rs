use std::fmt;

/// Header fields in the order and with the letter case in which they stand on the wire.
///
/// Look-up ignores the case of names (RFC 2616 4.2). A value is the text between colon and line
/// end without surrounding blanks; bytes that are no UTF-8 are read as Latin-1.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of the first field of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// The values of all fields of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// The values of all fields of that name as one, joined with `, ` (RFC 2616 4.2).
    #[must_use]
    pub fn joined(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Whether a field of that name is present.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a field behind all others, also when one of that name is there already.
    pub fn append(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Replaces every field of that name by one, at the place of the first.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self
            .0
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(&name))
        {
            None => self.0.push((name, value)),
            Some(at) => {
                let mut index = 0;
                self.0.retain(|(n, _)| {
                    index += 1;
                    index - 1 == at || !n.eq_ignore_ascii_case(&name)
                });
                self.0[at] = (name, value);
            }
        }
    }

    /// Takes out every field of that name; tells whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        before != self.0.len()
    }

    /// The fields as `(name, value)`, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(n, v)| (n, v)))
            .finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn set_replaces_every_field_of_the_name_at_the_place_of_the_first() {
        let mut headers: Headers = [("A", "1"), ("b", "2"), ("a", "3"), ("C", "4")]
            .into_iter()
            .collect();
        headers.set("a", "new");
        let left: Vec<_> = headers.iter().collect();
        assert_eq!(left, [("a", "new"), ("b", "2"), ("C", "4")]);
    }

    #[test]
    fn names_are_found_in_any_case_and_kept_as_written() {
        let headers: Headers = [("BITS-Session-Id", "x")].into_iter().collect();
        assert_eq!(headers.get("bits-session-id"), Some("x"));
        assert_eq!(headers.iter().next(), Some(("BITS-Session-Id", "x")));
    }
}
