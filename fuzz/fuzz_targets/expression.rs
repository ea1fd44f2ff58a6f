//! libFuzzer's door to [`plimsoll_fuzz_bodies::expression`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plimsoll_fuzz_bodies::expression(data));
