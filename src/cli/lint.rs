//! `wireproof lint`: reads and plans, and tells every mistake; sends nothing.

use super::{
    args::LintArgs,
    out::{Stop, data},
    suites,
};
use crate::report::put;
use crate::{
    api::forms,
    plan::PlanOptions,
    report::{Exit, counted},
    source::Problems,
};

/// Reads what is named, or all suites.
pub(crate) fn lint(args: &LintArgs) -> Result<Exit, Stop> {
    let suites = suites::named(&args.paths, &args.place)?;
    let mut problems = Problems::default();
    let mut out = String::new();
    let mut scenarios = 0;
    for suite in &suites {
        for form in forms::forms(suite, &[]) {
            let form = form.as_deref();
            let declared = forms::traits_of(form);
            let run = forms::on_mock(suite, form, &declared, Vec::new(), PlanOptions::default());
            problems.extend(run.planned.problems);
        }
        scenarios += suite.scenarios.len();
        put!(
            out,
            "{}: {}, {}, {}: no mistake\n",
            suite.contract.id,
            counted(suite.contract.operations.len(), "operation"),
            counted(suite.contract.clauses.len(), "clause"),
            counted(suite.scenarios.len(), "scenario"),
        );
    }
    if !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    data(&out)?;
    Ok(if scenarios == 0 {
        Exit::NothingRan
    } else {
        Exit::Conforms
    })
}
