//! What there is to say about each outcome of connecting to a server, for `lb explain`.

use plimsoll_outcome::Explain;

/// A row for each row of [`OUTCOMES`](crate::OUTCOMES).
pub const EXPLAIN: &[Explain] = &[
    Explain::new(
        "server.connect.refused",
        "The server's machine answered that nobody listens on that port.",
        &[
            "the program is not running, or still starting",
            "it listens on another address, such as 127.0.0.1 only",
            "a firewall rejects",
        ],
        &["start it; compare its address with `ss -ltn` on its machine", "a `health-check` takes such a server out"],
    ),
    Explain::new(
        "server.connect.unreachable",
        "The network says that there is no way to the server.",
        &["the machine or its network is down", "a route or an address is wrong"],
        &["try from this machine: `curl -v`, `nc -vz HOST PORT`", "check routes: `ip route get ADDRESS`"],
    ),
    Explain::new(
        "server.connect.timeout",
        "The server's machine did not answer within `timeouts.connect`, or the kernel gave up.",
        &["the machine is down, or a firewall drops packets", "its queue of new connections is full"],
        &[
            "try from this machine: `curl -v`, `nc -vz HOST PORT`",
            "look at the server's backlog: `ss -ltn`, and at its load",
            "raise `timeouts.connect` if the way is long",
        ],
    ),
    Explain::new(
        "server.connect.failed",
        "connect() failed with an error that has no name of its own.",
        &["a UNIX socket whose file is gone, or that lb's user may not open"],
        &["check the path and its rights", "see the system's words in the log"],
    ),
    Explain::new(
        "server.connect.reset",
        "The server took the connection and reset it before it sent a byte.",
        &[
            "the program accepts and dies",
            "it is overloaded and throws connections away",
            "it expects TLS or the PROXY protocol",
        ],
        &["look at the server's own log at this time", "check that both sides speak the same protocol"],
    ),
    Explain::new(
        "proxy.connect.resources",
        "This machine could not open another connection: file descriptors, memory or source ports ran out.",
        &[
            "`maxconn` is higher than the limits allow",
            "many connections to one server address: 28,232 source ports by default",
        ],
        &[
            "compare `ulimit -n` with `maxconn`",
            "widen net.ipv4.ip_local_port_range, or give the server more addresses",
            "`http-reuse: always` needs fewer connections",
        ],
    ),
    Explain::new(
        "proxy.connect.source-ports",
        "Every port that `source` gives for connections to this server is in use; an idle connection holds its port too.",
        &[
            "more connections at once than the range has ports",
            "requests that take long, or tunnels, keep theirs",
            "another program, or the process that this one takes over from, uses the same ports",
        ],
        &[
            "widen the range, or give `source` more addresses: each has ports of its own towards each server",
            "look at `haproxy_server_source_ports_used` beside `haproxy_server_source_ports_limit`",
            "`http-reuse: always` needs fewer connections",
        ],
    ),
    Explain::new(
        "proxy.connect.source",
        "A socket cannot have the address that `source` or `usesrc` asks for.",
        &[
            "the address of `source` is on no interface of this machine, now",
            "`usesrc` without the right CAP_NET_RAW or CAP_NET_ADMIN",
            "`usesrc: client` or `clientip` with a client of the other family of addresses than the server",
            "`usesrc: client`, and the client's port is in use already towards this server",
            "there is no such `interface`",
        ],
        &[
            "compare with `ip address`",
            "start as root, with `user`: the right is kept for configurations that have `usesrc` at the start",
            "give servers of both families, or bind for one only",
        ],
    ),
];
