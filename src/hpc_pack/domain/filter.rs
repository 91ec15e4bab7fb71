use super::{
    fault::Fault,
    state::{JobState, NodeState, TaskState},
    time,
};
use crate::mock::Moment;

/// What `$filter` lets through: states by number, and a moment from which on something must have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The number of the one state that passes.
    pub(crate) state: Option<i64>,
    /// The earliest change that passes, inclusive.
    pub(crate) changed_from: Option<Moment>,
    /// Whether one of the two is enough, which no document allows.
    pub(crate) either: bool,
}

/// What a list is of; each has its own name for the state in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Jobs, by `JobState`.
    Jobs,
    /// Tasks, by `TaskState`.
    Tasks,
    /// Nodes, by `NodeState`.
    Nodes,
}

impl Listed {
    /// The name of the state in a filter.
    #[must_use]
    pub(crate) fn state_name(self) -> &'static str {
        match self {
            Self::Jobs => "JobState",
            Self::Tasks => "TaskState",
            Self::Nodes => "NodeState",
        }
    }

    /// Whether a word is the name of a state.
    #[must_use]
    pub(crate) fn is_state(self, word: &str) -> bool {
        self.state(word).is_some()
    }

    fn state(self, name: &str) -> Option<i64> {
        match self {
            Self::Jobs => JobState::named(name).map(|state| state as i64),
            Self::Tasks => TaskState::named(name).map(|state| state as i64),
            Self::Nodes => NodeState::named(name).map(|state| state as i64),
        }
    }
}

impl Filter {
    /// Whether something in that state, changed then, passes.
    #[must_use]
    pub(crate) fn passes(self, state: i64, changed: Moment) -> bool {
        if self.either
            && let (Some(wanted), Some(from)) = (self.state, self.changed_from)
        {
            return wanted == state || changed >= from;
        }
        self.state.is_none_or(|wanted| wanted == state)
            && self.changed_from.is_none_or(|from| changed >= from)
    }

    /// Reads `name eq value (and name eq value)*`, names, words and states in any letter case (stance A57). A value of `null` is
    /// ignored, and so is a filter of nothing but blanks.
    ///
    /// # Errors
    /// What does not read, with the reason.
    pub(crate) fn read(text: &str, listed: Listed) -> Result<Self, Fault> {
        let mut filter = Self::default();
        if text.trim().is_empty() {
            return Ok(filter);
        }
        for clause in clauses(text) {
            let refuse = |why: &str| Fault::Filter(format!("`{}` {why}", clause.join(" ")));
            let [name, verb, value @ ..] = &clause[..] else {
                return Err(refuse("is no `name eq value`"));
            };
            if !verb.eq_ignore_ascii_case("eq") {
                return Err(refuse("compares with something other than `eq`"));
            }
            let value = value.join(" ");
            let state_name = listed.state_name();
            if value.is_empty() {
                return Err(refuse("has no value"));
            } else if name.eq_ignore_ascii_case(state_name) {
                if !value.eq_ignore_ascii_case("null") {
                    let state = listed
                        .state(&value)
                        .ok_or_else(|| refuse("names no state"))?;
                    if filter
                        .state
                        .replace(state)
                        .is_some_and(|other| other != state)
                    {
                        return Err(refuse("names a second state"));
                    }
                }
            } else if name.eq_ignore_ascii_case("ChangeTimeFrom") {
                if !value.eq_ignore_ascii_case("null") {
                    let from = time::read(&value).ok_or_else(|| refuse("has no date"))?;
                    filter.changed_from = Some(from);
                }
            } else {
                return Err(refuse(&format!(
                    "names neither {state_name} nor ChangeTimeFrom"
                )));
            }
        }
        Ok(filter)
    }
}

