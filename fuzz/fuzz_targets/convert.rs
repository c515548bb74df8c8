#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_smoke::convert::run(data));
