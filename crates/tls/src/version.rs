//! The version that the first message of a connection names: of TLS, of SSL 3, or of SSL 2, whose hello is another one.

use crate::cursor::Cursor;
use crate::record::{CLIENT_HELLO, HANDSHAKE, Not};

/// The longest record: 2^14 bytes, and what encryption adds (RFC 5246, section 6.2.3).
const LONGEST: usize = (1 << 14) + 2048;

/// Major times 65536 and minor, as soon as the record that names it is here as a whole.
pub fn version(bytes: &[u8]) -> Result<u32, Not> {
    match bytes.first() {
        None => Err(Not::Yet),
        Some(&HANDSHAKE) => of_record(bytes),
        // Records of other kinds: no connection begins with one.
        Some(0x14..=0x17 | 0xff) => Err(Not::Tls),
        Some(_) => of_ssl2(bytes),
    }
}

fn of_record(bytes: &[u8]) -> Result<u32, Not> {
    let mut rest = Cursor(bytes);
    let head = rest.take(5).ok_or(Not::Yet)?;
    let mut head = Cursor(head.get(1..).unwrap_or_default());
    let (version, length) = (head.pair().unwrap_or(0), usize::from(head.pair().unwrap_or(0)));
    if version < 0x0300 || !(6..=LONGEST).contains(&length) {
        return Err(Not::Tls);
    }
    let mut message = Cursor(rest.take(length).ok_or(Not::Yet)?);
    message.take(4);
    message.pair().map(in_halves).ok_or(Not::Tls)
}

/// SSL 2 (draft of 1995, section 2.5): a length of two or three bytes, a type, a version, and the lengths of what follows.
fn of_ssl2(bytes: &[u8]) -> Result<u32, Not> {
    let mut rest = Cursor(bytes);
    let (first, second) = (rest.byte().ok_or(Not::Yet)?, rest.byte().ok_or(Not::Yet)?);
    let short = first & 0x80 != 0;
    let length = usize::from(first & if short { 0x7f } else { 0x3f }) << 8 | usize::from(second);
    let padding = if short { 0 } else { usize::from(rest.byte().ok_or(Not::Yet)?) };
    if rest.byte().ok_or(Not::Yet)? != CLIENT_HELLO {
        return Err(Not::Tls);
    }
    let mut number = || rest.pair().ok_or(Not::Yet);
    let (version, ciphers, session, challenge) = (number()?, number()?, number()?, number()?);
    let all = usize::from(ciphers) + usize::from(session) + usize::from(challenge);
    let fits = ciphers % 3 == 0 && matches!(session, 0 | 16) && (16..=32).contains(&challenge) && length == 9 + all;
    if !fits {
        return Err(Not::Tls);
    }
    rest.take(all + padding).ok_or(Not::Yet)?;
    Ok(in_halves(version))
}

fn in_halves(version: u16) -> u32 {
    u32::from(version >> 8) << 16 | u32::from(version & 0xff)
}
