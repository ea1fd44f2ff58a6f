//! What can become of a connect.

plimsoll_outcome::outcomes! {
    /// ECONNREFUSED.
    CONNECT_REFUSED = ("server.connect.refused", Server, Connect, Safe, b"SC", 503, "The server refused the connection.");
    /// EHOSTUNREACH, ENETUNREACH and the like.
    CONNECT_UNREACHABLE = ("server.connect.unreachable", Server, Connect, Safe, b"SC", 503, "The server cannot be reached.");
    /// Ours (timeout connect) or the kernel's.
    CONNECT_TIMEOUT = ("server.connect.timeout", Server, Connect, Safe, b"sC", 503, "The server did not answer the connection attempt in time.");
    /// Any other error of connect().
    CONNECT_FAILED = ("server.connect.failed", Server, Connect, Safe, b"SC", 503, "The connection to the server failed.");
    /// Accepted, then reset without a byte: retry condition empty-response.
    CONNECT_RESET = ("server.connect.reset", Server, Header, IfIdempotent, b"SH", 502, "The server accepted the connection and reset it.");
    /// Descriptors, memory, source ports: ours, not the server's.
    CONNECT_RESOURCES = ("proxy.connect.resources", Proxy, Connect, Safe, b"RC", 503, "Descriptors, memory or source ports ran out here.");
    /// Every port that `source` gives is in use.
    CONNECT_PORTS = ("proxy.connect.source-ports", Proxy, Connect, Safe, b"RC", 503, "Every port that source gives is in use.");
    /// The socket cannot have the address of `source` or `usesrc`.
    CONNECT_SOURCE = ("proxy.connect.source", Proxy, Connect, Safe, b"RC", 503, "Connections cannot come from the address of source.");
}
