//! See `congvan_fuzz::procedure`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::procedure(data));
