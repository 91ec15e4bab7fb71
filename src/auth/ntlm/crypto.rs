use super::message::utf16;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md4::{Digest as _, Md4};
use md5::Md5;

/// HMAC-MD5 over the parts, one behind the other.
pub(super) fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The key that a password gives for this user in this domain (NTOWFv2, \[MS-NLMP\] 3.3.2).
pub(super) fn key(password: &str, user: &str, domain: &str) -> [u8; 16] {
    let hash: [u8; 16] = Md4::digest(utf16(password)).into();
    hmac_md5(&hash, &[&utf16(&user.to_uppercase()), &utf16(domain)])
}

/// What proves the password to a server that gave this nonce; `temp` is what the client adds of its own.
pub(super) fn proof(key: &[u8; 16], nonce: [u8; 8], temp: &[u8]) -> [u8; 16] {
    hmac_md5(key, &[&nonce, temp])
}

/// Nonce of the client, time and target (\[MS-NLMP\] 2.2.2.7). `time` is in 100 ns since 1601.
pub(super) fn temp(random: [u8; 8], time: u64, target_info: &[u8]) -> Vec<u8> {
    let mut temp = vec![1, 1, 0, 0, 0, 0, 0, 0];
    temp.extend_from_slice(&time.to_le_bytes());
    temp.extend_from_slice(&random);
    temp.extend_from_slice(&[0; 4]);
    temp.extend_from_slice(target_info);
    temp.extend_from_slice(&[0; 4]);
    temp
}

#[cfg(test)]
mod tests {
    use super::{hmac_md5, key, proof, temp};

    const NONCE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn ms_nlmp_4_2_4_is_met() {
        let key = key("Password", "User", "Domain");
        assert_eq!(hex(&key), "0c868a403bfd7a93a3001ef22ef02e3f");

        let target: Vec<u8> = [&[2, 0, 12, 0][..], &super::utf16("Domain"), &[1, 0, 12, 0]]
            .into_iter()
            .chain([&super::utf16("Server")[..], &[0; 4]])
            .flatten()
            .copied()
            .collect();
        let temp = temp([0xAA; 8], 0, &target);
        let proof = proof(&key, NONCE, &temp);
        assert_eq!(hex(&proof), "68cd0ab851e51c96aabc927bebef6a1c");

        let session = hmac_md5(&key, &[&proof]);
        assert_eq!(hex(&session), "8de40ccadbc14a82f15cb0ad0de95ca3");

        let lm = hmac_md5(&key, &[&NONCE, &[0xAA; 8]]);
        assert_eq!(hex(&lm), "86c35097ac9cec102554764a57cccc19");
    }
}
