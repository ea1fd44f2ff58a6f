//! Converters of points in time to text.

use jiff::fmt::StdFmtWrite;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::operand::fitting;
use super::outside::UNIT;
use crate::args::{ArgKind, Args, Param};
use crate::{Context, Converter, Type, Value};

const FORMAT: &[Param] = &[Param::new("format", ArgKind::Str), Param::optional("offset", ArgKind::Int)];

/// A row that makes text of a number.
const DATE: Converter = Converter { params: FORMAT, input: Type::Int, output: Type::Str, ..Converter::PLAIN };

macro_rules! date {
    ($zone:expr, $second:expr) => {
        |value, args, cx| format(value, args, cx, $zone, $second)
    };
}

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "utime",
        eval: date!(TimeZone::UTC, 1),
        doc: "A time in seconds since 1970, plus an offset, as text in UTC by a format of strftime(3). No value outside of the years -9999 to 9999.",
        ..DATE
    },
    Converter {
        name: "ltime",
        eval: date!(TimeZone::system(), 1),
        doc: "Like `utime`, in the machine's own time zone.",
        ..DATE
    },
    Converter {
        name: "ms_utime",
        eval: date!(TimeZone::UTC, 1_000),
        doc: "Like `utime`, of milliseconds; `%N` gives the fraction of a second, `%3N` three digits of it.",
        ..DATE
    },
    Converter {
        name: "ms_ltime",
        eval: date!(TimeZone::system(), 1_000),
        doc: "Like `ms_utime`, in the machine's own time zone.",
        ..DATE
    },
    Converter {
        name: "us_utime",
        eval: date!(TimeZone::UTC, 1_000_000),
        doc: "Like `ms_utime`, of microseconds.",
        ..DATE
    },
    Converter {
        name: "us_ltime",
        eval: date!(TimeZone::system(), 1_000_000),
        doc: "Like `us_utime`, in the machine's own time zone.",
        ..DATE
    },
    Converter {
        name: "http_date",
        params: &[Param::optional("offset", ArgKind::Int), Param::optional("unit", UNIT)],
        eval: http_date,
        doc: "A time since 1970 in seconds, or in `ms` or `us`, plus an offset in that unit, as HTTP writes dates.",
        ..DATE
    },
];

/// A moment, so many units after 1970.
fn moment(units: i64, second: i64) -> Option<Timestamp> {
    let nanosecond = units.rem_euclid(second) * (1_000_000_000 / second);
    Timestamp::new(units.div_euclid(second), nanosecond as i32).ok()
}

fn format<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>, zone: TimeZone, second: i64) -> Option<Value<'c>> {
    let units = value.int()?.saturating_add(args.int(1).unwrap_or(0));
    let utc = zone == TimeZone::UTC;
    let time: Zoned = moment(units, second)?.to_zoned(zone);
    // strftime(3) calls UTC by its older name.
    let text = String::from_utf8_lossy(args.str(0)?);
    let text = if utc { text.replace("%Z", "GMT") } else { text.into_owned() };
    // What is no conversion stays as it is; names of days and months are English.
    let config = Config::new().custom(PosixCustom::new()).lenient(true);
    let mut made = String::new();
    BrokenDownTime::from(&time).format_with_config(&config, text.as_bytes(), &mut StdFmtWrite(&mut made)).ok()?;
    fitting(cx.arena().keep(made.as_bytes())).map(Value::Str)
}

fn http_date<'c>(value: Value<'c>, args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let second = match args.int(1) {
        Some(1) => 1_000,
        Some(2) => 1_000_000,
        _ => 1,
    };
    let units = value.int()?.saturating_add(args.int(0).unwrap_or(0));
    let time = BrokenDownTime::from(&moment(units.div_euclid(second), 1)?.to_zoned(TimeZone::UTC));
    let mut made = String::new();
    time.format("%a, %d %b %Y %H:%M:%S GMT", StdFmtWrite(&mut made)).ok()?;
    Some(Value::Str(cx.arena().keep(made.as_bytes())))
}
