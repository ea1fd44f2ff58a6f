//! Scorecard row 16: one of two servers, or the way to it, fails and comes back, while clients POST.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use plimsoll_testkit::network::{FRONT, SERVER, at};
use plimsoll_testkit::{Lb, Network, Origin, eventually, holds_for, wait_until};
use plimsoll_tests::{Site, Timeouts, volume};
use rustix::process::Signal;

use crate::posts::{Counts, Posts, Report, counting};
use crate::stage::{SOON, listen_on};

/// Beside `lb`, so that nothing of the network's faults reaches it.
const NEAR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 81);
/// A server's own limit: what hangs is answered 504 by then.
const TIMES: Timeouts = Timeouts { server: 2000, client: 5000, http_request: 5000, keep_alive: 30_000, tunnel: 5000 };
/// Two checks that fail take 1.4 s at most.
const CHECK: &str = "health-check: { type: http, interval: 200ms, timeout: 500ms, rise: 1, fall: 2 }";
/// What the scorecard grants, and as much again for a busy machine.
const EJECTED: Duration = Duration::from_secs(4);

/// Two servers behind `lb`, and clients. What comes first here ends last.
struct House {
    counts: Counts,
    net: Network,
    _servers: Vec<Origin>,
    /// A process of its own before the far server, where one is stopped and killed.
    far: Option<Lb>,
    lb: Lb,
}

/// What the far server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Far {
    /// A thread of the test.
    Thread,
    /// A process, which a test can stop without stopping itself.
    Process,
}

/// The far server's process: a relay.
fn far(net: &Network) -> Lb {
    let site = Site::http().timeouts(TIMES).bind("192.0.2.2:80").backend("retries: 0").server("o", "127.0.0.1:82");
    net.server.enter(|| Lb::start(&site.yaml()))
}

impl House {
    fn new(kind: Far, start: fn(&Site) -> Lb) -> Self {
        let (net, counts) = (Network::new(), Counts::default());
        let near = counting(net.lb.enter(|| listen_on(Ipv4Addr::LOCALHOST, 81)), &counts);
        let listener = net.server.enter(|| match kind {
            Far::Process => listen_on(Ipv4Addr::LOCALHOST, 82),
            Far::Thread => listen_on(SERVER, 80),
        });
        let servers = vec![near, counting(listener, &counts)];
        let far = (kind == Far::Process).then(|| far(&net));
        let site = Site::http().timeouts(TIMES).bind("198.51.100.1:80").backend(CHECK);
        let site = site.server("near", NEAR).server("far", at(SERVER, 80));
        let lb = net.lb.enter(|| start(&site));
        // haproxy does not say when it listens.
        eventually("it listens", SOON, || net.client.enter(|| TcpStream::connect(at(FRONT, 80))).is_ok());
        Self { counts, net, _servers: servers, far, lb }
    }

    /// What the process event says that came last about the far server.
    fn far_is(&self, state: &str) -> bool {
        let said = self.lb.stdout();
        let last = said.lines().rfind(|line| line.contains("Server origins/far is "));
        last.map_or(state == "UP", |line| line.contains(&format!("is {state}")))
    }
}

/// A fault and what is expected of it.
struct Fault {
    name: &'static str,
    far: Far,
    /// Whether the far server is to be taken out of rotation.
    ejects: bool,
    /// Bytes of a POST.
    size: usize,
    cut: fn(&mut House),
    mend: fn(&mut House),
}

/// What became of it.
struct Verdict {
    posts: Report,
    /// Until the far server was out of rotation.
    ejected: Option<Duration>,
    /// POSTs that began more than a second after the server was back, and failed.
    after: usize,
}

impl Fault {
    /// Clients POST, the fault comes, stays for a while, and goes.
    fn strikes(&self, start: fn(&Site) -> Lb) -> Verdict {
        let mut house = House::new(self.far, start);
        let posts = house.net.client.enter(|| Posts::start(at(FRONT, 80), self.size));
        eventually("clients are served", SOON, || posts.done() > 40);
        let began = Instant::now();
        (self.cut)(&mut house);
        let ejected = (self.ejects && wait_until(SOON, || house.far_is("DOWN"))).then(|| began.elapsed());
        holds_for(Duration::from_secs(volume(1, 20) as u64), || true);
        (self.mend)(&mut house);
        eventually("the server is up", SOON, || house.far_is("UP"));
        let whole = Instant::now() + Duration::from_secs(1);
        holds_for(Duration::from_millis(1800), || true);
        let posts = posts.stop(&house.counts);
        let after = posts.failures.iter().filter(|(at, _)| *at > whole).count();
        Verdict { posts, ejected, after }
    }

