//! Version 1: every line here is written by hand from section 2.1 of the specification.

use plimsoll_proxy_protocol::{
    Addresses, Command, MALFORMED, MISSING, MOST, Progress, TOO_LONG, Transport, Version, decode,
};

/// What a line is read as: source, destination, bytes used.
fn read(line: &[u8]) -> Result<(String, String, usize), &'static str> {
    match decode(line, MOST) {
        Ok(Progress::Incomplete) => Err("incomplete"),
        Err(rejection) => Err(rejection.slug),
        Ok(Progress::Complete { header, used }) => {
            assert_eq!((header.version, header.command), (Version::V1, Command::Proxy));
            assert!(header.tlvs.is_empty());
            match header.addresses {
                Addresses::Inet(both) => {
                    assert_eq!(header.transport, Transport::Stream);
                    Ok((both.source.to_string(), both.destination.to_string(), used))
                }
                _ => Ok(("unknown".into(), "unknown".into(), used)),
            }
        }
    }
}

fn inet(line: &[u8], source: &str, destination: &str) {
    let used = line.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(read(line), Ok((source.into(), destination.into(), used)), "{}", line.escape_ascii());
}

#[test]
fn the_example_of_the_specification_is_read_and_the_request_behind_it_is_left() {
    inet(
        b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n",
        "192.168.0.1:56324",
        "192.168.0.11:443",
    );
}

#[test]
fn the_longest_lines_of_each_kind_are_read() {
    let v4 = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
    assert_eq!(v4.len(), 56);
    inet(v4, "255.255.255.255:65535", "255.255.255.255:65535");
    let ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let v6 = format!("PROXY TCP6 {ones} {ones} 65535 65535\r\n");
    assert_eq!(v6.len(), 104);
    inet(v6.as_bytes(), &format!("[{ones}]:65535"), &format!("[{ones}]:65535"));
    let unknown = format!("PROXY UNKNOWN {ones} {ones} 65535 65535\r\n");
    assert_eq!(unknown.len(), 107);
    assert_eq!(read(unknown.as_bytes()), Ok(("unknown".into(), "unknown".into(), 107)));
}

#[test]
fn unknown_may_end_at_once_and_whatever_else_it_says_is_ignored() {
    for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN TCP4 999 \0\u{ff} x\r\n"] {
        assert_eq!(read(line.as_bytes()), Ok(("unknown".into(), "unknown".into(), line.len())), "{line:?}");
    }
}

#[test]
fn ipv6_is_read_in_every_spelling_and_both_cases() {
    inet(b"PROXY TCP6 2001:DB8::1 ::1 1 0\r\n", "[2001:db8::1]:1", "[::1]:0");
    inet(b"PROXY TCP6 0:0:0:0:0:0:0:0 2001:0db8:0000::00ff 1 2\r\n", "[::]:1", "[2001:db8::ff]:2");
    // As inet_ntop writes it.
    inet(b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "[::ffff:192.0.2.1]:1", "[::1]:2");
}

#[test]
fn what_is_not_exactly_the_line_is_malformed() {
    for line in [
        "PROXY\r\n",
        "PROXYTCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        // Addresses.
        "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n",
        "PROXY TCP4 0x1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 ::1 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP6 ::1 1::2::3 1 2\r\n",
        "PROXY TCP6 ::1 1:2:3:4:5:6:7:8:9 1 2\r\n",
        "PROXY TCP6 ::1 12345:: 1 2\r\n",
        "PROXY TCP6 ::1 [::1] 1 2\r\n",
        "PROXY TCP6 ::1%eth0 ::1 1 2\r\n",
        "PROXY TCP4 localhost 1.2.3.4 1 2\r\n",
        // Ports.
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 00 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999999999999999\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n",
        // Ends of the line.
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN a\nb\r\n",
    ] {
        assert_eq!(read(line.as_bytes()), Err(MALFORMED.slug), "{line:?}");
    }
}

#[test]
fn what_begins_otherwise_is_no_header_from_the_first_byte_that_differs() {
    for line in
        ["GET / HTTP/1.1\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROX ", "P\r", " PROXY", "\x16\x03\x01", "PROXz"]
    {
        assert_eq!(read(line.as_bytes()), Err(MISSING.slug), "{line:?}");
    }
}

#[test]
fn a_line_without_an_end_in_107_bytes_is_too_long_and_not_before() {
    let filled = |count: usize| format!("PROXY UNKNOWN {}", "a".repeat(count - 14));
    assert_eq!(read(filled(106).as_bytes()), Err("incomplete"));
    assert_eq!(read(filled(107).as_bytes()), Err(TOO_LONG.slug));
    assert_eq!(read(format!("{}\r\n", filled(105)).as_bytes()).unwrap().2, 107);
    // The CR is the 107th byte: its LF would be one too many.
    assert_eq!(read(format!("{}\r", filled(106)).as_bytes()), Err(TOO_LONG.slug));
    assert_eq!(read(format!("{}\r\n", filled(106)).as_bytes()), Err(TOO_LONG.slug));
}

#[test]
fn a_line_cut_at_any_byte_is_incomplete() {
    let ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    for line in [
        "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n".to_owned(),
        format!("PROXY TCP6 {ones} {ones} 65535 65535\r\n"),
        format!("PROXY UNKNOWN {ones} {ones} 65535 65535\r\n"),
        "PROXY UNKNOWN\r\n".to_owned(),
    ] {
        for cut in 0..line.len() {
            assert_eq!(read(&line.as_bytes()[..cut]), Err("incomplete"), "{:?}", &line[..cut]);
        }
        assert!(read(line.as_bytes()).is_ok());
    }
}
