//! Which suites are meant: embedded ones by name, folders and files by path.

use super::{args::Where, check_options::no_such, out, out::Stop, values::Pair};
use crate::{
    api::forms::kind,
    contract::Contract,
    mock::{Documented, Kind, Model},
    scenario::{self, Suite},
    source::{Look, Node, Problem, Problems, SourceFile, nearest},
    suite::{SuiteFiles, embedded_ids},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A suite, and what of it is asked for. Nothing is read yet.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Tells suites of the same id apart: where it is.
    key: String,
    pub(crate) files: SuiteFiles,
    /// Prefixes of ids: whole ones, or folders. None: everything.
    only: Option<Vec<String>>,
    /// Files elsewhere that belong to it by their `contract:`.
    loose: Vec<Arc<SourceFile>>,
}

/// What the names mean; all suites where there is none.
pub(crate) fn asked(names: &[String], place: &Where) -> Result<Vec<Asked>, Stop> {
    if let Some(root) = place.scenarios.as_ref().filter(|root| !root.is_dir()) {
        return Err(Stop::input(format!(
            "there is no folder `{}` of scenarios",
            root.display()
        )));
    }
    let mut all: Vec<Asked> = Vec::new();
    let mut found = if names.is_empty() {
        every(place)?
    } else {
        Vec::new()
    };
    for name in names {
        found.extend(meant(name, place)?);
    }
    for one in found {
        match all.iter_mut().find(|known| known.key == one.key) {
            Some(known) => {
                known.loose.extend(one.loose);
                known.only = match (known.only.take(), one.only) {
                    (Some(mut mine), Some(more)) => {
                        mine.extend(more);
                        Some(mine)
                    }
                    _ => None,
                };
            }
            None => all.push(one),
        }
    }
    Ok(all)
}

/// Reads what is asked for.
pub(crate) fn read(asked: &[Asked]) -> Result<Vec<Suite>, Stop> {
    let mut problems = Problems::default();
    let mut suites = Vec::new();
    for one in asked {
        match read_one(one) {
            Ok(suite) => suites.push(suite),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        return Ok(suites);
    }
    Err(wrong(&problems))
}

/// Suites by name, read whole.
pub(crate) fn named(names: &[String], place: &Where) -> Result<Vec<Suite>, Stop> {
    read(&asked(names, place)?)
}

/// The ids of all suites.
pub(crate) fn ids(place: &Where) -> Result<Vec<String>, Stop> {
    Ok(asked(&[], place)?
        .into_iter()
        .map(|one| one.files.id)
        .collect())
}

/// The files on disk that the suites are read from.
pub(crate) fn files(names: &[String], place: &Where) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for one in asked(names, place)? {
        files.extend(one.files.on_disk());
        files.extend(one.loose.iter().map(|file| PathBuf::from(&file.path)));
    }
    Ok(files)
}

/// The contract of one suite.
pub(crate) fn contract(name: &str, place: &Where) -> Result<Contract, Stop> {
    let asked = asked(&[name.to_owned()], place)?;
    match asked.as_slice() {
        [one] => one.files.contract().map_err(|problems| wrong(&problems)),
        _ => Err(Stop::input(format!("`{name}` is more than one suite"))),
    }
}

/// The traits of a target: those that are given, else the contract's defaults.
pub(crate) fn traits(contract: &Contract, set: &[Pair]) -> Result<BTreeMap<String, String>, Stop> {
    let mut traits: BTreeMap<String, String> = contract
        .traits
        .iter()
        .map(|(name, declared)| (name.clone(), declared.default.clone()))
        .collect();
    for (name, value) in set {
        let Some(declared) = contract.traits.get(name) else {
            let known: Vec<&str> = contract.traits.keys().map(String::as_str).collect();
            return Err(no_such("trait", name, &known));
        };
        if !declared.values.is_empty() && !declared.values.contains(value) {
            return Err(Stop::input(format!(
                "`{value}` is no value of the trait `{name}`, which is one of {}",
                declared.values.join(", ")
            )));
        }
        traits.insert(name.clone(), value.clone());
    }
    Ok(traits)
}

/// Looks whether the contract knows every variable that is given.
pub(crate) fn known_vars(contract: &Contract, vars: &[Pair]) -> Result<(), Stop> {
    let known: Vec<&str> = contract
        .vars
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    match vars
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, _)) => Err(no_such("variable", name, &known)),
        None => Ok(()),
    }
}

