//! Which answers pass: `status 200-299`, or `status 200,204,300-399`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

/// The statuses that pass; 200 to 399 unless something else is written, as in HAProxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect(Vec<RangeInclusive<u16>>);

impl Expect {
    /// Whether an answer with this status passes.
    #[must_use]
    pub fn passes(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self(vec![200..=399])
    }
}

impl FromStr for Expect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an expectation: write `status 200-299` or `status 200,204,300-399`");
        let list = text.strip_prefix("status ").ok_or_else(wrong)?;
        let status = |text: &str| {
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|status| digits && (100..=999).contains(status)).ok_or_else(wrong)
        };
        let range = |item: &str| {
            let (from, to) = item.trim().split_once('-').unwrap_or((item.trim(), item.trim()));
            let (from, to): (u16, u16) = (status(from)?, status(to)?);
            if from <= to { Ok(from..=to) } else { Err(format!("`{item}` is an empty range of statuses")) }
        };
        list.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, range) in self.0.iter().enumerate() {
            write!(f, "{}{}", if number == 0 { "status " } else { "," }, range.start())?;
            if range.start() != range.end() {
                write!(f, "-{}", range.end())?;
            }
        }
        Ok(())
    }
}

impl Serialize for Expect {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl schemars::JsonSchema for Expect {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expect".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^status [0-9]{3}|\$\{", "examples": ["status 200-299", "status 200,204"] })
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_read_back_what_they_write() {
        for text in ["status 200", "status 200-299", "status 200,204,300-399"] {
            assert_eq!(text.parse::<Expect>().unwrap().to_string(), text);
        }
        let expect: Expect = "status 200, 204-206".parse().unwrap();
        assert_eq!([200, 201, 204, 206, 207].map(|status| expect.passes(status)), [true, false, true, true, false]);
        assert!(Expect::default().passes(302) && !Expect::default().passes(404));
    }

    #[test]
    fn anything_else_says_what_to_write() {
        for text in ["200", "status", "status x", "status 99", "status 299-200", "status 200,", "status +200"] {
            assert!(text.parse::<Expect>().is_err(), "{text}");
        }
    }
}
