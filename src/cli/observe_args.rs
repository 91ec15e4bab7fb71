use super::{
    args::Where,
    values::{self, Pair, ReportTo, TargetUrl},
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// What can be typed behind `wireproof observe`.
#[derive(Args, Debug)]
pub(crate) struct ObserveArgs {
    /// A suite, or a suite folder
    #[arg(value_name = "SUITE")]
    pub(crate) suite: String,
    /// The real server. A path is that which stands before the contract's paths in what clients ask for; nothing is added
    #[arg(long, value_parser = values::url)]
    pub(crate) upstream: TargetUrl,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Listen beyond this machine, too: whoever reaches it reaches the server
    #[arg(long)]
    pub(crate) allow_open: bool,
    /// A trait that the server has; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::pair, help_heading = "Judgement")]
    pub(crate) set: Vec<Pair>,
    /// A variable of the suite; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::pair, help_heading = "Judgement")]
    pub(crate) var: Vec<Pair>,
    /// A broken `should` fails the run
    #[arg(long, help_heading = "Judgement")]
    pub(crate) strict: bool,
    /// Speak TLS with clients, with a certificate made for this run
    #[arg(long, conflicts_with = "cert", help_heading = "TLS with clients")]
    pub(crate) tls: bool,
    /// Where to write the certificate to trust, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls",
        help_heading = "TLS with clients"
    )]
    pub(crate) ca_out: Option<PathBuf>,
    /// A certificate chain of your own, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "key",
        help_heading = "TLS with clients"
    )]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "cert",
        help_heading = "TLS with clients"
    )]
    pub(crate) key: Option<PathBuf>,
    /// Take any certificate of the server
    #[arg(long, help_heading = "TLS with the server")]
    pub(crate) insecure: bool,
    /// A PEM file of the only certificates to trust
    #[arg(long, value_name = "FILE", help_heading = "TLS with the server")]
    pub(crate) ca: Option<PathBuf>,
    /// Our own certificate, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_key",
        help_heading = "TLS with the server"
    )]
    pub(crate) client_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_cert",
        help_heading = "TLS with the server"
    )]
    pub(crate) client_key: Option<PathBuf>,
    /// Write a report: json, junit, html, github, markdown or har, with `-` for stdout; repeatable
    #[arg(long, value_name = "KIND=FILE", value_parser = values::report_to, help_heading = "Reports")]
    pub(crate) report: Vec<ReportTo>,
    /// Write the traffic as a scenario that `check` can run again; its snapshot goes to `snapshots` beside it
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Where,
}
