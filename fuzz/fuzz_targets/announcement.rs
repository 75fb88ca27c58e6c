//! See `congvan_fuzz::announcement`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::announcement(data));
