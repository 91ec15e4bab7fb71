//! `wireproof check`: plan, run, judge, report.

use super::{
    args::{Global, Where},
    check_args::CheckArgs,
    check_options::CheckOptions,
    check_ready::{Ready, meant, named, nothing, ready},
    files::{Files, below},
    known_files::KnownFiles,
    out::{Stop, data, say},
    reports, selection,
    signals::Signals,
    suites, targets,
};
use crate::report::put;
use crate::{
    api::snapshots,
    client::Limits,
    contract::Level,
    report::{self, Exit, Known, Mask, Stream, Strictness},
    runner::{self, Event, RunOptions, RunResult, SuiteRun},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

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
    named(args, &ready)?;
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
    let mut what = args.what.clone();
    if what.is_empty() {
        what.extend(ready.iter().flat_map(|ready| ready.own_suites.clone()));
    }
    let mut known = KnownFiles::read(&paths, args.known.write_known.as_ref(), &what, &args.place)?;
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
        own_suites,
    } in ready
    {
        if !own_suites.is_empty() {
            for file in suites::files(own_suites, &Where::default())? {
                files.reads("the suite", &file);
            }
        }
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
    reports::written(&args.output.report, &["--failed"], &mut files)?;
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
