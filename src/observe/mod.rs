//! A checking proxy between a real client and a real server.
//!
//! In: connections. Out: the same bytes on the other side, and every exchange that passed as a value, judged by the contract.
//! It must not change a byte, and nothing that passes may wait for a judgement.

mod observed;

pub use observed::{End, Extent, Observed};
