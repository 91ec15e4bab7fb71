use crate::{
    message::Request,
    mock::{
        Entry, Operations,
        cues::{Compiled, Field, Line, Which},
    },
    report::put,
};
use std::fmt;

/// A call that a client is expected to make, and how often: exactly once unless told otherwise.
///
/// ```
/// use wireproof::{Call, Calls};
/// let calls = Calls::in_order([
///     Call::to("create-session"),
///     Call::to("fragment").header("Content-Range", "bytes 0-99/200").at_least(1),
///     Call::to("close-session"),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is verified before it is asked for"]
pub struct Call {
    which: Which,
    body: Option<String>,
    least: u64,
    most: Option<u64>,
}

/// Calls that a client is expected to make.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is verified before it is asked for"]
pub struct Calls {
    calls: Vec<Call>,
    ordered: bool,
}

/// What was expected and did not come, for a person.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

impl Call {
    /// Of an operation of the contract, by its id.
    pub fn to(operation: impl Into<String>) -> Self {
        let mut call = Self::any();
        call.which.operation = Some(operation.into());
        call
    }

    /// Of anything.
    pub fn any() -> Self {
        Self {
            which: Which::default(),
            body: None,
            least: 1,
            most: Some(1),
        }
    }

    /// With that method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.which.method = Some(method.into());
        self
    }

    /// With a path that fits a pattern such as `/WindowsHPC/Job/{id}`.
    pub fn path(mut self, pattern: impl Into<String>) -> Self {
        self.which.path = Some(pattern.into());
        self
    }

    /// With such a header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Field>) -> Self {
        self.which.header.push((name.into(), value.into()));
        self
    }

    /// With that text in the first KiB of its body, which is what the journal keeps; secrets are masked in it.
    pub fn body_contains(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Exactly so often.
    pub fn times(mut self, times: u64) -> Self {
        (self.least, self.most) = (times, Some(times));
        self
    }

    /// So often or more.
    pub fn at_least(mut self, times: u64) -> Self {
        (self.least, self.most) = (times, None);
        self
    }

    /// So often or less; it may be missing.
    pub fn at_most(mut self, times: u64) -> Self {
        (self.least, self.most) = (0, Some(times));
        self
    }

    /// Not at all.
    pub fn never(self) -> Self {
        self.times(0)
    }

    fn allows(&self, times: u64) -> bool {
        times >= self.least && self.most.is_none_or(|most| times <= most)
    }

    fn how_often(&self) -> String {
        let times = |n: u64| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        match (self.least, self.most) {
            (0, Some(0)) => "not at all".to_owned(),
            (least, Some(most)) if least == most => format!("exactly {}", times(least)),
            (least, None) => format!("at least {}", times(least)),
            (_, Some(most)) => format!("at most {}", times(most)),
        }
    }
}

impl Calls {
    /// These, one behind the other. Requests that fit none of them may come between.
    pub fn in_order(calls: impl IntoIterator<Item = Call>) -> Self {
        Self {
            calls: calls.into_iter().collect(),
            ordered: true,
        }
    }

    /// Each of these, in any order. Other requests may come too.
    pub fn any_order(calls: impl IntoIterator<Item = Call>) -> Self {
        Self {
            calls: calls.into_iter().collect(),
            ordered: false,
        }
    }
}

impl From<Call> for Calls {
    fn from(call: Call) -> Self {
        Self::any_order([call])
    }
}

/// What is expected, in the words of what was asked for.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = &self.which;
        let words = [&which.operation, &which.method, &which.path];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        if words.is_empty() {
            f.write_str("a request")?;
        } else {
            f.write_str(&words.join(" "))?;
        }
        for (name, field) in &which.header {
            write!(f, ", {name}: {field}")?;
        }
        if let Some(text) = &self.body {
            write!(f, ", body with `{text}`")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An expected call, ready to be compared.
struct Expected<'a> {
    call: &'a Call,
    compiled: Compiled,
}

