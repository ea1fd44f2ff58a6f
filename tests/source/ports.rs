//! Addresses in turn, ranges of ports: how many connections they carry, what becomes of one more, and when a port is used again.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use plimsoll_testkit::network::{BACK, SERVER};
use plimsoll_testkit::{Client, Lb, eventually};
use plimsoll_tests::Site;

use crate::stage::{ONE, ONE6, SOON, Stage, TWO, asked, http, tcp};

const TEN: &str = "{ address: [\"192.0.2.11:2000-2004\", \"192.0.2.12:2000-2004\"] }";

#[test]
fn two_addresses_with_five_ports_carry_ten_connections_and_the_eleventh_is_refused_with_its_name() {
    let stage = Stage::new();
    let _server = stage.greeter();
    let lb = stage.start(&tcp(TEN).frontend("access-log: true"));
    let mut held: Vec<_> = (0..10).map(|_| stage.greeted()).collect();
    let seen: BTreeSet<_> = held.iter().map(|(_, from)| *from).collect();
    let all = [ONE, TWO].into_iter().flat_map(|ip| (2000..2005).map(move |port| (ip, port).into()));
    assert_eq!(seen, all.collect());
    for range in ["192.0.2.11:2000-2004", "192.0.2.12:2000-2004"] {
        assert_eq!((stage.ports("used", range), stage.ports("limit", range)), (5, 5));
    }

    stage.refused();
    eventually("its line", SOON, || lb.stdout().lines().any(|line| line.contains(" RC ")));
    let counted = "plimsoll_outcomes_total{outcome=\"proxy.connect.source-ports\"} 1";
    assert!(stage.metrics().contains(counted));

    let (client, freed) = held.remove(7);
    client.reset();
    let range = format!("{}:2000-2004", freed.ip());
    eventually("its port is free", SOON, || stage.ports("used", &range) == 4);
    // The server has seen the RST by the time that the port is free again, so nothing of the old connection is left on either side.
    let (again, from) = stage.greeted();
    assert_eq!(from, freed, "the only one that was free");
    // A client that closes by FIN would have its FIN passed on, and leave TIME_WAIT behind.
    held.into_iter().map(|(client, _)| client).chain([again]).for_each(Client::reset);
    eventually("all are free", SOON, || stage.ports("used", &range) == 0);
    assert_eq!(stage.ports("max", &range), 5);
    assert_eq!(stage.net.lb.time_wait(SERVER), 0);
}

#[test]
fn a_port_that_was_just_closed_is_used_last() {
    let stage = Stage::new();
    let _server = stage.greeter();
    let _lb = stage.start(&tcp("\"192.0.2.11:2000-2004\""));
    let mut ports = Vec::new();
    for _ in 0..10 {
        let (client, from) = stage.greeted();
        ports.push(from.port());
        client.reset();
        eventually("its port is free", SOON, || stage.ports("used", "192.0.2.11:2000-2004") == 0);
    }
    let first: BTreeSet<u16> = ports[..5].iter().copied().collect();
    assert_eq!(first.len(), 5, "each of the five before any comes again: {ports:?}");
    assert_eq!(ports[..5], ports[5..], "in turn");
}

#[test]
fn without_ports_the_kernel_chooses_them_and_addresses_are_used_in_turn() {
    let stage = Stage::new();
    let _server = stage.greeter();
    let _lb = stage.start(&tcp("{ address: [192.0.2.11, 192.0.2.12] }"));
    let held: Vec<_> = (0..6).map(|_| stage.greeted()).collect();
    let of = |ip: Ipv4Addr| held.iter().filter(|(_, from)| from.ip() == ip).count();
    assert_eq!((of(ONE), of(TWO)), (3, 3));
}

/// Four ports of the kernel's for each address: the fifth connection comes from the other one.
#[test]
fn an_address_whose_ports_the_kernel_has_used_up_is_passed_over() {
    let stage = Stage::new();
    stage.net.lb.set("ipv4/ip_local_port_range", "40000 40003");
    let _server = stage.greeter();
    let _lb = stage.start(&tcp("{ address: [192.0.2.11, 192.0.2.12] }"));
    let held: Vec<_> = (0..8).map(|_| stage.greeted()).collect();
    let of = |ip: Ipv4Addr| held.iter().filter(|(_, from)| from.ip() == ip).count();
    assert_eq!((of(ONE), of(TWO)), (4, 4));
    stage.refused();
}

#[test]
fn an_address_that_the_machine_does_not_have_is_passed_over_and_alone_it_is_an_error_with_its_name() {
    let stage = Stage::new();
    let _server = stage.mirror();
    let lb = stage
        .start(&http("{ address: [192.0.2.77, \"192.0.2.78:2000-2004\", 192.0.2.11] }").backend("http-reuse: never"));
    for _ in 0..5 {
        assert_eq!(asked(&mut stage.client()).ip(), ONE);
    }
    drop(lb);
    let lb = stage.start(&http("192.0.2.77").global("threads: 1, log: { to: stdout, format: json }"));
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    eventually("its line", SOON, || lb.stdout().contains("proxy.connect.source\""));
}

