//! The keys of scenario files and of `steps.yaml`. The readers and `schemas/scenario.schema.json` are made from these tables.

use crate::{
    contract::{
        expectation_keys::EXPECTATION,
        keys::{TEXTS, TRAITS},
    },
    source::{Key, KeyShape as Shape, Table},
};

const VALUES: Shape = Shape::MapOf(&Shape::Either(&[
    Shape::OneOrMore(&Shape::Template),
    Shape::Null,
]));

pub(crate) static SCENARIO: Table = Table {
    name: "scenario",
    what: "a scenario",
    base: None,
    keys: &[
        Key::required(
            "scenario",
            Shape::Text,
            "the title: what happens, in one sentence",
        ),
        Key::required("contract", Shape::Text, "the id of the contract"),
        Key::new(
            "effects",
            Shape::Words(&["reads", "writes"]),
            "what it does to its target; `writes` needs --allow-writes against a URL",
        ),
        Key::new(
            "needs",
            TEXTS,
            "capabilities without which it is skipped; `real-server` is any server but the embedded mock",
        ),
        Key::new(
            "where",
            TRAITS,
            "traits of the target; the embedded mock is started so",
        ),
        Key::new(
            "vars",
            Shape::MapOf(&Shape::Anything),
            "variables: a value, `{ bytes: N, seed: S }` or `{ secret: VALUE }`",
        ),
        Key::new(
            "rows",
            Shape::List(&Shape::MapOf(&Shape::Anything)),
            "the scenario runs once per row, with its values as variables",
        ),
        Key::required("steps", Shape::List(&Shape::Map(&STEP)), "the conversation"),
        Key::new(
            "cleanup",
            Shape::List(&Shape::Map(&STEP)),
            "always runs; a step whose capture is unset is left out",
        ),
    ],
};

pub(crate) static STEP: Table = Table {
    name: "step",
    what: "a step",
    base: None,
    keys: &[
        Key::new("id", Shape::Text, "its name, unique in the file"),
        Key::new(
            "operation",
            Shape::Text,
            "the operation of the contract that it sends",
        ),
        Key::new(
            "request",
            Shape::Map(&REQUEST),
            "a request that no document describes",
        ),
        Key::new(
            "path",
            Shape::MapOf(&Shape::Template),
            "values for the names in the operation's path; kept for later steps",
        ),
        Key::new("query", VALUES, "query parameters"),
        Key::new(
            "header",
            VALUES,
            "header fields; null suppresses what would be sent by itself",
        ),
        Key::new("body", Shape::Map(&BODY), "the body"),
        Key::new(
            "cut",
            Shape::Either(&[Shape::Template, Shape::Map(&CUT)]),
            "the request ends early, after so many bytes of its body",
        ),
        Key::new("at", Shape::Template, "another host: a URL or an authority"),
        Key::new(
            "auth",
            Shape::Either(&[Shape::Words(&["none", "target"]), Shape::Map(&AUTH)]),
            "with which credentials",
        ),
        Key::new(
            "connection",
            Shape::Words(&["new", "keep"]),
            "on which connection",
        ),
        Key::new("http", Shape::Words(&["1.0", "1.1"]), "the version of HTTP"),
        Key::new("timeout", Shape::Duration, "how long the reply may take"),
        Key::new(
            "wait",
            Shape::Duration,
            "a pause before it; advances the clock of the embedded mock",
        ),
        Key::new(
            "expect",
            Shape::OneOrMore(&Shape::Map(&EXPECT)),
            "what is expected of the reply",
        ),
        Key::new(
            "capture",
            Shape::MapOf(&Shape::Map(&CAPTURE)),
            "values taken from the reply, by name",
        ),
        Key::new(
            "repeat",
            Shape::Map(&REPEAT),
            "polls until an expectation fits",
        ),
        Key::new(
            "snapshot",
            Shape::Words(&["whole", "alone"]),
            "alone: the reply tells of what others do to the target, or of its clock; but for the embedded mock only its status is compared",
        ),
        Key::new("use", Shape::Text, "a sequence of steps.yaml"),
        Key::new("with", Shape::MapOf(&Shape::Anything), "its arguments"),
        Key::new(
            "parallel",
            Shape::List(&Shape::Map(&STEP)),
            "steps that are sent at once",
        ),
    ],
};

