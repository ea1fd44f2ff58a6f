//! TCP keep-alive: probes on a connection that is silent.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

use plimsoll_config::Duration;
use rustix::net::sockopt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// `true`, `false`, or a map that says how; what is not given is the kernel's choice (`net.ipv4.tcp_keepalive_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Whether there are probes at all.
    pub on: bool,
    /// Unanswered probes before the connection is given up, 1 to 127.
    pub count: Option<u8>,
    /// Silence before the first probe, in whole seconds.
    pub idle: Option<Duration>,
    /// Between two probes, in whole seconds.
    pub interval: Option<Duration>,
}

impl Keepalive {
    /// Probes at the kernel's pace.
    pub const ON: Self = Self { on: true, count: None, idle: None, interval: None };

    pub(crate) fn apply(&self, fd: impl AsFd) -> io::Result<()> {
        sockopt::set_socket_keepalive(&fd, self.on)?;
        if let Some(count) = self.count {
            sockopt::set_tcp_keepcnt(&fd, u32::from(count))?;
        }
        if let Some(idle) = self.idle {
            sockopt::set_tcp_keepidle(&fd, idle.as_std())?;
        }
        if let Some(interval) = self.interval {
            sockopt::set_tcp_keepintvl(&fd, interval.as_std())?;
        }
        Ok(())
    }
}

/// The map, as it is written.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[derive(Default)]
struct Written {
    count: Option<u8>,
    idle: Option<Duration>,
    interval: Option<Duration>,
}

impl<'de> Deserialize<'de> for Keepalive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Keepalive;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a map such as { count: 3, idle: 30s, interval: 5s }")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<Keepalive, E> {
                Ok(Keepalive { on, ..Keepalive::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keepalive, A::Error> {
                let Written { count, idle, interval } = Written::deserialize(MapAccessDeserializer::new(map))?;
                if count.is_some_and(|count| !(1..=127).contains(&count)) {
                    return Err(A::Error::custom("`count` is a number of probes from 1 to 127"));
                }
                // The kernel counts seconds, and knows 1 to 32767 of them.
                let wrong = |time: Duration| {
                    let time = time.as_std();
                    time.subsec_nanos() != 0 || !(1..=32767).contains(&time.as_secs())
                };
                if [idle, interval].into_iter().flatten().any(wrong) {
                    return Err(A::Error::custom("`idle` and `interval` are whole seconds, from 1s to 32767s"));
                }
                Ok(Keepalive { on: true, count, idle, interval })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Keepalive {
    fn schema_name() -> Cow<'static, str> {
        "Keepalive".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Duration>();
        json_schema!({ "oneOf": [
            { "type": "boolean" },
            {
                "type": "object",
                "properties": {
                    "count": { "type": "integer", "minimum": 1, "maximum": 127 },
                    "idle": time,
                    "interval": time,
                },
                "additionalProperties": false,
            },
        ] })
    }
}
