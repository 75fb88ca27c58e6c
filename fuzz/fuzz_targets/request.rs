//! See `congvan_fuzz::request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::request(data));
