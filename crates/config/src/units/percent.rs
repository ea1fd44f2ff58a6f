//! A share of a whole as the file writes it: `50%`, `12.5%`, `150%`.

use std::fmt;
use std::str::FromStr;

use super::{UnitError, serde_by_text, split};

/// A percentage in hundredths of a percent; may be more than the whole, an owner that minds says so itself.
///
/// ```
/// let share: plimsoll_config::Percent = "12.5%".parse().unwrap();
/// assert_eq!(share.of(200), 25);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Percent {
    hundredths: u32,
}

impl Percent {
    /// The whole: `100%`.
    pub const WHOLE: Self = Self { hundredths: 10_000 };

    /// A whole number of percent, saturating.
    pub const fn from_whole(percent: u32) -> Self {
        Self { hundredths: percent.saturating_mul(100) }
    }

    /// Hundredths of a percent: `12.5%` is 1250.
    pub const fn hundredths(self) -> u32 {
        self.hundredths
    }

    /// As a factor: `50%` is 0.5.
    pub fn as_ratio(self) -> f64 {
        f64::from(self.hundredths) / 10_000.0
    }

    /// That share of `whole`, rounded down, saturating.
    pub fn of(self, whole: u64) -> u64 {
        let share = u128::from(whole) * u128::from(self.hundredths) / 10_000;
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (digits, unit) = split(text);
        if unit.is_empty() && !digits.is_empty() {
            return Err(bare(digits.to_owned()));
        }
        let not = || {
            UnitError::new(
                format!("`{text}` is not a percentage"),
                "write a number with at most two decimals and `%`: `50%`, `12.5%`",
            )
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let digits_only = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if unit != "%" || !digits_only(whole) || !digits_only(part) || part.len() > 2 {
            return Err(not());
        }
        let scale = if part.len() == 1 { 10 } else { 1 };
        let part = part.parse::<u32>().map_err(|_| not())? * scale;
        let hundredths =
            whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(100)).and_then(|n| n.checked_add(part));
        hundredths
            .map(|hundredths| Self { hundredths })
            .ok_or_else(|| UnitError::new(format!("`{text}` is too large"), "the largest is 42949672%"))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.hundredths / 100, self.hundredths % 100);
        match part {
            0 => write!(f, "{whole}%"),
            part if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            part => write!(f, "{whole}.{part:02}%"),
        }
    }
}

fn bare(number: String) -> UnitError {
    UnitError::new(format!("`{number}` has no percent sign"), format!("write `{number}%`"))
}

serde_by_text!(Percent, "a percentage such as `50%`", bare);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_decimal_percentages_are_read_and_written_back() {
        for (text, hundredths) in [("50%", 5000), ("12.5%", 1250), ("0.05%", 5), ("150%", 15_000), ("0%", 0)] {
            let percent = text.parse::<Percent>().unwrap();
            assert_eq!(percent.hundredths(), hundredths);
            assert_eq!(percent.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_percentage_is_refused() {
        for text in ["", "%", "50", "-1%", "1.234%", ".5%", "5.%", "1.2.3%", "1_0%", "50 percent", "99999999999%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_down_and_never_overflows() {
        assert_eq!(Percent::from_whole(33).of(10), 3);
        assert_eq!(Percent::from_whole(200).of(u64::MAX), u64::MAX);
        assert!((Percent::WHOLE.as_ratio() - 1.0).abs() < f64::EPSILON);
    }
}
