use super::{Capture, CaptureFrom, keys::CAPTURE, read_step::Around};
use crate::{
    contract::{PathKind, check_path, check_variable_name},
    source::{Node, Reading, Template},
};

/// What a later step can use of a reply.
pub(super) fn read_capture(
    reading: &mut Reading,
    name: &str,
    key: &Node,
    node: &Node,
    around: Around<'_>,
) -> Option<Capture> {
    check_variable_name(reading, name, key.span);
    let fields = reading.fields(node, &CAPTURE)?;
    let optional = fields
        .get("optional")
        .and_then(|node| reading.boolean(node, "whether it may be absent"))
        .unwrap_or_default();
    let sources: Vec<_> = fields
        .written()
        .filter(|(name, ..)| *name != "optional")
        .collect();
    let (kind, value) = match sources.as_slice() {
        [(kind, _, value)] => (*kind, *value),
        [] => {
            return reading.wrong_type(node, "one source of a value, such as `{ header: NAME }`,");
        }
        [_, (_, key, _), ..] => {
            reading.problem(
                "two-sources",
                key.span,
                "a value is taken from one place, and this is a second",
                "second",
                None,
            );
            return None;
        }
    };
    let namespaces = &around.contract.namespaces;
    let from = match kind {
        "header" => CaptureFrom::Header(reading.filled(value, "the name of a header")?),
        "json" => CaptureFrom::Json(check_path(reading, value, PathKind::Json, namespaces)?),
        "xml" => CaptureFrom::Xml(check_path(reading, value, PathKind::Xml, namespaces)?),
        "matches" => CaptureFrom::Body(read_group(reading, value)?),
        "status" => {
            if !reading.boolean(value, "whether the status is taken")? {
                return reading.wrong_type(value, "`true`");
            }
            CaptureFrom::Status
        }
        _ => CaptureFrom::Value(reading.template(value, "a template")?),
    };
    Some(Capture {
        name: name.to_owned(),
        from,
        optional,
        place: reading.place(key.span),
    })
}

/// A regular expression with a group: that is what is taken.
fn read_group(reading: &mut Reading, node: &Node) -> Option<Template> {
    let template = reading.template(node, "a regular expression")?;
    if let Some(plain) = template.as_plain() {
        reading.grouped(node, plain)?;
    }
    Some(template)
}
