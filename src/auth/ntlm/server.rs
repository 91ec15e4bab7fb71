use super::{
    crypto::{key, proof},
    message::{
        ALWAYS_SIGN, EXTENDED, Kind, NTLM, NtlmError, REQUEST_TARGET, TARGET_INFO, TARGET_SERVER,
        UNICODE, Writer, field, number, text, utf16,
    },
};
use crate::auth::{User, user::same};
use std::fmt;

/// What the client adds to its proof has at least this many bytes.
const SHORTEST_TEMP: usize = 28;

/// The server's message: its name, and a nonce that is never used twice.
#[must_use]
pub fn challenge(server: &str, nonce: [u8; 8]) -> Vec<u8> {
    let name = utf16(server);
    let length = u16::try_from(name.len()).unwrap_or_default().to_le_bytes();
    let mut info = Vec::new();
    // Domain (2), server (1) and their end.
    for id in [2, 1] {
        info.extend_from_slice(&[id, 0]);
        info.extend_from_slice(&length);
        info.extend_from_slice(&name);
    }
    info.extend_from_slice(&[0; 4]);
    let flags =
        UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | TARGET_SERVER | EXTENDED | TARGET_INFO;
    Writer::new(Kind::Challenge, 48)
        .field(&name)
        .bytes(&flags.to_le_bytes())
        .bytes(&nonce)
        .bytes(&[0; 8])
        .field(&info)
        .finish()
}

/// What a client answered to a challenge: who it says it is, and its proof.
pub struct Authenticate {
    domain: String,
    user: String,
    proof: [u8; 16],
    temp: Vec<u8>,
}

impl Authenticate {
    /// Reads the client's second message. One without a proof of version 2 is read too, and proves nothing.
    ///
    /// # Errors
    /// It is another message, or cut.
    pub fn parse(message: &[u8]) -> Result<Self, NtlmError> {
        if Kind::of(message) != Some(Kind::Authenticate) {
            return Err(NtlmError::Other(Kind::Authenticate));
        }
        let flags = number(message, 60)?;
        let response = field(message, 20)?;
        let (proof, temp) = match response.split_first_chunk() {
            Some((proof, temp)) if temp.len() >= SHORTEST_TEMP => (*proof, temp.to_vec()),
            _ => ([0; 16], Vec::new()),
        };
        Ok(Self {
            domain: text(message, 28, flags)?,
            user: text(message, 36, flags)?,
            proof,
            temp,
        })
    }

    /// Who the client says it is: `DOMAIN\name`, or the name alone.
    #[must_use]
    pub fn name(&self) -> String {
        if self.domain.is_empty() {
            self.user.clone()
        } else {
            format!("{}\\{}", self.domain, self.user)
        }
    }

    /// The user whose password was proved for the nonce, if any. Names are compared without case, the domain only
    /// where the user has one; every user is tried, so that time tells nothing.
    #[must_use]
    pub fn proves<'a>(&self, nonce: [u8; 8], users: &'a [User]) -> Option<&'a User> {
        let mut found = None;
        for known in users {
            let (domain, name) = known.domain_and_name();
            let key = key(&known.password, &self.user, &self.domain);
            let proved = same(&proof(&key, nonce, &self.temp), &self.proof);
            let named =
                alike(name, &self.user) && (domain.is_empty() || alike(domain, &self.domain));
            if proved & named & (self.temp.len() >= SHORTEST_TEMP) {
                found = Some(known);
            }
        }
        found
    }
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

fn alike(a: &str, b: &str) -> bool {
    a.to_uppercase() == b.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::{Authenticate, challenge};
    use crate::auth::{
        User,
        ntlm::{Kind, authenticate, negotiate},
    };
    use proptest::prelude::{any, prop, proptest};
    use rstest::rstest;

    const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    fn said(user: &User) -> Authenticate {
        let answer = authenticate(&challenge("HEADNODE", NONCE), user, [9; 8], 77).unwrap();
        Authenticate::parse(&answer).unwrap()
    }

    #[rstest]
    #[case("hans", "geheim", Some("hans"))]
    #[case("HANS", "geheim", Some("hans"))]
    #[case("ANYWHERE\\hans", "geheim", Some("hans"))]
    #[case("corp\\Änne", "pässwörd", Some("CORP\\änne"))]
    #[case("other\\änne", "pässwörd", None)]
    #[case("hans", "Geheim", None)]
    #[case("hans", "", None)]
    #[case("fritz", "geheim", None)]
    fn only_the_right_password_of_a_known_user_proves_anything(
        #[case] name: &str,
        #[case] password: &str,
        #[case] expected: Option<&str>,
    ) {
        let users = [
            User::new("hans", "geheim"),
            User::new("CORP\\änne", "pässwörd"),
        ];
        let said = said(&User::new(name, password));
        assert_eq!(said.name(), name);
        assert_eq!(
            said.proves(NONCE, &users).map(|user| user.name.as_str()),
            expected
        );
        assert!(said.proves([0; 8], &users).is_none(), "another nonce");
    }

    #[test]
    fn an_answer_without_a_proof_proves_nothing() {
        let user = User::new("hans", "");
        let mut answer = authenticate(&challenge("S", NONCE), &user, [9; 8], 0).unwrap();
        // The descriptor of the response says it is empty.
        answer[20..24].fill(0);
        let said = Authenticate::parse(&answer).unwrap();
        assert_eq!(said.name(), "hans");
        assert!(said.proves(NONCE, &[user]).is_none());
    }

    #[test]
    fn the_messages_say_which_they_are() {
        assert_eq!(Kind::of(&negotiate()), Some(Kind::Negotiate));
        assert_eq!(Kind::of(&challenge("S", NONCE)), Some(Kind::Challenge));
        assert_eq!(Kind::of(b"NTLMSSP\0"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
            message.extend_from_slice(&bytes);
            let _ = Authenticate::parse(&message);
        }
    }
}
