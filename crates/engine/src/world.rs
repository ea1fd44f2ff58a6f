//! What the world did, by identity: it lives outside every snapshot and is carried into the next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_lb::{Balance, Balancer};
use plimsoll_net::{Address, Destination, Outlet, Outlets, Source};
use plimsoll_observe::Events;
use plimsoll_proxy::{BackendLive, FrontendLive, Gate, Process};
use plimsoll_server::{Server, Set, Settings, Wanted};

use crate::plan::{Place, Plan};

/// Every live object of the process.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) process: Arc<Process>,
    pub(crate) workers: usize,
    frontends: HashMap<Box<str>, Arc<FrontendLive>>,
    backends: HashMap<Box<str>, Known>,
    ports: Vec<(Place, u32)>,
    /// The limits of single addresses, by the listener's number.
    bind_gates: HashMap<u32, Arc<Gate>>,
    last_port: u32,
    /// From where connections leave, with the ports that are in use.
    outlets: Outlets,
    random: fastrand::Rng,
    /// Servers that the configuration being built does not have any more.
    gone: Vec<Arc<Server>>,
}

/// What is known of a backend.
#[derive(Debug)]
struct Known {
    live: Arc<BackendLive>,
    set: Arc<Set>,
    balancer: Arc<Balancer>,
    addresses: HashMap<Box<str>, Address>,
    /// In the order of the file.
    servers: Vec<Arc<Server>>,
}

/// A backend's live objects, as a build uses them.
pub(crate) struct Living {
    pub(crate) live: Arc<BackendLive>,
    pub(crate) balancer: Arc<Balancer>,
    /// In the order of the file.
    pub(crate) servers: Vec<Arc<Server>>,
}

impl World {
    pub(crate) fn new(workers: usize, maxconn: usize, events: Events) -> Self {
        Self {
            process: Arc::new(Process::new(workers, maxconn, events)),
            workers,
            frontends: HashMap::new(),
            backends: HashMap::new(),
            ports: Vec::new(),
            bind_gates: HashMap::new(),
            last_port: 0,
            outlets: Outlets::default(),
            random: fastrand::Rng::new(),
            gone: Vec::new(),
        }
    }

    /// The numbers of the listeners that exist already at these addresses; the second of two at one address is another.
    pub(crate) fn ports(&self, addresses: &[Place]) -> Vec<Option<u32>> {
        let mut left = self.ports.clone();
        let mut known = |address: &Place| {
            let at = left.iter().position(|(known, _)| known == address)?;
            // In the order of the file: of several at one address each stays with its frontend.
            Some(left.remove(at).1)
        };
        addresses.iter().map(&mut known).collect()
    }

    /// The numbers of all of them: the new ones get the next ones.
    pub(crate) fn numbers(&self, known: &[Option<u32>]) -> Vec<u32> {
        let mut last = self.last_port;
        let mut number = |known: &Option<u32>| {
            known.unwrap_or_else(|| {
                last += 1;
                last
            })
        };
        known.iter().map(&mut number).collect()
    }

    /// From now on these are the listeners.
    pub(crate) fn settle(&mut self, addresses: Vec<Place>, ports: Vec<u32>) {
        self.last_port = ports.iter().copied().fold(self.last_port, u32::max);
        self.bind_gates.retain(|port, _| ports.contains(port));
        self.ports = addresses.into_iter().zip(ports).collect();
    }

    /// The limit of one listener; it counts on over reloads.
    pub(crate) fn bind_gate(&mut self, port: u32, maxconn: usize) -> Arc<Gate> {
        let gate = self.bind_gates.entry(port).or_insert_with(|| Arc::new(Gate::new(maxconn)));
        gate.set_limit(maxconn);
        Arc::clone(gate)
    }

    /// From where connections to this address leave; the same as long as anybody uses it, so that its ports stay known over reloads.
    pub(crate) fn outlet(
        &mut self,
        source: &Source,
        address: &Address,
        namespace: Option<&str>,
    ) -> Option<Arc<Outlet>> {
        // A UNIX socket is connected to from nowhere.
        let Address::Inet(address) = *address else { return None };
        let to = Destination { address, namespace: namespace.map(Into::into) };
        let random = &mut self.random;
        Some(self.outlets.of(source, to, &mut || random.u64(..)))
    }

    pub(crate) fn frontend(&mut self, name: &str, maxconn: usize, rate: Option<u32>) -> Arc<FrontendLive> {
        let workers = self.workers;
        let new = || Arc::new(FrontendLive::new(name, maxconn, workers));
        let live = self.frontends.entry(name.into()).or_insert_with(new);
        live.gate.set_limit(maxconn);
        live.rate.set_limit(rate);
        Arc::clone(live)
    }

    /// The backend's live objects with exactly these servers. A server at another address is another server.
    pub(crate) fn backend(
        &mut self,
        name: &str,
        balance: Balance,
        allbackups: bool,
        settings: &[Settings],
        addresses: &[Address],
        now: Tick,
    ) -> Living {
        let workers = self.workers;
        let now_at =
            || settings.iter().zip(addresses).map(|(server, address)| (server.name.clone(), address.clone())).collect();
        let Some(known) = self.backends.get_mut(name) else {
            let set = Set::new(name, settings, workers, now);
            let balancer = Balancer::new(&balance, allbackups, Arc::clone(&set));
            let live = Arc::new(BackendLive::new(workers));
            let servers: Vec<Arc<Server>> = set.servers().to_vec();
            let known = Known {
                live: Arc::clone(&live),
                set,
                balancer: Arc::clone(&balancer),
                addresses: now_at(),
                servers: servers.clone(),
            };
            self.backends.insert(name.into(), known);
            return Living { live, balancer, servers };
        };
        let wanted: Vec<Wanted> = settings
            .iter()
            .zip(addresses)
            .map(|(server, address)| {
                let fresh = known.addresses.get(&server.name).is_some_and(|before| before != address);
                Wanted { settings: server.clone(), fresh }
            })
            .collect();
        let servers = known.set.reshape(&wanted, now).servers.to_vec();
        let before = std::mem::replace(&mut known.servers, servers.clone());
        let stays: HashSet<*const Server> = servers.iter().map(Arc::as_ptr).collect();
        self.gone.extend(before.into_iter().filter(|server| !stays.contains(&Arc::as_ptr(server))));
        known.balancer = known.balancer.reload(&balance, allbackups);
        known.addresses = now_at();
        Living { live: Arc::clone(&known.live), balancer: Arc::clone(&known.balancer), servers }
    }

    /// Forgets what the configuration does not name any more, once the snapshot without it is stored. Gives the servers that are gone.
    pub(crate) fn retain(&mut self, plan: &Plan, now: Tick) -> Vec<Arc<Server>> {
        self.frontends.retain(|name, _| plan.file.frontends.contains_key(&**name));
        self.outlets.forget_unused();
        let gone = &mut self.gone;
        self.backends.retain(|name, known| {
            let stays = plan.file.backends.contains_key(&**name);
            if !stays {
                known.set.reshape(&[], now);
                gone.append(&mut known.servers);
            }
            known.set.retire();
            stays
        });
        std::mem::take(gone)
    }
}