/// A suite without a mock of its own, served from its documented replies; or the mock of the folder's suite.
///
/// `set` are the traits that it is to have, where it is served from its documents.
pub(crate) fn served(name: &str, set: &[Pair], place: &Where) -> Result<Served, Stop> {
    if let Some(kind) = kind(name).filter(|_| place.scenarios.is_none()) {
        return Ok(Served::Kind(kind));
    }
    let asked = asked(&[name.to_owned()], place)?;
    let [one] = asked.as_slice() else {
        return Err(Stop::input(format!("`{name}` is more than one suite")));
    };
    if let Some(kind) = kind(&one.files.id) {
        return Ok(Served::Kind(kind));
    }
    let contract = one.files.contract().map_err(|problems| wrong(&problems))?;
    let traits = traits(&contract, set)?;
    let model = Documented::new(Arc::new(contract), traits);
    Ok(Served::Documented(Arc::new(model)))
}

/// What answers for a suite.
pub(crate) enum Served {
    Kind(&'static Kind),
    Documented(Arc<dyn Model>),
}

/// All mistakes as one reason to stop.
pub(crate) fn wrong(problems: &Problems) -> Stop {
    let terminal = out::stderr_is_terminal();
    let look = Look {
        unicode: terminal,
        color: terminal && out::colour_wanted(),
        ..Look::PLAIN
    };
    let number = match problems.len() {
        1 => "1 mistake".to_owned(),
        several => format!("{several} mistakes"),
    };
    Stop::input(format!(
        "{number} in the input; nothing was sent\n\n{}",
        problems.render(look)
    ))
}

fn read_one(asked: &Asked) -> Result<Suite, Problems> {
    let wanted = |id: &str| match &asked.only {
        None => true,
        Some(only) => only.iter().any(|prefix| below(id, prefix)),
    };
    let mut suite = asked.files.read_only(wanted)?;
    let mut problems = Problems::default();
    for file in &asked.loose {
        let path = Path::new(&file.path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let id = format!("{}/{stem}", suite.contract.id);
        let (scenario, more) =
            scenario::read(file, &id, path.parent(), &suite.contract, &suite.sequences);
        problems.extend(more);
        suite.scenarios.extend(scenario.map(Arc::new));
    }
    if problems.is_empty() {
        Ok(suite)
    } else {
        Err(problems)
    }
}

fn below(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn every(place: &Where) -> Result<Vec<Asked>, Stop> {
    let Some(folder) = &place.scenarios else {
        return Ok(embedded_ids().into_iter().filter_map(embedded).collect());
    };
    below_folder(folder)
}

fn embedded(id: &str) -> Option<Asked> {
    Some(Asked {
        key: format!("<embedded>/{id}"),
        files: SuiteFiles::embedded(id)?,
        only: None,
        loose: Vec::new(),
    })
}

/// A suite by its id: of the folder that stands in place of those in the program, or else of those.
fn known(id: &str, place: &Where) -> Result<Option<Asked>, Stop> {
    let Some(root) = &place.scenarios else {
        return Ok(embedded(id));
    };
    let below = root.join(id);
    if is_suite(&below) {
        return in_folder(&below).map(Some);
    }
    if is_suite(root) {
        return in_folder(root).map(|asked| Some(asked).filter(|asked| asked.files.id == id));
    }
    Ok(None)
}

/// The suite in a folder, or all suites in folders of it.
fn below_folder(folder: &Path) -> Result<Vec<Asked>, Stop> {
    if is_suite(folder) {
        return Ok(vec![in_folder(folder)?]);
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| Stop::input(format!("cannot list `{}`: {error}", folder.display())))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| is_suite(path))
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(Stop::input(format!(
            "`{}` is no suite: it has no contract.yaml, and no folder of it has one",
            folder.display()
        )));
    }
    folders.iter().map(|folder| in_folder(folder)).collect()
}

fn in_folder(folder: &Path) -> Result<Asked, Stop> {
    let shown = folder.display().to_string();
    let files = SuiteFiles::folder(folder, &shown).map_err(|problems| wrong(&problems))?;
    Ok(Asked {
        key: shown,
        files,
        only: None,
        loose: Vec::new(),
    })
}

fn is_suite(folder: &Path) -> bool {
    folder.join("contract.yaml").is_file()
}

/// What one name means.
fn meant(name: &str, place: &Where) -> Result<Vec<Asked>, Stop> {
    if let Some(asked) = part(name, |suite| known(suite, place))? {
        return Ok(vec![asked]);
    }
    if place.scenarios.is_some() && embedded(name.split('/').next().unwrap_or_default()).is_some() {
        // A suite of the program by its name, where the folder stands in its place.
        return Err(unknown(name, place));
    }
    let path = Path::new(name);
    if path.is_dir() {
        return match suite_above(path) {
            Some(suite) if suite != path => Ok(vec![within(&suite, path)?]),
            _ => below_folder(path),
        };
    }
    if path.is_file() {
        return match suite_above(path) {
            Some(suite) => Ok(vec![within(&suite, path)?]),
            None => Ok(vec![loose(path, place)?]),
        };
    }
    Err(unknown(name, place))
}

/// `SUITE`, or `SUITE/area` or `SUITE/area/name` of a suite that is known.
fn part(
    name: &str,
    suite: impl Fn(&str) -> Result<Option<Asked>, Stop>,
) -> Result<Option<Asked>, Stop> {
    let name = name.trim_end_matches('/');
    let first = name.split('/').next().unwrap_or_default();
    if first.is_empty() || first == "." || first == ".." {
        return Ok(None);
    }
    let Some(mut asked) = suite(first)? else {
        return Ok(None);
    };
    if name != first {
        let ids = asked.files.scenario_ids();
        if !ids.iter().any(|id| below(id, name)) {
            let known: Vec<&str> = ids.iter().map(String::as_str).collect();
            let hint = nearest(name, &known).map_or_else(
                || "`wireproof list` names all".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Stop::input(format!(
                "there is no scenario `{name}`; {hint}"
            )));
        }
        asked.only = Some(vec![name.to_owned()]);
    }
    Ok(Some(asked))
}

/// The nearest folder above a path (or the path itself) that is a suite.
fn suite_above(path: &Path) -> Option<PathBuf> {
    if path.is_dir() && is_suite(path) {
        return Some(path.to_owned());
    }
    let mut above: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
    if path.is_relative() {
        // A path as typed ends at the folder we are in.
        if let Some(last) = above.last_mut().filter(|last| last.as_os_str().is_empty()) {
            *last = PathBuf::from(".");
        }
    }
    above.into_iter().take(16).find(|folder| is_suite(folder))
}

/// A file or folder of a suite.
fn within(suite: &Path, path: &Path) -> Result<Asked, Stop> {
    let mut asked = in_folder(suite)?;
    let inner = path.strip_prefix(suite).unwrap_or(path);
    let inner = inner.to_string_lossy().replace('\\', "/");
    if !matches!(inner.as_str(), "contract.yaml" | "steps.yaml") {
        let id = format!(
            "{}/{}",
            asked.files.id,
            inner.trim_end_matches(".yaml").trim_end_matches('/')
        );
        if !asked
            .files
            .scenario_ids()
            .iter()
            .any(|known| below(known, &id))
        {
            return Err(Stop::input(format!(
                "`{}` is no scenario: its name must end in .yaml",
                path.display()
            )));
        }
        asked.only = Some(vec![id]);
    }
    Ok(asked)
}

/// A file that is in no suite: it belongs to that of its `contract:`.
fn loose(path: &Path, place: &Where) -> Result<Asked, Stop> {
    let shown = path.display().to_string();
    let file = SourceFile::load(path, &shown).map_err(|problem| wrong(&problem.into()))?;
    let mut problems = Problems::default();
    let root = Node::parse(&file, &mut problems);
    let Some(root) = root.filter(|_| problems.is_empty()) else {
        return Err(wrong(&problems));
    };
    let Some(contract) = root.get("contract").and_then(Node::as_scalar) else {
        let mut problem = Problem::of_file(
            &file,
            "no-contract",
            "the file is in no suite and names none",
        );
        problem.help = Some(
            "begin it with `contract: SUITE`, or move it below a folder with a contract.yaml"
                .to_owned(),
        );
        return Err(wrong(&problem.into()));
    };
    let id = contract.text.as_str();
    let mut asked = known(id, place)?.ok_or_else(|| {
        let mut stop = unknown(id, place);
        stop.message = format!(
            "{}: it is of the suite `{id}`; {}; say where that suite is with `--scenarios FOLDER`",
            path.display(),
            stop.message
        );
        stop
    })?;
    asked.only = Some(Vec::new());
    asked.loose.push(file);
    Ok(asked)
}

fn unknown(name: &str, place: &Where) -> Stop {
    let known: Vec<String> = match &place.scenarios {
        None => embedded_ids().into_iter().map(ToOwned::to_owned).collect(),
        Some(_) => every(place)
            .map(|all| all.into_iter().map(|one| one.files.id).collect())
            .unwrap_or_default(),
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is no suite there".to_owned(),
        None => format!("suites are {}", known.join(", ")),
    };
    let among = place
        .scenarios
        .as_ref()
        .map_or_else(String::new, |root| format!(" in `{}`", root.display()));
    Stop::input(format!(
        "there is no suite{among} and no file `{name}`; {hint}"
    ))
}
