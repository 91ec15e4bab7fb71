//! What the three lists share: what is asked for, the order, the page, and the continuation.
//!
//! # Why
//! A continuation is a cursor: the place of the last row and all that was asked for first. The server keeps nothing for it, rows
//! that come or go meanwhile neither repeat nor hide others, and a keyed tag tells the server's own from forged ones.

use super::{
    bag::columns,
    catalogue::Catalogue,
    cursor::{Key, Rank, Secret},
    fault::Fault,
    filter::{Filter, Listed},
    value::Value,
};
use crate::hpc_pack::{Quirk, Quirks};
use crate::mock::Moment;
use serde_json::Value as Json;
use std::time::Duration;

/// How long a continuation can be used.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// Rows of a page where nothing was asked.
const ROWS: usize = 10;
/// The most rows of a page; more come with its continuation.
const MOST_ROWS: usize = 10_000;

/// What a client asks of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// Comma-separated names.
    pub(crate) properties: Option<&'a str>,
    /// The name of the sort key.
    pub(crate) sort: Option<&'a str>,
    /// The filter as it was sent.
    pub(crate) filter: Option<&'a str>,
    /// The owner of jobs.
    pub(crate) owner: Option<&'a str>,
    /// Rows of a page.
    pub(crate) rows: Option<i64>,
    /// Whether subtasks stand for their sweep.
    pub(crate) expand: bool,
    /// The continuation of the page before.
    pub(crate) query_id: Option<&'a str>,
    /// How many rows were given before; the older companion of the continuation.
    pub(crate) object_number: Option<u64>,
}

/// Nothing asked in particular: the first page.
impl Default for Ask<'_> {
    fn default() -> Self {
        Self {
            properties: None,
            sort: None,
            filter: None,
            owner: None,
            rows: None,
            expand: true,
            query_id: None,
            object_number: None,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// How to go on, where more remains.
    pub(crate) next: Option<Next>,
}

/// Names and values of one thing.
pub(crate) type Row = Vec<(&'static str, Value)>;

/// How a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// The continuation.
    pub(crate) query_id: String,
    /// How many rows were given so far.
    pub(crate) object_number: u64,
}

/// What a list is of: a kind of thing, and the job that tasks belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// The kind.
    pub(crate) listed: Listed,
    /// The job, 0 for others.
    pub(crate) job: i32,
}

/// A list that was asked for, understood.
#[derive(Clone, Debug)]
pub(crate) struct Query<P> {
    pub(super) columns: Vec<P>,
    pub(super) sort: Option<P>,
    pub(super) filter: Filter,
    pub(super) owner: Option<String>,
    pub(super) rows: usize,
    pub(super) expand: bool,
    pub(super) after: Option<Rank>,
    pub(super) skip: usize,
    given: u64,
    scope: Scope,
}

impl<P: Catalogue> Query<P> {
    /// Understands what was asked; a continuation brings all that was asked for first, and what is repeated beside it is ignored (stance A38).
    ///
    /// # Errors
    /// An unknown property, a filter that does not read, a continuation of somebody else or too old.
    pub(super) fn read(
        ask: Ask<'_>,
        scope: Scope,
        default: &[P],
        (secret, quirks): (Secret, Quirks),
        now: Moment,
    ) -> Result<Self, Fault> {
        let token = ask
            .query_id
            .filter(|token| !token.is_empty() && !quirks.has(Quirk::ContinuationIgnored));
        if let Some(token) = token {
            let resumed = secret
                .open(token)
                .and_then(|payload| Self::resume(&payload, scope, now));
            match resumed {
                Some(mut query) => {
                    if quirks.has(Quirk::ContinuationForgets) {
                        query.columns = default.to_vec();
                    }
                    return Ok(query);
                }
                None if quirks.has(Quirk::ForgedContinuationAccepted) => {}
                None => return Err(Fault::Continuation),
            }
        }
        let columns = match ask.properties.filter(|names| !names.trim().is_empty()) {
            Some(_) if quirks.has(Quirk::PropertiesIgnored) => default.to_vec(),
            Some(names) => asked_columns(names, quirks)?,
            None if quirks.has(Quirk::DefaultSetIsAll) => P::GETTABLE.to_vec(),
            None if quirks.has(Quirk::DefaultSetIsName) => P::named("Name").into_iter().collect(),
            None => default.to_vec(),
        };
        let known = ask
            .sort
            .map(|name| name.trim())
            .filter(|name| !name.is_empty());
        let sort = known
            .and_then(P::named)
            .filter(|sort| P::GETTABLE.contains(sort));
        if known.is_some() && sort.is_none() && quirks.has(Quirk::UnknownSortRefused) {
            return Err(Fault::UnknownProperty(known.unwrap_or_default().to_owned()));
        }
        let rows = match ask.rows.filter(|_| !quirks.has(Quirk::RowsPerReadIgnored)) {
            Some(0) if quirks.has(Quirk::NoRowsForZero) => 0,
            Some(rows) => usize::try_from(rows).unwrap_or(1).clamp(1, MOST_ROWS),
            None if quirks.has(Quirk::DefaultPageIsFive) => 5,
            None if quirks.has(Quirk::DefaultPageIsAll) => MOST_ROWS,
            None => ROWS,
        };
        Ok(Self {
            columns,
            sort: sort.filter(|sort| {
                let name = sort.facts().name;
                name != "Id" && name != "TaskId" && !quirks.has(Quirk::SortIgnored)
            }),
            filter: read_filter(ask.filter.unwrap_or_default(), scope.listed, quirks)?,
            owner: ask
                .owner
                .filter(|owner| !owner.is_empty() && !quirks.has(Quirk::OwnerIgnored))
                .map(str::to_lowercase),
            rows,
            expand: ask.expand,
            after: None,
            skip: usize::try_from(ask.object_number.unwrap_or(0)).unwrap_or(usize::MAX),
            given: ask.object_number.unwrap_or(0),
            scope,
        })
    }

