//! Only some of the lines: HAProxy's `sample RANGES:SIZE`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, de};

/// Of each `SIZE` lines those whose numbers, from 1, lie in the ranges: `1,3-5:8`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Sample {
    ranges: Vec<RangeInclusive<u64>>,
    size: u64,
}

impl Sample {
    /// Is the line of that number, from 0, one of them?
    #[must_use]
    pub fn takes(&self, number: u64) -> bool {
        let place = number % self.size + 1;
        self.ranges.iter().any(|range| range.contains(&place))
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no sample\nhelp: write ranges and a size, as in `1,3-5:8`: of each 8 lines four");
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0).map(u64::from);
        let (ranges, size) = text.rsplit_once(':').ok_or_else(wrong)?;
        let size = number(size).ok_or_else(wrong)?;
        let mut all: Vec<RangeInclusive<u64>> = Vec::new();
        for range in ranges.split(',') {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let (low, high) = (number(low).ok_or_else(wrong)?, number(high).ok_or_else(wrong)?);
            let overlaps = all.iter().any(|known| *known.start() <= high && low <= *known.end());
            if low > high || high > size || overlaps {
                return Err(wrong());
            }
            all.push(low..=high);
        }
        Ok(Self { ranges: all, size })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.ranges.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match (range.start(), range.end()) {
                (low, high) if low == high => write!(f, "{comma}{low}")?,
                (low, high) => write!(f, "{comma}{low}-{high}")?,
            }
        }
        write!(f, ":{}", self.size)
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_takes_the_lines_of_its_ranges() {
        let sample: Sample = "1,3-4:5".parse().unwrap();
        let taken: Vec<u64> = (0..10).filter(|number| sample.takes(*number)).collect();
        assert_eq!(taken, [0, 2, 3, 5, 7, 8]);
        assert_eq!(sample.to_string(), "1,3-4:5");
        for wrong in ["", "1", "0:4", "1:0", "5:4", "3-2:4", "1-2,2:4", "a:4", "1-:4"] {
            assert!(wrong.parse::<Sample>().is_err(), "{wrong}");
        }
    }
}
