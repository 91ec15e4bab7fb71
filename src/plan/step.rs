use super::{
    PlannedCut, PlannedSend, PlannedStep, TargetPart, TargetTraits,
    build::{Around, Builder, Stop, fits, wrong},
    path::path,
};
use crate::{
    contract::Operation,
    message::How,
    scenario::{BodySource, Expect, Send, Step},
    source::Template,
};
use std::{collections::BTreeSet, path::Path, sync::Arc};

impl Builder<'_> {
    /// One request of a scenario or a sequence, ready to be sent once its captures are known.
    pub(super) fn send(
        &self,
        id: String,
        step: &Step,
        send: &Send,
        around: &Around,
        target: &TargetTraits,
        kept: &mut BTreeSet<String>,
    ) -> Result<PlannedStep, Stop> {
        let operations = &self.suite.contract.operations;
        let (operation, method) = match (&send.operation, &send.method) {
            (Some(name), _) => {
                let Some(index) = operations.iter().position(|known| known.id == *name) else {
                    let found = format!("`{name}` is no operation of the contract");
                    return Err(wrong(
                        "unknown-operation",
                        &step.place,
                        found,
                        "unknown",
                        None,
                    ));
                };
                let method = Template::plain(operations[index].method.as_str(), step.place.clone());
                (Some(index), method)
            }
            (None, Some(method)) => (None, method.clone()),
            (None, None) => (None, Template::plain("GET", step.place.clone())),
        };
        if let Some(BodySource::File(template)) = &send.body {
            self.file(template)?;
        }
        let mut parts = Vec::new();
        if send.at.is_none() && !self.options.base_path.is_empty() {
            let base = self.options.base_path.trim_end_matches('/');
            parts.push(TargetPart::Text(base.to_owned()));
        }
        match (operation, &send.target) {
            (_, Some(raw)) => parts.push(TargetPart::Raw(raw.clone())),
            (Some(index), None) => {
                kept.extend(send.path.keys().cloned());
                path(
                    &operations[index],
                    step,
                    send,
                    target,
                    kept,
                    &mut parts,
                    self.members,
                )?;
            }
            (None, None) => parts.push(TargetPart::Text("/".to_owned())),
        }
        Ok(PlannedStep {
            id,
            place: step.place.clone(),
            with: around.with.clone(),
            send: PlannedSend {
                operation,
                method,
                path: send
                    .path
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                target: parts,
                query: send
                    .query
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
                    .collect(),
                header: self.header(operation.map(|index| &operations[index]), step, send),
                body: send.body.clone(),
                cut: send.cut.as_ref().map(|cut| PlannedCut {
                    after: cut.after.clone(),
                    then: match cut.then.as_str() {
                        "reset" => How::Reset,
                        "stall" => How::Stalled,
                        _ => How::Closed,
                    },
                }),
                at: send.at.clone(),
                auth: send.auth.clone(),
                connection: send.connection,
                http10: send.http10,
                timeout: send.timeout,
            },
            expect: expectations(send, target),
            capture: send.capture.clone(),
            repeat: send.repeat.clone(),
            wait: send.wait,
            alone: send.alone,
        })
    }

    /// Whether the file of a body is there, where its name is known before anything is sent.
    fn file(&self, template: &Template) -> Result<(), Stop> {
        let Some(name) = template.as_plain() else {
            return Ok(());
        };
        let folder = self.scenario.folder.as_deref().unwrap_or(Path::new(""));
        let path = folder.join(name);
        if path.is_file() {
            return Ok(());
        }
        let found = if path.exists() {
            format!("`{}` is no regular file", path.display())
        } else {
            format!("there is no file `{}`", path.display())
        };
        let help = Some("its path is relative to the folder of the scenario".to_owned());
        Err(wrong(
            "no-such-file",
            &template.place,
            found,
            "not there",
            help,
        ))
    }

    /// The fields of the operation, of the step, and of the run, each where nothing before names it.
    fn header(
        &self,
        operation: Option<&Operation>,
        step: &Step,
        send: &Send,
    ) -> Vec<(String, Option<Template>)> {
        let plain = |value: &str| Some(Template::plain(value, step.place.clone()));
        let named = |fields: &[(String, Option<Template>)], name: &str| {
            fields
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let mut fields: Vec<(String, Option<Template>)> = operation
            .into_iter()
            .flat_map(|operation| &operation.header)
            .filter(|(name, _)| !named(&send.header, name))
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect();
        fields.extend(send.header.iter().cloned());
        for (name, value) in &self.options.headers {
            if !named(&fields, name) {
                fields.push((name.clone(), plain(value)));
            }
        }
        fields
    }
}

/// The expectations that are meant for that target; shared with the scenario where all are.
fn expectations(send: &Send, target: &TargetTraits) -> Arc<[Expect]> {
    let meant = |expect: &&Expect| fits(target, wanted(expect));
    if send.expect.iter().all(|expect| meant(&expect)) {
        return Arc::clone(&send.expect);
    }
    send.expect.iter().filter(meant).cloned().collect()
}

fn wanted(expect: &Expect) -> impl Iterator<Item = (&str, &[String])> {
    expect
        .traits
        .iter()
        .map(|(name, values, _)| (name.as_str(), values.as_slice()))
}
