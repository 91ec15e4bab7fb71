use super::{User, user::same};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The credentials of `Authorization: Basic` (RFC 7617).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic(User);

impl Basic {
    /// The challenge that asks for them.
    pub const CHALLENGE: &'static str = "Basic realm=\"wireproof\"";

    /// Reads the value of `Authorization`; none where it is of another scheme or no name and password in base64.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, token) = value.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let bytes = STANDARD.decode(token.trim()).ok()?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            // Clients that know only ISO-8859-1 send that.
            Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
        };
        let (name, password) = text.split_once(':')?;
        Some(Self(User::new(name, password)))
    }

    /// The value of `Authorization` for these credentials.
    #[must_use]
    pub fn value(user: &User) -> String {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", user.name, user.password))
        )
    }

    /// The name, proved or not.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The password, to be masked elsewhere.
    #[must_use]
    pub(crate) fn password(&self) -> &str {
        &self.0.password
    }

    /// Whether one of the users has this name and password. Every user is compared, so that time tells nothing.
    #[must_use]
    pub fn is_one_of(&self, users: &[User]) -> bool {
        users.iter().fold(false, |found, user| {
            let name = same(user.name.as_bytes(), self.0.name.as_bytes());
            let password = same(user.password.as_bytes(), self.0.password.as_bytes());
            found | (name & password)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Basic, User};
    use proptest::prelude::proptest;
    use rstest::rstest;

    #[test]
    fn what_rfc_7617_shows_is_read() {
        let basic = Basic::parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert_eq!(basic.name(), "Aladdin");
        assert!(basic.is_one_of(&[User::new("x", "y"), User::new("Aladdin", "open sesame")]));
        assert!(!basic.is_one_of(&[User::new("Aladdin", "open")]));
        assert!(!basic.is_one_of(&[]));
    }

    #[rstest]
    #[case("Bearer abc")]
    #[case("Basic")]
    #[case("Basic !!!")]
    #[case("Basic bm9jb2xvbg==")]
    fn what_is_no_name_and_password_is_not_read(#[case] value: &str) {
        assert_eq!(Basic::parse(value), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let basic = Basic::parse(&Basic::value(&User::new("a", "hidden"))).unwrap();
        assert!(!format!("{basic:?}").contains("hidden"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "[^:]{0,12}", password in ".{0,12}") {
            let user = User::new(name, password);
            let read = Basic::parse(&Basic::value(&user)).unwrap();
            assert!(read.is_one_of(&[user]));
        }
    }
}
