//! Values that carry their unit in the file: durations, sizes and percentages; a number without its unit is an error.
//!
//! Three types of one shape: `FromStr` reads what a person writes, `Display` writes it back in its shortest exact form, serde goes
//! through both. One number and one unit, nothing compound: `90s`, not `1m30s`.

mod duration;
mod percent;
mod size;

pub use duration::Duration;
pub use percent::Percent;
pub use size::Size;

/// Why a text is not a value with a unit; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    message: String,
    help: String,
}

impl UnitError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, in one line.
    pub fn help(&self) -> &str {
        &self.help
    }
}

/// Message and help on two lines, the form in which a serde error may carry its help .
impl std::fmt::Display for UnitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for UnitError {}

/// Cuts `12.5kB` into its digits (with at most one dot among them) and the unit that follows at once or after spaces.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Implements serde for a unit type by way of its `FromStr` and `Display`; numbers get `$bare` as their advice.
macro_rules! serde_by_text {
    ($type:ty, $expecting:literal, $bare:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$type, E> {
                        let bare: fn(String) -> $crate::units::UnitError = $bare;
                        Err(E::custom(bare(number.to_string())))
                    }

                    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<$type, E> {
                        number.to_string().parse().map_err(E::custom)
                    }

                    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<$type, E> {
                        number.to_string().parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}
use serde_by_text;
