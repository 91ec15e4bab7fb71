//! Options that several commands take, typed and told alike.

use super::{
    files::Files,
    values::{self, Pair, ReportTo},
};
use crate::client::TlsOptions;
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// What a real server is declared to be.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Declared {
    /// A trait that the server has; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::pair)]
    pub(crate) set: Vec<Pair>,
    /// A variable of the suite; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::pair)]
    pub(crate) var: Vec<Pair>,
}

/// TLS with a real server.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerTls {
    /// Take any TLS certificate of the server
    #[arg(long)]
    pub(crate) insecure: bool,
    /// A PEM file of the only certificates to trust, in place of those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Our own certificate, PEM
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,
}

/// Where clients are waited for.
#[derive(Args, Clone, Debug)]
pub(crate) struct Listen {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Listen beyond this machine although nobody is asked for credentials: whoever reaches it is let in
    #[arg(long)]
    pub(crate) allow_open: bool,
}

/// TLS with clients.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClientTls {
    /// Speak TLS with clients, with a certificate made for this run
    #[arg(long, conflicts_with = "cert")]
    pub(crate) tls: bool,
    /// Where to write the certificate to trust, PEM
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_out: Option<PathBuf>,
    /// A certificate chain of your own, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
}

/// What is known to be otherwise than documented.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KnownArgs {
    /// A file of known differences, each with its reason: they fail nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Write what fails and nothing excuses into a file of known differences, and take out what now conforms
    #[arg(long, value_name = "FILE")]
    pub(crate) write_known: Option<PathBuf>,
}

/// What a file of known differences is called that the file of targets names.
pub(crate) const KNOWN_OF_TARGET: &str = "`known` of a target";

impl KnownArgs {
    /// The file that it is read from, and the one that is written; both may be one.
    pub(crate) fn files(&self, files: &mut Files) {
        files.may_read("--known", self.known.as_ref());
        if let Some(file) = &self.write_known {
            files.writes_over("--write-known", file, &["--known", KNOWN_OF_TARGET]);
        }
    }
}

/// Where what was found goes, beside the console.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Output {
    /// Write a report: json, junit, html, github, markdown or har, with `-` for stdout; repeatable
    #[arg(long, value_name = "KIND=FILE", value_parser = values::report_to)]
    pub(crate) report: Vec<ReportTo>,
}

impl ServerTls {
    /// As the client takes them.
    pub(crate) fn options(&self) -> TlsOptions {
        TlsOptions {
            insecure: self.insecure,
            ca: self.ca.clone(),
            client: self.client_cert.clone().zip(self.client_key.clone()),
        }
    }

    /// The files that it is read from.
    pub(crate) fn files(&self, files: &mut Files) {
        files.may_read("--ca", self.ca.as_ref());
        files.may_read("--client-cert", self.client_cert.as_ref());
        files.may_read("--client-key", self.client_key.as_ref());
    }
}

impl ClientTls {
    /// The files that it is read from, and the one that is written.
    pub(crate) fn files(&self, files: &mut Files) {
        files.may_read("--cert", self.cert.as_ref());
        files.may_read("--key", self.key.as_ref());
        if let Some(file) = &self.ca_out {
            files.writes("--ca-out", file);
        }
    }
}
