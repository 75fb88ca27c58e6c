//! See `congvan_fuzz::status_packet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::status_packet(data));
