//! `-v` and `-vv`: the language level, and the features that conditions may ask for.

use plimsoll_engine::PROGRAM;

/// Every name that `feature(…)` may be asked for.
const FEATURES: &[&str] = &[
    "51DEGREES",
    "ACCEPT4",
    "BACKTRACE",
    "CLOSEFROM",
    "CPU_AFFINITY",
    "CRYPT_H",
    "DEVICEATLAS",
    "DL",
    "ECH",
    "ENGINE",
    "EPOLL",
    "EVPORTS",
    "GETADDRINFO",
    "KQUEUE",
    "KTLS",
    "LIBATOMIC",
    "LIBCRYPT",
    "LINUX_CAP",
    "LINUX_SPLICE",
    "LINUX_TPROXY",
    "LUA",
    "MATH",
    "MEMORY_PROFILING",
    "NETFILTER",
    "NS",
    "OBSOLETE_LINKER",
    "OPENSSL",
    "OPENSSL_AWSLC",
    "OPENSSL_WOLFSSL",
    "OT",
    "PCRE",
    "PCRE2",
    "PCRE2_JIT",
    "PCRE_JIT",
    "POLL",
    "PRCTL",
    "PROCCTL",
    "PROMEX",
    "PTHREAD_EMULATION",
    "QUIC",
    "QUIC_OPENSSL_COMPAT",
    "RT",
    "SHM_OPEN",
    "SLZ",
    "SSL",
    "STATIC_PCRE",
    "STATIC_PCRE2",
    "SYSTEMD",
    "TFO",
    "THREAD",
    "THREAD_DUMP",
    "TPROXY",
    "WURFL",
    "ZLIB",
];

/// What is printed.
pub(super) fn text(long: bool) -> String {
    let mut text = format!("HAProxy version {}-plimsoll {}\n", PROGRAM.version, env!("CARGO_PKG_VERSION"));
    text += "This is Plimsoll (lb), which reads HAProxy's configuration; it is not HAProxy.\n";
    if long {
        text += "Build options :\n  TARGET  = linux-glibc\n\nFeature list :";
        for name in FEATURES {
            let sign = if PROGRAM.features.contains(name) { '+' } else { '-' };
            text += &format!(" {sign}{name}");
        }
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_and_the_target_stand_where_scripts_look_and_no_feature_is_left_out() {
        let text = text(true);
        assert!(text.starts_with("HAProxy version 3.5-plimsoll "));
        assert!(text.contains("\n  TARGET  = linux-glibc\n"));
        for name in PROGRAM.features {
            assert!(text.contains(&format!(" +{name}")), "{name}");
        }
        assert!(text.contains(" -OPENSSL ") && text.contains(" -QUIC "));
    }
}
