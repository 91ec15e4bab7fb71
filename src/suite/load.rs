use super::{embedded_files, embedded_ids};
use crate::{
    contract::{self, Contract},
    scenario::{self, Sequence, Suite},
    source::{Problem, Problems, SourceFile},
};
use indexmap::IndexMap;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

const CONTRACT: &str = "contract.yaml";
const STEPS: &str = "steps.yaml";
/// Folders within each other below a suite: a link that leads back would never end.
const DEPTH: usize = 16;

/// The files of a suite, listed but not read.
#[derive(Clone, Debug)]
pub struct SuiteFiles {
    /// The id: the name of its folder.
    pub id: String,
    /// In front of the paths of files in messages: `scenarios/bits-upload`, `<embedded>/bits-upload`.
    shown: String,
    /// None: it is in the program.
    folder: Option<PathBuf>,
    /// Paths below the folder with `/`, sorted.
    paths: Vec<String>,
}

impl SuiteFiles {
    /// A suite that is in the program.
    #[must_use]
    pub fn embedded(id: &str) -> Option<Self> {
        let known = embedded_ids().into_iter().find(|known| *known == id)?;
        Some(Self {
            id: known.to_owned(),
            shown: format!("<embedded>/{known}"),
            folder: None,
            paths: embedded_files(known)
                .map(|(path, _)| path.to_owned())
                .collect(),
        })
    }

