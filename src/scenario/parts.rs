//! What there is in steps, wherever it stands: requests, captures, names, templates.

use super::{Auth, BodySource, Capture, CaptureFrom, Send, Sequence, Step, StepKind};
use crate::{
    contract::Expectation,
    source::{Place, Template},
};
use indexmap::IndexMap;
use std::collections::HashSet;

/// Every capture of some steps, and what sequences among them give.
pub(super) fn captures(
    steps: &[Step],
    sequences: &IndexMap<String, Sequence>,
) -> Vec<(String, Option<Place>)> {
    let mut found = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Send(send) => {
                found.extend(
                    send.capture
                        .iter()
                        .map(|Capture { name, place, .. }| (name.clone(), Some(place.clone()))),
                );
            }
            StepKind::Use { name, .. } => {
                let gives = sequences
                    .get(name)
                    .map(|sequence| sequence.gives.as_slice());
                found.extend(
                    gives
                        .unwrap_or_default()
                        .iter()
                        .map(|name| (name.clone(), None)),
                );
            }
            StepKind::Parallel(steps) => found.extend(captures(steps, sequences)),
        }
    }
    found
}

/// Every request of some steps, those of sequences too.
pub(super) fn sends<'a>(
    steps: &'a [Step],
    sequences: &'a IndexMap<String, Sequence>,
    depth: usize,
) -> Vec<(&'a Step, &'a Send)> {
    // Deeper than any sequences that do not use themselves.
    if depth > sequences.len() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Send(send) => found.push((step, &**send)),
            StepKind::Use { name, .. } => {
                if let Some(sequence) = sequences.get(name) {
                    found.extend(sends(&sequence.steps, sequences, depth + 1));
                }
            }
            StepKind::Parallel(steps) => found.extend(sends(steps, sequences, depth)),
        }
    }
    found
}

pub(super) fn path_names(
    steps: &[Step],
    sequences: &IndexMap<String, Sequence>,
    depth: usize,
) -> Vec<String> {
    sends(steps, sequences, depth)
        .into_iter()
        .flat_map(|(_, send)| send.path.keys().cloned())
        .collect()
}

/// Every name that some steps use.
pub(super) fn names_in(
    steps: &[Step],
    sequences: &IndexMap<String, Sequence>,
    depth: usize,
) -> HashSet<String> {
    let mut names = HashSet::new();
    for (_, send) in sends(steps, sequences, depth) {
        send_templates(send, &mut |template| {
            names.extend(template.names().iter().cloned());
        });
        for expectation in expectations(send) {
            expectation
                .templates(&mut |template, _| names.extend(template.names().iter().cloned()));
            names.extend(
                expectation
                    .same_as()
                    .into_iter()
                    .map(|(name, _)| name.to_owned()),
            );
        }
        if let Some(BodySource::Bytes(name, _) | BodySource::Slice { name, .. }) = &send.body {
            names.insert(name.clone());
        }
        for capture in &send.capture {
            if let CaptureFrom::Body(template) | CaptureFrom::Value(template) = &capture.from {
                names.extend(template.names().iter().cloned());
            }
        }
    }
    for step in steps {
        if let StepKind::Use { with, .. } = &step.kind {
            for value in with.values() {
                value.templates(&mut |template| names.extend(template.names().iter().cloned()));
            }
        }
    }
    names
}

pub(super) fn expectations(send: &Send) -> impl Iterator<Item = &Expectation> {
    send.expect
        .iter()
        .map(|expect| &expect.what)
        .chain(send.repeat.as_ref().map(|repeat| &repeat.until))
}

/// Calls `visit` with every template of what is sent.
pub(super) fn send_templates<'a>(send: &'a Send, visit: &mut dyn FnMut(&'a Template)) {
    for template in [&send.method, &send.target, &send.at].into_iter().flatten() {
        visit(template);
    }
    send.path.values().for_each(&mut *visit);
    for (_, value) in send.query.iter().chain(&send.header) {
        value.iter().for_each(&mut *visit);
    }
    match &send.body {
        Some(BodySource::Json(literal)) => literal.templates(visit),
        Some(
            BodySource::Xml(template)
            | BodySource::Text(template)
            | BodySource::File(template)
            | BodySource::Hex(template)
            | BodySource::Raw(template),
        ) => visit(template),
        Some(BodySource::Slice { from, to, .. }) => {
            from.templates(visit);
            to.templates(visit);
        }
        Some(BodySource::Bytes(..)) | None => {}
    }
    if let Some(cut) = &send.cut {
        cut.after.templates(visit);
    }
    if let Auth::Basic { user, password } = &send.auth {
        visit(user);
        visit(password);
    }
}
