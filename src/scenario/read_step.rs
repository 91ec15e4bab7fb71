use super::{
    Auth, BodySource, Connection, Cut, Expect, Repeat, Send, Step, StepKind,
    keys::{AUTH, BODY, CUT, EXPECT, REPEAT, REQUEST, STEP},
    read_capture::read_capture,
};
use crate::{
    contract::{
        Contract, Vocabulary, read_expectation, read_fields, read_offset, read_slice, read_traits,
    },
    message::{wrong_header_name, wrong_header_value, wrong_method, wrong_target},
    source::{Fields, Literal, Node, Place, Reading, Template},
};
use indexmap::IndexMap;

/// What steps may name.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) contract: &'a Contract,
    /// The names of shapes.
    pub(super) shapes: &'a [String],
}

impl Around<'_> {
    fn words(&self) -> Vocabulary<'_> {
        Vocabulary {
            namespaces: &self.contract.namespaces,
            shapes: self.shapes,
        }
    }
}

const CONNECTIONS: [(&str, Connection); 2] = [("new", Connection::New), ("keep", Connection::Keep)];

/// Reads a list of steps; those without an id are called `WORD N`.
pub(super) fn read_steps(
    reading: &mut Reading,
    node: &Node,
    word: &str,
    around: Around<'_>,
) -> Vec<Step> {
    reading
        .list(node, "a list of steps")
        .iter()
        .enumerate()
        .filter_map(|(index, node)| {
            read_step(reading, node, &format!("{word} {}", index + 1), around)
        })
        .collect()
}

fn read_step(reading: &mut Reading, node: &Node, name: &str, around: Around<'_>) -> Option<Step> {
    let fields = reading.fields(node, &STEP)?;
    let id = fields
        .get("id")
        .and_then(|node| reading.filled(node, "the id of a step"));
    let id = id.unwrap_or_else(|| name.to_owned());
    let kinds: Vec<_> = ["operation", "request", "use", "parallel"]
        .into_iter()
        .filter_map(|kind| Some((kind, fields.entry(kind)?)))
        .collect();
    let raw = fields
        .get("body")
        .is_some_and(|body| body.get("raw").is_some());
    let (kind, key) = match kinds.as_slice() {
        [] if raw => ("request", None),
        [] => {
            let span = fields
                .written()
                .next()
                .map_or(node.span, |(_, key, _)| key.span);
            reading.problem(
                "empty-step",
                span,
                "a step sends an `operation` or a `request`, uses a sequence (`use`) or holds `parallel` steps",
                "does nothing",
                None,
            );
            return None;
        }
        [(kind, (key, _))] => (*kind, Some(*key)),
        [(first, _), (second, (key, _)), ..] => {
            reading.problem(
                "two-kinds",
                key.span,
                format!("a step is one thing, and `{second}` stands beside `{first}`"),
                "second",
                None,
            );
            return None;
        }
    };
    let own: &[&str] = match kind {
        "use" => &["use", "with", "id"],
        "parallel" => &["parallel", "id"],
        _ => &[],
    };
    for (other, key, _) in fields.written() {
        let misplaced = if own.is_empty() {
            other == "with"
        } else {
            !own.contains(&other)
        };
        if misplaced {
            reading.problem(
                "misplaced-key",
                key.span,
                format!("`{other}` means nothing beside `{kind}`"),
                "has no effect",
                None,
            );
        }
    }
    let kind = match kind {
        "use" => StepKind::Use {
            name: reading.filled(fields.get("use")?, "the name of a sequence")?,
            with: fields
                .get("with")
                .map(|node| literals(reading, node, "a map of arguments"))
                .unwrap_or_default(),
        },
        "parallel" => {
            let list = fields.get("parallel")?;
            reading.list(list, "a list of steps");
            reading.one_or_more(list, "a step");
            StepKind::Parallel(read_steps(reading, list, &id, around))
        }
        _ => StepKind::Send(Box::new(read_send(reading, &fields, around))),
    };
    Some(Step {
        id,
        kind,
        place: reading.place(key.map_or(node.span, |key| key.span)),
    })
}

/// A map of names and values.
pub(super) fn literals(
    reading: &mut Reading,
    node: &Node,
    meant: &str,
) -> IndexMap<String, Literal> {
    reading
        .pairs(node, meant)
        .into_iter()
        .filter_map(|(name, _, value)| Some((name.to_owned(), reading.literal(value)?)))
        .collect()
}

