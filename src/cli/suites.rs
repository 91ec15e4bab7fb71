//! Which suites are meant: embedded ones by name, folders and files by path.

use super::{args::Where, out::Stop};
use crate::{
    mock::{Kind, Model},
    scenario::Suite,
    source::nearest,
    suite::embedded_ids,
};
use std::sync::Arc;

/// The mocks that come with the project.
const KINDS: [&Kind; 2] = [&crate::bits_upload::KIND, &crate::hpc_pack::KIND];

/// The mock of a suite, where it has one of its own.
pub(crate) fn kind(suite: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.suite == suite)
}

pub(crate) fn named(_names: &[String], _place: &Where) -> Result<Vec<Suite>, Stop> {
    Err(Stop::could_not("not built yet"))
}

pub(crate) fn documented(suite: &str, _place: &Where) -> Result<Arc<dyn Model>, Stop> {
    Err(unknown(suite))
}

fn unknown(suite: &str) -> Stop {
    let known = embedded_ids();
    let hint = nearest(suite, &known).map_or_else(
        || format!("suites are {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Stop::input(format!("there is no suite and no file `{suite}`; {hint}"))
}
