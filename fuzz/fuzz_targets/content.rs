//! See `congvan_fuzz::content`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::content(data));
