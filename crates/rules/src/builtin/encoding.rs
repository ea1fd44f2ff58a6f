//! Bytes as text and back: hexadecimal, base64, numbers of several bytes, percent signs.

use super::operand::{MOST, fitting};
use crate::args::{ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

/// A row that makes text of bytes.
const ENCODER: Converter = Converter { input: Type::Bin, output: Type::Str, ..Converter::PLAIN };

/// A row that makes bytes of text.
const DECODER: Converter = Converter { input: Type::Str, output: Type::Bin, ..Converter::PLAIN };

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What each byte stands for; 64: nothing.
const fn values(alphabet: &[u8; 64]) -> [u8; 256] {
    let mut values = [64; 256];
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values
}

const STANDARD_VALUES: &[u8; 256] = &values(STANDARD);
const URL_VALUES: &[u8; 256] = &values(URL);

const CHUNKS: &[Param] = &[
    Param::new("separator", ArgKind::Str),
    Param::new("chunk", ArgKind::Int),
    Param::optional("truncate", ArgKind::Int),
];

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "hex",
        eval: |value, _, cx| Some(Value::Str(hex(value.bytes()?, b"", usize::MAX, cx))),
        doc: "Two hexadecimal digits for each byte, in upper case; at most 8 KiB of input.",
        ..ENCODER
    },
    Converter {
        name: "be2hex",
        params: &[
            Param::optional("separator", ArgKind::Str),
            Param::optional("chunk", ArgKind::Int),
            Param::optional("truncate", ArgKind::Int),
        ],
        check: Some(check_hex),
        eval: be2hex,
        doc: "Like `hex`, with a separator between chunks of so many bytes. With `truncate` a last chunk that is shorter is left out.",
        ..ENCODER
    },
    Converter {
        name: "base2",
        eval: |value, _, cx| {
            let bytes = value.bytes()?;
            let bytes = bytes.get(..MOST / 8).unwrap_or(bytes);
            let digits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1)));
            Some(Value::Str(cx.arena().built(|out| out.extend(digits))))
        },
        doc: "Eight binary digits for each byte; at most 2 KiB of input.",
        ..ENCODER
    },
    Converter {
        name: "hex2i",
        output: Type::Int,
        eval: |value, _, _| {
            let digit = |number: i64, byte: &u8| Some(number << 4 | i64::from(char::from(*byte).to_digit(16)?));
            value.bytes()?.iter().try_fold(0, digit).map(Value::Int)
        },
        doc: "The number that hexadecimal digits say; of more than 16 the last ones count. No value if there is anything else.",
        ..DECODER
    },
    Converter {
        name: "base64",
        eval: |value, _, cx| fitting(encode(value.bytes()?, STANDARD, true, cx)).map(Value::Str),
        doc: "In base64, padded.",
        ..ENCODER
    },
    Converter {
        name: "ub64enc",
        eval: |value, _, cx| fitting(encode(value.bytes()?, URL, false, cx)).map(Value::Str),
        doc: "In base64 with the alphabet for URLs, not padded.",
        ..ENCODER
    },
    Converter {
        name: "b64dec",
        eval: |value, _, cx| decode_standard(value.bytes()?, cx).map(Value::Bin),
        doc: "The bytes that base64 says. No value if a character or the padding is wrong.",
        ..DECODER
    },
    Converter {
        name: "ub64dec",
        eval: |value, _, cx| decode_url(value.bytes()?, cx).map(Value::Bin),
        doc: "The bytes that base64 with the alphabet for URLs says; padding may be there.",
        ..DECODER
    },
    Converter {
        name: "be2dec",
        params: CHUNKS,
        check: Some(check_dec),
        eval: |value, args, cx| {
            Some(Value::Str(decimal(value.bytes()?, args, cx, |number, byte, _| number << 8 | byte)))
        },
        doc: "A decimal number for each chunk of 1 to 8 bytes, the highest first, with a separator between. With `truncate` a shorter last chunk is left out.",
        ..ENCODER
    },
    Converter {
        name: "le2dec",
        params: CHUNKS,
        check: Some(check_dec),
        eval: |value, args, cx| {
            Some(Value::Str(decimal(value.bytes()?, args, cx, |number, byte, at| number | byte << (8 * at))))
        },
        doc: "Like `be2dec`, with the lowest byte first.",
        ..ENCODER
    },
    Converter {
        name: "htonl",
        input: Type::Int,
        output: Type::Bin,
        eval: |value, _, cx| Some(Value::Bin(cx.arena().keep(&(value.int()? as u32).to_be_bytes()))),
        doc: "The lower 32 bits of a number as four bytes, the highest first.",
        ..ENCODER
    },
    Converter {
        name: "url_dec",
        params: &[Param::optional("form", ArgKind::Int)],
        output: Type::Str,
        eval: url_dec,
        doc: "Without percent signs. `+` is a blank behind `?`, or everywhere when `form` is not 0. No value if two digits are missing.",
        ..DECODER
    },
    Converter {
        name: "url_enc",
        params: &[Param::optional("type", ArgKind::Word(&["query"]))],
        input: Type::Str,
        eval: url_enc,
        doc: "Everything but letters, digits and `-._~` behind a percent sign.",
        ..ENCODER
    },
];

