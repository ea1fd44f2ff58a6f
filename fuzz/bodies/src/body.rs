//! Bodies: the same data however the bytes arrive, and the same again after our own chunking.

use plimsoll_http::{Body, Framing, Limits, encode};

use crate::split;

/// First byte: framing and size of the steps. The rest is a body and what may follow it.
pub fn h1_body(data: &[u8]) {
    let Some((first, input)) = split(data) else { return };
    let framing = match first & 3 {
        0 => Framing::Length(u64::from(first >> 2)),
        1 => Framing::UntilClose,
        _ => Framing::Chunked,
    };
    let _ = consume(framing, 0, input, usize::from(first >> 2));
}

/// What a decoder made of an input.
#[derive(Debug, PartialEq)]
struct Read {
    data: Vec<u8>,
    consumed: usize,
    trailers: Vec<u8>,
    done: bool,
}

/// Reads a body at once and in steps and forwards it chunked; the bytes that were its own, if it is complete.
///
/// `fields`: how many the head had; trailers count against the same limit.
pub fn consume(framing: Framing, fields: usize, input: &[u8], step: usize) -> Option<usize> {
    let body = || Body::new(framing, &Limits::DEFAULT, fields);
    let whole = read(body(), input, input.len());
    let stepped = read(body(), input, step);
    let whole = match (whole, stepped) {
        (Some(whole), Some(stepped)) => {
            assert_eq!(whole, stepped, "in steps of {step}");
            whole
        }
        (None, None) => return None,
        (whole, stepped) => panic!("at once {whole:?}, in steps of {step} {stepped:?}"),
    };
    assert!(whole.consumed <= input.len());
    let mut out = Vec::new();
    for piece in whole.data.chunks(step.max(1)) {
        encode::chunk(piece, &mut out);
    }
    encode::last_chunk(&whole.trailers, &mut out);
    let again = read(Body::new(Framing::Chunked, &Limits::DEFAULT, 0), &out, out.len());
    let again = again.unwrap_or_else(|| panic!("we write what we refuse: {}", out.escape_ascii()));
    assert_eq!((&again.data, &again.trailers), (&whole.data, &whole.trailers), "{}", out.escape_ascii());
    assert!(again.done && again.consumed == out.len(), "{}", out.escape_ascii());
    whole.done.then_some(whole.consumed)
}

/// `None`: refused.
fn read(mut body: Body, input: &[u8], step: usize) -> Option<Read> {
    let mut read = Read { data: Vec::new(), consumed: 0, trailers: Vec::new(), done: body.is_done() };
    let mut arrived = 0;
    while !read.done {
        let seen = &input[read.consumed..arrived];
        let decoded = body.decode(seen).ok()?;
        assert!(decoded.consumed <= seen.len() && decoded.data.end <= decoded.consumed, "{decoded:?}");
        read.data.extend_from_slice(&seen[decoded.data]);
        read.consumed += decoded.consumed;
        read.done = decoded.done;
        if decoded.consumed == 0 && !decoded.done {
            if arrived == input.len() {
                break;
            }
            arrived = (arrived + step.max(1)).min(input.len());
        }
    }
    read.trailers = body.trailers().to_vec();
    Some(read)
}
