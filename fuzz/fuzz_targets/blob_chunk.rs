//! See `congvan_fuzz::blob_chunk`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| congvan_fuzz::blob_chunk(data));
