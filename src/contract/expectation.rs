use crate::source::{Literal, Matcher, Place, Template};

/// What is expected of an exchange: in a clause's `when` and `then`, and in a step's `expect`.
///
/// Everything named must fit; what is not named is not looked at. Written as a map with the names of the fields.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Where it is written.
    pub place: Place,
    /// `status: 200`, `status: [200, 201]`, `status: { at-least: 400 }`
    pub status: Option<Matcher>,
    /// `header: { NAME: MATCHER }`; the value is the first field of that name, lists (`count`, `each`, `exactly`) see all of them
    pub header: Vec<(String, Matcher)>,
    /// `json: { JSONPATH: MATCHER }` (RFC 9535)
    pub json: Vec<(String, Matcher)>,
    /// `xml: { XPATH: MATCHER }` (XPath 1.0 with the prefixes of the contract's `namespaces`); the value is the string value of the
    /// first node, or the string/number/boolean that the expression gives; no node is absence
    pub xml: Vec<(String, Matcher)>,
    /// `members: { PATH: MATCHER }`: PATH is a JSONPath (begins with `$`) or an XPath; the value is the list of the names of the
    /// members of that object, the local names of the child elements, or those of the attributes that an XPath gives
    pub members: Vec<(String, Matcher)>,
    /// `named: { XPATH: { NAMES: MATCHER } }`: what the values of names are, where they are there
    pub named: Vec<Named>,
    /// `shape: NAME`: the body has a shape that the contract defines under `shapes:`
    pub shape: Option<(String, Place)>,
    /// `body: MATCHER`, `body: null` (empty), or `body: { same-as: SOURCE }`
    pub body: Option<Box<BodyExpectation>>,
    /// `framing: length | chunked | close | none | wrong`; wrong: the reply does not end where it says, or is no HTTP
    pub framing: Option<Box<Matcher>>,
    /// `version: HTTP/1.1`
    pub version: Option<Box<Matcher>>,
    /// `within: 2s`: wall time of the exchange in milliseconds at most; judged against URLs only
    pub within: Option<(u64, Place)>,
    /// `broken: { how: reset }` or `broken: true`: the exchange broke; without it, a broken exchange fits nothing
    pub broken: Option<Box<Matcher>>,
    /// `computed: { TEMPLATE: MATCHER }`: what templates come to, where no single place of a message says it
    pub computed: Vec<(Template, Matcher)>,
    /// `request: {...}`: what the request was
    pub request: Option<Box<RequestExpectation>>,
    /// `any: [EXPECTATION, ..]`: at least one of them fits
    pub any: Vec<Expectation>,
    /// `not: EXPECTATION`: it does not fit
    pub not: Option<Box<Expectation>>,
    /// `let: { NAME: TEMPLATE }` values for templates of this expectation
    pub values: Vec<(String, Literal)>,
}

/// What values are expected to be by their names: of a property with `Name` and `Value`, an attribute, or a child element.
///
/// Each node of the path has a name: an element with a child `Name` that one's text, and its value is the child `Value`; any
/// other element and any attribute its local name. A name that is not there is not judged, one that comes often is each time.
#[derive(Clone, Debug)]
pub struct Named {
    /// The XPath.
    pub path: String,
    /// Names, and what the value of each fits.
    pub values: Vec<(Vec<String>, Matcher)>,
}

/// What is expected of a body as a whole.
#[derive(Clone, Debug)]
pub enum BodyExpectation {
    /// The body as text.
    Text(Matcher),
    /// `same-as: NAME`, or `same-as: { slice: [NAME, FROM, TO] }`: the bytes of a variable, or bytes FROM (included) to TO (not) of it.
    SameAs {
        /// The variable.
        name: String,
        /// First byte, and the one behind the last.
        range: Option<(Literal, Literal)>,
        /// Where it is written.
        place: Place,
    },
}

/// What a request was expected to be.
#[derive(Clone, Debug)]
pub struct RequestExpectation {
    /// Where it is written.
    pub place: Place,
    /// `operation: ID`, the operation that it is; absent where the contract documents none like it
    pub operation: Option<Matcher>,
    /// `method: GET`
    pub method: Option<Matcher>,
    /// `path: MATCHER`, percent-decoded
    pub path: Option<Matcher>,
    /// `query: { NAME: MATCHER }`; names are compared ignoring case
    pub query: Vec<(String, Matcher)>,
    /// `header: { NAME: MATCHER }`
    pub header: Vec<(String, Matcher)>,
    /// `json: { JSONPATH: MATCHER }`
    pub json: Vec<(String, Matcher)>,
    /// `xml: { XPATH: MATCHER }`
    pub xml: Vec<(String, Matcher)>,
    /// `members: { PATH: MATCHER }`
    pub members: Vec<(String, Matcher)>,
    /// `body: MATCHER`
    pub body: Option<Matcher>,
    /// `body-length: MATCHER`: bytes of the body
    pub body_length: Option<Matcher>,
    /// `version: HTTP/1.0`
    pub version: Option<Matcher>,
}
