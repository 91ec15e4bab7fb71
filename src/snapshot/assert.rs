use super::{Header, compare::compare, file, path};
use crate::{check::Finding, contract::Level};
use insta::internals::Content;
use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Once,
};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

/// Compares with the snapshot through insta's own assertion, so that `cargo insta review` and `INSTA_UPDATE` work: for tests.
///
/// `root` is the absolute path of the folder of all snapshots.
///
/// # Errors
/// What differs, of level `must`. Insta has then written `.snap.new` beside it, or what `INSTA_UPDATE` asks for.
pub fn assert(root: &Path, id: &str, header: &Header, text: &str) -> Result<(), Vec<Finding>> {
    let file = path(root, id);
    let before = file::read(&file);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(file.parent().unwrap_or(root));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(&header.title);
    settings.set_input_file(&header.source);
    let clauses = header.clauses.iter().map(|id| Content::from(id.as_str()));
    settings.set_raw_info(&Content::Map(vec![
        (
            Content::from("contract"),
            Content::from(header.contract.as_str()),
        ),
        (Content::from("clauses"), Content::Seq(clauses.collect())),
    ]));
    let name = file
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let outcome = quietly(|| {
        settings.bind(|| insta::assert_snapshot!(name, text));
    });
    let Err(message) = outcome else {
        return Ok(());
    };
    let mut findings = match before {
        Ok(Some(before)) => compare(&before, text),
        Ok(None) => vec![lone(&file, "nothing: there is no snapshot yet")],
        Err(error) => vec![lone(&file, &error.to_string())],
    };
    if findings.is_empty() {
        findings.push(lone(&file, &message));
    }
    for finding in &mut findings {
        finding.level = Level::Must;
    }
    Err(findings)
}

/// Runs what panics, without the panic's own message between the lines of other tests.
fn quietly(run: impl FnOnce()) -> Result<(), String> {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    outcome.map_err(|payload| {
        payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| {
                payload
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
            })
            .unwrap_or_else(|| "insta's assertion failed".to_owned())
    })
}

fn lone(file: &Path, expected: &str) -> Finding {
    Finding {
        clause: None,
        level: Level::Must,
        step: String::new(),
        place: None,
        step_place: None,
        subject: "snapshot".to_owned(),
        expected: expected.to_owned(),
        actual: format!(
            "a snapshot to review: `cargo insta review`, or {}.new",
            file.display()
        ),
        diff: None,
        exchange: None,
        times: 1,
    }
}
