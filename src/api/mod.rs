//! Mocks inside `cargo test`, and scenarios as tests of a user's own crate.
//!
//! In: settings. Out: a [`Mock`] that listens until it is dropped. It must not know the command line.

mod builder;
pub(crate) mod forms;
mod scenarios;
pub(crate) mod snapshots;
mod verify;

pub use builder::{BitsUpload, HpcPack, Mock, MockBuilder, StartError, bits_upload, hpc_pack};
pub use scenarios::Scenarios;
pub use verify::{Call, Calls, Unmet};

use verify::verify;
