//! What can become of a request or connection between a client and a server.

plimsoll_outcome::outcomes! {
    /// It went as it should.
    OK = ("ok", Proxy, Done, Never, b"--", 0, "It went as it should.");
    /// `client-handshake`, on by default.
    HEADER_TIMEOUT = ("client.proxy.timeout", Client, Request, Never, b"cR", 0, "The PROXY header did not come in time.");
    /// FIN or RST within a PROXY header.
    HEADER_TRUNCATED = ("client.proxy.truncated", Client, Request, Never, b"CR", 0, "The connection was closed within its PROXY header.");
    /// `timeout http-request`, on by default.
    REQUEST_TIMEOUT = ("client.request.timeout", Client, Request, Never, b"cR", 408, "The request was not complete in time.");
    /// FIN or RST within a request head.
    REQUEST_ABORTED = ("client.request.aborted", Client, Request, Never, b"CR", 400, "The client went away within its request.");
    /// `timeout client` within a request body.
    BODY_TIMEOUT = ("client.body.timeout", Client, Data, Never, b"cD", 408, "The client stopped sending its request body.");
    /// FIN or RST within a request body.
    BODY_ABORTED = ("client.body.aborted", Client, Data, Never, b"CD", 400, "The client went away within its request body.");
    /// The client does not read.
    CLIENT_STALLED = ("client.read.timeout", Client, Data, Never, b"cD", 0, "The client stopped reading the response.");
    /// The client closed before the end of the response.
    CLIENT_GONE = ("client.read.aborted", Client, Data, Never, b"CD", 0, "The client went away before it had the whole response.");
    /// `abortonclose`: FIN from the client before the connection to a server was there.
    ABORTED_CONNECTING = ("client.connect.aborted", Client, Connect, Never, b"CC", 503, "The client went away before a server was reached.");
    /// `abortonclose`: FIN from the client before the response began.
    ABORTED_WAITING = ("client.response.aborted", Client, Header, Never, b"CH", 400, "The client went away before the response.");
    /// No backend is configured for it.
    NO_BACKEND = ("proxy.backend.none", Proxy, Queue, Never, b"SC", 503, "No backend is configured for this request.");
    /// All are down or in maintenance.
    NO_SERVER = ("proxy.server.none", Proxy, Queue, Never, b"SC", 503, "No server is available to handle this request.");
    /// FIN or RST instead of a response.
    SERVER_CLOSED = ("server.response.empty", Server, Header, IfIdempotent, b"SH", 502, "The server closed the connection instead of answering.");
    /// Bytes on a connection that no request was sent over.
    SERVER_EARLY = ("server.response.early", Server, Connect, Safe, b"SC", 502, "The server spoke before it was asked.");
    /// FIN or RST within a response head.
    SERVER_CUT = ("server.response.truncated", Server, Header, Never, b"SH", 502, "The server closed the connection within its response head.");
    /// `timeout server` before the response.
    SERVER_TIMEOUT = ("server.response.timeout", Server, Header, Never, b"sH", 504, "The server did not answer in time.");
    /// `timeout server` while the request body is written.
    SERVER_STALLED = ("server.write.timeout", Server, Data, Never, b"sD", 504, "The server stopped reading the request body.");
    /// FIN or RST before the end of the response body.
    SERVER_BODY_CUT = ("server.body.truncated", Server, Data, Never, b"SD", 0, "The server closed the connection before the end of its response.");
    /// `timeout server` within the response body.
    SERVER_BODY_TIMEOUT = ("server.body.timeout", Server, Data, Never, b"sD", 0, "The server stopped sending its response.");
    /// A tunnel or TCP connection was silent for too long.
    IDLE_TIMEOUT = ("client.tunnel.timeout", Client, Data, Never, b"cD", 0, "Nothing moved on the connection for too long.");
    /// RST from the client of a tunnel or TCP connection.
    TUNNEL_CLIENT_RESET = ("client.tunnel.reset", Client, Data, Never, b"CD", 0, "The client reset the connection.");
    /// RST from the server of a tunnel or TCP connection.
    TUNNEL_SERVER_RESET = ("server.tunnel.reset", Server, Data, Never, b"SD", 0, "The server reset the connection.");
    /// A fault of this program ended the connection's task.
    PANICKED = ("proxy.panic", Proxy, Data, Never, b"ID", 0, "A fault in the proxy itself ended the connection.");
    /// `http-request deny` and `tarpit`.
    RULE_DENY = ("rule.deny", Proxy, Request, Never, b"PR", 403, "A rule denied the request.");
    /// `http-request tarpit`.
    RULE_TARPIT = ("rule.tarpit", Proxy, Request, Never, b"PT", 500, "A rule held the request, then denied it.");
    /// `http-response deny`.
    RULE_RESPONSE_DENY = ("rule.response.deny", Proxy, Header, Never, b"PH", 502, "A rule denied the response.");
    /// `reject` and `silent-drop`.
    RULE_REJECT = ("rule.reject", Proxy, Request, Never, b"PR", 0, "A rule rejected the connection.");
    /// A value that cannot stand in a head, or more than fits, while `strict-mode` is on.
    RULE_REWRITE = ("rule.rewrite.failed", Proxy, Request, Never, b"PR", 500, "A rule could not change the message as it should.");
    /// `http-request return`.
    RULE_RETURN = ("rule.return", Proxy, Request, Never, b"LR", 200, "A rule answered.");
    /// `http-response return`.
    RULE_RESPONSE_RETURN = ("rule.response.return", Proxy, Header, Never, b"LH", 200, "A rule answered in the place of the server.");
    /// `http-response redirect`.
    RULE_RESPONSE_REDIRECT = ("rule.response.redirect", Proxy, Header, Never, b"LH", 302, "A rule sent the client elsewhere instead of the server's answer.");
    /// `redirect`.
    RULE_REDIRECT = ("rule.redirect", Proxy, Request, Never, b"LR", 302, "A rule sent the client to another address.");
    /// `http-request auth`.
    RULE_AUTH = ("rule.auth", Proxy, Request, Never, b"LR", 401, "A rule asks the client who it is.");
    /// `use-service` and `stats`.
    RULE_SERVICE = ("rule.service", Proxy, Request, Never, b"LR", 200, "A service of the process itself answered.");
    /// `monitor-uri`.
    MONITOR = ("rule.monitor", Proxy, Request, Never, b"LR", 200, "The monitor's path was asked for.");
    /// A reload took the server away, and the policy gave the connection no more time.
    REVOKED = ("proxy.server.removed", Proxy, Data, Never, b"KD", 0, "The server was removed or changed by a reload.");
}
