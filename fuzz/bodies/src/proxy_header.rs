//! The first bytes of a connection that should begin with a PROXY header.

use plimsoll_proxy_protocol::encode::{self, V2};
use plimsoll_proxy_protocol::{Addresses, Command, Header, MOST, Progress, Version, decode, tlv};

use crate::prefixes;

/// At once and byte by byte the verdict is the same; what was read is written and read again as the same.
pub fn proxy_header(data: &[u8]) {
    let whole = decode(data, MOST);
    // A long header is looked at where it could turn: its fixed part, and its end.
    let step = if data.len() > 600 { 97 } else { 1 };
    let mut stepped = Ok(Progress::Incomplete);
    for prefix in prefixes(data, step) {
        stepped = decode(prefix, MOST);
        if stepped != Ok(Progress::Incomplete) {
            break;
        }
    }
    assert_eq!(stepped, whole, "in steps of {step}: {}", data.escape_ascii());
    let Ok(Progress::Complete { header, used }) = whole else { return };
    assert!(used <= data.len() && used <= MOST, "{used} bytes of {}", data.len());
    assert_eq!(decode(&data[..used], MOST), whole, "what follows the header has a say in it");
    assert!(header.endpoints().is_none_or(|both| both.source.is_ipv4() == both.destination.is_ipv4()));
    again(&header);
}

fn again(header: &Header<'_>) {
    let mut bytes = Vec::new();
    match header.version {
        Version::V1 => encode::v1(header.endpoints().as_ref(), &mut bytes),
        Version::V2 => {
            let mut out = match header.command {
                Command::Local => V2::local(&mut bytes),
                Command::Proxy => V2::proxy(header.transport, &header.addresses, &mut bytes),
            };
            for tlv in header.tlvs.filter(|tlv| tlv.kind != tlv::CRC32C) {
                out = out.tlv(tlv.kind, tlv.value).expect("it was read, so it fits");
            }
            out.finish(header.tlvs.find(tlv::CRC32C).is_some()).expect("it was read, so it fits");
        }
    }
    let read = match decode(&bytes, MOST) {
        Ok(Progress::Complete { header, used }) => {
            assert_eq!(used, bytes.len());
            header
        }
        other => panic!("{other:?} for {}", bytes.escape_ascii()),
    };
    assert_eq!((read.version, read.command, read.endpoints()), (header.version, header.command, header.endpoints()));
    if header.addresses != Addresses::Unknown {
        assert_eq!((read.addresses, read.transport), (header.addresses, header.transport));
        let plain = |header: &Header<'_>| -> Vec<(u8, Vec<u8>)> {
            { header.tlvs }.filter(|tlv| tlv.kind != tlv::CRC32C).map(|tlv| (tlv.kind, tlv.value.to_vec())).collect()
        };
        assert_eq!(plain(&read), plain(header));
    }
}
