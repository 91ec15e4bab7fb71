use super::Expectation;
use crate::{
    message::Reply,
    source::{Literal, Matcher, Place, SourceFile, Template, Type},
};
use indexmap::IndexMap;
use regex::Regex;
use std::{collections::BTreeSet, sync::Arc};

/// A capability that every contract has and none declares: any server has it, the embedded mock has not.
///
/// # Why
/// The mock of a suite that has none of its own answers with documented examples: what a conversation changes, and what a
/// server refuses, is not to be had from it.
pub(crate) const REAL_SERVER: &str = "real-server";

/// What the documents promise for one protocol.
#[derive(Clone, Debug)]
pub struct Contract {
    /// `contract:`, the id: the name of the suite's folder.
    pub id: String,
    /// `title:`
    pub title: String,
    /// `documents: { KEY: { title, url } }`
    pub documents: IndexMap<String, Document>,
    /// `capabilities: { NAME: WHAT IT IS }`: what a target may lack
    pub capabilities: IndexMap<String, String>,
    /// `traits: { NAME: {...} }`: the exclusive ways a target can be
    pub traits: IndexMap<String, Trait>,
    /// `namespaces: { PREFIX: URI }` for XPath
    pub namespaces: IndexMap<String, String>,
    /// `vars: { NAME: DEFAULT }`: variables every scenario of the suite has, set with `--var`
    pub vars: IndexMap<String, Literal>,
    /// Those of [`vars`](Self::vars) that are written `{ secret: DEFAULT }`: masked in every output
    pub secret_vars: BTreeSet<String>,
    /// `shapes: { NAME: {...} }`
    pub shapes: IndexMap<String, Shape>,
    /// `operations: [..]`
    pub operations: Vec<Operation>,
    /// `clauses: [..]`, families expanded, in written order
    pub clauses: Vec<Clause>,
    /// `omitted: [..]`
    pub omitted: Vec<Omitted>,
    /// `latitude: [..]`
    pub latitude: Vec<Latitude>,
    /// `volatile: [..]`: typed redactions of snapshots
    pub volatile: Vec<Redaction>,
    /// `snapshot-headers: [NAME]`: the documented headers that snapshots show, beside those of the operation's reply
    pub snapshot_headers: Vec<String>,
    /// The file it was read from.
    pub file: Arc<SourceFile>,
}

/// A published page.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Its URL.
    pub url: String,
}

/// One of several exclusive ways a target can be.
#[derive(Clone, Debug)]
pub struct Trait {
    /// `values: [..]`; empty: any text
    pub values: Vec<String>,
    /// `default:`, that of the mock
    pub default: String,
    /// `says:`
    pub says: String,
}

/// A kind of body that several operations share: `{ xml: {root, namespace}, members: [{name, is, optional}] }`.
///
/// One shape describes both representations: the JSON object has the same members. `shape:` as an expectation asks: the root
/// and its namespace (XML), every member that is not optional is there, each has its type. Order and extra members are
/// asked by `members:` expectations, because documents differ in strength there.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Local name of the root element.
    pub root: Option<String>,
    /// Namespace of the root element and its members.
    pub namespace: Option<String>,
    /// `repeats: MEMBER-SHAPE`: the root is a list of elements of that shape
    pub repeats: Option<String>,
    /// Members in documented order.
    pub members: Vec<ShapeMember>,
    /// `text: TYPE`: the root has text of that type and no members
    pub text: Option<Type>,
    /// Where it is written.
    pub place: Place,
}

/// A member of a shape.
#[derive(Clone, Debug)]
pub struct ShapeMember {
    /// Its name.
    pub name: String,
    /// `is:` its types, one of them; an element with `i:nil` is `null`
    pub is: Vec<Type>,
    /// `optional: true`
    pub optional: bool,
    /// `shape: NAME`: its content
    pub shape: Option<String>,
}

