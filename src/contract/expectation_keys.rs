//! The keys of what is expected of an exchange, in clauses and in scenarios.

use super::keys::MATCHERS;
use crate::source::{Key, KeyShape as Shape, Table};

pub(crate) static EXPECTATION: Table = Table {
    name: "expectation",
    what: "an expectation",
    base: None,
    keys: &[
        Key::new("status", Shape::Matcher, "the status code"),
        Key::new("header", MATCHERS, "header fields by name"),
        Key::new("json", MATCHERS, "values by JSONPath"),
        Key::new("xml", MATCHERS, "values by XPath"),
        Key::new(
            "members",
            MATCHERS,
            "names of members, child elements or attributes, by JSONPath or XPath",
        ),
        Key::new(
            "named",
            Shape::MapOf(&MATCHERS),
            "values by name, of properties, attributes or elements by XPath: `{ XPATH: { \"NAME NAME\": MATCHER } }`",
        ),
        Key::new(
            "shape",
            Shape::Text,
            "a shape of the contract that the body has",
        ),
        Key::new(
            "body",
            Shape::Anything,
            "the body as text, `null` (empty), or `same-as` a variable",
        ),
        Key::new(
            "framing",
            Shape::Matcher,
            "how the end of the body was told: length, chunked, close, none; `wrong` where that is not true",
        ),
        Key::new("version", Shape::Matcher, "the version of the status line"),
        Key::new(
            "within",
            Shape::Duration,
            "wall time at most; judged against URLs only",
        ),
        Key::new(
            "broken",
            Shape::Anything,
            "the exchange broke: `true`, or `{ how: reset }`",
        ),
        Key::new(
            "computed",
            MATCHERS,
            "what templates come to: `{ \"{{ last - first + 1 }}\": MATCHER }`",
        ),
        Key::new("request", Shape::Map(&REQUEST), "what the request was"),
        Key::new(
            "any",
            Shape::List(&Shape::Map(&EXPECTATION)),
            "expectations of which at least one fits",
        ),
        Key::new(
            "not",
            Shape::Map(&EXPECTATION),
            "an expectation that does not fit",
        ),
        Key::new(
            "let",
            Shape::MapOf(&Shape::Anything),
            "values for templates of this expectation",
        ),
    ],
};

pub(crate) static REQUEST: Table = Table {
    name: "request-expectation",
    what: "an expectation of the request",
    base: None,
    keys: &[
        Key::new(
            "operation",
            Shape::Matcher,
            "the id of the operation that it is; absent where none is like it",
        ),
        Key::new("method", Shape::Matcher, "the method"),
        Key::new("path", Shape::Matcher, "the path, percent-decoded"),
        Key::new("query", MATCHERS, "query parameters by name, in any case"),
        Key::new("header", MATCHERS, "header fields by name"),
        Key::new("json", MATCHERS, "values by JSONPath"),
        Key::new("xml", MATCHERS, "values by XPath"),
        Key::new(
            "members",
            MATCHERS,
            "names of members, child elements or attributes, by JSONPath or XPath",
        ),
        Key::new("body", Shape::Matcher, "the body as text"),
        Key::new("body-length", Shape::Matcher, "the bytes of the body"),
        Key::new("version", Shape::Matcher, "the version of the request line"),
    ],
};

pub(crate) static SAME_AS: Table = Table {
    name: "same-as",
    what: "a body that is the same",
    base: None,
    keys: &[Key::required(
        "same-as",
        Shape::Anything,
        "a variable, or `{ slice: [NAME, FROM, TO] }`",
    )],
};

pub(crate) static SLICE: Table = Table {
    name: "slice",
    what: "a slice",
    base: None,
    keys: &[Key::required(
        "slice",
        Shape::List(&Shape::Anything),
        "`[NAME, FROM, TO]`: bytes FROM (included) to TO (not included)",
    )],
};

pub(crate) static BROKEN: Table = Table {
    name: "broken",
    what: "an expectation of a broken exchange",
    base: None,
    keys: &[Key::required(
        "how",
        Shape::Matcher,
        "how it broke: reset, closed, cut, stalled ...",
    )],
};
