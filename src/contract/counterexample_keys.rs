//! The keys of a counterexample: what is changed about a reply or a request.

use crate::source::{Key, KeyShape as Shape, Table};

pub(crate) static COUNTEREXAMPLE: Table = Table {
    name: "counterexample",
    what: "a counterexample",
    base: Some(&EDIT),
    keys: &[
        Key::new("name", Shape::Text, "how it is shown"),
        Key::new(
            "quirk",
            Shape::Text,
            "a quirk of the mock, instead of edits",
        ),
        Key::new(
            "set",
            Shape::MapOf(&Shape::Text),
            "settings of the mock it needs",
        ),
        Key::new(
            "request",
            Shape::Map(&REQUEST_EDIT),
            "the same edits on the request",
        ),
    ],
};

pub(crate) static REQUEST_EDIT: Table = Table {
    name: "request-edit",
    what: "an edit of a request",
    base: Some(&EDIT),
    keys: &[
        Key::new("method", Shape::Template, "another method"),
        Key::new(
            "path",
            Shape::Template,
            "another path, as it stands on the wire",
        ),
        Key::new(
            "query",
            Shape::MapOf(&Shape::Anything),
            "other query parameters; null removes, `{ rename: NEW }` renames",
        ),
    ],
};

pub(crate) static EDIT: Table = Table {
    name: "edit",
    what: "an edit",
    base: None,
    keys: &[
        Key::new("status", Shape::Integer, "another status code"),
        Key::new(
            "header",
            Shape::MapOf(&Shape::Anything),
            "other values; null removes, `{ rename: NEW }` renames",
        ),
        Key::new(
            "body",
            Shape::Either(&[Shape::Template, Shape::Null]),
            "another body; null empties it",
        ),
        Key::new("cut", Shape::Integer, "only so many bytes of the body"),
        Key::new(
            "json",
            Shape::MapOf(&Shape::Anything),
            "other values by JSONPath; `{ remove: true }`, `{ rename: NEW }`",
        ),
        Key::new(
            "xml",
            Shape::MapOf(&Shape::Anything),
            "other text by XPath; `{ remove: true }`, `{ rename: NEW }`, `{ namespace: URI }`, `{ move: first }`, `{ twice: true }`",
        ),
        Key::new(
            "framing",
            Shape::Words(&["length", "chunked", "close"]),
            "another framing",
        ),
        Key::new(
            "version",
            Shape::Words(&["HTTP/1.0", "HTTP/1.1"]),
            "another version",
        ),
        Key::new("broken", Shape::Text, "the exchange breaks"),
        Key::new("excess", Shape::Text, "bytes behind the reply"),
    ],
};

pub(crate) static CHANGE: Table = Table {
    name: "change",
    what: "a change",
    base: None,
    keys: &[
        Key::new("remove", Shape::Boolean, "takes it out"),
        Key::new("rename", Shape::Text, "another name"),
        Key::new("namespace", Shape::Text, "another namespace; empty: none"),
        Key::new(
            "move",
            Shape::Words(&["first", "last"]),
            "another place among its siblings",
        ),
        Key::new("twice", Shape::Boolean, "puts another of it behind it"),
    ],
};
