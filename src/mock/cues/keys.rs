//! The keys of files of cues, for the reader and for the JSON schema.

use crate::source::{Key, KeyShape, Table};

const NUMBER: KeyShape = KeyShape::Integer;
const TEXTS: KeyShape = KeyShape::OneOrMore(&KeyShape::Text);
/// A number of bytes.
const SIZE: KeyShape = KeyShape::Either(&[KeyShape::Integer, KeyShape::Text]);

/// The words for places of a reply.
pub(super) const PLACES: &[&str] = &["before-head", "after-head"];
const PLACE: KeyShape = KeyShape::Either(&[KeyShape::Words(PLACES), KeyShape::Integer]);

/// The words for `then:` of an upload.
pub(super) const THENS: &[&str] = &["close", "reset", "stall"];
/// The words for `commit:`.
pub(super) const COMMITS: &[&str] = &["before", "after"];

/// A file of cues.
pub(super) static CUES: Table = Table {
    name: "cues",
    what: "a file of cues",
    base: None,
    keys: &[
        Key::new(
            "contract",
            KeyShape::Text,
            "The contract that they are for; only that one is served with them then.",
        ),
        Key::required(
            "cues",
            KeyShape::List(&KeyShape::Map(&CUE)),
            "The cues, in the order in which they are asked.",
        ),
    ],
};

pub(super) static CUE: Table = Table {
    name: "cue",
    what: "a cue",
    base: None,
    keys: &[
        Key::new("name", KeyShape::Text, "A name for people."),
        Key::new(
            "on",
            KeyShape::Map(&ON),
            "Which requests are struck; every one where it is left out.",
        ),
        Key::required("do", KeyShape::Map(&DO), "What befalls them."),
        Key::new(
            "commit",
            KeyShape::Words(COMMITS),
            "Whether the state changes before or after the cue strikes; `after` behind a fault or a reply of the cue's own, else `before`.",
        ),
    ],
};

pub(super) static ON: Table = Table {
    name: "on",
    what: "`on`",
    base: None,
    keys: &[
        Key::new(
            "operation",
            KeyShape::Text,
            "The id of an operation of the contract.",
        ),
        Key::new("method", KeyShape::Text, "The method, in its case."),
        Key::new(
            "path",
            KeyShape::Text,
            "The path without its query: `/Job/{id}`, `/files/{*rest}`.",
        ),
        Key::new(
            "header",
            KeyShape::MapOf(&KeyShape::Either(&[
                KeyShape::Text,
                KeyShape::Null,
                KeyShape::List(&KeyShape::Text),
                KeyShape::Map(&FIELD),
            ])),
            "What header fields must be: a text, one of a list, `null` for absent, or `{ contains | matches | present }`.",
        ),
        Key::new(
            "nth",
            KeyShape::OneOrMore(&NUMBER),
            "Only the nth of the requests that fit, counted from 1; or a list.",
        ),
        Key::new("times", NUMBER, "At most so often."),
        Key::new(
            "probability",
            KeyShape::Number,
            "With that probability, 0 to 1.",
        ),
        Key::new(
            "seed",
            NUMBER,
            "What the draws begin with, 0 where it is left out: the same seed strikes the same requests.",
        ),
        Key::new(
            "until",
            KeyShape::Text,
            "Until the mock's clock shows that moment, such as `2026-01-01T00:05:00Z`.",
        ),
        Key::new(
            "for",
            KeyShape::Text,
            "For that long after the cue was placed, on the mock's clock.",
        ),
    ],
};

pub(super) static FIELD: Table = Table {
    name: "field",
    what: "a header field",
    base: None,
    keys: &[
        Key::new("contains", KeyShape::Text, "Holds that text."),
        Key::new(
            "matches",
            KeyShape::Text,
            "Fits that regular expression, anywhere in it.",
        ),
        Key::new("present", KeyShape::Boolean, "Is there at all, or not."),
    ],
};

pub(super) static DO: Table = Table {
    name: "do",
    what: "`do`",
    base: None,
    keys: &[
        Key::new(
            "fault",
            KeyShape::Text,
            "A documented fault in place of the reply, by its id.",
        ),
        Key::new(
            "reply",
            KeyShape::Map(&REPLY),
            "Any reply in place of the mock's.",
        ),
        Key::new(
            "delay",
            KeyShape::Text,
            "A wait before the reply, on the mock's clock.",
        ),
        Key::new(
            "slow",
            NUMBER,
            "The body of the reply with so many bytes per second.",
        ),
        Key::new(
            "close",
            PLACE,
            "The connection is closed (FIN) there; a number is so many bytes into the body.",
        ),
        Key::new("reset", PLACE, "The connection is reset (RST) there."),
        Key::new(
            "cut",
            SIZE,
            "The connection is closed after so many bytes of the body.",
        ),
        Key::new(
            "content-length",
            NUMBER,
            "That `Content-Length`, whatever the body; then the connection is closed.",
        ),
        Key::new(
            "garbage",
            KeyShape::Either(&[KeyShape::Text, KeyShape::Map(&BYTES)]),
            "These bytes in place of the reply; then the connection is closed.",
        ),
        Key::new(
            "stall",
            KeyShape::Either(&[PLACE, KeyShape::Map(&STALL)]),
            "Nothing more is sent from there on, for ever or for a time.",
        ),
        Key::new(
            "upload",
            KeyShape::Map(&UPLOAD),
            "Only so much of the request's body is read.",
        ),
        Key::new(
            "drop-session",
            KeyShape::Boolean,
            "The session that the request names is gone.",
        ),
        Key::new(
            "restart",
            KeyShape::Boolean,
            "The server starts again: what only memory held is lost, every connection ends.",
        ),
        Key::new("advance", KeyShape::Text, "The mock's clock jumps ahead."),
    ],
};

pub(super) static REPLY: Table = Table {
    name: "reply",
    what: "a reply",
    base: None,
    keys: &[
        Key::required("status", NUMBER, "The status code."),
        Key::new(
            "header",
            KeyShape::MapOf(&TEXTS),
            "Its header fields; a list is one field for each.",
        ),
        Key::new("body", KeyShape::Text, "Its body, text."),
        Key::new("json", KeyShape::Anything, "Its body, JSON."),
        Key::new("hex", KeyShape::Text, "Its body, hexadecimal digits."),
    ],
};

pub(super) static BYTES: Table = Table {
    name: "bytes",
    what: "bytes",
    base: None,
    keys: &[Key::required(
        "hex",
        KeyShape::Text,
        "Hexadecimal digits, with or without blanks.",
    )],
};

pub(super) static STALL: Table = Table {
    name: "stall",
    what: "`stall`",
    base: None,
    keys: &[
        Key::required("at", PLACE, "From where on."),
        Key::new(
            "for",
            KeyShape::Text,
            "For how long, on the mock's clock; for ever where it is left out.",
        ),
    ],
};

pub(super) static UPLOAD: Table = Table {
    name: "upload",
    what: "`upload`",
    base: None,
    keys: &[
        Key::required(
            "read",
            SIZE,
            "So many bytes of the request's body are read.",
        ),
        Key::required("then", KeyShape::Words(THENS), "What follows."),
        Key::new(
            "for",
            KeyShape::Text,
            "How long it stalls, on the mock's clock; for ever where it is left out.",
        ),
    ],
};
