//! The command line: arguments as typed -> options as resolved -> one function per command; exit codes.
//!
//! In: the arguments of the process. Out: text on standard output and standard error, files, an exit code.

mod args;
mod check;
mod check_args;
mod check_options;
mod check_ready;
#[cfg(test)]
mod ci_tests;
mod coverage;
mod explain;
mod files;
mod known;
mod known_files;
mod known_text;
mod lint;
mod list;
mod new;
mod observe;
mod observe_args;
mod out;
mod program;
mod prove;
mod reports;
mod selection;
mod serve;
mod serve_args;
mod shared_args;
mod signals;
mod suites;
mod targets;
mod targets_table;
mod targets_use;
mod values;

pub use program::run;