/// One port, one worker: whoever is idle has it.
#[test]
fn an_idle_connection_gives_its_port_to_a_client_that_needs_one() {
    let stage = Stage::new();
    let _server = stage.mirror();
    let site = http("\"192.0.2.11:2000\"").global("threads: 1, admin: \"198.51.100.1:9090\"");
    let _lb = stage.start(&site);
    for _ in 0..3 {
        // The first request of a client gets a new connection (`http-reuse: safe`).
        assert_eq!(asked(&mut stage.client()), (ONE, 2000).into());
    }
}

#[test]
fn the_servers_source_comes_before_the_backends_and_that_before_the_one_of_the_defaults() {
    let stage = Stage::new();
    let _server = stage.mirror();
    let from = |site: &Site, defaults: &str| {
        let yaml = site.yaml().replace("defaults:\n", &format!("defaults:\n  source: {defaults}\n"));
        let lb = stage.net.lb.enter(|| Lb::start(&yaml));
        let seen = asked(&mut stage.client()).ip();
        drop(lb);
        seen
    };
    let plain = http("\"*\"");
    assert_eq!(from(&plain, "192.0.2.12"), BACK, "of any address the kernel takes the first");
    let server = http("192.0.2.11").backend("source: 192.0.2.12");
    assert_eq!(from(&server, "192.0.2.12"), ONE);
    let yaml = http("192.0.2.11").yaml().replace(", source: 192.0.2.11", "");
    let only = |text: String| {
        let lb = stage.net.lb.enter(|| Lb::start(&text));
        let seen = asked(&mut stage.client()).ip();
        drop(lb);
        seen
    };
    assert_eq!(only(yaml.replace("    retries: 0\n", "    retries: 0\n    source: 192.0.2.12\n")), TWO);
    assert_eq!(only(yaml.replace("defaults:\n", "defaults:\n  source: 192.0.2.11\n")), ONE);
    assert_eq!(only(yaml), BACK);
}

#[test]
fn checks_come_from_the_source_and_pass_while_traffic_has_all_its_ports() {
    let stage = Stage::new();
    let server = stage.greeter();
    let check = "health-check: { type: tcp, interval: 100ms, fall: 1, rise: 1 }";
    let lb = stage.start(&tcp("\"192.0.2.11:2000-2001\"").backend(check));
    // A check that is under way may have one of the two for a moment.
    let mut held = Vec::new();
    eventually("both ports carry traffic", SOON, || {
        held.extend(stage.tried());
        held.len() == 2
    });
    assert_eq!(stage.ports("used", "192.0.2.11:2000-2001"), 2);
    let before = server.accepted();
    // A check of this kind is reset before the server's application sees it, so the balancer's kernel is asked.
    let opened = stage.net.lb.counter("Tcp", "ActiveOpens");
    eventually("ten more checks", SOON, || stage.net.lb.counter("Tcp", "ActiveOpens") >= opened + 10);
    assert!(
        stage.metrics().contains("haproxy_server_status{proxy=\"origins\",server=\"s\",state=\"UP\"} 1"),
        "{}",
        lb.stdout()
    );
    assert!(stage.metrics().contains("haproxy_server_check_failures_total{proxy=\"origins\",server=\"s\"} 0"));
    assert_eq!(server.accepted(), before);
    drop(held);
}

/// Three ports for thirty clients that all stay, on three workers: the idle connection with the port is mostly another worker's.
#[test]
fn an_idle_connection_of_another_worker_gives_its_port_up_too() {
    let stage = Stage::new();
    let _server = stage.mirror();
    let site = http("\"192.0.2.11:2000-2002\"").global("threads: 3, admin: \"198.51.100.1:9090\"");
    let _lb = stage.start(&site);
    let mut stay: Vec<_> = (0..30).map(|_| stage.client()).collect();
    for client in stay.iter_mut().chain([&mut stage.client()]) {
        assert_eq!(asked(client).ip(), ONE);
    }
    for client in &mut stay {
        assert_eq!(asked(client).ip(), ONE);
    }
}

#[test]
fn of_a_list_with_both_families_each_server_gets_those_that_fit() {
    let stage = Stage::new().with_ipv6();
    let (_four, _six) = (stage.mirror(), stage.mirror6());
    let addresses = "[192.0.2.11, \"[2001:db8::11]:2000-2001\", \"192.0.2.12:2000\"]";
    let site = http(&format!("{{ address: {addresses} }}"));
    let lb = stage.start(&site);
    let seen: BTreeSet<IpAddr> = (0..2).map(|_| asked(&mut stage.client()).ip()).collect();
    assert!(seen.iter().all(|ip| [IpAddr::from(ONE), TWO.into()].contains(ip)), "{seen:?}");
    drop(lb);
    let _lb = stage.net.lb.enter(|| Lb::start(&site.yaml().replace("192.0.2.2:80", "[2001:db8::2]:80")));
    for _ in 0..3 {
        let from = asked(&mut stage.client());
        assert!(from.ip() == ONE6 && [2000, 2001].contains(&from.port()), "{from}");
    }
}
