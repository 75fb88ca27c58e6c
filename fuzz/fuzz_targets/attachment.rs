//! See `congvan_fuzz::attachment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::attachment(data));
