use super::{forms, snapshots};
use crate::report::put;
use crate::{
    check::Finding,
    client::Origin,
    contract::Level,
    mock::Ids,
    plan::{Plan, PlanOptions, Planned, TargetTraits, plan, run_id},
    report::{Mask, Strictness, finished},
    runner::{
        Outcome, RunOptions, SnapshotHook, SuiteRun, Target, UrlTarget, run, secrets, skip_reason,
    },
    scenario::Suite,
    snapshot::{self, Header},
    source::{Look, Problems},
    suite::SuiteFiles,
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Scenarios as tests of a crate: one test for each scenario, or row of one.
///
/// For a test target with `harness = false`; [`scenarios!`](crate::scenarios) is the short form.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     wireproof::Scenarios::new("tests/contract").snapshots("tests/snapshots").run()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is tested before it is run"]
pub struct Scenarios {
    folder: PathBuf,
    snapshots: Option<PathBuf>,
    url: Option<String>,
    can: Vec<String>,
    set: Vec<(String, String)>,
    strict: bool,
}

/// Makes a `main` that runs each scenario below a folder of the crate as a test of its own.
///
/// ```
/// # mod shown {
/// wireproof::scenarios!("examples/greeting");
/// # }
/// ```
///
/// The folder is a suite, or holds suites; with a second one, replies are compared with the snapshots in it. The test target
/// needs `harness = false`. Filters, `--list` and `--ignored` work as usual; an empty folder ends with exit code 4.
#[macro_export]
macro_rules! scenarios {
    ($folder:expr $(, snapshots = $snapshots:expr)? $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            let root = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            $crate::Scenarios::new(root.join($folder))
                $(.snapshots(root.join($snapshots)))?
                .run()
        }
    };
}

impl Scenarios {
    /// The scenarios of the suite in a folder, or of all suites in folders of it, against the embedded mock.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            snapshots: None,
            url: None,
            can: Vec::new(),
            set: Vec::new(),
            strict: false,
        }
    }

    /// Compares replies with the snapshots in a folder; `cargo insta review` shows what differs.
    pub fn snapshots(mut self, folder: impl Into<PathBuf>) -> Self {
        self.snapshots = Some(folder.into());
        self
    }

    /// Asks a server that is there, such as one that the test itself has started; scenarios may write to it.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Declares that the server at the URL has a capability.
    pub fn can(mut self, capability: impl Into<String>) -> Self {
        self.can.push(capability.into());
        self
    }

    /// Declares a trait of the target.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set.push((name.into(), value.into()));
        self
    }

    /// A broken `should` fails, too.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Runs them as `cargo test` runs tests, and gives the exit code: that of the tests; 2 where a file has a mistake; 4 where
    /// there is nothing to run.
    pub fn run(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let trials = match self.trials() {
            Ok(trials) => trials,
            Err(why) => {
                // Where nobody listens, the exit code still says it.
                let _ = writeln!(io::stderr(), "{why}");
                return ExitCode::from(2);
            }
        };
        if trials.is_empty() {
            let folder = self.folder.display();
            let _ = writeln!(
                io::stderr(),
                "there is no scenario below `{folder}`: nothing was tested"
            );
            return ExitCode::from(4);
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }

    /// The tests themselves, for a harness of one's own.
    ///
    /// # Errors
    /// Every mistake in the files.
    pub fn trials(&self) -> Result<Vec<Trial>, String> {
        let mut trials = Vec::new();
        for suite in self.suites()? {
            let runs = self.runs(&suite)?;
            // What one form of the mock leaves to another is tested there: nothing is left out of it.
            let tested = runs.iter().flat_map(|run| &run.planned.plans);
            let tested: BTreeSet<_> = tested.map(|plan| plan.id.clone()).collect();
            for run in &runs {
                if !run.planned.problems.is_empty() {
                    return Err(run.planned.problems.render(Look::PLAIN));
                }
                for plan in &run.planned.plans {
                    trials.push(self.trial(run, plan));
                }
                let skipped = run.planned.skipped.iter();
                for skipped in skipped.filter(|skipped| !tested.contains(&skipped.id)) {
                    let name = name_of(&skipped.id, &run.name);
                    let why = skip_reason(&skipped.skip);
                    let trial = Trial::test(format!("{name}: {why}"), || Ok(()));
                    trials.push(trial.with_ignored_flag(true));
                }
            }
        }
        Ok(trials)
    }

    fn suites(&self) -> Result<Vec<Suite>, String> {
        let shown = |folder: &Path| {
            let here = std::env::current_dir().unwrap_or_default();
            let short = folder.strip_prefix(&here).unwrap_or(folder);
            short.display().to_string()
        };
        let mut folders = vec![self.folder.clone()];
        if !self.folder.join("contract.yaml").is_file() {
            folders = std::fs::read_dir(&self.folder)
                .map_err(|error| format!("cannot list `{}`: {error}", self.folder.display()))?
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|folder| folder.join("contract.yaml").is_file())
                .collect();
            folders.sort();
        }
        let mut problems = Problems::default();
        let mut suites = Vec::new();
        for folder in &folders {
            match SuiteFiles::folder(folder, &shown(folder)).and_then(|files| files.read()) {
                Ok(suite) => suites.push(suite),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(suites)
        } else {
            Err(problems.render(Look::PLAIN))
        }
    }

    fn runs(&self, suite: &Suite) -> Result<Vec<SuiteRun>, String> {
        let declared = |form: Option<&str>| {
            let mut traits = forms::traits_of(form);
            traits.traits.extend(self.set.iter().cloned());
            TargetTraits {
                can: self.can.clone(),
                ..traits
            }
        };
        let Some(url) = &self.url else {
            let forms = forms::forms(suite, &self.set).into_iter();
            return Ok(forms
                .map(|form| {
                    let form = form.as_deref();
                    forms::on_mock(
                        suite,
                        form,
                        &declared(form),
                        Vec::new(),
                        PlanOptions::default(),
                    )
                })
                .collect());
        };
        let (origin, path) = Origin::parse(url).map_err(|error| error.to_string())?;
        let options = PlanOptions {
            allow_writes: true,
            base_path: path.trim_end_matches('/').to_owned(),
            run_id: run_id(Ids::random().next()),
            ..PlanOptions::default()
        };
        Ok(vec![SuiteRun {
            contract: suite.contract.clone(),
            name: url.clone(),
            target: Target::Url(UrlTarget { origin }),
            planned: plan(suite, &declared(None), &options),
        }])
    }

    fn trial(&self, run: &SuiteRun, plan: &Arc<Plan>) -> Trial {
        let one = SuiteRun {
            planned: Planned {
                plans: vec![plan.clone()],
                ..Planned::default()
            },
            ..run.clone()
        };
        let (snapshots, strict) = (self.snapshots.clone(), self.strict);
        Trial::test(name_of(&plan.id, &run.name), move || {
            test(one, snapshots, strict)
        })
    }
}

