//! Every way in which an HTTP/1 message can be refused.

plimsoll_outcome::outcomes! {
    /// RFC 9112 section 3.
    REQUEST_LINE = ("client.request.line", Client, Request, Never, b"PR", 400, "The request line is not METHOD SP TARGET SP HTTP/1.x.");
    /// RFC 9110 section 2.5.
    REQUEST_VERSION = ("client.request.version", Client, Request, Never, b"PR", 505, "The request speaks a version of HTTP that this port does not.");
    /// CONNECT is off unless configured.
    METHOD_CONNECT = ("client.method.connect", Client, Request, Never, b"PR", 405, "CONNECT is not allowed here.");
    /// RFC 9112 section 3.2: CTL, space, non-ASCII, fragment, backslash.
    TARGET_INVALID = ("client.target.invalid", Client, Request, Never, b"PR", 400, "The request target holds a byte that no URI may hold, or has a form that its method may not have.");
    /// What no innocent client sends: an encoded dot segment, NUL, overlong UTF-8, `%` without two hex digits.
    TARGET_ENCODING = ("client.target.encoding", Client, Request, Never, b"PR", 400, "The request target holds an escape that has no innocent use.");
    /// Default 16 KiB.
    TARGET_TOO_LONG = ("client.target.too_long", Client, Request, Never, b"PR", 414, "The request target is longer than the limit.");
    /// RFC 9112 section 3.2, RFC 9110 section 7.2.
    HOST_INVALID = ("client.host.invalid", Client, Request, Never, b"PR", 400, "The Host field is missing, empty, repeated or not a host with an optional port.");
    /// An absolute target names another host than the Host field.
    HOST_MISMATCH = ("client.host.mismatch", Client, Request, Never, b"PR", 400, "The target names one host and the Host field another.");
    /// Bare CR, bare LF, NUL and other control bytes, folding, space before the colon, a name that is no token.
    FIELD_INVALID = ("client.field.invalid", Client, Request, Never, b"PR", 400, "A header line is malformed.");
    /// `http-restrict-req-hdr-names reject`.
    FIELD_NAME = ("client.field.name", Client, Request, Never, b"PR", 403, "A header field has a name with other characters than letters, digits and hyphens.");
    /// Default 32 KiB.
    HEADER_TOO_LARGE = ("client.header.too_large", Client, Request, Never, b"PR", 431, "The header block is larger than the limit.");
    /// Default 128.
    HEADER_TOO_MANY = ("client.header.too_many", Client, Request, Never, b"PR", 431, "The header block has more fields than the limit.");
    /// RFC 9110 section 8.6.
    LENGTH_INVALID = ("client.length.invalid", Client, Request, Never, b"PR", 400, "Content-Length is not one plain number.");
    /// RFC 9112 section 6.1.
    FRAMING_CONFLICT = ("client.framing.conflict", Client, Request, Never, b"PR", 400, "The request says twice how long it is, or says so in a version that cannot.");
    /// A transfer coding other than `chunked`.
    CODING_UNKNOWN = ("client.coding.unknown", Client, Request, Never, b"PR", 501, "The request uses a transfer coding other than chunked.");
    /// More than one Transfer-Encoding, or an empty one.
    CODING_INVALID = ("client.coding.invalid", Client, Request, Never, b"PR", 400, "Transfer-Encoding is repeated, empty or a list.");
    /// RFC 9112 section 7.1.
    CHUNK_INVALID = ("client.chunk.invalid", Client, Data, Never, b"PR", 400, "A chunk of the request is malformed.");
    /// Chunk lines, extensions and trailers have limits of their own.
    CHUNK_TOO_LARGE = ("client.chunk.too_large", Client, Data, Never, b"PR", 400, "Chunk lines, extensions or trailers of the request are larger than the limit.");
    /// RFC 9110 section 10.1.1.
    EXPECT_UNKNOWN = ("client.expect.unknown", Client, Request, Never, b"PR", 417, "The request expects something other than 100-continue.");
    /// `Connection` names a field that others rely on.
    CONNECTION_NAMES = ("client.connection.names", Client, Request, Never, b"PR", 400, "Connection names a field that may not be dropped on the way.");
    /// RFC 9112 section 4.
    RESPONSE_LINE = ("server.response.line", Server, Header, Never, b"PH", 502, "The server's status line is malformed.");
    /// As for requests.
    RESPONSE_FIELD = ("server.field.invalid", Server, Header, Never, b"PH", 502, "A header line of the server's response is malformed.");
    /// Default 32 KiB, 128 fields.
    RESPONSE_TOO_LARGE = ("server.header.too_large", Server, Header, Never, b"PH", 502, "The server's header block is larger than the limit.");
    /// As for requests.
    RESPONSE_FRAMING = ("server.framing.invalid", Server, Header, Never, b"PH", 502, "The server's response says twice, or wrongly, how long it is.");
    /// A 101 that nobody asked for, or to something else than was asked.
    RESPONSE_UPGRADE = ("server.upgrade.unasked", Server, Header, Never, b"PH", 502, "The server switched to a protocol that the client did not ask for.");
    /// Default 16 interim responses before the final one.
    RESPONSE_INTERIM = ("server.interim.flood", Server, Header, Never, b"PH", 502, "The server sent more interim responses than the limit.");
    /// As for requests.
    RESPONSE_CHUNK = ("server.chunk.invalid", Server, Data, Never, b"PD", 502, "A chunk of the server's response is malformed.");
}
