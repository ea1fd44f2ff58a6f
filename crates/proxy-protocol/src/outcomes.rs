//! Every way in which a PROXY header can be wrong.

plimsoll_outcome::outcomes! {
    /// Neither `PROXY` nor the signature of version 2.
    MISSING = ("client.proxy.missing", Client, Request, Never, b"PR", 0, "The connection does not begin with a PROXY header, which this port demands.");
    /// Version 1: not the exact line. Version 2: lengths that do not add up.
    MALFORMED = ("client.proxy.malformed", Client, Request, Never, b"PR", 0, "The PROXY header is malformed.");
    /// Version 1: no CRLF in 107 bytes. Version 2: longer than the limit.
    TOO_LONG = ("client.proxy.too_long", Client, Request, Never, b"PR", 0, "The PROXY header is longer than the limit.");
    /// Version 2: a version, command, family or transport that the specification does not have.
    UNSUPPORTED = ("client.proxy.unsupported", Client, Request, Never, b"PR", 0, "The PROXY header speaks of a version, command, family or transport that does not exist.");
    /// Version 2: CRC32C does not match.
    CHECKSUM = ("client.proxy.checksum", Client, Request, Never, b"PR", 0, "The checksum of the PROXY header is wrong.");
}
