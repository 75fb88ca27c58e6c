//! See `congvan_fuzz::action`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::action(data));
