//! The `wireproof` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    wireproof::cli::run(std::env::args_os())
}
