use super::{
    Skip, TargetPart, TargetTraits,
    build::{Stop, fits, wrong},
    vars::unrendered,
};
use crate::{
    contract::{Operation, PathPattern, SEGMENT, Segment},
    scenario::{Send, Step},
    source::{Place, Template},
};
use percent_encoding::utf8_percent_encode;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// The templates of the members of paths, by name.
///
/// # Why
/// Thousands of steps take the same member, and a compiled template is several KiB.
pub(super) type Members = RefCell<BTreeMap<String, Template>>;

fn member(name: &str, place: &Place, members: &Members) -> Result<Template, Stop> {
    if let Some(known) = members.borrow().get(name) {
        return Ok(known.at(place.clone()));
    }
    let text = format!("{{{{ path['{name}'] }}}}");
    let template = Template::parse(text, place.clone())
        .map_err(|problem| Stop::Problem(Box::new(unrendered(problem.place, problem.found))))?;
    let known = template.clone();
    members.borrow_mut().insert(name.to_owned(), known);
    Ok(template)
}

/// The path of an operation as it is for that target.
pub(super) fn path(
    operation: &Operation,
    step: &Step,
    send: &Send,
    target: &TargetTraits,
    kept: &BTreeSet<String>,
    parts: &mut Vec<TargetPart>,
    members: &Members,
) -> Result<(), Stop> {
    let exists = fits(
        target,
        operation
            .traits
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice())),
    );
    let here = |pattern: &&PathPattern| {
        pattern
            .only
            .as_ref()
            .is_none_or(|(name, value)| target.traits.get(name) == Some(value))
    };
    let Some(pattern) = operation.paths.iter().find(here).filter(|_| exists) else {
        return Err(Stop::Skip(Skip::NoOperation(operation.id.clone())));
    };
    let known = |name: &String| {
        operation.paths.iter().any(|pattern| {
            pattern
                .segments
                .iter()
                .any(|segment| matches!(segment, Segment::Name(n) | Segment::Rest(n) if n == name))
        })
    };
    if let Some((name, value)) = send.path.iter().find(|(name, _)| !known(name)) {
        let found = format!("the path of `{}` has no `{name}`", operation.id);
        return Err(wrong(
            "unknown-parameter",
            &value.place,
            found,
            "unknown",
            None,
        ));
    }
    for segment in &pattern.segments {
        parts.push(TargetPart::Text("/".to_owned()));
        let (name, rest) = match segment {
            Segment::Literal(text) => {
                parts.push(TargetPart::Text(text.clone()));
                continue;
            }
            Segment::Name(name) => (name, false),
            Segment::Rest(name) => (name, true),
        };
        if kept.contains(name) {
            let template = member(name, &step.place, members)?;
            parts.push(if rest {
                TargetPart::Rest(template)
            } else {
                TargetPart::Segment(template)
            });
        } else if let Some(value) = target.traits.get(name) {
            let value = utf8_percent_encode(value, SEGMENT).to_string();
            parts.push(TargetPart::Text(value));
        } else if !rest {
            let found = format!("the path of `{}` needs `{name}`", operation.id);
            let help = Some(format!(
                "add `path: {{ {name}: ... }}` here or to an earlier step"
            ));
            return Err(wrong(
                "missing-parameter",
                &step.place,
                found,
                "no value",
                help,
            ));
        }
    }
    if pattern.segments.is_empty() {
        parts.push(TargetPart::Text("/".to_owned()));
    }
    Ok(())
}
