//! See `congvan_fuzz::skeleton`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::skeleton(data));
