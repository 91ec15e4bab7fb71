//! Where a page ends: places in a list, and the tokens that bring a client back to them.

use super::value::Value;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use serde::Serialize;
use serde_json::Value as Json;
use std::cmp::Ordering;

/// The most characters of a text that count for the order.
const SORTED: usize = 64;

/// The place of a row in its list: its sort key, then its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    /// The sort key.
    pub(super) key: Key,
    /// The number of what the row shows.
    pub(super) id: i64,
    /// Whether the list goes the other way round.
    pub(super) backwards: bool,
}

/// What a list is sorted by; in a continuation, what it holds without its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub(crate) enum Key {
    /// Nothing: the number alone decides.
    Nothing,
    /// A number, truth value, moment or word of an enumeration.
    Number(i64),
    /// Text without letter case.
    Text(String),
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.key.cmp(&other.key).then(self.id.cmp(&other.id));
        if self.backwards {
            order.reverse()
        } else {
            order
        }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    /// The key that a value makes.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(
                text.chars()
                    .take(SORTED)
                    .flat_map(char::to_lowercase)
                    .collect(),
            ),
            Value::Int(number) | Value::Word(_, number) => Self::Number(*number),
            Value::Bool(yes) => Self::Number(i64::from(*yes)),
            Value::Time(moment) => {
                Self::Number(moment.map_or(-1, |at| i64::try_from(at.0).unwrap_or(i64::MAX)))
            }
        }
    }
}

/// What continuations are signed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secret(pub(super) u128);

impl Secret {
    fn signed(self, payload: &[u8]) -> Hmac<Md5> {
        let mut hmac =
            Hmac::<Md5>::new_from_slice(&self.0.to_be_bytes()).expect("a key may have any length");
        hmac.update(payload);
        hmac
    }

    /// A token of the payload.
    pub(super) fn seal(self, payload: &impl Serialize) -> String {
        let mut bytes = serde_json::to_vec(payload).expect("numbers, texts and lists are JSON");
        let tag = self.signed(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a token of ours; none of others.
    pub(super) fn open(self, token: &str) -> Option<Json> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
        let (payload, tag) = bytes.split_last_chunk::<16>()?;
        // In a time that does not tell how much of it was guessed.
        self.signed(payload).verify_slice(tag).ok()?;
        serde_json::from_slice(payload).ok()
    }
}
