//! See `congvan_fuzz::genesis`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::genesis(data));
