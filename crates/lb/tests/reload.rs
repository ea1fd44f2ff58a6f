//! A balancer through reloads: positions and loads survive, sums are conserved, and no request is left without a server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use plimsoll_clock::Tick;
use plimsoll_lb::{Balance, Balancer, among};
use plimsoll_server::{Admin, Load, Server, Set, Settings, Wanted};
use proptest::prelude::*;

const NOW: Tick = Tick::from_micros(1);
const ALGORITHMS: [&str; 4] = ["leastconn", "roundrobin", "random", "random(3)"];

fn algorithm(name: &str) -> Balance {
    name.parse().expect("a known name")
}

fn wanted(name: &str) -> Wanted {
    Settings { name: name.into(), ..Settings::default() }.into()
}

fn set(names: &[&str]) -> Arc<Set> {
    let settings: Vec<Settings> = names.iter().map(|name| wanted(name).settings).collect();
    Set::new("be", &settings, 1, NOW)
}

/// Picks `count` times, each by the name of its server.
fn picks(balancer: &Balancer, count: usize) -> Vec<String> {
    let servers = balancer.set().servers();
    let name = |slot| servers.iter().find(|server| server.slot() == slot).expect("in the set").name().to_string();
    (0..count).map(|_| name(balancer.pick(0, None, &mut || 0).expect("one is usable"))).collect()
}

#[test]
fn the_same_algorithm_goes_on_where_it_was() {
    let set = set(&["a", "b", "c"]);
    let balancer = Balancer::new(&algorithm("roundrobin"), false, Arc::clone(&set));
    assert_eq!(picks(&balancer, 2), ["a", "b"]);
    set.reshape(&["a", "b", "c"].map(wanted), NOW);
    let again = balancer.reload(&algorithm("roundrobin"), true);
    set.retire();
    assert!(Arc::ptr_eq(&balancer, &again));
    assert_eq!(picks(&again, 3), ["c", "a", "b"]);
    set.reshape(&["a", "b", "c", "d"].map(wanted), NOW);
    let mut round = picks(&again, 4);
    round.sort();
    assert_eq!(round, ["a", "b", "c", "d"]);
}

#[test]
fn a_new_balancer_starts_with_the_first_of_the_file_whatever_the_slots() {
    let set = set(&["a", "b", "c"]);
    set.reshape(&["d", "c", "a"].map(wanted), NOW);
    set.retire();
    for name in ["roundrobin", "leastconn"] {
        assert_eq!(picks(&Balancer::new(&algorithm(name), false, Arc::clone(&set)), 1), ["d"]);
    }
}

#[test]
fn the_first_backup_is_the_first_of_the_new_file() {
    let backup = |name: &str| {
        let mut wanted = wanted(name);
        wanted.settings.options.backup = true;
        wanted
    };
    let set = set(&[]);
    set.reshape(&[backup("a"), backup("b")], NOW);
    let balancer = Balancer::new(&algorithm("roundrobin"), false, Arc::clone(&set));
    assert_eq!(picks(&balancer, 1), ["a"]);
    set.reshape(&[backup("b"), backup("a")], NOW);
    assert_eq!(picks(&balancer, 1), ["b"]);
    assert_eq!(picks(&balancer.reload(balancer.balance(), true), 2), ["a", "b"]);
}

#[test]
fn a_new_algorithm_hears_what_began_under_the_old_one() {
    let set = set(&["a", "b"]);
    let old = Balancer::new(&algorithm("roundrobin"), false, Arc::clone(&set));
    let [a, b] = ["a", "b"].map(|name| set.find(name).unwrap());
    (0..3).for_each(|_| old.took(&a));
    let new = old.reload(&algorithm("leastconn"), false);
    assert_eq!(picks(&new, 1), ["b"]);
    (0..2).for_each(|_| new.took(&b));
    (0..2).for_each(|_| old.released(&a));
    assert_eq!(picks(&new, 1), ["a"]);
    let newest = new.reload(&algorithm("random"), false).reload(&algorithm("leastconn"), false);
    old.released(&a);
    new.released(&b);
    new.released(&b);
    newest.took(&a);
    assert_eq!(picks(&newest, 1), ["b"], "through a chain of three");
    newest.released(&a);
    assert_eq!((a.served(), b.served()), (0, 0));
}

