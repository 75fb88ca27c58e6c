//! See `congvan_fuzz::roster_payload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::roster_payload(data));
