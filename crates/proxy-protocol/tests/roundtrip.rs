//! What the encoder writes, the decoder reads as the same; whatever comes, the decoder neither panics nor changes its mind.

use std::net::{IpAddr, SocketAddr};

use plimsoll_proxy_protocol::encode::{self, V2};
use plimsoll_proxy_protocol::{Addresses, Command, Endpoints, Header, MOST, Progress, Transport, Version, decode, tlv};
use proptest::collection::vec;
use proptest::prelude::*;

fn endpoints() -> impl Strategy<Value = Endpoints> {
    let pair = |ip: fn([u8; 16]) -> IpAddr| {
        (any::<[u8; 16]>(), any::<u16>(), any::<[u8; 16]>(), any::<u16>()).prop_map(move |(a, b, c, d)| Endpoints {
            source: SocketAddr::new(ip(a), b),
            destination: SocketAddr::new(ip(c), d),
        })
    };
    let v4 = pair(|[a, b, c, d, ..]| IpAddr::from([a, b, c, d]));
    // Also IPv4 inside IPv6, which text writes in another way.
    let v6 = prop_oneof![
        pair(IpAddr::from),
        pair(|[a, b, c, d, ..]| IpAddr::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, a, b, c, d]))
    ];
    prop_oneof![v4, v6]
}

/// Types with any value; those with rules of their own are tested by hand.
fn tlvs() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let kind = any::<u8>().prop_filter("has rules", |kind| ![tlv::CRC32C, tlv::UNIQUE_ID, tlv::SSL].contains(kind));
    vec((kind, vec(any::<u8>(), 0..300)), 0..6)
}

fn read(bytes: &[u8]) -> (Header<'_>, usize) {
    match decode(bytes, MOST) {
        Ok(Progress::Complete { header, used }) => (header, used),
        other => panic!("{other:?} for {}", bytes.escape_ascii()),
    }
}

proptest! {
    #[test]
    fn a_line_is_read_as_it_was_written(both in endpoints(), behind in vec(any::<u8>(), 0..8)) {
        let mut bytes = Vec::new();
        encode::v1(Some(&both), &mut bytes);
        let length = bytes.len();
        prop_assert!(length <= 107);
        prop_assert!(!both.source.is_ipv6() || !bytes.contains(&b'.'));
        bytes.extend(behind);
        let (header, used) = read(&bytes);
        prop_assert_eq!((header.endpoints(), used), (Some(both), length));
        prop_assert_eq!(header.version, Version::V1);
    }

    #[test]
    fn a_binary_header_is_read_as_it_was_written(
        both in endpoints(),
        stream in any::<bool>(),
        tlvs in tlvs(),
        subs in vec((any::<u8>(), vec(any::<u8>(), 0..20)), 0..4),
        flags in any::<u8>(),
        verify in any::<u32>(),
        checksum in any::<bool>(),
        behind in vec(any::<u8>(), 0..8),
    ) {
        let transport = if stream { Transport::Stream } else { Transport::Datagram };
        let mut bytes = Vec::new();
        let mut header = V2::proxy(transport, &Addresses::Inet(both), &mut bytes);
        for (kind, value) in &tlvs {
            header = header.tlv(*kind, value)?;
        }
        let borrowed: Vec<(u8, &[u8])> = subs.iter().map(|(kind, value)| (*kind, &value[..])).collect();
        header.ssl(flags, verify, &borrowed)?.finish(checksum)?;
        let length = bytes.len();
        bytes.extend(behind);
        let (header, used) = read(&bytes);
        prop_assert_eq!((header.command, header.transport, used), (Command::Proxy, transport, length));
        prop_assert_eq!(header.addresses, Addresses::Inet(both));
        let given: Vec<(u8, Vec<u8>)> =
            header.tlvs.filter(|tlv| ![tlv::SSL, tlv::CRC32C].contains(&tlv.kind)).map(|tlv| (tlv.kind, tlv.value.to_vec())).collect();
        prop_assert_eq!(given, tlvs);
        let ssl = { header.tlvs }.find_map(|tlv| tlv.ssl()).unwrap();
        let given: Vec<(u8, Vec<u8>)> = ssl.subs.map(|tlv| (tlv.kind, tlv.value.to_vec())).collect();
        prop_assert_eq!((ssl.client, ssl.verify, given), (flags, verify, subs));
        prop_assert_eq!(header.tlvs.find(tlv::CRC32C).is_some(), checksum);
    }

    #[test]
    fn more_bytes_never_change_a_verdict(
        start in prop_oneof![
            Just(b"PROXY ".to_vec()),
            Just(b"PROXY TCP4 1.2.3.4 5.6.7.8 ".to_vec()),
            Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0".to_vec()),
            Just(b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec()),
            Just(Vec::new()),
        ],
        rest in vec(any::<u8>(), 0..200),
    ) {
        let bytes = [start, rest].concat();
        let mut before = Ok(Progress::Incomplete);
        for cut in 0..=bytes.len() {
            let now = decode(&bytes[..cut], MOST);
            if before != Ok(Progress::Incomplete) {
                prop_assert_eq!(now, before, "at {} of {}", cut, bytes.escape_ascii());
            }
            before = now;
        }
    }
}

#[test]
fn two_families_become_one() {
    let both = |source: &str, destination: &str| {
        let both = Endpoints::new(source.parse().unwrap(), destination.parse().unwrap());
        (both.source.to_string(), both.destination.to_string())
    };
    let is = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(both("192.0.2.1:1", "192.0.2.2:2"), is("192.0.2.1:1", "192.0.2.2:2"));
    assert_eq!(both("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2"), is("192.0.2.1:1", "192.0.2.2:2"));
    assert_eq!(both("192.0.2.1:1", "[::ffff:192.0.2.2]:2"), is("192.0.2.1:1", "192.0.2.2:2"));
    assert_eq!(both("192.0.2.1:1", "[2001:db8::2]:2"), is("[::ffff:192.0.2.1]:1", "[2001:db8::2]:2"));
    assert_eq!(both("[2001:db8::1]:1", "[2001:db8::2]:2"), is("[2001:db8::1]:1", "[2001:db8::2]:2"));
}

#[test]
fn without_addresses_the_line_says_unknown_and_the_binary_header_unspecified() {
    let mut bytes = Vec::new();
    encode::v1(None, &mut bytes);
    assert_eq!(bytes, b"PROXY UNKNOWN\r\n");
    bytes.clear();
    V2::proxy(Transport::Stream, &Addresses::Unknown, &mut bytes).finish(false).unwrap();
    assert_eq!(bytes, b"\r\n\r\n\0\r\nQUIT\n\x21\x00\x00\x00");
    bytes.clear();
    V2::local(&mut bytes).finish(false).unwrap();
    assert_eq!(bytes, b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00");
    bytes.clear();
    let (source, destination) = ([b'a'; 108], [0; 108]);
    let unix = Addresses::Unix { source: &source, destination: &destination };
    V2::proxy(Transport::Stream, &unix, &mut bytes).finish(true).unwrap();
    assert_eq!(read(&bytes).0.addresses, unix);
}

#[test]
fn what_no_length_can_say_is_not_written() {
    let mut bytes = Vec::new();
    let huge = vec![0; 65536];
    assert!(V2::local(&mut bytes).tlv(tlv::NOOP, &huge).is_err());
    bytes.clear();
    let twice = V2::local(&mut bytes).tlv(tlv::NOOP, &huge[..40_000]).unwrap().tlv(tlv::NOOP, &huge[..40_000]).unwrap();
    assert!(twice.finish(false).is_err());
}
