//! One test for each scenario of the suites that come with the project, and of the example: against the embedded mock, in each
//! of its forms, strictly. Suites with a folder below `snapshots/` are compared with the reviewed snapshots in it.

#![expect(
    clippy::print_stderr,
    reason = "a test binary tells why it cannot begin"
)]

use libtest_mimic::Arguments;
use std::{path::Path, process::ExitCode};
use wireproof::Scenarios;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    let suites = [
        "scenarios/bits-upload",
        "scenarios/hpc-pack",
        "examples/greeting",
    ];
    for folder in suites {
        let mut scenarios = Scenarios::new(root.join(folder)).strict();
        let suite = Path::new(folder).file_name().expect("each has a name");
        if root.join("snapshots").join(suite).is_dir() {
            scenarios = scenarios.snapshots(root.join("snapshots"));
        }
        match scenarios.trials() {
            Ok(some) if some.is_empty() => {
                eprintln!("there is no scenario below `{folder}`");
                return ExitCode::from(4);
            }
            Ok(some) => trials.extend(some),
            Err(why) => {
                eprintln!("{why}");
                return ExitCode::from(2);
            }
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
