//! `wireproof new`: a suite folder to start from, that passes `check` at once.

use super::out::Stop;
use crate::suite::embedded_ids;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The example suite, which is what a new one begins as.
const FILES: [(&str, &str); 3] = [
    (
        "contract.yaml",
        include_str!("../../examples/greeting/contract.yaml"),
    ),
    (
        "greetings/names-who-was-asked-for.yaml",
        include_str!("../../examples/greeting/greetings/names-who-was-asked-for.yaml"),
    ),
    (
        "languages/known-ones.yaml",
        include_str!("../../examples/greeting/languages/known-ones.yaml"),
    ),
];

/// Writes the files and gives their paths.
///
/// # Errors
/// The folder exists and is not empty, its name is no id, or it cannot be written.
pub(crate) fn write(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let id = folder
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|name| is_id(name))
        .ok_or_else(|| {
            Stop::input(format!(
                "`{}` cannot be a suite: its name becomes the id, so give it small letters, digits and hyphens",
                folder.display()
            ))
        })?;
    if embedded_ids().contains(&id) {
        return Err(Stop::input(format!(
            "`{id}` is a suite of the program, and another of that name would hide behind it: give it another name"
        )));
    }
    let occupied =
        folder.is_file() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Stop::input(format!(
            "`{}` is there already; nothing was written",
            folder.display()
        )));
    }
    let mut written = Vec::new();
    for (path, text) in FILES {
        let file = folder.join(path);
        let text = text
            .replace("contract: greeting\n", &format!("contract: {id}\n"))
            .replace("examples/greeting", &folder.display().to_string());
        file.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| {
                Stop::could_not(format!("cannot write `{}`: {error}", file.display()))
            })?;
        written.push(file);
    }
    Ok(written)
}

fn is_id(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}
