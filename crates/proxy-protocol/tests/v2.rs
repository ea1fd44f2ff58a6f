//! Version 2: every header here is written by hand from section 2.2 of the specification.

use plimsoll_proxy_protocol::{
    Addresses, CHECKSUM, Command, Header, MALFORMED, MISSING, MOST, Progress, TOO_LONG, Transport, UNSUPPORTED,
    Version, decode, tlv,
};

const SIGNATURE: [u8; 12] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
/// 192.0.2.1 to 198.51.100.7, from port 56324 to port 443.
const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB];

fn header(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, block].concat()
}

/// The header and nothing behind it is used.
fn complete(bytes: &[u8]) -> Header<'_> {
    match decode(bytes, MOST) {
        Ok(Progress::Complete { header, used }) => {
            assert_eq!((used, header.version), (bytes.len(), Version::V2));
            header
        }
        other => panic!("{other:?} for {}", bytes.escape_ascii()),
    }
}

fn refused(bytes: &[u8]) -> &'static str {
    match decode(bytes, MOST) {
        Err(rejection) => rejection.slug,
        Ok(progress) => panic!("{progress:?} for {}", bytes.escape_ascii()),
    }
}

fn endpoints(header: &Header<'_>) -> (String, String) {
    let both = header.endpoints().expect("addresses");
    (both.source.to_string(), both.destination.to_string())
}

#[test]
fn tcp_over_ipv4_and_ipv6_give_their_addresses() {
    let bytes = header(0x21, 0x11, &V4);
    assert_eq!(endpoints(&complete(&bytes)), ("192.0.2.1:56324".into(), "198.51.100.7:443".into()));
    let mut block = [0; 36];
    block[..2].copy_from_slice(&[0x20, 0x01]);
    block[15] = 1;
    block[31] = 2;
    block[32..].copy_from_slice(&[0x00, 0x50, 0xFF, 0xFF]);
    let bytes = header(0x21, 0x21, &block);
    assert_eq!(endpoints(&complete(&bytes)), ("[2001::1]:80".into(), "[::2]:65535".into()));
}

#[test]
fn what_follows_the_header_is_left() {
    let bytes = [&header(0x21, 0x11, &V4)[..], b"GET / HTTP/1.1\r\n"].concat();
    assert!(matches!(decode(&bytes, MOST), Ok(Progress::Complete { used: 28, .. })));
}

#[test]
fn local_keeps_the_real_addresses_whatever_its_block_says() {
    for (family, block) in [
        (0x00, &[][..]),
        (0x11, &V4),
        (0x11, &V4[..3]),
        (0xFF, b"anything"),
        // A checksum that is wrong: the block is discarded.
        (0x00, &[tlv::CRC32C, 0, 4, 1, 2, 3, 4]),
    ] {
        let bytes = header(0x20, family, block);
        let read = complete(&bytes);
        assert_eq!((read.command, read.addresses, read.endpoints()), (Command::Local, Addresses::Unknown, None));
        assert!(read.tlvs.is_empty());
    }
}

#[test]
fn an_unspecified_family_or_transport_keeps_the_real_addresses() {
    for (family, block) in [(0x00, &[][..]), (0x00, b"?"), (0x01, &[]), (0x02, &V4), (0x10, &V4)] {
        let bytes = header(0x21, family, block);
        let read = complete(&bytes);
        assert_eq!((read.command, read.addresses, read.endpoints()), (Command::Proxy, Addresses::Unknown, None));
    }
}

#[test]
fn udp_and_unix_are_told_but_are_no_address_for_a_tcp_connection() {
    let bytes = header(0x21, 0x12, &V4);
    let udp = complete(&bytes);
    assert_eq!((udp.transport, udp.endpoints()), (Transport::Datagram, None));
    assert!(matches!(udp.addresses, Addresses::Inet(both) if both.source.port() == 56324));
    let mut block = [0; 216];
    block[..4].copy_from_slice(b"/run");
    block[108..112].copy_from_slice(b"/tmp");
    for (family, transport) in [(0x31, Transport::Stream), (0x32, Transport::Datagram)] {
        let bytes = header(0x21, family, &block);
        let unix = complete(&bytes);
        assert_eq!((unix.transport, unix.endpoints()), (transport, None));
        let Addresses::Unix { source, destination } = unix.addresses else { panic!("{unix:?}") };
        assert!(source.starts_with(b"/run\0") && destination.starts_with(b"/tmp\0"));
    }
}

#[test]
fn every_version_command_family_and_transport_that_is_not_specified_is_refused_at_its_byte() {
    for byte in (0..=255_u8).filter(|byte| !matches!(byte, 0x20 | 0x21)) {
        assert_eq!(refused(&[&SIGNATURE[..], &[byte]].concat()), UNSUPPORTED.slug, "{byte:#x}");
    }
    for byte in (0..=255_u8).filter(|byte| byte >> 4 > 3 || byte & 15 > 2) {
        assert_eq!(refused(&[&SIGNATURE[..], &[0x21, byte]].concat()), UNSUPPORTED.slug, "{byte:#x}");
    }
}

