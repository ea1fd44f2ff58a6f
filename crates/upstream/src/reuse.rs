//! `http-reuse`: which requests may travel on a connection that others have used.

use serde::Deserialize;

/// HAProxy's four modes (configuration manual, `http-reuse`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reuse {
    /// A server connection belongs to one client connection.
    Never,
    /// The first request of a client goes over a connection of its own: if the server closes it just then, the client will retry a later one only.
    #[default]
    Safe,
    /// A first request may use a connection that was used again before, so that its server is known to keep connections.
    Aggressive,
    /// Any request may use any idle connection.
    Always,
}

impl Reuse {
    /// May this request take an idle connection that served so many requests?
    #[must_use]
    pub fn allows(self, first: bool, served: u32) -> bool {
        match self {
            Self::Never => false,
            Self::Safe => !first,
            Self::Aggressive => !first || served > 1,
            Self::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_of_a_client_is_the_careful_one() {
        for (mode, first_fresh, first_proven, later) in [
            (Reuse::Never, false, false, false),
            (Reuse::Safe, false, false, true),
            (Reuse::Aggressive, false, true, true),
            (Reuse::Always, true, true, true),
        ] {
            assert_eq!(mode.allows(true, 1), first_fresh, "{mode:?}");
            assert_eq!(mode.allows(true, 2), first_proven, "{mode:?}");
            assert_eq!(mode.allows(false, 1), later, "{mode:?}");
        }
    }
}
