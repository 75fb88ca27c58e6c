//! See `congvan_fuzz::enrol_request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::enrol_request(data));
