use std::{collections::BTreeMap, str::FromStr, time::Duration};

/// Whether a pattern names a scenario.
///
/// A pattern with `*` is compared with the whole id, with and without its row: `*` stands for any text. Without `*` it is the id, a folder of it, or a part of the id; case is ignored.
#[must_use]
pub fn matches(pattern: &str, id: &str) -> bool {
    let pattern = pattern.trim_matches('/').to_lowercase();
    let id = id.to_lowercase();
    if pattern.contains('*') {
        let bare = id.split('@').next().unwrap_or_default();
        return glob(pattern.as_bytes(), id.as_bytes())
            || glob(pattern.as_bytes(), bare.as_bytes());
    }
    id.contains(&pattern)
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    // Row by row: which lengths of the text the pattern read so far can have eaten. No backtracking, so no pattern is slow.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for byte in pattern {
        let mut next = vec![false; text.len() + 1];
        if *byte == b'*' {
            let mut open = false;
            for position in 0..=text.len() {
                open |= reached[position];
                next[position] = open;
            }
        } else {
            for position in 0..text.len() {
                next[position + 1] = reached[position] && text[position] == *byte;
            }
        }
        reached = next;
    }
    reached[text.len()]
}

/// One of several equal parts of a run: `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

/// What is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shard; write `1/3` for the first of three")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let shard = Self {
            index: index.parse().map_err(|_| wrong())?,
            count: count.parse().map_err(|_| wrong())?,
        };
        if shard.index == 0 || shard.index > shard.count {
            return Err(wrong());
        }
        Ok(shard)
    }
}

