//! Which names a step reads.

use crate::{
    plan::{PlannedStep, TargetPart},
    scenario::BodySource,
    source::{Literal, Scope, Template},
};

/// Whether a template of a literal reads what a reply told.
pub(super) fn are_told(literal: &Literal, scope: &Scope) -> bool {
    let mut told = false;
    literal.templates(&mut |template| told |= is_told(template, scope));
    told
}

fn is_told(template: &Template, scope: &Scope) -> bool {
    template.names().iter().any(|name| scope.is_told(name))
}

/// Whether what a step sends is put together of what replies told.
pub(super) fn sends_what_was_told(step: &PlannedStep, scope: &Scope) -> bool {
    let mut told = false;
    templates(step, &mut |template| told |= is_told(template, scope));
    for part in &step.send.target {
        if let TargetPart::Raw(template)
        | TargetPart::Segment(template)
        | TargetPart::Rest(template) = part
        {
            told |= is_told(template, scope);
        }
    }
    told
}

/// Whether a step of the cleanup uses a name that was never set.
pub(super) fn uses_what_is_unset(step: &PlannedStep, scope: &Scope) -> bool {
    let mut unset = false;
    templates(step, &mut |template| {
        let own = |name: &String| step.with.iter().any(|(known, _)| known == name);
        unset |= template
            .names()
            .iter()
            .any(|name| name != "path" && !own(name) && !scope.has(name));
    });
    if let Some(BodySource::Bytes(name, _) | BodySource::Slice { name, .. }) = &step.send.body {
        unset |= !scope.has(name);
    }
    unset || path_unset(step, scope)
}

/// Calls `visit` with every template of a step but those of the target.
fn templates(step: &PlannedStep, visit: &mut dyn FnMut(&Template)) {
    let send = &step.send;
    for (_, literal) in &step.with {
        literal.templates(&mut |template| visit(template));
    }
    visit(&send.method);
    send.at.iter().for_each(&mut *visit);
    send.path.iter().for_each(|(_, template)| visit(template));
    send.query.iter().for_each(|(_, template)| visit(template));
    send.header
        .iter()
        .filter_map(|(_, template)| template.as_ref())
        .for_each(&mut *visit);
    if let Some(cut) = &send.cut {
        cut.after.templates(&mut |template| visit(template));
    }
    match &send.body {
        Some(BodySource::Json(literal)) => literal.templates(&mut |template| visit(template)),
        Some(
            BodySource::Xml(template)
            | BodySource::Text(template)
            | BodySource::Raw(template)
            | BodySource::File(template)
            | BodySource::Hex(template),
        ) => visit(template),
        Some(BodySource::Bytes(..) | BodySource::Slice { .. }) | None => {}
    }
}

fn path_unset(step: &PlannedStep, scope: &Scope) -> bool {
    let mut known = scope.clone();
    if !step.send.path.is_empty() {
        let mut path = match scope.get("path") {
            Some(serde_json::Value::Object(path)) => path,
            _ => serde_json::Map::new(),
        };
        for (name, _) in &step.send.path {
            path.insert(name.clone(), "".into());
        }
        known.set("path", &path.into());
    }
    step.send.target.iter().any(|part| match part {
        TargetPart::Text(_) => false,
        TargetPart::Raw(template) => template.names().iter().any(|name| !scope.has(name)),
        TargetPart::Segment(template) | TargetPart::Rest(template) => {
            template.names().iter().any(|name| name == "path") && template.render(&known).is_err()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::are_told;
    use crate::source::{Literal, Place, Scope, Template};
    use serde_json::json;

    #[test]
    fn a_literal_is_told_where_any_of_its_templates_is() {
        let mut scope = Scope::new();
        scope.set_told("told", &json!(1));
        scope.set("own", &json!(1));
        let text = |text: &str| {
            Literal::Text(Template::parse(text, Place::nowhere()).expect("a template"))
        };
        assert!(!are_told(
            &Literal::List(vec![text("{{ own }}"), text("told")]),
            &scope
        ));
        assert!(are_told(
            &Literal::List(vec![text("{{ own }}"), text("{{ told }}")]),
            &scope
        ));
    }
}
