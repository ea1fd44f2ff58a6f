//! What the fuzz targets do with their bytes.
//!
//! *Knows*: how to feed each parser, and what must hold whatever comes: no panic, the same verdict however the bytes
//! arrive, and what is written anew is read again as the same thing.
//! *Does not know*: libFuzzer. It is an ordinary library, so its tests replay the committed inputs on stable.
//! *Start reading at*: [`TARGETS`]. A new target is a function, a row there, a file in fuzz/fuzz_targets with its lines in
//! fuzz/Cargo.toml, and a folder with a few inputs in fuzz/corpus.

mod body;
mod client_hello;
mod command;
mod expression;
mod loader;
mod proxy_header;
mod request;
mod response;
mod yaml;

pub use body::h1_body;
pub use client_hello::client_hello;
pub use command::command_line;
pub use expression::expression;
pub use loader::{config_load, haproxy_cfg};
pub use proxy_header::proxy_header;
pub use request::h1_request;
pub use response::h1_response;
pub use yaml::yaml_tree;

/// A target's function. It panics if something does not hold.
pub type Target = fn(&[u8]);

/// Every target by the name of its file.
pub const TARGETS: &[(&str, Target)] = &[
    ("h1_request", h1_request),
    ("h1_response", h1_response),
    ("h1_body", h1_body),
    ("proxy_header", proxy_header),
    ("client_hello", client_hello),
    ("yaml_tree", yaml_tree),
    ("command_line", command_line),
    ("config_load", config_load),
    ("haproxy_cfg", haproxy_cfg),
    ("expression", expression),
];

/// The first byte of an input tells how the rest is fed; an empty input says nothing.
fn split(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}

/// Ever longer prefixes of the input, ending with all of it: how a head arrives from a slow peer.
fn prefixes(input: &[u8], step: usize) -> impl Iterator<Item = &[u8]> {
    let step = step.max(1);
    (1..=input.len().div_ceil(step)).map(move |count| &input[..(count * step).min(input.len())])
}

/// Every line of a head that we wrote ends with CRLF, and no CR, LF or NUL stands anywhere else.
fn assert_clean(head: &[u8]) {
    assert!(head.ends_with(b"\r\n\r\n"), "a head without end: {}", head.escape_ascii());
    for (index, &byte) in head.iter().enumerate() {
        let clean = match byte {
            b'\r' => head.get(index + 1) == Some(&b'\n'),
            b'\n' => index > 0 && head[index - 1] == b'\r',
            byte => byte != 0,
        };
        assert!(clean, "byte {index} of {}", head.escape_ascii());
    }
}
