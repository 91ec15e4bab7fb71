//! Follows the steps of a file in order: which names have a value where they are used, and which are never used.

use super::{
    BodySource, CaptureFrom, Scenario, Send, Sequence, Step, StepKind,
    parts::{captures, expectations, names_in, path_names, send_templates, sends},
};
use crate::{
    contract::{Contract, Expectation, Segment, known_names},
    source::{Literal, Place, Reading, Template, suggestion},
};
use indexmap::{IndexMap, IndexSet};
use std::collections::{HashMap, HashSet};

/// Names that every scenario knows, beside traits and the contract's variables.
pub(super) const GIVEN: [&str; 2] = ["run_id", "traits"];
/// Names that expectations and captures know besides.
const OF_EXCHANGE: [&str; 3] = ["request", "reply", "operation"];
/// Names that a file cannot give.
pub(super) const RESERVED: [&str; 7] = [
    "run_id",
    "traits",
    "target",
    "request",
    "reply",
    "operation",
    "path",
];

/// What the steps of one file know and use.
pub(super) struct Flow<'a> {
    contract: &'a Contract,
    sequences: &'a IndexMap<String, Sequence>,
    known: IndexSet<String>,
    coming: HashSet<String>,
    used: HashSet<String>,
    /// Path parameters that have a value; none within a sequence, where the scenario may have given them.
    kept: Option<HashSet<String>>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        contract: &'a Contract,
        sequences: &'a IndexMap<String, Sequence>,
        names: impl IntoIterator<Item = String>,
        within_sequence: bool,
    ) -> Self {
        let known = GIVEN
            .iter()
            .map(|name| (*name).to_owned())
            .chain(contract.traits.keys().map(|name| name.replace('-', "_")))
            .chain(contract.vars.keys().cloned())
            .chain(names)
            .collect();
        Self {
            contract,
            sequences,
            known,
            coming: HashSet::new(),
            used: HashSet::new(),
            kept: (!within_sequence).then(HashSet::new),
        }
    }

    /// Follows steps, then those of the clean-up, which know every capture.
    pub(super) fn steps(&mut self, reading: &mut Reading, steps: &[Step], cleanup: &[Step]) {
        self.coming = captures(steps, self.sequences)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        for step in steps {
            self.step(reading, step);
        }
        let all = captures(cleanup, self.sequences)
            .into_iter()
            .map(|(name, _)| name);
        self.coming = all.collect();
        for step in cleanup {
            self.step(reading, step);
        }
    }

    /// Reports a name that nothing uses.
    pub(super) fn must_use(&self, reading: &mut Reading, name: &str, place: &Place, what: &str) {
        if !self.used.contains(name) {
            reading.problem(
                "unused-variable",
                place.span,
                format!("the {what} `{name}` is never used"),
                "set here and used nowhere",
                Some("use it, or take it out".to_owned()),
            );
        }
    }

    /// Whether something uses that name.
    pub(super) fn uses(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    fn step(&mut self, reading: &mut Reading, step: &Step) {
        match &step.kind {
            StepKind::Send(send) => {
                self.send(reading, step, send);
                self.known
                    .extend(send.capture.iter().map(|capture| capture.name.clone()));
            }
            StepKind::Use { name, with } => self.sequence(reading, step, name, with),
            StepKind::Parallel(steps) => {
                // They are sent at once, so none knows what another captures.
                let (before, kept) = (self.known.len(), self.kept.clone());
                let mut captured = Vec::new();
                let mut kept_after = self.kept.clone();
                for step in steps {
                    self.step(reading, step);
                    captured.extend(self.known.drain(before..));
                    if let (Some(all), Some(own)) = (&mut kept_after, &self.kept) {
                        all.extend(own.iter().cloned());
                    }
                    self.kept.clone_from(&kept);
                }
                self.known.extend(captured);
                self.kept = kept_after;
            }
        }
    }

    fn sequence(
        &mut self,
        reading: &mut Reading,
        step: &Step,
        name: &str,
        with: &IndexMap<String, Literal>,
    ) {
        for value in with.values() {
            value.templates(&mut |template| self.template(reading, template, &[]));
        }
        let Some(sequence) = self.sequences.get(name) else {
            let known = self.sequences.keys().map(String::as_str);
            reading.unknown(
                "unknown-sequence",
                step.place.span,
                name,
                "sequence of steps.yaml",
                known,
            );
            return;
        };
        for argument in with
            .keys()
            .filter(|argument| !sequence.args.contains(argument))
        {
            let known = sequence.args.iter().map(String::as_str);
            reading.unknown(
                "unknown-argument",
                step.place.span,
                argument,
                &format!("argument of the sequence `{name}`"),
                known,
            );
        }
        for argument in sequence
            .args
            .iter()
            .filter(|argument| !with.contains_key(*argument))
        {
            reading.problem(
                "missing-argument",
                step.place.span,
                format!("the sequence `{name}` needs the argument `{argument}`"),
                format!("without `{argument}`"),
                Some(format!("add `with: {{ {argument}: ... }}`")),
            );
        }
        // A variable of the scenario that stands for one of the contract may be meant for the sequence.
        for used in names_in(&sequence.steps, self.sequences, 0) {
            if !sequence.args.contains(&used) {
                self.used.insert(used);
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.extend(path_names(&sequence.steps, self.sequences, 0));
        }
        self.known.extend(sequence.gives.iter().cloned());
    }

    fn send(&mut self, reading: &mut Reading, step: &Step, send: &Send) {
        let mut templates: Vec<&Template> = Vec::new();
        send_templates(send, &mut |template| templates.push(template));
        for template in templates {
            self.template(reading, template, &[]);
        }
        if let Some(BodySource::Bytes(name, place) | BodySource::Slice { name, place, .. }) =
            &send.body
        {
            self.variable(reading, name, place);
        }
        self.path(reading, step, send);
        for expectation in expectations(send) {
            self.expectation(reading, expectation);
        }
        for capture in &send.capture {
            match &capture.from {
                CaptureFrom::Body(template) => self.template(reading, template, &[]),
                CaptureFrom::Value(template) => self.template(reading, template, &OF_EXCHANGE),
                CaptureFrom::Header(_)
                | CaptureFrom::Json(_)
                | CaptureFrom::Xml(_)
                | CaptureFrom::Status => {}
            }
        }
    }

    fn expectation(&mut self, reading: &mut Reading, expectation: &Expectation) {
        expectation.templates(&mut |template, nearby| {
            let mut names = OF_EXCHANGE.to_vec();
            names.extend_from_slice(nearby);
            self.template(reading, template, &names);
        });
        for (name, place) in expectation.same_as() {
            self.variable(reading, name, place);
        }
    }

    /// The values that the operation's path needs.
    fn path(&mut self, reading: &mut Reading, step: &Step, send: &Send) {
        let Some(operation) = send
            .operation
            .as_ref()
            .and_then(|id| self.contract.operation(id))
        else {
            return;
        };
        let names: Vec<&str> = operation
            .paths
            .iter()
            .flat_map(|pattern| pattern.names())
            .collect();
        for (name, value) in &send.path {
            if !names.contains(&name.as_str()) {
                reading.problem(
                    "unknown-parameter",
                    value.place.span,
                    format!("the path of `{}` has no `{name}`", operation.id),
                    "not in the path",
                    Some(suggestion(name, &names)),
                );
            }
        }
        let Some(kept) = &mut self.kept else { return };
        kept.extend(send.path.keys().cloned());
        let mut missing: Vec<&String> = Vec::new();
        for segment in operation.paths.iter().flat_map(|pattern| &pattern.segments) {
            if let Segment::Name(name) = segment
                && !kept.contains(name)
                && !self.contract.traits.contains_key(name)
                && !missing.contains(&name)
            {
                missing.push(name);
            }
        }
        for name in missing {
            reading.problem(
                "missing-parameter",
                step.place.span,
                format!("the path of `{}` needs `{name}`", operation.id),
                format!("`{name}` has no value"),
                Some(format!(
                    "add `path: {{ {name}: ... }}` here or to an earlier step"
                )),
            );
        }
    }

    pub(super) fn template(&mut self, reading: &mut Reading, template: &Template, nearby: &[&str]) {
        let mut all = true;
        for name in template.names() {
            self.used.insert(name.clone());
            let known = self.known.contains(name) || nearby.contains(&name.as_str());
            if !known && self.coming.contains(name) {
                self.too_early(reading, name, &template.place);
                return;
            }
            all &= known;
        }
        if !all {
            let known: Vec<String> = self.known.iter().cloned().collect();
            known_names(reading, template, &known, nearby);
        }
    }

    fn variable(&mut self, reading: &mut Reading, name: &str, place: &Place) {
        self.used.insert(name.to_owned());
        if self.known.contains(name) {
            return;
        }
        if self.coming.contains(name) {
            self.too_early(reading, name, place);
            return;
        }
        let known = self.known.iter().map(String::as_str);
        reading.unknown("unknown-variable", place.span, name, "variable", known);
    }

    fn too_early(&self, reading: &mut Reading, name: &str, place: &Place) {
        reading.problem(
            "used-too-early",
            place.span,
            format!("`{name}` has no value yet: a later step captures it"),
            format!("uses `{name}`"),
            None,
        );
    }
}

/// Reports ids that two steps of a file have.
pub(super) fn unique_ids(reading: &mut Reading, steps: &[Step], cleanup: &[Step]) {
    let mut seen: HashMap<&str, &Step> = HashMap::new();
    let mut open: Vec<&Step> = cleanup.iter().rev().chain(steps.iter().rev()).collect();
    while let Some(step) = open.pop() {
        if let Some(first) = seen.get(step.id.as_str()) {
            let (line, _) = first.place.line_column();
            reading.problem(
                "duplicate-id",
                step.place.span,
                format!("a second step is called `{}`", step.id),
                "second",
                Some(format!("the first stands in line {line}")),
            );
        }
        seen.entry(&step.id).or_insert(step);
        if let StepKind::Parallel(steps) = &step.kind {
            open.extend(steps.iter().rev());
        }
    }
}

/// Reports a scenario that says nothing of its effects and sends what can change something.
pub(super) fn effects_left_out(
    reading: &mut Reading,
    scenario: &Scenario,
    contract: &Contract,
    sequences: &IndexMap<String, Sequence>,
) {
    const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
    let steps = scenario
        .steps
        .iter()
        .chain(&scenario.cleanup)
        .cloned()
        .collect::<Vec<_>>();
    for (_, send) in sends(&steps, sequences, 0) {
        let operation = send
            .operation
            .as_ref()
            .and_then(|id| contract.operation(id));
        let method = match (operation, &send.method) {
            (Some(operation), _) => operation.method.as_str(),
            (None, Some(method)) => method.as_plain().unwrap_or("?"),
            (None, None) if matches!(send.body, Some(BodySource::Raw(_))) => "?",
            (None, None) => continue,
        };
        if !SAFE.contains(&method) {
            let shown = operation.map_or("a request", |operation| operation.id.as_str());
            reading.problem(
                "effects-left-out",
                scenario.place.span,
                format!("the scenario does not say what it does to its target, and `{shown}` is sent with {method}"),
                "`effects` is missing",
                Some("add `effects: writes`, or `effects: reads` where nothing stays behind".to_owned()),
            );
            return;
        }
    }
}
