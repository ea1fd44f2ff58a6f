//! What a header says.

use std::net::{IpAddr, SocketAddr};

use crate::Tlvs;

/// Which of the two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// A line of text.
    V1,
    /// Binary, with TLVs.
    V2,
}

/// On whose behalf the connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The sender's own, such as a health check: the real addresses are the true ones.
    Local,
    /// Somebody else's.
    Proxy,
}

/// What the original connection was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Not said.
    Unspecified,
    /// TCP, or a UNIX stream.
    Stream,
    /// UDP, or UNIX datagrams.
    Datagram,
}

/// Where the original connection came from and went to; both of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// The client.
    pub source: SocketAddr,
    /// The address that the client connected to.
    pub destination: SocketAddr,
}

impl Endpoints {
    /// Both in one family, as a header must have them: IPv4 if both are, be it inside IPv6 as a socket for both families reports it; else IPv6.
    #[must_use]
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        let plain = [source.ip().to_canonical(), destination.ip().to_canonical()];
        let [from, to] = match plain {
            [IpAddr::V4(_), IpAddr::V4(_)] => plain,
            mixed => mixed.map(|ip| match ip {
                IpAddr::V4(ip) => IpAddr::V6(ip.to_ipv6_mapped()),
                IpAddr::V6(_) => ip,
            }),
        };
        Self { source: SocketAddr::new(from, source.port()), destination: SocketAddr::new(to, destination.port()) }
    }
}

/// The addresses of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses<'a> {
    /// None, or none that anybody can read.
    Unknown,
    /// IPv4 or IPv6.
    Inet(Endpoints),
    /// Paths of UNIX sockets, filled up with zeros.
    Unix {
        /// The client's.
        source: &'a [u8; 108],
        /// The one that it connected to.
        destination: &'a [u8; 108],
    },
}

/// A decoded header; it borrows the bytes that it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The format.
    pub version: Version,
    /// On whose behalf.
    pub command: Command,
    /// What the original connection was.
    pub transport: Transport,
    /// Its addresses.
    pub addresses: Addresses<'a>,
    /// More about it, in the order of the wire. Empty for [`Command::Local`], whose block means nothing.
    pub tlvs: Tlvs<'a>,
}

impl Header<'_> {
    /// The addresses to use in place of the real ones. `None`: the real ones count (specification, section 2.2: LOCAL, UNSPEC, and what
    /// is no TCP connection).
    #[must_use]
    pub fn endpoints(&self) -> Option<Endpoints> {
        match (self.command, self.transport, self.addresses) {
            (Command::Proxy, Transport::Stream, Addresses::Inet(endpoints)) => Some(endpoints),
            _ => None,
        }
    }
}
