//! See `congvan_fuzz::header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::header(data));
