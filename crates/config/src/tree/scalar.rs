//! What a plain scalar means in YAML 1.2's core schema, and which ones other readers take for something else.

use super::{Style, Value};

/// The value of an unquoted scalar; `Err` when it is a whole number that does not fit 64 bits.
pub fn resolve(text: &str) -> Result<Value, TooLarge> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ if text.starts_with("0x") && all(&text[2..], |b| b.is_ascii_hexdigit()) => radix(&text[2..], 16)?,
        _ if text.starts_with("0o") && all(&text[2..], |b| matches!(b, b'0'..=b'7')) => radix(&text[2..], 8)?,
        _ if all(unsigned(text), |b| b.is_ascii_digit()) => Value::Int(text.parse().map_err(|_| TooLarge)?),
        _ if is_float(unsigned(text)) => text.parse().map_or_else(|_| plain(text), Value::Float),
        _ => plain(text),
    })
}

/// A whole number beyond 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Why an unquoted scalar must not be left to the reader's guess, if so: YAML 1.1 and 1.2, and people, disagree about it.
pub fn ambiguous(text: &str) -> Option<&'static str> {
    match text {
        "on" | "On" | "ON" | "yes" | "Yes" | "YES" => Some("for the text, or `true`"),
        "off" | "Off" | "OFF" | "no" | "No" | "NO" => Some("for the text, or `false`"),
        _ => {
            let digits = unsigned(text);
            let leading_zero = digits.len() > 1 && digits.starts_with('0') && all(digits, |b| b.is_ascii_digit());
            leading_zero.then_some("for the text, or the number without its leading zero")
        }
    }
}

fn plain(text: &str) -> Value {
    Value::String { text: text.to_owned(), style: Style::Plain }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(test)
}

fn radix(digits: &str, radix: u32) -> Result<Value, TooLarge> {
    i64::from_str_radix(digits, radix).map(Value::Int).map_err(|_| TooLarge)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, as the core schema has it.
fn is_float(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (number, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(n, e)| (n, Some(e)));
    let (whole, part) = number.split_once('.').map_or((number, None), |(w, p)| (w, Some(p)));
    let mantissa = digits(whole) && part.is_none_or(digits) && !(whole.is_empty() && part.is_none_or(str::is_empty));
    mantissa && exponent.is_none_or(|e| all(unsigned(e), |b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_decides() {
        for (text, value) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("true", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
            ("-12", Value::Int(-12)),
            ("+12", Value::Int(12)),
            ("0x1F", Value::Int(31)),
            ("0o17", Value::Int(15)),
            ("1.5", Value::Float(1.5)),
            ("-1e3", Value::Float(-1000.0)),
            (".5", Value::Float(0.5)),
            ("1.", Value::Float(1.0)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in
            ["1_000", "0x", "0o8", "12:30", "1.2.3", "10.0.0.1", ".", "-", "+", "e3", "1e", "1e+", "nan", "tRue", "5s"]
        {
            assert_eq!(resolve(text), Ok(plain(text)), "{text}");
        }
    }

    #[test]
    fn a_whole_number_beyond_64_bits_is_too_large() {
        assert_eq!(resolve("9223372036854775808"), Err(TooLarge));
        assert_eq!(resolve("0xFFFFFFFFFFFFFFFF"), Err(TooLarge));
    }

    #[test]
    fn words_and_numbers_that_readers_disagree_about_are_ambiguous() {
        for text in ["on", "Off", "YES", "no", "08", "007", "-01"] {
            assert!(ambiguous(text).is_some(), "{text}");
        }
        for text in ["0", "true", "y", "10", "0.5", "0x10", "nope", "-0"] {
            assert!(ambiguous(text).is_none(), "{text}");
        }
    }
}
