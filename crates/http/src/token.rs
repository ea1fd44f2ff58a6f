//! Which bytes may stand where (RFC 9110 section 5.6.2, RFC 3986 appendix A).

/// `tchar`.
pub(crate) const fn is_tchar(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// What a request target may hold as received: printable ASCII less `"` `#` `<` `>` `\`. Browsers send the other "unwise" ones raw.
const fn is_target_byte(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\\')
}

/// Bytes of a `reg-name`, an IPv4 address or a port: unreserved, sub-delims less the comma, and the colon is looked at by the caller.
const fn is_host_byte(byte: u8) -> bool {
    matches!(byte,
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'=' | b'%')
}

macro_rules! byte_table {
    ($name:ident, $test:ident) => {
        /// The test of the same name as a table: one load a byte.
        pub(crate) static $name: [bool; 256] = {
            let mut table = [false; 256];
            let mut at = 0;
            while at < 256 {
                table[at] = $test(at as u8);
                at += 1;
            }
            table
        };
    };
}

byte_table!(TCHAR, is_tchar);
byte_table!(TARGET, is_target_byte);
byte_table!(HOST, is_host_byte);

/// Is this a token?
/// Is it a token (RFC 9110 section 5.6.2)?
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_tchar(byte))
}

/// Without the spaces and tabs at both ends.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The elements of a comma-separated list, trimmed; empty ones are passed over (RFC 9110 section 5.6.1.2).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
