//! See `congvan_fuzz::status`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::status(data));
