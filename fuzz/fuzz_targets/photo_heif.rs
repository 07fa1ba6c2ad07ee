//! libFuzzer over [`fuzz::photo_heif`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::photo_heif(data));
