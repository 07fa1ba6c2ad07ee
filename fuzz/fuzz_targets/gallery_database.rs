//! libFuzzer over [`fuzz::gallery_database`].
#![no_main]

libfuzzer_sys::fuzz_target!(init: fuzz::unwind_again(), |data: &[u8]| fuzz::gallery_database(data));
