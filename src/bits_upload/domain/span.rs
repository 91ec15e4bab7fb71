use crate::bits_upload::{Overlap, Quirk, quirks::Quirks};

/// The bytes that a fragment carries: first and last, both inclusive, of a total. Empty: see [`Span::EMPTY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) first: u64,
    /// One behind the last byte.
    pub(crate) end: u64,
    /// How many bytes the whole upload has.
    pub(crate) total: u64,
}

impl Span {
    /// The only fragment of an upload of no bytes.
    pub(crate) const EMPTY: Self = Self {
        first: 0,
        end: 0,
        total: 0,
    };

    /// How many bytes.
    pub(crate) fn len(self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// Whether it holds the last byte.
    pub(crate) fn is_last(self) -> bool {
        self.end == self.total
    }
}

/// What becomes of the bytes of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// They are stored, except the first ones.
    Store {
        /// How many of them are there already.
        skip: u64,
    },
    /// They are stored behind a gap of that many zeros (a quirk).
    StorePast {
        /// The width of the gap.
        gap: u64,
    },
    /// They replace bytes from that offset on (a quirk).
    Replace {
        /// Where the body starts.
        at: u64,
    },
    /// They are dropped: all of them are there already.
    Drop,
    /// They are not taken: the fragment does not start where it should.
    OutOfStep,
}

/// What becomes of a fragment where `held` bytes are there; `repeated`: all are, and this is the end of them.
///
/// Source: MC-BUP 3.2.5.2.6 (`Overlap::Reject`), win32 fragment (`Overlap::Trim`).
pub(crate) fn plan(
    span: Span,
    held: u64,
    repeated: bool,
    overlap: Overlap,
    quirks: Quirks,
) -> Plan {
    if span.first == held && !repeated {
        return Plan::Store { skip: 0 };
    }
    if span.first > held {
        return if quirks.has(Quirk::StoresPastAGap) {
            Plan::StorePast {
                gap: span.first - held,
            }
        } else {
            Plan::OutOfStep
        };
    }
    let duplicate = span.end <= held;
    if repeated {
        return if quirks.has(Quirk::StoresTheLastFragmentAgain) {
            Plan::Store { skip: 0 }
        } else {
            Plan::Drop
        };
    }
    if quirks.has(Quirk::OverwritesBytesHeld) {
        return Plan::Replace { at: span.first };
    }
    let again = if duplicate {
        Quirk::RepeatsADuplicate
    } else {
        Quirk::MisplacesAnOverlap
    };
    if quirks.has(again) {
        return Plan::Store { skip: 0 };
    }
    match overlap {
        Overlap::Reject if duplicate && quirks.has(Quirk::GoesBackOnADuplicate) => Plan::Drop,
        Overlap::Reject => Plan::OutOfStep,
        Overlap::Trim if duplicate => Plan::Drop,
        Overlap::Trim => Plan::Store {
            skip: held - span.first,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Span, plan};
    use crate::bits_upload::{Overlap, quirks::Quirks};
    use rstest::rstest;

    #[rstest]
    #[case("contiguous", 10, 20, 10, Plan::Store { skip: 0 }, Plan::Store { skip: 0 })]
    #[case("gap", 11, 20, 10, Plan::OutOfStep, Plan::OutOfStep)]
    #[case("overlap", 5, 20, 10, Plan::OutOfStep, Plan::Store { skip: 5 })]
    #[case("duplicate", 0, 10, 10, Plan::OutOfStep, Plan::Drop)]
    #[case("inner duplicate", 2, 3, 10, Plan::OutOfStep, Plan::Drop)]
    fn a_fragment_is_stored_trimmed_or_out_of_step(
        #[case] name: &str,
        #[case] first: u64,
        #[case] end: u64,
        #[case] held: u64,
        #[case] rejecting: Plan,
        #[case] trimming: Plan,
    ) {
        let span = Span {
            first,
            end,
            total: 100,
        };
        let of = |overlap| plan(span, held, false, overlap, Quirks::default());
        assert_eq!(of(Overlap::Reject), rejecting, "{name}");
        assert_eq!(of(Overlap::Trim), trimming, "{name}");
    }

    #[test]
    fn the_last_fragment_sent_again_is_dropped() {
        let span = Span {
            first: 50,
            end: 100,
            total: 100,
        };
        for overlap in [Overlap::Reject, Overlap::Trim] {
            assert_eq!(
                plan(span, 100, true, overlap, Quirks::default()),
                Plan::Drop
            );
        }
    }
}
