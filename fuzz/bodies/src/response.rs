//! A stream of bytes from a server that may be sloppy, broken or hostile.

use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{Limits, Method, Progress, Refusal, Response, Tolerance};

use crate::{assert_clean, body, prefixes, split};

const METHODS: [Method; 3] = [Method::Get, Method::Head, Method::Post];

/// First byte: four bits of tolerance, two of method, two of the size of the steps.
pub fn h1_response(data: &[u8]) {
    let Some((first, mut input)) = split(data) else { return };
    let tolerance = Tolerance {
        bare_lf: first & 1 != 0,
        obs_fold: first & 2 != 0,
        duplicate_length: first & 4 != 0,
        no_reason: first & 8 != 0,
    };
    let method = METHODS[usize::from(first >> 4 & 3) % METHODS.len()];
    let step = [1, 3, 16, 1000][usize::from(first >> 6)];
    let mut response = Response::default();
    for _ in 0..8 {
        response.clear();
        let Ok(Progress::Complete(used)) = parse(&mut response, input, method, tolerance, step) else { return };
        forward(&response, method);
        input = &input[used..];
        if response.is_interim() {
            continue;
        }
        let fields = response.head.fields().count();
        let _ = body::consume(response.framing, fields, input, step);
        return;
    }
}

/// Parses at once and in steps: both must say the same.
fn parse(
    response: &mut Response,
    input: &[u8],
    method: Method,
    tolerance: Tolerance,
    step: usize,
) -> Result<Progress, Refusal> {
    let whole = response.parse(input, method, &Limits::DEFAULT, tolerance);
    let mut slowly = Response::default();
    let mut stepped = Ok(Progress::Incomplete);
    for prefix in prefixes(input, step) {
        stepped = slowly.parse(prefix, method, &Limits::DEFAULT, tolerance);
        if stepped != Ok(Progress::Incomplete) {
            break;
        }
    }
    match (whole, stepped) {
        (Ok(whole), Ok(stepped)) => assert_eq!(whole, stepped, "in steps of {step}"),
        (Err(_), Err(_)) => {}
        (whole, stepped) => {
            panic!("at once {:?}, in steps of {step} {:?}", whole.map_err(|o| o.slug), stepped.map_err(|o| o.slug));
        }
    }
    if let Ok(Progress::Complete(_)) = whole {
        assert_eq!(written(response), written(&slowly), "in steps of {step}");
        assert_eq!(response.sloppy, slowly.sloppy, "in steps of {step}");
    }
    whole
}

fn written(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    let connection = if response.upgrade.is_some() { Connection::Upgrade } else { Connection::Silent };
    encode::response(response, response.framing, connection, &mut out);
    out
}

/// Whatever was forgiven: what goes to the client is clean, and read strictly it is the same response.
fn forward(response: &Response, method: Method) {
    let out = written(response);
    assert_clean(&out);
    let wider = Limits {
        header_bytes: Limits::DEFAULT.header_bytes * 2,
        header_fields: Limits::DEFAULT.header_fields + 4,
        ..Limits::DEFAULT
    };
    let mut again = Response::default();
    match again.parse(&out, method, &wider, Tolerance::default()) {
        Ok(progress) => assert_eq!(progress, Progress::Complete(out.len()), "{}", out.escape_ascii()),
        Err(refusal) => panic!("we write what we refuse ({}): {}", refusal.slug, out.escape_ascii()),
    }
    assert!(!again.sloppy, "{}", out.escape_ascii());
    assert_eq!(again.framing, response.framing, "{}", out.escape_ascii());
    assert_eq!(again.status, response.status, "{}", out.escape_ascii());
    let twice = written(&again);
    assert_eq!(twice, out, "\n{}\nbecomes\n{}", out.escape_ascii(), twice.escape_ascii());
}
