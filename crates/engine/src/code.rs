//! The codes of findings that concern several parts of a configuration, and what is to be said about each.

mod rules;

use plimsoll_config::code::Code;

pub(crate) use rules::RULES;

/// Every code of this crate; those of the text and its types are in [`plimsoll_config::code::CODES`].
pub const CODES: &[Code] = &[
    Code {
        code: "config.unreadable",
        text: "A file cannot be read.",
        cause: "The system refuses to open or read it, a directory holds no YAML, or an `include` has nothing to be relative to.",
        likely: &["the path is misspelt, or relative to another folder", "the user that runs lb may not read it"],
        change: &[
            "correct the path; an `include` is relative to the file that it stands in",
            "give the user the right to read",
        ],
    },
    Code {
        code: "config.encoding",
        text: "A file is not UTF-8.",
        cause: "The bytes at the place that is shown are not UTF-8, the one encoding that is read.",
        likely: &["an editor saved it as Latin-1 or UTF-16", "the file is not text at all"],
        change: &["save the file as UTF-8"],
    },
    Code {
        code: "config.circular",
        text: "Something refers to itself by way of others.",
        cause: "A file includes itself, or `from` leads from named defaults back to the same ones.",
        likely: &["`include: \"*.yaml\"` matches the file that it stands in", "two named defaults name each other"],
        change: &["put included files into a folder of their own", "take one of the `from` away"],
    },
    Code {
        code: "config.not-yet",
        text: "This key exists in HAProxy, and a later version will read it.",
        cause: "The key is known and what it would do is not there. It is an error and not a warning, because a rule that is passed over \
                could leave open what it should close.",
        likely: &["a configuration was carried over from HAProxy"],
        change: &[
            "take the line out, if its effect can be missed",
            "keep HAProxy in front for what needs it; docs/roadmap.md lists what is not here yet",
        ],
    },
    Code {
        code: "config.no-bind",
        text: "A frontend listens nowhere.",
        cause: "`bind` is an empty list.",
        likely: &["every address of the list was commented out"],
        change: &["give `bind` at least one address", "remove the frontend"],
    },
    Code {
        code: "config.no-frontend",
        text: "There is no frontend: nothing would be served.",
        cause: "No file defines anything under `frontends` or `listens`.",
        likely: &["the file that defines them was not named", "the file is empty"],
        change: &["name every file: `-f` may be repeated and may name a directory", "add a frontend with a `bind`"],
    },
    Code {
        code: "config.no-backend",
        text: "A frontend sends its requests nowhere.",
        cause: "It has no `default-backend`: every request is answered 503, and in TCP mode every connection is reset.",
        likely: &["the key was forgotten"],
        change: &["add `default-backend`"],
    },
    Code {
        code: "config.unknown-backend",
        text: "A frontend names a backend that does not exist.",
        cause: "No file defines a backend or a listen of that name.",
        likely: &["a misspelling", "the file that defines it was not named"],
        change: &["take the suggested name", "define the backend under `backends`"],
    },
    Code {
        code: "config.unknown-defaults",
        text: "`from` names defaults that do not exist.",
        cause: "No file defines them under `named-defaults`.",
        likely: &["a misspelling", "the file that defines them was not named"],
        change: &["take the suggested name", "define them under `named-defaults`"],
    },
    Code {
        code: "config.mode-mismatch",
        text: "A frontend and its backend have different modes.",
        cause: "`mode: http` reads requests, `mode: tcp` passes bytes on; one connection can only be one of them.",
        likely: &["one of the two has its mode from `defaults`, the other its own"],
        change: &["give both the same `mode`"],
    },
    Code {
        code: "config.duplicate-bind",
        text: "Two listeners want the same address.",
        cause: "An address and port can be listened on once: the kernel would deal connections to either.",
        likely: &["a frontend was copied and its `bind` was not changed"],
        change: &["remove one of the two places, or give one another port"],
    },
    Code {
        code: "config.unresolved",
        text: "A name has no address now.",
        cause: "The system's resolver has no answer for the name. For a server this is a warning: it starts without an address, gets no requests, \
                and the name is tried again. For a `bind` it is an error.",
        likely: &[
            "the name is misspelt",
            "the name server cannot be reached from here",
            "the name will exist only when the service runs",
        ],
        change: &["try `getent hosts NAME` on this machine, as the user of lb", "write the address itself"],
    },
    Code {
        code: "config.no-server",
        text: "A backend has no server that could serve.",
        cause: "Its list is empty, or every server in it is disabled: requests are answered 503.",
        likely: &["a template produced no server", "all servers are in maintenance"],
        change: &["add a server", "remove the backend if nothing should reach it"],
    },
    Code {
        code: "config.unused-backend",
        text: "Nothing leads to a backend.",
        cause: "No frontend has it as its `default-backend`.",
        likely: &["a left-over", "the frontend names another one by mistake"],
        change: &["remove it, or name it in a frontend"],
    },
    Code {
        code: "config.missing-timeout",
        text: "Nothing limits how long a peer may stay silent.",
        cause: "A frontend needs `client`, a backend `connect` and `server`; without them a peer that vanished holds its connection, its \
                descriptors and its slot until the kernel gives up, or for ever. (A client of HTTP that owes a body or does not read is cut after 10 s.)",
        likely: &["`timeouts` was left out of `defaults`"],
        change: &["add `timeouts: { connect: 5s, client: 30s, server: 30s }` to `defaults`"],
    },
    Code {
        code: "config.pointless",
        text: "A key has no effect where it stands.",
        cause: "It is read, and nothing looks at it here: it belongs to the other side, to another mode, or to another type of check.",
        likely: &[
            "a time-out of servers in a frontend",
            "a key for HTTP in a proxy of TCP mode",
            "`path` for a health check of `type: tcp`",
        ],
        change: &["move the key to where it counts, or remove it"],
    },
    Code {
        code: "config.maxconn",
        text: "`maxconn` asks for more than there is.",
        cause: "Each client and its server need a file descriptor each, and each pipe of `maxpipes` two. The limit of this process, or \
                `global.maxconn`, holds fewer.",
        likely: &[
            "the limit is the system's default of 1,024",
            "a frontend's `maxconn` is larger than that of the process",
        ],
        change: &["raise the limit: LimitNOFILE in systemd, `ulimit -n` in a shell", "lower `maxconn`"],
    },
    Code {
        code: "config.pipesize",
        text: "Pipes of that size are not given on this machine.",
        cause: "`global.tune.pipesize` is more than fs.pipe-max-size, which is the most that a process without special rights may ask for. Pipes are made \
                as large as is allowed.",
        likely: &["the value is from another machine"],
        change: &["ask for less: a transfer that stalls holds as much", "raise fs.pipe-max-size with sysctl"],
    },
    Code {
        code: "config.source-ports",
        text: "There are fewer source ports than connections.",
        cause: "Each connection to one server address needs a source port of its own, and the kernel has as many as \
                net.ipv4.ip_local_port_range says. Beyond that, connections fail.",
        likely: &["a large `maxconn` before one or two servers"],
        change: &["widen net.ipv4.ip_local_port_range", "give the servers more addresses or ports", "lower `maxconn`"],
    },
    Code {
        code: "config.source-range",
        text: "`source` gives fewer ports than there may be connections.",
        cause: "Each connection to one server address needs a port of its own from the ranges of `source`: the ports of all its addresses, once \
                for each server address. Beyond that, connections fail with `proxy.connect.source-ports`.",
        likely: &["a range that was made for fewer connections", "a `maxconn` that was raised since"],
        change: &[
            "widen the range, up to `1024-65535`",
            "give `source` more addresses: `source: { address: [10.0.0.1:2000-3000, 10.0.0.2:2000-3000] }`",
            "lower `maxconn`",
        ],
    },
    Code {
        code: "config.source-family",
        text: "No address of `source` can reach a server.",
        cause: "A connection has one family: one from an IPv4 address cannot go to an IPv6 address, nor the other way.",
        likely: &["a `source` in `defaults` or in a backend whose servers are of both families"],
        change: &["list an address of each family", "give the server a `source` of its own"],
    },
    Code {
        code: "config.userlist",
        text: "A list of users cannot be read.",
        cause: "A user or group is named twice or not at all, or a password is in a form that nothing here can verify.",
        likely: &["a hash of another program", "a group that lists a user who does not exist"],
        change: &["make hashes with `mkpasswd -m sha-512`", "correct the name"],
    },
    Code {
        code: "reload.needs-restart",
        text: "Something in the new file counts at the next start only.",
        cause: "A reload takes a file over in the running process. The number of workers cannot change there: each has its own listening sockets, and \
                closing one would reset the clients that wait at it. Nor can what a process becomes when it starts: its user, its root folder, its limits, its place in \
                the background. Everything else of the file is in force.",
        likely: &[
            "`user`, `group`, `chroot`, `setcap`, `set-dumpable`, `pidfile`, `daemon`, `ulimit-n`, `fd-hard-limit`, `strict-limits` or `cpu-map` was changed",
            "`global.threads` was changed",
            "`threads` is `auto`, and the CPUs that affinity or the cgroup allow are others now",
        ],
        change: &["nothing, if the old number will do until the next start", "end the process and start it again"],
    },
];
