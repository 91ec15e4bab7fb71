//! The files of a command: what it reads, what it writes, and that no output takes the place of an input.
//!
//! In: options and their files, as they were typed. Out: nothing, or why the command must not begin. It must not know what
//! is in the files.
//!
//! # Why
//! A file is what it is under each of its names: a link, a hard link and another way of writing its path lead to it, too.

use super::out::Stop;
use std::{
    fs::{self, Metadata, OpenOptions},
    path::{Path, PathBuf},
};

/// The files of one command.
#[derive(Debug, Default)]
pub(crate) struct Files {
    read: Vec<(String, PathBuf)>,
    written: Vec<Written>,
}

#[derive(Debug)]
struct Written {
    option: &'static str,
    file: PathBuf,
    /// The options whose file it may replace: the next run goes on from this one.
    over: &'static [&'static str],
}

/// What makes two names one file.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// The device and the number of the file on it.
    #[cfg(unix)]
    Inode(u64, u64),
    /// The path behind all links, of a file that is not there yet.
    Path(PathBuf),
}

impl Files {
    /// The command reads this file, given by that option.
    pub(crate) fn reads(&mut self, option: impl Into<String>, file: &Path) {
        self.read.push((option.into(), file.to_owned()));
    }

    /// The same of an option that may be left out.
    pub(crate) fn may_read(&mut self, option: &str, file: Option<&PathBuf>) {
        if let Some(file) = file {
            self.reads(option, file);
        }
    }

    /// The command writes this file, given by that option.
    pub(crate) fn writes(&mut self, option: &'static str, file: &Path) {
        self.writes_over(option, file, &[]);
    }

    /// The same of a file that may be one that another option reads.
    pub(crate) fn writes_over(
        &mut self,
        option: &'static str,
        file: &Path,
        over: &'static [&'static str],
    ) {
        self.written.push(Written {
            option,
            file: file.to_owned(),
            over,
        });
    }

    /// Looks whether everything can be written, each to a place of its own, and none over what is read. Leaves no file
    /// behind.
    ///
    /// # Errors
    /// What cannot be written, or would replace something.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        let mut read = Vec::new();
        for (option, file) in &self.read {
            read.extend(identity(file).map(|identity| (option, identity)));
        }
        let mut places: Vec<(&Written, Identity)> = Vec::new();
        for written in &self.written {
            let file = written.file.display();
            let Some(place) = identity(&written.file) else {
                continue;
            };
            let given = read.iter().find(|(option, identity)| {
                *identity == place && !written.over.contains(&option.as_str())
            });
            if let Some((option, _)) = given {
                return Err(Stop::input(format!(
                    "`{file}` is the file of {option}, and {} would replace it; name another file",
                    written.option
                )));
            }
            if let Some((other, _)) = places.iter().find(|(_, known)| *known == place) {
                return Err(Stop::input(if other.option == written.option {
                    format!("two reports cannot go to one file, `{file}`")
                } else {
                    format!(
                        "{} and {} cannot go to one file, `{file}`",
                        other.option, written.option
                    )
                }));
            }
            places.push((written, place));
        }
        for written in &self.written {
            can_write(&written.file)?;
        }
        Ok(())
    }
}

/// The files below a folder, as deep as those of a suite may stand.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    const DEPTH: usize = 16;
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !path.is_dir() {
                found.push(path);
            } else if depth < DEPTH {
                folders.push((path, depth + 1));
            }
        }
    }
    found
}

/// Whether two names lead to one file.
pub(crate) fn same_file(one: &Path, other: &Path) -> bool {
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// Looks whether a file can be written. Leaves no file behind.
fn can_write(file: &Path) -> Result<(), Stop> {
    let wrong = |error| Stop::input(format!("cannot write `{}`: {error}", file.display()));
    match fs::metadata(file) {
        // What may be written there shows when it is.
        Ok(there) if !there.is_file() && !there.is_dir() => {}
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
    Ok(())
}

/// None of a device or a pipe, which nothing is lost of.
fn identity(file: &Path) -> Option<Identity> {
    match fs::metadata(file) {
        Ok(there) if there.is_file() => Some(of_file(&there, file)),
        Ok(there) if !there.is_dir() => None,
        _ => Some(Identity::Path(whole(file))),
    }
}

#[cfg(unix)]
fn of_file(there: &Metadata, _: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Identity::Inode(there.dev(), there.ino())
}

#[cfg(not(unix))]
fn of_file(_: &Metadata, file: &Path) -> Identity {
    Identity::Path(whole(file))
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

#[cfg(test)]
mod tests {
    use super::Files;
    use rstest::rstest;
    use std::{fs, path::Path};

    fn refused(read: &Path, written: &Path) -> Option<String> {
        let mut files = Files::default();
        files.reads("--known", read);
        files.writes("--report", written);
        files.check().err().map(|stop| stop.message)
    }

    #[test]
    fn no_output_takes_the_place_of_an_input() {
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known.yaml");
        let same = folder.path().join(".").join("known.yaml");
        for there in [false, true] {
            if there {
                fs::write(&known, "[]").unwrap();
            }
            let why = refused(&known, &same).unwrap();
            assert!(why.contains("--known") && why.contains("--report"), "{why}");
            assert_eq!(refused(&known, &folder.path().join("other")), None);
        }
    }

    #[cfg(unix)]
    #[rstest]
    fn a_file_is_itself_behind_a_link(#[values(false, true)] hard: bool) {
        let folder = tempfile::tempdir().unwrap();
        let (there, other) = (folder.path().join("there"), folder.path().join("link"));
        fs::write(&there, "kept").unwrap();
        if hard {
            fs::hard_link(&there, &other).unwrap();
        } else {
            std::os::unix::fs::symlink(&there, &other).unwrap();
        }
        assert!(refused(&there, &other).is_some());
        assert!(refused(&other, &there).is_some());
        let mut files = Files::default();
        files.writes("--report", &there);
        files.writes("--report", &other);
        let why = files.check().unwrap_err().message;
        assert!(why.starts_with("two reports"), "{why}");
        assert_eq!(fs::read_to_string(&there).unwrap(), "kept");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_the_file_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (link, there) = (folder.path().join("link"), folder.path().join("there"));
        std::os::unix::fs::symlink("there", &link).unwrap();
        let mut files = Files::default();
        files.writes("--report", &link);
        assert!(files.check().is_ok());
        files.writes("--record", &there);
        assert!(files.check().is_err());
        assert!(link.is_symlink(), "looking took the link away");
        assert!(!there.exists(), "looking left a file behind");
    }

    #[test]
    fn what_the_next_run_goes_on_from_may_be_replaced_by_its_like_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        fs::write(&file, "{}").unwrap();
        for (over, refused) in [(&["--failed"][..], false), (&[], true)] {
            let mut files = Files::default();
            files.reads("--failed", &file);
            files.writes_over("--report", &file, over);
            assert_eq!(files.check().is_err(), refused);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_is_lost_of_a_device() {
        assert_eq!(
            refused(Path::new("/dev/null"), Path::new("/dev/null")),
            None
        );
    }
}
