//! `wireproof observe`: a checking proxy before a real server, until somebody stops it.

use super::{
    args::Global,
    files::Files,
    known_files::KnownFiles,
    observe_args::ObserveArgs,
    out::{self, Stop, data, say},
    reports, serve, suites,
};
use crate::{
    contract::Contract,
    message::Exchange,
    mock::{Clock, Ids},
    observe::{
        self, DraftOptions, Judgement, Observed, Proxy, ProxyError, ProxyOptions, Recording, Tally,
    },
    plan::run_id,
    report::{self, Exit, Mask, Strictness, counted},
    runner::RunResult,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the count on a terminal is written anew.
const COUNT: Duration = Duration::from_millis(250);
/// How many passwords and other secrets that passed are remembered, to be masked wherever else they stand.
const PASSWORDS: usize = 1000;

/// What is known of the traffic so far.
struct Watch {
    judgement: Judgement,
    /// What stands before the contract's paths.
    prefix: String,
    passwords: BTreeSet<String>,
    /// What is to be drafted, where that is asked for.
    recording: Option<Recording>,
}

/// Leads clients to the server and judges what passes, until Ctrl-C or SIGTERM; then writes the reports.
pub(crate) fn observe(args: &ObserveArgs, global: Global) -> Result<Exit, Stop> {
    let contract = suites::contract(&args.suite, &args.place)?;
    let traits = suites::traits(&contract, &args.declared.set)?;
    suites::known_vars(&contract, &args.declared.var)?;
    if let Some(file) = &args.record {
        let snapshot = observe::snapshot_path(file, &contract.id);
        if let Some(there) = [file, &snapshot].into_iter().find(|file| file.exists()) {
            return Err(Stop::input(format!(
                "`{}` is there already, and a draft replaces nothing; name another file",
                there.display()
            )));
        }
    }
    files(args, &contract)?.check()?;
    let paths: BTreeSet<&PathBuf> = args.known.known.iter().collect();
    let mut known = KnownFiles::read(
        &paths,
        args.known.write_known.as_ref(),
        std::slice::from_ref(&args.suite),
        &args.place,
    )?;
    let contract = Arc::new(contract);
    let judgement = Judgement::new(Arc::clone(&contract), &traits, &args.declared.var)
        .map_err(|error| Stop::input(error.to_string()))?;
    let watch = Arc::new(Mutex::new(Watch {
        judgement,
        prefix: args.upstream.prefix.clone(),
        passwords: BTreeSet::new(),
        recording: args.record.as_ref().map(|_| Recording::default()),
    }));
    let options = options(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::could_not(format!("cannot start threads: {error}")))?;
    let (began, started) = (Instant::now(), Clock::system().now().0);
    // Data is a report, where one goes to standard output.
    let to_stdout = args.output.report.iter().any(|to| to.file.is_none());
    let tell = |line: &str| {
        if to_stdout {
            say(line);
            return Ok(());
        }
        data(line)
    };
    let passed = runtime.block_on(pass(options, Arc::clone(&watch), tell));
    runtime.shutdown_background();
    let (tally, flaws) = passed?;
    let watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
    let suite = watch.judgement.result(&args.upstream.shown);
    let result = RunResult {
        elapsed: began.elapsed(),
        started,
        run_id: run_id(Ids::random().next()),
        ..observe::result(suite, &tally, &flaws)
    };
    let strictness = Strictness {
        strict: args.strict,
        snapshots: false,
    };
    let mask = Mask::new(&watch.passwords);
    let mut report = report::report(&result, strictness, &mask);
    // Traffic shows what passes and nothing else: that something is as documented by now is for `check` to find.
    known.judge(args.known.known.as_ref(), &mut report, strictness, false);
    let lost = report.suites.iter().any(|suite| suite.unreachable);
    let written = known.finish(&mut report, strictness, lost);
    for (name, value, times) in watch.judgement.unlike() {
        let declared = traits.get(name).map_or("", String::as_str);
        let requests = counted(usize::try_from(times).unwrap_or(usize::MAX), "request");
        say(&format!(
            "the {name} in the paths of {requests} is `{value}`, and the server is declared to have {name}={declared}: is `--set {name}={value}` meant?\n"
        ));
    }
    if watch.judgement.left_out() > 0 {
        say(&format!(
            "{} judgements were left out: they look at bodies longer than {} KiB, or cut short\n",
            watch.judgement.left_out(),
            Observed::KEPT >> 10
        ));
    }
    // A draft that cannot be written keeps no report back.
    let recorded = match (&args.record, &watch.recording) {
        (Some(file), Some(recording)) => record(file, recording, &contract, &watch.passwords, args),
        _ => Ok(()),
    };
    let exit = reports::tell(&report, &args.output.report, global)?;
    written.and(recorded).map(|()| exit)
}

/// What is read and what is written.
fn files(args: &ObserveArgs, contract: &Contract) -> Result<Files, Stop> {
    let mut files = Files::default();
    for file in suites::files(std::slice::from_ref(&args.suite), &args.place)? {
        files.reads("the suite", &file);
    }
    args.upstream_tls.files(&mut files);
    args.tls.files(&mut files);
    args.known.files(&mut files);
    reports::written(&args.output.report, &[], &mut files)?;
    if let Some(file) = &args.record {
        files.writes("--record", file);
        let snapshot = observe::snapshot_path(file, &contract.id);
        // Its folder is made when it is written.
        files.reads("the snapshot of --record", &snapshot);
    }
    Ok(files)
}

/// Writes the draft and its snapshot.
fn record(
    file: &Path,
    recording: &Recording,
    contract: &Contract,
    secrets: &BTreeSet<String>,
    args: &ObserveArgs,
) -> Result<(), Stop> {
    let options = DraftOptions {
        traits: args.declared.set.iter().cloned().collect(),
        file: file.display().to_string(),
        dropped: 0,
        secrets: secrets.clone(),
    };
    let draft = recording.draft(contract, &options);
    let snapshot = observe::snapshot_path(file, &contract.id);
    let write = |path: &Path, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
            .and_then(|()| std::fs::write(path, text))
            .map_err(|error| Stop::could_not(format!("cannot write `{}`: {error}", path.display())))
    };
    write(&snapshot, &draft.snapshot)?;
    write(file, &draft.text)?;
    // A suite that is not of the program is found where it was.
    let place = match (&args.place.scenarios, Path::new(&args.suite).is_dir()) {
        (Some(folder), _) => format!(" --scenarios {}", folder.display()),
        (None, true) => format!(" --scenarios {}", args.suite),
        (None, false) => String::new(),
    };
    say(&format!(
        "{} steps drafted in {}: `wireproof check {}{place} --url URL --allow-writes`\n",
        draft.steps,
        file.display(),
        file.display()
    ));
    Ok(())
}

