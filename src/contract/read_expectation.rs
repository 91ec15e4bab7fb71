use super::{
    BodyExpectation, Expectation, RequestExpectation,
    expectation_keys::{BROKEN, EXPECTATION, REQUEST, SAME_AS, SLICE},
    paths::{PathKind, check_path},
    read_named::read_named,
};
use crate::{
    message::How,
    source::{Fields, Literal, Matcher, MatcherKind, Node, Place, Reading, Template, Type},
};
use indexmap::IndexMap;

/// What an expectation may name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vocabulary<'a> {
    /// Prefixes of XPath.
    pub(crate) namespaces: &'a IndexMap<String, String>,
    /// The names of shapes.
    pub(crate) shapes: &'a [String],
}

/// The words for how the end of a body is told.
const FRAMINGS: [&str; 5] = ["length", "chunked", "close", "none", "wrong"];
const VERSIONS: [&str; 2] = ["HTTP/1.0", "HTTP/1.1"];

/// An expectation that is a map of its own.
pub(crate) fn read_expectation(
    reading: &mut Reading,
    node: &Node,
    words: Vocabulary<'_>,
) -> Option<Expectation> {
    let fields = reading.fields(node, &EXPECTATION)?;
    read_fields(reading, node, &fields, words)
}

/// An expectation among the fields of a map that may have others: `proves`, `where`.
pub(crate) fn read_fields(
    reading: &mut Reading,
    node: &Node,
    fields: &Fields<'_>,
    words: Vocabulary<'_>,
) -> Option<Expectation> {
    let asks = fields
        .written()
        .any(|(name, ..)| name != "let" && EXPECTATION.has(name));
    if !asks {
        reading.matches_everything(node, "an expectation that names nothing");
        return None;
    }
    let namespaces = words.namespaces;
    let paths = |reading: &mut Reading, name, kind| {
        fields
            .get(name)
            .map(|node| by_path(reading, node, kind, namespaces))
            .unwrap_or_default()
    };
    let expectation = Expectation {
        place: reading.place(node.span),
        status: fields
            .get("status")
            .and_then(|node| read_status(reading, node)),
        header: fields
            .get("header")
            .map(|node| by_name(reading, node, "a map of header names"))
            .unwrap_or_default(),
        json: paths(reading, "json", PathKind::Json),
        xml: paths(reading, "xml", PathKind::Xml),
        members: paths(reading, "members", PathKind::Either),
        named: fields
            .get("named")
            .map(|node| read_named(reading, node, namespaces))
            .unwrap_or_default(),
        shape: fields
            .get("shape")
            .and_then(|node| read_shape(reading, node, words.shapes)),
        body: fields
            .get("body")
            .and_then(|node| read_body(reading, node))
            .map(Box::new),
        framing: fields
            .get("framing")
            .and_then(|node| among(reading, node, "a framing", &FRAMINGS))
            .map(Box::new),
        version: fields
            .get("version")
            .and_then(|node| among(reading, node, "a version", &VERSIONS))
            .map(Box::new),
        within: fields.get("within").and_then(|node| {
            let duration = reading.duration(node)?;
            let millis = u64::try_from(duration.as_millis()).ok()?;
            Some((millis, reading.place(node.span)))
        }),
        broken: fields
            .get("broken")
            .and_then(|node| read_broken(reading, node))
            .map(Box::new),
        computed: fields
            .get("computed")
            .map(|node| by_template(reading, node))
            .unwrap_or_default(),
        request: fields
            .get("request")
            .and_then(|node| read_request(reading, node, namespaces))
            .map(Box::new),
        any: fields
            .get("any")
            .map(|node| {
                reading.list(node, "a list of expectations");
                reading
                    .one_or_more(node, "expectations of which one fits")
                    .into_iter()
                    .filter_map(|node| read_expectation(reading, node, words))
                    .collect()
            })
            .unwrap_or_default(),
        not: fields
            .get("not")
            .and_then(|node| read_expectation(reading, node, words))
            .map(Box::new),
        values: fields
            .get("let")
            .map(|node| {
                reading
                    .pairs(node, "a map of names and values")
                    .into_iter()
                    .filter_map(|(name, _, value)| Some((name.to_owned(), reading.literal(value)?)))
                    .collect()
            })
            .unwrap_or_default(),
    };
    if expectation.broken.is_some()
        && let Some(key) = [
            "status", "header", "json", "xml", "members", "named", "shape", "body", "framing",
            "version",
        ]
        .into_iter()
        .find_map(|name| fields.entry(name))
    {
        reading.problem(
            "broken-with-reply",
            key.0.span,
            "a broken exchange has no reply, so nothing of it can be expected",
            "beside `broken`",
            Some("put it into an expectation of its own under `any:`".to_owned()),
        );
    }
    Some(expectation)
}

