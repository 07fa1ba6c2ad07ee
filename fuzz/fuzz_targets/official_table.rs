//! libFuzzer over [`fuzz::official_table`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::official_table(data));