fn options(args: &ObserveArgs) -> Result<ProxyOptions, Stop> {
    let tls = serve::tls(args.door.listen, &args.tls)?;
    serve::ca_out(args.tls.ca_out.as_deref(), tls.as_ref())?;
    Ok(ProxyOptions {
        listen: args.door.listen,
        allow_open: args.door.allow_open,
        tls,
        upstream_tls: args.upstream_tls.options(),
        ..ProxyOptions::new(args.upstream.origin.clone())
    })
}

/// What passed, counted, and what is wrong with it below the contract.
type Passed = (Tally, Vec<observe::Flaw>);

/// `tell`: where the line goes that says where it listens.
async fn pass(
    options: ProxyOptions,
    watch: Arc<Mutex<Watch>>,
    tell: impl Fn(&str) -> Result<(), Stop>,
) -> Result<Passed, Stop> {
    let mut asked = super::signals::stop()?;
    let looking = Arc::clone(&watch);
    let look = move |one| {
        let mut watch = looking.lock().unwrap_or_else(PoisonError::into_inner);
        watch.look(one);
    };
    let proxy = Proxy::start(options, look).map_err(refused)?;
    tell(&format!("listening on {}\n", proxy.url()))?;
    let terminal = out::stderr_is_terminal();
    let mut ticks = tokio::time::interval(COUNT);
    loop {
        tokio::select! {
            _ = asked.recv() => break,
            _ = ticks.tick(), if terminal => {
                let watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
                say(&format!("\r\u{1b}[2K{}", watch.count(&proxy.tally())));
            }
        }
    }
    if terminal {
        say("\r\u{1b}[2K");
    }
    say("ending what is under way (once more: stop at once)\n");
    tokio::select! {
        passed = proxy.stop() => passed.map_err(|error| Stop::could_not(error.to_string())),
        _ = asked.recv() => Err(Stop {
            exit: Exit::Interrupted,
            message: "interrupted twice: stopped before all was judged, and no report is written".to_owned(),
        }),
    }
}

/// An address that we must not take or a file that is none is a wrong command line; what we do not get is not.
fn refused(error: ProxyError) -> Stop {
    match error {
        ProxyError::Open { .. } | ProxyError::Itself { .. } | ProxyError::Tls(_) => {
            Stop::input(error.to_string())
        }
        other => Stop::could_not(other.to_string()),
    }
}

impl Watch {
    fn look(&mut self, mut one: Observed) {
        for secret in observe::secrets(&one.exchange) {
            if self.passwords.len() < PASSWORDS {
                self.passwords.insert(secret);
            }
        }
        if !self.prefix.is_empty() {
            without(&self.prefix, Arc::make_mut(&mut one.exchange));
        }
        self.judgement.look(&one);
        if let Some(recording) = &mut self.recording {
            recording.push(&one);
        }
    }

    /// One line for the terminal.
    fn count(&self, tally: &Tally) -> String {
        let found = self.judgement.found();
        format!(
            "{} connections open, {} exchanges, {} findings, {} warnings, {} not judged",
            tally.open,
            tally.exchanges,
            found.must,
            found.should,
            tally.not_judged()
        )
    }
}

/// Moves what stands before the contract's paths from the request's target to the origin, so that both together stay the URL.
fn without(prefix: &str, exchange: &mut Exchange) {
    let rest = exchange.request.target.strip_prefix(prefix);
    if let Some(rest) = rest.filter(|rest| rest.starts_with('/')) {
        exchange.request.target = rest.to_owned();
        exchange.origin.push_str(prefix);
    }
}

#[cfg(test)]
mod tests {
    use super::without;
    use crate::message::{Exchange, Reply, Request};
    use rstest::rstest;

    #[rstest]
    #[case("/app/x?y", "/x?y", "http://h/app")]
    #[case("/apple/x", "/apple/x", "http://h")]
    #[case("/x/app/y", "/x/app/y", "http://h")]
    fn the_path_of_the_upstream_is_not_the_contract_s(
        #[case] target: &str,
        #[case] rest: &str,
        #[case] origin: &str,
    ) {
        let request = Request::new("GET", target);
        let mut exchange = Exchange::new(request, "http://h", Ok(Reply::new(200)));
        without("/app", &mut exchange);
        assert_eq!(
            (exchange.request.target.as_str(), exchange.origin.as_str()),
            (rest, origin)
        );
    }
}
