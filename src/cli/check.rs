//! `wireproof check`: plan, run, judge, report.

use super::{
    args::Global,
    check_args::{CheckArgs, Hidden},
    check_options::{CheckOptions, no_such},
    known_files::KnownFiles,
    out::{Stop, data, say},
    reports, selection,
    signals::Signals,
    suites,
    targets::{self, NamedTarget},
};
use crate::report::put;
use crate::{
    api::{forms, snapshots},
    contract::{Contract, Level},
    plan::{PlanOptions, Planned, TargetTraits, plan},
    report::{self, Exit, Known, Mask, Stream, Strictness},
    runner::{self, Event, RunOptions, RunResult, SuiteRun, Target, UrlTarget},
    scenario::Suite,
    source::{Problem, Problems, suggestion},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What is to be run against one target, or on the embedded mocks.
struct Ready {
    options: CheckOptions,
    runs: Vec<SuiteRun>,
}

/// Runs what is asked for and tells what it came to.
pub(crate) fn check(args: &CheckArgs, global: Global, signals: &mut Signals) -> Result<Exit, Stop> {
    reports::writable(&args.report)?;
    if let Some(folder) = args.snapshots.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Stop::input(format!(
            "there is no folder `{}` of snapshots",
            folder.display()
        )));
    }
    let failed = args.failed.as_deref().map(reports::read).transpose()?;
    let durations = args.durations.as_deref().map(reports::read).transpose()?;
    // Everything is planned before the first request: a mistake for the last target stops all.
    let mut ready = ready(args, global)?;
    spare_given(args, &ready)?;
    if let Some(failed) = &failed {
        for run in ready.iter_mut().flat_map(|ready| &mut ready.runs) {
            selection::only_failed(run, failed);
        }
    }
    if let Some(shard) = args.shard {
        let runs = ready.iter_mut().flat_map(|ready| &mut ready.runs);
        selection::only_shard(runs, shard, durations.as_ref().or(failed.as_ref()));
    }
    if args.dry_run {
        return dry_run(&ready);
    }
    if ready
        .iter()
        .flat_map(|ready| &ready.runs)
        .all(|run| run.planned.plans.is_empty() && run.planned.skipped.is_empty())
    {
        say(if failed.is_some() {
            "nothing is selected: nothing of it failed in that report\n"
        } else {
            "nothing is selected: no id of a scenario fits; ids begin with the suite's name, and `wireproof list` shows them\n"
        });
    }
    let paths: BTreeSet<&PathBuf> = ready
        .iter()
        .filter_map(|ready| ready.options.known.as_ref())
        .collect();
    let mut known = KnownFiles::read(&paths, args)?;
    let strictness = Strictness {
        strict: args.strict,
        snapshots: args.strict_snapshots,
    };
    let mut lost = false;
    let mut done = Vec::new();
    for Ready { options, runs } in ready {
        let plans: Vec<_> = runs
            .iter()
            .flat_map(|run| run.planned.plans.clone())
            .collect();
        let mut secrets = runner::secrets(&plans, &options.client);
        secrets.extend(options.secrets.iter().cloned());
        let mask = Mask::new(secrets);
        let file = options.known.as_ref();
        let result = run(
            runs,
            plans.len(),
            &options,
            &mask,
            known.entries(file),
            signals,
        )?;
        let mut report = report::report(&result, strictness, &mask);
        lost |= result.gave_up || report.suites.iter().any(|suite| suite.unreachable);
        known.judge(file, &mut report, strictness, complete(args, &options));
        let stop = report.interrupted;
        done.push(report);
        if stop {
            break;
        }
    }
    let mut report = report::merge(done).ok_or_else(|| Stop::input("there is nothing to check"))?;
    let written = known.finish(&mut report, strictness, lost);
    let mut to = args.report.clone();
    if report.totals.ran() == 0 {
        let from = [args.failed.as_deref(), args.durations.as_deref()];
        let from: Vec<&Path> = from.into_iter().flatten().collect();
        let (left, kept) = reports::without(&to, &from);
        for file in kept {
            say(&format!(
                "`{}` is left as it was: nothing ran\n",
                file.display()
            ));
        }
        to = left;
    }
    let told = reports::tell(&report, &to, global);
    match (written, told) {
        (Err(mut stop), Ok(exit)) => {
            stop.exit = exit.or(stop.exit);
            Err(stop)
        }
        (_, told) => told,
    }
}

