//! Syslog's words: how important a message is, and what part of the system it belongs to (RFC 3164, 4.1.1).

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, )* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// All of them; the number that syslog gives to each is its place.
            pub const ALL: &[Self] = &[$( Self::$variant ),*];

            /// As configurations and logs write it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }
    };
}

words! {
    /// How important a message is; the lesser value is the graver one.
    Level {
        /// The process cannot do its work at all.
        Emerg = "emerg",
        /// Somebody must act at once: a server is down.
        Alert = "alert",
        /// Critical.
        Crit = "crit",
        /// Something failed.
        Err = "err",
        /// Something may fail.
        Warning = "warning",
        /// Worth knowing: a server is up.
        Notice = "notice",
        /// A request, a connection.
        Info = "info",
        /// For who looks for a fault.
        Debug = "debug",
    }
}

words! {
    /// Syslog's 24 facilities, by HAProxy's names.
    #[derive(Default)]
    #[allow(missing_docs, reason = "the names are all there is to say")]
    Facility {
        Kern = "kern",
        User = "user",
        Mail = "mail",
        Daemon = "daemon",
        Auth = "auth",
        Syslog = "syslog",
        Lpr = "lpr",
        News = "news",
        Uucp = "uucp",
        Cron = "cron",
        Auth2 = "auth2",
        Ftp = "ftp",
        Ntp = "ntp",
        Audit = "audit",
        Alert = "alert",
        Cron2 = "cron2",
        #[default]
        Local0 = "local0",
        Local1 = "local1",
        Local2 = "local2",
        Local3 = "local3",
        Local4 = "local4",
        Local5 = "local5",
        Local6 = "local6",
        Local7 = "local7",
    }
}

impl Facility {
    /// Syslog's one number for both.
    #[must_use]
    pub const fn priority(self, level: Level) -> u8 {
        self as u8 * 8 + level as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_rfc() {
        assert_eq!(Facility::Local0.priority(Level::Info), 134);
        assert_eq!(Facility::Kern.priority(Level::Emerg), 0);
        assert_eq!(Facility::Local7.priority(Level::Debug), 191);
        assert_eq!((Facility::ALL.len(), Level::ALL.len()), (24, 8));
    }
}
