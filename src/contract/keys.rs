//! The keys of a contract file. The readers and `schemas/contract.schema.json` are made from these tables.

use super::{counterexample_keys::COUNTEREXAMPLE, expectation_keys::EXPECTATION};
use crate::source::{Key, KeyShape as Shape, Table};

const LEVELS: &[&str] = &["must", "should", "may"];
pub(crate) const TEXTS: Shape = Shape::OneOrMore(&Shape::Text);
/// `{ TRAIT: VALUE | [VALUES] }`
pub(crate) const TRAITS: Shape = Shape::MapOf(&Shape::OneOrMore(&Shape::Text));
pub(super) const MATCHERS: Shape = Shape::MapOf(&Shape::Matcher);

pub(crate) static CONTRACT: Table = Table {
    name: "contract",
    what: "a contract",
    base: None,
    keys: &[
        Key::required(
            "contract",
            Shape::Text,
            "the id: the name of the suite's folder",
        ),
        Key::required("title", Shape::Text, "what the protocol is called"),
        Key::required(
            "documents",
            Shape::MapOf(&Shape::Map(&DOCUMENT)),
            "the published pages that clauses cite, by a short key",
        ),
        Key::new(
            "capabilities",
            Shape::MapOf(&Shape::Text),
            "what a target may lack, and what it means",
        ),
        Key::new(
            "traits",
            Shape::MapOf(&Shape::Map(&TRAIT)),
            "the exclusive ways a target can be",
        ),
        Key::new(
            "namespaces",
            Shape::MapOf(&Shape::Text),
            "prefixes for XPath",
        ),
        Key::new(
            "vars",
            Shape::MapOf(&Shape::Anything),
            "variables that every scenario has, with their defaults: a value or `{ secret: VALUE }`",
        ),
        Key::new(
            "shapes",
            Shape::MapOf(&Shape::Map(&SHAPE)),
            "kinds of body that several operations share",
        ),
        Key::new(
            "path-case",
            Shape::Words(&["exact", "ignore"]),
            "whether the case of literal path segments matters; it does where this is left out",
        ),
        Key::required(
            "operations",
            Shape::List(&Shape::Map(&OPERATION)),
            "the kinds of request that the documents describe",
        ),
        Key::required("clauses", Shape::List(&Shape::Map(&CLAUSE)), "the promises"),
        Key::new(
            "omitted",
            Shape::List(&Shape::Map(&OMITTED)),
            "sentences of the documents that no client can test",
        ),
        Key::new(
            "latitude",
            Shape::List(&Shape::Map(&LATITUDE)),
            "derived counterexamples that no document forbids",
        ),
        Key::new(
            "volatile",
            Shape::List(&Shape::Map(&REDACTION)),
            "values that the contract does not fix, masked in snapshots",
        ),
        Key::new(
            "snapshot-headers",
            TEXTS,
            "documented headers that snapshots show beside those of the operation's reply",
        ),
    ],
};

pub(crate) static DOCUMENT: Table = Table {
    name: "document",
    what: "a document",
    base: None,
    keys: &[
        Key::required("title", Shape::Text, "its title"),
        Key::required("url", Shape::Text, "where it is published"),
    ],
};

pub(crate) static TRAIT: Table = Table {
    name: "trait",
    what: "a trait",
    base: None,
    keys: &[
        Key::new(
            "values",
            TEXTS,
            "the ways a target can be; any text where it is left out",
        ),
        Key::required("default", Shape::Text, "the way of the mock"),
        Key::required("says", Shape::Text, "what it is about"),
    ],
};

pub(crate) static SHAPE: Table = Table {
    name: "shape",
    what: "a shape",
    base: None,
    keys: &[
        Key::new("xml", Shape::Map(&SHAPE_ROOT), "the root element in XML"),
        Key::new(
            "repeats",
            Shape::Text,
            "the shape of the elements, where it is a list",
        ),
        Key::new(
            "members",
            Shape::List(&Shape::Map(&MEMBER)),
            "its members in documented order",
        ),
        Key::new(
            "text",
            Shape::Type,
            "the type of its text, where it has no members",
        ),
    ],
};