/// The words of each clause, clauses being separated by the word `and`.
fn clauses(text: &str) -> Vec<Vec<&str>> {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .split(|word| word.eq_ignore_ascii_case("and"))
        .map(<[&str]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Filter, Listed};
    use crate::{
        hpc_pack::domain::{
            state::{JobState, NodeState, TaskState},
            time::written,
        },
        mock::Moment,
    };
    use proptest::{
        option,
        prelude::{any, proptest},
        sample::{Index, select},
    };
    use rstest::rstest;

    /// The names of the states of what is listed, with their numbers.
    fn states(listed: Listed) -> Vec<(&'static str, i64)> {
        match listed {
            Listed::Jobs => JobState::ALL
                .iter()
                .map(|state| (state.name(), *state as i64))
                .collect(),
            Listed::Tasks => TaskState::ALL
                .iter()
                .map(|state| (state.name(), *state as i64))
                .collect(),
            Listed::Nodes => NodeState::ALL
                .iter()
                .map(|state| (state.name(), *state as i64))
                .collect(),
        }
    }

    const OCTOBER: Option<Moment> = Some(Moment(1_444_953_600_000));

    #[rstest]
    #[case(
        Listed::Jobs,
        "JobState eq queued and  ChangeTimeFrom eq 2015-10-16",
        Some(16),
        OCTOBER
    )]
    #[case(
        Listed::Nodes,
        "NodeState eq draining and ChangeTimeFrom eq 2015-10-16",
        Some(2),
        OCTOBER
    )]
    #[case(Listed::Tasks, "taskstate EQ Queued", Some(8), None)]
    #[case(
        Listed::Jobs,
        "JobState eq null AND ChangeTimeFrom eq null",
        None,
        None
    )]
    #[case(
        Listed::Jobs,
        "ChangeTimeFrom eq 10/16/2015 12:00:00 AM",
        None,
        OCTOBER
    )]
    #[case(Listed::Jobs, "  ", None, None)]
    fn filters_as_the_pages_print_them_are_read(
        #[case] listed: Listed,
        #[case] text: &str,
        #[case] state: Option<i64>,
        #[case] changed_from: Option<Moment>,
    ) {
        let read = Filter::read(text, listed).unwrap();
        assert_eq!(
            read,
            Filter {
                state,
                changed_from,
                either: false
            }
        );
    }

    #[rstest]
    #[case("JobState")]
    #[case("JobState eq")]
    #[case("JobState eq queued and JobState eq running")]
    #[case("JobState eq sleepy")]
    #[case("JobState ne queued")]
    #[case("JobState eq 'queued'")]
    #[case("TaskState eq queued")]
    #[case("Owner eq me")]
    #[case("JobState eq queued and")]
    #[case("and")]
    #[case("JobState eq queued or JobState eq running")]
    #[case("(JobState eq queued)")]
    #[case("ChangeTimeFrom eq tomorrow")]
    fn anything_else_is_refused(#[case] text: &str) {
        assert!(Filter::read(text, Listed::Jobs).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "(JobState|ChangeTimeFrom|eq|and|null|[ \\PC]){0,12}") {
            let _ = Filter::read(&text, Listed::Jobs);
        }

        #[test]
        fn a_filter_that_is_printed_is_read_as_the_same(
            listed in select(vec![Listed::Jobs, Listed::Tasks, Listed::Nodes]),
            state in option::of(any::<Index>()),
            from in option::of(0..4_000_000_000u64),
            (capitals, gap, first) in (any::<u64>(), 1..4usize, any::<bool>()),
        ) {
            let names = states(listed);
            let state = state.map(|at| names[at.index(names.len())]);
            let filter = Filter {
                state: state.map(|(_, number)| number),
                changed_from: from.map(|seconds| Moment(seconds * 1_000)),
                either: false,
            };
            let state = state.map(|(name, _)| format!("{} eq {name}", listed.state_name()));
            let from = filter.changed_from.map(|from| format!("ChangeTimeFrom eq {}", written(from)));
            let mut clauses: Vec<_> = state.into_iter().chain(from).collect();
            if first {
                clauses.reverse();
            }
            let plain = clauses.join(" and ");
            let read = Filter::read(&plain, listed).unwrap();
            assert_eq!(read, filter, "{plain}");
            // Letter case and blanks carry nothing.
            let odd: String = plain
                .char_indices()
                .map(|(at, c)| if capitals >> (at % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect();
            let odd = odd.replace(' ', &" ".repeat(gap));
            assert_eq!(Filter::read(&odd, listed).unwrap(), filter, "{odd}");
        }
    }
}
