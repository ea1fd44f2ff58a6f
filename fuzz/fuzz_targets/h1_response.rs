//! libFuzzer's door to [`plimsoll_fuzz_bodies::h1_response`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plimsoll_fuzz_bodies::h1_response(data));
