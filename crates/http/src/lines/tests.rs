//! What is read in one pass is what the scanner and httparse read, for heads that are right, nearly right, and cut anywhere.

use super::*;
use crate::{Limits, Progress, Refusal, Request, Response, Tolerance};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Bytes that decide something, and some that do not.
const BYTES: &[u8] = b"\r\n\t :a/%\x00\x7f\x80\xff\x1f\"1.";

fn fields(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..random.below(6) {
        let name =
            random.one_of(&["a", "Host", "Content-Length", "connection", "X-Long-Name-Of-A-Field", "TE", "cookie"]);
        let space = random.one_of(&["", " ", "\t", "  \t "]);
        let value = random.one_of(&["", "1", "close", "keep-alive, te", "a b\tc", "\u{e4}\u{f6}", "a=b; c=d; "]);
        let value = value.repeat(1 + random.below(2) * random.below(60));
        let end = random.one_of(&["", " ", "\t \t"]);
        out.extend_from_slice(format!("{name}:{space}{value}{end}\r\n").as_bytes());
    }
    out
}

/// One in three is left as it is; in the others some bytes are replaced, put in or taken out.
fn spoil(head: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..random.below(3) {
        let at = random.below(head.len());
        let byte = BYTES[random.below(BYTES.len())];
        match random.below(3) {
            0 => head[at] = byte,
            1 => head.insert(at, byte),
            _ => drop(head.remove(at)),
        }
    }
}

/// Given the first byte alone, the engine has begun to scan, and goes on so. One that is refused for it is refused.
fn slowly(input: &[u8], mut parse: impl FnMut(&[u8]) -> Result<Progress, Refusal>) -> Result<Progress, Refusal> {
    match parse(&input[..1])? {
        Progress::Incomplete => parse(input),
        done => Ok(done),
    }
}

/// Which of two faults is told first may depend on what had come, and so may when.
fn agree(at_once: Result<Progress, Refusal>, scanned: Result<Progress, Refusal>) -> bool {
    match (at_once, scanned) {
        (Ok(at_once), Ok(scanned)) => at_once == scanned,
        (Err(_) | Ok(Progress::Incomplete), Err(_)) => true,
        (_, _) => false,
    }
}

#[test]
fn a_request_is_read_in_one_pass_as_it_is_read_in_two() {
    let mut random = Random(1);
    let mut read = 0;
    for round in 0..60_000 {
        let line =
            random.one_of(&["GET /a?b=c HTTP/1.1", "POST * HTTP/1.0", "M-SEARCH http://a/ HTTP/1.1", "GET / HTTP/1.2"]);
        let mut head = format!("{line}\r\n").into_bytes();
        head.extend(fields(&mut random));
        head.extend_from_slice(b"Host: a\r\n\r\nrest");
        spoil(&mut head, &mut random);
        let limits =
            Limits { header_bytes: 64 + random.below(400), header_fields: 1 + random.below(8), ..Limits::DEFAULT };
        let (mut one, mut two) = (Request::default(), Request::default());
        let at_once = one.parse(&head, &limits);
        let scanned = slowly(&head, |input| two.parse(input, &limits));
        let shown = head.escape_ascii();
        assert!(agree(at_once, scanned), "round {round}: {at_once:?} at once, {scanned:?} scanned: {shown}");
        if let Ok(Progress::Complete(_)) = at_once {
            // The scanner is not in it: that it was not needed is the difference.
            let told = |request: &Request| {
                let text = format!("{request:?}");
                text[..text.find("scanner").unwrap()].to_owned()
            };
            assert_eq!(told(&one), told(&two), "round {round}: {shown}");
            read += 1;
        }
    }
    assert!(read > 4_000, "only {read} were right");
}

#[test]
fn a_response_is_read_in_one_pass_as_it_is_read_in_two() {
    let mut random = Random(2);
    let mut read = 0;
    for round in 0..60_000 {
        let line = random.one_of(&[
            "HTTP/1.1 200 OK",
            "HTTP/1.0 404 Not\tFound",
            "HTTP/1.1 304 ",
            "HTTP/1.1 204",
            "HTTP/1.1 099 x",
        ]);
        let mut head = format!("{line}\r\n").into_bytes();
        head.extend(fields(&mut random));
        head.extend_from_slice(b"\r\nrest");
        spoil(&mut head, &mut random);
        let limits =
            Limits { header_bytes: 64 + random.below(400), header_fields: 1 + random.below(8), ..Limits::DEFAULT };
        let any = |random: &mut Random| random.below(2) == 0;
        let tolerance = Tolerance {
            bare_lf: any(&mut random),
            obs_fold: any(&mut random),
            no_reason: any(&mut random),
            duplicate_length: any(&mut random),
        };
        let (mut one, mut two) = (Response::default(), Response::default());
        let at_once = one.parse(&head, Method::Get, &limits, tolerance);
        let scanned = slowly(&head, |input| two.parse(input, Method::Get, &limits, tolerance));
        let shown = head.escape_ascii();
        assert!(agree(at_once, scanned), "round {round}: {at_once:?} at once, {scanned:?} scanned: {shown}");
        if let Ok(Progress::Complete(_)) = at_once {
            let told = |response: &Response| {
                let text = format!("{response:?}");
                text[..text.find("scanner").unwrap()].to_owned()
            };
            assert_eq!(told(&one), told(&two), "round {round}: {shown}");
            read += 1;
        }
    }
    assert!(read > 4_000, "only {read} were right");
}

#[test]
fn the_first_control_byte_is_found_wherever_it_stands() {
    for length in 0..200 {
        for (byte, counts) in
            [(b'\r', true), (b'\n', true), (0, true), (0x1f, true), (0x7f, true), (b'\t', false), (0x80, false)]
        {
            let mut value = vec![b'a'; length];
            value.push(byte);
            value.extend_from_slice("\u{e4}\t b".as_bytes());
            assert_eq!(control(&value, 0), counts.then_some(length), "{byte:#x} behind {length} bytes");
            value.push(b'\r');
            assert_eq!(control(&value, 0), Some(if counts { length } else { value.len() - 1 }));
        }
    }
}

#[test]
fn what_is_ordinary_needs_no_second_pass() {
    let mut found = Vec::new();
    let browser =
        b"GET /a HTTP/1.1\r\nHost: a.example\r\nUser-Agent: b/1.0 (c; d)\r\nCookie: e=f; g=\r\nEmpty:\r\n\r\nmore";
    let (line, end) = request(browser, &mut found).unwrap();
    assert_eq!((line.length(), end, found.len()), (15, browser.len() - 4, 4));
    assert_eq!((found[3].value.len(), found[3].end as usize), (0, end - 2));
    for cut in 0..end {
        assert!(request(&browser[..cut], &mut Vec::new()).is_none(), "cut at {cut}");
    }
    found.clear();
    let (line, end) = response(b"HTTP/1.0 404 Not Found\r\nA:  b \r\n\r\n", &mut found).unwrap();
    assert_eq!((line.minor, line.status, line.length, end), (0, 404, 22, 34));
    assert_eq!(found[0].value, Span::new(28, 29));
}