/// A request that came, with the operation that it is.
struct Came<'a> {
    entry: &'a Entry,
    operation: Option<&'a str>,
}

impl Expected<'_> {
    fn fits(&self, came: &Came<'_>) -> bool {
        let body = self.call.body.as_deref();
        self.compiled.fits(&came.entry.request, came.operation)
            && body.is_none_or(|text| holds(&came.entry.request, text))
    }

    fn compare(&self, came: &Came<'_>) -> Vec<Line> {
        let request = &came.entry.request;
        let mut lines = self.compiled.compare(request, request, came.operation);
        if let Some(text) = &self.call.body {
            let body = String::from_utf8_lossy(&request.body);
            let first = body.lines().next().unwrap_or_default();
            lines.push(Line {
                what: "body".to_owned(),
                wanted: format!("contains {text}"),
                got: (!holds(request, text)).then(|| first.chars().take(200).collect()),
            });
        }
        lines
    }
}

fn holds(request: &Request, text: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(text)
}

/// Whether the calls came as expected.
pub(super) fn verify(
    calls: &Calls,
    received: &[Entry],
    operations: &Operations,
) -> Result<(), Unmet> {
    let named = calls
        .calls
        .iter()
        .any(|call| call.which.operation.is_some());
    let known = if named { operations.ids() } else { None };
    let known = known.as_deref().or(named.then_some(&[]));
    let mut expected = Vec::new();
    for call in &calls.calls {
        let compiled = call.which.compile(known);
        let compiled = compiled.map_err(|error| Unmet(format!("{call}: {error}")))?;
        expected.push(Expected { call, compiled });
    }
    let came: Vec<Came<'_>> = received
        .iter()
        .map(|entry| Came {
            entry,
            operation: operations.of_request(&entry.request).filter(|_| named),
        })
        .collect();
    let unmet = if calls.ordered {
        in_order(&expected, &came)
    } else {
        let unmet = expected.iter().filter_map(|one| anywhere(one, &came));
        unmet.collect::<Vec<_>>().join("\n")
    };
    if unmet.is_empty() {
        return Ok(());
    }
    let mut text = unmet;
    put!(text, "{} in all:\n", requests(came.len()));
    for one in &came {
        put!(text, "  {}\n", one.entry);
    }
    Err(Unmet(text.trim_end().to_owned()))
}

fn requests(number: usize) -> String {
    match number {
        1 => "1 request".to_owned(),
        number => format!("{number} requests"),
    }
}

/// What is wrong with how often a call came, wherever it did.
fn anywhere(expected: &Expected<'_>, came: &[Came<'_>]) -> Option<String> {
    let fitting: Vec<u64> = came
        .iter()
        .filter(|one| expected.fits(one))
        .map(|one| one.entry.number)
        .collect();
    let times = fitting.len() as u64;
    if expected.call.allows(times) {
        return None;
    }
    let (call, often) = (expected.call, expected.call.how_often());
    let mut text = format!("{call} was expected {often}, and came {times} times");
    if times > expected.call.least {
        let numbers: Vec<String> = fitting.iter().map(|number| format!("#{number}")).collect();
        put!(text, ": {}\n", numbers.join(", "));
    } else {
        text.push('\n');
        let others = came.iter().filter(|one| !expected.fits(one));
        text += &nearest(expected, others);
    }
    Some(text)
}