fn hex<'c>(bytes: &[u8], separator: &[u8], chunk: usize, cx: &'c Context<'_>) -> &'c [u8] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    cx.arena().built(|out| {
        for (at, byte) in bytes.iter().enumerate() {
            let between = if at > 0 && at % chunk == 0 { separator } else { b"" };
            if out.len() + between.len() + 2 > MOST {
                break;
            }
            out.extend_from_slice(between);
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
        }
    })
}

fn check_hex(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let separated = args.str(0).is_some_and(|separator| !separator.is_empty());
    match args.int(1) {
        None if separated => Err(String::from("a separator comes after chunks: how many bytes has one?")),
        Some(..=0) if separated => Err(String::from("a chunk has one byte at least")),
        _ => Ok(()),
    }
}

fn be2hex<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let bytes = value.bytes()?;
    let chunk = args.int(1).and_then(|chunk| usize::try_from(chunk).ok()).filter(|chunk| *chunk > 0);
    let whole = match chunk {
        Some(chunk) if args.int(2).is_some_and(|truncate| truncate != 0) => bytes.len() - bytes.len() % chunk,
        _ => bytes.len(),
    };
    let separator = args.str(0).unwrap_or_default();
    Some(Value::Str(hex(bytes.get(..whole)?, separator, chunk.unwrap_or(usize::MAX), cx)))
}

fn check_dec(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.int(1) {
        Some(1..=8) => Ok(()),
        _ => Err(String::from("a chunk has 1 to 8 bytes")),
    }
}

fn decimal<'c>(bytes: &[u8], args: &Args, cx: &'c Context<'_>, next: fn(u64, u64, usize) -> u64) -> &'c [u8] {
    let size = args.int(1).and_then(|size| usize::try_from(size).ok()).unwrap_or(1).clamp(1, 8);
    let truncate = args.int(2).is_some_and(|truncate| truncate != 0);
    let separator = args.str(0).unwrap_or_default();
    cx.arena().built(|out| {
        for (at, chunk) in bytes.chunks(size).enumerate() {
            let number = chunk.iter().enumerate().fold(0, |number, (at, byte)| next(number, u64::from(*byte), at));
            let between = if at > 0 { separator } else { b"" };
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(number).as_bytes();
            if (truncate && chunk.len() < size) || out.len() + between.len() + digits.len() > MOST {
                break;
            }
            out.extend_from_slice(between);
            out.extend_from_slice(digits);
        }
    })
}

