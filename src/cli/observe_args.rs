use super::{
    args::Where,
    shared_args::{ClientTls, Declared, KnownArgs, Listen, Output, ServerTls},
    values::{self, TargetUrl},
};
use clap::Args;
use std::path::PathBuf;

/// What can be typed behind `wireproof observe`.
#[derive(Args, Debug)]
pub(crate) struct ObserveArgs {
    /// A suite, or a suite folder
    #[arg(value_name = "SUITE")]
    pub(crate) suite: String,
    /// The real server. A path is that which stands before the contract's paths in what clients ask for; nothing is added
    #[arg(long, value_parser = values::url)]
    pub(crate) upstream: TargetUrl,
    #[command(flatten)]
    pub(crate) door: Listen,
    #[command(flatten, next_help_heading = "Judgement")]
    pub(crate) declared: Declared,
    /// A broken `should` fails the run
    #[arg(long, help_heading = "Judgement")]
    pub(crate) strict: bool,
    #[command(flatten, next_help_heading = "Judgement")]
    pub(crate) known: KnownArgs,
    #[command(flatten, next_help_heading = "TLS with clients")]
    pub(crate) tls: ClientTls,
    #[command(flatten, next_help_heading = "TLS with the server")]
    pub(crate) upstream_tls: ServerTls,
    #[command(flatten, next_help_heading = "Reports")]
    pub(crate) output: Output,
    /// Write the traffic as a scenario that `check` can run again; its snapshot goes to `snapshots` beside it
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Options")]
    pub(crate) place: Where,
}