fn read_status(reading: &mut Reading, node: &Node) -> Option<Matcher> {
    let matcher = reading.matcher(node)?;
    let before = reading.problems.len();
    each_plain(&matcher, &mut |literal, place| {
        let fits = match literal {
            Literal::Number(number) => number
                .as_u64()
                .is_some_and(|code| (100..=999).contains(&code)),
            Literal::Text(template) => template.as_plain().is_none(),
            _ => false,
        };
        if !fits {
            reading.problem(
                "status",
                place.span,
                "a status code, 100 to 999, is meant here",
                "no status code",
                None,
            );
        }
    });
    (reading.problems.len() == before).then_some(matcher)
}

/// A matcher whose plain values are words of a list.
fn among(reading: &mut Reading, node: &Node, what: &str, words: &[&str]) -> Option<Matcher> {
    let matcher = reading.matcher(node)?;
    let before = reading.problems.len();
    each_plain(&matcher, &mut |literal, place| {
        let text = match literal {
            Literal::Text(template) => match template.as_plain() {
                Some(text) => text.to_owned(),
                None => return,
            },
            other => format!("{other:?}"),
        };
        if !words.contains(&text.as_str()) {
            reading.unknown(
                "unknown-word",
                place.span,
                &text,
                what.trim_start_matches("a "),
                words.iter().copied(),
            );
        }
    });
    (reading.problems.len() == before).then_some(matcher)
}

/// Calls `visit` with each value that a matcher asks equality with.
fn each_plain(matcher: &Matcher, visit: &mut dyn FnMut(&Literal, &Place)) {
    match &matcher.kind {
        MatcherKind::Equals(literal) => visit(literal, &matcher.place),
        MatcherKind::AnyOf(all) | MatcherKind::All(all) => {
            all.iter().for_each(|matcher| each_plain(matcher, visit));
        }
        MatcherKind::Not(inner) => each_plain(inner, visit),
        _ => {}
    }
}

fn read_shape(reading: &mut Reading, node: &Node, shapes: &[String]) -> Option<(String, Place)> {
    let name = reading.filled(node, "the name of a shape")?;
    if !shapes.contains(&name) {
        reading.unknown(
            "unknown-shape",
            node.span,
            &name,
            "shape of the contract",
            shapes.iter().map(String::as_str),
        );
    }
    Some((name, reading.place(node.span)))
}

fn read_body(reading: &mut Reading, node: &Node) -> Option<BodyExpectation> {
    let Some(same) = node.get("same-as") else {
        return reading.matcher(node).map(BodyExpectation::Text);
    };
    reading.fields(node, &SAME_AS)?;
    let place = reading.place(same.span);
    if same.as_map().is_none() {
        let name = reading.filled(same, "the name of a variable")?;
        return Some(BodyExpectation::SameAs {
            name,
            range: None,
            place,
        });
    }
    let slice = reading.fields(same, &SLICE)?.get("slice")?;
    let (name, from, to) = read_slice(reading, slice)?;
    Some(BodyExpectation::SameAs {
        name,
        range: Some((from, to)),
        place,
    })
}