fn name_of(id: &str, target: &str) -> String {
    match target {
        "mock" => id.to_owned(),
        other => format!("{id} on {other}"),
    }
}

fn test(one: SuiteRun, snapshots: Option<PathBuf>, strict: bool) -> Result<(), Failed> {
    let mask = Mask::new(secrets(&one.planned.plans, &Default::default()));
    let options = RunOptions {
        jobs: 1,
        fails_at: if strict { Level::Should } else { Level::Must },
        snapshots: snapshots.map(asserting),
        ..RunOptions::default()
    };
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failed::from)?
        .block_on(run(vec![one], options, |_| {}))
        .map_err(Failed::from)?;
    let strictness = Strictness {
        strict,
        snapshots: true,
    };
    let scenarios = result.suites.iter().flat_map(|suite| &suite.scenarios);
    let mut told = String::new();
    for scenario in scenarios {
        if let Outcome::Skipped(why) = &scenario.outcome {
            put!(told, "it was not run: {why}\n");
        }
        if let Some(text) = finished(scenario, strictness, &mask) {
            told += &text;
        }
    }
    if told.is_empty() {
        Ok(())
    } else {
        Err(Failed::from(told))
    }
}

/// Compares through insta's own assertion, so that its review works as people know it.
fn asserting(folder: PathBuf) -> SnapshotHook {
    SnapshotHook {
        wanted: Arc::new(|_| true),
        compare: Arc::new(move |plan, traces, _| {
            let found = snapshot::assert(
                &folder,
                &plan.id,
                &header(plan),
                &snapshots::text(plan, traces),
            );
            let mut findings: Vec<Finding> = found.err().unwrap_or_default();
            for finding in &mut findings {
                snapshots::complete(finding, plan, traces);
            }
            findings
        }),
    }
}

fn header(plan: &Plan) -> Header {
    let steps = plan.steps.iter().flatten();
    let clauses: BTreeSet<String> = steps
        .flat_map(|step| {
            let polled = step.repeat.iter().flat_map(|repeat| &repeat.proves);
            let expected = step.expect.iter().flat_map(|expect| &expect.proves);
            expected.chain(polled)
        })
        .map(|(clause, _)| clause.clone())
        .collect();
    Header {
        source: plan.scenario.file.path.clone(),
        title: plan.scenario.title.clone(),
        contract: plan.contract.id.clone(),
        clauses: clauses.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Scenarios, Trial};

    fn ignored(scenarios: &Scenarios) -> Vec<String> {
        let trials = scenarios.trials().expect("the bundled suite is right");
        let left = trials.iter().filter(|trial| trial.has_ignored_flag());
        left.map(|trial| Trial::name(trial).to_owned()).collect()
    }

    #[test]
    fn what_another_form_of_the_mock_tests_is_not_listed_as_left_out() {
        assert_eq!(ignored(&Scenarios::new("scenarios/hpc-pack")), [""; 0]);
    }

    #[test]
    fn what_a_server_is_not_declared_able_to_do_is_listed_with_the_reason() {
        let there = Scenarios::new("scenarios/hpc-pack").url("http://127.0.0.1:9");
        let left = ignored(&there);
        assert!(!left.is_empty(), "nothing needs a capability");
        assert!(left.iter().all(|name| name.contains(": ")), "{left:?}");
    }
}
