//! Syslog over datagrams: UDP, or a UNIX socket such as /dev/log. Many lines a system call.

use std::io::IoSlice;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use plimsoll_clock::{Tick, wall};
use rustix::io::Errno;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

use super::Output;
use crate::batch::Batch;
use crate::framing::Header;
use crate::{Level, To};

/// Messages a system call.
const AT_ONCE: usize = 64;
/// A receiver that takes nothing for so long is stuck: until it takes something again, lines are offered once and dropped.
const PATIENCE: Duration = Duration::from_millis(100);
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Datagram {
    to: To,
    header: Header,
    level: Level,
    socket: Option<OwnedFd>,
    /// No attempt before.
    next: Tick,
    stuck: bool,
    /// The reason that was told last, so that it is told once.
    told: Option<String>,
}

impl Datagram {
    pub(super) const fn new(to: To, header: Header, level: Level) -> Self {
        Self { to, header, level, socket: None, next: Tick::from_micros(0), stuck: false, told: None }
    }

    /// Connects if need be, at most once a second. This thread may wait for a resolver; nobody else does.
    fn connected(&mut self) -> bool {
        if self.socket.is_none() && Tick::now() >= self.next {
            match connect(&self.to) {
                Ok(socket) => (self.socket, self.told, self.stuck) = (Some(socket), None, false),
                Err(error) => {
                    self.next = Tick::now().after(AGAIN);
                    let reason = error.to_string();
                    if self.told.as_ref() != Some(&reason) {
                        eprintln!("lb: cannot log to {}: {reason}", self.to);
                        self.told = Some(reason);
                    }
                }
            }
        }
        self.socket.is_some()
    }

    /// Sends from `at` on; how many went, or why none did.
    fn send(&self, lines: &[(&[u8], Level)]) -> Result<usize, Errno> {
        let Some(socket) = &self.socket else { return Err(Errno::NOTCONN) };
        let parts: Vec<_> =
            lines.iter().map(|(line, level)| [IoSlice::new(self.header.of(*level)), IoSlice::new(line)]).collect();
        let mut controls: Vec<_> = lines.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<_> =
            parts.iter().zip(&mut controls).map(|(parts, control)| MMsgHdr::new(parts, control)).collect();
        let flags = if self.stuck { SendFlags::NOSIGNAL | SendFlags::DONTWAIT } else { SendFlags::NOSIGNAL };
        sendmmsg(socket, &mut messages, flags)
    }
}

impl Output for Datagram {
    fn write(&mut self, lines: &Batch) -> u64 {
        self.header.set_time(wall());
        let lines: Vec<_> = lines.iter().filter(|(_, level)| *level <= self.level).collect();
        let (mut at, mut lost, mut refused) = (0, 0, false);
        while at < lines.len() {
            if !self.connected() {
                return lost + (lines.len() - at) as u64;
            }
            match self.send(&lines[at..lines.len().min(at + AT_ONCE)]) {
                Ok(sent) => (at, refused, self.stuck) = (at + sent.max(1), false, false),
                Err(Errno::INTR) => {}
                Err(Errno::MSGSIZE) => (at, lost) = (at + 1, lost + 1),
                Err(Errno::AGAIN | Errno::NOBUFS) => {
                    self.stuck = true;
                    return lost + (lines.len() - at) as u64;
                }
                // Tells of an earlier datagram that nobody listened to; this one was not tried yet.
                Err(Errno::CONNREFUSED) if matches!(self.to, To::Udp(..)) && !refused => refused = true,
                Err(Errno::CONNREFUSED) if matches!(self.to, To::Udp(..)) => {
                    (at, lost, refused) = (at + 1, lost + 1, false);
                }
                // A syslog daemon that was restarted has a new socket under the old name.
                Err(_) if !refused => (self.socket, refused) = (None, true),
                Err(_) => {
                    self.socket = None;
                    return lost + (lines.len() - at) as u64;
                }
            }
        }
        lost
    }
}

fn connect(to: &To) -> std::io::Result<OwnedFd> {
    match to {
        To::Udp(host, port) => {
            let address = (host.as_str(), *port).to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
            let any: SocketAddr =
                if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(socket.into())
        }
        To::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(socket.into())
        }
        To::Stdout | To::Stderr | To::File(_) => Err(std::io::ErrorKind::Unsupported.into()),
    }
}
