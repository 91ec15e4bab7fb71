//! One test per scenario.
fn main() {}