/// What is wrong with the order; empty where nothing is.
///
/// The calls are read like a regular expression over the requests that fit any of them. A state is the call that was
/// made last, and how often in a row.
fn in_order(expected: &[Expected<'_>], came: &[Came<'_>]) -> String {
    let optional = |calls: &[Expected<'_>]| calls.iter().all(|one| one.call.least == 0);
    let ends = |(at, times): (usize, u64)| at == 0 || expected[at - 1].call.least <= times;
    let mut states = vec![(0_usize, 0_u64)];
    let fitting = came
        .iter()
        .filter(|one| expected.iter().any(|expected| expected.fits(one)));
    for one in fitting {
        let mut next = Vec::new();
        for &(at, times) in &states {
            if at > 0 && expected[at - 1].fits(one) {
                let call = expected[at - 1].call;
                if call.most.is_none_or(|most| times < most) {
                    next.push((at, times + 1));
                }
            }
            if !ends((at, times)) {
                continue;
            }
            for to in at..expected.len() {
                let most = expected[to].call.most;
                if expected[to].fits(one) && most != Some(0) && optional(&expected[at..to]) {
                    next.push((to + 1, 1));
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            let furthest = states.last().copied().unwrap_or_default();
            return out_of_order(expected, furthest, one);
        }
        states = next;
    }
    let done = |&&(at, times): &&(usize, u64)| ends((at, times)) && optional(&expected[at..]);
    if states.iter().any(|state| done(&state)) {
        return String::new();
    }
    let (at, times) = states.last().copied().unwrap_or_default();
    let (missing, seen) = if ends((at, times)) {
        let first = expected[at..].iter().find(|one| one.call.least > 0);
        (first, 0)
    } else {
        (expected.get(at - 1), times)
    };
    let Some(missing) = missing else {
        return String::new();
    };
    let place = expected.iter().position(|one| std::ptr::eq(one, missing));
    let mut text = format!(
        "call {} in order, {}, was expected {}, and came {seen} times there\n",
        place.unwrap_or_default() + 1,
        missing.call,
        missing.call.how_often(),
    );
    let others = came.iter().filter(|one| !missing.fits(one));
    text += &nearest(missing, others);
    text
}

/// A request came where another was expected.
fn out_of_order(expected: &[Expected<'_>], (at, times): (usize, u64), came: &Came<'_>) -> String {
    let current = at.checked_sub(1).map(|at| &expected[at]);
    let unfinished = current.filter(|one| times < one.call.least);
    let following = expected.get(at);
    let mut text = format!("{} came out of order", came.entry);
    match unfinished.or(following) {
        Some(wanted) => {
            let call = wanted.call;
            put!(
                text,
                ": {call} was expected {} before it\n",
                call.how_often()
            );
            text += &differences(wanted, came);
        }
        None => {
            let after = current.map_or_else(String::new, |one| format!(" behind {}", one.call));
            put!(text, ": nothing more was expected{after}\n");
        }
    }
    text
}

/// The request that is most like what was expected, and what differs.
fn nearest<'a, 'b: 'a>(
    expected: &Expected<'_>,
    came: impl Iterator<Item = &'a Came<'b>>,
) -> String {
    let likeness = |one: &Came<'_>| -> (usize, f64) {
        let lines = expected.compare(one);
        let same = lines.iter().filter(|line| line.got.is_none()).count();
        let alike = lines.iter().filter_map(|line| {
            let got = line.got.as_deref()?;
            Some(strsim::normalized_damerau_levenshtein(&line.wanted, got))
        });
        (same, alike.sum())
    };
    let best = came.map(|one| (likeness(one), one)).max_by(
        |((same, alike), _), ((other, likewise), _)| {
            same.cmp(other).then(alike.total_cmp(likewise))
        },
    );
    best.map_or_else(String::new, |(_, one)| {
        format!(
            "the nearest is {}\n{}",
            one.entry,
            differences(expected, one)
        )
    })
}

/// Line by line what was expected; where the request has something else, both.
fn differences(expected: &Expected<'_>, came: &Came<'_>) -> String {
    let lines = expected.compare(came);
    let width = lines.iter().map(|line| line.what.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for Line { what, wanted, got } in &lines {
        match got {
            None => put!(text, "    {what:width$}  {wanted}\n"),
            Some(got) => {
                put!(text, "  - {what:width$}  {wanted}\n");
                put!(text, "  + {what:width$}  {got}\n");
            }
        }
    }
    text
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
