//! A stream of bytes from a client: request heads and their bodies, one behind the other.

use plimsoll_http::{Limits, Progress, Refusal, Request, encode};

use crate::{assert_clean, body, prefixes, split};

/// What we write may hold a few fields more than what we read: `Host` for HTTP/1.0, framing, `Connection`.
const WIDER: Limits = Limits {
    header_bytes: Limits::DEFAULT.header_bytes * 2,
    header_fields: Limits::DEFAULT.header_fields + 4,
    target_bytes: Limits::DEFAULT.target_bytes * 2,
    ..Limits::DEFAULT
};

/// First byte: size of the steps in which the rest arrives.
pub fn h1_request(data: &[u8]) {
    let Some((step, mut input)) = split(data) else { return };
    let mut request = Request::default();
    // A pipeline, as far as it is understood; the bound keeps one input from taking long.
    for _ in 0..8 {
        request.clear();
        let Ok(Progress::Complete(used)) = parse(&mut request, input, usize::from(step)) else { return };
        forward(&request);
        let fields = request.head.fields().count();
        match body::consume(request.framing, fields, &input[used..], usize::from(step)) {
            Some(more) => input = &input[used + more..],
            None => return,
        }
    }
}

/// Parses at once and in steps: both must say the same.
fn parse(request: &mut Request, input: &[u8], step: usize) -> Result<Progress, Refusal> {
    let whole = request.parse(input, &Limits::DEFAULT);
    let mut slowly = Request::default();
    let mut stepped = Ok(Progress::Incomplete);
    for prefix in prefixes(input, step) {
        stepped = slowly.parse(prefix, &Limits::DEFAULT);
        if stepped != Ok(Progress::Incomplete) {
            break;
        }
    }
    match (whole, stepped) {
        (Ok(whole), Ok(stepped)) => assert_eq!(whole, stepped, "in steps of {step}"),
        // Which of two faults is told first may depend on what had come, and a shorter part may show a fault that the
        // longer part will show only when its head is complete. That it is refused in the end may not.
        (Err(_) | Ok(Progress::Incomplete), Err(_)) => {}
        (whole, stepped) => {
            panic!("at once {:?}, in steps of {step} {:?}", whole.map_err(|o| o.slug), stepped.map_err(|o| o.slug));
        }
    }
    if let Ok(Progress::Complete(_)) = whole {
        assert_eq!(written(request), written(&slowly), "in steps of {step}");
    }
    whole
}

fn written(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    encode::request(request, false, "host.example", &mut out);
    out
}

/// What goes to the server is clean, and a strict reader understands it as we did.
fn forward(request: &Request) {
    let out = written(request);
    assert_clean(&out);
    let mut again = Request::default();
    match again.parse(&out, &WIDER) {
        Ok(progress) => assert_eq!(progress, Progress::Complete(out.len()), "{}", out.escape_ascii()),
        Err(refusal) => panic!("we write what we refuse ({}): {}", refusal.slug, out.escape_ascii()),
    }
    assert_eq!(again.framing, request.framing, "{}", out.escape_ascii());
    assert_eq!(again.method, request.method, "{}", out.escape_ascii());
    let twice = written(&again);
    assert_eq!(twice, out, "\n{}\nbecomes\n{}", out.escape_ascii(), twice.escape_ascii());
}
