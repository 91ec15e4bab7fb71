//! Which mock answers for a suite, and in which forms it is checked.

use crate::{
    mock::{Kind, Operations},
    plan::{MOCK_RUN_ID, PlanOptions, TargetTraits, plan},
    report::mock_target,
    runner::{MockModel, MockTarget, SuiteRun, Target},
    scenario::Suite,
    suite::SuiteFiles,
};
use std::sync::Arc;

/// The mocks that come with the project.
const KINDS: [&Kind; 2] = [&crate::bits_upload::KIND, &crate::hpc_pack::KIND];

/// The mock of a suite, where it has one of its own.
pub(crate) fn kind(suite: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.suite == suite)
}

/// Tells the operations of such a mock apart, set so.
pub(crate) fn operations(kind: &'static Kind, set: &[(String, String)]) -> Operations {
    let contract = || {
        SuiteFiles::embedded(kind.suite)?
            .contract()
            .ok()
            .map(Arc::new)
    };
    Operations::of(contract, set.iter().cloned())
}

/// The value of `form` in each form that the embedded mock is checked in; `set` is what the user fixed.
pub(crate) fn forms(suite: &Suite, set: &[(String, String)]) -> Vec<Option<String>> {
    let fixed = set.iter().any(|(name, _)| name == "form");
    match suite.contract.traits.get("form") {
        Some(form) if !fixed && kind(&suite.contract.id).is_some() => {
            form.values.iter().cloned().map(Some).collect()
        }
        _ => vec![None],
    }
}

/// A target of which only the form is known.
pub(crate) fn traits_of(form: Option<&str>) -> TargetTraits {
    TargetTraits {
        can: Vec::new(),
        traits: form
            .map(|value| ("form".to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
    }
}

/// A suite on the embedded mock in one of its forms; what the target is declared to be, and more options.
pub(crate) fn on_mock(
    suite: &Suite,
    form: Option<&str>,
    declared: &TargetTraits,
    settings: Vec<(String, String)>,
    options: PlanOptions,
) -> SuiteRun {
    let planned = plan(
        suite,
        declared,
        &PlanOptions {
            mocked: true,
            fixed: declared.traits.keys().cloned().collect(),
            run_id: MOCK_RUN_ID.to_owned(),
            ..options
        },
    );
    SuiteRun {
        contract: suite.contract.clone(),
        name: mock_target(form.map(|value| ("form", value))),
        target: Target::Mock(MockTarget {
            model: kind(&suite.contract.id).map_or(MockModel::Documented, MockModel::Kind),
            settings,
            quirks: Vec::new(),
        }),
        planned,
    }
}
