//! `wireproof prove`: every clause against its counterexamples.

use super::{
    args::{Global, ProveArgs},
    files::Files,
    out::Stop,
    reports,
    signals::Signals,
    suites,
    values::ReportKind,
};
use crate::report::put;
use crate::{
    api::{forms, snapshots},
    plan::PlanOptions,
    prove::{ProofResult, prove as run},
    report::{Exit, Style, counted},
    runner::RunOptions,
    source::Problems,
};
use serde::Serialize;

/// What a proof came to; the first fields are relied on by scripts.
#[derive(Debug, Serialize)]
struct ProofReport<'a> {
    clauses: usize,
    counterexamples: usize,
    caught: usize,
    escaped: Vec<EscapeReport<'a>>,
    allowed: Vec<AllowedReport<'a>>,
    exit: u8,
    derived: usize,
    lines: usize,
    stale: Vec<StaleReport<'a>>,
    not_exercised: &'a [String],
    left_to_a_real_server: &'a [String],
    failed: Vec<FailedReport<'a>>,
}

#[derive(Debug, Serialize)]
struct EscapeReport<'a> {
    clause: &'a str,
    counterexample: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct AllowedReport<'a> {
    rule: &'a str,
    count: usize,
    because: &'a str,
    what: &'a [String],
}

#[derive(Debug, Serialize)]
struct StaleReport<'a> {
    rule: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct FailedReport<'a> {
    scenario: &'a str,
    outcome: &'a str,
}

/// Proves the suites that are named, or all.
pub(crate) fn prove(args: &ProveArgs, global: Global, signals: &mut Signals) -> Result<Exit, Stop> {
    if args.report.iter().any(|to| to.kind != ReportKind::Json) {
        return Err(Stop::input("prove writes one report only: json=FILE"));
    }
    let mut files = Files::default();
    for file in suites::files(&args.suites, &args.place)? {
        files.reads("the suite", &file);
    }
    reports::written(&args.report, &[], &mut files)?;
    files.check()?;
    let suites = suites::named(&args.suites, &args.place)?;
    let mut runs = Vec::new();
    let mut problems = Problems::default();
    for suite in &suites {
        for form in forms::forms(suite, &[]) {
            let form = form.as_deref();
            let declared = forms::traits_of(form);
            let run = forms::on_mock(suite, form, &declared, Vec::new(), PlanOptions::default());
            problems.extend(run.planned.problems.clone());
            runs.push(run);
        }
    }
    if !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::could_not(format!("cannot start threads: {error}")))?;
    let options = RunOptions {
        snapshots: Some(snapshots::hook(None)),
        ..RunOptions::default()
    };
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            () = signals.asked() => Ok(None),
            result = run(runs, options) => {
                result.map(Some).map_err(|error| Stop::could_not(error.to_string()))
            }
        }
    });
    signals.leave();
    runtime.shutdown_background();
    let result = result?;
    let interrupted = result.is_none();
    let result = result.unwrap_or_default();
    let exit = if interrupted {
        Exit::Interrupted
    } else if result.holds() {
        Exit::Conforms
    } else if result.counterexamples == 0 {
        Exit::NothingRan
    } else {
        Exit::Findings
    };
    reports::deliver(
        &args.report,
        exit,
        global,
        |_| json(&result, exit),
        |style| summary(&result, exit, style),
    )
}

fn json(result: &ProofResult, exit: Exit) -> String {
    let report = ProofReport {
        clauses: result.clauses,
        counterexamples: result.counterexamples,
        caught: result.caught,
        escaped: result
            .escaped
            .iter()
            .map(|escape| EscapeReport {
                clause: &escape.clause,
                counterexample: &escape.counterexample,
                why: &escape.why,
            })
            .collect(),
        allowed: result
            .allowed
            .iter()
            .map(|allowed| AllowedReport {
                rule: &allowed.rule,
                count: allowed.what.len(),
                because: &allowed.because,
                what: &allowed.what,
            })
            .collect(),
        exit: exit.code(),
        derived: result.derived,
        lines: result.lines,
        stale: result
            .stale
            .iter()
            .map(|stale| StaleReport {
                rule: &stale.rule,
                why: &stale.why,
            })
            .collect(),
        not_exercised: &result.not_exercised,
        left_to_a_real_server: &result.left,
        failed: result
            .failed
            .iter()
            .map(|(scenario, outcome)| FailedReport { scenario, outcome })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

fn summary(result: &ProofResult, exit: Exit, style: Style) -> String {
    let mut out = String::new();
    for escape in &result.escaped {
        put!(
            out,
            "{} {}\n",
            style.red("escaped"),
            style.bold(&escape.clause)
        );
        let line = format!("counterexample: {}", escape.counterexample);
        put!(out, "  {}\n", style.wrap(&line, 4));
        put!(out, "  {}\n", style.wrap(&escape.why, 4));
    }
    for clause in &result.not_exercised {
        put!(out, "{} {clause}\n", style.red("not exercised"));
    }
    for clause in &result.left {
        let left = style.yellow("left to a real server, not tried:");
        put!(out, "{left} {clause}\n");
    }
    for (scenario, outcome) in &result.failed {
        let line = format!("{scenario}: {outcome}");
        put!(
            out,
            "{} {}\n",
            style.red("does not pass against the mock as it is:"),
            style.wrap(&line, 4)
        );
    }
    for allowed in &result.allowed {
        let number = counted(allowed.what.len(), "derived counterexample");
        let line = format!("{number} allowed by rule: {}", allowed.rule);
        put!(out, "{}\n", style.wrap(&line, 4));
    }
    for stale in &result.stale {
        let rule = style.red("stale rule of latitude");
        let line = format!("{}: {}", stale.rule, stale.why);
        put!(out, "{rule} {}\n", style.wrap(&line, 4));
    }
    let allowed: usize = result
        .allowed
        .iter()
        .map(|allowed| allowed.what.len())
        .sum();
    put!(
        out,
        "{}, {} ({} derived): {} caught, {} escaped; {} allowed\n",
        counted(result.clauses, "clause"),
        counted(result.counterexamples, "counterexample"),
        result.derived,
        result.caught,
        result.counterexamples - result.caught,
        allowed
    );
    if allowed > 0 {
        let line = "each that is allowed, with the reason: --report json=FILE, under `allowed`";
        put!(out, "{}\n", style.wrap(line, 4));
    }
    let verdict = match exit {
        Exit::Conforms if !result.left.is_empty() => style.green(&format!(
            "exit 0: every counterexample that was tried was caught; {} left to a real server",
            counted(result.left.len(), "clause")
        )),
        Exit::Conforms => style.green("exit 0: every counterexample was caught"),
        Exit::Interrupted => style.red("exit 130: interrupted; nothing was proved"),
        Exit::NothingRan => style.yellow("exit 4: there was no counterexample to try"),
        _ => style.red("exit 1: not everything is proved"),
    };
    out + &verdict + "\n"
}
