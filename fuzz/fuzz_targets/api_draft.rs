//! See `congvan_fuzz::api_draft`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::api_draft(data));
