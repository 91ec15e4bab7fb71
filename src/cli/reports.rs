//! Reports: written, read again, joined and compared.

use super::{
    args::{CompareArgs, Global, MergeArgs},
    files::{Files, same_file},
    out::{self, Stop, data, say},
    values::{ReportKind, ReportTo},
};
use crate::report::{self, Exit, Report, Style};
use std::{fs, path::Path, process};

/// Joins reports into one, written as is asked for.
pub(crate) fn merge(args: &MergeArgs, global: Global) -> Result<Exit, Stop> {
    let reports = args
        .files
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut files = Files::default();
    for file in &args.files {
        files.reads("a report to join", file);
    }
    written(&args.output.report, &[], &mut files)?;
    files.check()?;
    let whole = report::merge(reports).ok_or_else(|| Stop::input("name a report"))?;
    tell(&whole, &args.output.report, global)
}

/// Shows where two runs differ: exit 0 where nowhere, 1 where they do, 4 where there was nothing to compare.
pub(crate) fn compare(args: &CompareArgs, global: Global) -> Result<Exit, Stop> {
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let found = report::compare(&first, &second);
    let style = out::style(global.color, out::stdout_is_terminal());
    data(&found.text(style))?;
    Ok(if found.differences() > 0 {
        Exit::Findings
    } else if found.clauses + found.scenarios == 0 {
        Exit::NothingRan
    } else {
        Exit::Conforms
    })
}

/// Reads a report that `--report json=FILE` wrote.
pub(crate) fn read(file: &Path) -> Result<Report, Stop> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Stop::input(format!("{shown}: it cannot be read: {error}")))?;
    let wrong = |error: &serde_json::Error| {
        Stop::input(format!(
            "{shown}:{}:{}: this is no report of `wireproof check`: {error}",
            error.line(),
            error.column()
        ))
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        Some(1) => {
            let read = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
            report::accept(read).map_err(|why| {
                Stop::input(format!(
                    "{shown}: this is no report of `wireproof check`: {why}"
                ))
            })
        }
        Some(other) => Err(Stop::input(format!(
            "{shown}: its `schema` is {other}, and this program reads 1"
        ))),
        None => Err(Stop::input(format!(
            "{shown}: this is no report of `wireproof check`: it has no `schema`"
        ))),
    }
}

/// Writes the reports that are asked for and the summary, and gives the exit.
pub(crate) fn tell(report: &Report, to: &[ReportTo], global: Global) -> Result<Exit, Stop> {
    deliver(
        to,
        Exit::of_code(report.exit).unwrap_or(Exit::CouldNotRun),
        global,
        |kind| match kind {
            ReportKind::Json => json(report),
            ReportKind::Junit => report::junit(report),
            ReportKind::Html => report::html(report),
            ReportKind::Github => report::github(report),
            ReportKind::Markdown => report::markdown(report),
            ReportKind::Har => report::har(report),
        },
        |style| report::summary(report, style, global.verbose > 0),
    )
}

/// Writes the summary and every report; one that cannot be written keeps no other back.
///
/// The summary goes to standard error where a report goes to standard output.
pub(crate) fn deliver(
    to: &[ReportTo],
    exit: Exit,
    global: Global,
    text: impl Fn(ReportKind) -> String,
    summary: impl Fn(Style) -> String,
) -> Result<Exit, Stop> {
    let mut failed = Vec::new();
    let mut done =
        |written: Result<(), Stop>| failed.extend(written.err().map(|stop| stop.message));
    if to.iter().any(|to| to.file.is_none()) {
        say(&summary(out::style(
            global.color,
            out::stderr_is_terminal(),
        )));
    } else {
        let style = out::style(global.color, out::stdout_is_terminal());
        done(data(&summary(style)));
    }
    for to in to {
        let text = text(to.kind);
        done(match &to.file {
            None => data(&text),
            Some(file) => to_file(file, &text),
        });
    }
    if failed.is_empty() {
        return Ok(exit);
    }
    Err(Stop {
        exit: exit.or(Exit::CouldNotRun),
        message: failed.join("\n"),
    })
}

/// Adds the reports to the files of a command. `over`: the options whose JSON report a JSON report may replace.
///
/// # Errors
/// Two of them go to standard output.
pub(crate) fn written(
    reports: &[ReportTo],
    over: &'static [&'static str],
    files: &mut Files,
) -> Result<(), Stop> {
    if reports.iter().filter(|to| to.file.is_none()).count() > 1 {
        return Err(Stop::input("only one report can go to standard output"));
    }
    for to in reports {
        if let Some(file) = &to.file {
            let over = match to.kind {
                ReportKind::Json => over,
                _ => &[],
            };
            files.writes_over("a report", file, over);
        }
    }
    Ok(())
}

/// The reports without those that would replace a file that the run worked from: of a run in which nothing ran.
pub(crate) fn without<'a>(
    reports: &[ReportTo],
    from: &[&'a Path],
) -> (Vec<ReportTo>, Vec<&'a Path>) {
    let replaces =
        |to: &ReportTo, from: &Path| to.file.as_ref().is_some_and(|to| same_file(to, from));
    let kept = from
        .iter()
        .filter(|from| reports.iter().any(|to| replaces(to, from)));
    let spared = |to: &&ReportTo| !from.iter().any(|from| replaces(to, from));
    (
        reports.iter().filter(spared).cloned().collect(),
        kept.copied().collect(),
    )
}

fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

/// Writes a file: whole, or not at all where it can be put in place by its name.
pub(crate) fn to_file(file: &Path, text: &str) -> Result<(), Stop> {
    let written = match fs::symlink_metadata(file) {
        // A link, a device, a file with rights of its own: it stays what it is.
        Ok(_) => fs::write(file, text),
        Err(_) => {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{}.part", process::id()));
            let part = file.with_file_name(name);
            fs::write(&part, text)
                .and_then(|()| fs::rename(&part, file))
                .inspect_err(|_| drop(fs::remove_file(&part)))
        }
    };
    written.map_err(|error| Stop::could_not(format!("cannot write `{}`: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::{ReportKind, ReportTo, without};
    use std::path::{Path, PathBuf};

    fn to(file: PathBuf) -> ReportTo {
        ReportTo {
            kind: ReportKind::Json,
            file: Some(file),
        }
    }

    #[test]
    fn what_a_run_worked_from_is_kept_where_a_report_would_replace_it() {
        let folder = tempfile::tempdir().unwrap();
        let (failed, other) = (folder.path().join("f.json"), folder.path().join("o.json"));
        let reports = [to(failed.clone()), to(other.clone())];
        let (left, kept) = without(&reports, &[&failed, Path::new("durations.json")]);
        assert_eq!(kept, [failed.as_path()]);
        let left: Vec<_> = left.iter().filter_map(|to| to.file.clone()).collect();
        assert_eq!(left, [other]);
    }
}
