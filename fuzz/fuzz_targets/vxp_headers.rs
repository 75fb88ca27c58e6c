//! See `congvan_fuzz::vxp_headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::vxp_headers(data));
