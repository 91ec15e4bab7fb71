use super::{
    args::Where,
    check_args::AuthKind,
    shared_args::{ClientTls, Listen},
    values::{self, Pair},
};
use clap::Args;
use std::path::PathBuf;

/// What can be typed behind `wireproof serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// A suite, or a suite folder
    #[arg(value_name = "SUITE")]
    pub(crate) suite: String,
    #[command(flatten)]
    pub(crate) door: Listen,
    #[command(flatten, next_help_heading = "TLS")]
    pub(crate) tls: ClientTls,
    /// What is demanded: none takes any or no credentials, and a user name given becomes the owner; basic where a user is
    /// named, else none
    #[arg(long, value_name = "KIND", help_heading = "Access")]
    pub(crate) auth: Option<AuthKind>,
    /// The user that is let in
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) user: Option<String>,
    /// The environment variable that holds the user's password
    #[arg(long, value_name = "VAR", requires = "user", help_heading = "Access")]
    pub(crate) password_env: Option<String>,
    /// A deliberate deviation from the contract; repeatable
    #[arg(long, value_name = "ID", help_heading = "Behaviour")]
    pub(crate) quirk: Vec<String>,
    /// A file of cues: what is to go wrong for which requests
    #[arg(long, value_name = "FILE", help_heading = "Behaviour")]
    pub(crate) cues: Option<PathBuf>,
    /// A setting of the mock; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::pair, help_heading = "Behaviour")]
    pub(crate) set: Vec<Pair>,
    /// The folder to keep state in; in memory without it
    #[arg(long, value_name = "DIR", help_heading = "Behaviour")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The environment variable that holds the token of the admin interface, under /__wireproof/; without one it is there
    /// for this machine only, and only where the server listens on no other address
    #[arg(long, value_name = "VAR", help_heading = "Admin interface")]
    pub(crate) admin_token_env: Option<String>,
    /// A host name that the admin interface may be asked under, beside localhost; repeatable
    #[arg(long, value_name = "NAME", help_heading = "Admin interface")]
    pub(crate) admin_host: Vec<String>,
    /// No admin interface: its paths are those of the mock
    #[arg(long, conflicts_with_all = ["admin_token_env", "admin_host"], help_heading = "Admin interface")]
    pub(crate) no_admin: bool,
    /// List the settings, quirks and faults of the suite's mock, and stop
    #[arg(long, help_heading = "Behaviour")]
    pub(crate) help_settings: bool,
    #[command(flatten, next_help_heading = "Options")]
    pub(crate) place: Where,
}