    /// A suite in a folder; `shown` is the folder's path in messages.
    ///
    /// # Errors
    /// The folder cannot be listed, or has no `contract.yaml`.
    pub fn folder(folder: &Path, shown: &str) -> Result<Self, Problems> {
        let problem = |code, found: String| {
            Problems::from(Problem::of_file(&SourceFile::new(shown, ""), code, found))
        };
        if !folder.is_dir() {
            return Err(problem("no-suite", "there is no such folder".to_owned()));
        }
        let mut paths = Vec::new();
        list(folder, "", &mut BTreeSet::new(), &mut paths).map_err(|error| {
            problem("unreadable-folder", format!("it cannot be listed: {error}"))
        })?;
        paths.sort();
        let misnamed: Vec<Problem> = paths
            .iter()
            .filter(|path| path.ends_with(".yml"))
            .map(|path| {
                let file = SourceFile::new(format!("{}/{path}", shown.trim_end_matches('/')), "");
                let found = "it would be passed over: the files of a suite end with `.yaml`";
                Problem::of_file(&file, "misnamed-file", found)
            })
            .collect();
        if !misnamed.is_empty() {
            return Err(Problems(misnamed));
        }
        if !paths.iter().any(|path| path == CONTRACT) {
            return Err(problem(
                "no-contract",
                format!("the folder has no {CONTRACT}"),
            ));
        }
        let absolute = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            id: name.unwrap_or_else(|| shown.to_owned()),
            shown: shown.trim_end_matches('/').to_owned(),
            folder: Some(folder.to_owned()),
            paths,
        })
    }

    /// Where its files are; none of a suite that is in the program.
    #[must_use]
    pub fn on_disk(&self) -> Vec<PathBuf> {
        let folder = self.folder.iter();
        folder
            .flat_map(|folder| self.paths.iter().map(|path| folder.join(path)))
            .collect()
    }

    /// The ids of its scenarios, sorted: `<suite>/<area>/<name>`.
    #[must_use]
    pub fn scenario_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.scenario_paths().map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    /// Reads the contract, the sequences and every scenario.
    ///
    /// # Errors
    /// Every mistake of every file.
    pub fn read(&self) -> Result<Suite, Problems> {
        self.read_only(|_| true)
    }

    /// As [`SuiteFiles::read`], but of the scenarios only those whose id is asked for: the others are not even opened.
    ///
    /// # Errors
    /// Every mistake of the files that were read.
    pub fn read_only(&self, asked: impl Fn(&str) -> bool) -> Result<Suite, Problems> {
        let contract = self.contract()?;
        let (sequences, mut problems) = self.sequences(&contract);
        let mut scenarios = Vec::new();
        for (id, path) in self.scenario_paths().filter(|(id, _)| asked(id)) {
            match self.file(path) {
                Err(problem) => problems.push(problem),
                Ok(file) => {
                    let folder = self
                        .folder
                        .as_deref()
                        .and_then(|folder| folder.join(path).parent().map(Path::to_owned));
                    let (scenario, more) =
                        scenario::read(&file, &id, folder.as_deref(), &contract, &sequences);
                    problems.extend(more);
                    scenarios.extend(scenario.map(Arc::new));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Suite {
            contract: Arc::new(contract),
            sequences,
            scenarios,
        })
    }

    /// Reads the contract alone.
    ///
    /// # Errors
    /// Every mistake in it; its id is not the name of the folder.
    pub fn contract(&self) -> Result<Contract, Problems> {
        let file = self.file(CONTRACT)?;
        let (contract, mut problems) = contract::read(&file);
        if let Some(contract) = &contract
            && contract.id != self.id
        {
            problems.push(Problem::of_file(
                &file,
                "contract-id",
                format!(
                    "the contract is called `{}`, and its folder `{}`",
                    contract.id, self.id
                ),
            ));
        }
        match contract {
            Some(contract) if problems.is_empty() => Ok(contract),
            _ => Err(problems),
        }
    }

    fn sequences(&self, contract: &Contract) -> (IndexMap<String, Sequence>, Problems) {
        if !self.paths.iter().any(|path| path == STEPS) {
            return (IndexMap::new(), Problems::default());
        }
        match self.file(STEPS) {
            Ok(file) => scenario::read_sequences(&file, contract),
            Err(problem) => (IndexMap::new(), problem.into()),
        }
    }

    /// Ids and paths of the scenarios: every YAML file in a folder below, or beside the contract.
    fn scenario_paths(&self) -> impl Iterator<Item = (String, &str)> {
        self.paths.iter().filter_map(|path| {
            let name = path.strip_suffix(".yaml")?;
            let own = path != CONTRACT && path != STEPS;
            own.then(|| (format!("{}/{name}", self.id), path.as_str()))
        })
    }

    fn file(&self, path: &str) -> Result<Arc<SourceFile>, Problem> {
        let shown = format!("{}/{path}", self.shown);
        if let Some(folder) = &self.folder {
            return SourceFile::load(&folder.join(path), &shown);
        }
        embedded_files(&self.id)
            .find(|(known, _)| *known == path)
            .and_then(|(_, content)| std::str::from_utf8(content).ok())
            .map(|text| SourceFile::new(shown.as_str(), text))
            .ok_or_else(|| {
                Problem::of_file(
                    &SourceFile::new(shown, ""),
                    "no-such-file",
                    "there is no such file in the program",
                )
            })
    }
}

/// The files below a folder, with `/` between names; hidden ones are left out. A folder that links lead to again is not
/// listed a second time, and nothing below 16 folders.
fn list(
    folder: &Path,
    prefix: &str,
    seen: &mut BTreeSet<PathBuf>,
    paths: &mut Vec<String>,
) -> std::io::Result<()> {
    if !seen.insert(fs::canonicalize(folder)?) || prefix.matches('/').count() > DEPTH {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    // Real folders first, so that what a link leads to keeps the name of its own place.
    entries.sort_by_key(|entry| {
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        (link, entry.file_name())
    });
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            list(&path, &format!("{prefix}{name}/"), seen, paths)?;
        } else {
            paths.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::SuiteFiles;
    use crate::{source::Look, suite::embedded_ids};
    use std::fs;

    #[test]
    fn the_suites_in_the_program_have_no_mistake() {
        for id in embedded_ids() {
            let files = SuiteFiles::embedded(id).unwrap();
            let suite = files
                .read()
                .unwrap_or_else(|problems| panic!("{}", problems.render(Look::PLAIN)));
            assert_eq!(suite.scenarios.len(), files.scenario_ids().len());
        }
    }

    #[test]
    fn scenarios_that_are_not_asked_for_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let suite = folder.path().join("greeting");
        fs::create_dir_all(suite.join("hello/.hidden")).unwrap();
        fs::write(
            suite.join("contract.yaml"),
            include_str!("../contract/testdata/whole.yaml"),
        )
        .unwrap();
        fs::write(suite.join("hello/broken.yaml"), "[").unwrap();
        fs::write(suite.join("hello/.hidden/x.yaml"), "[").unwrap();
        let good = "scenario: Hello\ncontract: greeting\nsteps: [{ operation: list-greetings }]\n";
        fs::write(suite.join("hello/good.yaml"), good).unwrap();
        let files = SuiteFiles::folder(&suite, "greeting").unwrap();
        assert_eq!(
            files.scenario_ids(),
            ["greeting/hello/broken", "greeting/hello/good"]
        );
        let read = files.read_only(|id| id.ends_with("good")).unwrap();
        assert_eq!(
            read.scenarios[0].folder.as_deref(),
            Some(suite.join("hello").as_path())
        );
        let problems = files.read().unwrap_err();
        assert!(
            problems
                .to_string()
                .starts_with("greeting/hello/broken.yaml:1:2: this is no YAML"),
            "{problems}"
        );
    }

    #[test]
    fn a_folder_that_is_no_suite_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let problems = SuiteFiles::folder(folder.path(), "x").unwrap_err();
        assert_eq!(problems.to_string(), "x: the folder has no contract.yaml");
        let problems = SuiteFiles::folder(&folder.path().join("none"), "x/none").unwrap_err();
        assert_eq!(problems.to_string(), "x/none: there is no such folder");
    }

    fn suite_folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let suite = folder.path().join("greeting");
        fs::create_dir_all(suite.join("hello")).unwrap();
        let contract = include_str!("../contract/testdata/whole.yaml");
        fs::write(suite.join("contract.yaml"), contract).unwrap();
        let good = "scenario: Hello\ncontract: greeting\nsteps: [{ operation: list-greetings }]\n";
        fs::write(suite.join("hello/good.yaml"), good).unwrap();
        (folder, suite)
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_are_followed_once() {
        let (_folder, suite) = suite_folder();
        for name in ["a", "b", "c"] {
            std::os::unix::fs::symlink(&suite, suite.join("hello").join(name)).unwrap();
        }
        let files = SuiteFiles::folder(&suite, "greeting").unwrap();
        assert_eq!(files.scenario_ids(), ["greeting/hello/good"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let (_folder, suite) = suite_folder();
        std::os::unix::fs::symlink("/dev/zero", suite.join("hello/endless.yaml")).unwrap();
        let files = SuiteFiles::folder(&suite, "greeting").unwrap();
        let problems = files.read().unwrap_err().to_string();
        assert!(
            problems.starts_with("greeting/hello/endless.yaml: this is no regular file"),
            "{problems}"
        );
    }

    #[test]
    fn a_file_that_would_be_passed_over_is_a_problem() {
        let (_folder, suite) = suite_folder();
        fs::write(suite.join("hello/other.yml"), "").unwrap();
        let problems = SuiteFiles::folder(&suite, "greeting").unwrap_err();
        assert!(
            problems
                .to_string()
                .starts_with("greeting/hello/other.yml: it would be passed over"),
            "{problems}"
        );
    }
}
