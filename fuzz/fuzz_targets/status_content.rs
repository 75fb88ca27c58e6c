//! See `congvan_fuzz::status_content`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::status_content(data));
