//! What is secret and how it is taken out of every text that leaves the program.
//!
//! In: secrets, and a text or bytes. Out: where they stand in it, and the text without them. It must not know what the text is
//! for: reports put stars there and drafts variables, so that the one shows no more than the other.

mod forms;
mod read;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use read::readings;
pub use text::Mask;
