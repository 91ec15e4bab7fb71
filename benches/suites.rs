//! The bundled suites against their embedded mocks: `cargo bench --bench suites [-- PART...]`.

mod support;

use std::process::{Command, ExitCode};
use support::{Table, asked, median, role, timed};

fn main() -> ExitCode {
    if let Some(ended) = role() {
        return ended;
    }
    let mut table = Table::new("suites: from start to exit of the program");
    for (what, suite, limit, times) in [
        ("check", "hpc-pack", 5.0, 5),
        ("check", "bits-upload", 3.0, 5),
        ("prove", "hpc-pack", 60.0, 1),
        ("prove", "bits-upload", 60.0, 1),
    ] {
        let name = format!("{what} {suite}");
        if !asked(&name) {
            continue;
        }
        let runs: Vec<_> = (0..times)
            .map(|_| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_wireproof"));
                timed(command.args([what, suite]))
            })
            .collect();
        let took = runs.iter().map(|(took, _)| took.as_secs_f64()).collect();
        table.at_most(&name, median(took), limit, "s");
        // What it found is for the tests to judge.
        table.note("its exit code", f64::from(runs[0].1), "");
    }
    table.end()
}
