//! HAProxy's times, sizes and numbers, as the tree writes them.

use plimsoll_config::Value;
use plimsoll_config::tree::Style;

use crate::directive::Kind;
use crate::environment::Environment;

/// The longest time: 2^31-1 milliseconds.
const MAX_MILLIS: u64 = 2_147_483_647;

/// A word as a value of the tree, or what is wrong with it.
pub(crate) fn read(text: &str, kind: Kind, environment: &Environment<'_>) -> Result<Value, String> {
    match kind {
        Kind::Millis => time(text, "ms").map(string),
        Kind::Seconds => time(text, "s").map(string),
        Kind::Count => match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(Value::Int(number)),
            _ => Err(format!("`{text}` is not a number from 0 on")),
        },
        Kind::Number => text.parse().map(Value::Int).map_err(|_| format!("`{text}` is not a whole number")),
        Kind::Size => size(text).map(string),
        Kind::Word => Ok(string(text.to_owned())),
        Kind::Address => Ok(string(environment.expand(text).unwrap_or_else(|| text.to_owned()))),
    }
}

/// What a directive takes, in words.
pub(crate) const fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Millis | Kind::Seconds => "a time",
        Kind::Count | Kind::Number => "a number",
        Kind::Size => "a size",
        Kind::Word => "a word",
        Kind::Address => "an address",
    }
}

/// How that is written.
pub(crate) const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Millis => "a number of milliseconds, or one with `us`, `ms`, `s`, `m`, `h` or `d`: `30s`",
        Kind::Seconds => "a number of seconds, or one with `us`, `ms`, `s`, `m`, `h` or `d`: `30s`",
        Kind::Count | Kind::Number => "digits, without a unit: `2000`",
        Kind::Size => "a number of bytes, or one with `k`, `m` or `g`: `16k`",
        Kind::Word => "one word; a blank in it needs quotes",
        Kind::Address => "`10.0.0.1:80`, `:80`, `*:80`, `[::1]:80`, `unix@/path`, `abns@name` or `fd@3`",
    }
}

pub(crate) fn string(text: String) -> Value {
    Value::String { text, style: Style::Plain }
}

/// `30s`, `500`: with its unit, the largest that leaves a whole number.
fn time(text: &str, without: &str) -> Result<String, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = if unit.is_empty() { without } else { unit };
    let micros = match unit {
        "us" => 1,
        "ms" => 1000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ if digits == 0 => return Err(format!("`{text}` is not a time")),
        _ => return Err(format!("`{unit}` is not a unit of time")),
    };
    let whole = number.parse::<u64>().ok().and_then(|number| number.checked_mul(micros));
    match whole {
        None if digits == 0 => Err(format!("`{text}` is not a time")),
        Some(whole) if whole / 1000 <= MAX_MILLIS => Ok(plimsoll_config::Duration::from_micros(whole).to_string()),
        _ => Err(format!("`{text}` is too long: {MAX_MILLIS} ms, 24.8 days, is the most")),
    }
}

/// `16k`: bytes.
fn size(text: &str) -> Result<String, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "" => "B",
        "k" | "K" => "KiB",
        "m" | "M" => "MiB",
        "g" | "G" => "GiB",
        _ => return Err(format!("`{text}` is not a size")),
    };
    if digits == 0 || number.parse::<u32>().is_err() {
        return Err(format!("`{text}` is not a size"));
    }
    Ok(format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, kind: Kind) -> Result<String, String> {
        match read(text, kind, &Environment::new(&|_| None))? {
            Value::String { text, .. } => Ok(text),
            Value::Int(number) => Ok(number.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn times_sizes_and_numbers_are_read_as_haproxy_reads_them() {
        for (text, kind, expected) in [
            ("5000", Kind::Millis, "5s"),
            ("5", Kind::Seconds, "5s"),
            ("1500us", Kind::Millis, "1500us"),
            ("90s", Kind::Millis, "90s"),
            ("24d", Kind::Millis, "24d"),
            ("0", Kind::Millis, "0s"),
            ("16k", Kind::Size, "16KiB"),
            ("16384", Kind::Size, "16384B"),
            ("2000", Kind::Count, "2000"),
            ("-5", Kind::Number, "-5"),
        ] {
            assert_eq!(of(text, kind).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_said() {
        for (text, kind, expected) in [
            ("x", Kind::Millis, "`x` is not a time"),
            ("", Kind::Millis, "`` is not a time"),
            ("5x", Kind::Millis, "`x` is not a unit of time"),
            ("25d", Kind::Millis, "`25d` is too long: 2147483647 ms, 24.8 days, is the most"),
            (
                "99999999999999999999",
                Kind::Millis,
                "`99999999999999999999` is too long: 2147483647 ms, 24.8 days, is the most",
            ),
            ("-1", Kind::Count, "`-1` is not a number from 0 on"),
            ("16x", Kind::Size, "`16x` is not a size"),
        ] {
            assert_eq!(of(text, kind), Err(expected.to_owned()), "{text}");
        }
    }
}
