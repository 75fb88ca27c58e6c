//! See `congvan_fuzz::bundle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::bundle(data));
