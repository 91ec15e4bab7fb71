//! What is fuzzed: one plain function for each target, from any bytes to nothing, panicking where a promise does not hold.
//!
//! In: bytes of a stranger. It uses only what is public, as a stranger would. The targets in `fuzz_targets/` call these
//! functions, and so does `tests/it/fuzzed.rs` in every ordinary test run: with the seeds, and with mutations of them.

mod bits;
mod hpc;
mod talk;
mod texts;

pub use bits::bits_packets;
pub use hpc::{filters, generic_batches, hpc_bodies, job_files, soap_batches};
pub use texts::{contract_yaml, report_json, scenario_yaml, snapshots};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, named as their folders of seeds.
pub const TARGETS: &[Target] = &[
    ("bits_packets", bits_packets),
    ("contract_yaml", contract_yaml),
    ("filters", filters),
    ("generic_batches", generic_batches),
    ("hpc_bodies", hpc_bodies),
    ("job_files", job_files),
    ("report_json", report_json),
    ("scenario_yaml", scenario_yaml),
    ("snapshots", snapshots),
    ("soap_batches", soap_batches),
];