#[test]
fn a_block_too_small_for_its_addresses_is_refused_before_it_has_come() {
    for (family, size) in [(0x11, 12_u16), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216), (0x32, 216)] {
        let head = |length: u16| [&SIGNATURE[..], &[0x21, family], &length.to_be_bytes()].concat();
        assert_eq!(refused(&head(size - 1)), MALFORMED.slug, "{family:#x}");
        assert_eq!(refused(&head(0)), MALFORMED.slug, "{family:#x}");
        assert_eq!(decode(&head(size), MOST), Ok(Progress::Incomplete), "{family:#x}");
    }
}

#[test]
fn a_header_over_the_limit_is_refused_before_it_has_come() {
    let head = |length: u16| [&SIGNATURE[..], &[0x21, 0x11], &length.to_be_bytes()].concat();
    let most = u16::try_from(MOST - 16).unwrap();
    assert_eq!(decode(&head(most), MOST), Ok(Progress::Incomplete));
    assert_eq!(refused(&head(most + 1)), TOO_LONG.slug);
    assert_eq!(refused(&head(u16::MAX)), TOO_LONG.slug);
    assert_eq!(decode(&head(u16::MAX), 16 + 65535), Ok(Progress::Incomplete));
}

#[test]
fn a_signature_that_differs_in_any_byte_is_none() {
    for at in 0..SIGNATURE.len() {
        let mut bytes = header(0x21, 0x11, &V4);
        bytes[at] ^= 1;
        assert_eq!(refused(&bytes), MISSING.slug, "byte {at}");
        assert_eq!(refused(&bytes[..=at]), MISSING.slug, "byte {at}");
    }
}

/// A header with every TLV that the specification names, and its checksum last.
fn with_every_tlv() -> Vec<u8> {
    let mut block = V4.to_vec();
    block.extend_from_slice(b"\x01\x00\x02h2");
    block.extend_from_slice(b"\x02\x00\x0bexample.com");
    block.extend_from_slice(b"\x04\x00\x00");
    block.extend_from_slice(b"\x05\x00\x03id7");
    block.extend_from_slice(b"\x20\x00\x2d\x07\x00\x00\x00\x00");
    block.extend_from_slice(b"\x21\x00\x07TLSv1.3\x22\x00\x02cn\x23\x00\x03AES\x24\x00\x06SHA256\x25\x00\x07RSA2048");
    block.extend_from_slice(b"\x30\x00\x04blue");
    block.extend_from_slice(b"\xE0\x00\x01!");
    header(0x21, 0x11, &block)
}

#[test]
fn every_tlv_is_given_in_order() {
    let bytes = with_every_tlv();
    let read = complete(&bytes);
    let kinds: Vec<u8> = read.tlvs.map(|tlv| tlv.kind).collect();
    assert_eq!(kinds, [0x01, 0x02, 0x04, 0x05, 0x20, 0x30, 0xE0]);
    assert_eq!(read.tlvs.find(tlv::ALPN), Some(&b"h2"[..]));
    assert_eq!(read.tlvs.find(tlv::AUTHORITY), Some(&b"example.com"[..]));
    assert_eq!(read.tlvs.find(tlv::NOOP), Some(&b""[..]));
    assert_eq!(read.tlvs.find(tlv::UNIQUE_ID), Some(&b"id7"[..]));
    assert_eq!(read.tlvs.find(tlv::NETNS), Some(&b"blue"[..]));
    assert_eq!(read.tlvs.find(tlv::CUSTOM_FIRST), Some(&b"!"[..]));
    assert_eq!(read.tlvs.find(tlv::CUSTOM_LAST), None);
    let ssl = { read.tlvs }.find_map(|tlv| tlv.ssl()).expect("the TLS part");
    assert_eq!(ssl.client, tlv::CLIENT_SSL | tlv::CLIENT_CERT_CONN | tlv::CLIENT_CERT_SESS);
    assert_eq!(ssl.verify, 0);
    assert_eq!(ssl.subs.find(tlv::SSL_VERSION), Some(&b"TLSv1.3"[..]));
    assert_eq!(ssl.subs.find(tlv::SSL_CN), Some(&b"cn"[..]));
    assert_eq!(ssl.subs.find(tlv::SSL_CIPHER), Some(&b"AES"[..]));
    assert_eq!(ssl.subs.find(tlv::SSL_SIG_ALG), Some(&b"SHA256"[..]));
    assert_eq!(ssl.subs.find(tlv::SSL_KEY_ALG), Some(&b"RSA2048"[..]));
}

#[test]
fn a_header_cut_at_any_byte_is_incomplete() {
    let bytes = with_every_tlv();
    for cut in 0..bytes.len() {
        assert_eq!(decode(&bytes[..cut], MOST), Ok(Progress::Incomplete), "{cut} bytes");
    }
    complete(&bytes);
}