/// `[NAME, FROM, TO]`
pub(crate) fn read_slice(reading: &mut Reading, node: &Node) -> Option<(String, Literal, Literal)> {
    let [name, from, to] = node.as_list().unwrap_or_default() else {
        return reading.wrong_type(node, "a slice, `[NAME, FROM, TO]`,");
    };
    let name = reading.filled(name, "the name of a variable")?;
    let from_literal = read_offset(reading, from)?;
    let to_literal = read_offset(reading, to)?;
    if let (Literal::Number(first), Literal::Number(behind)) = (&from_literal, &to_literal)
        && first.as_u64() > behind.as_u64()
    {
        reading.problem(
            "slice",
            node.span,
            format!("the slice begins at {first} and ends before that, at {behind}"),
            "FROM is greater than TO",
            None,
        );
        return None;
    }
    Some((name, from_literal, to_literal))
}

/// A number of bytes, or a template that gives one.
pub(crate) fn read_offset(reading: &mut Reading, node: &Node) -> Option<Literal> {
    match reading.literal(node)? {
        Literal::Number(number) if number.as_u64().is_some() => Some(Literal::Number(number)),
        Literal::Text(template) if template.as_plain().is_none() => Some(Literal::Text(template)),
        _ => reading.wrong_type(node, "a number of bytes, or a template that gives one,"),
    }
}

fn read_broken(reading: &mut Reading, node: &Node) -> Option<Matcher> {
    let words: Vec<&str> = How::ALL.iter().map(|(word, _)| *word).collect();
    if node.as_map().is_some() {
        let how = reading.fields(node, &BROKEN)?.get("how")?;
        return among(reading, how, "a kind of break", &words);
    }
    if reading.boolean(node, "whether the exchange broke")? {
        return Some(Matcher {
            place: reading.place(node.span),
            kind: MatcherKind::Is(Type::Present),
        });
    }
    reading.problem(
        "broken",
        node.span,
        "`broken: false` says nothing: without `broken` a broken exchange fits no expectation",
        "says nothing",
        Some("leave it out".to_owned()),
    );
    None
}

fn read_request(
    reading: &mut Reading,
    node: &Node,
    namespaces: &IndexMap<String, String>,
) -> Option<RequestExpectation> {
    let fields = reading.fields(node, &REQUEST)?;
    if fields.written().next().is_none() {
        reading.matches_everything(node, "an expectation that names nothing");
        return None;
    }
    let matcher =
        |reading: &mut Reading, name| fields.get(name).and_then(|node| reading.matcher(node));
    let names = |reading: &mut Reading, name| {
        fields
            .get(name)
            .map(|node| by_name(reading, node, "a map of names"))
            .unwrap_or_default()
    };
    let paths = |reading: &mut Reading, name, kind| {
        fields
            .get(name)
            .map(|node| by_path(reading, node, kind, namespaces))
            .unwrap_or_default()
    };
    Some(RequestExpectation {
        place: reading.place(node.span),
        operation: matcher(reading, "operation"),
        method: matcher(reading, "method"),
        path: matcher(reading, "path"),
        query: names(reading, "query"),
        header: names(reading, "header"),
        json: paths(reading, "json", PathKind::Json),
        xml: paths(reading, "xml", PathKind::Xml),
        members: paths(reading, "members", PathKind::Either),
        body: matcher(reading, "body"),
        body_length: matcher(reading, "body-length"),
        version: fields
            .get("version")
            .and_then(|node| among(reading, node, "a version", &VERSIONS)),
    })
}

fn by_name(reading: &mut Reading, node: &Node, meant: &str) -> Vec<(String, Matcher)> {
    let pairs = reading.pairs(node, meant);
    not_empty(reading, node, pairs.is_empty());
    pairs
        .into_iter()
        .filter_map(|(name, _, value)| Some((name.to_owned(), reading.matcher(value)?)))
        .collect()
}

