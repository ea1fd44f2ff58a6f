//! `relay LISTEN ORIGIN [THREADS]`: the floor of the benchmark, a TCP relay that does nothing else.
//!
//! One epoll loop a thread, one server connection per client connection, one 256 KiB buffer per thread, no parsing, no
//! timeouts, no counters. It is what the kernel's part of a proxied request costs; nothing that forwards bytes by copy can
//! cost much less. Do not make it cleverer, and do not put it into production.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType, sockopt};

/// One direction's source and its peer are the two sides of a pair; `held` is what this side's peer did not take yet.
struct Side {
    socket: OwnedFd,
    held: Vec<u8>,
    ended: bool,
}

struct Pair {
    sides: [Side; 2],
    connected: bool,
    dead: bool,
}

/// One read. 1 MiB answers to 64 connections cost 590 µs of CPU each with 64 KiB, 380 with 256 KiB, 340 with 1 MiB, and
/// 920 with 16 KiB: a read that empties the socket finds its bytes in the cache still.
const BUFFER: usize = 256 * 1024;

const LISTENER: u64 = u64::MAX;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let listen: SocketAddr = args.next().context("usage: relay LISTEN ORIGIN [THREADS]")?.parse()?;
    let origin: SocketAddr = args.next().context("usage: relay LISTEN ORIGIN [THREADS]")?.parse()?;
    let threads: usize = args.next().map_or(Ok(1), |n| n.parse())?;
    let others: Vec<_> = (1..threads).map(|_| std::thread::spawn(move || serve(listen, origin))).collect();
    serve(listen, origin)?;
    for other in others {
        other.join().expect("a relay thread panicked")?;
    }
    Ok(())
}

fn serve(listen: SocketAddr, origin: SocketAddr) -> Result<()> {
    let listener = listener(listen)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut pairs: Vec<Option<Pair>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut buffer = vec![0_u8; BUFFER];
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        match epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // Slots are freed after the batch: a later event of the same batch must not meet a newcomer in an old slot.
        let mut gone = Vec::new();
        for event in &events {
            let token = event.data.u64();
            if token == LISTENER {
                accept(&listener, origin, &poll, &mut pairs, &mut free)?;
                continue;
            }
            let slot = usize::try_from(token / 2)?;
            let side = usize::try_from(token % 2)?;
            let Some(pair) = pairs[slot].as_mut() else { continue };
            if pair.dead {
                continue;
            }
            if pair.ready(side, event.flags, &poll, slot, &mut buffer).is_err() {
                pair.dead = true;
                gone.push(slot);
            }
        }
        for slot in gone {
            pairs[slot] = None;
            free.push(slot);
        }
    }
}

fn listener(address: SocketAddr) -> Result<TcpListener> {
    let socket = net::socket_with(
        AddressFamily::of(&address),
        SocketType::STREAM,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
        None,
    )?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    net::bind(&socket, &address).with_context(|| format!("bind {address}"))?;
    net::listen(&socket, 4096)?;
    Ok(TcpListener::from(socket))
}

trait FamilyOf {
    fn of(address: &SocketAddr) -> Self;
}

impl FamilyOf for AddressFamily {
    fn of(address: &SocketAddr) -> Self {
        if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
    }
}

fn accept(
    listener: &TcpListener,
    origin: SocketAddr,
    poll: &OwnedFd,
    pairs: &mut Vec<Option<Pair>>,
    free: &mut Vec<usize>,
) -> Result<()> {
    loop {
        let client: TcpStream = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        let server = net::socket_with(
            AddressFamily::of(&origin),
            SocketType::STREAM,
            SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
            None,
        )?;
        sockopt::set_tcp_nodelay(&server, true)?;
        match net::connect(&server, &origin) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => {
                eprintln!("connect {origin}: {error}");
                continue;
            }
        }
        let slot = free.pop().unwrap_or_else(|| {
            pairs.push(None);
            pairs.len() - 1
        });
        epoll::add(poll, &client, token(slot, 0), epoll::EventFlags::empty())?;
        epoll::add(poll, &server, token(slot, 1), epoll::EventFlags::OUT)?;
        let side = |socket| Side { socket, held: Vec::new(), ended: false };
        pairs[slot] = Some(Pair { sides: [side(client.into()), side(server)], connected: false, dead: false });
    }
}