fn encode<'c>(bytes: &[u8], alphabet: &[u8; 64], padded: bool, cx: &'c Context<'_>) -> &'c [u8] {
    cx.arena().built(|out| {
        for three in bytes.chunks(3) {
            let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            let digit = |at: u32| alphabet[(bits >> (18 - 6 * at) & 63) as usize];
            for at in 0..=three.len() as u32 {
                out.push(digit(at));
            }
            if padded {
                out.extend(std::iter::repeat_n(b'=', 3 - three.len()));
            }
        }
    })
}

/// Groups of four characters; any of them may be padded, as HAProxy has it, so that texts can be put behind each other.
fn decode<'c>(text: &[u8], values: &[u8; 256], cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let mut right = true;
    let out = cx.arena().built(|out| {
        for group in text.chunks(4) {
            let digits = group.iter().position(|byte| *byte == b'=').unwrap_or(group.len());
            let mut bits = 0_u32;
            for at in 0..4 {
                let digit = match group.get(at) {
                    Some(byte) if at < digits => values[usize::from(*byte)],
                    Some(b'=') | None => 0,
                    Some(_) => 64,
                };
                right &= digit < 64;
                bits = bits << 6 | u32::from(digit & 63);
            }
            right &= digits > 0;
            let [_, bytes @ ..] = bits.to_be_bytes();
            out.extend_from_slice(&bytes[..digits.saturating_sub(1)]);
        }
    });
    right.then_some(out)
}

/// One padding at most, at the end.
pub(super) fn decode_url<'c>(text: &[u8], cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let bare = match text {
        [rest @ .., b'=', b'='] if text.len().is_multiple_of(4) => rest,
        [rest @ .., b'='] if text.len().is_multiple_of(4) => rest,
        _ => text,
    };
    let possible = bare.len() % 4 != 1 && !bare.contains(&b'=');
    possible.then(|| decode(bare, URL_VALUES, cx)).flatten()
}

/// The bytes of padded base64, when a configuration is read.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let arena = crate::Arena::new();
    let mut variables = crate::Variables::default();
    let cx = Context::new(crate::Place::Start, &arena, &super::outside::Nothing, &mut variables);
    decode_standard(text, &cx).map(<[u8]>::to_vec)
}

/// In padded base64.
pub(super) fn encoded<'c>(bytes: &[u8], cx: &'c Context<'_>) -> &'c [u8] {
    encode(bytes, STANDARD, true, cx)
}

/// The bytes of padded base64.
pub(super) fn decode_standard<'c>(text: &[u8], cx: &'c Context<'_>) -> Option<&'c [u8]> {
    text.len().is_multiple_of(4).then(|| decode(text, STANDARD_VALUES, cx)).flatten()
}

fn url_dec<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = value.bytes()?;
    let mut form = args.int(0).is_some_and(|form| form != 0);
    if !text.contains(&b'%') && !text.contains(&b'+') {
        return Some(Value::Str(text));
    }
    let mut right = true;
    let out = cx.arena().built(|out| {
        let mut rest = text.iter();
        while let Some(byte) = rest.next() {
            let mut digit = || char::from(*rest.next()?).to_digit(16);
            match byte {
                b'%' => match (digit(), digit()) {
                    (Some(high), Some(low)) => out.push((high << 4 | low) as u8),
                    _ => right = false,
                },
                b'+' if form => out.push(b' '),
                _ => out.push(*byte),
            }
            form |= *byte == b'?';
        }
    });
    right.then_some(Value::Str(out))
}

fn url_enc<'c>(value: Value<'c>, _: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let text = value.bytes()?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if text.iter().all(plain) {
        return Some(Value::Str(text));
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).map_or(b'0', |digit| digit.to_ascii_uppercase() as u8);
    let out = cx.arena().built(|out| {
        for byte in text {
            match plain(byte) {
                true => out.push(*byte),
                false => out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]),
            }
        }
    });
    fitting(out).map(Value::Str)
}
