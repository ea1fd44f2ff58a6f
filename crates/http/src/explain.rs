//! What there is to say about each outcome of reading HTTP/1, for `lb explain`.

use plimsoll_outcome::Explain;

/// A row for each row of [`OUTCOMES`](crate::OUTCOMES).
pub const EXPLAIN: &[Explain] = &[
    Explain::new(
        "client.request.line",
        "The first line of the request did not have three words separated by single spaces, or its method is no token.",
        &["a scanner, or a client that speaks something else than HTTP", "TLS sent to a port that speaks clear text"],
        &["let the client use the right port and protocol", "look at the request's first bytes in `lb errors`"],
    ),
    Explain::new(
        "client.request.version",
        "The request names a version of HTTP other than 1.0 and 1.1.",
        &["an HTTP/2 client without negotiation", "a scanner, or a client that speaks something else than HTTP"],
        &["let the client negotiate HTTP/2 by TLS, or speak HTTP/1.1"],
    ),
    Explain::new(
        "client.method.connect",
        "CONNECT asks a proxy to open a connection to anywhere. A load balancer has its servers and is no such proxy.",
        &["a client that has this address as its forward proxy", "a scanner that looks for open proxies"],
        &["correct the client's proxy settings"],
    ),
    Explain::new(
        "client.target.invalid",
        "The target of the request holds a control character, a blank, a byte that is not ASCII, a fragment or a backslash, or has a form that its method may not have.",
        &["a client that does not encode its URLs", "a scanner, or a client that speaks something else than HTTP"],
        &["encode such characters as %XX in the client"],
    ),
    Explain::new(
        "client.target.encoding",
        "The target holds an escape that hides a path: an encoded dot segment, NUL, overlong UTF-8, or a % without two digits.",
        &["somebody tries to climb out of a folder on a server", "a client that encodes twice or not at all"],
        &["repair the client if it is yours; otherwise nothing"],
    ),
    Explain::new(
        "client.target.too_long",
        "The target is longer than 16 KiB.",
        &["a form that sends its data in the URL", "a redirect that appends to its own address each time"],
        &["send the data in a body", "look for a redirect loop"],
    ),
    Explain::new(
        "client.host.invalid",
        "An HTTP/1.1 request needs one Host field with a host and, if need be, a port. It was missing, empty, repeated or something else.",
        &["a hand-written client or check", "an attempt to make two readers disagree about where a request ends"],
        &["send one Host field"],
    ),
    Explain::new(
        "client.host.mismatch",
        "The request line holds an absolute address, and the Host field names another host. Which of both is meant is not guessed.",
        &[
            "a client that rewrites one of the two",
            "an attempt to make two readers disagree about where a request ends",
        ],
        &["send the same host in both"],
    ),
    Explain::new(
        "client.field.invalid",
        "A header line has a bare CR or LF, NUL or another control byte, is folded over several lines, has a blank before its colon, or a name that is no token.",
        &[
            "a client that joins header lines by hand",
            "an attempt to make two readers disagree about where a request ends",
        ],
        &[
            "repair the client; a request like this is refused on purpose",
            "look at the request's first bytes in `lb errors`",
        ],
    ),
    Explain::new(
        "client.field.name",
        "The name of a header field has other characters than letters, digits and hyphens, and http-restrict-req-hdr-names is reject.",
        &[
            "a client or application that writes names with underscores",
            "somebody tries to pass X_Forwarded_For for X-Forwarded-For",
        ],
        &["let the client use hyphens", "say delete, or preserve if every server tells such names apart"],
    ),
    Explain::new(
        "client.header.too_large",
        "All header lines of a request together are larger than 32 KiB.",
        &["cookies that grow with every page", "a token that holds too much"],
        &["make the cookies smaller; delete old ones in the browser"],
    ),
    Explain::new(
        "client.header.too_many",
        "The request has more than 128 header fields.",
        &["a proxy in front that adds fields in a loop", "a scanner, or a client that speaks something else than HTTP"],
        &["look which fields repeat, in `lb errors`"],
    ),
    Explain::new(
        "client.length.invalid",
        "Content-Length is not one plain number: it is signed, empty, a list of different numbers, or too large.",
        &["a client that computes it wrongly", "an attempt to make two readers disagree about where a request ends"],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "client.framing.conflict",
        "The request has both Content-Length and Transfer-Encoding, or a transfer coding in HTTP/1.0. Two readers could see two different requests.",
        &["an attempt to make two readers disagree about where a request ends", "an old client library"],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "client.coding.unknown",
        "The request's body has a transfer coding other than chunked, which cannot be passed on.",
        &["a client that compresses by transfer coding"],
        &["use Content-Encoding in the client"],
    ),
    Explain::new(
        "client.coding.invalid",
        "Transfer-Encoding stands there twice, is empty, or is a list.",
        &["an attempt to make two readers disagree about where a request ends"],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "client.chunk.invalid",
        "The size of a chunk is no hexadecimal number, or its end is not where the size says.",
        &["a client that writes chunks by hand", "an attempt to make two readers disagree about where a request ends"],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "client.chunk.too_large",
        "The line of a chunk, its extensions or the trailers are longer than their limits.",
        &[
            "an attempt to make two readers disagree about where a request ends",
            "a client that uses chunk extensions for data",
        ],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "client.expect.unknown",
        "Expect holds something other than 100-continue, which nobody here could fulfil.",
        &["a hand-written client"],
        &["take the field out of the client"],
    ),
    Explain::new(
        "client.connection.names",
        "The Connection field names a field on which framing, routing or security rest; obeying would strip it on the way.",
        &["an attempt to make two readers disagree about where a request ends"],
        &["repair the client; a request like this is refused on purpose"],
    ),
    Explain::new(
        "server.response.line",
        "The server's answer did not begin with HTTP/1.x and a status.",
        &["the port belongs to another protocol, such as TLS", "the program died and printed something"],
        &[
            "check address and port of the server",
            "ask it directly: `curl -v`",
            "`tolerate: no-reason` forgives a status line without its last blank",
        ],
    ),
    Explain::new(
        "server.field.invalid",
        "A header line of the response is not what HTTP allows.",
        &["an application that puts line ends into header values", "an old server that ends lines with LF alone"],
        &["repair the application", "`tolerate: [bare-lf, obs-fold]` repairs what has one meaning only"],
    ),
    Explain::new(
        "server.header.too_large",
        "All header lines of a response together are larger than 32 KiB, or more than 128.",
        &["many Set-Cookie fields", "debugging output in headers"],
        &["make the response's headers smaller"],
    ),
    Explain::new(
        "server.framing.invalid",
        "The response has Content-Length twice, or beside Transfer-Encoding, or one that is no number.",
        &["an application that sets Content-Length while its server sends chunks"],
        &["let one of both set the length", "`tolerate: duplicate-content-length` accepts the same number twice"],
    ),
    Explain::new(
        "server.upgrade.unasked",
        "The server answered 101 although nobody asked, or to another protocol.",
        &["a server that upgrades every connection"],
        &["repair the server's upgrade handling"],
    ),
    Explain::new(
        "server.interim.flood",
        "The server sent more than 16 interim responses (1xx) before its answer.",
        &["an application that sends 102 or 103 in a loop"],
        &["send fewer of them"],
    ),
    Explain::new(
        "server.chunk.invalid",
        "A chunk of the response is malformed, so that its end cannot be told. What the client got is cut off.",
        &["an application that writes chunks by hand", "a server that died in the middle"],
        &["look at the server's own log at this time"],
    ),
];
