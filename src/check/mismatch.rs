use super::{Diff, Wrong, explain::Explained};
use crate::source::Place;

/// One thing that an expectation asks and an exchange does not give.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// Where the expectation is written.
    pub place: Place,
    /// What was looked at: `status`, `header BITS-Protocol`, `json $.Id`.
    pub subject: String,
    /// What was expected, for a person.
    pub expected: String,
    /// What was there, for a person.
    pub actual: String,
    /// Only what differs, where both are long.
    pub diff: Option<Diff>,
    /// Set where nothing could be judged: the expectation itself is wrong.
    pub wrong: Option<Wrong>,
}

impl Mismatch {
    pub(crate) fn wrong(place: &Place, wrong: Wrong) -> Self {
        Self {
            place: place.clone(),
            subject: "expectation".to_owned(),
            expected: "an expectation that can be judged".to_owned(),
            actual: wrong.message.clone(),
            diff: None,
            wrong: Some(wrong),
        }
    }
}

/// Gathers what does not fit. A quiet one only learns that something does not, and costs nothing to fill.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) quiet: bool,
    pub(crate) mismatches: Vec<Mismatch>,
    /// How many things were looked at.
    pub(crate) looked: usize,
    /// How many of them did not fit.
    pub(crate) missed: usize,
    /// Whether something could not even be read: then `not` does not fit either.
    pub(crate) unreadable: bool,
}

impl Gathered {
    pub(crate) fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::default()
        }
    }

    pub(crate) fn fits(&self) -> bool {
        self.missed == 0
    }

    /// Whether more need not be looked at.
    pub(crate) fn is_settled(&self) -> bool {
        self.quiet && self.missed > 0
    }

    pub(crate) fn look(
        &mut self,
        fits: bool,
        place: &Place,
        subject: impl FnOnce() -> String,
        explain: impl FnOnce() -> Explained,
    ) {
        self.looked += 1;
        if fits {
            return;
        }
        self.missed += 1;
        if self.quiet {
            return;
        }
        let explained = explain();
        self.mismatches.push(Mismatch {
            place: place.clone(),
            subject: format!("{}{}", subject(), explained.part.unwrap_or_default()),
            expected: explained.expected,
            actual: explained.actual,
            diff: explained.diff,
            wrong: None,
        });
    }

    pub(crate) fn miss(&mut self, place: &Place, subject: &str, expected: &str, actual: &str) {
        self.look(
            false,
            place,
            || subject.to_owned(),
            || Explained {
                part: None,
                expected: expected.to_owned(),
                actual: actual.to_owned(),
                diff: None,
            },
        );
    }

    pub(crate) fn unreadable(&mut self, place: &Place, subject: &str, expected: &str, why: &str) {
        self.unreadable = true;
        self.miss(place, subject, expected, why);
    }
}