/// One kind of request that the contract documents.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `id:`
    pub id: String,
    /// `title:`, the document's own name for it; the id where it is not given
    pub title: String,
    /// `group:`, the area of the contract it belongs to, for tables
    pub group: Option<String>,
    /// `method:`
    pub method: String,
    /// `path: "/a/{b}/{*rest}"`, or `path: { TRAIT: { VALUE: PATTERN, .. } }`: a pattern for each value of that trait
    pub paths: Vec<PathPattern>,
    /// `header: { NAME: VALUE }` that the request has; values compared ignoring ASCII case
    pub header: Vec<(String, String)>,
    /// `where: { TRAIT: VALUE | [VALUES] }`: where the operation exists at all
    pub traits: Vec<(String, Vec<String>)>,
    /// `query: [NAME]`: the documented query parameters
    pub query: Vec<String>,
    /// `request-header: [NAME]`: the documented request headers
    pub request_header: Vec<String>,
    /// `properties: { ROLE: [NAME] }`: documented lists of names (gettable, settable, sortable, default), for templates (`operation.properties`)
    pub properties: IndexMap<String, Vec<String>>,
    /// `facts: { NAME: VALUE }`: anything else documented, for templates (`operation.facts`)
    pub facts: IndexMap<String, Literal>,
    /// `source: [..]`
    pub source: Vec<String>,
    /// `reply:`, the documented success
    pub reply: DocumentedReply,
    /// Where it is written.
    pub place: Place,
}

/// The documented success of an operation.
#[derive(Clone, Debug, Default)]
pub struct DocumentedReply {
    /// `status: 200`
    pub status: Vec<u16>,
    /// `header: [NAME]` or `header: { NAME: EXAMPLE }`
    pub header: Vec<(String, Option<String>)>,
    /// `empty: true`: it has no body
    pub empty: bool,
    /// `shape: NAME`
    pub shape: Option<String>,
    /// `example: {json: ..} | {xml: ..} | {text: ..}`: a whole documented body, served where the suite has no mock
    pub example: Option<Reply>,
}

/// A path as the document prints it.
#[derive(Clone, Debug)]
pub struct PathPattern {
    /// The trait value under which it holds.
    pub only: Option<(String, String)>,
    /// Its segments; literal ones compare ignoring ASCII case where the contract says `path-case: ignore`.
    pub segments: Vec<Segment>,
    /// Whether literal segments compare ignoring ASCII case.
    pub ignore_case: bool,
}

/// A segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// As written.
    Literal(String),
    /// `{name}`: one segment. A name that is a trait of the contract takes the trait's value.
    Name(String),
    /// `{*name}`: the rest, also empty.
    Rest(String),
}

/// How strong a promise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Broken: noted.
    May,
    /// Broken: a warning; fails under `--strict`.
    Should,
    /// Broken: fails.
    Must,
}

/// One promise.
#[derive(Clone, Debug)]
pub struct Clause {
    /// `id:`, for a family with `{operation}` filled in
    pub id: String,
    /// `level: must | should | may`
    pub level: Level,
    /// `says:`, in our own words
    pub says: String,
    /// `source: ["DOCUMENT-KEY § Heading"]`; in a family those of the operation come first
    pub source: Vec<String>,
    /// `on: [OPERATION]`, or `on: all` (every exchange of a documented operation), or `on: any` (every exchange at all)
    pub on: Vec<String>,
    /// `where: { TRAIT: VALUE | [VALUES] }`: only for targets like that
    pub traits: Vec<(String, Vec<String>)>,
    /// An invariant with `when`/`then`, or a behaviour with `proved-by: scenario`.
    pub proved_by: ProvedBy,
    /// `judges: server | client`
    pub judges: Judges,
    /// `broken-by: [..]`, never empty
    pub broken_by: Vec<Counterexample>,
    /// `in-practice: [..]`
    pub in_practice: Vec<InPractice>,
    /// `stance:`, why it is so where documents disagree
    pub stance: Option<String>,
    /// The operation it was expanded for, where it is of a family (`each: operations`, or `each: [IDS]`, or `each: { group: NAME }`).
    pub family: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// How a clause is proved.
#[derive(Clone, Debug)]
pub enum ProvedBy {
    /// On every exchange of its operations.
    Invariant {
        /// Only where this fits.
        when: Option<Box<Expectation>>,
        /// Then this must fit.
        then: Box<Expectation>,
    },
    /// By the `proves:` of scenarios.
    Scenario,
}

/// Whose promise it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judges {
    /// The server's.
    Server,
    /// The client's: judged by `observe` only.
    Client,
}

/// Something that must be caught.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// How it is shown: `header BITS-Protocol removed`, `quirk stores-past-a-gap`.
    pub name: String,
    /// The edits of one reply, applied in order.
    pub edits: Vec<Edit>,
    /// `quirk: ID` of the mock, instead of edits.
    pub quirk: Option<String>,
    /// `set: { NAME: VALUE }`: settings of the mock it needs beside the quirk
    pub set: Vec<(String, String)>,
    /// Where it is written.
    pub place: Place,
}

