//! JSON Web Tokens (RFC 7519) that are signed (RFC 7515): their parts, and whether the signature is right.

use std::sync::Arc;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use aws_lc_rs::{constant_time, hmac};

use super::encoding::{base64, decode_url};
use super::operand::{or_variable, variable};
use super::{json, operand};
use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Converter, Type, Value};

const PARAMS: &[Param] = &[Param::optional("path", ArgKind::Str), Param::optional("type", json::INT)];

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "jwt_header_query",
        params: PARAMS,
        input: Type::Bin,
        output: Type::Any,
        check: Some(|args, _| json::check_path(args, 0)),
        eval: |value, args, cx| part(value.bytes()?, 0, args, cx),
        doc: "The header of a JSON Web Token, decoded, or a value of it as `json_query` gives it.",
    },
    Converter {
        name: "jwt_payload_query",
        params: PARAMS,
        input: Type::Bin,
        output: Type::Any,
        check: Some(|args, _| json::check_path(args, 0)),
        eval: |value, args, cx| part(value.bytes()?, 1, args, cx),
        doc: "The payload of a JSON Web Token, decoded, or a value of it as `json_query` gives it.",
    },
    Converter {
        name: "jwt_verify",
        params: &[Param::new("algorithm", ArgKind::Str), Param::new("key", ArgKind::Str)],
        input: Type::Bin,
        output: Type::Int,
        check: Some(check),
        eval: |value, args, cx| Some(Value::Int(verify(value.bytes()?, args, cx))),
        doc: "1 if the signature of a JSON Web Token is right by an algorithm and a secret, or the public key or certificate in a file; 0 if not. Below 0: unknown algorithm (-1), no token (-3), unknown key (-5).",
    },
    Converter {
        name: "jwt_verify_cert",
        params: &[Param::new("algorithm", ArgKind::Str), Param::new("certificate", ArgKind::Str)],
        input: Type::Bin,
        output: Type::Int,
        check: Some(check_certificate),
        eval: |value, args, cx| Some(Value::Int(verify(value.bytes()?, args, cx))),
        doc: "Like `jwt_verify`, with a certificate or a public key in a file and never a secret.",
    },
];

const WRONG: i64 = 0;
const RIGHT: i64 = 1;
const UNKNOWN_ALGORITHM: i64 = -1;
const NO_TOKEN: i64 = -3;
const UNKNOWN_KEY: i64 = -5;