fn by_path(
    reading: &mut Reading,
    node: &Node,
    kind: PathKind,
    namespaces: &IndexMap<String, String>,
) -> Vec<(String, Matcher)> {
    let pairs = reading.pairs(node, "a map of paths");
    not_empty(reading, node, pairs.is_empty());
    pairs
        .into_iter()
        .filter_map(|(_, key, value)| {
            let path = check_path(reading, key, kind, namespaces);
            let matcher = reading.matcher(value);
            Some((path?, matcher?))
        })
        .collect()
}

fn by_template(reading: &mut Reading, node: &Node) -> Vec<(Template, Matcher)> {
    let pairs = reading.pairs(node, "a map of templates");
    not_empty(reading, node, pairs.is_empty());
    pairs
        .into_iter()
        .filter_map(|(_, key, value)| {
            let template = reading.template(key, "a template");
            let matcher = reading.matcher(value);
            Some((template?, matcher?))
        })
        .collect()
}

fn not_empty(reading: &mut Reading, node: &Node, empty: bool) {
    if empty && node.as_map().is_some() {
        reading.matches_everything(node, "an empty map");
    }
}

impl Expectation {
    /// Calls `visit` with every template, and the names that `let:` gives it beside those of the scope.
    pub(crate) fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template, &[&'a str])) {
        self.templates_with(&[], visit);
    }

    fn templates_with<'a>(
        &'a self,
        outer: &[&'a str],
        visit: &mut dyn FnMut(&'a Template, &[&'a str]),
    ) {
        let mut names = outer.to_vec();
        for (name, value) in &self.values {
            value.templates(&mut |template| visit(template, &names));
            names.push(name);
        }
        let mut here = |template| visit(template, &names);
        self.computed
            .iter()
            .for_each(|(template, _)| here(template));
        for matcher in self.matchers() {
            matcher.templates(&mut here);
        }
        if let Some(BodyExpectation::SameAs {
            range: Some((from, to)),
            ..
        }) = self.body.as_deref()
        {
            from.templates(&mut here);
            to.templates(&mut here);
        }
        for inner in self.any.iter().chain(self.not.as_deref()) {
            inner.templates_with(&names, visit);
        }
    }

    /// Every matcher of it, of the request too, but not of `any` and `not`.
    fn matchers(&self) -> Vec<&Matcher> {
        let mut all: Vec<&Matcher> = [
            self.status.as_ref(),
            self.framing.as_deref(),
            self.version.as_deref(),
            self.broken.as_deref(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(BodyExpectation::Text(matcher)) = self.body.as_deref() {
            all.push(matcher);
        }
        for list in [&self.header, &self.json, &self.xml, &self.members] {
            all.extend(list.iter().map(|(_, matcher)| matcher));
        }
        let tables = self.named.iter().flat_map(|named| &named.values);
        all.extend(tables.map(|(_, matcher)| matcher));
        all.extend(self.computed.iter().map(|(_, matcher)| matcher));
        if let Some(request) = &self.request {
            all.extend(
                [
                    &request.operation,
                    &request.method,
                    &request.path,
                    &request.body,
                    &request.body_length,
                    &request.version,
                ]
                .into_iter()
                .flatten(),
            );
            for list in [
                &request.query,
                &request.header,
                &request.json,
                &request.xml,
                &request.members,
            ] {
                all.extend(list.iter().map(|(_, matcher)| matcher));
            }
        }
        all
    }

    /// The names of variables whose bytes the body is compared with, and where.
    pub(crate) fn same_as(&self) -> Vec<(&str, &Place)> {
        let mut found: Vec<_> = self
            .any
            .iter()
            .chain(self.not.as_deref())
            .flat_map(Self::same_as)
            .collect();
        if let Some(BodyExpectation::SameAs { name, place, .. }) = self.body.as_deref() {
            found.push((name.as_str(), place));
        }
        found
    }

    /// The names under `let:`, of this one and those within it.
    pub(crate) fn let_names(&self) -> Vec<&str> {
        let inner = self.any.iter().chain(self.not.as_deref());
        self.values
            .iter()
            .map(|(name, _)| name.as_str())
            .chain(inner.flat_map(Self::let_names))
            .collect()
    }
}