    /// The page of these rows; where more are left, with the way to them.
    pub(super) fn page(
        &self,
        (ranks, more): &(Vec<Rank>, bool),
        rows: Vec<Row>,
        secret: Secret,
        now: Moment,
    ) -> Page {
        let last = ranks.last().filter(|_| *more);
        let next = self.next(last, ranks.len(), secret, now);
        Page { rows, next }
    }

    /// Where the list goes on behind its last row, where there is more.
    fn next(&self, last: Option<&Rank>, count: usize, secret: Secret, now: Moment) -> Option<Next> {
        let last = last?;
        let given = self.given + u64::try_from(count).unwrap_or(0);
        let columns: Vec<_> = self.columns.iter().map(|column| column.index()).collect();
        let payload = (
            self.scope.listed.state_name(),
            self.scope.job,
            now.0,
            columns,
            self.sort.map(Catalogue::index),
            self.filter.state,
            self.filter.changed_from.map(|moment| moment.0),
            &self.owner,
            self.rows,
            self.expand,
            &last.key,
            last.id,
            last.backwards,
            given,
        );
        Some(Next {
            query_id: secret.seal(&payload),
            object_number: given,
        })
    }

    fn resume(payload: &Json, scope: Scope, now: Moment) -> Option<Self> {
        let number = |at: usize| payload.get(at)?.as_u64();
        let column = |json: &Json| {
            let index = json.as_u64()?;
            P::GETTABLE
                .iter()
                .copied()
                .find(|column| u64::from(column.index()) == index)
        };
        let issued = Moment(number(2)?);
        let own = payload.get(0)?.as_str()? == scope.listed.state_name()
            && payload.get(1)?.as_i64()? == i64::from(scope.job)
            && now.since(issued) <= LIFETIME;
        let key = match payload.get(10)? {
            Json::Null => Key::Nothing,
            Json::String(text) => Key::Text(text.clone()),
            number => Key::Number(number.as_i64()?),
        };
        own.then_some(Self {
            columns: payload
                .get(3)?
                .as_array()?
                .iter()
                .map(column)
                .collect::<Option<_>>()?,
            sort: column(payload.get(4)?),
            filter: Filter {
                state: payload.get(5)?.as_i64(),
                changed_from: number(6).map(Moment),
                either: false,
            },
            owner: payload.get(7)?.as_str().map(str::to_owned),
            rows: usize::try_from(number(8)?).ok()?,
            expand: payload.get(9)?.as_bool()?,
            after: Some(Rank {
                key,
                id: payload.get(11)?.as_i64()?,
                backwards: payload.get(12)?.as_bool()?,
            }),
            skip: 0,
            given: number(13)?,
            scope,
        })
    }
}