pub(crate) static SHAPE_ROOT: Table = Table {
    name: "shape-root",
    what: "a root element",
    base: None,
    keys: &[
        Key::required("root", Shape::Text, "its local name"),
        Key::new(
            "namespace",
            Shape::Text,
            "its namespace and that of its members",
        ),
    ],
};

pub(crate) static MEMBER: Table = Table {
    name: "member",
    what: "a member of a shape",
    base: None,
    keys: &[
        Key::required("name", Shape::Text, "its name"),
        Key::new(
            "is",
            Shape::OneOrMore(&Shape::Type),
            "its type, or one of several",
        ),
        Key::new("optional", Shape::Boolean, "whether it may be left out"),
        Key::new("shape", Shape::Text, "the shape of its content"),
    ],
};

pub(crate) static OPERATION: Table = Table {
    name: "operation",
    what: "an operation",
    base: None,
    keys: &[
        Key::required("id", Shape::Text, "its name in clauses and scenarios"),
        Key::new("title", Shape::Text, "the document's own name for it"),
        Key::new(
            "group",
            Shape::Text,
            "the area of the contract it belongs to",
        ),
        Key::required("method", Shape::Text, "the method of the request"),
        Key::required(
            "path",
            Shape::Either(&[Shape::Text, Shape::MapOf(&Shape::MapOf(&Shape::Text))]),
            "the path as documented: `/a/{b}/{*rest}`, or one for each value of a trait",
        ),
        Key::new(
            "header",
            Shape::MapOf(&Shape::Text),
            "headers by which the request is recognised",
        ),
        Key::new(
            "where",
            TRAITS,
            "for which targets the operation exists at all",
        ),
        Key::new("query", TEXTS, "the documented query parameters"),
        Key::new("request-header", TEXTS, "the documented request headers"),
        Key::new(
            "properties",
            Shape::MapOf(&TEXTS),
            "documented lists of names",
        ),
        Key::new(
            "facts",
            Shape::MapOf(&Shape::Anything),
            "anything else documented, for templates",
        ),
        Key::required("source", TEXTS, "the documents that describe it"),
        Key::required("reply", Shape::Map(&REPLY), "the documented success"),
    ],
};

pub(crate) static REPLY: Table = Table {
    name: "reply",
    what: "a documented reply",
    base: None,
    keys: &[
        Key::required(
            "status",
            Shape::OneOrMore(&Shape::Integer),
            "its status code, or several",
        ),
        Key::new(
            "header",
            Shape::Either(&[
                TEXTS,
                Shape::MapOf(&Shape::Either(&[Shape::Text, Shape::Null])),
            ]),
            "the documented headers, or each with an example",
        ),
        Key::new("empty", Shape::Boolean, "whether it has no body"),
        Key::new("shape", Shape::Text, "the shape of its body"),
        Key::new("example", Shape::Map(&EXAMPLE), "a whole documented body"),
    ],
};

pub(crate) static EXAMPLE: Table = Table {
    name: "example",
    what: "an example body",
    base: None,
    keys: &[
        Key::new("json", Shape::Anything, "a JSON value"),
        Key::new("xml", Shape::Text, "XML text"),
        Key::new("text", Shape::Text, "plain text"),
    ],
};

