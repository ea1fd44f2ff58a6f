//! What goes over a host's cables, packet by packet, as lines that a person can read: `lb > server: SYN`.
//!
//! Reads IPv4 and TCP headers only. What follows a SYN between two ports is one conversation.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, RecvFlags, SocketType, eth, recv, socket};

use crate::eventually::{holds_for, wait_until};
use crate::network::{Host, name_of};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// How long a conversation may take to become what is expected of it.
const WITHIN: Duration = Duration::from_secs(5);

/// After that, so long nothing more may be said.
const SILENCE: Duration = Duration::from_millis(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packet {
    from: SocketAddrV4,
    to: SocketAddrV4,
    flags: u8,
    data: usize,
}

impl Packet {
    /// From a whole IP packet; nothing if it is not TCP over IPv4.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, header) = (bytes.first()? >> 4, usize::from(bytes[0] & 15) * 4);
        if version != 4 || *bytes.get(9)? != 6 {
            return None;
        }
        let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?));
        let offset = usize::from(*bytes.get(header + 12)? >> 4) * 4;
        Some(Self {
            from: SocketAddrV4::new(address(12)?, number(header)?),
            to: SocketAddrV4::new(address(16)?, number(header + 2)?),
            flags: *bytes.get(header + 13)?,
            data: usize::from(number(2)?).saturating_sub(header + offset),
        })
    }

    fn is_start(self) -> bool {
        self.flags & (SYN | ACK) == SYN
    }

    fn is_bare_ack(self) -> bool {
        self.flags & (SYN | RST | FIN) == 0 && self.data == 0
    }

    /// What it says. Every packet after a SYN acknowledges something, so ACK is named only where nothing else is.
    fn words(self) -> String {
        let mut words = Vec::new();
        words.extend((self.data > 0).then_some("DATA"));
        words.extend((self.flags & SYN != 0).then_some("SYN"));
        words.extend((self.flags & FIN != 0).then_some("FIN"));
        words.extend((self.flags & RST != 0).then_some("RST"));
        words.extend((self.flags & (SYN | ACK) == SYN | ACK || self.is_bare_ack()).then_some("ACK"));
        format!("{} > {}: {}", name_of(*self.from.ip()), name_of(*self.to.ip()), words.join(" "))
    }
}

/// Everything that one host sends and receives from now on, as long as this lives.
#[derive(Debug)]
pub struct Capture {
    packets: Arc<Mutex<Vec<Packet>>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    /// Begins.
    #[track_caller]
    pub fn start(host: &Host) -> Self {
        let socket = host.enter(open).expect("a packet socket");
        let (packets, stop) = (Arc::<Mutex<Vec<Packet>>>::default(), Arc::<AtomicBool>::default());
        let (kept, stopped) = (packets.clone(), stop.clone());
        let reader = thread::spawn(move || {
            let mut bytes = vec![0; 256];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((count, _)) = recv(&socket, &mut *bytes, RecvFlags::empty()) else { continue };
                if let Some(packet) = Packet::read(&bytes[..count.min(bytes.len())]) {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(packet);
                }
            }
        });
        Self { packets, stop, reader: Some(reader) }
    }

    /// The conversations with a host, in the order of their SYNs, each a line a packet.
    fn conversations(&self, with: &str, acks: bool) -> Vec<String> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut open: Vec<(SocketAddrV4, SocketAddrV4, String, Option<String>)> = Vec::new();
        for packet in packets {
            if name_of(*packet.from.ip()) != with && name_of(*packet.to.ip()) != with {
                continue;
            }
            let same = |(one, other, ..): &(SocketAddrV4, SocketAddrV4, String, Option<String>)| {
                (*one, *other) == (packet.from, packet.to) || (*other, *one) == (packet.from, packet.to)
            };
            let at = open.iter().rposition(same);
            let at = match at {
                // A SYN that is sent again begins nothing.
                Some(at) if !(packet.is_start() && open[at].2.lines().count() > 1) => at,
                _ => {
                    open.push((packet.from, packet.to, String::new(), None));
                    open.len() - 1
                }
            };
            if packet.is_bare_ack() && !acks {
                continue;
            }
            let words = packet.words();
            let (_, _, text, last) = &mut open[at];
            // How many segments make up a message, and how often a lost one is sent again, is the kernels' affair.
            if last.as_ref() != Some(&words) {
                let _ = writeln!(text, "{words}");
                *last = Some(words);
            }
        }
        open.into_iter().map(|(_, _, text, _)| text).collect()
    }

    /// Each conversation with this host (`server`, `client`) has these lines, and there is at least one. Bare ACKs are left out: when they are
    /// sent depends on timers.
    #[track_caller]
    pub fn shows(&self, with: &str, expected: &str) {
        self.compare(with, false, expected);
    }

    /// The same, to the last ACK.
    #[track_caller]
    pub fn shows_with_acks(&self, with: &str, expected: &str) {
        self.compare(with, true, expected);
    }

    #[track_caller]
    fn compare(&self, with: &str, acks: bool, expected: &str) {
        let expected: String =
            expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        let as_expected = || {
            let seen = self.conversations(with, acks);
            !seen.is_empty() && seen.iter().all(|one| one.trim_end() == expected)
        };
        let good = wait_until(WITHIN, as_expected) && holds_for(SILENCE, as_expected);
        let seen = self.conversations(with, acks).join("--- another\n");
        assert!(good, "expected:\n{expected}\n\nseen:\n{seen}");
    }

    /// Waits until a line is among those with this host.
    #[track_caller]
    pub fn has(&self, with: &str, line: &str) {
        let seen = || self.conversations(with, true).iter().any(|one| one.lines().any(|other| other == line));
        assert!(wait_until(WITHIN, seen), "no {line} in:\n{}", self.conversations(with, true).join("--- another\n"));
    }

    /// Whether a packet in this direction, such as `lb > client`, had this flag, whatever else it had.
    pub fn said(&self, with: &str, direction: &str, flag: &str) -> bool {
        let words = |line: &str| line.strip_prefix(direction)?.strip_prefix(": ").map(str::to_owned);
        let has = |line| words(line).is_some_and(|words| words.split(' ').any(|word| word == flag));
        self.conversations(with, true).iter().any(|one| one.lines().any(has))
    }

    /// How many conversations with this host there were.
    pub fn count(&self, with: &str) -> usize {
        self.conversations(with, true).len()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// A socket that gets a copy of every packet, without its Ethernet header.
fn open() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::PACKET, SocketType::DGRAM, Some(eth::ALL))?;
    // So that the reader looks now and then whether it should stop.
    sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(20)))?;
    sockopt::set_socket_recv_buffer_size_force(&socket, 8 << 20)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::network::{Network, SERVER, at};

    #[test]
    fn a_conversation_reads_as_it_was_held() {
        let network = Network::new();
        let capture = Capture::start(&network.lb);
        let listener = network.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
        let mut ours = network.lb.enter(|| TcpStream::connect(at(SERVER, 80))).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        ours.write_all(b"hey").unwrap();
        capture.has("server", "lb > server: DATA");
        drop(ours);
        capture.has("server", "lb > server: FIN");
        // With three bytes unread.
        drop(theirs);
        capture.shows(
            "server",
            "lb > server: SYN
             server > lb: SYN ACK
             lb > server: DATA
             lb > server: FIN
             server > lb: RST",
        );
        assert!(capture.said("server", "server > lb", "RST") && !capture.said("server", "lb > server", "RST"));
        assert_eq!(capture.count("server"), 1);
        assert_eq!(capture.count("client"), 0);
    }
}
