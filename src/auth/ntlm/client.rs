use super::{
    crypto::{hmac_md5, key, proof, temp},
    message::{
        ALWAYS_SIGN, EXTENDED, Kind, NTLM, NtlmError, OEM, REQUEST_TARGET, TARGET_INFO, UNICODE,
        Writer, field, number, utf16,
    },
};
use crate::auth::User;

/// The id of the server's time among what a challenge says of the target.
const TIMESTAMP: u16 = 7;

/// The client's first message.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    let flags = UNICODE | OEM | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED;
    Writer::new(Kind::Negotiate, 32)
        .bytes(&flags.to_le_bytes())
        .field(&[])
        .field(&[])
        .finish()
}

/// The client's answer to a challenge. `random` is new each time; `time` is in 100 ns since 1601.
///
/// # Errors
/// The message is no challenge, is cut, or is of NTLM version 1.
pub fn authenticate(
    challenge: &[u8],
    user: &User,
    random: [u8; 8],
    time: u64,
) -> Result<Vec<u8>, NtlmError> {
    if Kind::of(challenge) != Some(Kind::Challenge) {
        return Err(NtlmError::Other(Kind::Challenge));
    }
    let flags = number(challenge, 20)?;
    if flags & TARGET_INFO == 0 || flags & UNICODE == 0 {
        return Err(NtlmError::Version1);
    }
    let nonce = *challenge
        .get(24..)
        .and_then(|rest| rest.first_chunk())
        .ok_or(NtlmError::Cut)?;
    let target = field(challenge, 40)?;
    let server_time = timestamp(target);

    let (domain, name) = user.domain_and_name();
    let key = key(&user.password, name, domain);
    let temp = temp(random, server_time.unwrap_or(time), target);
    let mut response = proof(&key, nonce, &temp).to_vec();
    response.extend_from_slice(&temp);
    // A server that tells its time wants no proof of the older kind (3.1.5.1.2).
    let mut lm = vec![0; 24];
    if server_time.is_none() {
        lm[..16].copy_from_slice(&hmac_md5(&key, &[&nonce, &random]));
        lm[16..].copy_from_slice(&random);
    }
    let kept = UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED | TARGET_INFO;
    Ok(Writer::new(Kind::Authenticate, 64)
        .field(&lm)
        .field(&response)
        .field(&utf16(domain))
        .field(&utf16(name))
        .field(&[])
        .field(&[])
        .bytes(&(flags & kept).to_le_bytes())
        .finish())
}

fn timestamp(mut pairs: &[u8]) -> Option<u64> {
    while let Some(([a, b, c, d], rest)) = pairs.split_first_chunk() {
        let (id, length) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
        let value = rest.get(..usize::from(length))?;
        if id == TIMESTAMP {
            return value.first_chunk().copied().map(u64::from_le_bytes);
        }
        pairs = &rest[usize::from(length)..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{authenticate, negotiate};
    use crate::auth::{
        User,
        ntlm::{Kind, NtlmError},
    };

    /// The challenge of \[MS-NLMP\] 4.2.4.3.
    const CHALLENGE: &str = "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef\
        00000000000000002400240044000000060070170000000f53006500720076006500720002000c00\
        44006f006d00610069006e0001000c0053006500720076006500720000000000";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| u8::try_from(digit).unwrap())
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    fn holds(message: &[u8], hex: &str) -> bool {
        let part = bytes(hex);
        message.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn the_challenge_of_ms_nlmp_is_answered_as_it_says() {
        let user = User::new("Domain\\User", "Password");
        let answer = authenticate(&bytes(CHALLENGE), &user, [0xAA; 8], 0).unwrap();
        assert_eq!(Kind::of(&answer), Some(Kind::Authenticate));
        // NTLMv2 response, and LMv2 response: 4.2.4.2.
        assert!(holds(
            &answer,
            "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000\
             02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
        ));
        assert!(holds(
            &answer,
            "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"
        ));
    }

    #[test]
    fn a_server_that_tells_its_time_gets_it_back_and_no_older_proof() {
        let mut challenge = bytes(CHALLENGE);
        let end = challenge.len() - 4;
        challenge.splice(end..end, [7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        challenge[40] += 12;
        let user = User::new("User", "Password");
        let answer = authenticate(&challenge, &user, [0xAA; 8], 99).unwrap();
        assert!(holds(
            &answer,
            "0101000000000000 0102030405060708 aaaaaaaaaaaaaaaa"
        ));
        assert!(!holds(&answer, "6300000000000000aaaaaaaaaaaaaaaa"));
        assert!(answer[64..88].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn what_is_no_challenge_is_refused_at_every_length() {
        let user = User::new("a", "b");
        let other = authenticate(&negotiate(), &user, [0; 8], 0);
        assert_eq!(other, Err(NtlmError::Other(Kind::Challenge)));
        let whole = bytes(CHALLENGE);
        for length in 12..whole.len() {
            assert_eq!(
                authenticate(&whole[..length], &user, [0; 8], 0),
                Err(NtlmError::Cut),
                "{length}"
            );
        }
    }
}
