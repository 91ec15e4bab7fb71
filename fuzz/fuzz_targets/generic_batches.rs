#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireproof_fuzz::generic_batches(data));
