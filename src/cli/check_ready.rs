//! What `wireproof check` is to run: every suite on every target that is asked for, planned before the first request.

use super::{
    args::Global,
    check_args::{CheckArgs, Hidden},
    check_options::{CheckOptions, no_such},
    out::Stop,
    suites,
    targets::{self, NamedTarget},
};
use crate::{
    api::forms,
    contract::Contract,
    plan::{PlanOptions, Planned, TargetTraits, plan},
    report::counted,
    runner::{SuiteRun, Target, UrlTarget},
    scenario::Suite,
    source::{Problem, Problems, suggestion},
};
use std::{collections::BTreeSet, path::PathBuf};

/// What is to be run against one target, or on the embedded mocks.
pub(super) struct Ready {
    pub(super) options: CheckOptions,
    pub(super) runs: Vec<SuiteRun>,
    /// Files that the file of targets names, each with its key.
    pub(super) read: Vec<(String, PathBuf)>,
    /// Folders of suites that the file of targets names.
    pub(super) own_suites: Vec<String>,
}

/// What is to be run: once for each target of the file that is asked for, or once where none is.
pub(super) fn ready(args: &CheckArgs, global: Global) -> Result<Vec<Ready>, Stop> {
    let (targets, mut problems) = targets::chosen(args)?;
    if args.target.is_empty() {
        let options = CheckOptions::resolve(args, global)?;
        let suites = suites::named(&args.what, &args.place)?;
        let runs = planned(&suites, &options, None)?;
        return Ok(vec![Ready {
            options,
            runs,
            read: Vec::new(),
            own_suites: Vec::new(),
        }]);
    }
    let mut ready = Vec::new();
    let suites = suites::named(&args.what, &args.place)?;
    for target in &targets {
        let known: Vec<&str> = suites
            .iter()
            .map(|suite| suite.contract.id.as_str())
            .collect();
        if args.what.is_empty() {
            problems.extend(target.unknown_suites(&known));
        }
        let mine = target.checked_with(&suites, !args.what.is_empty())?;
        let contracts: Vec<&Contract> = mine.iter().map(|suite| &*suite.contract).collect();
        if mine.is_empty() {
            if args.target.contains(&target.name) && problems.is_empty() {
                return Err(Stop::input(format!(
                    "the target `{}` is not checked with {}",
                    target.name,
                    known.join(", ")
                )));
            }
            continue;
        }
        problems.extend(target.judge(&contracts));
        if problems.is_empty() {
            let mut options = CheckOptions::resolve(&target.under(args), global)?;
            let secrets = target.secrets.iter().map(|Hidden(secret)| secret.clone());
            options.secrets.extend(secrets);
            let runs = planned(&mine, &options, Some(target))?;
            ready.push(Ready {
                options,
                runs,
                read: target.files.clone(),
                own_suites: target.own_suites(),
            });
        }
    }
    if !problems.is_empty() {
        problems.sort();
        return Err(suites::wrong(&problems));
    }
    if ready.is_empty() {
        return Err(Stop::input("no target is checked with these suites"));
    }
    Ok(ready)
}

/// Looks whether what stands where suites do is one of them.
///
/// # Why
/// Of `--header Authorization: Bearer abc`, typed without quotes, the shell makes an empty header field and two suites. The second
/// is a secret, and not told again.
pub(super) fn meant(args: &CheckArgs) -> Result<(), Stop> {
    let option = match (args.header.is_empty(), args.declared.var.is_empty()) {
        (true, true) => return Ok(()),
        (false, _) => "--header 'NAME: VALUE'",
        (true, false) => "--var 'NAME=VALUE'",
    };
    for name in &args.what {
        if suites::asked(std::slice::from_ref(name), &args.place).is_err() {
            return Err(Stop::input(format!(
                "what was typed where suites stand is neither a suite nor a file (it is not told again, for it may be a secret); \
                 a value with blanks needs quotes: {option}; suites are {}",
                suites::ids(&args.place)?.join(", ")
            )));
        }
    }
    Ok(())
}

/// Looks whether each pattern names a scenario: one that does not was mistyped, and runs what it should keep from running.
///
/// Where nothing at all is selected, [`nothing`] says why.
pub(super) fn named(args: &CheckArgs, ready: &[Ready]) -> Result<(), Stop> {
    let runs = || ready.iter().flat_map(|ready| &ready.runs);
    let names = |pattern: &String| runs().any(|run| run.planned.named.contains(pattern));
    let idle = |patterns: &[String]| patterns.iter().find(|one| !names(one)).cloned();
    let selected = args.only.is_empty() || args.only.iter().any(names);
    let (option, pattern) = match (idle(&args.skip), idle(&args.only)) {
        (Some(pattern), _) => ("--skip", pattern),
        (None, Some(pattern)) if selected => ("--only", pattern),
        (None, _) => return Ok(()),
    };
    Err(Stop::input(format!(
        "{option} `{pattern}` names no scenario of these suites; `wireproof list` shows their ids"
    )))
}