#[test]
fn among_prefers_active_servers_the_least_loaded_and_not_the_one_that_failed() {
    let mut weighty = wanted("b");
    weighty.settings.options.weight = 4;
    let mut backup = wanted("c");
    backup.settings.options.backup = true;
    let set = Set::new("be", &[wanted("a").settings, weighty.settings, backup.settings], 1, NOW);
    let servers = set.servers();
    let choose = |avoid| among(servers.iter().map(|server| &**server), avoid);
    assert_eq!(choose(None), Some(0));
    servers[0].load().begin();
    servers[1].load().begin();
    assert_eq!(choose(None), Some(1), "a quarter of the load for its weight");
    assert_eq!(choose(Some(1)), Some(0));
    servers[0].administer(NOW, Admin::Maint);
    assert_eq!(choose(Some(1)), Some(2));
    servers[2].administer(NOW, Admin::Maint);
    assert_eq!(choose(Some(1)), Some(1));
    servers[1].administer(NOW, Admin::Maint);
    assert_eq!(choose(None), None);
}

#[derive(Clone, Debug)]
enum Step {
    /// Servers by name and weight; the flags are backup and fresh.
    Reshape(Vec<(u8, u16, bool, bool)>),
    Retire,
    Algorithm(usize),
    /// On the balancer in force, or on an older one.
    Pick(usize),
    Release(usize),
    Admin(usize, Admin),
    Weight(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let server = (0..7_u8, 0..4_u16, prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    let admin = prop_oneof![3 => Just(Admin::Ready), 1 => Just(Admin::Drain), 1 => Just(Admin::Maint)];
    prop_oneof![
        2 => prop::collection::vec(server, 0..7).prop_map(Step::Reshape),
        2 => Just(Step::Retire),
        1 => (0..ALGORITHMS.len()).prop_map(Step::Algorithm),
        14 => prop_oneof![4 => Just(0_usize), 1 => any::<usize>()].prop_map(Step::Pick),
        8 => any::<usize>().prop_map(Step::Release),
        1 => (any::<usize>(), admin).prop_map(|(server, admin)| Step::Admin(server, admin)),
        1 => (any::<usize>(), 0..4_u16).prop_map(|(server, weight)| Step::Weight(server, weight)),
    ]
}

/// Servers as the file has them, without names that come twice.
fn file(servers: &[(u8, u16, bool, bool)]) -> Vec<Wanted> {
    let mut seen = [false; 7];
    let new = servers.iter().filter(|(name, ..)| !std::mem::replace(&mut seen[usize::from(*name)], true));
    new.map(|(name, weight, backup, fresh)| {
        let mut wanted = wanted(&name.to_string());
        (wanted.settings.options.weight, wanted.settings.options.backup) = (*weight, *backup);
        wanted.fresh = *fresh;
        wanted
    })
    .collect()
}

fn key(server: &Server) -> u32 {
    match server.served() {
        0 => 0,
        served => (served + 1) * 256 / server.effective_weight(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn loads_are_conserved_whatever_is_reshaped_picked_and_released(
        steps in prop::collection::vec(step(), 1..300),
        begin in 0..ALGORITHMS.len(),
    ) {
        let set = set(&["0", "1", "2"]);
        let mut balancers = vec![Balancer::new(&algorithm(ALGORITHMS[begin]), true, Arc::clone(&set))];
        // What the newest reshape left out serves until it retires; after that only leases hold it.
        let mut leaving: Vec<Arc<Server>> = Vec::new();
        let mut leases: Vec<(Arc<Balancer>, Arc<Server>)> = Vec::new();
        let mut numbers = fastrand::Rng::with_seed(7);
        for step in steps {
            let current = Arc::clone(balancers.last().expect("never empty"));
            let servers: Vec<Arc<Server>> = set.servers().iter().chain(&leaving).cloned().collect();
            match step {
                Step::Reshape(wanted) => {
                    let now = set.reshape(&file(&wanted), NOW).servers;
                    leaving = servers.into_iter().filter(|old| !now.iter().any(|new| Arc::ptr_eq(old, new))).collect();
                }
                Step::Retire => {
                    set.retire();
                    leaving.clear();
                }
                Step::Algorithm(which) => {
                    let next = current.reload(&algorithm(ALGORITHMS[which]), true);
                    if !Arc::ptr_eq(&next, &current) {
                        balancers.push(next);
                    }
                }
                Step::Pick(age) => {
                    let newest = balancers.len() - 1;
                    let balancer = &balancers[newest - age % balancers.len()];
                    let picked = balancer.pick(0, None, &mut || numbers.u64(..));
                    let usable = |server: &&Arc<Server>| server.usable();
                    prop_assert_eq!(picked.is_some(), servers.iter().any(|server| server.usable()));
                    let Some(slot) = picked else { continue };
                    let server = servers.iter().filter(usable).find(|server| server.slot() == slot);
                    prop_assert!(server.is_some(), "slot {} is nobody's, or of a server that is not usable", slot);
                    let server = server.expect("just seen");
                    let active = servers.iter().any(|server| server.usable() && !server.is_backup());
                    prop_assert_eq!(server.is_backup(), !active);
                    if Arc::ptr_eq(balancer, &current) && balancer.balance().algorithm.name == "leastconn" {
                        let group = servers.iter().filter(|other| other.is_backup() == server.is_backup());
                        prop_assert_eq!(Some(key(server)), group.filter(usable).map(|other| key(other)).min());
                    }
                    balancer.took(server);
                    leases.push((Arc::clone(balancer), Arc::clone(server)));
                }
                Step::Release(which) => {
                    if !leases.is_empty() {
                        let (balancer, server) = leases.swap_remove(which % leases.len());
                        balancer.released(&server);
                    }
                }
                Step::Admin(which, admin) if !servers.is_empty() => {
                    servers[which % servers.len()].administer(NOW, admin);
                }
                Step::Weight(which, weight) if !servers.is_empty() => {
                    servers[which % servers.len()].set_weight(NOW, weight);
                }
                Step::Admin(..) | Step::Weight(..) => {}
            }
            let mut served: HashMap<*const Server, u32> = HashMap::new();
            leases.iter().for_each(|(_, server)| *served.entry(Arc::as_ptr(server)).or_default() += 1);
            for server in set.servers().iter().chain(leases.iter().map(|(_, server)| server)) {
                prop_assert_eq!(server.served(), served.get(&Arc::as_ptr(server)).copied().unwrap_or(0));
            }
        }
    }
}

/// What a snapshot holds of a backend.
struct Snapshot {
    balancer: Arc<Balancer>,
    servers: Arc<[Arc<Server>]>,
}

impl Snapshot {
    fn choose(&self, numbers: &mut fastrand::Rng) -> Option<&Arc<Server>> {
        let slot = self.balancer.pick(0, None, &mut || numbers.u64(..))?;
        let known = self.servers.iter().find(|server| server.slot() == slot);
        known.or_else(|| Some(&self.servers[among(self.servers.iter().map(|server| &**server), None)?]))
    }
}

#[test]
fn four_workers_lose_no_request_and_no_count_while_everything_is_replaced() {
    let set = set(&["x0", "y0"]);
    let balancer = Balancer::new(&algorithm("leastconn"), false, Arc::clone(&set));
    let current = Mutex::new(Arc::new(Snapshot { balancer, servers: set.servers() }));
    let (stop, picked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut loads: Vec<Arc<Load>> = Vec::new();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (current, stop, picked) = (&current, &stop, &picked);
            scope.spawn(move || {
                let mut numbers = fastrand::Rng::with_seed(seed);
                let mut leases: Vec<(Arc<Balancer>, Arc<Server>)> = Vec::new();
                while !stop.load(SeqCst) {
                    // As a worker: the snapshot is looked up for each request, and may be replaced in the middle of it.
                    let snapshot = Arc::clone(&current.lock().unwrap());
                    let Some(server) = snapshot.choose(&mut numbers) else {
                        let newest = Arc::clone(&current.lock().unwrap());
                        assert!(!Arc::ptr_eq(&snapshot, &newest), "nobody is usable in the snapshot in force");
                        continue;
                    };
                    snapshot.balancer.took(server);
                    leases.push((Arc::clone(&snapshot.balancer), Arc::clone(server)));
                    picked.fetch_add(1, SeqCst);
                    if leases.len() > 8 {
                        let (balancer, server) = leases.swap_remove(numbers.usize(..leases.len()));
                        balancer.released(&server);
                    }
                }
                leases.iter().for_each(|(balancer, server)| balancer.released(server));
            });
        }
        for reload in 1..=200 {
            // Everything is new, but for one server in every third reload.
            let kept = if reload % 3 == 0 { reload - 1 } else { reload };
            let reshaped = set.reshape(&[wanted(&format!("x{kept}")), wanted(&format!("y{reload}"))], NOW);
            loads.extend(reshaped.servers.iter().map(|server| Arc::clone(server.load())));
            let before = Arc::clone(&current.lock().unwrap());
            let balancer = before.balancer.reload(&algorithm(ALGORITHMS[reload / 2 % 2]), false);
            *current.lock().unwrap() = Arc::new(Snapshot { balancer, servers: reshaped.servers });
            let seen = picked.load(SeqCst);
            while picked.load(SeqCst) < seen + 20 {
                std::thread::yield_now();
            }
            set.retire();
        }
        stop.store(true, SeqCst);
    });
    assert!(loads.iter().all(|load| load.now() == 0));
    let last = Arc::clone(&current.lock().unwrap());
    let last = last.balancer.reload(&algorithm("leastconn"), false);
    let both: Vec<usize> = (0..2)
        .map(|_| {
            let slot = last.pick(0, None, &mut || 0).unwrap();
            last.took(set.servers().iter().find(|server| server.slot() == slot).unwrap());
            slot
        })
        .collect();
    assert_ne!(both[0], both[1], "leastconn knows that both are idle");
}
