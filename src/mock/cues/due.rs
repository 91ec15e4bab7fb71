use super::{Cue, Until};
use crate::mock::Moment;
use std::fmt;

/// How often a cue was looked at and struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// The requests that fitted so far.
    pub(super) fitted: u64,
    /// Those of them that it struck.
    pub(super) struck: u64,
}

/// Why a cue spares a request that it is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spared {
    /// It is another of those that fit.
    Nth(u64),
    /// It has struck as often as it may.
    Times(u64),
    /// The draw of the nth request that fits was too high.
    Odds { nth: u64, drawn: f64, odds: f64 },
    /// It is over.
    Until(Moment),
    /// A cue placed before it strikes.
    Behind,
}

/// Whether a cue placed at `since` strikes the request that fits now; `count` counts it already.
pub(super) fn due(cue: &Cue, count: Count, since: Moment, now: Moment) -> Result<(), Spared> {
    if let Some(end) = end(cue, since)
        && now >= end
    {
        return Err(Spared::Until(end));
    }
    if !cue.nth.is_empty() && !cue.nth.contains(&count.fitted) {
        return Err(Spared::Nth(count.fitted));
    }
    if let Some(times) = cue.times
        && count.struck >= times
    {
        return Err(Spared::Times(times));
    }
    if let Some((odds, seed)) = cue.odds {
        let drawn = drawn(seed, count.fitted);
        // What is no number strikes nothing.
        if drawn.partial_cmp(&odds) != Some(std::cmp::Ordering::Less) {
            let nth = count.fitted;
            return Err(Spared::Odds { nth, drawn, odds });
        }
    }
    Ok(())
}

/// When a cue ends.
pub(super) fn end(cue: &Cue, since: Moment) -> Option<Moment> {
    cue.until.map(|until| match until {
        Until::Moment(moment) => moment,
        Until::For(time) => since.after(time),
    })
}

/// Whether a cue can strike no more.
pub(super) fn spent(cue: &Cue, count: Count, since: Moment, now: Moment) -> bool {
    let behind = |most: u64| count.fitted >= most;
    cue.times.is_some_and(|times| count.struck >= times)
        || cue.nth.iter().max().is_some_and(|most| behind(*most))
        || end(cue, since).is_some_and(|end| now >= end)
}

/// A number from 0 up to, without, 1 for the nth request that fits: the nth output of SplitMix64 from that seed.
///
/// # Why
/// The draw depends on nothing but seed and place, so neither other cues nor other requests change which are struck.
pub(super) fn drawn(seed: u64, nth: u64) -> f64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut z = seed.wrapping_add(nth.wrapping_mul(GOLDEN));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    // 53 bits are what the fraction of a double holds, so nothing is rounded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let whole = (z >> 11) as f64;
    whole / 9_007_199_254_740_992.0
}

impl fmt::Display for Spared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(nth) => write!(f, "nth: this is number {nth} of the requests that fit"),
            Self::Times(times) => write!(f, "times: it has struck as often as it may, {times}"),
            Self::Odds { nth, drawn, odds } => write!(
                f,
                "probability: number {nth} of the requests that fit drew {drawn:.4}, which is not below {odds}"
            ),
            Self::Until(end) => write!(f, "until: it ended at {end}"),
            Self::Behind => f.write_str("a cue placed before it struck"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, drawn, due, spent};
    use crate::mock::{Moment, cues::Cue};
    use proptest::prelude::{any, proptest};
    use rstest::rstest;
    use std::time::Duration;

    fn count(fitted: u64, struck: u64) -> Count {
        Count { fitted, struck }
    }

    #[rstest]
    #[case(Cue::any(), count(5, 4), 0, None)]
    #[case(Cue::any().nth(2).nth(5), count(5, 1), 0, None)]
    #[case(Cue::any().nth(2), count(5, 1), 0, Some("nth: this is number 5 of the requests that fit"))]
    #[case(Cue::any().times(2), count(2, 1), 0, None)]
    #[case(Cue::any().times(2), count(3, 2), 0, Some("times: it has struck as often as it may, 2"))]
    #[case(Cue::any().until(Moment(10)), count(1, 0), 9, None)]
    #[case(Cue::any().until(Moment(10)), count(1, 0), 10, Some("until: it ended at 1970-01-01T00:00:00.010Z"))]
    #[case(Cue::any().lasting(Duration::from_millis(5)), count(1, 0), 6, None)]
    #[case(Cue::any().lasting(Duration::from_millis(5)), count(1, 0), 7, Some("until: it ended at 1970-01-01T00:00:00.007Z"))]
    #[case(Cue::any().probability(1.0, 0), count(1, 0), 0, None)]
    #[case(Cue::any().probability(f64::NAN, 0), count(1, 0), 0, Some("probability: number 1 of the requests that fit drew 0.8833, which is not below NaN"))]
    #[case(Cue::any().probability(0.0, 0), count(1, 0), 0, Some("probability: number 1 of the requests that fit drew 0.8833, which is not below 0"))]
    fn a_cue_strikes_or_says_why_not(
        #[case] cue: Cue,
        #[case] count: Count,
        #[case] now: u64,
        #[case] why: Option<&str>,
    ) {
        // Placed at 2.
        let found = due(&cue, count, Moment(2), Moment(now)).err();
        assert_eq!(found.map(|why| why.to_string()).as_deref(), why);
    }

    #[test]
    fn draws_are_those_that_the_documentation_lists() {
        let shown = |seed| -> Vec<String> {
            (1..=8)
                .map(|nth| format!("{:.4}", drawn(seed, nth)))
                .collect()
        };
        let document = include_str!("../../../docs/cues.md");
        for seed in [0, 7] {
            let row = format!("| {seed} | {} |", shown(seed).join(" | "));
            assert!(document.contains(&row), "docs/cues.md lacks {row}");
        }
    }

    #[test]
    fn a_cue_is_spent_when_it_can_strike_no_more() {
        let at =
            |cue: &Cue, fitted, struck| spent(cue, count(fitted, struck), Moment(0), Moment(0));
        assert!(!at(&Cue::any(), 9, 9));
        assert!(!at(&Cue::any().nth(3).nth(1), 2, 1) && at(&Cue::any().nth(3).nth(1), 3, 2));
        assert!(!at(&Cue::any().times(2), 9, 1) && at(&Cue::any().times(2), 9, 2));
        assert!(at(&Cue::any().until(Moment(0)), 0, 0));
    }

    proptest! {
        #[test]
        fn draws_are_at_least_0_and_less_than_1(seed in any::<u64>(), nth in any::<u64>()) {
            assert!((0.0..1.0).contains(&drawn(seed, nth)));
        }

        #[test]
        fn about_as_many_are_struck_as_the_probability_says(seed in any::<u64>()) {
            let struck = (1..=2_000).filter(|nth| drawn(seed, *nth) < 0.25).count();
            // Six standard deviations.
            assert!((384..=616).contains(&struck), "{struck}");
        }
    }
}
