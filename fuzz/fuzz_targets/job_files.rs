#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireproof_fuzz::job_files(data));
