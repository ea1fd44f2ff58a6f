//! The rows of the benchmark: which work, under which configuration, and what the issues want of it.

/// What the proxy does with the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Http,
    /// Bytes pass through user space.
    TcpCopy,
    /// Bytes pass through pipes where the proxy can.
    TcpSplice,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// wrk asks for a file over and over.
    Load { path: &'static str, mode: Mode, threads: usize, close: bool },
    /// What something adds to the first file's requests.
    Added(Extra),
    /// Idle keep-alive connections: the slope of memory.
    Idle,
    /// Nanoseconds a pick, by number of servers.
    Pick,
}

/// What is added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extra {
    /// A log: httplog's text to syslog, by UDP.
    Syslog,
    /// A log in JSON to a file.
    Json,
    /// Rules that look at every request and edit it.
    Rules,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// User CPU a request.
    User,
    /// User and system CPU a request.
    Total,
    /// User and system CPU that is added.
    AddedTotal,
    /// User CPU that is added: microseconds, not a share of haproxy's.
    AddedUser,
    /// User CPU that is added.
    AddedUserShare,
}

/// `lb`'s median is at most this share of haproxy's.
pub struct Goal {
    pub figure: Figure,
    pub at_most: f64,
}

pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub kind: Kind,
    pub goals: &'static [Goal],
}

/// KiB of memory that an idle keep-alive connection may cost `lb`.
pub const IDLE_GOAL_KIB: f64 = 1.3;
/// How much slower a pick among 10,000 servers may be than among 10.
pub const PICK_GOAL: f64 = 2.0;

/// The files that the origin serves.
pub const FILES: [(&str, usize); 4] = [("/100", 100), ("/1k", 1024), ("/16k", 16 * 1024), ("/1m", 1024 * 1024)];

const fn http(path: &'static str) -> Kind {
    Kind::Load { path, mode: Mode::Http, threads: 1, close: false }
}

const fn tcp(path: &'static str, mode: Mode) -> Kind {
    Kind::Load { path, mode, threads: 1, close: false }
}

const fn user(at_most: f64) -> Goal {
    Goal { figure: Figure::User, at_most }
}

const fn total(at_most: f64) -> Goal {
    Goal { figure: Figure::Total, at_most }
}

pub const ROWS: &[Row] = &[
    Row { name: "h1-100", what: "HTTP/1.1 keep-alive, 100 B", kind: http("/100"), goals: &[user(0.55), total(0.95)] },
    Row { name: "h1-1k", what: "HTTP/1.1 keep-alive, 1 KiB", kind: http("/1k"), goals: &[user(0.55), total(0.95)] },
    Row { name: "h1-16k", what: "HTTP/1.1 keep-alive, 16 KiB", kind: http("/16k"), goals: &[] },
    Row { name: "h1-1m", what: "HTTP/1.1 keep-alive, 1 MiB", kind: http("/1m"), goals: &[total(0.55)] },
    Row {
        name: "close",
        what: "HTTP/1.1, a client connection per request, 100 B",
        kind: Kind::Load { path: "/100", mode: Mode::Http, threads: 1, close: true },
        goals: &[total(1.0)],
    },
    Row { name: "tcp-100", what: "TCP mode, 100 B answers", kind: tcp("/100", Mode::TcpCopy), goals: &[] },
    Row {
        name: "tcp-1m",
        what: "TCP mode, 1 MiB answers, copied",
        kind: tcp("/1m", Mode::TcpCopy),
        goals: &[total(0.45)],
    },
    Row {
        name: "tcp-1m-splice",
        what: "TCP mode, 1 MiB answers, spliced",
        kind: tcp("/1m", Mode::TcpSplice),
        goals: &[total(1.0)],
    },
    Row {
        name: "two-workers",
        what: "HTTP/1.1 keep-alive, 100 B, two workers, nothing pinned",
        kind: Kind::Load { path: "/100", mode: Mode::Http, threads: 2, close: false },
        goals: &[],
    },
    Row {
        name: "log-udp",
        what: "what httplog to syslog by UDP adds; HTTP/1.1 keep-alive, 100 B",
        kind: Kind::Added(Extra::Syslog),
        goals: &[Goal { figure: Figure::AddedTotal, at_most: 0.9 }],
    },
    Row {
        name: "log-json",
        what: "what a JSON log to a file adds; HTTP/1.1 keep-alive, 100 B",
        kind: Kind::Added(Extra::Json),
        goals: &[Goal { figure: Figure::AddedUser, at_most: 0.6 }],
    },
    Row {
        name: "rules",
        what: "what 20 ACLs that do not match and 5 edits add; HTTP/1.1 keep-alive, 100 B",
        kind: Kind::Added(Extra::Rules),
        goals: &[Goal { figure: Figure::AddedUserShare, at_most: 0.7 }],
    },
    Row {
        name: "idle",
        what: "memory of an idle keep-alive connection (slope from 1,000 to 8,000)",
        kind: Kind::Idle,
        goals: &[],
    },
    Row { name: "pick", what: "one pick of a server, by number of servers", kind: Kind::Pick, goals: &[] },
];
