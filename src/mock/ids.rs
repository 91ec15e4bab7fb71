use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Where a mock takes its ids from: unguessable, or the same in every run.
#[derive(Clone, Debug)]
pub struct Ids(Option<Arc<AtomicU64>>);

impl Ids {
    /// Unguessable: from the operating system.
    #[must_use]
    pub fn random() -> Self {
        Self(None)
    }

    /// The same sequence for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(seed))))
    }

    /// Whether they are the same in every run, so that everybody can know them.
    #[must_use]
    pub fn are_seeded(&self) -> bool {
        self.0.is_some()
    }

    /// The next 128 bits.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give: no id would be safe then.
    #[must_use]
    pub fn next(&self) -> u128 {
        match &self.0 {
            None => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
                u128::from_ne_bytes(bytes)
            }
            Some(state) => {
                let half = || {
                    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
                    let mut z = state
                        .fetch_add(GOLDEN, Ordering::Relaxed)
                        .wrapping_add(GOLDEN);
                    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                    z ^ (z >> 31)
                };
                (u128::from(half()) << 64) | u128::from(half())
            }
        }
    }

    /// The next id as a GUID in braces, upper-case: `{A0FF5911-4144-45B3-BF27-27AFC8EC8A67}` (version 4, RFC 4122).
    #[must_use]
    pub fn guid(&self) -> String {
        let bits =
            (self.next() & !(0xF000 << 64) & !(0xC000 << 48)) | (0x4000 << 64) | (0x8000 << 48);
        let hex = format!("{bits:032X}");
        format!(
            "{{{}-{}-{}-{}-{}}}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn a_guid_is_version_4_in_braces_and_seeded_ids_repeat() {
        let guid = Ids::random().guid();
        assert_eq!((guid.len(), &guid[15..16]), (38, "4"));
        assert!("89AB".contains(&guid[20..21]), "{guid}");
        let (a, b) = (Ids::seeded(7), Ids::seeded(7));
        assert_eq!((a.guid(), a.guid()), (b.guid(), b.guid()));
        assert_ne!(Ids::seeded(7).guid(), Ids::seeded(8).guid());
    }
}
