//! Hashes that are no secret: for balancing, keys and statistics. Bit by bit those of HAProxy, and so of its `hash-type`.

use twox_hash::{XxHash3_64, XxHash32, XxHash64};

use crate::args::{ArgKind, Param};
use crate::{Converter, Type, Value};

const AVALANCHE: &[Param] = &[Param::optional("avalanche", ArgKind::Int)];
const SEED: &[Param] = &[Param::optional("seed", ArgKind::Int)];

const CRC32: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
const CRC32C: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

const HASH: Converter = Converter { input: Type::Bin, output: Type::Int, ..Converter::PLAIN };

macro_rules! hash {
    ($of:expr) => {
        |value, args, _| {
            let of: fn(&[u8]) -> u32 = $of;
            let hash = of(value.bytes()?);
            let mixed = if args.int(0).is_some_and(|mix| mix != 0) { avalanche(hash) } else { hash };
            Some(Value::Int(i64::from(mixed)))
        }
    };
}

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "crc32",
        params: AVALANCHE,
        eval: hash!(|bytes| CRC32.checksum(bytes)),
        doc: "CRC32 as in Ethernet and gzip; with `avalanche`, mixed once more.",
        ..HASH
    },
    Converter {
        name: "crc32c",
        params: AVALANCHE,
        eval: hash!(|bytes| CRC32C.checksum(bytes)),
        doc: "CRC32C as in SCTP (RFC 4960); with `avalanche`, mixed once more.",
        ..HASH
    },
    Converter {
        name: "djb2",
        params: AVALANCHE,
        eval: hash!(djb2),
        doc: "Bernstein's hash of 32 bits: times 33, plus the byte; with `avalanche`, mixed once more.",
        ..HASH
    },
    Converter {
        name: "sdbm",
        params: AVALANCHE,
        eval: hash!(sdbm),
        doc: "The hash of the sdbm library, 32 bits; with `avalanche`, mixed once more.",
        ..HASH
    },
    Converter {
        name: "wt6",
        params: AVALANCHE,
        eval: hash!(wt6),
        doc: "The hash WT6, 32 bits; with `avalanche`, mixed once more.",
        ..HASH
    },
    Converter {
        name: "xxh32",
        params: SEED,
        eval: |value, args, _| {
            Some(Value::Int(XxHash32::oneshot(args.int(0).unwrap_or(0) as u32, value.bytes()?).into()))
        },
        doc: "XXH32 with a seed, 0 if none is given.",
        ..HASH
    },
    Converter {
        name: "xxh64",
        params: SEED,
        eval: |value, args, _| {
            Some(Value::Int(XxHash64::oneshot(args.int(0).unwrap_or(0) as u64, value.bytes()?) as i64))
        },
        doc: "XXH64 with a seed, 0 if none is given; as a signed number.",
        ..HASH
    },
    Converter {
        name: "xxh3",
        params: SEED,
        eval: |value, args, _| {
            let seed = args.int(0).unwrap_or(0) as u64;
            Some(Value::Int(XxHash3_64::oneshot_with_seed(seed, value.bytes()?) as i64))
        },
        doc: "XXH3 of 64 bits with a seed, 0 if none is given; as a signed number.",
        ..HASH
    },
];

fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, byte| hash.wrapping_mul(65599).wrapping_add(u32::from(*byte)))
}

/// Two halves that are turned by as many bits as the other says.
fn wt6(bytes: &[u8]) -> u32 {
    let (mut left, mut right) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut by_left, mut by_right) = (6, 18);
    for byte in bytes {
        let byte = u32::from(*byte);
        (left, right) = ((!right.wrapping_add(byte)).rotate_left(by_left), (!(left ^ byte)).rotate_left(by_right));
        let turn = ((left >> 16) ^ right) & 0xffff;
        (by_left, by_right) = (turn & 31, turn >> 11);
    }
    left ^ right
}

/// Every bit of the input changes half of those of the output (Jenkins' integer hash with full avalanche).
pub(super) const fn avalanche(hash: u32) -> u32 {
    let mut a = hash;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    // A large prime, so that neighbours lie far apart on a ring.
    a.wrapping_mul(3_221_225_473)
}
