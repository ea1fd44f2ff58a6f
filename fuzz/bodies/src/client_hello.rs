//! A ClientHello: the verdict is final as soon as there is one, and everything it says lies within it.

use plimsoll_tls::ClientHello;
use plimsoll_tls::record::{CLIENT_HELLO, Message, Not};
use plimsoll_tls::version::version;

/// Reads the bytes as they arrive.
pub fn client_hello(data: &[u8]) {
    let (mut kind, mut name, mut number) = (Err(Not::Yet), Err(Not::Yet), Err(Not::Yet));
    for part in super::prefixes(data, data.len() / 16) {
        final_is_final(&mut kind, Message::first(part, None).map(Message::kind), "the type");
        final_is_final(&mut name, server_name(part), "the name");
        final_is_final(&mut number, version(part), "the version");
    }
}

fn final_is_final<T: Clone + PartialEq + std::fmt::Debug>(known: &mut Result<T, Not>, now: Result<T, Not>, what: &str) {
    assert!(*known == Err(Not::Yet) || *known == now, "{what} was {known:?} and became {now:?} with more bytes");
    *known = now;
}

fn server_name(bytes: &[u8]) -> Result<Option<Vec<u8>>, Not> {
    let message = Message::first(bytes, Some(CLIENT_HELLO))?.pieces().collect::<Vec<_>>().concat();
    let hello = ClientHello::read(&message)?;
    let extensions: usize = hello.extensions().map(|(_, content)| 4 + content.len()).sum();
    let held = hello.session.len() + hello.ciphers.len() + hello.compressions.len() + extensions;
    assert!(held < message.len(), "{held} bytes of {}", message.len());
    let offered = hello.protocols().into_iter().flatten().map(<[u8]>::len).sum::<usize>();
    let shares = hello.key_shares().into_iter().flatten().map(|(_, key)| key.len()).sum::<usize>();
    assert!(offered + shares <= message.len(), "parts are longer than the whole");
    let lists = [hello.versions(), hello.groups(), hello.signature_algorithms(), hello.session_ticket()];
    assert!(lists.iter().flatten().all(|list| list.len() < message.len()), "a list is longer than the whole");
    Ok(hello.server_name().map(<[u8]>::to_vec))
}
