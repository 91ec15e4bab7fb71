use super::{check_args::CheckArgs, observe_args::ObserveArgs, serve_args::ServeArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Everything that can be typed, exactly as it was typed.
#[derive(Debug, Parser)]
#[command(
    name = "wireproof",
    version,
    about = "Proves on the wire that a server keeps a documented contract, and gives client authors a server that keeps it.",
    after_help = EXIT_CODES,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

const EXIT_CODES: &str = "\
Exit codes: 0 conforms; 1 findings; 2 the input or the command line is wrong; 3 could not run;
4 nothing selected, or all of it skipped; 130 interrupted. Data on stdout, talk on stderr.";

/// What holds for every command.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Global {
    /// Tell more; twice: everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios against the embedded mock, or against a real server
    Check(Box<CheckArgs>),
    /// Start a server that keeps a contract
    Serve(Box<ServeArgs>),
    /// Stand between a real client and a real server, change nothing, and judge both until Ctrl-C
    Observe(Box<ObserveArgs>),
    /// Run suites against their own counterexamples: each must be caught
    Prove(ProveArgs),
    /// Join the JSON reports of shards or targets into any report
    Merge(MergeArgs),
    /// Show where two runs differ, clause by clause; exits 1 where they do
    Compare(CompareArgs),
    /// Read and plan only, and tell every mistake
    Lint(LintArgs),
    /// List suites with their operations, scenarios and clauses
    List(ListArgs),
    /// Tell all about one clause or operation
    Explain(ExplainArgs),
    /// Write a suite folder to start from
    New(NewArgs),
    /// Print the JSON Schema of the files that people write
    Schema(SchemaArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

/// Where the suites are.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Where {
    /// A folder of suites in place of those in the program
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ProveArgs {
    /// Suites; all where none is named
    #[arg(value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    /// Write a report: json=FILE, with `-` for stdout; repeatable
    #[arg(long, value_name = "KIND=FILE", value_parser = super::values::report_to)]
    pub(crate) report: Vec<super::values::ReportTo>,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// Reports that `--report json=FILE` wrote
    #[arg(value_name = "REPORT.json", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: super::shared_args::Output,
}

#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    /// The report of the first run
    #[arg(value_name = "REPORT.json")]
    pub(crate) first: PathBuf,
    /// The report of the second run
    #[arg(value_name = "REPORT.json")]
    pub(crate) second: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// Suite folders or scenario files; all suites where none is named
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Suites; all where none is named
    #[arg(value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    /// Clauses too: level, counterexamples, the scenarios that prove them, the targets they are exercised on
    #[arg(long)]
    pub(crate) clauses: bool,
    /// A report of `check`: what each clause came to there (with --clauses, or in JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) place: Where,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The id of a clause or an operation, SUITE/ID where suites share it
    #[arg(value_name = "CLAUSE|OPERATION")]
    pub(crate) name: String,
    /// Suites or suite folders; those of the program where none is named
    #[arg(value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Args, Debug)]
pub(crate) struct NewArgs {
    /// The folder to write; its last part becomes the id of the suite
    #[arg(value_name = "SUITE")]
    pub(crate) folder: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// Of which file
    #[arg(value_name = "KIND")]
    pub(crate) kind: SchemaKind,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum SchemaKind {
    /// A scenario
    Scenario,
    /// A contract.yaml
    Contract,
    /// A file of cues
    Cues,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