pub(crate) static REQUEST: Table = Table {
    name: "request",
    what: "a request",
    base: None,
    keys: &[
        Key::required("method", Shape::Template, "the method"),
        Key::required("path", Shape::Template, "path and query, sent as they are"),
    ],
};

pub(crate) static BODY: Table = Table {
    name: "body",
    what: "a body",
    base: None,
    keys: &[
        Key::new("json", Shape::Anything, "a JSON value"),
        Key::new("xml", Shape::Template, "XML text"),
        Key::new("text", Shape::Template, "plain text"),
        Key::new("bytes", Shape::Text, "the bytes of a variable"),
        Key::new(
            "slice",
            Shape::List(&Shape::Anything),
            "`[NAME, FROM, TO]`: some bytes of a variable",
        ),
        Key::new("file", Shape::Template, "a file, relative to the scenario"),
        Key::new("hex", Shape::Template, "bytes as hexadecimal digits"),
        Key::new("raw", Shape::Template, "the whole request as bytes"),
    ],
};

pub(crate) static CUT: Table = Table {
    name: "cut",
    what: "a cut",
    base: None,
    keys: &[
        Key::required(
            "after",
            Shape::Template,
            "how many bytes of the body are sent",
        ),
        Key::new(
            "then",
            Shape::Words(&["close", "reset", "stall"]),
            "what follows; close where it is left out",
        ),
    ],
};

pub(crate) static AUTH: Table = Table {
    name: "auth",
    what: "credentials",
    base: None,
    keys: &[
        Key::required("user", Shape::Template, "the user name"),
        Key::required(
            "password",
            Shape::Template,
            "the password, masked in every output",
        ),
    ],
};

pub(crate) static EXPECT: Table = Table {
    name: "expect",
    what: "an expectation",
    base: Some(&EXPECTATION),
    keys: &[
        Key::new(
            "proves",
            TEXTS,
            "the clauses that this proves; without it, it is a precondition",
        ),
        Key::new("where", TRAITS, "only for such targets"),
    ],
};

pub(crate) static CAPTURE: Table = Table {
    name: "capture",
    what: "a capture",
    base: None,
    keys: &[
        Key::new("header", Shape::Text, "from the first field of that name"),
        Key::new("json", Shape::Text, "by JSONPath"),
        Key::new("xml", Shape::Text, "by XPath"),
        Key::new(
            "matches",
            Shape::Template,
            "the first group of a regular expression in the body",
        ),
        Key::new("status", Shape::Boolean, "the status code"),
        Key::new(
            "value",
            Shape::Template,
            "computed; `request` and `reply` are known",
        ),
        Key::new(
            "optional",
            Shape::Boolean,
            "whether it may be absent; the variable is then empty text",
        ),
    ],
};

pub(crate) static REPEAT: Table = Table {
    name: "repeat",
    what: "a repetition",
    base: None,
    keys: &[
        Key::required("until", Shape::Map(&EXPECTATION), "polls until this fits"),
        Key::required("every", Shape::Duration, "the pause between two"),
        Key::required("at-most", Shape::Duration, "how long at most"),
        Key::new(
            "proves",
            TEXTS,
            "the clauses that are broken when it is not reached in time",
        ),
    ],
};

pub(crate) static BYTES: Table = Table {
    name: "bytes",
    what: "generated bytes",
    base: None,
    keys: &[
        Key::required("bytes", Shape::Text, "how many: `4892`, `16 KiB`"),
        Key::new("seed", Shape::Integer, "the same seed gives the same bytes"),
    ],
};

pub(crate) static SEQUENCES: Table = Table {
    name: "steps-file",
    what: "a file of sequences",
    base: None,
    keys: &[Key::required(
        "sequences",
        Shape::MapOf(&Shape::Map(&SEQUENCE)),
        "steps that several scenarios begin with, by name",
    )],
};

pub(crate) static SEQUENCE: Table = Table {
    name: "sequence",
    what: "a sequence",
    base: None,
    keys: &[
        Key::new("args", TEXTS, "names that `with:` gives values"),
        Key::new("gives", TEXTS, "captures that the scenario can use"),
        Key::required("steps", Shape::List(&Shape::Map(&STEP)), "the steps"),
    ],
};
