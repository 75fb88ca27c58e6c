//! See `congvan_fuzz::erasure`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::erasure(data));
