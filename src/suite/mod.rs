//! Suites: a folder of a contract, its scenarios and its sequences, from disk or from the program itself.
//!
//! In: a path or the name of an embedded suite. Out: its files. It must not know targets or how anything is sent.

mod embedded;
mod load;

pub use embedded::{embedded_files, embedded_ids, embedded_snapshot};
pub use load::SuiteFiles;
