//! libFuzzer over [`fuzz::gallery_index`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::gallery_index(data));