/// Looks whether no report would replace what the run reads, or what else it writes.
///
/// The reports of `--failed` and `--durations` may be replaced: the next run goes on from this one.
fn spare_given(args: &CheckArgs, ready: &[Ready]) -> Result<(), Stop> {
    let access = &args.access;
    let own = [
        ("--write-known", &args.write_known),
        ("--known", &args.known),
        ("--ca", &access.ca),
        ("--client-cert", &access.client_cert),
        ("--client-key", &access.client_key),
    ];
    let own = own
        .into_iter()
        .filter_map(|(option, file)| Some((option, file.as_deref()?)));
    let of_targets = ready
        .iter()
        .filter_map(|ready| Some(("--known", ready.options.known.as_deref()?)));
    let config = args
        .config
        .as_deref()
        .unwrap_or(Path::new("wireproof.toml"));
    let scenarios = args.what.iter().map(Path::new);
    let scenarios = scenarios.filter(|what| what.is_file());
    let given = own
        .chain(of_targets)
        .chain([("--config", config)])
        .chain(scenarios.map(|what| ("the scenarios", what)));
    reports::spare(&args.report, given)
}

/// Whether the run leaves out nothing that could show a difference of the target.
fn complete(args: &CheckArgs, options: &CheckOptions) -> bool {
    let part =
        |name: &String| name.contains('/') && !Path::new(name).join("contract.yaml").is_file();
    args.only.is_empty()
        && args.skip.is_empty()
        && args.shard.is_none()
        && args.failed.is_none()
        && !args.fail_fast
        && !args.what.iter().any(part)
        && !args.what.iter().any(|name| name.ends_with(".yaml"))
        && (options.allow_writes || options.url.is_none())
}

/// What is to be run: once for each target of the file that is asked for, or once where none is.
fn ready(args: &CheckArgs, global: Global) -> Result<Vec<Ready>, Stop> {
    let targets = targets::chosen(args)?;
    if targets.is_empty() {
        let options = CheckOptions::resolve(args, global)?;
        let suites = suites::named(&args.what, &args.place)?;
        let runs = planned(&suites, &options, None)?;
        return Ok(vec![Ready { options, runs }]);
    }
    let mut ready = Vec::new();
    let mut problems = Problems::default();
    let suites = suites::named(&args.what, &args.place)?;
    for target in &targets {
        let known: Vec<&str> = suites
            .iter()
            .map(|suite| suite.contract.id.as_str())
            .collect();
        if args.what.is_empty() {
            problems.extend(target.unknown_suites(&known));
        }
        let mine: Vec<Suite> = suites
            .iter()
            .filter(|suite| target.takes(&suite.contract.id))
            .cloned()
            .collect();
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
            ready.push(Ready { options, runs });
        }
    }
    if !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    if ready.is_empty() {
        return Err(Stop::input("no target is checked with these suites"));
    }
    Ok(ready)
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
    if let Some((name, _)) = options
        .vars
        .iter()
        .find(|(name, _)| !variables.contains(name))
    {
        let known: Vec<&str> = variables.iter().map(String::as_str).collect();
        if let Some(place) = target.and_then(|target| target.variable(name)) {
            let problem = Problem {
                code: "unknown-name",
                place: place.clone(),
                found: format!("`{name}` is no variable of its suites"),
                label: "no variable".to_owned(),
                help: Some(suggestion(name, &known)),
            };
            return Err(suites::wrong(&problem.into()));
        }
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
        headers: options.headers.clone(),
        ..PlanOptions::default()
    }
}

fn dry_run(ready: &[Ready]) -> Result<Exit, Stop> {
    let mut out = String::new();
    let mut number = 0;
    for Ready { options, runs } in ready {
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
    known: Vec<Known>,
    signals: &mut Signals,
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
    )
    .with_known(known);
    let result = runtime.block_on(async {
        let running = runner::run(runs, run_options, |event: Event| say(&stream.event(&event)));
        tokio::pin!(running);
        let mut times = 0;
        loop {
            tokio::select! {
                result = &mut running => {
                    return result.map_err(|error| Stop::input(mask.text(&error.to_string())));
                }
                () = signals.asked() => {
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
    signals.leave();
    say(&stream.finish());
    runtime.shutdown_background();
    result
}