/// How a token is signed.
#[derive(Clone, Copy)]
enum Signature {
    /// Not at all: there must be none.
    None,
    Secret(&'static hmac::Algorithm),
    Key(&'static dyn VerificationAlgorithm),
}

/// RFC 7518, section 3.1.
fn algorithm(name: &[u8]) -> Option<Signature> {
    use Signature::{Key, Secret};
    Some(match name {
        b"none" => Signature::None,
        b"HS256" => Secret(&hmac::HMAC_SHA256),
        b"HS384" => Secret(&hmac::HMAC_SHA384),
        b"HS512" => Secret(&hmac::HMAC_SHA512),
        b"RS256" => Key(&signature::RSA_PKCS1_2048_8192_SHA256),
        b"RS384" => Key(&signature::RSA_PKCS1_2048_8192_SHA384),
        b"RS512" => Key(&signature::RSA_PKCS1_2048_8192_SHA512),
        b"ES256" => Key(&signature::ECDSA_P256_SHA256_FIXED),
        b"ES384" => Key(&signature::ECDSA_P384_SHA384_FIXED),
        b"ES512" => Key(&signature::ECDSA_P521_SHA512_FIXED),
        b"PS256" => Key(&signature::RSA_PSS_2048_8192_SHA256),
        b"PS384" => Key(&signature::RSA_PSS_2048_8192_SHA384),
        b"PS512" => Key(&signature::RSA_PSS_2048_8192_SHA512),
        _ => return None,
    })
}

/// The public key of a file, in DER.
#[derive(Debug)]
struct PublicKey(Vec<u8>);

fn check(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    or_variable(args, 0);
    or_variable(args, 1);
    let named = args.str(0).map(|name| {
        algorithm(name).ok_or_else(|| format!("`{}` is no algorithm of RFC 7518", String::from_utf8_lossy(name)))
    });
    let Some(key) = args.str(1) else { return named.transpose().map(drop) };
    let path = String::from_utf8_lossy(key).into_owned();
    match named.transpose()? {
        Some(Signature::Key(_)) => {
            let file =
                compiler.names.read(&path).map_err(|error| format!("the key `{path}` cannot be read: {error}"))?;
            let der = public_key(&file)
                .ok_or_else(|| format!("`{path}` has neither a public key nor a certificate in PEM"))?;
            args.0[1] = Arg::Object(Arc::new(PublicKey(der)));
        }
        Some(_) => {}
        // A variable says the algorithm: it may be a file all the same.
        None => {
            if let Some(der) = compiler.names.read(&path).ok().and_then(|file| public_key(&file)) {
                args.0[1] = Arg::Object(Arc::new(PublicKey(der)));
            }
        }
    }
    Ok(())
}

fn check_certificate(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let path = String::from_utf8_lossy(args.str(1).unwrap_or_default()).into_owned();
    check(args, compiler)?;
    let has_key = args.object::<PublicKey>(1).is_some();
    has_key.then_some(()).ok_or_else(|| {
        format!("`{path}` serves for RS, ES and PS: there is no public key, or the algorithm takes none")
    })
}

/// Header, payload, signature, and what is signed.
fn parts(token: &[u8]) -> Option<([&[u8]; 3], &[u8])> {
    let mut parts = token.split(|byte| *byte == b'.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    let signed = token.get(..three[0].len() + 1 + three[1].len())?;
    parts.next().is_none().then_some((three, signed))
}

fn part<'c>(token: &'c [u8], which: usize, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let (parts, _) = parts(token)?;
    let text = decode_url(parts.get(which)?, cx)?;
    if args.has(0) { json::query(text, args, cx) } else { operand::fitting(text).map(Value::Str) }
}

fn verify(token: &[u8], args: &Args, cx: &Context<'_>) -> i64 {
    let name = match args.var(0) {
        Some(name) => variable(name, Type::Str, cx).and_then(|name| name.bytes()),
        None => args.str(0),
    };
    let Some(name) = name else { return UNKNOWN_ALGORITHM };
    let Some(way) = algorithm(name) else { return UNKNOWN_ALGORITHM };
    let Some(([header, payload, signature], signed)) = parts(token) else { return NO_TOKEN };
    if header.is_empty() || payload.is_empty() {
        return NO_TOKEN;
    }
    let as_number = |right: bool| if right { RIGHT } else { WRONG };
    let decoded = decode_url(signature, cx).filter(|bytes| !bytes.is_empty());
    match way {
        Signature::None => as_number(signature.is_empty()),
        Signature::Secret(algorithm) => {
            // A file's key is public: nobody may sign with it as if it were a secret.
            let Some(secret) = operand::bytes(args, 1, cx) else { return UNKNOWN_KEY };
            let Some(decoded) = decoded else { return NO_TOKEN };
            let code = hmac::sign(&hmac::Key::new(*algorithm, secret), signed);
            as_number(constant_time::verify_slices_are_equal(code.as_ref(), decoded).is_ok())
        }
        Signature::Key(algorithm) => {
            let Some(PublicKey(der)) = args.object(1) else { return UNKNOWN_KEY };
            let Some(decoded) = decoded else { return NO_TOKEN };
            as_number(UnparsedPublicKey::new(algorithm, der).verify(signed, decoded).is_ok())
        }
    }
}

/// The subject's public key, in DER, of a PEM file with a key or a certificate.
fn public_key(file: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(file).ok()?;
    let block = |label: &str| {
        let (_, behind) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (inside, _) = behind.split_once(&format!("-----END {label}-----"))?;
        let digits: Vec<u8> = inside.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        base64(&digits)
    };
    block("PUBLIC KEY").or_else(|| block("RSA PUBLIC KEY")).or_else(|| certified(&block("CERTIFICATE")?))
}

/// The public key of a certificate: RFC 5280, section 4.1.
fn certified(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, inside, _) = element(certificate)?;
    let (_, mut rest, _) = element(inside)?;
    // The version may be missing; serial number, algorithm, issuer, validity and subject come next.
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    element(rest).map(|(whole, ..)| whole.to_vec())
}

/// The first element of DER: all of it, its contents, and what follows.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&short, rest) = der.get(1..)?.split_first()?;
    let (length, inside) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x83 => {
            let (digits, inside) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), inside)
        }
        _ => return None,
    };
    let (inside, rest) = inside.split_at_checked(length)?;
    Some((der.get(..der.len() - rest.len())?, inside, rest))
}
