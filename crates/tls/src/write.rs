//! Writes a ClientHello as browsers do, for whoever tries rules on paper.

/// What a client offers: TLS 1.3 and 1.2, a few ciphers and groups, HTTP/1.1, and the name of the server if there is one. Its key share is no key.
#[must_use]
pub fn client_hello(name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = name {
        // A list of one host name (RFC 6066 section 3).
        extension(0, &long(&[&[0][..], &long(name.as_bytes())].concat()), &mut extensions);
    }
    extension(10, &long(&[0x00, 0x1d, 0x00, 0x17]), &mut extensions);
    extension(13, &long(&[0x04, 0x03, 0x08, 0x04, 0x04, 0x01]), &mut extensions);
    extension(16, &long(b"\x08http/1.1"), &mut extensions);
    extension(43, &[4, 0x03, 0x04, 0x03, 0x03], &mut extensions);
    let share = [&[0x00, 0x1d][..], &long(&[0x2a; 32])].concat();
    extension(51, &long(&share), &mut extensions);
    let ciphers = [0x13, 0x01, 0x13, 0x02, 0xc0, 0x2b, 0xc0, 0x2f];
    let body = [
        &[0x03, 0x03][..],
        &[0x5a; 32],
        // No session, then the ciphers, then no compression.
        &[0],
        &long(&ciphers),
        &[1, 0],
        &long(&extensions),
    ]
    .concat();
    // A length of three bytes, of which the first is 0: a name has 65,535 bytes at most.
    let message = [&[1, 0][..], &long(&body)].concat();
    [&[22, 0x03, 0x01][..], &long(&message)].concat()
}

fn extension(kind: u16, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&long(data));
}

/// Behind its length in two bytes; what is longer is cut.
fn long(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], &data[..usize::from(length)]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientHello;
    use crate::record::{CLIENT_HELLO, Message};

    #[test]
    fn what_is_written_is_read() {
        for name in [Some("a.example"), None] {
            let bytes = client_hello(name);
            let Ok(Message::One(message)) = Message::first(&bytes, Some(CLIENT_HELLO)) else { panic!("a hello") };
            let hello = ClientHello::read(message).expect("a hello");
            assert_eq!(hello.server_name(), name.map(str::as_bytes));
            assert_eq!(hello.versions(), Some(&[3, 4, 3, 3][..]));
            assert_eq!(hello.protocols().expect("some").collect::<Vec<_>>(), [b"http/1.1"]);
        }
    }
}
