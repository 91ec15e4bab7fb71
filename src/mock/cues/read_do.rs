use super::{
    Known,
    cue::with_body,
    keys::{BYTES, DO, PLACES, REPLY, STALL, THENS, UPLOAD},
    read::span,
};
use crate::{
    message::{Reply, wrong_header_name, wrong_header_value},
    mock::{Act, At, Defect, Strike, Then},
    source::{Fields, Meaning, Node, Reading, Scalar, Yaml, quoted},
};
use serde_json::{Map, Value};

/// What a cue does, key by key: those of one group exclude each other.
const INSTEAD: [&str; 3] = ["fault", "reply", "garbage"];
const BREAKS: [&str; 8] = [
    "slow",
    "close",
    "reset",
    "cut",
    "content-length",
    "garbage",
    "stall",
    "upload",
];

/// Reads `do`.
pub(super) fn read_do(
    reading: &mut Reading,
    node: &Node,
    known: &Known<'_>,
    strike: &mut Strike,
) -> Option<()> {
    let fields = reading.fields(node, &DO)?;
    if node.as_map().is_some_and(<[_]>::is_empty) {
        let found = "`do` is empty, so nothing would befall the request";
        reading.problem("nothing-done", node.span, found, "empty", None);
    } else if fields.written().next().is_some()
        && fields
            .written()
            .all(|(name, _, value)| is_undone(name, value))
    {
        let found = "all that `do` names is `false`, so nothing would befall the request";
        reading.problem("nothing-done", node.span, found, "nothing is done", None);
    }
    for (group, why) in [
        (
            &INSTEAD[..],
            "one thing stands in place of the reply: two are named",
        ),
        (&BREAKS[..], "one request breaks in one way: two are named"),
    ] {
        let mut named = fields.written().filter(|(name, ..)| group.contains(name));
        if let (Some((first, ..)), Some((_, key, _))) = (named.next(), named.next()) {
            let found = format!("{why}, and one is `{first}`");
            reading.problem("two-at-once", key.span, found, "a second one", None);
        }
    }
    for (name, _, value) in fields.written() {
        match name {
            "fault" => strike.fault = fault(reading, value, known),
            "reply" => strike.reply = reply(reading, value),
            "delay" => strike.delay = span(reading, value).unwrap_or_default(),
            "drop-session" => act(reading, value, Act::DropSession, strike),
            "restart" => act(reading, value, Act::Restart, strike),
            "advance" => strike.acts.extend(span(reading, value).map(Act::Advance)),
            _ => {
                if let Some(defect) = defect(reading, name, value) {
                    strike.defect = Some(defect);
                }
            }
        }
    }
    Some(())
}

/// Whether a key says only that something is not done.
fn is_undone(name: &str, value: &Node) -> bool {
    let told = value.as_scalar().map(Scalar::meaning);
    matches!(name, "drop-session" | "restart") && matches!(told, Some(Meaning::Bool(false)))
}

fn act(reading: &mut Reading, node: &Node, act: Act, strike: &mut Strike) {
    if reading.boolean(node, "whether it is done") == Some(true) {
        strike.acts.push(act);
    }
}

fn fault(reading: &mut Reading, node: &Node, known: &Known<'_>) -> Option<String> {
    let id = reading.filled(node, "the id of a documented fault")?;
    if known.faults.iter().any(|fault| fault.id == id) {
        return Some(id);
    }
    let what = format!("documented fault of `{}`", known.suite);
    let ids = known.faults.iter().map(|fault| fault.id);
    reading.unknown("unknown-fault", node.span, &id, &what, ids);
    None
}

fn defect(reading: &mut Reading, name: &str, node: &Node) -> Option<Defect> {
    Some(match name {
        "slow" => Defect::Throttle(At::AFTER_HEAD, rate(reading, node)?),
        "close" => Defect::Close(place(reading, node)?),
        "reset" => Defect::Reset(place(reading, node)?),
        "cut" => Defect::Close(At::Body(reading.size(node)?)),
        "content-length" => Defect::ContentLength(reading.integer(node, "a number of bytes")?),
        "garbage" => Defect::Garbage(garbage(reading, node)?),
        "stall" => stall(reading, node)?,
        _ => upload(reading, node)?,
    })
}

fn rate(reading: &mut Reading, node: &Node) -> Option<u32> {
    let number = reading.integer(node, "a number of bytes per second")?;
    match u32::try_from(number) {
        Ok(rate) if rate > 0 => Some(rate),
        _ => reading.wrong_type(node, "a number of bytes per second, 1 to 4294967295"),
    }
}

/// `before-head`, `after-head`, or so many bytes into the body.
fn place(reading: &mut Reading, node: &Node) -> Option<At> {
    let scalar = node.as_scalar();
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if scalar.is_some_and(|scalar| digit(&scalar.text)) {
        return reading.integer(node, "a number of bytes").map(At::Body);
    }
    let words = [(PLACES[0], At::BEFORE_HEAD), (PLACES[1], At::AFTER_HEAD)];
    let meant = "`before-head`, `after-head` or a number of bytes of the body";
    reading.word(node, meant, &words)
}

