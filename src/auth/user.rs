use std::fmt;
use subtle::ConstantTimeEq as _;

/// A name with its password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name as it is typed: `hans`, `DOMAIN\hans` or `hans@domain`.
    pub name: String,
    /// The password.
    pub password: String,
}

impl User {
    /// A name with its password.
    #[must_use]
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            password: password.into(),
        }
    }

    /// The domain, empty where none was given, and the name without it.
    #[must_use]
    pub fn domain_and_name(&self) -> (&str, &str) {
        self.name.split_once('\\').unwrap_or(("", &self.name))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whether both are the same, in a time that tells only their lengths.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
