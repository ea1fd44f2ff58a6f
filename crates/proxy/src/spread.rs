//! `close-spread-time`: when a drain closes the clients that are idle (HAProxy's manual, section 3.1).

use std::borrow::Cow;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_config::Duration as Written;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Idle clients go one by one, so that they do not all come back at once; each gets an answer to what it still asks before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Evenly over so long.
    Over(Duration),
    /// None is closed: each goes with its next request, or at its time-out.
    Infinite,
}

impl Spread {
    /// When the client with this number goes, in a drain that began then. The same each time it is asked.
    pub(crate) fn moment(self, began: Tick, client: usize) -> Tick {
        match self {
            Self::Infinite => Tick::NEVER,
            Self::Over(window) => {
                // Fibonacci hashing: numbers that lie close together come out far apart.
                let share = (client as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let micros = (window.as_micros() as u64).min(u64::from(u32::MAX) << 20);
                began.after(Duration::from_micros(((u128::from(micros) * u128::from(share)) >> 32) as u64))
            }
        }
    }
}

impl JsonSchema for Spread {
    fn schema_name() -> Cow<'static, str> {
        "Spread".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(infinite|[0-9]+\s*(us|ms|s|m|h|d))$|\$\{",
            "examples": ["10s", "infinite"],
        })
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "infinite" => Ok(Self::Infinite),
            text => match text.parse::<Written>() {
                Ok(window) => Ok(Self::Over(window.as_std())),
                Err(_) => Err(D::Error::custom("a duration such as `10s`, or `infinite`, is expected")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_go_all_over_the_window_and_none_after_it() {
        let (began, window) = (Tick::from_micros(5_000_000), Duration::from_secs(10));
        let moments: Vec<u64> = (0..1000_usize)
            .map(|client| {
                Spread::Over(window).moment(began, 0x7f00_0000_1000 + client * 640).since(began).as_micros() as u64
            })
            .collect();
        assert!(moments.iter().all(|moment| *moment < 10_000_000));
        for second in 0..10 {
            let here = moments.iter().filter(|moment| **moment / 1_000_000 == second).count();
            assert!((60..140).contains(&here), "{here} of 1000 in second {second}: 100 are even");
        }
        assert_eq!(Spread::Infinite.moment(began, 1), Tick::NEVER);
        assert_eq!(Spread::Over(Duration::ZERO).moment(began, 1), began);
    }
}
