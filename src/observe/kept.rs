use super::{Extent, Observed, shared::Held};

/// How much is kept of a body that is longer than [`Observed::KEPT`].
const SAMPLE: usize = 16 << 10;

/// The part of a body that is kept, and how long all of it was.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) extent: Extent,
    most: Option<usize>,
}

impl Kept {
    /// For a body that is announced to be so long, where it is announced.
    pub(super) fn new(announced: Option<u64>) -> Self {
        Self {
            most: announced
                .filter(|length| *length > Observed::KEPT as u64)
                .map(|_| SAMPLE),
            ..Self::default()
        }
    }

    /// Takes the next bytes of the body; false where there is no room for what has to be kept.
    pub(super) fn push(&mut self, bytes: &[u8], held: Option<&mut Held>) -> bool {
        self.extent.bytes += bytes.len() as u64;
        let Some(held) = held else {
            self.extent.cut = true;
            return true;
        };
        if self.extent.bytes > Observed::KEPT as u64 && self.most.is_none() {
            self.most = Some(SAMPLE);
            held.shrink(self.bytes.len().saturating_sub(SAMPLE));
            self.bytes.truncate(SAMPLE);
            self.bytes.shrink_to_fit();
        }
        let most = self.most.unwrap_or(Observed::KEPT);
        let take = bytes.len().min(most - self.bytes.len());
        self.extent.cut |= take < bytes.len();
        if take == 0 {
            return true;
        }
        if !held.grow(take) {
            self.bytes = Vec::new();
            self.extent.cut = true;
            return false;
        }
        self.bytes.extend_from_slice(&bytes[..take]);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, SAMPLE};
    use crate::observe::{
        Observed,
        shared::{Held, Shared},
    };
    use rstest::rstest;
    use std::sync::Arc;

    #[rstest]
    #[case(Observed::KEPT, None, Observed::KEPT)]
    #[case(Observed::KEPT, Some(Observed::KEPT), Observed::KEPT)]
    #[case(Observed::KEPT + 1, None, SAMPLE)]
    #[case(Observed::KEPT + 1, Some(Observed::KEPT + 1), SAMPLE)]
    fn a_body_is_kept_whole_or_only_its_beginning(
        #[case] length: usize,
        #[case] announced: Option<usize>,
        #[case] kept: usize,
    ) {
        let mut held = Held::new(&Arc::new(Shared::new(String::new())));
        let mut body = Kept::new(announced.map(|length| length as u64));
        let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        for piece in bytes.chunks(70_001) {
            assert!(body.push(piece, Some(&mut held)));
        }
        assert_eq!(body.bytes, bytes[..kept]);
        assert_eq!(body.extent.bytes, length as u64);
        assert_eq!(body.extent.cut, kept < length);
    }
}
