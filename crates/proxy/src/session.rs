//! What rules made of a client's connection, and what was asked of it: few clients have any of it.

use std::cell::OnceCell;
use std::net::SocketAddr;

use plimsoll_net::{Address, Peer, Stream};
use plimsoll_rules::variables::Set;

use crate::client::Client;

/// Made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Variables of scope `sess`.
    pub(crate) variables: Set,
    /// Other addresses than the connection's, for this request.
    source: Option<SocketAddr>,
    destination: Option<SocketAddr>,
    /// Where the connection goes to, since a rule about the connection said so.
    elsewhere: Option<SocketAddr>,
    /// Our end of the socket, once somebody asked.
    local: OnceCell<Option<SocketAddr>>,
}

impl Session {
    /// Whether the next request needs any of it.
    pub(crate) fn next_request(&mut self) {
        (self.source, self.destination) = (None, None);
    }
}

impl Client {
    /// Where the client is, as rules left it; those of UNIX sockets are nowhere.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.session.get().and_then(|session| session.source).or_else(|| self.peer_address())
    }

    /// The same of the connection itself, whatever rules about requests and a PROXY header said.
    pub(crate) fn own_address(&self) -> Option<SocketAddr> {
        match &self.proxied {
            Some(proxied) => proxied.real,
            None => self.peer_address(),
        }
    }

    fn peer_address(&self) -> Option<SocketAddr> {
        match self.peer {
            Peer::Inet(address) => Some(address),
            Peer::Unix => None,
        }
    }

    /// Where it connected to, as rules left it.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        let told = || self.proxied.as_ref().and_then(|proxied| proxied.destination);
        self.session.get().and_then(|session| session.destination).or_else(told).or_else(|| self.own_destination())
    }

    /// The same of the connection itself. One system call, at the first time.
    pub(crate) fn own_destination(&self) -> Option<SocketAddr> {
        let session = self.session.get_or_init(Box::default);
        session.elsewhere.or_else(|| *session.local.get_or_init(|| local(&self.stream)))
    }

    /// `set-src`, `set-src-port`: for this request, or from now on.
    pub(crate) fn set_source(&mut self, address: SocketAddr, lasting: bool) {
        if lasting {
            self.peer = Peer::Inet(address);
        } else {
            self.session_mut().source = Some(address);
        }
    }

    /// `set-dst`, `set-dst-port`
    pub(crate) fn set_destination(&mut self, address: SocketAddr, lasting: bool) {
        match self.proxied.as_mut() {
            Some(proxied) if lasting => proxied.destination = Some(address),
            _ => {
                let session = self.session_mut();
                *(if lasting { &mut session.elsewhere } else { &mut session.destination }) = Some(address);
            }
        }
    }

    pub(crate) fn session_mut(&mut self) -> &mut Session {
        self.session.get_or_init(Box::default);
        // It is there by now.
        self.session.get_mut().expect("a session that was just made")
    }
}

fn local(stream: &Stream) -> Option<SocketAddr> {
    match stream.local_addr() {
        Ok(Some(Address::Inet(address))) => Some(address),
        _ => None,
    }
}
