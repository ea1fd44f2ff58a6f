//! A number of bytes as the file writes it: `512B`, `64KiB`, `1MiB`, `2GiB`, or decimal `kB`, `MB`, `GB`.

use std::fmt;
use std::str::FromStr;

use super::{UnitError, serde_by_text, split};

/// A number of bytes.
///
/// ```
/// let buffer: plimsoll_config::Size = "16KiB".parse().unwrap();
/// assert_eq!(buffer.bytes(), 16_384);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Size {
    bytes: u64,
}

const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

impl Size {
    /// That many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self { bytes }
    }

    /// That many times 1024 bytes, saturating.
    pub const fn from_kib(kib: u64) -> Self {
        Self { bytes: kib.saturating_mul(1 << 10) }
    }

    /// That many times 1024² bytes, saturating.
    pub const fn from_mib(mib: u64) -> Self {
        Self { bytes: mib.saturating_mul(1 << 20) }
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }

    /// The number of bytes as an index; `usize::MAX` where it does not fit.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (digits, unit) = split(text);
        if digits.is_empty() || digits.contains(['.', '_']) {
            return Err(UnitError::new(
                format!("`{text}` is not a size"),
                "write a whole number and a unit: `512B`, `64KiB`, `1MiB`, `2GiB`",
            ));
        }
        if unit.is_empty() {
            return Err(bare(digits.to_owned()));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(unknown(digits, unit));
        };
        let bytes = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(*factor));
        bytes
            .map(Self::from_bytes)
            .ok_or_else(|| UnitError::new(format!("`{text}` is too large"), "the largest is 17179869183GiB"))
    }
}

/// `16k`, `16KB` and `16K` mean 16,000 to one reader and 16,384 to the next: both readings are offered, none is taken.
fn unknown(digits: &str, unit: &str) -> UnitError {
    let both = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" => Some(("KiB", "kB", "1024", "1000")),
        "m" | "mb" | "mi" | "mib" => Some(("MiB", "MB", "1024²", "1000²")),
        "g" | "gb" | "gi" | "gib" => Some(("GiB", "GB", "1024³", "1000³")),
        _ => None,
    };
    match both {
        Some((binary, decimal, power, thousand)) => UnitError::new(
            format!("`{unit}` can be read in two ways"),
            format!("write `{digits}{binary}` (times {power}) or `{digits}{decimal}` (times {thousand})"),
        ),
        None => UnitError::new(
            format!("`{unit}` is not a unit of size"),
            "the units are `B`, `KiB`, `MiB`, `GiB`, and decimal `kB`, `MB`, `GB`",
        ),
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bytes == 0 {
            return f.write_str("0B");
        }
        let (name, factor) = UNITS.iter().find(|(_, factor)| self.bytes.is_multiple_of(*factor)).unwrap_or(&UNITS[6]);
        write!(f, "{}{name}", self.bytes / factor)
    }
}

fn bare(number: String) -> UnitError {
    UnitError::new(
        format!("`{number}` has no unit of size"),
        format!("write the unit: `{number}B`, or a larger one: `KiB`, `MiB`, `GiB`"),
    )
}

serde_by_text!(Size, "a size such as `64KiB` or `1MiB`", bare);

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> u64 {
        text.parse::<Size>().unwrap().bytes()
    }

    #[test]
    fn every_unit_is_read() {
        assert_eq!(bytes("512B"), 512);
        assert_eq!(bytes("64KiB"), 65_536);
        assert_eq!(bytes("1 MiB"), 1_048_576);
        assert_eq!(bytes("2GiB"), 2_147_483_648);
        assert_eq!(bytes("16kB"), 16_000);
        assert_eq!(bytes("1MB"), 1_000_000);
        assert_eq!(bytes("1GB"), 1_000_000_000);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused_with_both() {
        for text in ["16k", "16K", "16KB", "16kb", "16kib"] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.help().contains("`16KiB`") && error.help().contains("`16kB`"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in ["", "KiB", "-1B", "1.5MiB", "16", "16b", "1TiB", "1 000B"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn overflow_is_refused() {
        assert!("17179869183GiB".parse::<Size>().is_ok());
        assert!("17179869184GiB".parse::<Size>().is_err());
    }

    #[test]
    fn display_is_exact_and_reads_back() {
        for (text, shown) in
            [("1024B", "1KiB"), ("1000B", "1kB"), ("1023B", "1023B"), ("0KiB", "0B"), ("2048MiB", "2GiB")]
        {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), shown);
            assert_eq!(bytes(shown), bytes(text));
        }
    }
}
