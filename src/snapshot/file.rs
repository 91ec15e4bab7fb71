use std::{
    fmt::Write,
    io,
    path::{Path, PathBuf},
};

/// The head of a snapshot file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The scenario file, as it is shown.
    pub source: String,
    /// The title of the scenario.
    pub title: String,
    /// The contract.
    pub contract: String,
    /// The clauses that its steps prove, sorted.
    pub clauses: Vec<String>,
}

/// A snapshot that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file is there and cannot be read.
    #[error("cannot read snapshot {path}: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is no snapshot in insta's format.
    #[error("{0} is no snapshot: it has no head between two lines `---`")]
    NoHead(String),
}

/// Where the snapshot of a scenario, or of one of its rows, stands: `ROOT/<suite>/<area>/<name>[@row].snap`.
///
/// Characters of a row's name that are no part of a file name become `-`.
#[must_use]
pub fn path(root: &Path, id: &str) -> PathBuf {
    let mut path = root.to_owned();
    let (scenario, row) = match id.split_once('@') {
        Some((scenario, row)) => (scenario, Some(row)),
        None => (id, None),
    };
    let mut parts: Vec<_> = scenario
        .split('/')
        .filter(|part| !part.is_empty() && *part != "." && *part != "..")
        .collect();
    let name = parts.pop().unwrap_or("snapshot");
    path.extend(parts);
    path.push(format!("{}.snap", file_name(name, row)));
    path
}

fn file_name(name: &str, row: Option<&str>) -> String {
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect()
    };
    match row {
        Some(row) => format!("{}@{}", clean(name), clean(row)),
        None => clean(name),
    }
}

/// Reads a snapshot; nothing where there is no such file.
///
/// # Errors
/// There is one, and it cannot be read.
pub fn read(path: &Path) -> Result<Option<String>, SnapshotError> {
    let unreadable = |why: String| SnapshotError::Unreadable {
        path: path.to_owned(),
        why,
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(_) => {}
    }
    // Insta would take blanks off the end, which a body may have.
    let file = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let text = contents(&file).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(text))
}

/// The text of a snapshot file that is in memory.
///
/// # Errors
/// It has no head.
pub fn contents(file: &str) -> Result<String, SnapshotError> {
    let file = file.replace("\r\n", "\n");
    file.strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map(|(_, contents)| normal(contents))
        .ok_or_else(|| {
            SnapshotError::NoHead(file.lines().next().unwrap_or("an empty file").to_owned())
        })
}

/// As insta compares: no line ends of another system, none around the whole.
pub(super) fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").trim_matches('\n').to_owned()
}

impl Header {
    /// A whole file in insta's format.
    #[must_use]
    pub fn write(&self, text: &str) -> String {
        let mut out = String::from("---\n");
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = writeln!(out, "source: {}", quoted(&self.source));
        let _ = writeln!(out, "description: {}", quoted(&self.title));
        let _ = writeln!(out, "info:\n  contract: {}", quoted(&self.contract));
        if self.clauses.is_empty() {
            let _ = writeln!(out, "  clauses: []");
        } else {
            let _ = writeln!(out, "  clauses:");
            for clause in &self.clauses {
                let _ = writeln!(out, "    - {}", quoted(clause));
            }
        }
        let _ = write!(out, "---\n{}\n", normal(text));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, contents, normal, path, read};
    use proptest::prelude::{any, prop, proptest};
    use rstest::rstest;
    use std::path::Path;

    #[rstest]
    #[case("bits-upload/fragment/gap", "s/bits-upload/fragment/gap.snap")]
    #[case(
        "bits-upload/fragment/gap@FRAGMENT",
        "s/bits-upload/fragment/gap@FRAGMENT.snap"
    )]
    #[case("a/b@kind=x y/..", "s/a/b@kind-x-y-...snap")]
    #[case("../../a/b", "s/a/b.snap")]
    fn a_snapshot_stands_where_its_scenario_stands(#[case] id: &str, #[case] expected: &str) {
        assert_eq!(path(Path::new("s"), id), Path::new(expected));
    }

    #[test]
    fn what_is_written_is_read_again_by_insta_and_by_us() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.snap");
        let header = Header {
            source: "scenarios/a/b.yaml".to_owned(),
            title: "A \"title\": with signs".to_owned(),
            contract: "a".to_owned(),
            clauses: vec!["x.y".to_owned(), "{operation}.z".to_owned()],
        };
        let text = "--- step a\nHTTP/1.1 200 OK\n\n---\n{\n}\n";
        let written = header.write(text);
        std::fs::write(&file, &written).expect("written");
        let read = read(&file).expect("readable").expect("there");
        assert_eq!(read, text.trim_end());
        assert_eq!(contents(&written).expect("a head"), read);
        let snapshot = insta::Snapshot::from_file(&file).expect("insta reads it");
        assert_eq!(snapshot.metadata().source(), Some("scenarios/a/b.yaml"));
        assert_eq!(
            snapshot.metadata().description(),
            Some("A \"title\": with signs")
        );
    }

    #[test]
    fn no_file_is_no_snapshot_and_a_file_without_head_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(read(&folder.path().join("no.snap")), Ok(None)));
        assert!(read(folder.path()).is_err());
        let beneath_a_file = folder.path().join("file");
        std::fs::write(&beneath_a_file, "x").expect("written");
        assert!(read(&beneath_a_file.join("no.snap")).is_err());
        assert!(contents("HTTP/1.1 200 OK\n").is_err());
        assert!(contents("").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(
            (source, title, contract) in any::<(String, String, String)>(),
            clauses in prop::collection::vec(any::<String>(), 0..4),
            text in "(---|[a-z: ]|\r?\n|\\PC){0,30}",
        ) {
            let header = Header { source, title, contract, clauses };
            let written = header.write(&text);
            assert_eq!(contents(&written).expect("a head"), normal(&text), "{written:?}");
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("x.snap");
            std::fs::write(&file, &written).expect("written");
            assert_eq!(read(&file).expect("readable").expect("there"), normal(&text), "{written:?}");
            let snapshot = insta::Snapshot::from_file(&file).expect("insta reads it");
            // Insta tells an empty text as none.
            assert_eq!(snapshot.metadata().source().unwrap_or_default(), header.source);
            assert_eq!(snapshot.metadata().description().unwrap_or_default(), header.title);
            // What was read is written as it was.
            assert_eq!(header.write(&contents(&written).expect("a head")), written);
        }
    }
}
