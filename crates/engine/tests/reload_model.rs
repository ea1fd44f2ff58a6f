//! Random edits of a configuration, reloads, requests and run-time changes, against a small model of what must be kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_engine::{Engine, Loader, Plan, load_text};
use plimsoll_net::Address;
use plimsoll_proxy::Snapshot;
use plimsoll_server::{Admin, Server};
use plimsoll_testkit::{Client, Exchange, Origin, Then, eventually};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const PATIENCE: Duration = Duration::from_secs(20);
/// Frontend `w0` leads to backend `b0`, if there is one, and so on.
const BACKENDS: usize = 3;
const SERVERS: usize = 4;
const ORIGINS: usize = 4;

#[derive(Clone, Debug)]
enum Edit {
    /// Adds it, or gives it another address.
    Put(usize, usize, usize),
    Remove(usize, usize),
    Weigh(usize, usize, u16),
    Disable(usize, usize, bool),
    AddBackend(usize),
    RemoveBackend(usize),
    Balance(usize, usize),
    Check(usize, bool),
    Maxconn(u32),
}

#[derive(Clone, Debug)]
enum Step {
    /// Edits of the file, then a reload.
    Reload(Vec<Edit>),
    Ask(usize, usize),
    SetWeight(usize, usize, u16),
    Administer(usize, usize, Admin),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let weight = prop_oneof![1 => Just(0u16), 4 => 1u16..20];
    let (backend, server) = (0..BACKENDS, 0..SERVERS);
    let of = || (backend.clone(), server.clone());
    let edit = prop_oneof![
        4 => (of(), 0..ORIGINS).prop_map(|((backend, server), origin)| Edit::Put(backend, server, origin)),
        2 => of().prop_map(|(backend, server)| Edit::Remove(backend, server)),
        2 => (of(), weight.clone()).prop_map(|((backend, server), weight)| Edit::Weigh(backend, server, weight)),
        1 => (of(), any::<bool>()).prop_map(|((backend, server), off)| Edit::Disable(backend, server, off)),
        2 => backend.clone().prop_map(Edit::AddBackend),
        1 => backend.clone().prop_map(Edit::RemoveBackend),
        1 => (backend.clone(), 0..3usize).prop_map(|(backend, which)| Edit::Balance(backend, which)),
        1 => (backend.clone(), any::<bool>()).prop_map(|(backend, on)| Edit::Check(backend, on)),
        1 => (20u32..200).prop_map(Edit::Maxconn),
    ];
    let admin = prop_oneof![Just(Admin::Ready), Just(Admin::Drain), Just(Admin::Maint)];
    let step = prop_oneof![
        4 => prop::collection::vec(edit, 0..4).prop_map(Step::Reload),
        4 => (backend.clone(), 1..5usize).prop_map(|(backend, count)| Step::Ask(backend, count)),
        1 => (of(), weight).prop_map(|((backend, server), weight)| Step::SetWeight(backend, server, weight)),
        1 => (of(), admin).prop_map(|((backend, server), admin)| Step::Administer(backend, server, admin)),
    ];
    prop::collection::vec(step, 4..24)
}

/// A server as the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    origin: usize,
    weight: u16,
    disabled: bool,
}

/// A backend as the file has it.
#[derive(Clone, Debug, Default)]
struct Filed {
    balance: usize,
    check: bool,
    servers: BTreeMap<usize, Line>,
}

#[derive(Clone, Debug)]
struct File {
    maxconn: u32,
    backends: BTreeMap<usize, Filed>,
}