/// The properties that were named, for one thing or for a list.
///
/// # Errors
/// A name that is no gettable property.
pub(super) fn asked_columns<P: Catalogue>(names: &str, quirks: Quirks) -> Result<Vec<P>, Fault> {
    if quirks.has(Quirk::UnknownPropertyIgnored) {
        return Ok(super::value::items(names)
            .filter_map(|name| columns(name).ok())
            .flatten()
            .collect());
    }
    columns(names)
}

fn read_filter(text: &str, listed: Listed, quirks: Quirks) -> Result<Filter, Fault> {
    let mut filter = Filter::read(text, listed)?;
    if quirks.has(Quirk::FilterNullRefused) && text.to_ascii_lowercase().contains("null") {
        return Err(Fault::Filter("null is no value".to_owned()));
    }
    let lower_state = text
        .split_whitespace()
        .any(|word| word.starts_with(|c: char| c.is_ascii_lowercase()) && listed.is_state(word));
    if quirks.has(Quirk::FilterStateCaseSensitive) && lower_state {
        return Err(Fault::Filter(
            "the state is written in another case".to_owned(),
        ));
    }
    if quirks.has(Quirk::FilterIgnored) {
        filter = Filter::default();
    }
    if quirks.has(Quirk::FilterChangeTimeIgnored) {
        filter.changed_from = None;
    }
    filter.either = quirks.has(Quirk::FilterIsOr);
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::{Ask, Query, Scope, Secret};
    use crate::hpc_pack::Quirks;
    use crate::hpc_pack::domain::{
        catalogue::{JOB_LIST_DEFAULT, JobProperty},
        fault::Fault,
        filter::Listed,
        list::{Key, Rank},
    };
    use crate::mock::Moment;
    use proptest::prelude::proptest;

    const JOBS: Scope = Scope {
        listed: Listed::Jobs,
        job: 0,
    };

    fn read(ask: Ask<'_>, secret: u128, now: u64) -> Result<Query<JobProperty>, Fault> {
        Query::read(
            ask,
            JOBS,
            JOB_LIST_DEFAULT,
            (Secret(secret), Quirks::default()),
            Moment(now),
        )
    }

    fn token(secret: u128) -> String {
        let query = read(
            Ask {
                sort: Some("Name"),
                rows: Some(3),
                ..Ask::default()
            },
            secret,
            0,
        )
        .unwrap();
        let last = Rank {
            key: Key::Text("x".to_owned()),
            id: 7,
            backwards: false,
        };
        query
            .next(Some(&last), 3, Secret(secret), Moment(1_000))
            .unwrap()
            .query_id
    }

    #[test]
    fn a_continuation_brings_back_what_was_asked_for_first() {
        let token = token(5);
        let ask = Ask {
            query_id: Some(&token),
            properties: Some("Nonsense"),
            ..Ask::default()
        };
        let query = read(ask, 5, 2_000).unwrap();
        assert_eq!(
            (query.rows, query.sort, query.given),
            (3, Some(JobProperty::Name), 3)
        );
        assert_eq!(query.after.unwrap().id, 7);
    }

    #[test]
    fn a_continuation_that_is_forged_foreign_or_old_is_refused() {
        let token = token(5);
        fn asks(query_id: &str, now: u64) -> Result<Query<JobProperty>, Fault> {
            read(
                Ask {
                    query_id: Some(query_id),
                    ..Ask::default()
                },
                5,
                now,
            )
        }
        assert!(asks(&token, 3_601_000).is_ok());
        assert_eq!(asks(&token, 3_601_001).unwrap_err(), Fault::Continuation);
        assert_eq!(
            asks(&super::tests::token(6), 1_000).unwrap_err(),
            Fault::Continuation
        );
        let tasks = Scope {
            listed: Listed::Tasks,
            job: 1,
        };
        let ask = Ask {
            query_id: Some(&token),
            ..Ask::default()
        };
        let elsewhere = Query::<JobProperty>::read(
            ask,
            tasks,
            &[],
            (Secret(5), Quirks::default()),
            Moment(1_000),
        );
        assert!(elsewhere.is_err());
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character holds bits that stand for nothing.
            assert!(
                at + 1 == token.len() || asks(&forged, 1_000).is_err(),
                "at {at}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_continuation_that_was_never_given_is_taken(text in "[A-Za-z0-9_-]{1,80}") {
            let ask = Ask { query_id: Some(&text), ..Ask::default() };
            assert_eq!(read(ask, 1, 0).unwrap_err(), Fault::Continuation);
        }
    }
}
