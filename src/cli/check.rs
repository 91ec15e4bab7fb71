//! `wireproof check`: plan, run, judge, report.

use super::{
    args::Global,
    check_args::CheckArgs,
    check_options::{CheckOptions, no_such},
    out::{Stop, data, say},
    signals, suites,
    values::{ReportKind, ReportTo},
};
use crate::report::put;
use crate::{
    api::{forms, snapshots},
    contract::{Contract, Level},
    plan::{PlanOptions, Planned, TargetTraits, plan},
    report::{self, Exit, Mask, Report, Stream},
    runner::{self, Event, RunOptions, RunResult, SuiteRun, Target, UrlTarget},
    scenario::Suite,
    source::Problems,
};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    path::Path,
};

/// Runs what is asked for and tells what it came to.
pub(crate) fn check(args: &CheckArgs, global: Global) -> Result<Exit, Stop> {
    let options = CheckOptions::resolve(args, global)?;
    writable(&options.reports)?;
    if let Some(folder) = options.snapshots.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Stop::input(format!(
            "there is no folder `{}` of snapshots",
            folder.display()
        )));
    }
    let suites = suites::named(&args.what, &args.place)?;
    let runs = planned(&suites, &options)?;
    if options.dry_run {
        return dry_run(&runs, &options);
    }
    if runs
        .iter()
        .all(|run| run.planned.plans.is_empty() && run.planned.skipped.is_empty())
    {
        say("nothing is selected: no id and no title of a scenario fits\n");
    }
    let plans: Vec<_> = runs
        .iter()
        .flat_map(|run| run.planned.plans.clone())
        .collect();
    let mut secrets = runner::secrets(&plans, &options.client);
    secrets.extend(options.secrets.iter().cloned());
    let mask = Mask::new(secrets);

    let result = run(runs, plans.len(), &options, &mask)?;
    let report = report::report(&result, options.strictness, &mask);
    let exit = Exit::of_code(report.exit).unwrap_or(Exit::CouldNotRun);
    let written = write(&report, &options)?;
    let summary = report::summary(
        &report,
        if written {
            options.stderr
        } else {
            options.stdout
        },
        options.verbose,
    );
    if written {
        say(&summary);
    } else {
        data(&summary)?;
    }
    Ok(exit)
}

/// Every suite on every target that is asked for.
fn planned(suites: &[Suite], options: &CheckOptions) -> Result<Vec<SuiteRun>, Stop> {
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
    if let Some((name, _)) = options
        .vars
        .iter()
        .find(|(name, _)| !variables.contains(name))
    {
        let known: Vec<&str> = variables.iter().map(String::as_str).collect();
        return Err(no_such("variable", name, &known));
    }
    Ok(runs)
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
        shard: options.shard,
        headers: options.headers.clone(),
        ..PlanOptions::default()
    }
}

fn dry_run(runs: &[SuiteRun], options: &CheckOptions) -> Result<Exit, Stop> {
    let mut out = String::new();
    let mut number = 0;
    for run in runs {
        put!(out, "{} on {}\n", run.contract.id, run.name);
        for plan in &run.planned.plans {
            number += 1;
            put!(out, "  run   {}\n", plan.id);
        }
        for skipped in &run.planned.skipped {
            let why = runner::skip_reason(&skipped.skip);
            let line = format!("{}: {why}", skipped.id);
            put!(out, "  skip  {}\n", options.stdout.wrap(&line, 8));
        }
    }
    data(&out)?;
    say("nothing was sent\n");
    Ok(if number == 0 {
        Exit::NothingRan
    } else {
        Exit::Conforms
    })
}

fn run(
    runs: Vec<SuiteRun>,
    plans: usize,
    options: &CheckOptions,
    mask: &Mask,
) -> Result<RunResult, Stop> {
    let defaults = RunOptions::default();
    // A real server is asked by few at a time unless told otherwise.
    let jobs = options.jobs.unwrap_or(match options.url {
        Some(_) => defaults.jobs.min(4),
        None => defaults.jobs,
    });
    let stop = runner::Stop::new();
    let run_options = RunOptions {
        jobs,
        timeout: options.timeout.unwrap_or(defaults.timeout),
        rate: options.rate,
        fail_fast: options.fail_fast,
        fails_at: if options.strictness.strict {
            Level::Should
        } else {
            Level::Must
        },
        run_id: options.run_id.clone(),
        client: options.client.clone(),
        stop: stop.clone(),
        snapshots: Some(snapshots::hook(options.snapshots.clone())),
        ..defaults
    };
    // Threads cost more to start than one scenario to run.
    let mut builder = if jobs.min(plans) > 1 {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| Stop::could_not(format!("cannot start threads: {error}")))?;
    let mut stream = Stream::new(
        options.stream,
        options.stderr,
        options.verbose,
        options.strictness,
        mask.clone(),
    );
    let result = runtime.block_on(async {
        let mut asked = signals::stop()?;
        let running = runner::run(runs, run_options, |event: Event| say(&stream.event(&event)));
        tokio::pin!(running);
        let mut times = 0;
        loop {
            tokio::select! {
                result = &mut running => {
                    return result.map_err(|error| Stop::input(error.to_string()));
                }
                Some(()) = asked.recv() => {
                    times += 1;
                    if times > 1 {
                        return Err(Stop {
                            exit: Exit::Interrupted,
                            message: "interrupted twice: stopped before cleanup was done".to_owned(),
                        });
                    }
                    stop.ask();
                }
            }
        }
    });
    say(&stream.finish());
    runtime.shutdown_background();
    result
}

/// Looks before anything is sent whether every report can be written.
pub(crate) fn writable(reports: &[ReportTo]) -> Result<(), Stop> {
    for file in reports.iter().filter_map(|to| to.file.as_ref()) {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .map_err(|error| Stop::input(format!("cannot write `{}`: {error}", file.display())))?;
    }
    Ok(())
}

/// Writes the reports that were asked for; tells whether one went to standard output.
fn write(report: &Report, options: &CheckOptions) -> Result<bool, Stop> {
    let mut on_stdout = false;
    for to in &options.reports {
        let text = match to.kind {
            ReportKind::Json => json(report),
            ReportKind::Junit => report::junit(report),
            ReportKind::Github => report::github(report),
            ReportKind::Markdown => report::markdown(report),
        };
        match &to.file {
            None => {
                on_stdout = true;
                data(&text)?;
            }
            Some(file) => to_file(file, &text)?,
        }
    }
    Ok(on_stdout)
}

fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

/// Writes a report's file.
pub(crate) fn to_file(file: &Path, text: &str) -> Result<(), Stop> {
    fs::write(file, text)
        .map_err(|error| Stop::could_not(format!("cannot write `{}`: {error}", file.display())))
}
