//! Reports: written, read again, joined and compared.

use super::{
    args::{CompareArgs, Global, MergeArgs},
    out::{self, Stop, data, say},
    values::{ReportKind, ReportTo},
};
use crate::report::{self, Exit, Report};
use std::{
    fs::{self, OpenOptions},
    path::Path,
};

/// Joins reports into one, written as is asked for.
pub(crate) fn merge(args: &MergeArgs, global: Global) -> Result<Exit, Stop> {
    let reports = args
        .files
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>, _>>()?;
    writable(&args.report)?;
    let whole = report::merge(reports).ok_or_else(|| Stop::input("name a report"))?;
    tell(&whole, &args.report, global)
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
        Some(1) => serde_json::from_str(&text).map_err(|error| wrong(&error)),
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
    let on_stdout = write(report, to)?;
    let style = if on_stdout {
        out::style(global.color, out::stderr_is_terminal())
    } else {
        out::style(global.color, out::stdout_is_terminal())
    };
    let summary = report::summary(report, style, global.verbose > 0);
    if on_stdout {
        say(&summary);
    } else {
        data(&summary)?;
    }
    Ok(Exit::of_code(report.exit).unwrap_or(Exit::CouldNotRun))
}

/// Looks before anything is sent whether every report can be written.
pub(crate) fn writable(reports: &[ReportTo]) -> Result<(), Stop> {
    for file in reports.iter().filter_map(|to| to.file.as_ref()) {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .map_err(|error| Stop::input(format!("cannot write `{}`: {error}", file.display())))?;
    }
    Ok(())
}

/// Writes the reports that were asked for; tells whether one went to standard output.
fn write(report: &Report, reports: &[ReportTo]) -> Result<bool, Stop> {
    let mut on_stdout = false;
    for to in reports {
        let text = match to.kind {
            ReportKind::Json => json(report),
            ReportKind::Junit => report::junit(report),
            ReportKind::Github => report::github(report),
            ReportKind::Markdown => report::markdown(report),
        };
        match &to.file {
            None => {
                on_stdout = true;
                data(&text)?;
            }
            Some(file) => to_file(file, &text)?,
        }
    }
    Ok(on_stdout)
}

fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

/// Writes a report's file.
pub(crate) fn to_file(file: &Path, text: &str) -> Result<(), Stop> {
    fs::write(file, text)
        .map_err(|error| Stop::could_not(format!("cannot write `{}`: {error}", file.display())))
}
