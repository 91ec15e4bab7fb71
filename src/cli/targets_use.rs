//! A named target in use: under the options of the command line, and judged by contracts.

use super::{
    args::Where,
    check_args::CheckArgs,
    out::Stop,
    suites,
    targets::NamedTarget,
    values::{Header, Pair},
};
use crate::{
    contract::Contract,
    scenario::Suite,
    source::{Place, Problem, Problems, suggestion},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

impl NamedTarget {
    /// The options of the command line, laid over those of the file.
    pub(crate) fn under(&self, args: &CheckArgs) -> CheckArgs {
        let file = &self.typed;
        let mut all = args.clone();
        all.url.clone_from(&file.url);
        if let Some(url) = &mut all.url {
            url.shown.clone_from(&self.name);
        }
        all.can = self.can.iter().map(|(name, _)| name.clone()).collect();
        all.can.extend(args.can.iter().cloned());
        all.declared.set = over(
            self.set
                .iter()
                .map(|(name, value, _)| (name.clone(), value.clone())),
            &args.declared.set,
        );
        all.declared.var = over(file.declared.var.iter().cloned(), &args.declared.var);
        let typed = |header: &&Header| {
            !args
                .header
                .iter()
                .any(|one| one.name.eq_ignore_ascii_case(&header.name))
        };
        all.header = file.header.iter().filter(typed).cloned().collect();
        all.header.extend(args.header.iter().cloned());
        all.allow_writes |= file.allow_writes;
        all.jobs = args.jobs.or(file.jobs);
        all.timeout = args.timeout.or(file.timeout);
        all.body_limit = args.body_limit.or(file.body_limit);
        all.rate = args.rate.or(file.rate);
        all.known.known = args
            .known
            .known
            .clone()
            .or_else(|| file.known.known.clone());
        let (access, from) = (&mut all.access, &file.access);
        access.user = access.user.take().or_else(|| from.user.clone());
        if access.password_env.is_none() {
            access.password.clone_from(&from.password);
        }
        access.auth = access.auth.or(from.auth);
        let (tls, typed) = (&mut access.tls, &from.tls);
        tls.insecure |= typed.insecure;
        tls.ca = tls.ca.take().or_else(|| typed.ca.clone());
        if tls.client_cert.is_none() {
            tls.client_cert.clone_from(&typed.client_cert);
            tls.client_key.clone_from(&typed.client_key);
        }
        access.proxy = access.proxy.take().or_else(|| from.proxy.clone());
        all
    }

    /// Tells folders from ids. `folder` is that of the file of targets, `ids` are the suites known without it.
    pub(super) fn find_suites(&mut self, folder: &Path, ids: &[String]) {
        let folders = &mut self.folders;
        self.suites.retain(|(name, _)| {
            let path = folder.join(name);
            if ids.contains(name) || !path.join("contract.yaml").is_file() {
                return true;
            }
            // As the suite itself is called, see `SuiteFiles::folder`.
            let whole = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            let id = whole.file_name().unwrap_or(name.as_ref());
            folders.push((path, id.to_string_lossy().into_owned()));
            false
        });
    }

    /// Of the suites that were asked for those that it is checked with, and those in folders of its own.
    ///
    /// `typed`: they were named on the command line, and the target brings none along.
    ///
    /// # Errors
    /// A suite of its own that cannot be read.
    pub(super) fn checked_with(&self, asked: &[Suite], typed: bool) -> Result<Vec<Suite>, Stop> {
        let takes = |suite: &&Suite| {
            let id = &suite.contract.id;
            self.suites.is_empty() && self.folders.is_empty()
                || self.suites.iter().any(|(name, _)| name == id)
                || typed && self.folders.iter().any(|(_, name)| name == id)
        };
        let mut mine: Vec<Suite> = asked.iter().filter(takes).cloned().collect();
        if !typed && !self.folders.is_empty() {
            mine.extend(suites::named(&self.own_suites(), &Where::default())?);
        }
        Ok(mine)
    }

    /// The folders of suites that the file of targets names for it.
    pub(super) fn own_suites(&self) -> Vec<String> {
        let shown = |(path, _): &(PathBuf, String)| path.display().to_string();
        self.folders.iter().map(shown).collect()
    }

    /// The suites of the file that are none of those that are known.
    pub(crate) fn unknown_suites(&self, known: &[&str]) -> Problems {
        let unknown = self
            .suites
            .iter()
            .filter(|(id, _)| !known.contains(&id.as_str()));
        Problems(
            unknown
                .map(|(id, place)| Problem {
                    code: "unknown-suite",
                    place: place.clone(),
                    found: format!(
                        "`{id}` is no suite, and no folder of one (with a contract.yaml) beside this file"
                    ),
                    label: "no suite".to_owned(),
                    help: Some(suggestion(id, known)),
                })
                .collect(),
        )
    }

    /// What the file says of capabilities and traits that no contract knows.
    pub(crate) fn judge(&self, contracts: &[&Contract]) -> Problems {
        let mut problems = Problems::default();
        let mut wrong = |place: &Place, what: &str, name: &str, known: Vec<&str>| {
            problems.push(Problem {
                code: "unknown-name",
                place: place.clone(),
                found: format!("`{name}` is no {what}"),
                label: format!("no {what}"),
                help: Some(suggestion(name, &known)),
            });
        };
        for (name, place) in self.can.iter().filter(|(name, _)| name != "all") {
            let known: Vec<&str> = contracts
                .iter()
                .flat_map(|contract| contract.capabilities.keys().map(String::as_str))
                .collect();
            if !known.contains(&name.as_str()) {
                wrong(place, "capability of its suites", name, known);
            }
        }
        for (name, value, place) in &self.set {
            let traits: Vec<_> = contracts
                .iter()
                .filter_map(|contract| contract.traits.get(name))
                .collect();
            if traits.is_empty() {
                let known = contracts
                    .iter()
                    .flat_map(|contract| contract.traits.keys().map(String::as_str))
                    .collect();
                wrong(place, "trait of its suites", name, known);
            } else if !traits
                .iter()
                .any(|known| known.values.is_empty() || known.values.contains(value))
            {
                let values = traits
                    .iter()
                    .flat_map(|known| known.values.iter().map(String::as_str))
                    .collect();
                wrong(place, &format!("value of `{name}`"), value, values);
            }
        }
        problems
    }

    /// Where the file names a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&Place> {
        self.vars
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, place)| place)
    }
}

/// Names and values of the file without those that were typed, and those behind them.
fn over(file: impl Iterator<Item = Pair>, typed: &[Pair]) -> Vec<Pair> {
    file.filter(|(name, _)| !typed.iter().any(|(known, _)| known == name))
        .chain(typed.iter().cloned())
        .collect()
}
