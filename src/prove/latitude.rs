//! Which derived counterexamples the contract allows, and which of its rules have nothing to allow.

use super::generic::Attempt;
use crate::contract::{Contract, Latitude};

/// The derived counterexamples that a rule of the contract allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The rule.
    pub rule: String,
    /// Why no document forbids them, in the words of the rule.
    pub because: String,
    /// What it allows, as `OPERATION: 200 header Date removed`; what an earlier rule allows too is not among it.
    pub what: Vec<String>,
}

/// A rule that says more than is so: it allows nothing, or something that is caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The rule.
    pub rule: String,
    /// What is wrong with it.
    pub why: String,
}

/// How many of what a rule allows though it is caught are told.
const TOLD: usize = 60;

/// What rules make of attempts.
#[derive(Debug, Default)]
pub(super) struct Ruled<'a> {
    /// Neither caught nor allowed.
    pub(super) escaped: Vec<&'a Attempt>,
    pub(super) allowed: Vec<Allowed>,
    /// How many of those allowed are no lines of snapshots.
    pub(super) allowed_counterexamples: usize,
    pub(super) stale: Vec<Stale>,
}

/// Sorts attempts by the rules of their contract. Where several rules allow one, the first counts it.
pub(super) fn rule<'a>(contract: &Contract, attempts: &'a [Attempt]) -> Ruled<'a> {
    let mut ruled = Ruled::default();
    let mut allowed: Vec<Vec<String>> = vec![Vec::new(); contract.latitude.len()];
    for attempt in attempts.iter().filter(|attempt| !attempt.caught) {
        let first = contract
            .latitude
            .iter()
            .position(|rule| covers(contract, rule, attempt));
        match first {
            Some(at) => {
                allowed[at].push(name(contract, attempt));
                ruled.allowed_counterexamples += usize::from(!attempt.is_line());
            }
            None => ruled.escaped.push(attempt),
        }
    }
    for (rule, what) in contract.latitude.iter().zip(allowed) {
        let count = what.len();
        ruled.allowed.extend((count > 0).then(|| Allowed {
            rule: rule.rule.clone(),
            because: rule.because.clone(),
            what,
        }));
        let caught: Vec<String> = attempts
            .iter()
            .filter(|attempt| attempt.caught && covers(contract, rule, attempt))
            .map(|attempt| name(contract, attempt))
            .collect();
        let why = match caught.as_slice() {
            [] if count > 0 => continue,
            [] => "it allows nothing that is not caught or allowed by a rule before it".to_owned(),
            [one] => format!("it allows {one}, which is caught"),
            several => format!(
                "it allows {} that are caught: {}",
                several.len(),
                several[..several.len().min(TOLD)].join("; ")
            ),
        };
        ruled.stale.push(Stale {
            rule: rule.rule.clone(),
            why,
        });
    }
    ruled
}

/// `fragment: 200 header Date removed`.
pub(super) fn name(contract: &Contract, attempt: &Attempt) -> String {
    format!("{}: {}", operation(contract, attempt), attempt.name)
}

/// The id of the operation; of a request that is none a word for that.
pub(super) fn operation<'c>(contract: &'c Contract, attempt: &Attempt) -> &'c str {
    attempt
        .operation
        .and_then(|at| contract.operations.get(at))
        .map_or("no operation", |operation| operation.id.as_str())
}

/// A pattern may name the operation: `cancel-job: 400 member *`, `no operation: 404 *`.
fn covers(contract: &Contract, rule: &Latitude, attempt: &Attempt) -> bool {
    if !rule.on.is_empty() && !rule.on.iter().any(|on| on == operation(contract, attempt)) {
        return false;
    }
    let full = name(contract, attempt);
    let any = |patterns: &[String]| {
        patterns
            .iter()
            .any(|one| fits(one, &attempt.name) || fits(one, &full))
    };
    any(&rule.derived) && !any(&rule.except)
}

/// Whether a pattern is the whole text; `*` stands for any text, also none.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use rstest::rstest;

    #[rstest]
    #[case("200 status 202", "200 status 202", true)]
    #[case("200 status 202", "200 status 2022", false)]
    #[case("4* status 4*", "404 status 400", true)]
    #[case("4* status 4*", "404 status 500", false)]
    #[case("* header Date *", "200 header Date removed", true)]
    #[case("* header Date *", "200 header Dates removed", false)]
    #[case("*a*ba", "aba", true)]
    #[case("*ab*ab", "ab", false)]
    #[case("", "", true)]
    #[case("*", "", true)]
    fn a_star_stands_for_any_text(#[case] pattern: &str, #[case] text: &str, #[case] fit: bool) {
        assert_eq!(fits(pattern, text), fit);
    }
}
