//! From where the connections to one destination leave: its addresses in turn, their free ports, and what is tried before there is none.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use rustix::io::Errno;

use super::{HeldPort, PortRange, Source, SourceAddress, UseSource};
use crate::NotStarted;

/// So many ports of an address are tried when others of this machine have some of them. They are in no order, so that even where half of
/// them are taken, one attempt of 65,536 finds none.
const TRIES: usize = 16;

/// The source of connections to one destination. Who shares one shares its ports: all workers, and all configurations that say the same.
#[derive(Debug)]
pub struct Outlet {
    source: Source,
    places: Box<[Place]>,
    /// Which address is next; several workers may get the same one.
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Place {
    ip: IpAddr,
    range: Option<Arc<PortRange>>,
}

/// How a try to leave from one address and port failed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The port is taken; where the kernel chooses, all of them are.
    Port,
    /// The socket cannot have this address.
    Address(io::Error),
    /// It has nothing to do with the source.
    Other(io::Error),
}

/// What leaves: from this address and port; `None`: as the kernel likes.
pub(crate) type Departure = Option<SocketAddr>;

impl Outlet {
    fn new(source: &Source, places: Box<[Place]>) -> Self {
        Self { source: source.clone(), places, turn: AtomicUsize::new(0) }
    }

    /// From one address only; with port 0 the kernel chooses the port.
    #[must_use]
    pub fn fixed(address: SocketAddr) -> Arc<Self> {
        let ports = Some((address.port(), address.port())).filter(|_| address.port() != 0);
        let written = SourceAddress { ip: address.ip(), ports };
        let range = ports.map(|ports| PortRange::new(address.ip(), ports, 0));
        let source = Source { address: plimsoll_config::OneOrMany(vec![written]), usesrc: None, interface: None };
        Arc::new(Self::new(&source, Box::new([Place { ip: address.ip(), range }])))
    }

    /// The same addresses with any port, for what must not fail because the range is used up.
    #[must_use]
    pub fn with_any_port(&self) -> Arc<Self> {
        let places = self.places.iter().map(|place| Place { ip: place.ip, range: None }).collect();
        Arc::new(Self::new(&self.source, places))
    }

    /// Whose address the server is to see.
    #[must_use]
    pub fn usesrc(&self) -> Option<&UseSource> {
        self.source.usesrc.as_ref()
    }

    /// The interface to send by.
    #[must_use]
    pub fn interface(&self) -> Option<&str> {
        self.source.interface.as_deref()
    }

    /// The addresses whose ports are counted, in the order of the file.
    pub fn ranges(&self) -> impl Iterator<Item = &Arc<PortRange>> {
        self.places.iter().filter_map(|place| place.range.as_ref())
    }

    /// Calls `start` with one address and port after another, until it does not refuse or none is left to try.
    pub(crate) fn depart<T>(
        &self,
        mut start: impl FnMut(Departure) -> Result<T, Refusal>,
    ) -> Result<(T, Option<HeldPort>), NotStarted> {
        let first = if self.places.len() > 1 { self.turn.fetch_add(1, Relaxed) } else { 0 };
        if self.places.is_empty() {
            // A name that has an address of the other family by now.
            let ip = self.source.address.first().map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.ip);
            return Err(NotStarted::Source(ip, Errno::AFNOSUPPORT.into()));
        }
        // What is told in the end: an address that others have is worth less than ports that ran out.
        let mut foreign = None;
        let mut used_up = false;
        for place in (0..self.places.len()).map(|step| &self.places[first.wrapping_add(step) % self.places.len()]) {
            match place.depart(&mut start) {
                Ok(started) => return Ok(started),
                Err(Refusal::Port) => used_up = true,
                Err(Refusal::Address(error)) => foreign = Some(NotStarted::Source(place.ip, error)),
                Err(Refusal::Other(error)) => return Err(NotStarted::System(error)),
            }
        }
        Err(match foreign {
            Some(error) if !used_up => error,
            _ => NotStarted::NoPort,
        })
    }
}

/// [`Outlets`] gives one for what says the same.
impl PartialEq for Outlet {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Outlet {}

impl Place {
    fn depart<T>(
        &self,
        start: &mut impl FnMut(Departure) -> Result<T, Refusal>,
    ) -> Result<(T, Option<HeldPort>), Refusal> {
        let Some(range) = &self.range else {
            let from = Some(SocketAddr::new(self.ip, 0)).filter(|from| !from.ip().is_unspecified());
            return start(from).map(|started| (started, None));
        };
        for _ in 0..TRIES.min(range.size()) {
            // One that others have goes back to the end of the queue, so that the next try is another.
            let Some(port) = range.take() else { break };
            match start(Some(SocketAddr::new(self.ip, port.number()))) {
                Ok(started) => return Ok((started, Some(port))),
                Err(Refusal::Port) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Err(Refusal::Port)
    }
}

/// Every outlet and range that somebody uses, by value: a reload finds those that it says again, with the ports that are in use.
#[derive(Debug, Default)]
pub struct Outlets {
    outlets: HashMap<(Source, Destination), Weak<Outlet>>,
    ranges: HashMap<(SourceAddress, Destination), Weak<PortRange>>,
}

/// Where connections go. Each network namespace has ports of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The server's address.
    pub address: SocketAddr,
    /// The namespace in which it is reached.
    pub namespace: Option<Box<str>>,
}

impl From<SocketAddr> for Destination {
    fn from(address: SocketAddr) -> Self {
        Self { address, namespace: None }
    }
}

impl Outlets {
    /// The outlet to this destination. Two that differ share the ports that both name.
    pub fn of(&mut self, source: &Source, to: impl Into<Destination>, random: &mut dyn FnMut() -> u64) -> Arc<Outlet> {
        let destination = to.into();
        let key = (source.clone(), destination.clone());
        if let Some(known) = self.outlets.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        let fitting = source.address.iter().filter(|address| address.fits(&destination.address));
        let mut place = |address: &SourceAddress| {
            let range = address.ports.map(|ports| {
                let known = self.ranges.entry((*address, destination.clone())).or_default();
                known.upgrade().unwrap_or_else(|| {
                    let range = PortRange::new(address.ip, ports, random());
                    *known = Arc::downgrade(&range);
                    range
                })
            });
            Place { ip: address.ip, range }
        };
        let places = if source.address.is_empty() {
            // Only an interface, or only whom the server is to see.
            Box::new([Place { ip: Ipv4Addr::UNSPECIFIED.into(), range: None }]) as Box<[Place]>
        } else {
            fitting.map(&mut place).collect()
        };
        let outlet = Arc::new(Outlet::new(source, places));
        self.outlets.insert(key, Arc::downgrade(&outlet));
        outlet
    }

    /// Forgets those that neither a configuration nor a connection uses any more.
    pub fn forget_unused(&mut self) {
        self.outlets.retain(|_, outlet| outlet.strong_count() > 0);
        self.ranges.retain(|_, range| range.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests;
