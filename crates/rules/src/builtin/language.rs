//! `language`: which of some languages an `Accept-Language` header likes best (RFC 9110, section 12.5.4).

use crate::args::{ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

/// The row.
pub const CONVERTERS: &[Converter] = &[Converter {
    name: "language",
    params: &[Param::new("languages", ArgKind::Str), Param::optional("default", ArgKind::Str)],
    input: Type::Str,
    output: Type::Str,
    check: None,
    eval: language,
    doc: "Of the languages listed with `;` between them, the one that an `Accept-Language` header likes best; otherwise the default, if there is one.",
}];

fn language<'c>(value: Value<'c>, args: &'c Args, _: &'c Context<'_>) -> Option<Value<'c>> {
    let (accepted, listed) = (value.bytes()?, args.str(0)?);
    let (mut best, mut liking) = (None, 0);
    for item in accepted.split(|byte| *byte == b',') {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix(b"q=")).map_or(1000, thousandths);
        if quality > liking
            && let Some(found) = find(listed, name)
        {
            (best, liking) = (Some(found), quality);
        }
    }
    best.or_else(|| args.str(1)).map(Value::Str)
}

/// A language by its full name, or without its variants.
fn find<'c>(listed: &'c [u8], name: &[u8]) -> Option<&'c [u8]> {
    let mut languages = listed.split(|byte| *byte == b';');
    let base = name.split(|byte| *byte == b'-').next().unwrap_or_default();
    let whole = languages.clone().find(|language| *language == name);
    whole.or_else(|| languages.find(|language| *language == base)).filter(|language| !language.is_empty())
}

/// A weight of up to three decimals; whatever is none counts as 1.
fn thousandths(text: &[u8]) -> u32 {
    let [whole @ (b'0' | b'1'), decimals @ ..] = text else { return 1000 };
    let decimals = decimals.strip_prefix(b".").unwrap_or_default();
    let places = decimals.iter().take_while(|byte| byte.is_ascii_digit()).chain(std::iter::repeat(&b'0')).take(3);
    let sum = places.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    (u32::from(whole - b'0') * 1000 + sum).min(1000)
}
