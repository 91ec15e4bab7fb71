//! The `wireproof` program.
fn main() {}
