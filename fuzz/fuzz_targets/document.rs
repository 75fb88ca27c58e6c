//! See `congvan_fuzz::document`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::document(data));
