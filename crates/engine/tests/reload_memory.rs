//! A thousand reloads leave nothing behind: the bytes of this process are counted, and the snapshots that are alive.

use std::alloc::System;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use plimsoll_engine::{Engine, Loader, Plan, load_text};
use plimsoll_net::Address;
use plimsoll_testkit::{Client, Origin, eventually, holds_for};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PATIENCE: Duration = Duration::from_secs(20);
/// What a hundred reloads may leave: ten bytes each.
const SLACK: isize = 1000;

fn live_bytes() -> usize {
    let stats = COUNTED.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Files that differ in what a reload adds, removes, changes and moves; the one after the last is the first.
fn plan(round: usize, origins: &[SocketAddr]) -> Plan {
    let phase = round % 4;
    let mut text = format!(
        "global: {{ threads: 2, maxconn: {}, removed-servers: \"close\" }}\n\
         defaults:\n  timeouts: {{ connect: 5s, client: 30s, server: 30s }}\n\
         frontends:\n  web: {{ bind: \"127.0.0.1:0\", default-backend: b0 }}\n",
        100 + phase
    );
    if phase == 1 {
        text += "  more: { bind: \"127.0.0.2:0\", default-backend: b1 }\n";
    }
    // So that no connection to a server is kept: their number would depend on which worker served how much.
    text += "backends:\n";
    for backend in 0..2 + phase {
        let balance = ["roundrobin", "leastconn", "random", "roundrobin"][phase];
        let _ = writeln!(text, "  b{backend}:\n    balance: {balance}\n    http-reuse: never");
        if phase != 2 {
            text += "    health-check: { type: tcp, interval: 1h }\n";
        }
        text += "    servers:\n";
        for server in 0..3 + phase {
            let address = origins[(server + phase) % origins.len()];
            let _ = writeln!(text, "      s{server}: {{ address: \"{address}\", weight: {} }}", 1 + phase);
        }
    }
    let (plan, findings) = load_text("lb.yaml", &text);
    let mut plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
    plan.without_log();
    plan
}

fn web(engine: &Engine) -> SocketAddr {
    let addresses = engine.addresses();
    let (_, address) = addresses.iter().find(|(name, _)| name == "web").expect("it listens");
    let Address::Inet(address) = address else { panic!("it is a port") };
    *address
}

/// The bytes when clients, servers and the control thread have come to rest.
fn settled(engine: &Engine, origins: &[Origin]) -> usize {
    let quiet = || engine.connections() == 0 && origins.iter().all(|origin| origin.open() == 0);
    let mut bytes = 0;
    eventually("it comes to rest", PATIENCE, || {
        bytes = live_bytes();
        holds_for(Duration::from_millis(50), || quiet() && live_bytes() == bytes)
    });
    bytes
}

/// Tells whoever looks on that it is over, also when it ends in a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn end(engine: &Engine) {
    engine.drain();
    eventually("it is drained", PATIENCE, || engine.is_drained());
    engine.finish();
}

#[test]
fn live_bytes_are_flat_over_a_thousand_reloads_and_two_snapshots_are_the_most() {
    let origins: Vec<Origin> = (0..3).map(|_| Origin::answering()).collect();
    let at: Vec<SocketAddr> = origins.iter().map(|origin| origin.addr).collect();
    let engine = Engine::start(plan(0, &at), Loader::none()).expect("it starts");
    let over = AtomicBool::new(false);
    let most = AtomicUsize::new(0);
    thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(SeqCst) {
                most.fetch_max(engine.live_snapshots(), SeqCst);
                thread::yield_now();
            }
        });
        let hundred = || {
            for round in 1..=100 {
                engine.reload(plan(round, &at)).expect("it takes it over");
                assert_eq!(engine.live_snapshots(), 1, "the old one is gone when the reload is done");
                let mut client = Client::connect(web(&engine));
                assert_eq!(client.get("/").expect("an answer").status, 200);
            }
            // Clients are let go and orders obeyed on other threads.
            settled(&engine, &origins)
        };
        let bytes: Vec<usize> = (0..10).map(|_| hundred()).collect();
        let mut growth: Vec<isize> =
            bytes.windows(2).map(|pair| pair[1].cast_signed() - pair[0].cast_signed()).collect();
        eprintln!(
            "{{\"bytes_after_100\":{},\"bytes_after_1000\":{},\"growth_by_hundred\":{growth:?},\"most_snapshots\":{}}}",
            bytes[0],
            bytes[9],
            most.load(SeqCst)
        );
        growth.sort_unstable();
        // A leak is in every hundred. A queue that became longer than ever before, because a thread was late, is in one.
        assert!(growth[4] <= SLACK, "bytes by hundred reloads: {bytes:?}");
    });
    assert!((1..=2).contains(&most.load(SeqCst)), "{} snapshots were alive at once", most.load(SeqCst));
    end(&engine);
}
