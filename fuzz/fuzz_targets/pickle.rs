//! libFuzzer over [`fuzz::pickle`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::pickle(data));
