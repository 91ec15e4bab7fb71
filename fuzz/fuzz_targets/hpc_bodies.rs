#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireproof_fuzz::hpc_bodies(data));
