//! Snapshots of a run: what a plan's replies came to, as text, and where the reviewed text is.

use crate::{
    check::Finding,
    plan::Plan,
    runner::{SnapshotHook, StepTrace},
    snapshot::{self, Names, Recorded},
    suite::embedded_snapshot,
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

/// Compares with the snapshots in a folder, or with those in the program.
pub(crate) fn hook(folder: Option<PathBuf>) -> SnapshotHook {
    let reviewed = Arc::new(move |id: &str| reviewed(folder.as_deref(), id));
    SnapshotHook {
        wanted: Arc::new({
            let reviewed = reviewed.clone();
            move |plan: &Plan| reviewed(&plan.id).is_some()
        }),
        compare: Arc::new(move |plan, traces, own| {
            let Some(mut expected) = reviewed(&plan.id) else {
                return Vec::new();
            };
            let mut seen = text(plan, traces);
            if !own {
                let alone = |step: &str| {
                    let mut steps = plan.steps.iter().flatten();
                    steps.any(|known| known.alone && known.id == step)
                };
                expected = snapshot::statuses_of(&expected, alone);
                seen = snapshot::statuses_of(&seen, alone);
            }
            let mut findings = snapshot::compare(&expected, &seen);
            for finding in &mut findings {
                complete(finding, plan, traces);
            }
            findings
        }),
    }
}

/// The canonical text of a scenario that went through to its end.
pub(crate) fn text(plan: &Plan, traces: &[StepTrace]) -> String {
    let last: Vec<&StepTrace> = traces
        .iter()
        .filter(|trace| trace.last && !trace.cleanup)
        .collect();
    let recorded: Vec<Recorded<'_>> = last
        .iter()
        .map(|trace| {
            let step = &trace.plan.steps[trace.at.0][trace.at.1];
            Recorded {
                step: &step.id,
                operation: trace.operation,
                exchange: &trace.exchange,
            }
        })
        .collect();
    snapshot::record(&plan.contract, &names(plan, &last), &recorded)
}

/// What differs from run to run: the run's id, and the host that was asked.
fn names(plan: &Plan, traces: &[&StepTrace]) -> Names {
    let mut names = Vec::new();
    for (name, value) in &plan.vars {
        if let crate::plan::Value::Secret(secret) = value
            && !secret.is_empty()
        {
            names.push((secret.clone(), "***".to_owned()));
        }
        if let (true, crate::plan::Value::Json(serde_json::Value::String(id))) =
            (name == "run_id", value)
        {
            names.push((id.clone(), "run-id".to_owned()));
        }
    }
    let hosts: BTreeSet<&str> = traces
        .iter()
        .filter_map(|trace| trace.exchange.origin.split_once("://"))
        .map(|(_, authority)| authority)
        .collect();
    names.extend(
        hosts
            .into_iter()
            .map(|host| (host.to_owned(), "host".to_owned())),
    );
    Names(names)
}

/// Tells of a finding in which step and exchange it was made.
pub(crate) fn complete(finding: &mut Finding, plan: &Plan, traces: &[StepTrace]) {
    let step = plan
        .steps
        .iter()
        .flatten()
        .find(|step| step.id == finding.step);
    if let Some(step) = step {
        finding.step_place = Some(step.place.clone());
    }
    let trace = traces.iter().rfind(|trace| {
        !trace.cleanup && trace.plan.steps[trace.at.0][trace.at.1].id == finding.step
    });
    finding.exchange = trace.map(|trace| trace.exchange.clone());
}

fn reviewed(folder: Option<&std::path::Path>, id: &str) -> Option<String> {
    match folder {
        // A file that cannot be read is told of by the tests; here it is no snapshot.
        Some(folder) => snapshot::read(&snapshot::path(folder, id)).ok().flatten(),
        None => {
            let path = snapshot::path(std::path::Path::new(""), id);
            let id = path.to_string_lossy().replace('\\', "/");
            embedded_snapshot(id.trim_end_matches(".snap"))
                .and_then(|file| snapshot::contents(file).ok())
        }
    }
}