fn garbage(reading: &mut Reading, node: &Node) -> Option<Vec<u8>> {
    if let Yaml::Map(_) = node.yaml {
        let fields = reading.fields(node, &BYTES)?;
        return hex(reading, fields.get("hex")?);
    }
    reading.text(node, "bytes").map(String::into_bytes)
}

fn stall(reading: &mut Reading, node: &Node) -> Option<Defect> {
    let Yaml::Map(_) = node.yaml else {
        return place(reading, node).map(|at| Defect::Stall(at, None));
    };
    let fields = reading.fields(node, &STALL)?;
    let at = place(reading, fields.get("at")?)?;
    let time = match fields.get("for") {
        Some(node) => Some(span(reading, node)?),
        None => None,
    };
    Some(Defect::Stall(at, time))
}

fn upload(reading: &mut Reading, node: &Node) -> Option<Defect> {
    let fields = reading.fields(node, &UPLOAD)?;
    let read = fields.get("read").and_then(|node| reading.size(node));
    let time = match fields.get("for") {
        Some(node) => Some(span(reading, node)?),
        None => None,
    };
    let words = [
        (THENS[0], Then::Close),
        (THENS[1], Then::Reset),
        (THENS[2], Then::Stall(time)),
    ];
    let then = reading.word(fields.get("then")?, "what follows", &words)?;
    if let (Some((key, _)), false) = (fields.entry("for"), matches!(then, Then::Stall(_))) {
        reading.problem(
            "time-without-stall",
            key.span,
            "only a stall takes time",
            "nothing stalls",
            None,
        );
        return None;
    }
    Some(Defect::Upload(read?, then))
}

fn reply(reading: &mut Reading, node: &Node) -> Option<Reply> {
    let fields = reading.fields(node, &REPLY)?;
    let mut reply = Reply::new(reading.status(fields.get("status")?)?);
    if reply.status < 200 {
        let node = fields.get("status")?;
        return reading.wrong_type(node, "the status of a final reply, 200 to 999");
    }
    if let Some(node) = fields.get("header") {
        for (name, key, value) in reading.pairs(node, "header fields with their values") {
            if let Some(why) = wrong_header_name(name) {
                let found = format!("{} is no name of a header field: {why}", quoted(name));
                reading.problem("wrong-header-name", key.span, found, "no name", None);
            }
            for node in reading.one_or_more(value, "a value of a header field") {
                let Some(text) = reading.text(node, "a value of a header field") else {
                    continue;
                };
                if let Some(why) = wrong_header_value(&text) {
                    reading.problem("wrong-header-value", node.span, why, "no value", None);
                }
                reply.headers.append(name, text);
            }
        }
    }
    body(reading, &fields, reply)
}

fn body(reading: &mut Reading, fields: &Fields<'_>, reply: Reply) -> Option<Reply> {
    let mut bodies = fields
        .written()
        .filter(|(name, ..)| matches!(*name, "body" | "json" | "hex"));
    let Some((name, _, node)) = bodies.next() else {
        return Some(reply);
    };
    if let Some((_, key, _)) = bodies.next() {
        let found = format!("a reply has one body, and one is `{name}`");
        reading.problem("two-at-once", key.span, found, "a second one", None);
        return None;
    }
    Some(match name {
        "body" => {
            let text = reading.text(node, "the text of a body")?;
            with_body(reply, text.into(), "text/plain; charset=utf-8")
        }
        "json" => with_body(reply, json(node).to_string().into(), "application/json"),
        _ => with_body(
            reply,
            hex(reading, node)?.into(),
            "application/octet-stream",
        ),
    })
}

/// A value as JSON has it.
fn json(node: &Node) -> Value {
    match &node.yaml {
        Yaml::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => Value::Null,
            Meaning::Bool(value) => Value::Bool(value),
            Meaning::Number(number) => Value::Number(number),
            Meaning::Text(text) => Value::String(text.to_owned()),
        },
        Yaml::List(elements) => Value::Array(elements.iter().map(json).collect()),
        Yaml::Map(members) => {
            let named = members
                .iter()
                .filter_map(|(key, value)| Some((key.as_scalar()?.text.clone(), json(value))));
            Value::Object(named.collect::<Map<_, _>>())
        }
    }
}

/// Bytes as hexadecimal digits, blanks between them do not matter.
fn hex(reading: &mut Reading, node: &Node) -> Option<Vec<u8>> {
    const MEANT: &str = "bytes as pairs of hexadecimal digits";
    let text = reading.text(node, MEANT)?;
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => Some(
            digits
                .chunks(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect(),
        ),
        _ => reading.wrong_type(node, MEANT),
    }
}