pub(crate) static CLAUSE: Table = Table {
    name: "clause",
    what: "a clause",
    base: None,
    keys: &[
        Key::required(
            "id",
            Shape::Text,
            "its name; `{operation}` stands for that of a family's operation",
        ),
        Key::new(
            "each",
            Shape::Either(&[TEXTS, Shape::Map(&EACH)]),
            "makes a family: one clause for each of `operations`, of some ids, or of a selection",
        ),
        Key::new("except", TEXTS, "operations that the family leaves out"),
        Key::required("level", Shape::Words(LEVELS), "how strong the promise is"),
        Key::required("says", Shape::Text, "the promise in our own words"),
        Key::new("source", TEXTS, "where it stands: `DOCUMENT § Heading`"),
        Key::new(
            "on",
            Shape::Either(&[TEXTS, Shape::Map(&EACH)]),
            "the operations an invariant is checked on; `all` documented ones, or `any` exchange",
        ),
        Key::new("where", TRAITS, "only for such targets"),
        Key::new(
            "when",
            Shape::Map(&EXPECTATION),
            "only for exchanges that fit this",
        ),
        Key::new(
            "then",
            Shape::Map(&EXPECTATION),
            "what such exchanges fit: checked on every one",
        ),
        Key::new(
            "proved-by",
            Shape::Words(&["scenario"]),
            "a behaviour, which scenarios prove",
        ),
        Key::new(
            "judges",
            Shape::Words(&["server", "client"]),
            "whose promise it is; the server's where it is left out",
        ),
        Key::required(
            "broken-by",
            Shape::List(&Shape::Map(&COUNTEREXAMPLE)),
            "counterexamples that must be caught",
        ),
        Key::new(
            "in-practice",
            Shape::List(&Shape::Map(&IN_PRACTICE)),
            "what products really do",
        ),
        Key::new(
            "stance",
            Shape::Text,
            "why it is so where documents disagree",
        ),
    ],
};

pub(crate) static EACH: Table = Table {
    name: "selection",
    what: "a selection of operations",
    base: None,
    keys: &[
        Key::new("group", TEXTS, "those of a group"),
        Key::new("method", TEXTS, "those of a method"),
        Key::new("shape", TEXTS, "those whose reply has a shape"),
        Key::new(
            "empty",
            Shape::Boolean,
            "those whose reply has no body, or has one",
        ),
        Key::new("property", TEXTS, "those with such a list of `properties`"),
        Key::new("fact", TEXTS, "those with such a fact"),
        Key::new("query", TEXTS, "those with such a query parameter"),
        Key::new("request-header", TEXTS, "those with such a request header"),
    ],
};

pub(crate) static IN_PRACTICE: Table = Table {
    name: "in-practice",
    what: "a note on a product",
    base: None,
    keys: &[
        Key::required("product", Shape::Text, "the product"),
        Key::required("does", Shape::Text, "what it does"),
        Key::required("source", Shape::Text, "where that is written"),
    ],
};

pub(crate) static OMITTED: Table = Table {
    name: "omission",
    what: "an omission",
    base: None,
    keys: &[
        Key::required("source", Shape::Text, "where it stands"),
        Key::required("says", Shape::Text, "what it says, in our words"),
        Key::required("because", Shape::Text, "why there is no clause"),
    ],
};

pub(crate) static LATITUDE: Table = Table {
    name: "latitude",
    what: "a latitude",
    base: None,
    keys: &[
        Key::required("rule", Shape::Text, "the name of the rule"),
        Key::required(
            "derived",
            TEXTS,
            "patterns of derived counterexamples it covers",
        ),
        Key::new("except", TEXTS, "patterns of those that it does not cover"),
        Key::new("on", TEXTS, "operations; all where it is left out"),
        Key::required("because", Shape::Text, "why no document forbids it"),
        Key::required("source", TEXTS, "the documents that do not forbid it"),
    ],
};

pub(crate) static REDACTION: Table = Table {
    name: "volatile",
    what: "a volatile value",
    base: None,
    keys: &[
        Key::new("on", TEXTS, "operations; all where it is left out"),
        Key::new("header", Shape::Text, "the name of a header"),
        Key::new("json", Shape::Text, "a JSONPath"),
        Key::new("xml", Shape::Text, "an XPath"),
        Key::required("as", Shape::Type, "the type it must parse as"),
        Key::new(
            "part",
            Shape::Text,
            "a regular expression with a group: only what the group takes is masked, and that must parse as the type",
        ),
        Key::new(
            "called",
            Shape::Text,
            "the word of the mask; values of one word are numbered together",
        ),
        Key::new("when", Shape::Matcher, "only values that fit this"),
    ],
};

pub(crate) static SECRET: Table = Table {
    name: "secret",
    what: "a secret",
    base: None,
    keys: &[Key::required(
        "secret",
        Shape::Anything,
        "the value, masked in every output",
    )],
};