    /// Prints what became of it, beside haproxy's figures where all of it is measured, and holds it against the scorecard.
    fn is_borne(&self) -> Report {
        let verdict = self.strikes(Site::start);
        self.print("", &verdict);
        if volume(0, 1) == 1 && !Lb::is_haproxy() {
            self.print(", haproxy", &self.strikes(|site| Lb::haproxy("web", &site.haproxy_cfg())));
        }
        let (name, posts) = (self.name, verdict.posts);
        if self.ejects {
            let took = verdict.ejected.unwrap_or_else(|| panic!("{name}: the server stays in rotation: {posts:?}"));
            assert!(took < EJECTED, "{name}: {took:?} until it was ejected");
        }
        assert_eq!((posts.duplicates, posts.wrong, verdict.after), (0, 0, 0), "{name}: {posts:?}");
        posts
    }

    fn print(&self, who: &str, verdict: &Verdict) {
        let ejected = match verdict.ejected {
            Some(took) => format!("ejected after {:.2} s, ", took.as_secs_f64()),
            None => String::new(),
        };
        let Report { sent, failures, duplicates, .. } = &verdict.posts;
        println!(
            "row 16{who}: {}: {ejected}{sent} POSTs, {} failed, {duplicates} arrived twice, {} failed later than 1 s after it was over",
            self.name,
            failures.len(),
            verdict.after,
        );
    }
}

const PARTITION: Fault = Fault {
    name: "partition",
    far: Far::Thread,
    ejects: true,
    size: 100,
    cut: |house| house.net.server.run("ip", &["link", "set", "eth", "down"]),
    mend: |house| house.net.server.run("ip", &["link", "set", "eth", "up"]),
};

#[test]
fn a_partition_costs_no_post_twice_and_is_forgotten_when_it_is_over() {
    PARTITION.is_borne();
}

#[test]
fn a_server_that_becomes_a_black_hole_is_ejected() {
    Fault {
        name: "black hole",
        cut: |house| house.net.cut_off_server(),
        mend: |house| house.net.join_server(),
        ..PARTITION
    }
    .is_borne();
}

#[test]
fn a_port_that_refuses_is_ejected() {
    let report = Fault {
        name: "port refused",
        cut: |house| {
            let rules = "table ip faults { chain in { type filter hook input priority 0; tcp dport 80 reject with tcp reset; }; }";
            house.net.server.run("nft", &[rules]);
        },
        mend: |house| house.net.server.run("nft", &["delete table ip faults"]),
        ..PARTITION
    }
    .is_borne();
    // Four clients: what was under way then is all that can fail.
    assert!(report.failures.len() <= 4, "{report:?}");
}

#[test]
fn a_tenth_of_all_packets_lost_duplicates_nothing() {
    Fault {
        name: "a tenth of all packets lost",
        ejects: false,
        cut: |house| {
            let rules = "table ip faults { \
                chain in { type filter hook input priority 0; iifname back numgen random mod 10 == 0 drop; }; \
                chain out { type filter hook output priority 0; oifname back numgen random mod 10 == 0 drop; }; }";
            house.net.lb.run("nft", &[rules]);
        },
        mend: |house| house.net.lb.run("nft", &["delete table ip faults"]),
        ..PARTITION
    }
    .is_borne();
}

/// 2 Mbit/s: some forty of these POSTs a second.
#[test]
fn a_narrow_way_to_a_server_slows_and_fails_nothing() {
    let report = Fault {
        name: "2 Mbit/s",
        ejects: false,
        size: 5000,
        cut: |house| {
            let rate = ["root", "tbf", "rate", "2mbit", "burst", "16kb", "latency", "500ms"];
            house.net.lb.run("tc", &[&["qdisc", "add", "dev", "back"][..], &rate].concat());
        },
        mend: |house| house.net.lb.run("tc", &["qdisc", "del", "dev", "back", "root"]),
        ..PARTITION
    }
    .is_borne();
    assert!(report.failures.is_empty(), "{report:?}");
}

#[test]
fn a_server_whose_process_is_stopped_is_ejected_and_gets_no_post_twice() {
    Fault {
        name: "stopped server",
        far: Far::Process,
        cut: |house| house.far.as_mut().expect("it runs").signal(Signal::STOP),
        mend: |house| house.far.as_mut().expect("it runs").signal(Signal::CONT),
        ..PARTITION
    }
    .is_borne();
}

/// Its port refuses until it is back.
#[test]
fn a_server_that_is_killed_costs_at_most_what_it_had_in_hand() {
    let report = Fault {
        name: "killed server",
        far: Far::Process,
        cut: |house| house.far.take().expect("it runs").signal(Signal::KILL),
        mend: |house| house.far = Some(far(&house.net)),
        ..PARTITION
    }
    .is_borne();
    assert!(report.failures.len() <= 4, "{report:?}");
}
