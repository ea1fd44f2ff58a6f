//! The table of HAProxy's arguments: what each takes, and what becomes of it here.

use super::arguments::{Asked, Order, Successor};

/// What stands behind an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// The next word.
    Word(&'static str),
    /// Every word until one that begins with `-`.
    Numbers,
}

/// What an argument does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    Set(fn(&mut Order)),
    Take(fn(&mut Order, String)),
    Read(fn(&mut Order, String) -> Result<(), String>),
    /// Nothing, and this is why.
    Note(&'static str),
    /// Ends the start; what to use instead.
    Refused(&'static str),
}

/// One argument.
pub(super) struct Row {
    pub flag: &'static str,
    pub takes: Takes,
    pub does: Does,
    pub text: &'static str,
}

const fn row(flag: &'static str, takes: Takes, does: Does, text: &'static str) -> Row {
    Row { flag, takes, does, text }
}

use Does::{Note, Read, Refused, Set, Take};
use Takes::{Nothing, Numbers, Word};

const ONE_PROCESS: &str = "there is no master process: one process reloads by itself at SIGUSR2, SIGHUP or `lb reload`, and a new program takes over \
                           with -x";

/// Every argument but `-f`'s short form `--`, which has no row. Those of several letters stand before those that they begin with.
pub(super) static ROWS: &[Row] = &[
    row("f", Word("file or folder"), Take(Order::file), "reads this file, or every *.cfg of this folder"),
    row("vv", Nothing, Set(|o| o.ask(Asked::Version { long: true })), "prints version, target and features"),
    row("v", Nothing, Set(|o| o.ask(Asked::Version { long: false })), "prints the version"),
    row(
        "cc",
        Word("condition"),
        Take(|o, v| o.ask(Asked::Condition(v))),
        "exit code 0 if it holds, 1 if not, 2 if unreadable",
    ),
    row("c", Nothing, Set(|o| o.ask(Asked::Check)), "checks and ends; 0 good, 1 errors, 2 nothing listens"),
    row("V", Nothing, Set(|o| o.verbose = true), "says more"),
    row("q", Nothing, Set(|o| o.quiet = true), "says nothing"),
    row("D", Nothing, Set(|o| o.daemon = o.daemon.or(Some(true))), "goes to the background once it serves"),
    row("C", Word("folder"), Take(|o, v| o.folder = Some(v.into())), "changes to this folder first"),
    row("p", Word("file"), Take(|o, v| o.pidfile = Some(v.into())), "writes its process number there"),
    row("n", Word("count"), Read(|o, v| o.count(&v).map(|n| o.maxconn = n)), "global maxconn, over the file's"),
    row(
        "N",
        Word("count"),
        Read(|o, v| o.count(&v).map(|n| o.maxconn_of_frontends = n)),
        "maxconn of frontends that have none",
    ),
    row(
        "m",
        Word("megabytes"),
        Note(
            "-m limits nothing: memory that is refused would end the process; limit it from outside (MemoryMax=, a container)",
        ),
        "nothing",
    ),
    row("L", Word("name"), Take(|o, v| o.local_peer = Some(v)), "the variable HAPROXY_LOCALPEER"),
    row(
        "x",
        Word("socket"),
        Take(|o, v| o.take_over = Some(v.into())),
        "takes the listening sockets of the process with this runtime socket",
    ),
    row("sf", Numbers, Set(|o| o.successor = Some(Successor::Finish)), "SIGUSR1 to these processes once it serves"),
    row("st", Numbers, Set(|o| o.successor = Some(Successor::Terminate)), "SIGTERM to these processes once it serves"),
    row("Ws", Nothing, Refused(ONE_PROCESS), "refused: no master process"),
    row("W", Nothing, Refused(ONE_PROCESS), "refused: no master process"),
    row("S", Word("address"), Refused(ONE_PROCESS), "refused: no master process"),
    row("db", Nothing, Set(|o| o.daemon = Some(false)), "stays in the foreground"),
    row("dW", Nothing, Set(|o| o.warnings_are_errors = true), "warnings are errors"),
    row("de", Nothing, Note("-de: epoll is all there is"), "nothing"),
    row("dp", Nothing, Note("-dp: poll() is not used anyway"), "nothing"),
    row("dS", Nothing, Note("-dS: write `nosplice` into `global` instead"), "nothing"),
    row("dG", Nothing, Note("-dG: names are looked up by getaddrinfo() only"), "nothing"),
    row("dR", Nothing, Note("-dR: listening sockets do not share their ports with other processes anyway"), "nothing"),
    row(
        "dr",
        Nothing,
        Note("-dr: a server's name without an address is looked up again while it serves anyway"),
        "nothing",
    ),
    row("dV", Nothing, Note("-dV: there is no TLS towards servers yet"), "nothing"),
    row("dD", Nothing, Note("-dD: suspicious statements are always told"), "nothing"),
    row("dL", Nothing, Note("-dL: the program is one file"), "nothing"),
    row("dK", Nothing, Note("-dK: the keywords are listed in the documents"), "nothing"),
    row("dM", Nothing, Note("-dM: there are no memory pools"), "nothing"),
    row("dC", Nothing, Note("-dC: see `lb ctl`"), "nothing"),
    row("dF", Nothing, Note("-dF: nothing is forwarded faster than it should be"), "nothing"),
    row("dI", Nothing, Note("-dI: there is no such mode"), "nothing"),
    row("dt", Nothing, Note("-dt: the log's format `json` tells what became of a request"), "nothing"),
    row("dZ", Nothing, Note("-dZ: there is no such mode"), "nothing"),
    row("d", Nothing, Set(|o| o.daemon = Some(false)), "stays in the foreground"),
];

/// `-dM,help` and `-dKall` carry what they take in the same word; every other word is compared whole.
const OPEN: &[&str] = &["dM", "dK", "dt", "d"];

/// The row of a word without its dash.
pub(super) fn find(flag: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.flag == flag || OPEN.contains(&row.flag) && flag.starts_with(row.flag))
}

/// The table for people.
pub(super) fn usage() -> String {
    let mut text = String::from("Usage: haproxy -f FILE… [ARGUMENTS] [-- FILE…]\n");
    for row in ROWS {
        let takes = match row.takes {
            Nothing => String::new(),
            Word(what) => format!(" <{what}>"),
            Numbers => " [pid…]".into(),
        };
        text += &format!("  {:<20} {}\n", format!("-{}{takes}", row.flag), row.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_is_found_by_its_own_name() {
        for row in ROWS {
            assert!(std::ptr::eq(find(row.flag).unwrap(), row), "-{}", row.flag);
        }
        assert_eq!(find("dMno-merge").unwrap().flag, "dM");
        assert_eq!(find("dXYZ").unwrap().flag, "d", "HAProxy takes any other letter as -d");
        assert!(find("k").is_none() && find("").is_none());
        assert!(usage().contains("\n  -cc <condition>"));
    }
}
