use super::{Place, Template};

/// A value as written, with templates in its texts.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number(serde_json::Number),
    /// Text; a template that is one `{{ expression }}` alone keeps the type of its value
    Text(Template),
    /// A list
    List(Vec<Literal>),
    /// A map in written order
    Map(Vec<(String, Literal)>),
}

/// What a value is expected to be, and where that is written.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// Where it is written.
    pub place: Place,
    /// What is asked.
    pub kind: MatcherKind,
}

/// The kinds of matcher. How each is written stands first.
#[derive(Clone, Debug)]
pub enum MatcherKind {
    /// A scalar: the value is equal. Text from the wire (header, XPath string) is compared as text,
    /// JSON by type and value.
    Equals(Literal),
    /// `null`: the value is not there at all (of a body: it is empty).
    Absent,
    /// A list: one of them fits.
    AnyOf(Vec<Matcher>),
    /// `all: [..]`: every one fits.
    All(Vec<Matcher>),
    /// `not: M`
    Not(Box<Matcher>),
    /// `matches: REGEX`, unanchored, a template.
    Matches(Template),
    /// `is: TYPE`
    Is(Type),
    /// `contains: TEXT`: text contains it; a list has an element equal to it.
    Contains(Literal),
    /// `word-of: TEXT`: the value is one of the words of TEXT, separated by blanks or commas; case is ignored.
    WordOf(Template),
    /// `includes: TEXT`: every word of TEXT, separated by blanks or commas, is one of the values; case counts.
    Includes(Template),
    /// `at-least: N`, compared as numbers
    AtLeast(Literal),
    /// `at-most: N`
    AtMost(Literal),
    /// `longer-than`/`shorter-than` are written with `length: M`: the number of characters or elements.
    Length(Box<Matcher>),
    /// `count: M`: how many header fields, nodes of an XPath or results of a JSONPath there are.
    Count(Box<Matcher>),
    /// `each: M`: every header field, node or element fits; there must be at least one.
    Each(Box<Matcher>),
    /// `exactly: [..]`: the list of values is equal, in order.
    Exactly(Vec<Literal>),
    /// `in-order: [..]`: those of the values that are listed come in the order of the list.
    InOrder(Vec<Literal>),
    /// `words: M`: the words of the text, separated by blanks or commas, as a list.
    Words(Box<Matcher>),
    /// `sorted: ordinal | ignoring-case`: the list of values is in alphabetical order.
    Sorted(Order),
    /// `ignoring-case: TEXT`: equal but for ASCII case.
    IgnoringCase(Template),
    /// `same-instant-or-later-than`, and other needs of one suite, do not exist: clauses use templates.
    /// `equal-to-json: VALUE`: deep equality with a JSON value.
    Json(Literal),
}

/// What counts as alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the numbers of the characters: capitals before small letters.
    Ordinal,
    /// As in a dictionary, ASCII case ignored.
    IgnoringCase,
}

impl Order {
    /// The orders with the word that files use.
    pub const ALL: [(&'static str, Self); 2] = [
        ("ordinal", Self::Ordinal),
        ("ignoring-case", Self::IgnoringCase),
    ];
}

/// The types that `is:` and typed redactions know. The word in the files is the `kebab-case` of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// There at all, whatever it is.
    Present,
    /// There and empty: `""`, `[]`, `{}`, an element without content.
    Empty,
    /// Text (JSON string; always true of text from the wire).
    String,
    /// A whole number in decimal, JSON or text.
    Integer,
    /// A whole number that fits 32 bits with sign.
    Int32,
    /// A number.
    Number,
    /// `true` or `false`, JSON or text in any case.
    Boolean,
    /// JSON null, or an element with `i:nil="true"`.
    Null,
    /// JSON object.
    Object,
    /// JSON array.
    Array,
    /// 8-4-4-4-12 hexadecimal digits, with or without braces.
    Guid,
    /// As `Guid`, with braces.
    BracedGuid,
    /// A date of RFC 2616 3.3.1 (any of the three forms).
    HttpDate,
    /// A date of ISO 8601 with time.
    IsoDate,
    /// An absolute or relative URI reference.
    Uri,
    /// An absolute URI.
    AbsoluteUri,
    /// Base64 with padding.
    Base64,
    /// `0x` (or `x`) and 1 to 8 hexadecimal digits.
    Hresult,
    /// `host` or `host:port`.
    Authority,
    /// A session id of BITS: 1 to 100 visible ASCII characters.
    SessionId,
    /// A comma-separated list of IPv4 addresses of RFC 1918.
    PrivateIpv4List,
    /// A point in time as .NET's invariant or en-US culture prints it, or ISO 8601.
    DateTime,
}

impl Type {
    /// All types with the word that files and reports use.
    pub const ALL: [(&'static str, Self); 22] = [
        ("present", Self::Present),
        ("empty", Self::Empty),
        ("string", Self::String),
        ("integer", Self::Integer),
        ("int32", Self::Int32),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("null", Self::Null),
        ("object", Self::Object),
        ("array", Self::Array),
        ("guid", Self::Guid),
        ("braced-guid", Self::BracedGuid),
        ("http-date", Self::HttpDate),
        ("iso-date", Self::IsoDate),
        ("uri", Self::Uri),
        ("absolute-uri", Self::AbsoluteUri),
        ("base64", Self::Base64),
        ("hresult", Self::Hresult),
        ("authority", Self::Authority),
        ("session-id", Self::SessionId),
        ("private-ipv4-list", Self::PrivateIpv4List),
        ("date-time", Self::DateTime),
    ];

    /// The word for it in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("value", |(word, _)| word)
    }
}
