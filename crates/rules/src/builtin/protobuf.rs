//! Fields of protocol buffers, in a message or in gRPC's frames.

use std::sync::Arc;

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

const TYPE: ArgKind = ArgKind::Word(&[
    "int32", "uint32", "int64", "uint64", "bool", "enum", "sint32", "sint64", "fixed64", "sfixed64", "double",
    "fixed32", "sfixed32", "float",
]);

const PARAMS: &[Param] = &[Param::new("field", ArgKind::Str), Param::optional("type", TYPE)];

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "protobuf",
        params: PARAMS,
        input: Type::Bin,
        output: Type::Any,
        check: Some(check),
        eval: |value, args, cx| find(value.bytes()?, args, cx),
        doc: "The first field of a number of a protocol buffers message, `3.1` for one inside of another: its bytes, or a number if its type is given.",
    },
    Converter {
        name: "ungrpc",
        params: PARAMS,
        input: Type::Bin,
        output: Type::Any,
        check: Some(check),
        eval: |value, args, cx| {
            let mut rest = value.bytes()?;
            loop {
                let (head, behind) = rest.split_first_chunk::<5>()?;
                let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
                let found = find(behind.get(..length)?, args, cx);
                if found.is_some() {
                    return found;
                }
                rest = behind.get(length..)?;
            }
        },
        doc: "Like `protobuf`, for a body of gRPC: the first of its messages that has the field.",
    },
];

/// The way to a field.
#[derive(Debug)]
struct Path(Vec<u64>);

fn check(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    let path: Option<Vec<u64>> = text.split('.').map(|number| number.parse::<u32>().ok().map(u64::from)).collect();
    let path = path.ok_or_else(|| format!("`{text}` is no field's number like 3 or 3.1"))?;
    args.0[0] = Arg::Object(Arc::new(Path(path)));
    Ok(())
}

fn find<'c>(message: &'c [u8], args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let (last, way) = args.object::<Path>(0)?.0.split_last()?;
    let mut message = message;
    for number in way {
        let (kind, inside) = field(message, *number)?;
        if kind != 2 {
            return None;
        }
        message = inside;
    }
    let (kind, bytes) = field(message, *last)?;
    let Some(wanted) = args.int(1) else { return Some(Value::Bin(bytes)) };
    let varint = || if kind == 0 { Some(varint(bytes)?.0) } else { None };
    let eight = || if kind == 1 { bytes.try_into().ok().map(u64::from_le_bytes) } else { None };
    let four = || if kind == 5 { bytes.try_into().ok().map(u32::from_le_bytes) } else { None };
    Some(Value::Int(match wanted {
        0..=5 => varint()? as i64,
        6 | 7 => {
            let number = varint()?;
            (number >> 1) as i64 ^ -((number & 1) as i64)
        }
        8 | 9 => eight()? as i64,
        10 => whole(f64::from_bits(eight()?)),
        11 => i64::from(four()?),
        12 => i64::from(four()? as i32),
        _ => whole(f64::from(f32::from_bits(four()?))),
    }))
}

/// Without its fraction; what no integer can hold is the smallest one, as processors have it.
fn whole(number: f64) -> i64 {
    let limit = 2_f64.powi(63);
    if (-limit..limit).contains(&number) { number as i64 } else { i64::MIN }
}

/// The first field of a number: its kind on the wire, and its bytes.
fn field(message: &[u8], wanted: u64) -> Option<(u8, &[u8])> {
    let mut rest = message;
    loop {
        let (key, behind) = varint(rest)?;
        let kind = (key & 7) as u8;
        let (start, length) = match kind {
            0 => (behind, behind.len() - varint(behind)?.1.len()),
            1 => (behind, 8),
            2 => {
                let (length, start) = varint(behind)?;
                (start, usize::try_from(length).ok()?)
            }
            5 => (behind, 4),
            _ => return None,
        };
        let bytes = start.get(..length)?;
        if key >> 3 == wanted {
            return Some((kind, bytes));
        }
        rest = start.get(length..)?;
    }
}

/// Seven bits a byte, the lowest first, ten bytes at most.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}
