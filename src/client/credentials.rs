use crate::auth;
use std::fmt;

/// Who asks, and how that is proved.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name, for NTLM also `DOMAIN\name`.
    pub user: String,
    /// Password; in no output.
    pub password: String,
    /// How it is proved.
    pub scheme: Scheme,
}

/// How credentials are proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Basic` with every request.
    Basic,
    /// `Authorization: Basic` once the server has answered 401 with a challenge for it.
    BasicWhenChallenged,
    /// NTLMv2 on the connection that it authenticates.
    Ntlm,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("password", &"***")
            .field("scheme", &self.scheme)
            .finish()
    }
}

/// The value of `Authorization` for Basic.
pub(super) fn basic(user: &str, password: &str) -> String {
    auth::Basic::value(&auth::User::new(user, password))
}