fn token(slot: usize, side: usize) -> epoll::EventData {
    epoll::EventData::new_u64((slot * 2 + side) as u64)
}

/// The pair is over: both ended, or one of its sockets failed.
struct Over;

impl From<Errno> for Over {
    fn from(_: Errno) -> Self {
        Over
    }
}

impl Pair {
    fn ready(
        &mut self,
        side: usize,
        flags: epoll::EventFlags,
        poll: &OwnedFd,
        slot: usize,
        buffer: &mut [u8],
    ) -> Result<(), Over> {
        if !self.connected {
            if side == 0 || flags.intersects(epoll::EventFlags::ERR) {
                return Err(Over); // the client left, or the origin refused
            }
            self.connected = true;
            self.watch(poll, slot, 0)?;
            return self.watch(poll, slot, 1);
        }
        if flags.intersects(epoll::EventFlags::OUT) {
            self.flush(1 - side, poll, slot)?;
        }
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
            if self.sides[side].ended {
                return Err(Over); // nothing more can be written to it; its HUP would wake us for ever
            }
            if self.sides[side].held.is_empty() {
                self.pump(side, poll, slot, buffer)?;
            }
        }
        if self.sides.iter().all(|s| s.ended && s.held.is_empty()) { Err(Over) } else { Ok(()) }
    }

    /// Moves at most one buffer from `side` to its peer.
    fn pump(&mut self, side: usize, poll: &OwnedFd, slot: usize, buffer: &mut [u8]) -> Result<(), Over> {
        let count = match net::recv(&self.sides[side].socket, &mut *buffer, net::RecvFlags::empty()) {
            Ok((count, _)) => count,
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if count == 0 {
            self.sides[side].ended = true;
            net::shutdown(self.sides[1 - side].socket.as_fd(), net::Shutdown::Write)?;
            return self.watch(poll, slot, side);
        }
        let sent = self.send(1 - side, &buffer[..count])?;
        if sent < count {
            self.sides[side].held = buffer[sent..count].to_vec();
            self.watch(poll, slot, side)?;
            self.watch(poll, slot, 1 - side)?;
        }
        Ok(())
    }

    /// Gives the peer of `side` what it did not take before.
    fn flush(&mut self, side: usize, poll: &OwnedFd, slot: usize) -> Result<(), Over> {
        let held = std::mem::take(&mut self.sides[side].held);
        if held.is_empty() {
            return Ok(());
        }
        let sent = self.send(1 - side, &held)?;
        if sent < held.len() {
            self.sides[side].held = held[sent..].to_vec();
            return Ok(());
        }
        self.watch(poll, slot, side)?;
        self.watch(poll, slot, 1 - side)
    }

    fn send(&self, side: usize, bytes: &[u8]) -> Result<usize, Over> {
        match net::send(&self.sides[side].socket, bytes, SendFlags::NOSIGNAL) {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// A side is read while nothing of it is held, and written when something of its peer is.
    fn watch(&self, poll: &OwnedFd, slot: usize, side: usize) -> Result<(), Over> {
        let mut flags = epoll::EventFlags::empty();
        if self.sides[side].held.is_empty() && !self.sides[side].ended {
            flags |= epoll::EventFlags::IN;
        }
        if !self.sides[1 - side].held.is_empty() {
            flags |= epoll::EventFlags::OUT;
        }
        epoll::modify(poll, &self.sides[side].socket, token(slot, side), flags)?;
        Ok(())
    }
}
