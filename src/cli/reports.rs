//! Reports: written, read again, joined and compared.

use super::{
    args::{CompareArgs, Global, MergeArgs},
    out::{self, Stop, data, say},
    values::{ReportKind, ReportTo},
};
use crate::report::{self, Exit, Report, Style};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process,
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

/// Looks before anything is sent whether every report can be written, each to a place of its own. Leaves no file behind.
pub(crate) fn writable(reports: &[ReportTo]) -> Result<(), Stop> {
    if reports.iter().filter(|to| to.file.is_none()).count() > 1 {
        return Err(Stop::input("only one report can go to standard output"));
    }
    let mut places = BTreeSet::new();
    for file in reports.iter().filter_map(|to| to.file.as_ref()) {
        if can_write(file)? && !places.insert(whole(file)) {
            return Err(Stop::input(format!(
                "two reports cannot go to one file, `{}`",
                file.display()
            )));
        }
    }
    Ok(())
}

/// Looks whether no report would replace a file that the run is given for something else: the option's name, its file.
pub(crate) fn spare<'a>(
    reports: &[ReportTo],
    given: impl IntoIterator<Item = (&'a str, &'a Path)>,
) -> Result<(), Stop> {
    let places: BTreeSet<PathBuf> = reports
        .iter()
        .filter_map(|to| Some(whole(to.file.as_ref()?)))
        .collect();
    for (option, file) in given {
        if places.contains(&whole(file)) {
            return Err(Stop::input(format!(
                "`{}` is the file of {option}, and a report would replace it; name another file",
                file.display()
            )));
        }
    }
    Ok(())
}

/// The reports without those that would replace a file that the run worked from: of a run in which nothing ran.
pub(crate) fn without<'a>(
    reports: &[ReportTo],
    from: &[&'a Path],
) -> (Vec<ReportTo>, Vec<&'a Path>) {
    let kept: Vec<&Path> = from
        .iter()
        .filter(|file| {
            let place = whole(file);
            reports
                .iter()
                .filter_map(|to| to.file.as_ref())
                .any(|to| whole(to) == place)
        })
        .copied()
        .collect();
    let spared = |to: &&ReportTo| {
        !to.file
            .as_ref()
            .is_some_and(|file| kept.iter().any(|kept| whole(kept) == whole(file)))
    };
    (reports.iter().filter(spared).cloned().collect(), kept)
}

/// Looks whether a file can be written, and whether it is one: not a device or a pipe. Leaves no file behind.
pub(crate) fn can_write(file: &Path) -> Result<bool, Stop> {
    let wrong = |error| Stop::input(format!("cannot write `{}`: {error}", file.display()));
    match fs::metadata(file) {
        // What may be written there shows when it is.
        Ok(there) if !there.is_file() && !there.is_dir() => return Ok(false),
        Ok(_) => drop(OpenOptions::new().append(true).open(file).map_err(wrong)?),
        Err(_) => {
            OpenOptions::new()
                .append(true)
                .create(true)
                .open(file)
                .map_err(wrong)?;
            // Where it stays, it is only empty until it is written. Behind a link that leads nowhere the link is kept.
            let _ = fs::remove_file(whole(file));
        }
    }
    Ok(true)
}

/// The one path of a file that may not be there yet, behind all links.
fn whole(file: &Path) -> PathBuf {
    // As many links as Linux follows.
    let mut file = file.to_owned();
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&file) else {
            break;
        };
        file = file.parent().unwrap_or(Path::new("")).join(next);
    }
    let file = file.as_path();
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::canonicalize(file)
        .or_else(|_| {
            fs::canonicalize(folder).map(|folder| match file.file_name() {
                Some(name) => folder.join(name),
                None => folder,
            })
        })
        .unwrap_or_else(|_| file.to_owned())
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
    use super::{ReportKind, ReportTo, spare, without, writable};
    use std::path::{Path, PathBuf};

    fn to(file: PathBuf) -> ReportTo {
        ReportTo {
            kind: ReportKind::Json,
            file: Some(file),
        }
    }

    #[test]
    fn no_report_replaces_a_file_that_is_given_for_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known.yaml");
        let same = folder.path().join(".").join("known.yaml");
        for there in [false, true] {
            if there {
                std::fs::write(&known, "[]").unwrap();
            }
            let given = [("--known", known.as_path())];
            let stop = spare(&[to(same.clone())], given).unwrap_err();
            assert!(stop.message.contains("--known"), "{}", stop.message);
            assert!(spare(&[to(folder.path().join("other"))], given).is_ok());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_the_file_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (link, there) = (folder.path().join("link"), folder.path().join("there"));
        std::os::unix::fs::symlink("there", &link).unwrap();
        assert!(writable(&[to(link.clone()), to(there.clone())]).is_err());
        assert!(writable(&[to(link.clone())]).is_ok());
        assert!(link.is_symlink(), "looking took the link away");
        assert!(!there.exists(), "looking left a file behind");
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
