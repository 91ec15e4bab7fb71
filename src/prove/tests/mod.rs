//! Tests of counterexamples: each kind of edit, and whole proofs of a small contract that has no mock of its own.

mod derived;
mod edit;
mod proof;

use crate::{
    contract::{Contract, read},
    source::SourceFile,
};

fn contract(text: &str) -> Contract {
    let file = SourceFile::new("contract.yaml", text);
    let (contract, problems) = read(&file);
    assert!(problems.is_empty(), "{problems:?}");
    contract.expect("a contract")
}
