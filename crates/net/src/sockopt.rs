//! Socket options that rustix does not know; nix writes the calls, so that no `unsafe` is ours.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::os::fd::AsFd;

use nix::sys::socket::sockopt::{
    BindToDevice, IpBindAddressNoPort, IpTransparent, Mark, TcpFastOpenConnect, TcpMaxSeg,
};
use nix::sys::socket::{SetSockOpt, getsockopt, setsockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use rustix::net::{AddressFamily, SocketType};

sockopt_impl!(FastOpen, SetOnly, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, i32);
sockopt_impl!(DeferAccept, SetOnly, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, i32);
sockopt_impl!(Repair, SetOnly, libc::IPPROTO_TCP, libc::TCP_REPAIR, i32);
sockopt_impl!(Tos, SetOnly, libc::IPPROTO_IP, libc::IP_TOS, i32);
sockopt_impl!(TrafficClass, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, i32);
sockopt_impl!(Info, GetOnly, libc::IPPROTO_TCP, libc::TCP_INFO, libc::tcp_info);
sockopt_impl!(Ttl, SetOnly, libc::IPPROTO_IP, libc::IP_TTL, i32);
sockopt_impl!(Ipv6Transparent, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_TRANSPARENT, bool);

fn set<O: SetSockOpt>(fd: &impl AsFd, option: O, value: &O::Val) -> io::Result<()> {
    Ok(setsockopt(fd, option, value)?)
}

/// Lets the socket have addresses that are not this machine's (`IP_TRANSPARENT`); needs CAP_NET_ADMIN or CAP_NET_RAW.
pub(crate) fn transparent(fd: &impl AsFd, v4: bool) -> io::Result<()> {
    if v4 { set(fd, IpTransparent, &true) } else { set(fd, Ipv6Transparent, &true) }
}

/// Whether this process may show addresses that are not this machine's; the error is the system's.
pub fn may_be_transparent() -> io::Result<()> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    transparent(&socket, true)
}

/// Takes requests with the SYN; so many clients may wait for the end of their handshake.
pub(crate) fn fast_open(fd: &impl AsFd, queue: u32) -> io::Result<()> {
    set(fd, FastOpen, &i32::try_from(queue).unwrap_or(i32::MAX))
}

/// Sends the first bytes with the SYN, to servers that are known to take them.
pub(crate) fn fast_open_connect(fd: &impl AsFd) -> io::Result<()> {
    set(fd, TcpFastOpenConnect, &true)
}

/// Offers a connection only once the client has spoken, or after the first retransmission (about a second).
pub(crate) fn defer_accept(fd: &impl AsFd, on: bool) -> io::Result<()> {
    set(fd, DeferAccept, &i32::from(on))
}

/// The kernel chooses the port at connect(), when the destination is known: a port may then serve many destinations.
pub(crate) fn bind_address_no_port(fd: &impl AsFd) -> io::Result<()> {
    set(fd, IpBindAddressNoPort, &true)
}

/// Only what goes through this interface.
pub(crate) fn interface(fd: &impl AsFd, name: &str) -> io::Result<()> {
    set(fd, BindToDevice, &OsString::from(name))
}

/// Closing it sends nothing (`TCP_REPAIR`); needs CAP_NET_ADMIN.
pub(crate) fn repair(fd: &impl AsFd) -> io::Result<()> {
    set(fd, Repair, &1)
}

/// What it sends goes no further than the first router.
pub(crate) fn short_lived(fd: &impl AsFd) -> io::Result<()> {
    set(fd, Ttl, &1)
}

/// The largest segment, 88 to 32767 bytes.
pub(crate) fn max_segment(fd: &impl AsFd, bytes: u16) -> io::Result<()> {
    set(fd, TcpMaxSeg, &u32::from(bytes))
}

/// What the kernel measured of a TCP connection. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// The way to the peer and back.
    pub rtt: u32,
    /// How much that varies.
    pub rttvar: u32,
    /// Packets that were not acknowledged.
    pub unacked: u32,
    /// Packets that were acknowledged out of order.
    pub sacked: u32,
    /// Packets that are being sent again.
    pub retrans: u32,
    /// Packets between the first and the last hole.
    pub fackets: u32,
    /// Packets that are taken for lost.
    pub lost: u32,
    /// How far packets overtake each other.
    pub reordering: u32,
}

impl TcpInfo {
    pub(crate) fn of(fd: &impl AsFd) -> Option<Self> {
        let info = getsockopt(fd, Info).ok()?;
        Some(Self {
            rtt: info.tcpi_rtt,
            rttvar: info.tcpi_rttvar,
            unacked: info.tcpi_unacked,
            sacked: info.tcpi_sacked,
            retrans: info.tcpi_retrans,
            fackets: info.tcpi_fackets,
            lost: info.tcpi_lost,
            reordering: info.tcpi_reordering,
        })
    }
}

/// Marks what the socket sends, for routes and packet filters (`SO_MARK`); needs CAP_NET_ADMIN or CAP_NET_RAW.
pub(crate) fn mark(fd: &impl AsFd, mark: u32) -> io::Result<()> {
    set(fd, Mark, &mark)
}

/// The type of service of what the socket sends (`IP_TOS`, `IPV6_TCLASS`).
pub(crate) fn tos(fd: &impl AsFd, v6: bool, tos: u8) -> io::Result<()> {
    if v6 { set(fd, TrafficClass, &i32::from(tos)) } else { set(fd, Tos, &i32::from(tos)) }
}

/// Is this address one of this machine's? Two system calls.
#[must_use]
pub fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}
