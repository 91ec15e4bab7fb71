use super::{Clock, Fault, Ids, Model};
use std::{path::PathBuf, str::FromStr, sync::Arc};

/// One setting of a mock, as `--help-settings` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `kebab-case`, as in `--set NAME=VALUE`.
    pub name: &'static str,
    /// What may stand for VALUE: `reject | trim`, `bytes`, `seconds`, `FILE`.
    pub values: &'static str,
    /// The value without `--set`.
    pub default: &'static str,
    /// What it does, one sentence.
    pub says: &'static str,
}

/// One deliberate deviation of a mock from its contract, switched on by name.
#[derive(Clone, Copy, Debug)]
pub struct Quirk {
    /// `kebab-case`, named after what goes wrong.
    pub id: &'static str,
    /// What the server does then, one sentence.
    pub says: &'static str,
}

/// Everything a mock is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Settings by name, later ones win.
    pub set: Vec<(String, String)>,
    /// Quirks by id.
    pub quirks: Vec<String>,
    /// Its time.
    pub clock: Clock,
    /// Its ids.
    pub ids: Ids,
    /// The folder it keeps its state in; none: in memory.
    pub data_dir: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            set: Vec::new(),
            quirks: Vec::new(),
            clock: Clock::system(),
            ids: Ids::random(),
            data_dir: None,
        }
    }
}

/// A mock that comes with the project: its name, what can be set, and how to start it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The id of its suite and contract.
    pub suite: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
    /// Its quirks.
    pub quirks: &'static [Quirk],
    /// The documented faults that its model can tell on cue.
    pub faults: &'static [Fault],
    /// Builds the model.
    pub start: fn(&Options) -> Result<Arc<dyn Model>, SettingError>,
}

/// A setting or quirk that does not exist or has no such value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such setting.
    #[error("`{suite}` has no setting `{name}`{}", hint(.nearest))]
    UnknownSetting {
        /// The mock's suite.
        suite: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<&'static str>,
    },
    /// The setting has no such value.
    #[error("`{value}` is no value of the setting `{name}`, which takes {values}")]
    BadValue {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: String,
        /// What it takes.
        values: &'static str,
    },
    /// No such quirk.
    #[error("`{suite}` has no quirk `{id}`{}", hint(.nearest))]
    UnknownQuirk {
        /// The mock's suite.
        suite: &'static str,
        /// What was asked for.
        id: String,
        /// The nearest that exists.
        nearest: Option<&'static str>,
    },
    /// The folder or a file that a setting names cannot be used.
    #[error("cannot use `{path}`: {why}")]
    Path {
        /// The path as given.
        path: String,
        /// What the system said.
        why: String,
    },
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(
        || "; `--help-settings` lists all".to_owned(),
        |name| format!("; did you mean `{name}`?"),
    )
}

/// The number that a limit is set to; none where that lets nothing through.
pub(crate) fn read_limit<N: FromStr + Default + PartialEq>(value: &str) -> Option<N> {
    let number = value.parse().ok();
    number.filter(|number| *number != N::default())
}

/// The name nearest to what was typed, where one is near enough.
pub(crate) fn nearest(
    typed: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
