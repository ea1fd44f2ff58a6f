//! Symmetric ciphers: AES with GCM and with CBC.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
};
use aws_lc_rs::iv::FixedLength;

use super::digests::{key, key_bytes};
use super::encoding::encoded;
use super::operand::fitting;
use crate::args::{ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

/// A row that makes bytes of bytes.
const BYTES: Converter = Converter { input: Type::Bin, output: Type::Bin, ..Converter::PLAIN };

const BITS: Param = Param::new("bits", ArgKind::Int);
const NONCE: Param = Param::new("nonce", ArgKind::Str);
const KEY: Param = Param::new("key", ArgKind::Str);

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "aes_gcm_dec",
        params: &[BITS, NONCE, KEY, Param::new("tag", ArgKind::Str)],
        check: Some(|args, _| check(args, &[1, 2, 3])),
        eval: gcm_dec,
        doc: "Deciphers AES-GCM of 128, 192 or 256 bits; nonce, key and tag are base64, or variables that hold it. No value if the tag is wrong.",
        ..BYTES
    },
    Converter {
        name: "aes_gcm_enc",
        params: &[BITS, NONCE, KEY, Param::new("tag", ArgKind::Var)],
        check: Some(|args, _| check(args, &[1, 2])),
        eval: gcm_enc,
        doc: "Enciphers with AES-GCM of 128, 192 or 256 bits; nonce and key are base64, or variables that hold it. The tag goes to a variable, in base64.",
        ..BYTES
    },
    Converter {
        name: "aes_cbc_dec",
        params: &[BITS, NONCE, KEY],
        check: Some(check_cbc),
        eval: cbc_dec,
        doc: "Deciphers AES-CBC of 128, 192 or 256 bits with PKCS#7's padding; nonce and key are base64, or variables that hold it.",
        ..BYTES
    },
    Converter {
        name: "aes_cbc_enc",
        params: &[BITS, NONCE, KEY],
        check: Some(check_cbc),
        eval: cbc_enc,
        doc: "Enciphers with AES-CBC of 128, 192 or 256 bits and PKCS#7's padding; nonce and key are base64, or variables that hold it.",
        ..BYTES
    },
];

fn check(args: &mut Args, keys: &[usize]) -> Result<(), String> {
    if !matches!(args.int(0), Some(128 | 192 | 256)) {
        return Err(String::from("AES has 128, 192 or 256 bits"));
    }
    keys.iter().try_for_each(|at| key(args, *at))
}

fn check_cbc(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    check(args, &[1, 2])
}

fn gcm(args: &Args, cx: &Context<'_>) -> Option<(LessSafeKey, Nonce)> {
    let algorithm = match args.int(0)? {
        128 => &aead::AES_128_GCM,
        192 => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let key = UnboundKey::new(algorithm, key_bytes(args, 2, cx)?).ok()?;
    let nonce = Nonce::try_assume_unique_for_key(key_bytes(args, 1, cx)?).ok()?;
    Some((LessSafeKey::new(key), nonce))
}

fn gcm_dec<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (key, nonce) = gcm(args, cx)?;
    let mut sealed = fitting(value.bytes()?)?.to_vec();
    sealed.extend_from_slice(key_bytes(args, 3, cx)?);
    let plain = key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
    Some(Value::Bin(cx.arena().keep(plain)))
}

fn gcm_enc<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (key, nonce) = gcm(args, cx)?;
    let mut bytes = fitting(value.bytes()?)?.to_vec();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut bytes).ok()?;
    let (name, tag) = (args.var(3)?, encoded(tag.as_ref(), cx));
    cx.variables(|variables| variables.set(name, &Value::Str(tag))).then(|| Value::Bin(cx.arena().keep(&bytes)))
}

fn cbc(args: &Args, cx: &Context<'_>) -> Option<(cipher::UnboundCipherKey, FixedLength<16>)> {
    let algorithm = match args.int(0)? {
        128 => &cipher::AES_128,
        192 => &cipher::AES_192,
        _ => &cipher::AES_256,
    };
    let key = cipher::UnboundCipherKey::new(algorithm, key_bytes(args, 2, cx)?).ok()?;
    let nonce: [u8; 16] = key_bytes(args, 1, cx)?.try_into().ok()?;
    Some((key, FixedLength::from(nonce)))
}

fn cbc_dec<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (key, nonce) = cbc(args, cx)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let mut bytes = fitting(value.bytes()?)?.to_vec();
    let plain = key.decrypt(&mut bytes, DecryptionContext::Iv128(nonce)).ok()?;
    Some(Value::Bin(cx.arena().keep(plain)))
}

fn cbc_enc<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (key, nonce) = cbc(args, cx)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    let mut bytes = fitting(value.bytes()?)?.to_vec();
    key.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(nonce)).ok()?;
    Some(Value::Bin(cx.arena().keep(&bytes)))
}