impl File {
    fn edit(&mut self, edit: &Edit) {
        let change = |backend: Option<&mut Filed>, server: &usize, change: &dyn Fn(&mut Line)| {
            if let Some(line) = backend.and_then(|backend| backend.servers.get_mut(server)) {
                change(line);
            }
        };
        match edit {
            Edit::Put(backend, server, origin) => {
                let Some(backend) = self.backends.get_mut(backend) else { return };
                let new = Line { origin: *origin, weight: 1, disabled: false };
                backend.servers.entry(*server).or_insert(new).origin = *origin;
            }
            Edit::Remove(backend, server) => {
                if let Some(backend) = self.backends.get_mut(backend) {
                    backend.servers.remove(server);
                }
            }
            Edit::Weigh(backend, server, weight) => {
                change(self.backends.get_mut(backend), server, &|line| line.weight = *weight);
            }
            Edit::Disable(backend, server, off) => {
                change(self.backends.get_mut(backend), server, &|line| line.disabled = *off);
            }
            Edit::AddBackend(backend) => drop(self.backends.entry(*backend).or_default()),
            Edit::RemoveBackend(backend) => drop(self.backends.remove(backend)),
            Edit::Balance(backend, which) => {
                self.backends.entry(*backend).and_modify(|backend| backend.balance = *which);
            }
            Edit::Check(backend, on) => {
                self.backends.entry(*backend).and_modify(|backend| backend.check = *on);
            }
            Edit::Maxconn(maxconn) => self.maxconn = *maxconn,
        }
    }

    fn plan(&self, origins: &[SocketAddr]) -> Plan {
        let mut text = format!(
            "global: {{ threads: 2, maxconn: {} }}\ndefaults:\n  timeouts: {{ connect: 5s, client: 30s, server: 30s }}\nfrontends:\n",
            self.maxconn
        );
        for frontend in 0..BACKENDS {
            let to = if self.backends.contains_key(&frontend) {
                format!(", default-backend: b{frontend}")
            } else {
                String::new()
            };
            let _ = writeln!(text, "  w{frontend}: {{ bind: \"127.0.0.1:0\"{to} }}");
        }
        text += if self.backends.is_empty() { "backends: {}\n" } else { "backends:\n" };
        for (number, backend) in &self.backends {
            let balance = ["roundrobin", "leastconn", "random"][backend.balance];
            let _ = writeln!(text, "  b{number}:\n    balance: {balance}");
            if backend.check {
                text += "    health-check: { type: tcp, interval: 1h }\n";
            }
            text += if backend.servers.is_empty() { "    servers: {}\n" } else { "    servers:\n" };
            for (server, line) in &backend.servers {
                let (address, weight, disabled) = (origins[line.origin], line.weight, line.disabled);
                let _ = writeln!(
                    text,
                    "      s{server}: {{ address: \"{address}\", weight: {weight}, disabled: {disabled} }}"
                );
            }
        }
        let (plan, findings) = load_text("lb.yaml", &text);
        let mut plan = plan.unwrap_or_else(|| panic!("{}\n{text}", findings.render(false)));
        plan.without_log();
        plan
    }
}

/// What must hold of a server that lives.
struct Kept {
    object: Weak<Server>,
    line: Line,
    weight: u16,
    admin: Admin,
    requests: u64,
}

struct House {
    engine: Arc<Engine>,
    origins: Vec<SocketAddr>,
    file: File,
    servers: BTreeMap<(usize, usize), Kept>,
    /// Requests by backend, as long as it lives; by frontend.
    backends: BTreeMap<usize, u64>,
    frontends: [u64; BACKENDS],
    /// One kept connection to each frontend, and where it leads.
    clients: Vec<(SocketAddr, Client)>,
    snapshots: Vec<Weak<Snapshot>>,
    /// Servers that are gone, still held by somebody, and what they had served.
    gone: Vec<(Arc<Server>, u64)>,
}

