//! `wireproof check`: plan, run, judge, report.

use super::{
    args::Global,
    check_args::{CheckArgs, Hidden},
    check_options::{CheckOptions, no_such},
    files::{Files, below},
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
    client::Limits,
    contract::{Contract, Level},
    plan::{PlanOptions, Planned, TargetTraits, plan},
    report::{self, Exit, Known, Mask, Stream, Strictness, counted},
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
    /// Files that the file of targets names, each with its key.
    read: Vec<(String, PathBuf)>,
}

/// Runs what is asked for and tells what it came to.
pub(crate) fn check(args: &CheckArgs, global: Global, signals: &mut Signals) -> Result<Exit, Stop> {
    if let Some(folder) = args.snapshots.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Stop::input(format!(
            "there is no folder `{}` of snapshots",
            folder.display()
        )));
    }
    let failed = args.failed.as_deref().map(reports::read).transpose()?;
    let durations = args.durations.as_deref().map(reports::read).transpose()?;
    meant(args)?;
    // Everything is planned before the first request: a mistake for the last target stops all.
    let mut ready = ready(args, global)?;
    files(args, &ready)?.check()?;
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
        say(&nothing(args, global, failed.is_some())?);
    }
    let paths: BTreeSet<&PathBuf> = ready
        .iter()
        .filter_map(|ready| ready.options.known.as_ref())
        .collect();
    if args.fail_fast && !(paths.is_empty() && args.known.write_known.is_none()) {
        return Err(Stop::input(
            "--fail-fast would end the run at a known difference; leave it out, or --known and --write-known",
        ));
    }
    let mut known = KnownFiles::read(
        &paths,
        args.known.write_known.as_ref(),
        &args.what,
        &args.place,
    )?;
    let strictness = Strictness {
        strict: args.strict,
        snapshots: args.strict_snapshots,
    };
    let several = ready.len() > 1;
    let mut lost = false;
    let mut done = Vec::new();
    for Ready { options, runs, .. } in ready {
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
            (known.entries(file), several),
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
    let mut to = args.output.report.clone();
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

/// Looks whether what stands where suites do is one of them.
///
/// # Why
/// Of `--header Authorization: Bearer abc`, typed without quotes, the shell makes an empty header field and two suites. The second
/// is a secret, and not told again.
fn meant(args: &CheckArgs) -> Result<(), Stop> {
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

/// Why nothing is selected.
fn nothing(args: &CheckArgs, global: Global, failed: bool) -> Result<String, Stop> {
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

/// What the run reads and what it writes.
///
/// The report of `--failed` may be replaced by the new one: the next run goes on from it.
fn files(args: &CheckArgs, ready: &[Ready]) -> Result<Files, Stop> {
    let mut files = Files::default();
    for file in suites::files(&args.what, &args.place)? {
        files.reads("the suite", &file);
    }
    for Ready {
        options,
        runs,
        read,
    } in ready
    {
        for (key, file) in read {
            files.reads(key.clone(), file);
        }
        files.may_read("--known", options.known.as_ref());
        let plans = runs.iter().flat_map(|run| &run.planned.plans);
        for file in plans.flat_map(|plan| plan.files()) {
            files.reads("a body", &file);
        }
    }
    for file in args.snapshots.iter().flat_map(|folder| below(folder)) {
        files.reads("--snapshots", &file);
    }
    if !args.target.is_empty() {
        files.reads("--config", &targets::file(args));
    }
    args.access.tls.files(&mut files);
    files.may_read("--failed", args.failed.as_ref());
    files.may_read("--durations", args.durations.as_ref());
    args.known.files(&mut files);
    reports::written(&args.output.report, Some("--failed"), &mut files)?;
    Ok(files)
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
    let (targets, mut problems) = targets::chosen(args)?;
    if args.target.is_empty() {
        let options = CheckOptions::resolve(args, global)?;
        let suites = suites::named(&args.what, &args.place)?;
        let runs = planned(&suites, &options, None)?;
        return Ok(vec![Ready {
            options,
            runs,
            read: Vec::new(),
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
            ready.push(Ready {
                options,
                runs,
                read: target.files.clone(),
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

fn dry_run(ready: &[Ready]) -> Result<Exit, Stop> {
    let mut out = String::new();
    let mut number = 0;
    for Ready { options, runs, .. } in ready {
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
    (known, targets): (Vec<Known>, bool),
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
        limits: Limits {
            body: options.body_limit.unwrap_or(defaults.limits.body),
            ..defaults.limits
        },
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
    .with_known(known)
    .with_targets(targets);
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
