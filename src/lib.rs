#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
pub mod bits_upload;
pub mod check;
pub mod cli;
pub mod client;
pub mod contract;
pub mod hpc_pack;
mod mask;
pub mod message;
pub mod mock;
pub mod observe;
pub mod plan;
pub mod prove;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod snapshot;
pub mod source;
pub mod suite;

pub use api::{Call, Calls, Mock, MockBuilder, Scenarios, StartError, bits_upload, hpc_pack};
pub use hpc_pack::{Form, Hosting};
pub use mock::{At, Clock, Commit, Cue, Entry};