#[test]
fn a_block_cut_at_any_byte_whose_length_says_so_is_malformed_or_ends_between_tlvs() {
    let bytes = with_every_tlv();
    let block = &bytes[16..];
    // Where a TLV ends, counted by hand in `with_every_tlv`.
    let ends = [12, 17, 31, 34, 40, 88, 95, 99];
    assert_eq!(block.len(), 99);
    for cut in 0..=block.len() {
        let bytes = header(0x21, 0x11, &block[..cut]);
        if ends.contains(&cut) {
            complete(&bytes);
        } else {
            assert_eq!(refused(&bytes), MALFORMED.slug, "{cut} bytes");
        }
    }
}

#[test]
fn values_that_cannot_be_are_malformed() {
    let long = [&[tlv::UNIQUE_ID, 0, 129][..], &[b'x'; 129]].concat();
    for tlvs in [
        // A checksum of three bytes, of five, and twice.
        &[tlv::CRC32C, 0, 3, 0, 0, 0][..],
        &[tlv::CRC32C, 0, 5, 0, 0, 0, 0, 0],
        &[tlv::CRC32C, 0, 4, 0, 0, 0, 0, tlv::CRC32C, 0, 4, 0, 0, 0, 0],
        &long,
        // No room for the verdict; a TLV within that is longer than its frame.
        &[tlv::SSL, 0, 4, 0, 0, 0, 0],
        &[tlv::SSL, 0, 8, 1, 0, 0, 0, 0, tlv::SSL_CN, 0, 1],
    ] {
        let bytes = header(0x21, 0x11, &[&V4[..], tlvs].concat());
        assert_eq!(refused(&bytes), MALFORMED.slug, "{}", tlvs.escape_ascii());
    }
    let longest = [&V4[..], &[tlv::UNIQUE_ID, 0, 128], &[b'x'; 128]].concat();
    assert_eq!(complete(&header(0x21, 0x11, &longest)).tlvs.find(tlv::UNIQUE_ID).unwrap().len(), 128);
}

/// Computed bit by bit, as RFC 4960's appendix B describes it: another way than the code's table.
fn castagnoli(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0x82F6_3B78 } else { sum >> 1 };
        }
    }
    !sum
}

#[test]
fn a_checksum_is_found_right_wherever_it_stands() {
    let noop = [tlv::NOOP, 0, 2, 7, 7];
    let sum = [tlv::CRC32C, 0, 4, 0, 0, 0, 0];
    for (tlvs, at) in [
        ([&sum[..], &noop].concat(), 16 + 12 + 3),
        ([&noop[..], &sum].concat(), 16 + 12 + 5 + 3),
        (sum.to_vec(), 16 + 12 + 3),
    ] {
        let mut bytes = header(0x21, 0x11, &[&V4[..], &tlvs].concat());
        let right = castagnoli(&bytes).to_be_bytes();
        bytes[at..at + 4].copy_from_slice(&right);
        complete(&bytes);
    }
}

/// Captured from HAProxy 2.6 with `send-proxy-v2 proxy-v2-options crc32c,unique-id` and `unique-id-format %ci-%cp`.
#[test]
fn what_haproxy_sent_is_read() {
    let bytes = b"\r\n\r\n\0\r\nQUIT\n!\x11\0%\x7f\0\0\x01\x7f\0\0\x01\xc0\x96\x9cK\x03\0\x04\x85\x87\x9c,\x05\0\x0f127.0.0.1-49302";
    let read = complete(bytes);
    assert_eq!(endpoints(&read), ("127.0.0.1:49302".into(), "127.0.0.1:40011".into()));
    assert_eq!(read.tlvs.find(tlv::UNIQUE_ID), Some(&b"127.0.0.1-49302"[..]));
    // For a client of a UNIX socket, with the checksum and a name behind LOCAL.
    let local = complete(b"\r\n\r\n\0\r\nQUIT\n \0\0\x10\x03\0\x04\x1d\x95\x9f\0\x05\0\x06unix-2");
    assert_eq!((local.command, local.endpoints()), (Command::Local, None));
}

#[test]
fn a_header_with_a_checksum_survives_no_flipped_bit() {
    let mut bytes = header(0x21, 0x11, &[&V4[..], &[tlv::CRC32C, 0, 4, 0, 0, 0, 0]].concat());
    let sum = castagnoli(&bytes).to_be_bytes();
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&sum);
    let right = complete(&bytes).endpoints();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Some flips make another kind of header of it, which has no checksum or no addresses; none gives a wrong address.
        if let Ok(Progress::Complete { header, .. }) = decode(&bytes, MOST) {
            assert!(header.endpoints().is_none_or(|read| Some(read) == right), "bit {bit}: {header:?}");
        }
    }
    for at in 16..28 {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        assert_eq!(refused(&bytes), CHECKSUM.slug, "byte {at}");
    }
}
