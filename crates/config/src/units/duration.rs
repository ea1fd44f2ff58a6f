//! A span of time as the file writes it: `250us`, `100ms`, `5s`, `2m`, `1h`, `1d`.

use std::fmt;
use std::str::FromStr;

use super::{UnitError, serde_by_text, split};

/// A span of time, in whole microseconds.
///
/// ```
/// let idle: plimsoll_config::Duration = "90s".parse().unwrap();
/// assert_eq!(idle.as_std(), std::time::Duration::from_secs(90));
/// assert_eq!(plimsoll_config::Duration::from_millis(2000).to_string(), "2s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    micros: u64,
}

/// From the largest to the smallest, so that `Display` takes the first that divides.
const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1000), ("us", 1)];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self { micros: 0 };

    /// Whole seconds, saturating.
    pub const fn from_secs(secs: u64) -> Self {
        Self { micros: secs.saturating_mul(1_000_000) }
    }

    /// Whole milliseconds, saturating.
    pub const fn from_millis(millis: u64) -> Self {
        Self { micros: millis.saturating_mul(1000) }
    }

    /// Whole microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// The same span for the standard library.
    pub const fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.micros)
    }

    /// Whole microseconds.
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.micros / 1000
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.micros == 0
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        duration.as_std()
    }
}

impl FromStr for Duration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (digits, unit) = split(text);
        if digits.is_empty() || digits.contains(['.', '_']) {
            return Err(UnitError::new(
                format!("`{text}` is not a duration"),
                "write a whole number and a unit: `5s`, `100ms`, `2m`, `1h`, `1d`, `250us`",
            ));
        }
        if unit.is_empty() {
            return Err(bare(digits.to_owned()));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(UnitError::new(
                format!("`{unit}` is not a unit of time"),
                "the units are `us`, `ms`, `s`, `m` (minutes), `h` and `d`",
            ));
        };
        let micros = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(*factor));
        micros
            .map(Self::from_micros)
            .ok_or_else(|| UnitError::new(format!("`{text}` is too long a time"), "the longest is 213503982d"))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.micros == 0 {
            return f.write_str("0s");
        }
        let (name, factor) = UNITS.iter().find(|(_, factor)| self.micros.is_multiple_of(*factor)).unwrap_or(&UNITS[5]);
        write!(f, "{}{name}", self.micros / factor)
    }
}

fn bare(number: String) -> UnitError {
    UnitError::new(
        format!("`{number}` has no unit of time"),
        format!("write the unit: `{number}s` or `{number}ms` (also `us`, `m`, `h`, `d`)"),
    )
}

serde_by_text!(Duration, "a duration such as `5s` or `100ms`", bare);

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> u64 {
        text.parse::<Duration>().unwrap().as_micros()
    }

    #[test]
    fn every_unit_is_read() {
        assert_eq!(micros("250us"), 250);
        assert_eq!(micros("100ms"), 100_000);
        assert_eq!(micros("5s"), 5_000_000);
        assert_eq!(micros("2m"), 120_000_000);
        assert_eq!(micros("1h"), 3_600_000_000);
        assert_eq!(micros("1d"), 86_400_000_000);
        assert_eq!(micros(" 5 s "), 5_000_000);
        assert_eq!(micros("0s"), 0);
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_what_to_write() {
        let error = "30".parse::<Duration>().unwrap_err();
        assert_eq!(error.message(), "`30` has no unit of time");
        assert!(error.help().contains("`30s`"));
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", "s", "-5s", "1.5s", "5 seconds", "5S", "1m30s", "5µs", "\u{660}s", "1_0s"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn overflow_is_refused() {
        assert!("213503982d".parse::<Duration>().is_ok());
        assert!("213503983d".parse::<Duration>().is_err());
        assert!("99999999999999999999999s".parse::<Duration>().is_err());
    }

    #[test]
    fn display_is_the_shortest_exact_form_and_reads_back() {
        for (text, shown) in
            [("60s", "1m"), ("90s", "90s"), ("1000us", "1ms"), ("24h", "1d"), ("1001ms", "1001ms"), ("0ms", "0s")]
        {
            let duration = text.parse::<Duration>().unwrap();
            assert_eq!(duration.to_string(), shown);
            assert_eq!(shown.parse::<Duration>().unwrap(), duration);
        }
    }
}
