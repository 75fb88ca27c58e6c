//! See `congvan_fuzz::enrol_response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::enrol_response(data));
