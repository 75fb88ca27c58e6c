//! See `congvan_fuzz::chain_extend`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::chain_extend(data));
