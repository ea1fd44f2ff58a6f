//! What there is to say about each rejection of a PROXY header, for `lb explain`.

use plimsoll_outcome::Explain;

/// A row for each row of [`OUTCOMES`](crate::OUTCOMES).
pub const EXPLAIN: &[Explain] = &[
    Explain::new(
        "client.proxy.missing",
        "The port has `accept-proxy`, so every connection must begin with a PROXY header; this one begins with something else. It was cut \
         before a byte reached the application.",
        &[
            "a client connects directly, past the balancer in front",
            "the balancer in front does not send the header: `send-proxy` is missing there",
            "its health check does not send the header",
        ],
        &[
            "see the first bytes with `show errors`",
            "let the balancer in front send it, for checks too",
            "give direct clients a `bind` without `accept-proxy`",
        ],
    ),
    Explain::new(
        "client.proxy.malformed",
        "The connection begins as a PROXY header does, but it is not one: an address or port that is none, a blank too many, a line that \
         ends with LF alone, lengths that do not add up.",
        &["a sender that writes the header by hand", "a header that was cut or changed on the way"],
        &["see its bytes with `show errors`", "compare with HAProxy's proxy-protocol.txt"],
    ),
    Explain::new(
        "client.proxy.too_long",
        "A header of version 1 has at most 107 bytes, and of version 2 at most 16 KiB are read.",
        &["a sender that forgets the end of the line", "somebody who tries to make this machine hold memory"],
        &["see its bytes with `show errors`"],
    ),
    Explain::new(
        "client.proxy.unsupported",
        "A header of version 2 names a version, command, address family or transport that the specification does not have.",
        &["a sender of a later version of the protocol", "a header that was damaged"],
        &["let the sender speak version 2 as specified, or version 1"],
    ),
    Explain::new(
        "client.proxy.checksum",
        "The header carries a CRC32C that is not the checksum of its bytes, so its addresses cannot be believed.",
        &[
            "something on the way rewrites the header",
            "a sender that computes the checksum before it adds the last TLV",
        ],
        &["see its bytes with `show errors`", "switch the checksum off at the sender to find out which it is"],
    ),
];