/// Tells for each id the shard (from 1) that runs it: the same in every process, and as even as the durations of an earlier run
/// tell; an id without one counts as the mean of the others.
#[must_use]
pub fn shards<'a>(
    ids: impl IntoIterator<Item = &'a str>,
    count: usize,
    past: &BTreeMap<String, Duration>,
) -> BTreeMap<&'a str, usize> {
    let mean = match u32::try_from(past.len()) {
        Ok(known @ 1..) => past.values().sum::<Duration>() / known,
        _ => Duration::from_millis(1),
    };
    let mut weighed: Vec<(Duration, &str)> = ids
        .into_iter()
        .map(|id| {
            (
                past.get(id)
                    .copied()
                    .unwrap_or(mean)
                    .max(Duration::from_micros(1)),
                id,
            )
        })
        .collect();
    weighed.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    weighed.dedup();
    let mut loads = vec![Duration::ZERO; count.max(1)];
    weighed
        .into_iter()
        .map(|(weight, id)| {
            let lightest = (0..loads.len()).min_by_key(|at| loads[*at]).unwrap_or(0);
            loads[lightest] += weight;
            (id, lightest + 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Shard, matches, shards};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
    use rstest::rstest;
    use std::{collections::BTreeMap, time::Duration};

    const ID: &str = "bits-upload/fragment/gap@FRAGMENT";

    #[rstest]
    #[case("gap", true)]
    #[case("GAP@fragment", true)]
    #[case("bits-upload/fragment", true)]
    #[case("/bits-upload/", true)]
    #[case("is refused", false)]
    #[case("bits-upload/*/gap", true)]
    #[case("bits-upload/*/gap@*", true)]
    #[case("bits-upload/*", true)]
    #[case("bits-upload/**", true)]
    #[case("**/gap", true)]
    #[case("**gap*", true)]
    #[case("*", true)]
    #[case("**", true)]
    #[case("*gap", true)]
    #[case("*ragment/g*", true)]
    #[case("gap*", false)]
    #[case("*@FRAG", false)]
    #[case("gaps", false)]
    #[case("bits-upload/fragment/ga", true)]
    #[case("*/*/ga", false)]
    fn a_pattern_names_scenarios(#[case] pattern: &str, #[case] named: bool) {
        assert_eq!(matches(pattern, ID), named, "{pattern}");
    }

    #[rstest]
    #[case("1/1", 1, 1)]
    #[case("3/3", 3, 3)]
    fn the_last_shard_is_one_of_them(
        #[case] text: &str,
        #[case] index: usize,
        #[case] count: usize,
    ) {
        assert_eq!(text.parse(), Ok(Shard { index, count }));
    }

    #[rstest]
    #[case("0/2")]
    #[case("3/2")]
    #[case("1/0")]
    #[case("1")]
    #[case("a/2")]
    fn what_is_no_shard_is_refused(#[case] text: &str) {
        assert!(text.parse::<Shard>().is_err());
    }

    #[test]
    fn past_durations_make_shards_even() {
        let past: BTreeMap<_, _> = [("slow", 90), ("a", 30), ("b", 30), ("c", 30)]
            .map(|(id, ms)| (id.to_owned(), Duration::from_millis(ms)))
            .into();
        let parts = shards(["a", "b", "c", "slow"], 2, &past);
        let alone = parts["slow"];
        assert!(
            ["a", "b", "c"].iter().all(|id| parts[id] != alone),
            "{parts:?}"
        );
    }

    #[test]
    fn an_id_without_a_duration_counts_as_the_mean_of_the_others() {
        let past: BTreeMap<_, _> = [("a", 10), ("b", 20), ("gone", 30)]
            .map(|(id, ms)| (id.to_owned(), Duration::from_millis(ms)))
            .into();
        // The new one weighs 20, so 10 + 20 stand against 20, whichever of the two goes first.
        let parts = shards(["a", "b", "new"], 2, &past);
        assert_ne!(parts["b"], parts["new"], "{parts:?}");
    }

    proptest! {
        #[test]
        fn with_any_durations_every_id_is_in_one_shard_and_none_is_longer_by_more_than_one_id(
            count in 1_usize..8,
            weights in proptest::collection::vec(proptest::option::of(1_u64..5_000), 0..60)
        ) {
            let ids: Vec<_> = (0..weights.len()).map(|n| format!("s/{n}")).collect();
            let past: BTreeMap<_, _> = ids
                .iter()
                .zip(&weights)
                .filter_map(|(id, weight)| Some((id.clone(), Duration::from_millis((*weight)?))))
                .collect();
            let parts = shards(ids.iter().map(String::as_str), count, &past);
            prop_assert_eq!(parts.len(), ids.len());
            prop_assert!(parts.values().all(|part| (1..=count).contains(part)));
            // In any order, in any process.
            prop_assert_eq!(&parts, &shards(ids.iter().rev().map(String::as_str), count, &past));
            let known: Vec<u64> = weights.iter().flatten().copied().collect();
            let mean = if known.is_empty() { 1 } else { known.iter().sum::<u64>() / known.len() as u64 };
            let weight = |id: &String| past.get(id).map_or(mean, |one| one.as_millis() as u64);
            let load = |part| ids.iter().filter(|id| parts[id.as_str()] == part).map(weight).sum::<u64>();
            let loads: Vec<u64> = (1..=count).map(load).collect();
            let longest = ids.iter().map(weight).max().unwrap_or(0);
            let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            // The mean is rounded here.
            prop_assert!(spread <= longest + ids.len() as u64, "{:?}", loads);
        }

        #[test]
        fn every_id_is_in_exactly_one_shard_and_they_are_even(count in 1_usize..8, total in 0_usize..60) {
            let ids: Vec<_> = (0..total).map(|n| format!("s/{n}")).collect();
            let parts = shards(ids.iter().map(String::as_str), count, &BTreeMap::new());
            prop_assert_eq!(parts.len(), total);
            let sizes: Vec<_> = (1..=count).map(|n| parts.values().filter(|part| **part == n).count()).collect();
            let spread = sizes.iter().max().unwrap() - sizes.iter().min().unwrap();
            prop_assert!(spread <= 1, "{:?}", sizes);
        }

        #[test]
        fn a_pattern_of_stars_is_quick_and_never_panics(pattern in "[*a/@é]{0,40}", id in "[a/@é]{0,40}") {
            let _ = matches(&pattern, &id);
        }
    }
}