/// Why nothing is selected.
pub(super) fn nothing(args: &CheckArgs, global: Global, failed: bool) -> Result<String, Stop> {
    if !args.skip.is_empty() {
        let all = CheckArgs {
            skip: Vec::new(),
            ..args.clone()
        };
        let left: usize = ready(&all, global)?
            .iter()
            .flat_map(|ready| &ready.runs)
            .map(|run| run.planned.plans.len() + run.planned.skipped.len())
            .sum();
        if left > 0 {
            return Ok(format!(
                "nothing is selected: --skip {} leaves nothing of {}\n",
                args.skip.join(" --skip "),
                counted(left, "scenario")
            ));
        }
    }
    Ok(if failed {
        "nothing is selected: in that report nothing of it failed, and nothing was left undone\n"
    } else {
        "nothing is selected: no id of a scenario fits; ids begin with the suite's name, and `wireproof list` shows them\n"
    }
    .to_owned())
}

/// Every suite on every target that is asked for.
fn planned(
    suites: &[Suite],
    options: &CheckOptions,
    target: Option<&NamedTarget>,
) -> Result<Vec<SuiteRun>, Stop> {
    let contracts: Vec<&Contract> = suites.iter().map(|suite| &*suite.contract).collect();
    let settings: Vec<&str> = match options.url {
        Some(_) => Vec::new(),
        None => contracts
            .iter()
            .filter_map(|contract| forms::kind(&contract.id))
            .flat_map(|kind| kind.settings.iter().map(|setting| setting.name))
            .collect(),
    };
    options.declared(&contracts, &settings)?;
    let mut runs = Vec::new();
    for suite in suites {
        match &options.url {
            Some(url) => {
                let planned = plan(
                    suite,
                    &declared(suite, options, None),
                    &PlanOptions {
                        allow_writes: options.allow_writes,
                        base_path: url.prefix.clone(),
                        ..plan_options(options)
                    },
                );
                runs.push(SuiteRun {
                    contract: suite.contract.clone(),
                    name: url.shown.clone(),
                    target: Target::Url(UrlTarget {
                        origin: url.origin.clone(),
                    }),
                    planned,
                });
            }
            None => runs.extend(
                forms::forms(suite, &options.set)
                    .iter()
                    .map(|form| on_mock(suite, options, form.as_deref())),
            ),
        }
    }
    let mut problems = Problems::default();
    let mut variables: BTreeSet<String> = BTreeSet::new();
    for Planned {
        problems: more,
        variables: known,
        ..
    } in runs.iter().map(|run| &run.planned)
    {
        problems.extend(more.clone());
        variables.extend(known.iter().cloned());
    }
    if !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    let known: Vec<&str> = variables.iter().map(String::as_str).collect();
    let unknown = options.vars.iter().map(|(name, _)| name);
    let unknown: Vec<&String> = unknown.filter(|name| !variables.contains(*name)).collect();
    for name in &unknown {
        if let Some(place) = target.and_then(|target| target.variable(name)) {
            problems.push(Problem {
                code: "unknown-name",
                place: place.clone(),
                found: format!("`{name}` is no variable of its suites"),
                label: "no variable".to_owned(),
                help: Some(suggestion(name, &known)),
            });
        }
    }
    if !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    match unknown.first() {
        Some(name) => Err(no_such("variable", name, &known)),
        None => Ok(runs),
    }
}

fn on_mock(suite: &Suite, options: &CheckOptions, form: Option<&str>) -> SuiteRun {
    let settings = options
        .set
        .iter()
        .filter(|(name, _)| {
            !suite.contract.traits.contains_key(name)
                && forms::kind(&suite.contract.id)
                    .is_some_and(|kind| kind.settings.iter().any(|known| known.name == name))
        })
        .cloned()
        .collect();
    let declared = declared(suite, options, form);
    forms::on_mock(suite, form, &declared, settings, plan_options(options))
}

/// What the target is declared to be, as far as this contract knows it.
fn declared(suite: &Suite, options: &CheckOptions, form: Option<&str>) -> TargetTraits {
    let known = |(name, _): &&(String, String)| suite.contract.traits.contains_key(name);
    let mut declared = forms::traits_of(form);
    declared
        .traits
        .extend(options.set.iter().filter(known).cloned());
    let can = |name: &&String| *name == "all" || suite.contract.capabilities.contains_key(*name);
    declared.can = options.can.iter().filter(can).cloned().collect();
    declared
}

fn plan_options(options: &CheckOptions) -> PlanOptions {
    PlanOptions {
        vars: options.vars.clone(),
        run_id: options.run_id.clone(),
        only: options.only.clone(),
        skip: options.skip.clone(),
        headers: options.headers.clone(),
        ..PlanOptions::default()
    }
}