fn read_send(reading: &mut Reading, fields: &Fields<'_>, around: Around<'_>) -> Send {
    let request = fields
        .get("request")
        .and_then(|node| reading.fields(node, &REQUEST));
    let duration =
        |reading: &mut Reading, name| fields.get(name).and_then(|node| reading.duration(node));
    let operation = fields.get("operation").and_then(|node| {
        let id = reading.filled(node, "the id of an operation")?;
        if around.contract.operation(&id).is_none() {
            let known = around
                .contract
                .operations
                .iter()
                .map(|operation| operation.id.as_str());
            reading.unknown(
                "unknown-operation",
                node.span,
                &id,
                "operation of the contract",
                known,
            );
        }
        Some(id)
    });
    if let (Some((key, _)), Some(_)) = (fields.entry("path"), request) {
        reading.problem(
            "misplaced-key",
            key.span,
            "`path` gives values for an operation's path; that of a `request` stands within it",
            "has no effect",
            None,
        );
    }
    Send {
        operation,
        method: request
            .and_then(|request| request.get("method"))
            .and_then(|node| on_the_wire(reading, node, "a method", wrong_method)),
        target: request
            .and_then(|request| request.get("path"))
            .and_then(|node| on_the_wire(reading, node, "path and query", wrong_target)),
        path: fields
            .get("path")
            .map(|node| {
                reading
                    .pairs(node, "a map of values for the path")
                    .into_iter()
                    .filter_map(|(name, _, value)| {
                        Some((
                            name.to_owned(),
                            reading.template(value, "a value for the path")?,
                        ))
                    })
                    .collect()
            })
            .unwrap_or_default(),
        query: fields
            .get("query")
            .map(|node| named_values(reading, node, "a map of query parameters", |_| None))
            .unwrap_or_default(),
        header: fields
            .get("header")
            .map(|node| {
                for (name, key, _) in reading.pairs(node, "a map of header fields") {
                    if let Some(why) = wrong_header_name(name) {
                        cannot_be_sent(reading, key, why);
                    }
                }
                named_values(reading, node, "a map of header fields", wrong_header_value)
            })
            .unwrap_or_default(),
        body: fields.get("body").and_then(|node| read_body(reading, node)),
        cut: fields.get("cut").and_then(|node| read_cut(reading, node)),
        at: fields
            .get("at")
            .and_then(|node| on_the_wire(reading, node, "a URL or an authority", wrong_host)),
        auth: fields
            .get("auth")
            .and_then(|node| read_auth(reading, node))
            .unwrap_or(Auth::Target),
        connection: fields
            .get("connection")
            .and_then(|node| reading.word(node, "a connection", &CONNECTIONS))
            .unwrap_or(Connection::Keep),
        http10: fields
            .get("http")
            .and_then(|node| {
                reading.word(node, "a version of HTTP", &[("1.0", true), ("1.1", false)])
            })
            .unwrap_or_default(),
        timeout: duration(reading, "timeout"),
        wait: duration(reading, "wait"),
        expect: fields
            .get("expect")
            .map(|node| {
                reading
                    .one_or_more(node, "an expectation")
                    .into_iter()
                    .filter_map(|node| read_expect(reading, node, around))
                    .collect()
            })
            .unwrap_or_default(),
        capture: fields
            .get("capture")
            .map(|node| {
                reading
                    .pairs(node, "a map of captures")
                    .into_iter()
                    .filter_map(|(name, key, value)| {
                        read_capture(reading, name, key, value, around)
                    })
                    .collect()
            })
            .unwrap_or_default(),
        repeat: fields
            .get("repeat")
            .and_then(|node| read_repeat(reading, node, around)),
        alone: fields
            .get("snapshot")
            .and_then(|node| {
                let words = [("whole", false), ("alone", true)];
                reading.word(node, "what of the reply is compared", &words)
            })
            .unwrap_or_default(),
    }
}

/// A template; where it is plain text it is judged at once, and otherwise when it is filled in.
fn on_the_wire(
    reading: &mut Reading,
    node: &Node,
    meant: &str,
    wrong: fn(&str) -> Option<&'static str>,
) -> Option<Template> {
    let template = reading.template(node, meant)?;
    if let Some(why) = template.as_plain().and_then(wrong) {
        cannot_be_sent(reading, node, why);
    }
    Some(template)
}

fn cannot_be_sent(reading: &mut Reading, node: &Node, why: &str) {
    reading.problem(
        "not-http",
        node.span,
        format!("this cannot be sent: {why}"),
        "not in HTTP",
        Some("what is no HTTP is sent with `body: { raw: ... }`".to_owned()),
    );
}

/// Why a host or URL is none that a request can go to.
fn wrong_host(text: &str) -> Option<&'static str> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| {
        !["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    }) {
        return Some("only `http` and `https` are known");
    }
    (!text.bytes().all(|byte| byte.is_ascii_graphic()))
        .then_some("a host holds no blanks, no control characters and nothing beside ASCII")
}

/// `{ NAME: VALUE | null | [VALUES] }`
fn named_values(
    reading: &mut Reading,
    node: &Node,
    meant: &str,
    wrong: fn(&str) -> Option<&'static str>,
) -> Vec<(String, Option<Template>)> {
    let mut found = Vec::new();
    for (name, _, value) in reading.pairs(node, meant) {
        if value.is_null() {
            found.push((name.to_owned(), None));
            continue;
        }
        for value in reading.one_or_more(value, "a value") {
            if let Some(value) =
                on_the_wire(reading, value, "a value, null or a list of values", wrong)
            {
                found.push((name.to_owned(), Some(value)));
            }
        }
    }
    found
}

