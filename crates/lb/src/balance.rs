//! The `balance` option: an algorithm's name, and its number where it takes one.

use std::fmt;
use std::str::FromStr;

use plimsoll_config::suggest;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::algorithm::{ALGORITHMS, Algorithm, DEFAULT};

/// Which algorithm, written `leastconn`, `random` or `random(2)`.
#[derive(Clone, Copy, Debug)]
pub struct Balance {
    /// The row of the algorithm.
    pub algorithm: &'static Algorithm,
    /// The number in parentheses, or its default; 0 for algorithms that take none.
    pub argument: u32,
}

impl Default for Balance {
    fn default() -> Self {
        Self::from(DEFAULT)
    }
}

impl From<&'static Algorithm> for Balance {
    fn from(algorithm: &'static Algorithm) -> Self {
        Self { algorithm, argument: algorithm.argument.map_or(0, |argument| argument.default) }
    }
}

impl PartialEq for Balance {
    fn eq(&self, other: &Self) -> bool {
        (self.algorithm.name, self.argument) == (other.algorithm.name, other.argument)
    }
}

impl Eq for Balance {}

impl FromStr for Balance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                (name, Some(rest.strip_suffix(')').ok_or_else(|| format!("`{text}` lacks its closing parenthesis"))?))
            }
        };
        let Some(algorithm) = ALGORITHMS.iter().find(|algorithm| algorithm.name == name) else {
            return Err(unknown(name));
        };
        let Some(number) = number else {
            return Ok(algorithm.into());
        };
        let Some(argument) = algorithm.argument else {
            return Err(format!("`balance {name}` takes no argument, but `({number})` follows"));
        };
        match number.parse() {
            Ok(value) if (argument.min..=argument.max).contains(&value) => Ok(Self { algorithm, argument: value }),
            _ => Err(format!(
                "`{number}` is not a number of {} for `balance {name}`: use {} to {}",
                argument.name, argument.min, argument.max
            )),
        }
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm.argument {
            Some(argument) if argument.default != self.argument => {
                write!(f, "{}({})", self.algorithm.name, self.argument)
            }
            _ => f.write_str(self.algorithm.name),
        }
    }
}

impl Serialize for Balance {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl schemars::JsonSchema for Balance {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Balance".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names =
            |with: bool| ALGORITHMS.iter().filter(move |row| row.argument.is_some() || !with).map(|row| row.name);
        let with: Vec<&str> = names(true).collect();
        schemars::json_schema!({
            "anyOf": [
                { "enum": names(false).collect::<Vec<_>>() },
                { "type": "string", "pattern": format!(r"^({})\([0-9]+\)$|\$\{{", with.join("|")) },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Balance {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name).collect();
    let hint = suggest(name, names.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("unknown algorithm `{name}`: one of {}{hint}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_back_what_it_writes() {
        for algorithm in ALGORITHMS {
            let balance = Balance::from(algorithm);
            assert_eq!(balance.to_string().parse(), Ok(balance));
            assert!(!algorithm.doc.is_empty());
        }
        assert_eq!("random(5)".parse::<Balance>().unwrap().to_string(), "random(5)");
        assert_eq!("random(2)".parse::<Balance>().unwrap(), "random".parse().unwrap());
        assert_eq!(Balance::default().algorithm.name, "roundrobin");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_and_suggests() {
        let error = "roundrobbin".parse::<Balance>().unwrap_err();
        assert_eq!(
            error,
            "unknown algorithm `roundrobbin`: one of roundrobin, leastconn, random; did you mean `roundrobin`?"
        );
        assert!(!"zzz".parse::<Balance>().unwrap_err().contains("did you mean"));
    }

    #[test]
    fn a_wrong_argument_is_refused() {
        for (text, part) in [
            ("leastconn(2)", "takes no argument"),
            ("random(0)", "not a number of draws"),
            ("random(x)", "not a number of draws"),
            ("random(2", "closing parenthesis"),
        ] {
            let error = text.parse::<Balance>().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
