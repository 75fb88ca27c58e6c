//! See `congvan_fuzz::invitation_code`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::invitation_code(data));