fn read_body(reading: &mut Reading, node: &Node) -> Option<BodySource> {
    let fields = reading.fields(node, &BODY)?;
    let written: Vec<_> = fields.written().collect();
    let (kind, value) = match written.as_slice() {
        [(kind, _, value)] => (*kind, *value),
        [] => return reading.wrong_type(node, "one source of a body, such as `{ json: ... }`,"),
        [_, (_, key, _), ..] => {
            reading.problem(
                "two-bodies",
                key.span,
                "a body has one source, and this is a second",
                "second",
                None,
            );
            return None;
        }
    };
    let place = reading.place(value.span);
    Some(match kind {
        "json" => BodySource::Json(reading.literal(value)?),
        "xml" => BodySource::Xml(reading.template(value, "XML text")?),
        "text" => BodySource::Text(reading.template(value, "text")?),
        "bytes" => BodySource::Bytes(reading.filled(value, "the name of a variable")?, place),
        "slice" => {
            let (name, from, to) = read_slice(reading, value)?;
            BodySource::Slice {
                name,
                from,
                to,
                place,
            }
        }
        "file" => BodySource::File(reading.template(value, "the path of a file")?),
        "hex" => BodySource::Hex(read_hex(reading, value)?),
        _ => BodySource::Raw(reading.template(value, "a whole request")?),
    })
}

fn read_hex(reading: &mut Reading, node: &Node) -> Option<Template> {
    let template = reading.template(node, "hexadecimal digits")?;
    if let Some(plain) = template.as_plain() {
        let digits = plain.chars().filter(|c| !c.is_whitespace());
        if !digits.clone().all(|c| c.is_ascii_hexdigit()) || digits.count() % 2 != 0 {
            return reading.wrong_type(node, "an even number of hexadecimal digits");
        }
    }
    Some(template)
}

fn read_cut(reading: &mut Reading, node: &Node) -> Option<Cut> {
    let place = reading.place(node.span);
    if node.as_map().is_none() {
        return Some(Cut {
            after: read_offset(reading, node)?,
            then: "close".to_owned(),
            place,
        });
    }
    let fields = reading.fields(node, &CUT)?;
    const THEN: [(&str, &str); 3] = [("close", "close"), ("reset", "reset"), ("stall", "stall")];
    let then = fields
        .get("then")
        .and_then(|node| reading.word(node, "what follows a cut", &THEN))
        .unwrap_or("close");
    Some(Cut {
        after: fields
            .get("after")
            .and_then(|node| read_offset(reading, node))?,
        then: then.to_owned(),
        place,
    })
}

fn read_auth(reading: &mut Reading, node: &Node) -> Option<Auth> {
    if node.as_map().is_none() {
        let none = reading.word(node, "credentials", &[("none", true), ("target", false)])?;
        return Some(if none { Auth::None } else { Auth::Target });
    }
    let fields = reading.fields(node, &AUTH)?;
    Some(Auth::Basic {
        user: fields
            .get("user")
            .and_then(|node| reading.template(node, "a user name"))?,
        password: fields
            .get("password")
            .and_then(|node| reading.template(node, "a password"))?,
    })
}

fn read_expect(reading: &mut Reading, node: &Node, around: Around<'_>) -> Option<Expect> {
    let fields = reading.fields(node, &EXPECT)?;
    let proves = read_proves(reading, &fields, around);
    let traits = fields
        .get("where")
        .map(|node| read_traits(reading, node, &around.contract.traits))
        .unwrap_or_default();
    Some(Expect {
        what: read_fields(reading, node, &fields, around.words())?,
        proves,
        traits,
    })
}

fn read_proves(
    reading: &mut Reading,
    fields: &Fields<'_>,
    around: Around<'_>,
) -> Vec<(String, Place)> {
    let proves = fields
        .get("proves")
        .map(|node| reading.texts(node, "the id of a clause"))
        .unwrap_or_default();
    for (id, place) in &proves {
        if around.contract.clause(id).is_none() {
            let known = around
                .contract
                .clauses
                .iter()
                .map(|clause| clause.id.as_str());
            reading.unknown(
                "unknown-clause",
                place.span,
                id,
                "clause of the contract",
                known,
            );
        }
    }
    proves
}

fn read_repeat(reading: &mut Reading, node: &Node, around: Around<'_>) -> Option<Repeat> {
    let fields = reading.fields(node, &REPEAT)?;
    let until = fields
        .get("until")
        .and_then(|node| read_expectation(reading, node, around.words()));
    let every = fields.get("every").and_then(|node| reading.duration(node));
    let at_most = fields
        .get("at-most")
        .and_then(|node| reading.duration(node));
    if let (Some(every), Some(at_most), Some(node)) = (every, at_most, fields.get("at-most"))
        && (at_most < every || every.is_zero())
    {
        reading.problem(
            "repeat",
            node.span,
            "the pause between two is longer than all the time, or nothing",
            "shorter than `every`",
            None,
        );
    }
    Some(Repeat {
        until: until?,
        every: every?,
        at_most: at_most?,
        proves: read_proves(reading, &fields, around),
    })
}
