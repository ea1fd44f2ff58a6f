//! ClientHellos, written byte by byte, and what an expression sees in them.

#![allow(dead_code, reason = "each test file uses a part of it")]

use plimsoll_rules::Place;
use plimsoll_testkit::Seen;

use super::house::House;

/// A ClientHello to be.
#[derive(Clone)]
pub struct Hello {
    pub version: u16,
    pub session: Vec<u8>,
    pub ciphers: Vec<u8>,
    pub compressions: Vec<u8>,
    /// `None`: not even an empty list.
    pub extensions: Option<Vec<u8>>,
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8][..], bytes].concat()
}

impl Hello {
    /// TLS 1.2, two ciphers, no extension.
    pub fn new() -> Self {
        Self {
            version: 0x0303,
            session: vec![],
            ciphers: vec![0x13, 1, 0, 0x2f],
            compressions: vec![0],
            extensions: Some(vec![]),
        }
    }

    pub fn extension(mut self, kind: u16, content: &[u8]) -> Self {
        let all = self.extensions.get_or_insert_default();
        all.extend(kind.to_be_bytes());
        all.extend(long(content));
        self
    }

    pub fn server_name(self, name: &[u8]) -> Self {
        self.extension(0, &long(&[&[0][..], &long(name)].concat()))
    }

    pub fn protocols(self, names: &[&str]) -> Self {
        self.extension(16, &long(&names.iter().flat_map(|name| short(name.as_bytes())).collect::<Vec<_>>()))
    }

    /// As a handshake message.
    pub fn message(&self) -> Vec<u8> {
        let mut body = [&self.version.to_be_bytes()[..], &[7; 32]].concat();
        body.extend(short(&self.session));
        body.extend(long(&self.ciphers));
        body.extend(short(&self.compressions));
        body.extend(self.extensions.iter().flat_map(|all| long(all)));
        [&[1, 0][..], &long(&body)].concat()
    }

    /// In one record.
    pub fn record(&self) -> Vec<u8> {
        let message = self.message();
        self.records(message.len())
    }

    /// In records of at most so many bytes.
    pub fn records(&self, most: usize) -> Vec<u8> {
        let message = self.message();
        message.chunks(most).flat_map(|piece| [&[22, 3, 1][..], &long(piece)].concat()).collect()
    }
}

/// What an expression of this crate is for bytes that wait, while more may come. Bytes are shown in hexadecimal.
pub fn seen(text: &str, bytes: &[u8]) -> Seen {
    let response = text.starts_with("res.") || text.starts_with("rep_");
    let place = if response { Place::TcpResponse } else { Place::TcpContent };
    House::new(plimsoll_tls::PARTS, place).seen(text, bytes)
}
