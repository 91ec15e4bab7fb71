use super::{
    args::Where,
    shared_args::{Declared, KnownArgs, Output, ServerTls},
    values::{self, Header},
};
use crate::plan::Shard;
use clap::{Args, ValueEnum};
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// What can be typed behind `wireproof check`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CheckArgs {
    /// Suites, suite folders or scenario files; all suites where none is named
    #[arg(value_name = "SUITE|FILE")]
    pub(crate) what: Vec<String>,
    /// A real server; its path stands before every request's path
    #[arg(long, value_parser = values::url, help_heading = "Target")]
    pub(crate) url: Option<values::TargetUrl>,
    /// A target of the file of targets by its name, or `all`; repeatable
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "url",
        help_heading = "Target"
    )]
    pub(crate) target: Vec<String>,
    /// The file of targets; ./wireproof.toml where it is left out
    #[arg(
        long,
        value_name = "FILE",
        requires = "target",
        help_heading = "Target"
    )]
    pub(crate) config: Option<PathBuf>,
    /// A capability that the target has, or `all`; repeatable
    #[arg(long, value_name = "CAPABILITY", help_heading = "Target")]
    pub(crate) can: Vec<String>,
    #[command(flatten, next_help_heading = "Target")]
    pub(crate) declared: Declared,
    /// A header field that every request carries; repeatable
    #[arg(long, value_name = "NAME:VALUE", value_parser = values::header, help_heading = "Target")]
    pub(crate) header: Vec<Header>,
    /// Run scenarios that make or change something on the server, too
    #[arg(long, help_heading = "Target")]
    pub(crate) allow_writes: bool,
    #[command(flatten, next_help_heading = "Access")]
    pub(crate) access: Access,
    /// Only scenarios whose id fits: a part of it, or a pattern of the whole with `*` for any text; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    pub(crate) only: Vec<String>,
    /// No scenarios whose id fits, as with --only; one that fits none is refused; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Selection")]
    pub(crate) skip: Vec<String>,
    /// Only the I-th of N equal parts of what is selected
    #[arg(long, value_name = "I/N", help_heading = "Selection")]
    pub(crate) shard: Option<Shard>,
    /// The JSON report of an earlier run: makes shards even by how long each scenario took
    #[arg(
        long,
        value_name = "REPORT.json",
        requires = "shard",
        help_heading = "Selection"
    )]
    pub(crate) durations: Option<PathBuf>,
    /// Only what failed, was blocked or errored in an earlier JSON report, and what that run ended before: by an
    /// interrupt, by --fail-fast, or because the server stopped answering
    #[arg(long, value_name = "REPORT.json", help_heading = "Selection")]
    pub(crate) failed: Option<PathBuf>,
    /// Tell what would be run, and send nothing
    #[arg(long, help_heading = "Selection")]
    pub(crate) dry_run: bool,
    /// How many scenarios run at once
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How long a reply may take
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Run")]
    pub(crate) timeout: Option<Duration>,
    /// How long the body of a reply may be (default 16MiB); a longer one is not judged
    #[arg(long, value_name = "SIZE", value_parser = values::bytes, help_heading = "Run")]
    pub(crate) body_limit: Option<usize>,
    /// How many requests a second at most
    #[arg(long, value_name = "N/s", value_parser = values::rate, help_heading = "Run")]
    pub(crate) rate: Option<f64>,
    /// Stop at the first finding that fails the run
    #[arg(long, help_heading = "Run")]
    pub(crate) fail_fast: bool,
    /// A broken `should` fails the run
    #[arg(long, help_heading = "Judgement")]
    pub(crate) strict: bool,
    /// A difference to a snapshot fails the run
    #[arg(long, help_heading = "Judgement")]
    pub(crate) strict_snapshots: bool,
    #[command(flatten, next_help_heading = "Judgement")]
    pub(crate) known: KnownArgs,
    /// Snapshots in place of those in the program
    #[arg(long, value_name = "DIR", help_heading = "Judgement")]
    pub(crate) snapshots: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Reports")]
    pub(crate) output: Output,
    #[command(flatten, next_help_heading = "Options")]
    pub(crate) place: Where,
}

/// How a target lets us in.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Access {
    /// The user name
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The environment variable that holds the password
    #[arg(long, value_name = "VAR")]
    pub(crate) password_env: Option<String>,
    /// The password itself, from the file of targets.
    #[arg(skip)]
    pub(crate) password: Option<Hidden>,
    /// How to authenticate; basic where a user is given
    #[arg(long, value_name = "KIND")]
    pub(crate) auth: Option<AuthKind>,
    #[command(flatten)]
    pub(crate) tls: ServerTls,
    /// An HTTP proxy that everything goes through
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

/// A secret: in no output, that of `Debug` neither.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(pub(crate) String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// How the caller is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthKind {
    /// HTTP Basic
    Basic,
    /// NTLMv2 on each connection
    Ntlm,
    /// Not at all
    None,
}
