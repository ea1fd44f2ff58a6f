//! Turns valid requests into nearly valid ones: flips, insertions, duplications, swaps, wrong sizes.

use plimsoll_testkit::Random;

/// Requests that every proxy forwards; the bodies hold bait that only a framing mistake would turn into a request.
const VALID: [&str; 10] = [
    "GET /g?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    "GET /g HTTP/1.1\r\nHost: a\r\nConnection: x-b, keep-alive\r\nX-B: 1\r\nCookie: c=d\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 38\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-C: y\r\n\r\nabc",
    "POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n26\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n\r\n0\r\nX-T: 1\r\n\r\n",
    "POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;e=f\r\n0\r\n\r\n\r\n00\r\n\r\n",
    "PUT /u HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    "GET http://a/abs HTTP/1.1\r\nHost: a\r\n\r\n",
    "DELETE /d HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
];

/// What is inserted: the bytes that parsers disagree about, and lines that change the framing.
const PIECES: [&[u8]; 34] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\r\n",
    b"\n\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\xff",
    b"\"",
    b"\\",
    b"#",
    b"%",
    b"%00",
    b"0",
    b"+",
    b"-",
    b"0x",
    b"_",
    b"chunked",
    b"0\r\n\r\n",
    b"\r\n ",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Host: b\r\n",
    b"Connection: content-length\r\n",
    b"\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// What stands where CRLF should.
const LINE_ENDS: [&[u8]; 6] = [b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b""];

/// A request nobody touched.
pub fn valid(random: &mut Random) -> Vec<u8> {
    random.pick(&VALID).as_bytes().to_vec()
}

/// A valid request after one to three mutations.
pub fn mutated(random: &mut Random) -> Vec<u8> {
    let mut bytes = valid(random);
    for _ in 0..=random.below(3) {
        mutate(random, &mut bytes);
    }
    bytes
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len());
    match random.below(11) {
        0 => bytes[at] = random.bits() as u8,
        1 | 2 => {
            let piece = *random.pick(&PIECES);
            bytes.splice(at..at, piece.iter().copied());
        }
        3 => {
            bytes.remove(at);
        }
        4 => {
            let end = (at + random.below(12)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            bytes.splice(end..end, copy);
        }
        5 => lines(bytes, |lines| {
            let (from, to) = (random.below(lines.len()), random.below(lines.len()));
            lines.swap(from, to);
        }),
        6 => lines(bytes, |lines| {
            let line = random.pick(lines).clone();
            lines.insert(random.below(lines.len()), line);
        }),
        7 => digits(random, bytes),
        8 => {
            if let Some(found) = (at..bytes.len().saturating_sub(1)).find(|at| bytes[*at..].starts_with(b"\r\n")) {
                let other = random.pick(&LINE_ENDS);
                bytes.splice(found..found + 2, other.iter().copied());
            }
        }
        9 => bytes[at] ^= 1 << random.below(8),
        _ => bytes[at] ^= if bytes[at].is_ascii_alphabetic() { 0x20 } else { 0 },
    }
    if bytes.is_empty() {
        bytes.push(b'\n');
    }
}

/// Changes the order or number of lines.
fn lines(bytes: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines);
    *bytes = lines.concat();
}

/// Replaces a run of digits (a length, a chunk size, a version) by another number.
fn digits(random: &mut Random, bytes: &mut Vec<u8>) {
    const NUMBERS: [&str; 14] = [
        "0",
        "1",
        "2",
        "3",
        "00",
        "03",
        "-1",
        "+3",
        "0x3",
        "ffffffffffffffff",
        "00000000000000003",
        "18446744073709551616",
        "3,3",
        "1e1",
    ];
    let from = random.below(bytes.len());
    let Some(start) = (from..bytes.len()).find(|at| bytes[*at].is_ascii_digit()) else { return };
    let end = (start..bytes.len()).find(|at| !bytes[*at].is_ascii_digit()).unwrap_or(bytes.len());
    let number = *random.pick(&NUMBERS);
    bytes.splice(start..end, number.bytes());
}