/// One edit of a reply (or of a request, for clauses that judge the client).
#[derive(Clone, Debug)]
pub enum Edit {
    /// `status: 500`
    Status(u16),
    /// `header: { NAME: VALUE | null | { rename: NEW } }`
    Header {
        /// Which.
        name: String,
        /// The new value; none removes it.
        value: Option<Literal>,
        /// The new name.
        rename: Option<String>,
    },
    /// `body: TEXT | null`; null empties it. `Content-Length` follows.
    Body(Option<Template>),
    /// `cut: N`: only the first N bytes of the body; `Content-Length` follows.
    Cut(usize),
    /// `json: { JSONPATH: VALUE | null-is-written-as { remove: true } | { rename: NAME } }`, applied where the body is JSON
    Json {
        /// Which.
        path: String,
        /// The new value; none removes the member.
        value: Option<Literal>,
        /// The new name.
        rename: Option<String>,
    },
    /// `xml: { XPATH: TEXT | { remove: true } | { rename: NAME } | { namespace: URI } | { move: first | last } }`, applied where the body is XML
    Xml {
        /// Which nodes.
        path: String,
        /// What becomes of them.
        change: XmlChange,
    },
    /// `framing: chunked | close`
    Framing(String),
    /// `version: HTTP/1.0`
    Version(String),
    /// `request: {...}`: the same edits on the request
    Request(Vec<Edit>),
    /// `broken: HOW`: the exchange broke
    Broken(String),
    /// `excess: TEXT`: bytes behind the reply
    Excess(String),
    /// `method: POST`, of a request
    Method(Template),
    /// `path: TEXT`, of a request: sent as it is, the query stays
    Path(Template),
    /// `query: { NAME: VALUE | null | { rename: NEW } }`, of a request; names are compared ignoring case
    Query {
        /// Which.
        name: String,
        /// The new value; none removes it.
        value: Option<Literal>,
        /// The new name.
        rename: Option<String>,
    },
}

/// What becomes of XML nodes.
#[derive(Clone, Debug)]
pub enum XmlChange {
    /// New text.
    Text(Template),
    /// Taken out.
    Remove,
    /// Another local name.
    Rename(String),
    /// Another namespace; empty: none.
    Namespace(String),
    /// To the front of its siblings.
    MoveFirst,
    /// Behind its siblings.
    MoveLast,
    /// An element stands behind itself once more.
    Twice,
}

/// What a product really does.
#[derive(Clone, Debug)]
pub struct InPractice {
    /// The product.
    pub product: String,
    /// What it does.
    pub does: String,
    /// Where that is written.
    pub source: String,
}

/// A sentence of a document that no client can test.
#[derive(Clone, Debug)]
pub struct Omitted {
    /// Where it stands.
    pub source: String,
    /// What it says, in our words.
    pub says: String,
    /// Why there is no clause.
    pub because: String,
}

/// A kind of derived counterexample that no document forbids.
#[derive(Clone, Debug)]
pub struct Latitude {
    /// `rule:`, the name of the rule
    pub rule: String,
    /// `derived:`, patterns of derived counterexamples it covers: `4* status 4*`; `*` stands for any text
    pub derived: Vec<String>,
    /// `except:`, patterns of those among them that it does not cover, with or without `OPERATION: ` in front
    pub except: Vec<String>,
    /// `on: [OPERATION]`; empty: all
    pub on: Vec<String>,
    /// `because:`
    pub because: String,
    /// `source: [..]`, what was read to know that nothing forbids it
    pub source: Vec<String>,
    /// Where it is written.
    pub place: Place,
}

/// A value that the contract does not fix: masked in snapshots after it parses as its type.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// `on: [OPERATION]`; empty: all
    pub on: Vec<String>,
    /// `header: NAME`
    pub header: Option<String>,
    /// `json: JSONPATH`
    pub json: Option<String>,
    /// `xml: XPATH`
    pub xml: Option<String>,
    /// `as: TYPE`
    pub is: Type,
    /// `part: REGEX` with a group: only what the group takes is masked, and that must parse as the type
    pub part: Option<Regex>,
    /// `called: NAME` of the mask; values masked under one name are numbered together. The word of the type where it is left out
    pub called: Option<String>,
    /// `when: MATCHER` of the value: only then
    pub when: Option<Matcher>,
}
