//! `--known` and `--write-known`: the files of a run, what came of their entries, and what is written afterwards.
//!
//! # Why
//! `--write-known` writes only after a run that came to its end: after an error of ours, an interrupt or a server that stopped
//! answering, what is new and what now conforms would both be guesses.

use super::{
    args::Where,
    files::same_file,
    known::{self, Reasons},
    known_text::{editable, edited},
    out::{Stop, say},
    reports, suites,
};
use crate::{
    mock::{Clock, Moment},
    report::{self, Exit, Known, KnownOf, NewKnown, Report, Strictness, Tally, counted},
    scenario::Suite,
    source::{Place, Problem, SourceFile, Span},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The files of known differences of a run.
#[derive(Debug, Default)]
pub(crate) struct KnownFiles {
    excusing: Vec<Excusing>,
    writing: Option<Writing>,
}

/// A file for `--known`: all targets that share it share what came of its entries.
#[derive(Debug)]
struct Excusing {
    path: PathBuf,
    entries: Vec<Known>,
    tally: Tally,
}

/// The file for `--write-known`, as it was before the run.
#[derive(Debug)]
struct Writing {
    path: PathBuf,
    file: Arc<SourceFile>,
    entries: Vec<Known>,
    tally: Tally,
    /// Ids of clauses that more than one suite has.
    shared: BTreeSet<String>,
    /// What entries may name.
    all: Vec<Suite>,
    now: Moment,
}

impl KnownFiles {
    /// Reads every file once, before anything is sent.
    ///
    /// `write`: the file for `--write-known`; `what`: the suites that are asked for.
    pub(crate) fn read(
        paths: &BTreeSet<&PathBuf>,
        write: Option<&PathBuf>,
        what: &[String],
        place: &Where,
    ) -> Result<Self, Stop> {
        let mut files = Self::default();
        if paths.is_empty() && write.is_none() {
            return Ok(files);
        }
        // An entry may be for a suite that this run leaves out.
        let mut all = suites::named(&[], place)?;
        for suite in suites::named(what, place)? {
            if !all
                .iter()
                .any(|known| known.contract.id == suite.contract.id)
            {
                all.push(suite);
            }
        }
        let now = Clock::system().now();
        for path in paths {
            let begun = write.is_some_and(|file| same_file(file, path));
            let entries = if begun && !path.exists() {
                Vec::new()
            } else {
                known::read(path, &all, now, Reasons::Filled)?
            };
            files.excusing.push(Excusing {
                path: (*path).clone(),
                entries,
                tally: Tally::default(),
            });
        }
        files.writing = match write {
            Some(path) => Some(Writing::begin(path, all, now)?),
            None => None,
        };
        Ok(files)
    }

    /// What that file excuses.
    pub(crate) fn entries(&self, path: Option<&PathBuf>) -> Vec<Known> {
        self.excusing
            .iter()
            .find(|file| Some(&file.path) == path)
            .map_or_else(Vec::new, |file| file.entries.clone())
    }

    /// Excuses in the report of a target what its file knows. `complete`: see [`report::count_known`].
    pub(crate) fn judge(
        &mut self,
        path: Option<&PathBuf>,
        report: &mut Report,
        strictness: Strictness,
        complete: bool,
    ) {
        if let Some(file) = &mut self.writing {
            report::count_known(report, &file.entries, strictness, complete, &mut file.tally);
        }
        let mine = self
            .excusing
            .iter_mut()
            .find(|file| Some(&file.path) == path);
        if let Some(file) = mine {
            report::excuse_all(report, &file.entries, strictness, complete, &mut file.tally);
        }
    }

    /// Tells in the report of all targets what came of the entries, and writes what is to be written.
    ///
    /// `lost`: a server stopped answering.
    pub(crate) fn finish(
        self,
        report: &mut Report,
        strictness: Strictness,
        lost: bool,
    ) -> Result<(), Stop> {
        let why_not = match Exit::of_code(report.exit) {
            _ if lost => Some("the server stopped answering"),
            Some(Exit::Interrupted) => Some("the run was interrupted"),
            Some(Exit::CouldNotRun) => Some("we could not do our own part"),
            Some(Exit::NothingRan) => Some("nothing ran"),
            _ => None,
        };
        for file in &self.excusing {
            let same = |writing: &Writing| same_file(&writing.path, &file.path);
            let pruned = why_not.is_none() && self.writing.as_ref().is_some_and(same);
            report::tell_known(report, &file.entries, &file.tally, pruned);
        }
        let Some(writing) = self.writing else {
            return Ok(());
        };
        if let Some(why) = why_not {
            say(&format!(
                "`{}` is left as it was: {why}\n",
                writing.path.display()
            ));
            return Ok(());
        }
        writing.write(report, strictness)
    }
}

impl Writing {
    fn begin(path: &Path, all: Vec<Suite>, now: Moment) -> Result<Self, Stop> {
        let wrong = |problem: Problem| suites::wrong(&problem.into());
        let file = if path.exists() {
            SourceFile::load(path, &path.display().to_string()).map_err(wrong)?
        } else {
            SourceFile::new(path.display().to_string(), "")
        };
        let entries = if without_entries(&file.text) {
            Vec::new()
        } else {
            known::entries(&file, &all, now, Reasons::ToFill)?
        };
        let spans = spans(&entries);
        if !editable(&file.text, &spans) {
            let first = spans.first().copied().unwrap_or_default();
            return Err(wrong(Problem {
                code: "not-editable",
                place: Place::new(&file, first),
                found: "--write-known adds to a list whose entries stand on lines of their own"
                    .to_owned(),
                label: "this one does not".to_owned(),
                help: Some("begin each entry on a line of its own with `- `".to_owned()),
            }));
        }
        let mut suites_of: BTreeMap<&str, usize> = BTreeMap::new();
        for clause in all.iter().flat_map(|suite| &suite.contract.clauses) {
            *suites_of.entry(&clause.id).or_default() += 1;
        }
        let shared = suites_of
            .into_iter()
            .filter(|(_, suites)| *suites > 1)
            .map(|(id, _)| id.to_owned())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            file,
            entries,
            tally: Tally::default(),
            shared,
            all,
            now,
        })
    }

    fn write(self, report: &Report, strictness: Strictness) -> Result<(), Stop> {
        let new = report::new_known(report, &self.entries, strictness, &self.shared);
        let stale: Vec<usize> = (0..self.entries.len())
            .filter(|at| self.tally.stale(*at))
            .collect();
        let shown = self.path.display();
        if new.is_empty() && stale.is_empty() {
            say(&format!(
                "`{shown}` is left as it was: nothing in it changes\n"
            ));
            return Ok(());
        }
        let text = edited(&self.file.text, &spans(&self.entries), &stale, &new);
        self.holds(&text, &stale, &new)?;
        reports::to_file(&self.path, &text)?;
        for at in &stale {
            say(&format!(
                "taken out, for it now conforms: {}\n",
                name(&self.entries[*at].of)
            ));
        }
        say(&format!(
            "`{shown}`: {} added, {} taken out",
            counted(new.len(), "difference"),
            stale.len()
        ));
        say(if new.is_empty() {
            "\n"
        } else {
            "; say in each `reason` why it is so\n"
        });
        Ok(())
    }

    /// Looks whether the text holds what it is to hold: a file that somebody wrote is not put at risk.
    fn holds(&self, text: &str, stale: &[usize], new: &[NewKnown]) -> Result<(), Stop> {
        let kept = self
            .entries
            .iter()
            .enumerate()
            .filter(|(at, _)| !stale.contains(at))
            .map(|(_, entry)| (&entry.of, entry.reason.as_str()));
        let wanted: Vec<_> = kept.chain(new.iter().map(|new| (&new.of, ""))).collect();
        let file = SourceFile::new(self.file.path.clone(), text);
        let read = known::entries(&file, &self.all, self.now, Reasons::ToFill);
        let same = read.is_ok_and(|read| {
            read.iter()
                .map(|entry| (&entry.of, entry.reason.as_str()))
                .eq(wanted)
        });
        if same {
            return Ok(());
        }
        Err(Stop::could_not(format!(
            "`{}` cannot be edited line by line, and is left as it was; is there an alias in it, or a second document?",
            self.path.display()
        )))
    }
}

fn spans(entries: &[Known]) -> Vec<Span> {
    entries.iter().map(|entry| entry.place.span).collect()
}

/// Whether there is nothing but comments.
fn without_entries(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
}

fn name(of: &KnownOf) -> &str {
    match of {
        KnownOf::Scenario(name) | KnownOf::Clause(name) => name,
    }
}
