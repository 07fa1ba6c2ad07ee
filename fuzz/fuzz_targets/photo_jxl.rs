//! libFuzzer over [`fuzz::photo_jxl`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::photo_jxl(data));
