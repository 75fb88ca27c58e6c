//! See `congvan_fuzz::response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::response(data));