impl House {
    fn start(origins: Vec<SocketAddr>) -> Self {
        let servers = (0..2).map(|number| (number, Line { origin: number, weight: 1, disabled: false })).collect();
        let file = File { maxconn: 100, backends: BTreeMap::from([(0, Filed { servers, ..Filed::default() })]) };
        let engine = Engine::start(file.plan(&origins), Loader::none()).unwrap();
        let clients = engine.addresses().into_iter().map(|(_, address)| match address {
            Address::Inet(address) => (address, Client::connect(address).patient(PATIENCE)),
            other => panic!("{other} is no port"),
        });
        let clients = clients.collect();
        let snapshots = vec![Arc::downgrade(&engine.snapshot())];
        let (servers, backends, gone) = Default::default();
        let mut house =
            Self { engine, origins, file, servers, backends, frontends: [0; BACKENDS], clients, snapshots, gone };
        house.follow();
        house.check();
        house
    }

    fn server(&self, backend: usize, server: usize) -> Option<Arc<Server>> {
        let snapshot = self.engine.snapshot();
        let backend = snapshot.backends.iter().find(|known| *known.name == *format!("b{backend}"))?;
        let name = format!("s{server}");
        backend.targets.iter().map(|target| &target.server).find(|known| known.name() == name).cloned()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Reload(edits) => {
                edits.iter().for_each(|edit| self.file.edit(edit));
                let addresses = self.engine.addresses();
                self.engine.reload(self.file.plan(&self.origins)).unwrap();
                assert_eq!(self.engine.addresses(), addresses, "the listeners stay");
                self.snapshots.push(Arc::downgrade(&self.engine.snapshot()));
                self.follow();
            }
            Step::Ask(backend, count) => (0..*count).for_each(|_| self.ask(*backend)),
            Step::SetWeight(backend, number, weight) => {
                if let Some(server) = self.server(*backend, *number) {
                    server.set_weight(Tick::now(), *weight);
                    self.servers.get_mut(&(*backend, *number)).unwrap().weight = *weight;
                }
            }
            Step::Administer(backend, number, admin) => {
                if let Some(server) = self.server(*backend, *number) {
                    server.administer(Tick::now(), *admin);
                    self.servers.get_mut(&(*backend, *number)).unwrap().admin = *admin;
                }
            }
        }
        self.check();
    }

    /// What a reload means, in the words of the design: the file speaks only where it says something new.
    fn follow(&mut self) {
        let mut before = std::mem::take(&mut self.servers);
        for (backend, filed) in &self.file.backends {
            for (number, line) in &filed.servers {
                let admin = |line: &Line| if line.disabled { Admin::Maint } else { Admin::Ready };
                let now = Arc::downgrade(&self.server(*backend, *number).expect("the file has it"));
                let kept = match before.remove(&(*backend, *number)) {
                    None => Kept { object: now, line: *line, weight: line.weight, admin: admin(line), requests: 0 },
                    Some(old) => {
                        let same = Weak::ptr_eq(&old.object, &now);
                        assert_eq!(same, old.line.origin == line.origin, "b{backend}/s{number} by its address");
                        let weight = if old.line.weight == line.weight { old.weight } else { line.weight };
                        let admin = if old.line.disabled == line.disabled { old.admin } else { admin(line) };
                        Kept { object: now, line: *line, weight, admin, requests: old.requests }
                    }
                };
                self.servers.insert((*backend, *number), kept);
            }
        }
        self.gone.extend(before.into_values().filter_map(|old| Some((old.object.upgrade()?, old.requests))));
        let counts =
            self.file.backends.keys().map(|backend| (*backend, self.backends.get(backend).copied().unwrap_or(0)));
        self.backends = counts.collect();
    }

    fn ask(&mut self, frontend: usize) {
        let response = self.clients[frontend].1.get("/").unwrap();
        self.frontends[frontend] += 1;
        if self.file.backends.contains_key(&frontend) {
            *self.backends.get_mut(&frontend).unwrap() += 1;
        }
        let of_backend = self.servers.range((frontend, 0)..(frontend + 1, 0));
        let able: Vec<(usize, usize)> = of_backend
            .filter(|(_, kept)| kept.weight > 0 && kept.admin == Admin::Ready)
            .map(|((_, number), kept)| (*number, kept.line.origin))
            .collect();
        let text = response.text();
        if able.is_empty() {
            assert_eq!(response.status, 503, "{text}");
        } else {
            assert_eq!(response.status, 200, "{text}");
            let may = able.iter().filter(|(_, origin)| format!("o{origin}") == text).map(|(number, _)| *number);
            let may: Vec<usize> = may.collect();
            // Several servers may be at one origin: exactly one of them has counted it, and no other server has.
            let mut who = None;
            eventually("a server at that origin has counted it", PATIENCE, || {
                who = may.iter().copied().find(|number| {
                    let server = self.server(frontend, *number).unwrap();
                    requests(&server) == self.servers[&(frontend, *number)].requests + 1
                });
                who.is_some()
            });
            self.servers.get_mut(&(frontend, who.unwrap())).unwrap().requests += 1;
        }
        if response.closes() {
            let to = self.clients[frontend].0;
            self.clients[frontend].1 = Client::connect(to).patient(PATIENCE);
        }
    }
    /// Everything that must hold between two steps.
    fn check(&mut self) {
        let snapshot = self.engine.snapshot();
        for ((backend, number), kept) in &self.servers {
            let server = self.server(*backend, *number).expect("the configuration has it");
            assert!(Weak::ptr_eq(&Arc::downgrade(&server), &kept.object), "the same object");
            assert_eq!(server.weight(), kept.weight, "b{backend}/s{number}");
            assert_eq!(server.file_weight(), kept.line.weight, "b{backend}/s{number}");
            assert_eq!(server.health().admin(), kept.admin, "b{backend}/s{number}");
            assert_eq!(requests(&server), kept.requests, "b{backend}/s{number}");
        }
        let targets: usize = snapshot.backends.iter().map(|backend| backend.targets.len()).sum();
        assert_eq!((snapshot.backends.len(), targets), (self.file.backends.len(), self.servers.len()));
        for (number, count) in &self.backends {
            let name = format!("b{number}");
            let live = &snapshot.backends.iter().find(|backend| *backend.name == *name).unwrap().live;
            eventually("the backend has counted", PATIENCE, || live.counters.sum(|own| own.requests.get()) == *count);
        }
        for (frontend, count) in snapshot.frontends.iter().zip(&self.frontends) {
            let counters = &frontend.live.counters;
            eventually("the frontend has counted", PATIENCE, || counters.sum(|own| own.requests.get()) == *count);
        }
        for (server, count) in &self.gone {
            assert_eq!(requests(server), *count, "{} is gone", server.identity());
        }
        drop(snapshot);
        let live = self.snapshots.iter().filter(|old| old.strong_count() > 0).count();
        assert!(live <= 2, "{live} snapshots are alive");
    }
}

fn requests(server: &Server) -> u64 {
    server.counters().sum(|own| own.sessions.get())
}

impl Drop for House {
    fn drop(&mut self) {
        self.engine.drain();
        self.clients.clear();
        if !std::thread::panicking() {
            eventually("it is drained", PATIENCE, || self.engine.is_drained());
            self.engine.finish();
        }
    }
}

/// An origin that answers its name.
fn origin(number: usize) -> Origin {
    Origin::serving(move |exchange: &mut Exchange<'_>| {
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no{number}"));
        Then::Keep
    })
}

#[test]
fn whatever_is_edited_a_reload_keeps_what_the_world_did_and_serves_what_the_file_says() {
    let origins: Vec<Origin> = (0..ORIGINS).map(origin).collect();
    let addresses: Vec<SocketAddr> = origins.iter().map(|origin| origin.addr).collect();
    let config = Config { cases: 40, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let run = TestRunner::new(config).run(&steps(), |steps| {
        let mut house = House::start(addresses.clone());
        steps.iter().for_each(|step| house.take(step));
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}
