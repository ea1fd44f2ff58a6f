//! libFuzzer's door to [`plimsoll_fuzz_bodies::haproxy_cfg`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plimsoll_fuzz_bodies::haproxy_cfg(data));
