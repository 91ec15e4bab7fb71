//! What the benchmarks share: processes, a load generator, bare servers to compare with, a table.
//!
//! Every figure is a ratio between two things that ran in turns in the same run, or a size. Nothing here is a test:
//! how long something takes is told, and a person judges it.

#![expect(
    dead_code,
    unused_imports,
    reason = "each benchmark uses its part of what is shared"
)]

mod bare;
mod load;
mod process;
mod table;
mod wire;

pub(crate) use bare::role;
pub(crate) use load::{Conversation, Tally, conversations, load, runtime};
pub(crate) use process::{Serving, ran, timed, wall};
pub(crate) use table::{Table, asked, median, ratio};
pub(crate) use wire::{Line, Received, head, request};
