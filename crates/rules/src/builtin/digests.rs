//! Digests and codes that authenticate: `sha1`, `sha2`, `digest`, `hmac`.

use aws_lc_rs::digest;
use md5::{Digest, Md5};

use super::encoding;
use super::operand::{or_variable, variable};
use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

/// A row that makes bytes of bytes.
const BYTES: Converter = Converter { input: Type::Bin, output: Type::Bin, ..Converter::PLAIN };

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "sha1",
        eval: |value, _, cx| Some(Value::Bin(Hash::Ours(&digest::SHA1_FOR_LEGACY_USE_ONLY).of(&[value.bytes()?], cx))),
        doc: "The SHA-1 digest: 20 bytes.",
        ..BYTES
    },
    Converter {
        name: "sha2",
        params: &[Param::optional("bits", ArgKind::Int)],
        check: Some(check_bits),
        eval: digested,
        doc: "The SHA-2 digest of 224, 256, 384 or 512 bits; 256 if not given.",
        ..BYTES
    },
    Converter {
        name: "digest",
        params: &[Param::new("algorithm", ArgKind::Str)],
        check: Some(|args, _| named(args)),
        eval: digested,
        doc: "A digest by name: `md5`, `sha1`, `sha256`, `sha3-256` and so on.",
        ..BYTES
    },
    Converter {
        name: "hmac",
        params: &[Param::new("algorithm", ArgKind::Str), Param::new("key", ArgKind::Str)],
        check: Some(check_hmac),
        eval: hmac,
        doc: "The HMAC (RFC 2104) with a digest by name and a key in base64, or in a variable.",
        ..BYTES
    },
];

/// A digest.
#[derive(Clone, Copy, Debug)]
enum Hash {
    Ours(&'static digest::Algorithm),
    Md5,
}

/// By the names that OpenSSL gives them.
const NAMES: &[(&str, Hash)] = &[
    ("md5", Hash::Md5),
    ("sha1", Hash::Ours(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
    ("sha-1", Hash::Ours(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
    ("sha224", Hash::Ours(&digest::SHA224)),
    ("sha256", Hash::Ours(&digest::SHA256)),
    ("sha384", Hash::Ours(&digest::SHA384)),
    ("sha512", Hash::Ours(&digest::SHA512)),
    ("sha-224", Hash::Ours(&digest::SHA224)),
    ("sha-256", Hash::Ours(&digest::SHA256)),
    ("sha-384", Hash::Ours(&digest::SHA384)),
    ("sha-512", Hash::Ours(&digest::SHA512)),
    ("sha512-256", Hash::Ours(&digest::SHA512_256)),
    ("sha3-256", Hash::Ours(&digest::SHA3_256)),
    ("sha3-384", Hash::Ours(&digest::SHA3_384)),
    ("sha3-512", Hash::Ours(&digest::SHA3_512)),
];

/// The longest block of any of them is that of SHA3-256.
const LONGEST: usize = 136;

impl Hash {
    fn block(self) -> usize {
        match self {
            Self::Ours(algorithm) => algorithm.block_len(),
            Self::Md5 => 64,
        }
    }

    fn of<'c>(self, parts: &[&[u8]], cx: &'c Context<'_>) -> &'c [u8] {
        match self {
            Self::Ours(algorithm) => {
                let mut hash = digest::Context::new(algorithm);
                parts.iter().for_each(|part| hash.update(part));
                cx.arena().keep(hash.finish().as_ref())
            }
            Self::Md5 => {
                let mut hash = Md5::new();
                parts.iter().for_each(|part| hash.update(part));
                cx.arena().keep(&hash.finalize())
            }
        }
    }

    /// RFC 2104, over any of them.
    fn hmac<'c>(self, key: &[u8], bytes: &[u8], cx: &'c Context<'_>) -> &'c [u8] {
        let block = self.block();
        let key = if key.len() > block { self.of(&[key], cx) } else { key };
        let padded = |with: u8| -> [u8; LONGEST] { std::array::from_fn(|at| key.get(at).copied().unwrap_or(0) ^ with) };
        let (inner, outer) = (padded(0x36), padded(0x5c));
        let inside = self.of(&[&inner[..block.min(LONGEST)], bytes], cx);
        self.of(&[&outer[..block.min(LONGEST)], inside], cx)
    }
}

fn check_bits(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let hash = match args.int(0).unwrap_or(256) {
        224 => &digest::SHA224,
        256 => &digest::SHA256,
        384 => &digest::SHA384,
        512 => &digest::SHA512,
        other => return Err(format!("SHA-2 has 224, 256, 384 or 512 bits, not {other}")),
    };
    args.0[0] = Arg::Object(std::sync::Arc::new(Hash::Ours(hash)));
    Ok(())
}

fn named(args: &mut Args) -> Result<(), String> {
    let text = String::from_utf8_lossy(args.str(0).unwrap_or_default()).to_ascii_lowercase();
    let Some((_, hash)) = NAMES.iter().find(|(name, _)| *name == text) else {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("sha-")).collect();
        return Err(format!("no digest is called `{text}`; there are {}", names.join(", ")));
    };
    args.0[0] = Arg::Object(std::sync::Arc::new(*hash));
    Ok(())
}

fn digested<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    Some(Value::Bin(args.object::<Hash>(0)?.of(&[value.bytes()?], cx)))
}

fn check_hmac(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    named(args)?;
    key(args, 1)
}

/// An argument that holds a key in base64, or names a variable that does.
pub(super) fn key(args: &mut Args, at: usize) -> Result<(), String> {
    or_variable(args, at);
    if let Some(text) = args.str(at) {
        let bytes = encoding::base64(text);
        args.0[at] = Arg::Str(bytes.ok_or("this key is not base64, and not a variable's name")?.into());
    }
    Ok(())
}

/// The bytes of such an argument.
pub(super) fn key_bytes<'c>(args: &'c Args, at: usize, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    match args.var(at) {
        Some(name) => encoding::decode_standard(variable(name, Type::Str, cx)?.bytes()?, cx),
        None => args.str(at),
    }
}

fn hmac<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let key = key_bytes(args, 1, cx)?;
    Some(Value::Bin(args.object::<Hash>(0)?.hmac(key, value.bytes()?, cx)))
}
