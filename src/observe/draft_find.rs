//! What is looked for in all steps before the first is written: values that a server chose, secrets, names that have to be unique.

use super::{
    draft::is_safe,
    draft_values::{is_telling, variable},
    draft_weave::Weave,
    draft_yaml::Woven,
    secrets::in_request,
    secrets_body::NAMELESS,
};
use crate::contract::Segment;
use std::collections::BTreeSet;

/// How many values that replies gave are looked for.
const MOST: usize = 5_000;

impl Weave<'_, '_> {
    /// Long values that a server chose: nothing that was asked before holds them.
    pub(super) fn find_telling(&mut self) {
        let mut seen = BTreeSet::new();
        let mut asked = String::new();
        for (at, step) in self.steps.iter().enumerate() {
            let request = &step.observed.exchange.request;
            asked.push_str(&decoded(&request.target));
            for (_, value) in request.headers.iter() {
                asked.push('\n');
                asked.push_str(value);
            }
            asked.push('\n');
            asked.push_str(&String::from_utf8_lossy(&request.body));
            for (which, given) in self.given[at].iter().enumerate() {
                if self.telling.len() >= MOST {
                    return;
                }
                if is_telling(&given.value)
                    && !seen.contains(&given.value)
                    && !asked.contains(&given.value)
                    && !self.hides(given.from.path())
                {
                    seen.insert(given.value.clone());
                    self.telling.push((given.value.clone(), at, which));
                }
            }
        }
        // The longest first: one may be a part of another.
        self.telling
            .sort_by_key(|(value, ..)| std::cmp::Reverse(value.len()));
    }

    pub(super) fn find_secrets(&mut self) {
        let mut found: Vec<(String, String)> = Vec::new();
        for step in self.steps {
            found.extend(in_request(&step.observed.exchange.request));
        }
        // Those under a name of their own first: what is found without one may be a part of them.
        found.sort_by_key(|(name, _)| name == NAMELESS);
        for (name, value) in found {
            let name = match self.hides(&name) {
                true => NAMELESS.to_owned(),
                false => variable(&name),
            };
            if value.is_empty() || self.secrets.iter().any(|(known, _)| *known == value) {
                continue;
            }
            let known = self.contract.secret_vars.iter().find(|var| {
                var.ends_with(&name) && !self.secrets.iter().any(|(_, used)| used == *var)
            });
            match known {
                Some(known) => self.secret(known.clone(), value),
                None => self.secret_of_its_own(&name, value),
            };
        }
    }

    /// Declares a variable for a secret that none stands for yet.
    pub(super) fn secret_of_its_own(&mut self, wanted: &str, value: String) -> String {
        let name = self.fresh(wanted);
        let default = "{ secret: replace-me }".to_owned();
        self.vars.push((name.clone(), default));
        self.secret(name, value)
    }

    fn secret(&mut self, name: String, value: String) -> String {
        self.note(format!(
            "a secret was taken out: give it with `--var {name}=...`"
        ));
        self.secrets.push((value, name.clone()));
        name
    }

    /// What is made under a path of the client's choice gets a name of its own in every run.
    pub(super) fn find_unique(&mut self) {
        let mut made: Vec<&String> = Vec::new();
        for step in self.steps {
            if is_safe(&step.observed.exchange.request.method) {
                continue;
            }
            for (name, value) in &step.path {
                let rest = step.operation.is_some_and(|at| {
                    let patterns = &self.contract.operations[at].paths;
                    patterns
                        .iter()
                        .any(|pattern| pattern.segments.contains(&Segment::Rest(name.clone())))
                });
                // A secret has a variable of its own.
                if rest && !value.is_empty() && !made.contains(&value) && !self.hides(value) {
                    made.push(value);
                }
            }
        }
        for value in &made {
            // What lies below something else that is made goes with it.
            let below = |other: &&&String| {
                value
                    .strip_prefix(other.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            let top = made.iter().filter(below).min_by_key(|other| other.len());
            let top = top.map_or(value.as_str(), |other| other.as_str());
            let start = top.rfind('/').map_or(0, |at| at + 1);
            let mut woven = Woven::default();
            woven.text(&value[..start]);
            woven.variable("run_id");
            woven.text(&format!("-{}", &value[start..]));
            self.unique.push(((*value).clone(), woven.finish()));
        }
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
